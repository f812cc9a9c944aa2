//! Tests which pushes are sent again and when: never one that a device has shown, always one that an outage or a new
//! endpoint delayed.

use reqwest::StatusCode;

use super::{
    app::{Browser, PATIENCE, TestApp, TestPair},
    push_service::{Answer, PushService},
};
use crate::{
    domain::Millis,
    reads,
    server::storage::{
        deliveries::{self, DeliveryId, Listed, State},
        waiting,
    },
};

async fn subscribed() -> (TestApp, PushService, TestPair) {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    for (browser, device) in [(&pair.child, "child"), (&pair.parent, "parent")] {
        assert_eq!(browser.subscribe(&service, device).await.status(), StatusCode::OK);
    }
    (app, service, pair)
}

async fn listed(app: &TestApp, state: State) -> Vec<Listed> {
    let mut tx = app.state.database.read().await.expect("a read");
    deliveries::find_in(&mut tx, state, 100).await.expect("a list")
}

/// Returns the only delivery in a state.
async fn only(app: &TestApp, state: State) -> DeliveryId {
    let found = listed(app, state).await;
    assert_eq!(found.len(), 1, "{found:?}");
    let id = (found[0].notification_id.parse(), found[0].subscription_id.parse());
    DeliveryId { notification: id.0.expect("an id"), subscription: id.1.expect("an id") }
}

/// Reports the receipt of a delivery, as the device's service worker does.
async fn report(app: &TestApp, id: DeliveryId, what: &str) {
    let (notification, subscription) = (id.notification.to_string(), id.subscription.to_string());
    let receipt = app.state.secrets.receipt(id.notification, id.subscription);
    let fields = [
        ("notification", notification.as_str()),
        ("subscription", &subscription),
        ("receipt", &receipt),
        ("what", what),
    ];
    assert_eq!(app.visitor().post("receipt", &fields).await.status(), StatusCode::OK);
}

async fn is_not_sent_again(app: &TestApp, service: &PushService, requests: usize) {
    for _ in 0..4 {
        app.advance(20 * Millis::MINUTE);
        app.deliver().await;
    }
    assert_eq!(service.requests(), requests, "nobody sees it twice");
    assert_eq!(listed(app, State::Accepted).await.len(), 1);
}

fn devices(service: &PushService) -> Vec<String> {
    let mut devices: Vec<String> = service.take().into_iter().map(|push| push.device).collect();
    devices.sort();
    devices
}

#[tokio::test]
async fn what_was_shown_before_a_crash_is_not_sent_again() {
    for what in ["shown", "opened"] {
        let (app, service, pair) = subscribed().await;
        pair.child.answer(pair.id, "하나").await;
        // A worker claims and sends, then crashes before it settles.
        let now = app.state.clock.now();
        let mut tx = app.state.database.begin().await.expect("a transaction");
        deliveries::claim(&mut tx, now, now.plus(Millis::MINUTE), 10).await.expect("a claim");
        tx.commit().await.expect("a commit");

        report(&app, only(&app, State::Leased).await, what).await;

        is_not_sent_again(&app, &service, 0).await;
    }
}

#[tokio::test]
async fn what_was_shown_although_the_answer_was_lost_is_not_sent_again() {
    let (app, service, pair) = subscribed().await;
    service.answer_next(Answer::Status(500));
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;

    report(&app, only(&app, State::Retry).await, "shown").await;

    is_not_sent_again(&app, &service, 1).await;
}

#[tokio::test]
async fn what_was_shown_while_its_service_kept_silent_is_not_sent_again() {
    let (app, service, pair) = subscribed().await;
    service.answer_next(Answer::Hang);
    pair.child.answer(pair.id, "하나").await;

    let reporting = async {
        let arrived = async {
            while service.requests() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("a push on its way");
        report(&app, only(&app, State::Leased).await, "shown").await;
    };
    tokio::join!(app.deliver(), reporting);

    is_not_sent_again(&app, &service, 1).await;
}

#[tokio::test]
async fn what_waits_for_a_device_follows_it_to_its_new_endpoint() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    assert_eq!(pair.parent.post("renew_recovery", &[]).await.status(), StatusCode::OK);

    assert_eq!(pair.parent.subscribe(&service, "parent-new").await.status(), StatusCode::OK);
    app.deliver().await;

    let titles: Vec<(String, String)> = service.take().into_iter().map(|push| (push.device, push.title)).collect();
    assert_eq!(titles.len(), 2, "{titles:?}");
    assert!(titles.iter().all(|(device, _)| device == "parent-new"), "{titles:?}");
    assert!(titles.iter().any(|(_, title)| title.contains("복구 코드")), "the security notice above all: {titles:?}");
}

#[tokio::test]
async fn a_device_keeps_its_name_when_its_endpoint_changes() {
    let (_app, service, pair) = subscribed().await;
    let devices = || async { pair.parent.read(reads::devices()).await.expect("devices").devices };
    let device = devices().await[0].id.to_string();
    assert_eq!(
        pair.parent.post("rename_device", &[("device", &device), ("name", "부엌 태블릿")]).await.status(),
        StatusCode::OK
    );

    assert_eq!(pair.parent.subscribe(&service, "parent-new").await.status(), StatusCode::OK);

    let names: Vec<String> = devices().await.into_iter().map(|device| device.name).collect();
    assert_eq!(names, ["부엌 태블릿"]);
}

#[tokio::test]
async fn a_retry_of_the_old_endpoint_is_sent_to_the_new_one_at_once() {
    let (app, service, pair) = subscribed().await;
    service.answer_next(Answer::Later(429, 600));
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;

    pair.parent.subscribe(&service, "parent-new").await;
    app.deliver().await;

    assert_eq!(devices(&service), ["parent-new"]);
}

async fn another_device(app: &TestApp, service: &PushService, owner: &Browser, device: &str) -> Browser {
    let browser = app.visitor();
    assert_eq!(owner.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    assert_eq!(browser.post("sign_in", &[("code", &owner.recovery_code())]).await.status(), StatusCode::OK);
    assert_eq!(browser.subscribe(service, device).await.status(), StatusCode::OK);
    browser
}

#[tokio::test]
async fn an_endpoint_that_is_told_already_is_not_told_twice_by_what_follows() {
    let (app, service, pair) = subscribed().await;
    let tablet = another_device(&app, &service, &pair.parent, "tablet").await;
    app.deliver().await;
    service.take();
    pair.child.answer(pair.id, "하나").await;

    // The tablet's browser subscribes with the endpoint of the person's other session.
    assert_eq!(tablet.subscribe(&service, "parent").await.status(), StatusCode::OK);
    app.deliver().await;

    assert_eq!(devices(&service), ["parent"]);
    assert_eq!(listed(&app, State::Cancelled).await.len(), 1, "what it had twice");
}

#[tokio::test]
async fn another_person_s_endpoint_gets_nothing_that_waited_for_the_first() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    let stranger = app.person("서연").await;
    stranger.subscribe(&service, "parent").await;
    stranger.subscribe(&service, "elsewhere").await;
    app.deliver().await;
    assert_eq!(devices(&service), Vec::<String>::new());
}

#[tokio::test]
async fn a_service_that_answers_again_gets_within_seconds_what_waited_for_it_and_only_that() {
    let (app, service, pair) = subscribed().await;
    for device in 0..6 {
        another_device(&app, &service, &pair.parent, &format!("parent-{device}")).await;
    }
    app.deliver().await;
    service.take();
    // The child's quiet hours delay its notifications until the evening.
    let quiet = [("quiet", "yes"), ("quiet_from", "12:00"), ("quiet_to", "20:00")];
    assert_eq!(pair.child.post("change_quiet_hours", &quiet).await.status(), StatusCode::OK);

    // The service is down for two minutes. Its first answer, for one device, asks for a wait of ten minutes.
    service.answer_always(Some(Answer::Status(503)));
    service.answer_next(Answer::Later(429, 600));
    pair.parent.answer(pair.id, "하나").await;
    pair.child.answer(pair.id, "둘").await;
    for _ in 0..12 {
        app.deliver().await;
        app.advance(10 * Millis::SECOND);
    }
    // One delivery drew the longest random back-off.
    let mut tx = app.state.database.read().await.expect("a read");
    let origin = format!("http://{}", service.host);
    let held_back = waiting::find_held_back(&mut tx, &origin, Millis(0), 10).await.expect("what waits");
    drop(tx);
    let (unlucky, at) = *held_back.last().expect("some wait");
    let mut tx = app.state.database.begin().await.expect("a transaction");
    let late = app.state.clock.now().plus(8 * Millis::MINUTE);
    waiting::bring_forward(&mut tx, &[(unlucky, at, late)]).await.expect("moved");
    tx.commit().await.expect("a commit");
    service.answer_always(None);
    let mut waited = 0;
    while service.arrived().is_empty() {
        app.advance(Millis::SECOND);
        app.deliver().await;
        waited += 1;
        assert!(waited < 1_000, "the first retry comes");
    }
    for _ in 0..6 {
        app.advance(Millis::SECOND);
        app.deliver().await;
    }

    assert_eq!(devices(&service).len(), 6, "all but the device that has a time of its own");
    let asked = listed(&app, State::Retry).await;
    assert_eq!(asked.iter().map(|listed| listed.reason.as_deref()).collect::<Vec<_>>(), [Some("asked to wait")]);
    app.advance(10 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(devices(&service).len(), 1);
    assert_eq!(listed(&app, State::Pending).await.len(), 1, "the child's quiet hours are not the service's");
}
