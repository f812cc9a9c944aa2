//! Tests limits on codes and sign-ups behind a shared IP address: strangers at the address lock nobody out, and new
//! users from one address cannot fill the server.

use axum::http::StatusCode;

use super::app::{Browser, TestApp};
use crate::{
    api::ApiError,
    domain::{Millis, Moment},
    reads::{self, InviteView},
    server::{
        security::Said,
        services::{
            guard::{self, Codes, Trier},
            pairs::MOST_PAIRS,
        },
        state::SignUpLimits,
        storage::seeds::{CHILDREN, PARENTS},
    },
    text,
};

const RECOVERY: &str = "0000-0000-0000-0000";

async fn sign_up(browser: &Browser) -> (u16, Option<ApiError>) {
    let fields = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Seoul")];
    let done = browser.post("sign_up", &fields).await;
    let status = done.status().as_u16();
    (status, serde_json::from_slice(&done.bytes().await.expect("a body")).ok())
}

fn at(app: &TestApp, address: &str) -> Browser {
    let browser = app.visitor();
    *browser.address.lock().expect("an address") = address.into();
    browser
}

#[tokio::test]
async fn so_many_sign_ups_an_hour_and_address_and_no_more() {
    let app = TestApp::start().await.with_sign_ups(SignUpLimits { per_hour: Some(2), disk_floor: None }).await;
    let (home, neighbour) = ("2001:db8:1:2::7", "2001:db8:1:2:3:4:5:6");
    for address in [home, neighbour] {
        assert_eq!(sign_up(&at(&app, address)).await.0, 200);
    }
    assert_eq!(sign_up(&at(&app, home)).await, (429, Some(ApiError::TooManySignUps)), "one /64 is one subscriber");
    let page = at(&app, home).submit("sign_up", &[("name", CHILDREN[0].0), ("consent", "yes")]).await;
    assert!(page.text().await.expect("a page").contains("새로 시작하는 분이 많아요"));
    assert_eq!(sign_up(&at(&app, "2001:db8:1:3::7")).await.0, 200);
    app.advance(Millis::HOUR);
    assert_eq!(sign_up(&at(&app, home)).await.0, 200);
}

#[tokio::test]
async fn on_a_nearly_full_disk_nobody_new_comes_in_and_who_is_here_goes_on() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let floor = |bytes| SignUpLimits { disk_floor: Some((std::env::temp_dir(), bytes)), per_hour: None };
    let full = app.with_sign_ups(floor(u64::MAX)).await;
    assert_eq!(sign_up(&full.visitor()).await, (503, Some(ApiError::Unavailable)));
    let mut child = pair.child.clone();
    child.url = full.url.clone();
    assert_eq!(child.answer(pair.id, "그네").await.status(), StatusCode::OK);
    assert_eq!(sign_up(&app.with_sign_ups(floor(1)).await.visitor()).await.0, 200);
}

#[tokio::test]
async fn a_person_runs_twenty_pairs_at_most() {
    let app = TestApp::start().await;
    let (child, parent) = (app.person(CHILDREN[0].0).await, app.person(PARENTS[0].0).await);
    let mut last = None;
    for _ in 0..MOST_PAIRS {
        last = Some(child.start_pair("child").await);
    }
    let fields = [("role", "child"), ("child_relation", "daughter"), ("push_time", "21:00"), ("zone", "Asia/Seoul")];
    assert_eq!(child.refused("start_pair", &fields).await, (409, ApiError::TooManyPairs));
    let code = parent.invite(parent.start_pair("parent").await).await;
    assert_eq!(child.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    assert_eq!(child.refused("join", &[("relation", "daughter")]).await, (409, ApiError::TooManyPairs));

    let closed = last.expect("a pair").to_string();
    assert_eq!(child.post("leave_pair", &[("pair", &closed), ("confirmed", "yes")]).await.status(), StatusCode::OK);
    assert_eq!(child.post("join", &[("relation", "daughter")]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn no_neighbour_refuses_a_right_recovery_code() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (neighbour, phone) = (at(&app, "198.51.100.40"), at(&app, "198.51.100.40"));
    let trier = Trier { client: [198, 51, 100, 40].into(), session: None, browser: None };
    for _ in 0..10 {
        assert!(guard::slowness(&app.state, Codes::Recovery, trier, None).await.expect("an answer").is_zero());
        assert_eq!(neighbour.refused("sign_in", &[("code", RECOVERY)]).await, (422, ApiError::RecoveryCodeWrong));
    }
    assert_eq!(guard::slowness(&app.state, Codes::Recovery, trier, None).await.expect("an answer").as_secs(), 2);
    // The failures do not slow down the other kinds of codes at this address either.
    let code = person.invite(person.start_pair("child").await).await;
    assert_eq!(phone.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);

    assert_eq!(phone.post("sign_in", &[("code", &person.recovery_code())]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn where_somebody_is_at_home_strangers_do_not_shut_their_codes() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let trier = Trier { client: [203, 0, 113, 7].into(), session: None, browser: None };
    for (verb, codes) in
        [("check_invitation", Codes::Invitation), ("ask_hand_over", Codes::Digits), ("sign_in", Codes::Recovery)]
    {
        for _ in 0..10 {
            let tx = app.state.database.begin().await.expect("a transaction");
            guard::fail(tx, &app.state, codes, trier).await.expect("a failure");
        }
        let wrong = if codes == Codes::Digits { "00000000" } else { "0000000000" };
        if codes != Codes::Recovery {
            assert_eq!(app.visitor().refused(verb, &[("code", wrong)]).await, (429, ApiError::TooManyTries), "{verb}");
        }
    }
    let code = person.invite(person.start_pair("child").await).await;
    assert_eq!(app.visitor().post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    person.post("make_hand_over", &[]).await;
    let digits =
        person.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    assert_eq!(app.visitor().post("ask_hand_over", &[("code", &digits)]).await.status(), StatusCode::OK);
    let whose =
        person.cookies.lock().expect("cookies")["__Host-recovery"].split_once('.').and_then(|(id, _)| id.parse().ok());
    assert!(guard::slowness(&app.state, Codes::Recovery, trier, whose).await.expect("an answer").is_zero());
    // The exemption of the person's own address has a limit: after 100 failures there, even a right code is refused.
    for _ in 0..90 {
        let tx = app.state.database.begin().await.expect("a transaction");
        guard::fail(tx, &app.state, Codes::Invitation, trier).await.expect("a failure");
    }
    assert_eq!(app.visitor().refused("check_invitation", &[("code", &code)]).await, (429, ApiError::TooManyTries));
    assert!(!app.stored().await.windows(11).any(|bytes| bytes == b"203.0.113.8"), "no address is stored for a session");
}

#[tokio::test]
async fn nobody_has_any_number_of_tries_where_somebody_is_at_home() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    person.post("make_hand_over", &[]).await;
    let digits =
        person.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    for _ in 0..100 {
        app.visitor().refused("ask_hand_over", &[("code", "00000000")]).await;
    }
    assert_eq!(app.visitor().refused("ask_hand_over", &[("code", &digits)]).await, (429, ApiError::TooManyTries));
}

#[tokio::test]
async fn the_whole_message_is_an_invitation_code_and_what_holds_none_costs_no_try() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let code = child.invite(pair).await;
    let invite: InviteView = child.read(reads::invitation(pair)).await.expect("the page");
    let link = invite.code.expect("a code").link;
    let words = text::page_words(crate::domain::Locale::Ko);
    let message = format!("{}\n{link}", text::fill(words.invite_message, &[("name", CHILDREN[0].0)]));
    let visitor = app.visitor();
    for _ in 0..12 {
        assert_eq!(
            visitor.refused("check_invitation", &[("code", "링크를 못 찾겠어요")]).await,
            (422, ApiError::CodeMissing)
        );
        assert_eq!(visitor.refused("sign_in", &[("code", "코드가 없어요")]).await, (422, ApiError::CodeMissing));
    }
    for pasted in [message.as_str(), &link, &format!("“{}-{}”로 들어와", &code[..5], &code[5..])] {
        assert_eq!(
            app.visitor().post("check_invitation", &[("code", pasted)]).await.status(),
            StatusCode::OK,
            "{pasted}"
        );
    }
    let page =
        visitor.submit("check_invitation", &[("code", "링크를 못 찾겠어요")]).await.text().await.expect("a page");
    assert!(
        page.contains("여기에서 코드를 찾지 못했어요.")
            && page.contains("링크를 못 찾겠어요")
            && !page.contains("maxlength")
    );
    let kept = format!("엄빠도 어렸다 · 복구 코드: {}", child.recovery_code());
    assert_eq!(app.visitor().post("sign_in", &[("code", &kept)]).await.status(), StatusCode::OK);
}

#[test]
fn what_anybody_can_cause_is_said_once_a_minute() {
    let (said, now) = (Said::default(), Moment(1_000));
    assert!(said.is_due("brake".into(), now) && !said.is_due("brake".into(), now.plus(Millis::MINUTE - 1)));
    assert!(said.is_due("other".into(), now) && said.is_due("brake".into(), now.plus(Millis::MINUTE)));
}
