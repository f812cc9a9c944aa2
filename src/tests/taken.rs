//! Tests of a stolen account: what a copied cookie can do, and how the account's owner regains the account.

use reqwest::StatusCode;

use super::app::{Browser, TestApp};
use crate::{
    api::ApiError,
    domain::{EventKind, Millis, PersonId},
    reads::{self, InboxView, WaysInView},
    server::{
        services::{
            operator_codes,
            recovery::{self, EARLIER_LIFE_MS},
            sessions::{self, MOST, YOUNG_MS},
        },
        storage::{
            pending_recoveries::NOTICE_MS,
            seeds::{CHILDREN, PARENTS},
        },
    },
};

const WRONG: (u16, ApiError) = (422, ApiError::RecoveryCodeWrong);
const YOUNG: (u16, ApiError) = (409, ApiError::SessionTooYoung);

async fn account(browser: &Browser) -> WaysInView {
    browser.read(reads::ways_in()).await.expect("the ways in")
}

async fn is_in(browser: &Browser) -> bool {
    browser.get("/settings").await.status() == StatusCode::OK
}

fn token(browser: &Browser) -> String {
    browser.cookies.lock().expect("cookies")["__Host-session"].clone()
}

/// Makes a browser that sends a copy of another browser's session token.
fn copied(app: &TestApp, from: &Browser) -> Browser {
    let copied = app.visitor();
    copied.cookies.lock().expect("cookies").insert("__Host-session".into(), token(from));
    copied
}

async fn renew(browser: &Browser, earlier: &str) -> String {
    assert_eq!(browser.post("renew_recovery", &[("code", earlier)]).await.status(), StatusCode::OK);
    browser.recovery_code()
}

async fn sign_in(app: &TestApp, code: &str) -> Browser {
    let browser = app.visitor();
    assert_eq!(browser.post("sign_in", &[("code", code)]).await.status(), StatusCode::OK);
    browser
}

async fn signs_in(app: &TestApp, code: &str) -> bool {
    app.visitor().post("sign_in", &[("code", code)]).await.status() == StatusCode::OK
}

fn person_of(browser: &Browser) -> PersonId {
    let cookies = browser.cookies.lock().expect("cookies");
    cookies["__Host-recovery"].split_once('.').and_then(|(id, _)| id.parse().ok()).expect("whose it is, and the code")
}

// ---- renewing

#[tokio::test]
async fn who_has_copied_a_cookie_cannot_make_the_account_theirs() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let kept = person.recovery_code();
    app.advance(2 * YOUNG_MS);

    let thief = copied(&app, &person);
    renew(&thief, "").await;
    let own = renew(&thief, "").await;
    let second = sign_in(&app, &own).await;
    assert_eq!(second.refused("end_other_sessions", &[]).await, YOUNG);
    assert_eq!(
        second.refused("confirm_recovery", &[]).await,
        YOUNG,
        "a session opened with the new code proves nothing"
    );
    assert_eq!(thief.refused("renew_recovery", &[("code", &own)]).await, WRONG, "nor does the new code");
    assert_eq!(thief.refused("confirm_recovery", &[]).await, YOUNG, "nor the session that made it");

    assert!(is_in(&person).await);
    app.advance(EARLIER_LIFE_MS - 1);
    let back = sign_in(&app, &kept).await;
    renew(&back, &kept).await;
    assert!(!signs_in(&app, &own).await, "what the thief made is over");
}

#[tokio::test]
async fn the_earlier_code_opens_for_a_week_and_its_page_says_so() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let kept = person.recovery_code();
    let fresh = renew(&person, "").await;
    assert!(person.page("/settings/sign-in").await.contains("11월 29일까지는 전에 적어 둔 코드로도 들어올 수 있어요."));
    assert!(signs_in(&app, &kept).await && signs_in(&app, &fresh).await);
    app.advance(EARLIER_LIFE_MS);
    assert!(!signs_in(&app, &kept).await && signs_in(&app, &fresh).await);
    assert!(!person.page("/settings/sign-in").await.contains("전에 적어 둔 코드로도"));
}

#[tokio::test]
async fn a_renewal_with_the_code_one_has_ends_it_at_once() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let kept = person.recovery_code();
    assert_eq!(person.refused("renew_recovery", &[("code", "0000-0000-0000-0000")]).await, WRONG);
    assert_eq!(person.recovery_code(), kept, "nothing was made");
    let fresh = renew(&person, &kept.to_lowercase()).await;
    assert!(!signs_in(&app, &kept).await && signs_in(&app, &fresh).await);
}

#[tokio::test]
async fn where_two_sessions_renew_by_turns_no_session_ends_the_code_from_before() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let kept = person.recovery_code();
    let (tablet, taken) = (sign_in(&app, &kept).await, sign_in(&app, &kept).await);
    app.advance(YOUNG_MS);
    renew(&person, "").await;
    renew(&taken, "").await;

    for browser in [&person, &taken, &tablet] {
        assert!(!browser.page("/settings/sign-in").await.contains("전 코드는 닫아 주세요"));
        assert_eq!(browser.post("confirm_recovery", &[]).await.status(), StatusCode::CONFLICT);
    }
    renew(&taken, "").await;
    assert!(signs_in(&app, &kept).await);

    let fresh = renew(&person, &kept).await;
    assert!(!signs_in(&app, &kept).await && signs_in(&app, &fresh).await, "who has it still ends it with it");
}

#[tokio::test]
async fn another_session_of_old_confirms_a_renewal() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let kept = person.recovery_code();
    let tablet = sign_in(&app, &kept).await;
    app.advance(YOUNG_MS);
    let fresh = renew(&person, "").await;
    assert!(!person.page("/settings/sign-in").await.contains("전 코드는 닫아 주세요"), "not where it was made");
    assert!(tablet.page("/settings/sign-in").await.contains("전 코드는 닫아 주세요"));

    assert_eq!(tablet.submit("confirm_recovery", &[("back", "/settings")]).await.status(), StatusCode::SEE_OTHER);

    assert!(!signs_in(&app, &kept).await && signs_in(&app, &fresh).await);
    assert_eq!(tablet.post("confirm_recovery", &[]).await.status(), StatusCode::OK, "said twice");
}

#[tokio::test]
async fn no_page_shows_a_code_that_opens_nothing() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let tablet = sign_in(&app, &person.recovery_code()).await;
    let shown = async |browser: &Browser| browser.read(reads::recovery_code()).await.expect("the page");
    assert!(shown(&person).await.is_some());

    renew(&tablet, "").await;

    assert_eq!(shown(&person).await, None);
    assert!(shown(&tablet).await.is_some());
}

// ---- ending

#[tokio::test]
async fn a_session_of_today_ends_no_older_one_and_tomorrow_it_may() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    app.advance(Millis::HOUR);
    let young = sign_in(&app, &person.recovery_code()).await;
    app.advance(Millis::HOUR);
    let younger = sign_in(&app, &person.recovery_code()).await;
    let id = |account: &WaysInView| {
        account.sessions.iter().find(|session| session.is_this).expect("this session").id.to_string()
    };
    let (oldest, last) = (id(&account(&person).await), id(&account(&younger).await));

    assert_eq!(young.refused("end_session", &[("session", &oldest)]).await, YOUNG);
    let here = [("referer", &*format!("{}/settings/sign-in", app.url))];
    let page = young.send_body("end_other_sessions", b"back=%2Fsettings%2Fsign-in".to_vec(), "text/html", &here).await;
    assert_eq!(page.status(), 409);
    assert!(page.text().await.expect("a page").contains("먼저 들어온 기기를 내보낼 수 없어요"));
    assert_eq!(
        young.post("end_session", &[("session", &last)]).await.status(),
        StatusCode::OK,
        "one that came later it may"
    );
    assert!(is_in(&person).await && !is_in(&younger).await);

    app.advance(YOUNG_MS);
    assert_eq!(young.post("end_session", &[("session", &oldest)]).await.status(), StatusCode::OK);
    assert!(!is_in(&person).await);
}

#[tokio::test]
async fn one_tap_signs_all_other_devices_out() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    assert!(!pair.child.page("/settings/sign-in").await.contains("다른 기기 모두 나가기"), "there is no other");
    let others = [sign_in(&app, &pair.child.recovery_code()).await, sign_in(&app, &pair.child.recovery_code()).await];
    let mut line = others[0].listen(pair.id).await;
    assert!(pair.child.page("/settings/sign-in").await.contains("다른 기기 모두 나가기"));

    let back = pair.child.submit("end_other_sessions", &[("back", "/settings")]).await;

    assert_eq!(
        (back.status(), &back.headers()["location"]),
        (StatusCode::SEE_OTHER, &"/settings?saved=end_session#saved".parse().expect("a path"))
    );
    line.ends().await;
    assert!(
        is_in(&pair.child).await && !is_in(&others[0]).await && !is_in(&others[1]).await && is_in(&pair.parent).await
    );
    assert_eq!(pair.child.post("end_other_sessions", &[]).await.status(), StatusCode::OK, "nobody else is here");
}

#[tokio::test]
async fn the_operator_ends_sessions_and_makes_a_code() {
    let app = TestApp::start().await;
    let (one, other) = (app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
    let (person, kept) = (person_of(&one), one.recovery_code());
    renew(&copied(&app, &one), "").await;

    assert_eq!(sessions::end_by_operator(&app.state, Some(person)).await.expect("ended"), 1);
    let code = recovery::renew_by_operator(&app.state, person).await.expect("a code").grouped();

    assert!(!is_in(&one).await && is_in(&other).await);
    assert!(!signs_in(&app, &kept).await, "no earlier code is left");
    let back = sign_in(&app, &code).await;
    assert!(sessions::end_by_operator(&app.state, Some(PersonId(7))).await.is_err());
    assert_eq!(sessions::end_by_operator(&app.state, None).await.expect("ended"), 2);
    assert!(!is_in(&back).await && !is_in(&other).await);
}

#[tokio::test]
async fn a_code_of_the_operator_works_after_48_hours_unless_it_is_refused() {
    let app = TestApp::start().await;
    let owner = app.person(CHILDREN[0].0).await;
    let (person, kept) = (person_of(&owner), owner.recovery_code());
    let make = async || operator_codes::make(&app.state, person).await.expect("a code").0.grouped();
    let early = async |code: &str| app.visitor().refused("sign_in", &[("code", code)]).await;

    let refused = make().await;
    assert_eq!(early(&refused).await, (409, ApiError::CodeTooEarly));
    assert!(owner.page("/inbox").await.contains("새 복구 코드를 만들었어요"), "the person is told");
    assert!(owner.page("/settings/sign-in").await.contains("11월 24일부터"));
    assert_eq!(owner.post("refuse_recovery", &[]).await.status(), StatusCode::OK);
    assert!(!owner.page("/settings/sign-in").await.contains("거절하기"));
    app.wait(NOTICE_MS).await;
    assert_eq!(early(&refused).await, (422, ApiError::RecoveryCodeWrong), "it never works");

    let replaced = make().await;
    let code = make().await;
    app.wait(NOTICE_MS - 1).await;
    assert_eq!(early(&code).await, (409, ApiError::CodeTooEarly));
    assert!(signs_in(&app, &kept).await, "the person's own code works meanwhile");
    app.wait(1).await;
    assert!(!signs_in(&app, &replaced).await, "only the last one");
    assert!(signs_in(&app, &code).await);
    assert!(!signs_in(&app, &kept).await, "all earlier codes have ended");
    assert!(is_in(&owner).await, "no session ends by it");
}

// ---- sessions that must not remain

#[tokio::test]
async fn signing_in_on_a_signed_in_browser_ends_the_session_it_had() {
    let (app, service) = TestApp::start_with_push().await;
    let (child, parent) = (app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
    let phone = sign_in(&app, &child.recovery_code()).await;
    assert_eq!(phone.subscribe(&service, "phone").await.status(), StatusCode::OK);
    let former = copied(&app, &phone);

    assert_eq!(phone.post("sign_in", &[("code", &parent.recovery_code())]).await.status(), StatusCode::OK);

    assert!(!is_in(&former).await && is_in(&child).await && is_in(&phone).await);
    assert_eq!(account(&child).await.sessions.len(), 1);
    // A push to the previous person no longer reaches this browser.
    renew(&child, "").await;
    app.deliver().await;
    assert_eq!(service.take().len(), 0);
}

#[tokio::test]
async fn by_whatever_way_somebody_comes_in_no_ghost_is_left() {
    let app = TestApp::start().await;
    let (one, two) = (app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
    let tablet = sign_in(&app, &one.recovery_code()).await;

    // The first way: by the link out of an app.
    let link = two.post("lead_out", &[]).await.headers()["location"].to_str().expect("a path").to_owned();
    assert_eq!(
        tablet.post("take_hand_over", &[("token", link.trim_start_matches("/hand-over/"))]).await.status(),
        StatusCode::OK
    );
    assert_eq!(account(&one).await.sessions.len(), 1);
    // The second way: by digits, as the first person again.
    one.post("make_hand_over", &[]).await;
    let digits =
        one.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    assert_eq!(tablet.post("ask_hand_over", &[("code", &digits)]).await.status(), StatusCode::OK);
    let Ok(crate::reads::HandOverView::Asked { id, .. }) = one.read(reads::hand_over()).await else {
        panic!("nobody asks")
    };
    one.post("confirm_hand_over", &[("hand_over", &id.to_string())]).await;
    assert_eq!(tablet.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!((account(&one).await.sessions.len(), account(&two).await.sessions.len()), (2, 1));
    // The third way: by a sign-up form on a page loaded earlier.
    let fields = [("name", PARENTS[1].0), ("consent", "yes"), ("zone", "Asia/Seoul")];
    assert_eq!(tablet.post("sign_up", &fields).await.status(), StatusCode::OK);
    assert_eq!(account(&one).await.sessions.len(), 1);
}

#[tokio::test]
async fn signing_in_again_as_the_same_person_keeps_the_notifications_of_this_browser() {
    let (app, service) = TestApp::start_with_push().await;
    let person = app.person(CHILDREN[0].0).await;
    assert_eq!(person.subscribe(&service, "phone").await.status(), StatusCode::OK);
    let code = person.recovery_code();
    assert_eq!(person.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
    assert_eq!(account(&person).await.sessions.len(), 1);
    app.deliver().await;
    assert_eq!(service.take().len(), 1, "that somebody came in");
}

#[tokio::test]
async fn a_person_who_signs_in_again_and_again_ends_no_session_from_before() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let code = person.recovery_code();
    let tablet = sign_in(&app, &code).await;
    app.advance(YOUNG_MS);
    for _ in 0..=MOST {
        app.advance(Millis::SECOND);
        sign_in(&app, &code).await;
    }
    assert!(is_in(&person).await && is_in(&tablet).await);
    assert_eq!(account(&person).await.sessions.len(), MOST);
}

#[tokio::test]
async fn of_too_many_sessions_the_longest_unused_goes() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let code = person.recovery_code();
    let first = sign_in(&app, &code).await;
    for _ in 2..MOST {
        app.advance(Millis::MINUTE);
        sign_in(&app, &code).await;
    }
    app.advance(Millis::HOUR);
    assert!(is_in(&person).await);
    assert_eq!(account(&person).await.sessions.len(), MOST);

    sign_in(&app, &code).await;

    assert_eq!(account(&person).await.sessions.len(), MOST);
    assert!(is_in(&person).await && !is_in(&first).await);
}

#[tokio::test]
async fn a_token_shown_after_it_was_retired_is_told_once_and_ends_nothing() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let old = copied(&app, &pair.child);
    app.advance(30 * Millis::DAY);
    assert!(is_in(&pair.child).await && is_in(&pair.child).await, "the fresh token was shown");
    app.advance(Millis::HOUR);
    let mut line = pair.child.listen(pair.id).await;
    let stale = async || {
        let inbox: InboxView = pair.child.read(reads::inbox()).await.expect("the inbox");
        inbox.entries.iter().filter(|entry| entry.title == "예전 로그인 정보를 보인 기기가 있어요").count()
    };
    assert_eq!(stale().await, 0);

    for _ in 0..3 {
        assert!(!is_in(&old).await);
    }

    line.hears(EventKind::SessionsChanged).await;
    assert_eq!(stale().await, 1);
    assert!(is_in(&pair.child).await);
}
