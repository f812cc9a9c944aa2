//! Tests of the outbox: its reaction to every answer of a push service, and workers that crash or work at the same
//! time.

use reqwest::StatusCode;

use super::{next_opens, recovery, states, subscribed, told};
use crate::{
    domain::Millis,
    reads::{self, DevicesView},
    server::storage::deliveries::{self, State},
    tests::push_service::Answer,
};

#[tokio::test]
async fn every_status_of_a_push_service_has_its_consequence() {
    // (answer, resulting state of the delivery, whether the device stays, whether the push is tried again)
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
        let devices: DevicesView = pair.parent.read(reads::devices()).await.expect("devices");
        assert_eq!(devices.devices.len(), usize::from(stays), "{answer:?}");
        service.take();
        app.advance(20 * Millis::MINUTE);
        app.deliver().await;
        assert_eq!(service.take().len(), usize::from(again), "{answer:?}: tried again");
        let child: DevicesView = pair.child.read(reads::devices()).await.expect("devices");
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
    assert_eq!(service.requests(), before + 1, "no request is sent before the time it asked for");
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
    assert_eq!(service.requests(), before, "no request is sent before the time it asked for");
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
