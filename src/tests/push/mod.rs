//! Notifications: who gets which, when and how often, and what becomes of a push. Everything goes through the real
//! outbox to a push service of our own that decrypts (`push_service`).

mod devices;
mod facts;
mod open_pages;
mod outcomes;
mod settings;

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair},
    push_service::PushService,
};
use crate::{
    reads::{self, InboxView},
    server::storage::deliveries,
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

async fn inbox(browser: &Browser) -> Vec<String> {
    let inbox: InboxView = browser.read(reads::inbox()).await.expect("an inbox");
    inbox.entries.into_iter().map(|entry| entry.title).collect()
}

async fn recovery(browser: &Browser) -> String {
    assert_eq!(browser.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    browser.recovery_code()
}
