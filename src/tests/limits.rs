//! What one person, one address or one socket may have: nothing is free of any limit, and nothing shuts a neighbour out.

use axum::http::StatusCode;
use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::{
    app::{Browser, PATIENCE, TestApp},
    doors,
};
use crate::{
    api::{ApiError, InviteView},
    domain::Millis,
    server::{
        budget::Budget,
        services::{
            guard::{self, Codes, Trier},
            pairs::MOST_PAIRS,
        },
        state::Limits,
        storage::{
            answers::KEPT_REVISIONS,
            seeds::{CHILDREN, PARENTS},
        },
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

// ---- nothing is written when nothing changes

#[tokio::test]
async fn a_verb_that_changes_nothing_writes_nothing() {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    let (id, child) = (pair.id.to_string(), &pair.child);
    let pair_field = ("pair", id.as_str());
    let invite: InviteView = child.ask("invite_page", &[pair_field]).await.expect("the page");
    let (me, today) = (invite.pair.me.relation, child.today(pair.id).await.today);
    let until = today.plus_days(3).to_string();
    assert_eq!(child.subscribe(&service, "phone").await.status(), StatusCode::OK);
    let keys = super::push_service::keys();
    let key: String = child.ask("push_key", &[]).await.expect("a key");
    let endpoint = service.endpoint("phone");
    let devices: crate::api::DevicesView = child.ask("devices", &[]).await.expect("the devices");
    let device = devices.devices[0].id.to_string();
    let as_of = child.today(pair.id).await.as_of.to_string();
    let verbs: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("subscribe", vec![("endpoint", &endpoint), ("p256dh", &keys.p256dh), ("auth", &keys.auth), ("key", &key)]),
        ("seen_live", vec![("seq", &as_of)]),
        ("read_inbox", vec![("seq", &as_of)]),
        ("rename_device", vec![("device", &device), ("name", "부엌")]),
        ("change_name", vec![("name", CHILDREN[0].0)]),
        ("change_display", vec![("locale", "ko"), ("text_size", "large"), ("zone", "Asia/Seoul")]),
        ("change_quiet_hours", vec![("quiet", "yes"), ("quiet_from", "23:00"), ("quiet_to", "07:00")]),
        ("change_switches", vec![pair_field, ("question", "on"), ("answer", "on")]),
        ("change_presence", vec![pair_field]),
        ("change_relation", vec![pair_field, ("relation", me.choice())]),
        ("change_push_time", vec![pair_field, ("push_time", "20:00"), ("zone", "Asia/Seoul")]),
        ("pause_pair", vec![pair_field, ("until", &until)]),
        ("resume_pair", vec![pair_field]),
        ("keep_recovery", vec![]),
        ("withdraw_hand_over", vec![]),
        ("unsubscribe", vec![]),
    ];
    for (verb, fields) in verbs {
        let first = child.post(verb, &fields).await;
        assert!(first.status().is_success(), "{verb}: {}", first.text().await.expect("a body"));
        let before = (child.today(pair.id).await.as_of, pair.parent.today(pair.id).await.as_of);
        for _ in 0..3 {
            assert!(child.post(verb, &fields).await.status().is_success(), "{verb}");
        }
        let after = (child.today(pair.id).await.as_of, pair.parent.today(pair.id).await.as_of);
        assert_eq!(after, before, "{verb} told something");
    }
}

#[tokio::test]
async fn the_last_fifty_revisions_of_an_answer_are_kept() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for revision in 0..KEPT_REVISIONS + 15 {
        assert_eq!(pair.child.answer(pair.id, &format!("{revision}번째 글")).await.status(), StatusCode::OK);
    }
    let stored = app.count("SELECT COUNT(*) FROM answer_revisions").await;
    assert_eq!(stored, KEPT_REVISIONS);
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").revisions[0], format!("{}번째 글", KEPT_REVISIONS + 13));
}

// ---- limits

#[tokio::test]
async fn no_verb_is_free_of_any_limit_and_no_copy_of_a_session_spends_it_for_its_person() {
    let app = TestApp::start().await.with_limits(Limits { wide: Budget::wide(40), ..Limits::default() }).await;
    let person = app.person(CHILDREN[0].0).await;
    let thief = at(&app, "198.51.100.66");
    *thief.cookies.lock().expect("cookies") = person.cookies.lock().expect("cookies").clone();
    let mut done = 0;
    while thief.post("account", &[]).await.status() == StatusCode::OK {
        done += 1;
        assert!(done <= 40);
    }
    for verb in ["account", "read_inbox", "seen_live", "subscribe", "unsubscribe", "receipt", "sign_out", "end_other_sessions"] {
        assert_eq!(thief.refused(verb, &[("seq", "1")]).await, (429, ApiError::TooMuch), "{verb}");
    }
    assert_eq!(person.post("account", &[]).await.status(), StatusCode::OK);
    assert_eq!(person.post("end_other_sessions", &[]).await.status(), StatusCode::OK);

    // Somebody who is not signed in has what their address has.
    let stranger = at(&app, "198.51.100.67");
    while stranger.post("join_door", &[("path", "/join")]).await.status() == StatusCode::OK {}
    assert_eq!(sign_up(&stranger).await, (429, Some(ApiError::TooMuch)));
    assert_eq!(sign_up(&at(&app, "198.51.100.68")).await.0, 200);
    app.advance(Millis::MINUTE);
    assert_eq!(sign_up(&stranger).await.0, 200);
}

#[tokio::test]
async fn so_many_sign_ups_an_hour_and_address_and_no_more() {
    let app = TestApp::start().await.with_limits(Limits { sign_ups_per_hour: Some(2), ..Limits::default() }).await;
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
    let floor = |bytes| Limits { disk_floor: Some((std::env::temp_dir(), bytes)), ..Limits::default() };
    let full = app.with_limits(floor(u64::MAX)).await;
    assert_eq!(sign_up(&full.visitor()).await, (503, Some(ApiError::Unavailable)));
    let mut child = pair.child.clone();
    child.url = full.url.clone();
    assert_eq!(child.answer(pair.id, "그네").await.status(), StatusCode::OK);
    assert_eq!(sign_up(&app.with_limits(floor(1)).await.visitor()).await.0, 200);
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
async fn pings_up_a_socket_are_counted_and_a_few_are_fine() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    for (frame, count, is_closed) in [
        (Message::Ping(Vec::new().into()), 60, false),
        (Message::Ping(Vec::new().into()), 2_000, true),
        (Message::Pong(Vec::new().into()), 2_000, true),
    ] {
        let mut socket = doors::socket(&person, "after=0", &[]).await.expect("a socket");
        // The greeting: what comes up is counted from here.
        socket.next().await.expect("an open socket").expect("a frame");
        for _ in 0..count {
            let _ = socket.send(frame.clone()).await;
        }
        let closing = async {
            let mut pongs = 0;
            loop {
                match socket.next().await {
                    Some(Ok(Message::Close(close))) => break close.map(|close| u16::from(close.code)),
                    Some(Ok(Message::Pong(_))) => {
                        pongs += 1;
                        if !is_closed && pongs == count {
                            break None;
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => break Some(0),
                }
            }
        };
        let code = tokio::time::timeout(PATIENCE, closing).await.expect("an end");
        assert_eq!(code, is_closed.then_some(1008), "{count} frames");
    }
}

// ---- codes

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
    // Neither do they touch the other kinds of codes there.
    let code = person.invite(person.start_pair("child").await).await;
    assert_eq!(phone.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);

    assert_eq!(phone.post("sign_in", &[("code", &person.recovery_code())]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn where_somebody_is_at_home_strangers_do_not_shut_their_codes() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let trier = Trier { client: [203, 0, 113, 7].into(), session: None, browser: None };
    for (verb, codes) in [("check_invitation", Codes::Invitation), ("ask_hand_over", Codes::Digits), ("sign_in", Codes::Recovery)] {
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
    let digits = person.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    assert_eq!(app.visitor().post("ask_hand_over", &[("code", &digits)]).await.status(), StatusCode::OK);
    let whose = person.cookies.lock().expect("cookies")["__Host-recovery"].split_once('.').and_then(|(id, _)| id.parse().ok());
    assert!(guard::slowness(&app.state, Codes::Recovery, trier, whose).await.expect("an answer").is_zero());
    // Their own failures in great number count there too.
    for _ in 0..90 {
        let tx = app.state.database.begin().await.expect("a transaction");
        guard::fail(tx, &app.state, Codes::Invitation, trier).await.expect("a failure");
    }
    assert_eq!(app.visitor().refused("check_invitation", &[("code", &code)]).await, (429, ApiError::TooManyTries));
    assert!(!app.stored().windows(11).any(|bytes| bytes == b"203.0.113.8"), "no address is stored for a session");
}

#[tokio::test]
async fn the_whole_message_is_an_invitation_code_and_what_holds_none_costs_no_try() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let code = child.invite(pair).await;
    let invite: InviteView = child.ask("invite_page", &[("pair", &pair.to_string())]).await.expect("the page");
    let link = invite.code.expect("a code").link;
    let words = text::page_words(crate::domain::Locale::Ko);
    let message = format!("{}\n{link}", text::fill(words.invite_message, &[("name", CHILDREN[0].0)]));
    let guest = app.visitor();
    for _ in 0..12 {
        assert_eq!(guest.refused("check_invitation", &[("code", "링크를 못 찾겠어요")]).await, (422, ApiError::CodeMissing));
        assert_eq!(guest.refused("sign_in", &[("code", "코드가 없어요")]).await, (422, ApiError::CodeMissing));
    }
    for pasted in [message.as_str(), &link, &format!("“{}-{}”로 들어와", &code[..5], &code[5..])] {
        assert_eq!(app.visitor().post("check_invitation", &[("code", pasted)]).await.status(), StatusCode::OK, "{pasted}");
    }
    let page = guest.submit("check_invitation", &[("code", "링크를 못 찾겠어요")]).await.text().await.expect("a page");
    assert!(page.contains("여기에서 코드를 찾지 못했어요.") && page.contains("링크를 못 찾겠어요") && !page.contains("maxlength"));
    let kept = format!("엄빠도 어렸다 · 복구 코드: {}", child.recovery_code());
    assert_eq!(app.visitor().post("sign_in", &[("code", &kept)]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_brake_warns_once_a_minute_and_cheap_events_are_said_once_a_minute() {
    let app = TestApp::start().await;
    let said = &app.state.limits.said;
    let now = app.state.clock.now();
    assert!(said.take("brake".into(), now) && !said.take("brake".into(), now.plus(Millis::MINUTE - 1)));
    assert!(said.take("other".into(), now) && said.take("brake".into(), now.plus(Millis::MINUTE)));
}
