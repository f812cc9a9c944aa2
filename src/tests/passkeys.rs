//! Passkeys: who may add, use and remove one, and what is refused.

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp},
    authenticator::{Authenticator, post},
};
use crate::{
    api::ApiError,
    domain::Millis,
    reads::{self, PasskeyView},
    server::{
        jobs::housekeeping,
        services::{passkey_challenges::CHALLENGE_LIFE_MS, proofs::FRESH_MS},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

const REFUSED: Result<(), (u16, ApiError)> = Err((422, ApiError::PasskeyRefused));
const UNKNOWN: Result<(), (u16, ApiError)> = Err((422, ApiError::PasskeyUnknown));
const KAKAO: &str = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile KAKAOTALK 2410910";

async fn held(browser: &Browser) -> Vec<PasskeyView> {
    browser.read(reads::other_ways()).await.expect("the ways in").passkeys
}

async fn told(app: &TestApp) -> Vec<String> {
    app.read_sql("SELECT kind FROM notifications ORDER BY kind").await
}

#[tokio::test]
async fn a_passkey_signs_in_on_a_new_device() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    let shown = held(&person).await;
    assert_eq!((shown.len(), shown[0].is_synced, shown[0].is_here, shown[0].used), (1, true, true, None));
    let page = person.page("/settings/ways-in").await;
    assert!(page.contains("passkeys") && page.contains("remove_passkey"));

    let phone = app.visitor();
    assert_eq!(passkey.sign_in(&phone).await, Ok(()));
    let shown = phone.read(reads::other_ways()).await.expect("signed in");
    assert!(shown.is_proved && shown.passkeys[0].used.is_some());
    assert_eq!(told(&app).await, ["way_in_added", "way_in_used"]);
    assert_eq!(phone.read(reads::ways_in()).await.expect("the sessions").sessions.len(), 2);
}

#[tokio::test]
async fn ways_in_change_only_after_a_proof() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    let id = held(&person).await[0].id.to_string();
    app.advance(FRESH_MS);
    let mut another = Authenticator::new(&person.url);
    assert_eq!(another.made(&person).await.map(|_| ()), Err(ApiError::ProofNeeded));
    assert_eq!(person.refused("remove_passkey", &[("passkey", &id)]).await, (403, ApiError::ProofNeeded));
    assert!(!person.page("/settings/ways-in").await.contains("remove_passkey"));
    assert_eq!(passkey.prove(&person).await, Ok(()));
    Authenticator::add(&person).await;
    assert_eq!(person.post("remove_passkey", &[("passkey", &id)]).await.status(), StatusCode::OK);
    assert_eq!(held(&person).await.len(), 1);
    assert_eq!(passkey.sign_in(&app.visitor()).await, UNKNOWN, "it was removed");
    assert_eq!(passkey.prove(&person).await, REFUSED, "only a sign-in says so");
    assert_eq!(told(&app).await, ["way_in_added", "way_in_added", "way_in_removed"]);
}

#[tokio::test]
async fn a_proof_that_ran_out_while_the_device_asked_adds_nothing() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    app.advance(FRESH_MS - 1);
    let mut passkey = Authenticator::new(&person.url);
    let fields = passkey.made(&person).await.expect("a challenge");
    app.advance(1);
    assert_eq!(post(&person, "add_passkey", &fields).await, Err((403, ApiError::ProofNeeded)));
    assert!(held(&person).await.is_empty());
}

#[tokio::test]
async fn each_caller_reaches_their_own_passkeys_alone() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let stranger = app.person(PARENTS[1].0).await;
    let mut passkey = Authenticator::add(&pair.child).await;
    let id = held(&pair.child).await[0].id.to_string();
    let gone = app.visitor();
    passkey.sign_in(&gone).await.expect("signed in");
    let cookies = gone.cookies.lock().expect("cookies").clone();
    gone.post("sign_out", &[]).await;
    *gone.cookies.lock().expect("cookies") = cookies;

    for (caller, status, error) in [
        (&app.visitor(), 401, ApiError::SignedOut),
        (&gone, 401, ApiError::SignedOut),
        (&stranger, 404, ApiError::NotFound),
        (&pair.parent, 404, ApiError::NotFound),
    ] {
        for verb in ["remove_passkey", "rename_passkey"] {
            assert_eq!(caller.refused(verb, &[("passkey", &id), ("name", "내 것")]).await, (status, error), "{verb}");
        }
        let signs_in_as_themselves = caller.read(reads::other_ways()).await.map(|ways| ways.passkeys);
        assert!(signs_in_as_themselves.is_err() || signs_in_as_themselves == Ok(Vec::new()));
    }
    // A challenge is of use to the session that asked for it, and a passkey to its person.
    let fields = passkey.used(&pair.parent, "begin_passkey_proof").await.expect("a challenge");
    assert_eq!(post(&pair.parent, "prove_by_passkey", &fields).await, REFUSED, "another person's passkey");
    let fields = passkey.used(&pair.child, "begin_passkey_proof").await.expect("a challenge");
    assert_eq!(post(&pair.parent, "prove_by_passkey", &fields).await, REFUSED, "another session's challenge");
    assert_eq!(post(&app.visitor(), "sign_in_by_passkey", &fields).await, REFUSED, "a challenge for a proof");
    let mut theirs = Authenticator::new(&pair.child.url);
    let fields = theirs.made(&pair.child).await.expect("a challenge");
    assert_eq!(post(&stranger, "add_passkey", &fields).await, REFUSED, "another session's challenge");
    assert_eq!(post(&pair.child, "add_passkey", &fields).await, Ok(()));
    let again = theirs.made(&stranger).await.expect("a challenge");
    assert_eq!(post(&stranger, "add_passkey", &again).await, REFUSED, "a passkey that is somebody's");
}

#[tokio::test]
async fn the_same_post_twice_is_one_sign_in() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::new(&person.url);
    let fields = passkey.made(&person).await.expect("a challenge");
    let (one, two) = tokio::join!(post(&person, "add_passkey", &fields), post(&person, "add_passkey", &fields));
    assert_eq!((one, two, held(&person).await.len()), (Ok(()), Ok(()), 1));

    let phone = app.visitor();
    let fields = passkey.used(&phone, "begin_passkey_sign_in").await.expect("a challenge");
    let (one, two) =
        tokio::join!(post(&phone, "sign_in_by_passkey", &fields), post(&phone, "sign_in_by_passkey", &fields));
    assert_eq!((one, two), (Ok(()), Ok(())));
    assert_eq!(phone.read(reads::ways_in()).await.expect("signed in").sessions.len(), 2, "one more session");
    // Whoever has copied the post gets no session.
    let thief = app.visitor();
    assert_eq!(post(&thief, "sign_in_by_passkey", &fields).await, Ok(()));
    assert_eq!(thief.read(reads::ways_in()).await.map(|_| ()), Err(ApiError::SignedOut));
}

#[tokio::test]
async fn a_challenge_ends_after_five_minutes_and_by_any_clock() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    const YEAR: i64 = 365 * Millis::DAY;
    for (later, over) in [(CHALLENGE_LIFE_MS - 1, false), (CHALLENGE_LIFE_MS, true), (YEAR, true), (-YEAR, true)] {
        let phone = app.visitor();
        let fields = passkey.used(&phone, "begin_passkey_sign_in").await.expect("a challenge");
        app.advance(later);
        let expected = if over { Err((409, ApiError::ChallengeOver)) } else { Ok(()) };
        assert_eq!(post(&phone, "sign_in_by_passkey", &fields).await, expected, "{later}");
    }
}

#[tokio::test]
async fn what_is_forged_or_from_elsewhere_is_refused() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    let phone = app.visitor();
    assert_eq!(passkey.sign_in(&phone).await, Ok(()));
    let good = passkey.used(&phone, "begin_passkey_sign_in").await.expect("a challenge");
    for at in 0..good.len() {
        for spoilt in ["", "!", "AAAA", "가나다"] {
            let mut fields = good.clone();
            // A browser may leave the user handle out.
            if fields[at].0 == "user_handle" && spoilt.is_empty() {
                continue;
            }
            fields[at].1 = spoilt.to_owned();
            // Another credential id in a whole answer is one that nobody added.
            let expected = if (good[at].0, spoilt) == ("credential_id", "AAAA") { UNKNOWN } else { REFUSED };
            assert_eq!(post(&app.visitor(), "sign_in_by_passkey", &fields).await, expected, "{}", good[at].0);
        }
    }
    let mut other_site = Authenticator::add(&person).await;
    other_site.rp_id = "umbba.example".to_owned();
    assert_eq!(other_site.sign_in(&app.visitor()).await, REFUSED, "another RP ID");
    let elsewhere = Authenticator::new("http://umbba.example").made(&person).await.expect("a challenge");
    assert_eq!(post(&person, "add_passkey", &elsewhere).await, REFUSED, "another origin");
    let mut made_up = Authenticator::new(&person.url);
    let asked = made_up.sign("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(post(&phone, "sign_in_by_passkey", &asked).await, REFUSED, "a challenge that nobody made");
    assert_eq!(made_up.sign_in(&app.visitor()).await, UNKNOWN, "a passkey that nobody added");
    made_up.rp_id = "umbba.example".to_owned();
    assert_eq!(made_up.sign_in(&app.visitor()).await, REFUSED, "and of another site");
}

/// The passkey that the page after a refused sign-in tells the browser to forget.
async fn forgotten(browser: &Browser, fields: &[(&'static str, String)]) -> Option<String> {
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.push(("from", "/signin"));
    let page = browser.submit("sign_in_by_passkey", &fields).await.text().await.expect("a page");
    assert!(page.contains("이 패스키로는 들어올 수 없어요"), "{page}");
    let (_, rest) = page.split_once("data-unknown=\"")?;
    rest.split_once('"').map(|(id, _)| id.to_owned())
}

#[tokio::test]
async fn only_a_passkey_that_is_not_known_is_forgotten_by_the_browser() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    let phone = app.visitor();
    let mut spoilt = passkey.used(&phone, "begin_passkey_sign_in").await.expect("a challenge");
    spoilt.iter_mut().find(|(name, _)| *name == "signature").expect("a signature").1 = "AAAA".to_owned();
    assert_eq!(forgotten(&phone, &spoilt).await, None, "a wrong signature");
    let mut elsewhere = Authenticator::new("http://umbba.example");
    let elsewhere = elsewhere.used(&phone, "begin_passkey_sign_in").await.expect("a challenge");
    assert_eq!(forgotten(&phone, &elsewhere).await, None, "another origin");

    let id = held(&person).await[0].id.to_string();
    assert_eq!(person.post("remove_passkey", &[("passkey", &id)]).await.status(), StatusCode::OK);
    let removed = passkey.used(&phone, "begin_passkey_sign_in").await.expect("a challenge");
    let sent = removed.iter().find(|(name, _)| *name == "credential_id").map(|(_, id)| id.clone());
    assert_eq!(forgotten(&phone, &removed).await, sent);
    assert!(!phone.page("/signin").await.contains("data-unknown"), "said once");
}

#[tokio::test]
async fn a_counter_that_goes_back_is_told_and_not_refused() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    passkey.count = 7;
    assert_eq!(passkey.prove(&person).await, Ok(()));
    passkey.count = 2;
    assert_eq!(passkey.prove(&person).await, Ok(()));
    assert_eq!(told(&app).await, ["passkey_copied", "way_in_added"]);
}

#[tokio::test]
async fn whether_a_passkey_may_be_on_several_devices_never_changes() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (eligible, backed_up) = (1 << 3, 1 << 4);
    let mut passkey = Authenticator::add(&person).await;
    passkey.flags &= !backed_up;
    assert_eq!(passkey.sign_in(&app.visitor()).await, Ok(()), "it is on one device now");
    passkey.flags &= !eligible;
    assert_eq!(passkey.sign_in(&app.visitor()).await, REFUSED);
    assert_eq!(passkey.prove(&person).await, REFUSED);
    passkey.flags |= backed_up;
    assert_eq!(passkey.sign_in(&app.visitor()).await, REFUSED, "backed up and not eligible");
    passkey.flags |= eligible;
    assert_eq!(passkey.sign_in(&app.visitor()).await, Ok(()));
    let mut of_one_device = Authenticator::new(&person.url);
    of_one_device.flags &= !(eligible | backed_up);
    let fields = of_one_device.made(&person).await.expect("a challenge");
    assert_eq!(post(&person, "add_passkey", &fields).await, Ok(()));
    assert_eq!(of_one_device.sign_in(&app.visitor()).await, Ok(()));
    of_one_device.flags |= eligible;
    assert_eq!(of_one_device.sign_in(&app.visitor()).await, REFUSED);
}

#[tokio::test]
async fn a_revoked_session_and_a_former_member_change_no_passkey_of_others() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut passkey = Authenticator::add(&pair.child).await;
    let id = held(&pair.child).await[0].id.to_string();
    let confirmed = [("pair", pair.id.to_string()), ("confirmed", "yes".to_owned())];
    let confirmed = confirmed.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.parent.post("leave_pair", &confirmed).await.status(), StatusCode::OK);
    let of_others = [("passkey", id.as_str()), ("name", "내 것")];
    for verb in ["rename_passkey", "remove_passkey"] {
        assert_eq!(pair.parent.refused(verb, &of_others).await, (404, ApiError::NotFound), "{verb}");
    }
    assert_eq!(passkey.prove(&pair.parent).await, REFUSED, "a passkey of another person");
    let gone = app.visitor();
    assert_eq!(gone.post("sign_in", &[("code", &pair.child.recovery_code())]).await.status(), StatusCode::OK);
    let made = Authenticator::new(&gone.url).made(&gone).await.expect("a challenge");
    let used = passkey.used(&gone, "begin_passkey_proof").await.expect("a challenge");
    let cookies = gone.cookies.lock().expect("cookies").clone();
    assert_eq!(gone.post("sign_out", &[]).await.status(), StatusCode::OK);
    gone.cookies.lock().expect("cookies").extend(cookies);
    let signed_out = (401, ApiError::SignedOut);
    assert_eq!(post(&gone, "add_passkey", &made).await, Err(signed_out));
    assert_eq!(post(&gone, "prove_by_passkey", &used).await, Err(signed_out));
    for verb in ["begin_passkey", "begin_passkey_proof", "rename_passkey", "remove_passkey"] {
        assert_eq!(gone.refused(verb, &of_others).await, signed_out, "{verb}");
    }
    assert_eq!(held(&pair.child).await.len(), 1);
}

#[tokio::test]
async fn passkeys_of_another_address_are_listed_and_not_offered() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    Authenticator::add(&person).await;
    app.run_sql("UPDATE passkeys SET rp_id = 'umbba.example'").await;
    assert!(!held(&person).await[0].is_here);
    let asked: crate::api::PasskeyRequest = person.ask("begin_passkey_proof", &[]).await.expect("a challenge");
    assert!(asked.allowed.is_empty());
    let page = person.page("/settings/ways-in").await;
    assert!(page.contains("다른 주소에서 만든 패스키"));
}

#[tokio::test]
async fn an_in_app_browser_is_offered_the_way_out_instead() {
    let app = TestApp::start().await;
    let shown = app.visitor().get_as("/signin", KAKAO).await.text().await.expect("a page");
    assert!(!shown.contains("data-passkey") && shown.contains("kakaotalk://web/openExternal"));
    let shown = app.visitor().page("/signin").await;
    assert!(shown.contains("/api/begin_passkey_sign_in") && shown.contains("one-time-code webauthn"));
    let person = app.person(CHILDREN[0].0).await;
    let shown = person.get_as("/settings/ways-in", KAKAO).await.text().await.expect("a page");
    assert!(!shown.contains("data-passkey"));
}

#[tokio::test]
async fn a_deletion_is_taken_back_by_passkey_and_takes_passkeys_along() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    let code = person.recovery_code();
    let fields = [("code", code.as_str()), ("confirmed", "yes")];
    assert_eq!(person.post("delete_account", &fields).await.status(), StatusCode::OK);
    let phone = app.visitor();
    assert_eq!(passkey.sign_in(&phone).await, Ok(()), "back within the seven days");
    assert_eq!(app.read_sql("SELECT CAST(COUNT(*) AS TEXT) FROM deletions").await, ["0"]);

    assert_eq!(phone.post("delete_account", &[("confirmed", "yes")]).await.status(), StatusCode::OK, "just proved");
    app.advance(7 * Millis::DAY);
    assert_eq!(passkey.sign_in(&app.visitor()).await, REFUSED, "due");
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert_eq!(app.read_sql("SELECT CAST(COUNT(*) AS TEXT) FROM passkeys").await, ["0"]);
    assert_eq!(passkey.sign_in(&app.visitor()).await, UNKNOWN);
}

#[tokio::test]
async fn a_deletion_without_the_code_takes_a_fresh_proof() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let mut passkey = Authenticator::add(&person).await;
    app.advance(FRESH_MS);
    assert_eq!(person.refused("delete_account", &[("confirmed", "yes")]).await, (422, ApiError::CodeMissing));
    assert_eq!(passkey.prove(&person).await, Ok(()));
    assert!(person.page("/settings/delete").await.contains("비워 두어도"));
    assert_eq!(person.post("delete_account", &[("confirmed", "yes")]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_passkey_is_offered_on_the_second_card() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let offered = async |browser: &Browser| {
        let archive = browser.page(&format!("/p/{}/archive", pair.id)).await;
        let card = archive.split("/cards/").nth(1).and_then(|rest| rest.get(..36)).expect("a card").to_owned();
        browser.page(&format!("/p/{}/cards/{card}", pair.id)).await.contains("다음에는 지문이나 얼굴로")
    };
    pair.answer_both("마당의 감나무").await;
    assert!(!offered(&pair.child).await, "the first card");
    for _ in 0..2 {
        app.tick_at(21, 0).await;
    }
    pair.answer_both("골목의 고무줄").await;
    assert!(offered(&pair.child).await);
    assert_eq!(pair.child.post("prove", &[("code", &pair.child.recovery_code())]).await.status(), StatusCode::OK);
    Authenticator::add(&pair.child).await;
    assert!(!offered(&pair.child).await, "there is one");
    assert!(offered(&pair.parent).await);
}
