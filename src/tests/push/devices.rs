//! Tests of subscriptions: who may have one, how many, how they end, and the test push of a device.

use reqwest::StatusCode;

use super::{inbox, next_opens, recovery, states, subscribed, told};
use crate::{
    api::ApiError,
    domain::Millis,
    reads::{self, DevicesView},
    tests::{app::Browser, push_service},
};

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
async fn a_subscription_changes_hands_only_with_both_its_keys() {
    let (app, service, pair) = subscribed().await;
    let key: String = pair.child.ask("push_key", &[]).await.expect("a key");
    // A valid key of another receiver: the sender's key of RFC 8291 Appendix A.
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
    let devices: DevicesView = pair.parent.read(reads::devices()).await.expect("devices");
    assert!(devices.devices.is_empty());
}

#[tokio::test]
async fn bad_subscriptions_get_a_clear_refusal() {
    let (_app, service, pair) = subscribed().await;
    let key: String = pair.child.ask("push_key", &[]).await.expect("a key");
    let good = push_service::keys();
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
    let devices: DevicesView = pair.child.read(reads::devices()).await.expect("devices");
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
    let devices: DevicesView = pair.parent.read(reads::devices()).await.expect("devices");
    assert_eq!(devices.devices.len(), 10);
    assert!(devices.devices.iter().all(|device| !device.is_this), "the first went");
}

#[tokio::test]
async fn a_test_shows_its_whole_way_and_a_wrong_receipt_nothing() {
    let (app, service, pair) = subscribed().await;
    let devices: DevicesView = pair.parent.read(reads::devices()).await.expect("devices");
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
async fn after_a_rotation_every_browser_keeps_the_key_it_subscribed_with() {
    let (mut app, service, pair) = subscribed().await;
    let key = async |browser: &Browser| browser.ask::<String>("push_key", &[]).await.expect("a key");
    let first = key(&pair.child).await;
    app.rotate_push_keys().await;
    let second = key(&pair.child).await;
    assert_ne!(first, second, "browsers that subscribe from now on get the new one");
    // The parent's browser has restarted and subscribed again; the child's has not.
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
