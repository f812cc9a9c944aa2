//! Tests of notifications: who gets which, when and how often, and what happens to a push. Every push goes through the
//! real outbox to the test push service, which decrypts it (`push_service`).

mod devices;
mod facts;
mod open_pages;
mod outcomes;
mod settings;
mod shell;

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair},
    push_service::PushService,
};
use crate::{
    reads::{self, InboxView},
    server::storage::deliveries,
};

/// Makes a pair whose members have one subscribed browser each.
async fn subscribed() -> (TestApp, PushService, TestPair) {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    assert_eq!(pair.child.subscribe(&service, "child").await.status(), StatusCode::OK);
    assert_eq!(pair.parent.subscribe(&service, "parent").await.status(), StatusCode::OK);
    (app, service, pair)
}

/// Advances to the next opening. The first question opened at noon, so today's due minute is less than twelve hours
/// away and the next one is tomorrow's.
async fn next_opens(app: &TestApp, hour: i64) {
    app.tick_at(hour, 0).await;
    app.tick_at(hour, 0).await;
}

/// Returns the pushes since the last call as `device: title / body`, sorted by device.
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
