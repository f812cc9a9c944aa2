//! A person with one device per provider: a browser, an Android shell and an iPhone's, and what reaches each of them.

use reqwest::StatusCode;
use serde_json::Value;

use super::NativeProviders;
use crate::tests::{
    app::{Browser, TestApp},
    push_service::PushService,
};

/// The devices of one person. Each has a session of its own.
pub struct ThreeDevices {
    pub web: Browser,
    pub android: Browser,
    pub iphone: Browser,
}

impl ThreeDevices {
    /// Signs the person of `web` in on two phones as well, and registers all three under this name.
    pub async fn of(app: &TestApp, service: &PushService, web: &Browser, name: &str) -> Self {
        let three = Self::signed_in(app, web).await;
        three.register(service, name).await;
        three
    }

    /// Signs the person of `web` in on two phones as well.
    pub async fn signed_in(app: &TestApp, web: &Browser) -> Self {
        let three = Self { web: web.clone(), android: app.visitor(), iphone: app.visitor() };
        let code = web.recovery_code();
        for phone in [&three.android, &three.iphone] {
            assert_eq!(phone.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
        }
        three
    }

    /// Registers the devices, as each of them does at its start.
    pub async fn register(&self, service: &PushService, name: &str) {
        assert_eq!(self.web.subscribe(service, name).await.status(), StatusCode::OK);
        assert_eq!(self.android.register("fcm", "fid", &fid(name), "").await.status(), StatusCode::OK);
        assert_eq!(self.iphone.register("apns", "", &hex(name), "production").await.status(), StatusCode::OK);
    }
}

/// The Firebase installation id of the device with this name of at most 21 letters.
pub fn fid(name: &str) -> String {
    format!("d{name:_<21}")
}

/// The device token of the device with this name of at most 32 letters.
pub fn hex(name: &str) -> String {
    let digits: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits:0<64}")
}

/// A notification as a device got it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Heard {
    /// `fcm`, `apns` or `web_push`.
    pub provider: &'static str,
    pub device: String,
    pub title: String,
    pub body: String,
    pub navigate: String,
    /// The count on the app's icon.
    pub badge: String,
    /// The id of the notification.
    pub id: String,
    /// A later notification of the same tag replaces it.
    pub tag: String,
    /// The kind, which FCM alone is told.
    pub kind: Option<String>,
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What was accepted by all providers since the last call, sorted by provider.
pub fn heard(service: &PushService, native: &NativeProviders) -> Vec<Heard> {
    let by_web = service.take().into_iter().map(|push| Heard {
        provider: "web_push",
        device: push.device,
        title: push.title,
        body: push.body,
        navigate: text(&push.json["notification"]["navigate"]),
        badge: text(&push.json["app_badge"]),
        id: text(&push.json["id"]),
        tag: push.topic,
        kind: None,
    });
    // A withdrawal has no title and shows nothing.
    let shown = native.google.take().into_iter().filter(|accepted| accepted.message["data"].get("title").is_some());
    let by_fcm = shown.map(|accepted| {
        let data = &accepted.message["data"];
        Heard {
            provider: "fcm",
            device: accepted.target.1[1..].trim_end_matches('_').to_owned(),
            title: text(&data["title"]),
            body: text(&data["body"]),
            navigate: text(&data["navigate"]),
            badge: text(&data["app_badge"]),
            id: text(&data["id"]),
            tag: text(&data["tag"]),
            kind: Some(text(&data["kind"])),
        }
    });
    let by_apns = native.apple.take().into_iter().chain(native.sandbox.take()).map(|accepted| Heard {
        provider: "apns",
        device: name_of(&accepted.device),
        title: text(&accepted.payload["aps"]["alert"]["title"]),
        body: text(&accepted.payload["aps"]["alert"]["body"]),
        navigate: text(&accepted.payload["navigate"]),
        badge: text(&accepted.payload["aps"]["badge"]),
        id: text(&accepted.payload["id"]),
        tag: accepted.headers["apns-collapse-id"].clone(),
        kind: None,
    });
    let mut heard: Vec<Heard> = by_apns.chain(by_fcm).chain(by_web).collect();
    heard.sort();
    heard
}

fn name_of(hex: &str) -> String {
    let digits = hex.trim_end_matches("00").as_bytes().chunks(2);
    let bytes = digits.map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("hex"), 16).expect("hex"));
    String::from_utf8(bytes.collect()).expect("a name")
}

/// The providers that these came from.
pub fn providers(heard: &[Heard]) -> Vec<&'static str> {
    heard.iter().map(|heard| heard.provider).collect()
}

pub const ALL: [&str; 3] = ["apns", "fcm", "web_push"];

/// One notification that reached each of a person's three devices once, with the same words. Returns the one of FCM.
pub fn alike(heard: &[Heard]) -> Heard {
    assert_eq!(providers(heard), ALL, "one on each device: {heard:#?}");
    let said = |heard: &Heard| {
        let Heard { title, body, navigate, badge, id, .. } = heard.clone();
        (title, body, navigate, badge, id)
    };
    for other in &heard[1..] {
        assert_eq!(said(other), said(&heard[0]));
    }
    heard[1].clone()
}
