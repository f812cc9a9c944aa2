//! Being told: who, when, how often, and what becomes of it. Everything goes through the real outbox to a push service
//! that decrypts.

use reqwest::StatusCode;

use super::{
    app::{TestApp, TestPair},
    push_service::{Answer, PushService},
};
use crate::{
    api::{ApiError, DevicesView, InboxView, ReachedView},
    domain::{EventKind, Millis},
    server::storage::deliveries::{self, State},
};

/// A pair whose members both have a browser that may be woken.
async fn subscribed() -> (TestApp, PushService, TestPair) {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    assert_eq!(pair.child.subscribe(&service, "child").await.status(), StatusCode::OK);
    assert_eq!(pair.parent.subscribe(&service, "parent").await.status(), StatusCode::OK);
    (app, service, pair)
}

/// The first question opened at noon: the next due minute that is twelve hours away is tomorrow's.
async fn next_opens(app: &TestApp, hour: i64) {
    app.tick_at(hour, 0).await;
    app.tick_at(hour, 0).await;
}

/// What arrived since the last look, as `device: title / body`, in order of device.
fn told(service: &PushService) -> Vec<String> {
    let mut told: Vec<String> =
        service.take().into_iter().map(|push| format!("{}: {} / {}", push.device, push.title, push.body)).collect();
    told.sort();
    told
}

async fn states(app: &TestApp) -> Vec<(String, i64)> {
    let mut tx = app.state.database.read().await.expect("a read");
    deliveries::counts(&mut tx).await.expect("counts").0
}

async fn inbox(browser: &super::app::Browser) -> Vec<String> {
    let inbox: InboxView = browser.ask("inbox", &[]).await.expect("an inbox");
    inbox.entries.into_iter().map(|entry| entry.title).collect()
}

#[tokio::test]
async fn at_the_pair_s_minute_both_get_the_question_on_their_devices_after_its_jitter() {
    let (app, service, pair) = subscribed().await;
    pair.answer_both("첫 기억이에요").await;
    app.deliver().await;
    service.take();

    next_opens(&app, 21).await;
    let topic = pair.child.today(pair.id).await.question.expect("a question").topic;
    // Never before the pair's own moment within the minute.
    let jitter = crate::domain::jitter_ms(pair.id);
    if jitter > 0 {
        app.deliver().await;
        assert_eq!(told(&service), Vec::<String>::new());
        app.advance(jitter);
    }
    app.deliver().await;

    let arrived = service.arrived();
    assert_eq!(
        told(&service),
        [
            format!("child: 오늘의 질문이 왔어요 / 엄마와의 오늘 질문: {topic}"),
            format!("parent: 오늘의 질문이 왔어요 / 민지와의 오늘 질문: {topic}"),
        ]
    );
    for push in &arrived {
        assert_eq!(push.urgency, "high");
        assert!(push.topic.len() == 32 && push.ttl_s <= 24 * 3_600 && push.ttl_s > 23 * 3_600, "{push:?}");
        assert_eq!(
            push.json["notification"]["navigate"],
            format!("{}/p/{}/today", app.state.site.public_url.as_str(), pair.id)
        );
        assert_eq!(
            push.json["app_badge"],
            push.json["notification"]["app_badge"].as_str().and_then(|n| n.parse::<i64>().ok()).expect("a number")
        );
    }
    app.deliver().await;
    app.advance(2 * Millis::MINUTE);
    app.deliver().await;
    assert!(told(&service).is_empty(), "told once");
}

#[tokio::test]
async fn the_other_is_told_of_an_answer_once_and_never_a_word_of_it() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "비밀의 다락방").await;
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 민지가 답했어요 / 한 줄만 적어 주시면 바로 카드가 열려요: 가장 오래된 기억"]);

    pair.child.answer(pair.id, "비밀의 다락방과 사다리").await;
    app.deliver().await;
    assert!(told(&service).is_empty(), "edits are nobody's news");

    pair.parent.answer(pair.id, "마당의 감나무").await;
    app.deliver().await;
    let arrived = service.arrived();
    assert_eq!(told(&service), ["child: 카드가 열렸어요 / 엄마의 이야기가 기다리고 있어요: 가장 오래된 기억"]);
    assert!(
        arrived
            .iter()
            .all(|push| !push.json.to_string().contains("감나무") && !push.json.to_string().contains("다락방"))
    );
    assert_eq!(inbox(&pair.parent).await, ["민지가 답했어요"]);
    assert_eq!(inbox(&pair.child).await, ["카드가 열렸어요", "엄마가 들어왔어요"]);
}

#[tokio::test]
async fn what_was_answered_before_the_push_left_is_not_pushed() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert_eq!(told(&service), ["child: 카드가 열렸어요 / 엄마의 이야기가 기다리고 있어요: 가장 오래된 기억"]);
    assert!(states(&app).await.contains(&("cancelled".into(), 1)));
}

#[tokio::test]
async fn whoever_has_not_answered_is_reminded_on_days_one_three_and_six_and_the_one_who_waits_is_told_once() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "놀이터요").await;
    app.deliver().await;
    service.take();
    let mut days = Vec::new();
    for day in 0..=6 {
        app.tick_at(21, 0).await;
        app.advance(Millis::MINUTE);
        app.deliver().await;
        days.push((day, told(&service)));
    }
    let reminder = "parent: 오늘의 질문이 기다려요 / 민지와의 질문이에요. 시간 나실 때 한 줄이면 충분해요.".to_owned();
    let waiting = "child: 엄마는 아직이에요 / 콕 두드려 볼까요? 가장 오래된 기억".to_owned();
    let expected: Vec<(i32, Vec<String>)> = vec![
        (0, vec![]),
        (1, vec![waiting, reminder.clone()]),
        (2, vec![]),
        (3, vec![reminder.clone()]),
        (4, vec![]),
        (5, vec![]),
        (6, vec![reminder]),
    ];
    assert_eq!(days, expected);
}

#[tokio::test]
async fn a_nudge_goes_once_a_day_from_whoever_has_answered() {
    let (app, service, pair) = subscribed().await;
    let (id, _) = pair.child.question(pair.id).await;
    let fields = [("daily_question", id.to_string())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.child.refused("nudge", &fields).await, (409, ApiError::NotAnswered));
    pair.child.answer(pair.id, "놀이터요").await;
    app.deliver().await;
    service.take();
    assert!(pair.child.today(pair.id).await.may_nudge);
    assert_eq!(pair.child.post("nudge", &fields).await.status(), StatusCode::OK);
    let today = pair.child.today(pair.id).await;
    assert!(!today.may_nudge && today.has_nudged);
    assert_eq!(pair.child.refused("nudge", &fields).await, (409, ApiError::NudgedToday));
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 콕! 민지가 두드렸어요 / 민지가 이야기를 기다리고 있어요: 가장 오래된 기억"]);

    app.advance(Millis::DAY);
    assert_eq!(pair.child.post("nudge", &fields).await.status(), StatusCode::OK);
    let stranger = app.person("서연").await;
    assert_eq!(stranger.refused("nudge", &fields).await, (404, ApiError::NotFound));
}

#[tokio::test]
async fn a_muted_nudge_lies_in_the_inbox_and_looks_the_same_to_the_sender() {
    let (app, service, pair) = subscribed().await;
    let switches = [
        ("pair", pair.id.to_string()),
        ("question", "yes".into()),
        ("answer", "yes".into()),
        ("reminder", "yes".into()),
        ("news", "yes".into()),
    ];
    let switches: Vec<(&str, &str)> = switches.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.parent.post("change_switches", &switches).await.status(), StatusCode::OK);
    pair.child.answer(pair.id, "놀이터요").await;
    app.deliver().await;
    service.take();
    let (id, _) = pair.child.question(pair.id).await;
    assert_eq!(pair.child.post("nudge", &[("daily_question", &id.to_string())]).await.status(), StatusCode::OK);
    assert!(pair.child.today(pair.id).await.has_nudged);
    app.deliver().await;
    assert!(told(&service).is_empty());
    assert_eq!(inbox(&pair.parent).await, ["콕! 민지가 두드렸어요", "민지가 답했어요"]);
}

#[tokio::test]
async fn quiet_hours_hold_everything_but_an_on_time_question() {
    let (app, service, pair) = subscribed().await;
    pair.answer_both("첫 기억").await;
    app.deliver().await;
    service.take();
    let minute = [("pair", pair.id.to_string()), ("push_time", "23:00".into()), ("zone", "Asia/Seoul".into())];
    let minute: Vec<(&str, &str)> = minute.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.parent.post("change_push_time", &minute).await.status(), StatusCode::OK);
    app.deliver().await;
    assert_eq!(told(&service), ["child: 질문이 오는 시간이 바뀌었어요 / 엄마가 밤 11시로 바꾸었어요."]);
    next_opens(&app, 23).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(told(&service).len(), 2, "the question comes at its time");
    pair.child.answer(pair.id, "밤에 쓴 답").await;
    app.deliver().await;
    assert!(told(&service).is_empty(), "an answer waits for the morning");
    app.advance(8 * Millis::HOUR + 30 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(told(&service).len(), 1);
    assert_eq!(inbox(&pair.parent).await[0], "민지가 답했어요");
}

#[tokio::test]
async fn quiet_hours_that_cover_the_day_are_refused() {
    let (_app, _service, pair) = subscribed().await;
    for (from, to) in [("00:00", "23:59"), ("09:00", "09:00")] {
        let fields = [("quiet", "yes"), ("quiet_from", from), ("quiet_to", to)];
        assert_eq!(pair.child.refused("change_quiet_hours", &fields).await, (422, ApiError::QuietTooLong));
    }
    assert_eq!(
        pair.child
            .refused("change_quiet_hours", &[("quiet", "yes"), ("quiet_from", "25:00"), ("quiet_to", "07:00")])
            .await
            .0,
        422
    );
    let page = pair.child.page(&format!("/p/{}/settings", pair.id)).await;
    assert!(page.contains("22:30") && page.contains("07:30"), "nothing changed");
}

#[tokio::test]
async fn a_lock_screen_that_hides_details_says_only_that_there_is_news() {
    let (app, service, pair) = subscribed().await;
    assert_eq!(pair.parent.post("change_quiet_hours", &[("hides_details", "yes")]).await.status(), StatusCode::OK);
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 엄빠도 어렸다 / 새 소식이 있어요"]);
}

#[tokio::test]
async fn every_status_of_a_push_service_has_its_consequence() {
    // (answer, what becomes of the delivery, does the device stay, is it tried again)
    let table = [
        (Answer::Status(201), "accepted", true, false),
        (Answer::Status(400), "dead", true, false),
        (Answer::Status(401), "dead", true, false),
        (Answer::Status(403), "dead", true, false),
        (Answer::Status(404), "gone", false, false),
        (Answer::Status(410), "gone", false, false),
        (Answer::Status(413), "dead", true, false),
        (Answer::Later(429, 90), "retry", true, true),
        (Answer::Status(429), "retry", true, true),
        (Answer::Status(500), "retry", true, true),
        (Answer::Later(503, 30), "retry", true, true),
        (Answer::Hang, "retry", true, true),
        (Answer::Drip, "retry", true, true),
        (Answer::Redirect("http://127.0.0.1:1/".into()), "dead", true, false),
        (Answer::Huge, "dead", true, false),
    ];
    for (answer, state, stays, again) in table {
        let (app, service, pair) = subscribed().await;
        service.answer_next(answer.clone());
        pair.child.answer(pair.id, "하나").await;
        app.deliver().await;
        assert_eq!(states(&app).await, [(state.to_owned(), 1)], "{answer:?}");
        let devices: DevicesView = pair.parent.ask("devices", &[]).await.expect("devices");
        assert_eq!(devices.devices.len(), usize::from(stays), "{answer:?}");
        service.take();
        app.advance(20 * Millis::MINUTE);
        app.deliver().await;
        assert_eq!(service.take().len(), usize::from(again), "{answer:?}: tried again");
        let child: DevicesView = pair.child.ask("devices", &[]).await.expect("devices");
        assert_eq!(child.devices.len(), 1, "{answer:?}: only that one is ever removed");
    }
}

#[tokio::test]
async fn retry_after_is_given_to_the_device_that_met_it_and_to_no_other() {
    let (app, service, pair) = subscribed().await;
    service.answer_next(Answer::Later(429, 600));
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    let before = service.requests();
    let (id, _) = pair.child.question(pair.id).await;
    pair.child.post("nudge", &[("daily_question", &id.to_string())]).await;
    let (other, _) = (app.pair().await, ());
    other.parent.subscribe(&service, "another's").await;
    other.child.answer(other.id, "둘").await;
    app.advance(9 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(service.requests(), before + 1, "nobody knocks at it before the time it asked for");
    assert!(told(&service)[0].starts_with("another's: "), "and nobody else waits for it");
    app.advance(2 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(told(&service).len(), 2);
}

#[tokio::test]
async fn a_service_that_asks_several_devices_for_quiet_is_left_alone() {
    let (app, service, pair) = subscribed().await;
    for device in ["tablet", "laptop"] {
        let browser = app.visitor();
        assert_eq!(browser.post("sign_in", &[("code", &pair.parent.recovery_code())]).await.status(), StatusCode::OK);
        browser.subscribe(&service, device).await;
    }
    service.answer_always(Some(Answer::Later(503, 120)));
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    service.answer_always(None);
    let before = service.requests();
    let other = app.pair().await;
    other.parent.subscribe(&service, "another's").await;
    other.child.answer(other.id, "둘").await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(service.requests(), before, "nobody knocks before the time it asked for");
    app.advance(2 * Millis::MINUTE);
    app.deliver().await;
    assert!(told(&service).iter().any(|told| told.starts_with("another's: ")));
}

#[tokio::test]
async fn what_cannot_be_delivered_ends_with_its_expiry() {
    let (app, service, pair) = subscribed().await;
    service.answer_always(Some(Answer::Status(503)));
    pair.child.answer(pair.id, "하나").await;
    for _ in 0..60 {
        app.deliver().await;
        app.advance(Millis::HOUR);
    }
    app.deliver().await;
    assert_eq!(states(&app).await, [("expired".to_owned(), 1)]);
    service.answer_always(None);
    app.deliver().await;
    assert!(told(&service).is_empty(), "a restored backup sends nothing that has expired");
}

#[tokio::test]
async fn an_unreachable_push_service_delays_no_answer_and_no_opening() {
    let (app, service, pair) = subscribed().await;
    service.answer_always(Some(Answer::Hang));
    assert_eq!(pair.child.answer(pair.id, "하나").await.status(), StatusCode::OK);
    let sending = app.deliver();
    let answering = pair.parent.answer(pair.id, "둘");
    let (_, answered) = tokio::join!(sending, answering);
    assert_eq!(answered.status(), StatusCode::OK);
    next_opens(&app, 21).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
}

#[tokio::test]
async fn a_crashed_worker_s_lease_runs_out_and_another_sends() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    let now = app.state.clock.now();
    let mut tx = app.state.database.begin().await.expect("a transaction");
    assert_eq!(deliveries::claim(&mut tx, now, now.plus(Millis::MINUTE), 10).await.expect("a claim").len(), 1);
    tx.commit().await.expect("a commit");
    app.deliver().await;
    assert!(told(&service).is_empty(), "somebody else has it");
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(told(&service).len(), 1);
}

#[tokio::test]
async fn two_workers_at_once_send_everything_once() {
    let (app, service, pair) = subscribed().await;
    for device in 0..8 {
        let browser = app.visitor();
        let code = recovery(&pair.parent).await;
        assert_eq!(browser.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
        assert_eq!(browser.subscribe(&service, &format!("parent-{device}")).await.status(), StatusCode::OK);
    }
    app.deliver().await;
    service.take();
    pair.child.answer(pair.id, "하나").await;
    tokio::join!(app.deliver(), app.deliver(), app.deliver());
    let mut devices: Vec<String> = service.take().into_iter().map(|push| push.device).collect();
    devices.sort();
    devices.dedup();
    assert_eq!((devices.len(), states(&app).await.iter().map(|(_, count)| count).sum::<i64>() >= 9), (9, true));
    let mut tx = app.state.database.read().await.expect("a read");
    assert!(deliveries::find_in(&mut tx, State::Dead, 10).await.expect("a list").is_empty());
}

async fn recovery(browser: &super::app::Browser) -> String {
    assert_eq!(browser.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    browser.recovery_code()
}

#[tokio::test]
async fn signing_out_ends_the_pushes_of_that_browser_whatever_it_does() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    assert!(pair.parent.post("sign_out", &[]).await.status().is_success());
    app.deliver().await;
    assert!(told(&service).is_empty());
    assert_eq!(states(&app).await, [("cancelled".to_owned(), 1)]);
}

#[tokio::test]
async fn leaving_a_pair_takes_its_pushes_back_and_tells_the_other() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    assert_eq!(
        pair.child.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await.status(),
        StatusCode::OK
    );
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 민지와의 짝이 끝났어요 / 함께 연 카드는 보관함에 그대로 있어요."]);
}

#[tokio::test]
async fn a_subscription_changes_hands_only_with_both_its_keys() {
    let (app, service, pair) = subscribed().await;
    let key: String = pair.child.ask("push_key", &[]).await.expect("a key");
    // A valid key of another receiver: the sender's of RFC 8291 Appendix A.
    let other = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    let endpoint = service.endpoint("parent");
    let fields =
        [("endpoint", endpoint.as_str()), ("p256dh", other), ("auth", "BTBZMqHH6r4Tts7J_aSIgg"), ("key", key.as_str())];
    let stranger = app.person("서연").await;
    assert_eq!(stranger.refused("subscribe", &fields).await, (409, ApiError::SubscriptionTaken));
    pair.child.answer(pair.id, "하나").await;
    assert_eq!(stranger.subscribe(&service, "parent").await.status(), StatusCode::OK);
    app.deliver().await;
    assert!(told(&service).is_empty(), "what was queued for the first is not sent to the second");
    let devices: DevicesView = pair.parent.ask("devices", &[]).await.expect("devices");
    assert!(devices.devices.is_empty());
}

#[tokio::test]
async fn bad_subscriptions_get_a_clear_refusal() {
    let (_app, service, pair) = subscribed().await;
    let key: String = pair.child.ask("push_key", &[]).await.expect("a key");
    let good = super::push_service::keys();
    let endpoint = service.endpoint("new");
    let refused = async |endpoint: &str, p256dh: &str, auth: &str, key: &str| {
        pair.child
            .refused("subscribe", &[("endpoint", endpoint), ("p256dh", p256dh), ("auth", auth), ("key", key)])
            .await
    };
    assert_eq!(
        refused("https://evil.example/push", &good.p256dh, &good.auth, &key).await,
        (422, ApiError::EndpointRefused)
    );
    assert_eq!(
        refused("http://127.0.0.1:1/push", &good.p256dh, &good.auth, &key).await,
        (422, ApiError::EndpointRefused)
    );
    assert_eq!(refused(&endpoint, "AAAA", &good.auth, &key).await, (422, ApiError::PushKeysInvalid));
    let off_curve = good.p256dh.replace("BCVx", "BCVy");
    assert_eq!(refused(&endpoint, &off_curve, &good.auth, &key).await, (422, ApiError::PushKeysInvalid));
    assert_eq!(refused(&endpoint, &good.p256dh, "AAAA", &key).await, (422, ApiError::PushKeysInvalid));
    assert_eq!(refused(&endpoint, &good.p256dh, &good.auth, "AAAA").await, (422, ApiError::PushKeysInvalid));
    let devices: DevicesView = pair.child.ask("devices", &[]).await.expect("devices");
    assert_eq!(devices.devices.len(), 1, "nothing changed");
}

#[tokio::test]
async fn the_eleventh_device_takes_the_place_of_the_longest_silent() {
    let (app, service, pair) = subscribed().await;
    for device in 0..10 {
        app.advance(Millis::MINUTE);
        let browser = app.visitor();
        let code = recovery(&pair.parent).await;
        browser.post("sign_in", &[("code", &code)]).await;
        assert_eq!(browser.subscribe(&service, &format!("parent-{device}")).await.status(), StatusCode::OK);
    }
    let devices: DevicesView = pair.parent.ask("devices", &[]).await.expect("devices");
    assert_eq!(devices.devices.len(), 10);
    assert!(devices.devices.iter().all(|device| !device.is_this), "the first went");
}

#[tokio::test]
async fn neither_tests_nor_the_other_hide_what_one_must_know() {
    let (app, _service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    let before = inbox(&pair.parent).await;
    assert!(!before.is_empty());
    let devices: DevicesView = pair.parent.ask("devices", &[]).await.expect("devices");
    let device = devices.devices[0].id.to_string();
    for _ in 0..61 {
        app.advance(1);
        assert_eq!(pair.parent.post("test_device", &[("device", &device)]).await.status(), StatusCode::OK);
    }
    assert_eq!(inbox(&pair.parent).await, before);

    // Nor does the other's news hide what was told of one's own account.
    assert_eq!(pair.parent.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    for _ in 0..31 {
        for (act, fields) in [("pause_pair", vec![("until", "2026-12-01")]), ("resume_pair", vec![])] {
            app.advance(1);
            let pair_id = pair.id.to_string();
            let fields = [fields, vec![("pair", pair_id.as_str())]].concat();
            assert_eq!(pair.child.post(act, &fields).await.status(), StatusCode::OK);
        }
    }
    let after = inbox(&pair.parent).await;
    assert_eq!(after.len(), 61);
    assert!(after.last().is_some_and(|last| last.contains("복구 코드를 새로 만들었어요")), "{after:?}");
}

#[tokio::test]
async fn a_test_shows_its_whole_way_and_a_wrong_receipt_nothing() {
    let (app, service, pair) = subscribed().await;
    let devices: DevicesView = pair.parent.ask("devices", &[]).await.expect("devices");
    let device = devices.devices[0].id.to_string();
    assert_eq!(pair.parent.post("test_device", &[("device", &device)]).await.status(), StatusCode::OK);
    assert_eq!(pair.child.refused("test_device", &[("device", &device)]).await, (404, ApiError::NotFound));
    app.deliver().await;
    let arrived = service.take();
    let json = &arrived[0].json;
    let field = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    let (id, subscription, receipt) = (field("id"), field("subscription"), field("receipt"));
    let visitor = app.visitor();
    let wrong = [
        ("notification", id.as_str()),
        ("subscription", subscription.as_str()),
        ("receipt", "00000000000000000000000000000000"),
        ("what", "shown"),
    ];
    assert_eq!(visitor.refused("receipt", &wrong).await, (404, ApiError::NotFound));
    let page = pair.parent.page("/devices").await;
    assert!(page.contains("에 알림을 보냈어요."), "accepted, not shown");
    let right = [
        ("notification", id.as_str()),
        ("subscription", subscription.as_str()),
        ("receipt", receipt.as_str()),
        ("what", "shown"),
    ];
    assert_eq!(visitor.post("receipt", &right).await.status(), StatusCode::OK);
    let page = pair.parent.page("/devices").await;
    assert!(page.contains("이 기기가 보여 줬어요"));
    assert!(inbox(&pair.parent).await.is_empty(), "a test is no news");
}

#[tokio::test]
async fn of_the_other_one_learns_only_whether_the_question_reached_them() {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    let reached = async |browser: &super::app::Browser| {
        let devices: DevicesView = browser.ask("devices", &[]).await.expect("devices");
        devices.others[0].1
    };
    pair.answer_both("하나").await;
    next_opens(&app, 21).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(reached(&pair.child).await, ReachedView::SwitchedOff);
    pair.parent.subscribe(&service, "parent").await;
    assert_eq!(reached(&pair.child).await, ReachedView::NotYet);
    pair.answer_both("둘").await;
    app.tick_at(21, 0).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(reached(&pair.child).await, ReachedView::Delivered);
}

#[tokio::test]
async fn a_page_that_is_looked_at_saves_that_browser_the_push_and_no_other() {
    let (app, service, pair) = subscribed().await;
    let tablet = app.visitor();
    let code = recovery(&pair.parent).await;
    tablet.post("sign_in", &[("code", &code)]).await;
    tablet.subscribe(&service, "tablet").await;
    app.deliver().await;
    service.take();
    let mut line = pair.parent.listen(pair.id).await;
    pair.child.answer(pair.id, "하나").await;
    let event = line.next_event().await;
    assert_eq!(
        (event.kind, event.unread),
        (EventKind::AnswerSubmitted, Some(3)),
        "the new recovery code, its use, and this"
    );
    app.deliver().await;
    assert_eq!(
        service.take().into_iter().map(|push| push.device).collect::<Vec<_>>(),
        ["tablet"],
        "the open page has five seconds to say so"
    );
    assert_eq!(pair.parent.post("seen_live", &[("seq", &event.seq.to_string())]).await.status(), StatusCode::OK);
    app.advance(6 * Millis::SECOND);
    app.deliver().await;
    assert!(service.take().is_empty());
}

#[tokio::test]
async fn a_page_that_sleeps_gets_its_push_after_five_seconds() {
    let (app, service, pair) = subscribed().await;
    let _line = pair.parent.listen(pair.id).await;
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    assert!(service.take().is_empty());
    app.advance(5 * Millis::SECOND);
    app.deliver().await;
    assert_eq!(service.take().len(), 1);
}

#[tokio::test]
async fn reading_the_inbox_moves_live_to_the_other_devices() {
    let (_app, _service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    let mut line = pair.parent.listen(pair.id).await;
    let inbox: InboxView = pair.parent.ask("inbox", &[]).await.expect("an inbox");
    assert_eq!(inbox.unread, 1);
    assert_eq!(pair.parent.post("read_inbox", &[("seq", &inbox.as_of.to_string())]).await.status(), StatusCode::OK);
    let event = line.next_event().await;
    assert_eq!((event.kind, event.unread), (EventKind::InboxChanged, Some(0)));
}

#[tokio::test]
async fn above_four_a_day_news_lies_in_the_inbox_alone_and_answers_still_come() {
    let (app, service, pair) = subscribed().await;
    for hour in 13..20 {
        let fields =
            [("pair", pair.id.to_string()), ("push_time", format!("{hour}:30")), ("zone", "Asia/Seoul".into())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.advance(Millis::SECOND);
        assert_eq!(pair.parent.post("change_push_time", &fields).await.status(), StatusCode::OK);
        app.deliver().await;
    }
    // "들어왔어요" was the first of the day.
    assert_eq!(told(&service).len(), 3);
    assert_eq!(inbox(&pair.child).await.len(), 8);
    pair.parent.answer(pair.id, "하나").await;
    app.deliver().await;
    assert_eq!(told(&service).len(), 1);
}

#[tokio::test]
async fn a_reminder_speaks_once_a_day_for_all_pairs_that_wait() {
    let (app, service, pair) = subscribed().await;
    app.advance(Millis::SECOND);
    let father = app.person("영호").await;
    let second = pair.child.start_pair("child").await;
    let code = pair.child.invite(second).await;
    father.join(&code, "father").await;
    app.deliver().await;
    service.take();
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    let child: Vec<String> = told(&service).into_iter().filter(|line| line.starts_with("child")).collect();
    assert_eq!(child, ["child: 오늘의 질문이 기다려요 / 엄마, 아빠와의 질문이에요. 떠오르는 장면 하나면 충분해요."]);
    assert_eq!(inbox(&pair.child).await.iter().filter(|title| *title == "오늘의 질문이 기다려요").count(), 2);
}

#[tokio::test]
async fn after_a_rotation_every_browser_keeps_the_key_it_subscribed_with() {
    let (mut app, service, pair) = subscribed().await;
    let key = async |browser: &super::app::Browser| browser.ask::<String>("push_key", &[]).await.expect("a key");
    let first = key(&pair.child).await;
    app.rotate_push_keys().await;
    let second = key(&pair.child).await;
    assert_ne!(first, second, "browsers that subscribe from now on get the new one");
    // The parent's browser has started again and subscribed anew, the child's has not.
    assert_eq!(pair.parent.subscribe(&service, "parent").await.status(), StatusCode::OK);
    pair.answer_both("첫 기억").await;
    next_opens(&app, 21).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    let arrived = service.take();
    let named = |device: &str| {
        let push = arrived.iter().rfind(|push| push.device == device).expect("a push");
        push.authorization.split_once("k=").expect("a key").1.to_owned()
    };
    assert_eq!((named("child"), named("parent")), (first, second));
}
