//! Shells of an app: their registration, what they are sent, and how their devices end.

use reqwest::StatusCode;
use serde_json::Value;

use super::{
    NativeProviders,
    fake_apple::{apns_error, gone},
    fake_google::{self, fcm_error},
    h2_server::Reply,
};
use crate::{
    api::ApiError,
    domain::{Millis, Provider},
    reads::{self, DevicesView},
    server::storage::{deliveries, seeds::CHILDREN, waiting},
    tests::app::{Browser, TestApp, TestPair},
};

const FID: &str = "cIb2kYxTQ0-7sLw_9aZxQe";
const TOKEN: &str = "dGhpcw:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx_0123456789abcdefghijklmnopqrstuvwxyz";
const HEX: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

/// A pair whose parent has an Android shell, and whose child has an iPhone's.
async fn shells() -> (TestApp, NativeProviders, TestPair) {
    let (app, _, native) = TestApp::start_with_native().await;
    let pair = app.pair().await;
    assert_eq!(pair.parent.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    assert_eq!(pair.child.register("apns", "", HEX, "production").await.status(), StatusCode::OK);
    (app, native, pair)
}

async fn devices(browser: &Browser) -> DevicesView {
    browser.read(reads::devices()).await.expect("devices")
}

async fn states(app: &TestApp) -> Vec<(String, i64)> {
    let mut tx = app.state.database.read().await.expect("a read");
    deliveries::counts(&mut tx).await.expect("counts").0
}

fn held(native: &NativeProviders) {
    assert_eq!(native.violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_notification_reaches_each_shell_in_its_own_form() {
    let (app, native, pair) = shells().await;
    pair.child.answer(pair.id, "하나").await;
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert!(native.google.take().is_empty(), "the parent answered meanwhile: only the child is told of the open card");
    let told = native.apple.take();
    assert_eq!(told.len(), 1);
    let payload = &told[0].payload;
    assert_eq!(payload["aps"]["thread-id"], pair.id.to_string());
    assert_eq!((&payload["aps"]["badge"], &payload["aps"]["mutable-content"]), (&Value::from(2), &Value::from(1)));
    assert!(payload["navigate"].as_str().is_some_and(|url| url.starts_with(&format!("{}/p/", app.url))), "{payload}");
    assert_eq!(told[0].headers["apns-collapse-id"], payload["tag"].as_str().expect("a tag"));
    held(&native);
}

#[tokio::test]
async fn a_data_message_has_all_that_a_shell_draws_and_reports() {
    let (app, native, pair) = shells().await;
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    let told = native.google.take();
    let fake_google::Accepted { target, message } = &told[0];
    assert_eq!(target, &("fid".to_owned(), FID.to_owned()));
    assert!(message.get("notification").is_none(), "data alone");
    assert_eq!(message["android"]["priority"], "HIGH");
    assert!(message["android"].get("collapse_key").is_none());
    let data = &message["data"];
    assert_eq!(
        (&data["kind"], &data["channel"], &data["app_badge"]),
        (&"answered".into(), &"answer".into(), &"1".into())
    );
    assert!(data["title"].as_str().is_some_and(|title| !title.is_empty()), "{data}");
    assert!(!message.to_string().contains("하나"), "no word of an answer");
    for what in ["shown", "opened"] {
        let text = |name: &str| data[name].as_str().expect("a text");
        let receipt = [
            ("notification", text("id")),
            ("subscription", text("subscription")),
            ("receipt", text("receipt")),
            ("what", what),
        ];
        assert_eq!(app.visitor().post("receipt", &receipt).await.status(), StatusCode::OK, "without a session");
    }
    let devices = devices(&pair.parent).await.devices;
    assert!(devices[0].shown.is_some() && devices[0].opened.is_some());
    held(&native);
}

#[tokio::test]
async fn a_device_may_let_the_system_draw_and_hide_the_words() {
    let (app, native, pair) = shells().await;
    let device = devices(&pair.parent).await.devices[0].id.to_string();
    let draw = [("device", device.as_str()), ("by_system", "true")];
    assert_eq!(pair.parent.post("draw_device", &draw).await.status(), StatusCode::OK);
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    let message = &native.google.take()[0].message;
    assert_eq!(message["notification"]["title"], message["data"]["title"]);
    assert_eq!(message["android"]["notification"]["tag"], message["data"]["tag"]);
    assert_eq!(message["android"]["notification"]["channel_id"], "answer");
    let iphone = devices(&pair.child).await.devices[0].id.to_string();
    let draw = [("device", iphone.as_str()), ("by_system", "true")];
    assert_eq!(pair.child.refused("draw_device", &draw).await, (404, ApiError::NotFound), "an iPhone always draws");
}

#[tokio::test]
async fn registering_again_changes_nothing_and_a_new_token_takes_over_what_waits() {
    let (app, native, pair) = shells().await;
    let before = devices(&pair.parent).await;
    for _ in 0..3 {
        assert_eq!(pair.parent.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    }
    assert_eq!(devices(&pair.parent).await, before);
    native.google.answer_next(Reply::status(503, ""));
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    assert!(native.google.take().is_empty());
    assert_eq!(pair.parent.register("fcm", "token", TOKEN, "").await.status(), StatusCode::OK);
    app.deliver().await;
    let told = native.google.take();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].target, ("token".to_owned(), TOKEN.to_owned()));
    assert_eq!(devices(&pair.parent).await.devices.len(), 1, "a device has one address");
}

#[tokio::test]
async fn another_persons_address_moves_and_what_was_queued_is_cancelled() {
    let (app, native, pair) = shells().await;
    let stranger = app.person(CHILDREN[2].0).await;
    pair.child.answer(pair.id, "하나").await;
    assert_eq!(stranger.register("fcm", "fid", FID, "").await.status(), StatusCode::OK);
    app.deliver().await;
    assert!(native.google.take().is_empty(), "what was queued for the first is not sent to the second");
    assert!(devices(&pair.parent).await.devices.is_empty());
    assert_eq!(devices(&stranger).await.devices.len(), 1);
    assert_eq!(states(&app).await, [("cancelled".to_owned(), 1)]);
}

#[tokio::test]
async fn signing_out_and_unsubscribing_end_a_shells_device() {
    for verb in ["sign_out", "unsubscribe"] {
        let (app, native, pair) = shells().await;
        pair.child.answer(pair.id, "하나").await;
        assert!(pair.parent.post(verb, &[]).await.status().is_success());
        app.deliver().await;
        assert!(native.google.take().is_empty(), "{verb}");
        assert_eq!(states(&app).await, [("cancelled".to_owned(), 1)], "{verb}");
    }
}

#[tokio::test]
async fn bad_registrations_get_a_clear_refusal_and_change_nothing() {
    let (_app, _native, pair) = shells().await;
    let before = devices(&pair.parent).await;
    let long = "a".repeat(5_000);
    let cases = [
        ("fcm", "fid", "", "", ApiError::AddressInvalid),
        ("fcm", "fid", "cIb2kYxTQ0-7sLw_9aZx/e", "", ApiError::AddressInvalid),
        ("fcm", "token", long.as_str(), "", ApiError::AddressInvalid),
        ("fcm", "token", "짧은 글자", "", ApiError::AddressInvalid),
        ("fcm", "", FID, "", ApiError::AddressInvalid),
        ("apns", "", "00fc", "production", ApiError::AddressInvalid),
        ("apns", "", HEX, "staging", ApiError::AddressInvalid),
        ("web_push", "", "https://push.example/1", "", ApiError::ProviderUnknown),
        ("gcm", "token", TOKEN, "", ApiError::ProviderUnknown),
        ("", "", "", "", ApiError::ProviderUnknown),
    ];
    for (provider, kind, address, environment, error) in cases {
        let fields = [("provider", provider), ("kind", kind), ("address", address), ("environment", environment)];
        let refused = pair.parent.refused("register_device", &fields).await;
        assert_eq!(refused, (422, error), "{provider} {kind} {address}");
    }
    assert_eq!(devices(&pair.parent).await, before);
}

#[tokio::test]
async fn a_provider_without_credentials_says_so_and_nobody_registers_signed_out() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    for (provider, address) in [("fcm", FID), ("apns", HEX)] {
        let fields = [("provider", provider), ("kind", "fid"), ("address", address)];
        assert_eq!(person.refused("register_device", &fields).await, (409, ApiError::ProviderDisabled));
        assert_eq!(app.visitor().refused("register_device", &fields).await, (401, ApiError::SignedOut));
    }
    assert!(devices(&person).await.devices.is_empty());
}

#[tokio::test]
async fn an_environment_is_learned_and_used_from_then_on() {
    let (app, native, pair) = shells().await;
    native.apple.know_only(&[]);
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert_eq!(native.sandbox.take().len(), 1);
    native.apple.answer_always(Some(apns_error(500, "InternalServerError")));
    pair.child.answer(pair.id, "하나").await;
    let device = devices(&pair.child).await.devices[0].id.to_string();
    assert_eq!(pair.child.post("test_device", &[("device", &device)]).await.status(), StatusCode::OK);
    app.deliver().await;
    assert_eq!(native.sandbox.take().len(), 1, "production is not asked again");
    let stored =
        app.read_sql("SELECT environment || ' ' || origin FROM push_subscriptions WHERE provider = 'apns'").await;
    assert_eq!(stored, ["sandbox 127.0.0.1"]);
}

#[tokio::test]
async fn a_dead_registration_is_removed_unless_it_was_renewed_since() {
    let (app, native, pair) = shells().await;
    let registered = app.state.clock.now();
    native.apple.answer_next(gone(registered.0 - 1));
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert_eq!(devices(&pair.child).await.devices.len(), 1, "that 410 is about an earlier registration");
    app.advance(20 * Millis::MINUTE);
    native.apple.answer_next(gone(app.state.clock.now().0));
    app.deliver().await;
    assert!(devices(&pair.child).await.devices.is_empty());
    native.google.answer_next(fcm_error(404, "NOT_FOUND", "UNREGISTERED"));
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    assert!(devices(&pair.parent).await.devices.is_empty());
}

#[tokio::test]
async fn a_start_of_the_shell_keeps_a_registration_that_was_called_ended_before_it() {
    let (app, native, pair) = shells().await;
    app.advance(15 * Millis::MINUTE);
    let ended = app.state.clock.now();
    app.advance(15 * Millis::MINUTE);
    assert_eq!(pair.child.register("apns", "", HEX, "production").await.status(), StatusCode::OK);
    native.apple.answer_next(gone(ended.0));
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert_eq!(devices(&pair.child).await.devices.len(), 1);
    app.advance(20 * Millis::MINUTE);
    app.deliver().await;
    assert_eq!(native.apple.take().len(), 1, "and it is told");
}

#[tokio::test]
async fn refused_credentials_cost_neither_the_device_nor_the_delivery() {
    let (app, native, pair) = shells().await;
    let denied = fcm_error(403, "PERMISSION_DENIED", "PERMISSION_DENIED");
    native.google.answer_always(Some(denied));
    pair.child.answer(pair.id, "하나").await;
    for _ in 0..4 {
        app.deliver().await;
        app.advance(6 * Millis::MINUTE);
    }
    assert_eq!(states(&app).await, [("retry".to_owned(), 1)]);
    assert_eq!(app.read_sql("SELECT reason FROM deliveries").await, ["held"]);
    assert_eq!(devices(&pair.parent).await.devices.len(), 1);
    native.google.answer_always(None);
    app.deliver().await;
    assert_eq!(native.google.take().len(), 1, "sent once the operator has mended it");
    assert_eq!(states(&app).await, [("accepted".to_owned(), 1)]);
}

#[tokio::test]
async fn what_is_read_elsewhere_is_taken_off_the_shells_screen() {
    let (app, native, pair) = shells().await;
    let browser = app.visitor();
    assert_eq!(browser.post("sign_in", &[("code", &pair.parent.recovery_code())]).await.status(), StatusCode::OK);
    app.deliver().await;
    native.google.take();
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    let shown = native.google.take();
    assert_eq!(shown[0].message["data"]["kind"], "answered");
    app.advance(Millis::MINUTE);
    let last = app.read_sql("SELECT CAST(MAX(seq) AS TEXT) FROM events").await;
    assert_eq!(browser.post("read_inbox", &[("seq", &last[0])]).await.status(), StatusCode::OK);
    native.google.answer_next(Reply::status(503, ""));
    app.deliver().await;
    app.advance(20 * Millis::MINUTE);
    app.deliver().await;
    let withdrawn: Vec<Value> = native.google.take().into_iter().map(|accepted| accepted.message).collect();
    let tag = &shown[0].message["data"]["tag"];
    let about = withdrawn.iter().find(|message| message["data"]["tag"] == *tag).expect("a withdrawal");
    assert_eq!((&about["data"]["act"], &about["data"]["app_badge"]), (&"withdraw".into(), &"0".into()));
    assert!(about["data"].get("title").is_none() && about["android"]["priority"] == "NORMAL", "it draws nothing");
    app.deliver().await;
    assert!(native.google.take().is_empty(), "once");
    assert!(native.apple.take().is_empty(), "iOS would count it against its silent notifications");
    held(&native);
}

#[tokio::test]
async fn a_device_of_another_project_or_bundle_id_waits_and_is_counted() {
    let (app, native, pair) = shells().await;
    app.run_sql("UPDATE push_subscriptions SET endpoint = replace(endpoint, ':umbba-test:', ':another-project:')")
        .await;
    app.run_sql("UPDATE push_subscriptions SET endpoint = replace(endpoint, ':family.umbba.app:', ':another.app:')")
        .await;
    pair.child.answer(pair.id, "하나").await;
    app.deliver().await;
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert!(native.google.take().is_empty() && native.apple.take().is_empty() && native.sandbox.take().is_empty());
    let mut tx = app.state.database.read().await.expect("a read");
    let held = waiting::count_held(&mut tx).await.expect("counts");
    drop(tx);
    assert_eq!(held, [(Provider::Apns, 1), (Provider::Fcm, 1)]);
    assert_eq!((devices(&pair.parent).await.devices.len(), devices(&pair.child).await.devices.len()), (1, 1));
}
