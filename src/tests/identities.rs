//! Accounts at providers: signing up and in with one, linking and unlinking, and what is refused.

use std::{fs, os::unix::fs::PermissionsExt};

use futures::future::join_all;
use reqwest::{StatusCode, header};
use serde_json::{Value, json};

use super::{
    app::{Browser, TestApp},
    issuer::Issuer,
};
use crate::{
    api::ApiError,
    domain::Millis,
    reads,
    server::{
        oidc,
        push::PushHosts,
        services::{proofs::FRESH_MS, provider_states::BEGUN_LIFE_MS},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

const BEGIN: &str = "/signin/with/club";
const LINK: &str = "/signin/with/club?link=yes";
const NAME: [(&str, &str); 3] = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Seoul")];
const YEAR_MS: i64 = 365 * Millis::DAY;

/// Goes to the provider and agrees there. Returns code and state.
pub async fn agreed(browser: &Browser, issuer: &Issuer, path: &str) -> (String, String) {
    let answer = browser.get(path).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let to = answer.headers()[header::LOCATION].to_str().expect("an address").to_owned();
    assert!(to.starts_with(&format!("http://{}/auth?", issuer.address)), "{to}");
    issuer.agree(&to)
}

fn fields<'a>(code: &'a str, state: &'a str) -> [(&'static str, &'a str); 3] {
    [("provider", "club"), ("code", code), ("state", state)]
}

/// Posts what the callback page holds. Returns where the answer leads, or why it is refused.
pub async fn finish(browser: &Browser, (code, state): &(String, String)) -> Result<String, (u16, ApiError)> {
    let answer = browser.post("finish_sign_in_with", &fields(code, state)).await;
    if answer.status() == StatusCode::OK {
        return Ok(answer.headers()[header::LOCATION].to_str().expect("a path").to_owned());
    }
    let status = answer.status().as_u16();
    Err((status, serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("a code")))
}

async fn signed_up(app: &TestApp, issuer: &Issuer) -> Browser {
    let browser = app.visitor();
    let back = agreed(&browser, issuer, BEGIN).await;
    assert_eq!(finish(&browser, &back).await.as_deref(), Ok("/signin/with/club/new"));
    assert!(browser.page("/signin/with/club/new").await.contains("sign_up_with"));
    assert_eq!(browser.post("sign_up_with", &NAME).await.status(), StatusCode::OK);
    browser
}

async fn linked(browser: &Browser) -> usize {
    browser.read(reads::other_ways()).await.expect("signed in").identities.len()
}

async fn count(app: &TestApp, table: &str) -> String {
    app.read_sql(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await.remove(0)
}

#[tokio::test]
async fn somebody_new_signs_up_and_comes_in_again_on_another_device() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    assert!(app.visitor().page("/signin").await.contains(BEGIN));
    let person = signed_up(&app, &issuer).await;
    assert!(!person.recovery_code().is_empty());
    assert_eq!(linked(&person).await, 1);
    let phone = app.visitor();
    let back = agreed(&phone, &issuer, BEGIN).await;
    assert_eq!(finish(&phone, &back).await.as_deref(), Ok("/"));
    assert_eq!(linked(&phone).await, 1);
    assert_eq!(count(&app, "persons").await, "1");
    assert_eq!(count(&app, "identity_sign_ups").await, "0");
    assert_eq!(app.read_sql("SELECT kind FROM notifications").await, ["way_in_used"]);
}

#[tokio::test]
async fn the_way_back_shows_a_button_and_changes_nothing() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let browser = app.visitor();
    let (code, state) = agreed(&browser, &issuer, BEGIN).await;
    let page = browser.get(&format!("{BEGIN}/callback?code={code}&state={state}")).await;
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-cache, no-store, private");
    let page = page.text().await.expect("a page");
    assert!(page.contains(&code) && page.contains("/sign-in-with.js") && page.contains("finish_sign_in_with"));
    assert_eq!((count(&app, "persons").await, count(&app, "identity_sign_ups").await), ("0".into(), "0".into()));
    let stopped = browser.page(&format!("{BEGIN}/callback?error=access_denied&state={state}")).await;
    assert!(stopped.contains(BEGIN) && !stopped.contains("finish_sign_in_with"));
    assert_eq!(finish(&browser, &(code, state)).await.as_deref(), Ok("/signin/with/club/new"));
    assert_eq!(browser.get("/signin/with/nobody").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_who_is_signed_in_is_led_into_another_account() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let person = app.person(CHILDREN[0].0).await;
    let stopped = person.page(&format!("{BEGIN}/callback?error=access_denied&state=x")).await;
    assert!(!stopped.contains(&format!("href=\"{BEGIN}\"")) && stopped.contains("/settings/ways-in"));
    // Another site may lead a browser here: nothing is posted without a tap.
    let (code, state) = agreed(&person, &issuer, BEGIN).await;
    let page = person.page(&format!("{BEGIN}/callback?code={code}&state={state}")).await;
    assert!(page.contains("finish_sign_in_with") && !page.contains("/sign-in-with.js"));
    let back = (code, state);
    assert_eq!(finish(&person, &back).await.as_deref(), Ok("/signin/with/club/new"));
    assert_eq!(finish(&person, &back).await.as_deref(), Ok("/signin/with/club/new"), "a second post");
    assert!(!person.page("/signin/with/club/new").await.contains("sign_up_with"));
    assert_eq!(person.refused("sign_up_with", &NAME).await, (409, ApiError::SignInOver));
    assert_eq!(person.read(reads::ways_in()).await.expect("still signed in").sessions.len(), 1);

    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    for (site, leads_to) in [("cross-site", "/settings/ways-in"), ("same-origin", "http://")] {
        let request = client.get(format!("{}{LINK}", app.url)).header("cookie", person.cookie_line());
        let answer = request.header("sec-fetch-site", site).send().await.expect("an answer");
        assert!(answer.headers()[header::LOCATION].to_str().expect("an address").starts_with(leads_to), "{site}");
    }
}

#[tokio::test]
async fn a_session_links_and_unlinks_an_account_after_a_proof() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let person = app.person(CHILDREN[0].0).await;
    let back = agreed(&person, &issuer, LINK).await;
    assert_eq!(finish(&person, &back).await.as_deref(), Ok("/settings/ways-in?saved=finish_sign_in_with#saved"));
    assert_eq!(finish(&person, &back).await.as_deref(), Ok("/settings/ways-in?saved=finish_sign_in_with#saved"));
    let id = person.read(reads::other_ways()).await.expect("signed in").identities[0].id.to_string();
    app.advance(FRESH_MS);
    let answer = person.get(LINK).await;
    assert_eq!(answer.headers()[header::LOCATION], "/settings/ways-in", "a proof is asked for first");
    assert_eq!(person.refused("unlink_identity", &[("identity", &id)]).await, (403, ApiError::ProofNeeded));
    let phone = app.visitor();
    let back = agreed(&phone, &issuer, BEGIN).await;
    assert_eq!(finish(&phone, &back).await.as_deref(), Ok("/"));
    let refused = phone.refused("unlink_identity", &[("identity", &id)]).await;
    assert_eq!(refused, (403, ApiError::ProofNeeded), "an account at a provider is no proof");
    assert_eq!(person.post("prove", &[("code", &person.recovery_code())]).await.status(), StatusCode::OK);
    assert_eq!(person.post("unlink_identity", &[("identity", &id)]).await.status(), StatusCode::OK);
    assert_eq!(linked(&person).await, 0);
    let told = app.read_sql("SELECT kind FROM notifications ORDER BY kind").await;
    assert_eq!(told, ["way_in_added", "way_in_removed", "way_in_used"]);
    let tablet = app.visitor();
    let back = agreed(&tablet, &issuer, BEGIN).await;
    assert_eq!(finish(&tablet, &back).await.as_deref(), Ok("/signin/with/club/new"), "nobody's any more");
}

#[tokio::test]
async fn an_account_belongs_to_one_person() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    signed_up(&app, &issuer).await;
    let other = app.person(PARENTS[0].0).await;
    let back = agreed(&other, &issuer, LINK).await;
    assert_eq!(finish(&other, &back).await, Err((409, ApiError::IdentityTaken)));
    assert_eq!(linked(&other).await, 0);
}

#[tokio::test]
async fn each_caller_reaches_their_own_accounts_alone() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let pair = app.pair().await;
    let back = agreed(&pair.child, &issuer, LINK).await;
    finish(&pair.child, &back).await.expect("linked");
    let id = pair.child.read(reads::other_ways()).await.expect("signed in").identities[0].id.to_string();
    let stranger = app.person(PARENTS[1].0).await;
    for (caller, expected) in [
        (&app.visitor(), (401, ApiError::SignedOut)),
        (&stranger, (404, ApiError::NotFound)),
        (&pair.parent, (404, ApiError::NotFound)),
    ] {
        assert_eq!(caller.refused("unlink_identity", &[("identity", &id)]).await, expected);
    }
    // Another browser's answer of the provider, a session's link, and a link after the session.
    let theirs = agreed(&app.visitor(), &issuer, BEGIN).await;
    agreed(&stranger, &issuer, BEGIN).await;
    assert_eq!(finish(&stranger, &theirs).await, Err((409, ApiError::SignInOver)));
    let link = agreed(&stranger, &issuer, LINK).await;
    assert_eq!(finish(&app.visitor(), &link).await, Err((409, ApiError::SignInOver)));
    stranger.post("sign_out", &[]).await;
    assert_eq!(finish(&stranger, &link).await, Err((409, ApiError::SignInOver)));
    assert_eq!(linked(&pair.child).await, 1);
}

#[tokio::test]
async fn spoilt_answers_are_refused() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let now_s = app.state.clock.now().0 / 1_000;
    let refused = Err((422, ApiError::ProviderRefused));
    for claims in [
        json!({ "nonce": "of another sign-in" }),
        json!({ "iss": "https://other.example" }),
        json!({ "aud": "another client" }),
        json!({ "exp": now_s - 3_600 }),
        json!({ "iat": now_s - 24 * 3_600 }),
        json!({ "sub": "" }),
        json!({ "azp": "another client" }),
    ] {
        issuer.behave(|provider| provider.claims = claims.clone());
        let browser = app.visitor();
        let back = agreed(&browser, &issuer, BEGIN).await;
        assert_eq!(finish(&browser, &back).await, refused, "{claims}");
    }
    issuer.behave(|provider| provider.claims = Value::Object(serde_json::Map::new()));
    let browser = app.visitor();
    let (code, state) = agreed(&browser, &issuer, BEGIN).await;
    let mixed = [("provider", "club"), ("code", &*code), ("state", &*state), ("issuer", "https://other.example")];
    assert_eq!(browser.refused("finish_sign_in_with", &mixed).await, (422, ApiError::ProviderRefused), "RFC 9207");
    let over = Err((409, ApiError::SignInOver));
    assert_eq!(finish(&browser, &("another".to_owned(), state.clone())).await, over, "a code of nobody");
    assert_eq!(finish(&browser, &(code, format!("{state}0"))).await, over, "a changed state");
    assert_eq!(count(&app, "identity_sign_ups").await, "0");
}

#[tokio::test]
async fn a_code_that_was_used_signs_in_nobody_else() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let person = signed_up(&app, &issuer).await;
    let phone = app.visitor();
    let back = agreed(&phone, &issuer, BEGIN).await;
    let (code, state) = &back;
    let form = fields(code, state);
    let (first, second) = tokio::join!(phone.post("finish_sign_in_with", &form), finish(&phone, &back));
    assert_eq!((first.status(), second.as_deref()), (StatusCode::OK, Ok("/")), "two at once sign in once");
    assert_eq!(finish(&phone, &back).await.as_deref(), Ok("/"), "the same post again");
    assert_eq!(person.read(reads::ways_in()).await.expect("the sessions").sessions.len(), 2);
    let copied = app.visitor();
    copied.cookies.lock().expect("cookies").clone_from(&phone.cookies.lock().expect("cookies"));
    copied.cookies.lock().expect("cookies").remove("__Host-session");
    assert_eq!(finish(&copied, &back).await.as_deref(), Ok("/signin"), "the session has been shown");
}

#[tokio::test]
async fn rotated_keys_are_loaded_once_and_unknown_ones_not_again_and_again() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    signed_up(&app, &issuer).await;
    assert_eq!(issuer.key_loads(), 1);
    app.advance(2 * Millis::MINUTE);
    issuer.behave(|provider| provider.kid = "2".to_owned());
    let phone = app.visitor();
    let back = agreed(&phone, &issuer, BEGIN).await;
    assert_eq!(finish(&phone, &back).await.as_deref(), Ok("/"));
    assert_eq!(issuer.key_loads(), 2);
    issuer.behave(|provider| provider.unpublished = Some("3".to_owned()));
    for _ in 0..3 {
        let browser = app.visitor();
        let back = agreed(&browser, &issuer, BEGIN).await;
        assert_eq!(finish(&browser, &back).await, Err((422, ApiError::ProviderRefused)));
    }
    assert_eq!(issuer.key_loads(), 2, "within a minute they are not loaded again");
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_and_tried_again() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let browser = app.visitor();
    issuer.behave(|provider| provider.is_down = true);
    assert_eq!(browser.get(BEGIN).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    issuer.behave(|provider| provider.is_down = false);
    app.advance(20_000);
    let back = agreed(&browser, &issuer, BEGIN).await;
    issuer.behave(|provider| provider.is_down = true);
    assert_eq!(finish(&browser, &back).await, Err((503, ApiError::ProviderDown)));
    issuer.behave(|provider| provider.is_down = false);
    assert_eq!(finish(&browser, &back).await.as_deref(), Ok("/signin/with/club/new"));
}

#[tokio::test]
async fn a_sign_in_ends_after_ten_minutes_and_under_another_clock() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    for late in [BEGUN_LIFE_MS, YEAR_MS, -YEAR_MS] {
        let browser = app.visitor();
        let back = agreed(&browser, &issuer, BEGIN).await;
        app.advance(late);
        assert_eq!(finish(&browser, &back).await, Err((409, ApiError::SignInOver)), "{late}");
    }
    // The provider's clock is right, and ours is a year ahead.
    let now_s = app.state.clock.now().0 / 1_000;
    issuer.behave(|provider| provider.claims = json!({ "iat": now_s - 31_536_000, "exp": now_s - 31_532_400 }));
    let browser = app.visitor();
    let back = agreed(&browser, &issuer, BEGIN).await;
    assert_eq!(finish(&browser, &back).await, Err((422, ApiError::ProviderRefused)));
}

#[tokio::test]
async fn without_a_file_nothing_is_shown() {
    let app = TestApp::start().await;
    assert!(!app.visitor().page("/signin").await.contains("/signin/with/"));
    assert!(!app.person(CHILDREN[0].0).await.page("/settings/ways-in").await.contains("identities"));
    assert_eq!(app.visitor().get(BEGIN).await.status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_file_that_others_may_read_is_refused_and_no_file_is_no_provider() {
    let folder = std::env::temp_dir().join(format!("umbba-oidc-{}", std::process::id()));
    let hosts = PushHosts::parse("", "", true).expect("hosts");
    fs::create_dir_all(&folder).expect("a folder");
    assert!(oidc::read(&folder, &hosts).expect("nothing").is_empty());
    let file = folder.join("oidc.toml");
    fs::write(&file, "").expect("a file");
    for (mode, is_fine) in [(0o644, false), (0o640, false), (0o600, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("a mode");
        let found = oidc::read(&folder, &hosts);
        assert_eq!(found.is_ok(), is_fine, "{mode:o}");
    }
    fs::remove_dir_all(&folder).expect("removed");
}

#[tokio::test]
async fn ten_posts_of_one_answer_at_once_have_one_outcome() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let browser = app.visitor();
    let back = agreed(&browser, &issuer, BEGIN).await;
    for finished in join_all((0..10).map(|_| finish(&browser, &back))).await {
        assert_eq!(finished.as_deref(), Ok("/signin/with/club/new"), "somebody new");
    }
    assert_eq!(browser.post("sign_up_with", &NAME).await.status(), StatusCode::OK);
    let phone = app.visitor();
    let back = agreed(&phone, &issuer, BEGIN).await;
    for finished in join_all((0..10).map(|_| finish(&phone, &back))).await {
        assert_eq!(finished.as_deref(), Ok("/"), "signed in");
    }
    assert_eq!(count(&app, "sessions").await, "2");
    let failed = count(&app, "failures WHERE bucket LIKE 'provider:%'").await;
    assert_eq!(failed, "0", "nothing counts as a failure");
}

#[tokio::test]
async fn a_revoked_session_and_a_former_member_change_no_account_of_others() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let person = signed_up(&app, &issuer).await;
    let id = person.read(reads::other_ways()).await.expect("the ways in").identities[0].id.to_string();
    let former = app.person(CHILDREN[1].0).await;
    let pair = app.pair_of(person, former).await;
    let confirmed = [("pair", pair.id.to_string()), ("confirmed", "yes".to_owned())];
    let confirmed = confirmed.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.parent.post("leave_pair", &confirmed).await.status(), StatusCode::OK);
    assert_eq!(pair.parent.refused("unlink_identity", &[("identity", &id)]).await, (404, ApiError::NotFound));
    let gone = app.visitor();
    assert_eq!(gone.post("sign_in", &[("code", &pair.child.recovery_code())]).await.status(), StatusCode::OK);
    let link = agreed(&gone, &issuer, LINK).await;
    let held = gone.cookies.lock().expect("cookies").clone();
    assert_eq!(gone.post("sign_out", &[]).await.status(), StatusCode::OK);
    gone.cookies.lock().expect("cookies").extend(held);
    assert_eq!(gone.refused("unlink_identity", &[("identity", &id)]).await, (401, ApiError::SignedOut));
    assert_eq!(gone.get(LINK).await.headers()[header::LOCATION], "/signin");
    assert_eq!(finish(&gone, &link).await, Err((409, ApiError::SignInOver)));
    assert_eq!(linked(&pair.child).await, 1);
}

#[tokio::test]
async fn google_is_not_offered_in_the_browsers_of_apps() {
    const KAKAOTALK: &str = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0.0.0 Mobile KAKAOTALK 2410910";
    let (app, _issuer) = TestApp::start_with_google().await;
    let (google, club) = ("/signin/with/google", "/signin/with/club");
    let shown = app.visitor().page("/signin").await;
    assert!(shown.contains(google) && shown.contains(club));
    let person = app.person(CHILDREN[0].0).await;
    assert!(person.page("/settings/ways-in").await.contains(google));
    for (browser, page) in [(&app.visitor(), "/signin"), (&app.visitor(), "/start"), (&person, "/settings/ways-in")] {
        let shown = browser.get_as(page, KAKAOTALK).await.text().await.expect("a page");
        assert!(!shown.contains(google) && shown.contains(club), "{page}");
    }
}
