//! Tests of sessions and the recovery code.

use super::app::{Browser, SESSION_IDLE, TestApp};
use crate::{
    api::ApiError,
    domain::{EventKind, Millis},
    reads::{self, WaysInView},
    server::{
        jobs::housekeeping,
        storage::seeds::{CHILDREN, PARENTS},
    },
};

#[tokio::test]
async fn a_token_is_rotated_after_thirty_days_and_the_old_one_lives_until_a_minute_after_the_new_one_is_shown() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let before = person.cookies.lock().expect("cookies")["__Host-session"].clone();
    app.advance(29 * Millis::DAY);
    person.page("/settings").await;
    assert_eq!(person.cookies.lock().expect("cookies")["__Host-session"], before);

    app.advance(Millis::DAY);
    person.page("/settings").await;

    let cookie = |browser: &Browser| browser.cookies.lock().expect("cookies")["__Host-session"].clone();
    let after = person.cookies.lock().expect("cookies")["__Host-session"].clone();
    assert_ne!(after, before);
    let late = app.visitor();
    let show_old = || late.cookies.lock().expect("cookies").insert("__Host-session".into(), before.clone());
    show_old();
    app.advance(40 * Millis::DAY);
    assert_eq!(late.get("/settings").await.status(), 200, "the answer with the new one was lost");
    assert_eq!(cookie(&late), after, "and it comes again, the same");
    show_old();
    assert_eq!(late.get("/settings").await.status(), 200);

    assert_eq!(person.get("/settings").await.status(), 200);
    show_old();
    assert_eq!(late.get("/settings").await.status(), 200, "a request that was under way");
    assert_eq!(cookie(&late), before);
    app.advance(Millis::MINUTE);
    assert_eq!(late.get("/settings").await.status(), 401);
    assert_eq!(person.get("/settings").await.status(), 200);
}

#[tokio::test]
async fn a_session_ends_after_four_hundred_idle_days_and_never_while_it_is_used() {
    let app = TestApp::start().await;
    let (used, idle) = (app.person(CHILDREN[0].0).await, app.person(CHILDREN[1].0).await);
    for _ in 0..8 {
        app.advance(SESSION_IDLE / 8);
        assert_eq!(used.get("/settings").await.status(), 200);
    }
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert_eq!(idle.get("/settings").await.status(), 401);
    assert_eq!(used.get("/settings").await.status(), 200);
}

#[tokio::test]
async fn the_recovery_code_signs_in_elsewhere_and_the_other_devices_hear_of_it() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let code = pair.child.recovery_code();
    let mut line = pair.child.listen(pair.id).await;
    let device = app.visitor();

    assert_eq!(device.post("sign_in", &[("code", &code.to_lowercase())]).await.status(), 200);

    line.hears(EventKind::RecoveryCodeUsed).await;
    assert_eq!(device.today(pair.id).await.pair.id, pair.id);
    let account: WaysInView = pair.child.read(reads::ways_in()).await.expect("the ways in");
    assert_eq!(account.sessions.len(), 2);
}

#[tokio::test]
async fn a_recovery_code_renewed_with_the_earlier_one_makes_that_useless() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let earlier = person.recovery_code();
    assert_eq!(person.post("renew_recovery", &[("code", &earlier)]).await.status(), 200);
    let code = person.recovery_code();

    assert_eq!(app.visitor().refused("sign_in", &[("code", &earlier)]).await, (422, ApiError::RecoveryCodeWrong));
    assert_eq!(app.visitor().post("sign_in", &[("code", &code)]).await.status(), 200);
}

#[tokio::test]
async fn a_recovery_code_is_shown_to_nobody_but_whose_it_is() {
    let app = TestApp::start().await;
    let (child, parent) = (app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
    let shown = async |browser: &Browser| browser.read(reads::recovery_code()).await.expect("the page");
    assert!(shown(&child).await.is_some());

    // The parent signs in on the child's browser, which still has the child's code.
    assert_eq!(child.post("sign_in", &[("code", &parent.recovery_code())]).await.status(), 200);

    assert_eq!(shown(&child).await, None);
    assert_eq!(child.post("renew_recovery", &[]).await.status(), 200);
    assert!(shown(&child).await.is_some());
}

#[tokio::test]
async fn the_recovery_code_is_asked_for_again_after_the_third_answer() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    assert_eq!(pair.child.post("keep_recovery", &[]).await.status(), 200);
    for answered in 1..=3 {
        assert!(!pair.child.today(pair.id).await.asks_for_recovery, "after {} answers", answered - 1);
        pair.answer_both("글").await;
        if answered == 1 {
            app.tick_at(21, 0).await;
        }
        app.tick_at(21, 0).await;
    }
    assert!(pair.child.today(pair.id).await.asks_for_recovery);

    pair.child.post("keep_recovery", &[]).await;

    assert!(!pair.child.today(pair.id).await.asks_for_recovery);
}

#[tokio::test]
async fn one_person_cannot_end_another_s_session() {
    let app = TestApp::start().await;
    let (one, two) = (app.person(CHILDREN[0].0).await, app.person(CHILDREN[1].0).await);
    let account: WaysInView = one.read(reads::ways_in()).await.expect("the ways in");
    assert_eq!(
        two.refused("end_session", &[("session", &account.sessions[0].id.to_string())]).await,
        (404, ApiError::NotFound)
    );
    assert_eq!(one.get("/settings").await.status(), 200);
}

#[tokio::test]
async fn display_settings_are_kept_on_the_server() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let fields = [("locale", "en"), ("text_size", "larger"), ("zone", "Europe/Berlin")];
    assert_eq!(person.post("change_display", &fields).await.status(), 200);
    let page = person.page("/settings").await;
    assert!(page.contains("lang=\"en\"") && page.contains("data-text-size=\"larger\"") && page.contains("Settings"));
}
