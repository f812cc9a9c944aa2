//! Independent programs (`end2end/interop`) drive our Google and our Apple: PyPI `google-auth`, PyPI `aioapns` and npm
//! `@parse/node-apn`. What they send is accepted, and they read our answers as those of the real services.

use std::{path::Path, sync::Arc};

use serde_json::{Value, json};

use super::{
    apple_key,
    fake_apple::{Accepted, FakeApple, KEY_ID, TEAM, TOPIC, apns_error, gone},
    fake_google::{FakeGoogle, PROJECT},
    h2_server::{H2Server, Reply},
    http1,
    tls::{AUTHORITY_PEM, ServerTls},
};
use crate::{
    server::clock::Clock,
    tests::push_interop::{python, run},
};

fn now_s() -> i64 {
    Clock::System.now().0 / 1_000
}

/// Runs a script while the servers of the test answer it. What it prints is JSON.
async fn told(program: &'static Path, script: &'static str, input: Value) -> Value {
    let done = tokio::task::spawn_blocking(move || run(program, script, &[], &input.to_string()));
    serde_json::from_str(&done.await.expect("an end")).expect("JSON")
}

#[tokio::test]
async fn google_auth_gets_a_token_from_our_google_and_sends_with_it() {
    let google = FakeGoogle::new(now_s());
    let server = http1::serve(Arc::new(google.clone())).await;
    // The program renews a token that is refused, as Google's own libraries do.
    let error = json!({ "error": { "code": 401, "status": "UNAUTHENTICATED", "message": "x" } });
    google.answer_next(Reply::status(401, error.to_string()));
    let message = json!({
        "token": "t:1",
        "notification": { "title": "오늘의 질문", "body": "가장 오래된 기억" },
        "data": { "navigate": "https://umbba.kr/today" },
        "android": { "priority": "HIGH", "ttl": "3600s", "collapse_key": "question" },
    });
    let mut account: Value = serde_json::from_str(&FakeGoogle::account_json()).expect("JSON");
    account["token_uri"] = format!("http://{}/token", server.address).into();
    let url = format!("http://{}/v1/projects/{PROJECT}/messages:send", server.address);
    let input = json!({ "account": account, "url": url, "messages": [message, { "fid": "f1" }, { "token": 1 }] });
    let script = "end2end/interop/fcm.py";

    let said = told(python(), script, input.clone()).await;

    assert_eq!(said[0], json!({ "status": 200, "body": { "name": format!("projects/{PROJECT}/messages/1") } }));
    assert_eq!(said[1]["status"], 200);
    assert_eq!(said[2]["status"], 400, "a message without a target");
    let accepted = google.take();
    assert_eq!(accepted[0].message, message);
    assert_eq!(accepted.len(), 2);
    assert_eq!(google.exchanges(), 2, "the first token and the one after the refusal");
    assert_eq!(google.violations(), ["0 targets"]);

    google.set_clock(now_s() - 2 * 3_600);
    let said = told(python(), script, input).await;
    let refusal = said["refused"].as_str().expect("a refusal");
    assert!(refusal.starts_with("invalid_grant: "), "{refusal}");
}

const DEVICE: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

fn device(number: u8) -> String {
    format!("{number:02x}").repeat(32)
}

struct Driven {
    /// Status, reason and timestamp of each answer, group by group.
    answers: Vec<Vec<Value>>,
    apple: FakeApple,
    server: H2Server,
    tls: ServerTls,
}

/// A program sends groups of notifications; those of a group at once.
async fn drive(program: &'static Path, script: &'static str, key_id: &str, groups: Value) -> Driven {
    let (key, public) = apple_key();
    let apple = FakeApple::new(now_s(), public);
    let tls = ServerTls::speaking(&["h2"]);
    let server = H2Server::start_tls(Arc::new(apple.clone()), tls.clone()).await;
    apple.answer_for(&device(1), apns_error(400, "BadDeviceToken"));
    apple.answer_for(&device(2), gone(1_795_860_000_123));
    apple.answer_for(&device(3), apns_error(400, "DeviceTokenNotForTopic"));
    // The first request ends its connection: the program sends it again over another one.
    apple.answer_next(Reply::GoAway(h2::Reason::NO_ERROR));
    let input = json!({
        "port": server.address.port(), "authority": AUTHORITY_PEM,
        "key": key, "key_id": key_id, "team": TEAM, "topic": TOPIC, "groups": groups,
    });
    let said = told(program, script, input).await;
    Driven { answers: serde_json::from_value(said).expect("answers"), apple, server, tls }
}

fn notification(device: &str) -> Value {
    json!({
        "device": device, "title": "오늘의 질문", "body": "가장 오래된 기억", "badge": 2, "ttl_s": 3_600,
        "priority": 10, "collapse_id": "question-1",
    })
}

async fn drives_our_apple(program: &'static Path, script: &'static str) -> Driven {
    let mut long = notification(DEVICE);
    long["body"] = "기".repeat(1_400).into();
    let mut collapsed = notification(DEVICE);
    collapsed["collapse_id"] = "c".repeat(65).into();
    let many: Vec<Value> = (10..30).map(|number| notification(&device(number))).collect();
    let one = |number| json!([notification(&device(number))]);
    let groups = json!([[notification(DEVICE)], one(1), one(2), one(3), [long], [collapsed], many,]);

    let driven = drive(program, script, KEY_ID, groups).await;

    let sent = json!({ "status": 200 });
    assert_eq!(driven.answers.len(), 7);
    let refused = |status: u16, reason: &str| vec![json!({ "status": status, "reason": reason })];
    assert_eq!(driven.answers[0], vec![sent.clone()]);
    assert_eq!(driven.answers[1], refused(400, "BadDeviceToken"));
    let gone = json!({ "status": 410, "reason": "Unregistered", "timestamp": 1_795_860_000_123_i64 });
    assert_eq!(driven.answers[2], [gone]);
    assert_eq!(driven.answers[3], refused(400, "DeviceTokenNotForTopic"));
    assert_eq!(driven.answers[4], refused(413, "PayloadTooLarge"));
    assert_eq!(driven.answers[5], refused(400, "BadCollapseId"));
    assert_eq!(driven.answers[6], vec![sent; 20]);
    assert_eq!(driven.server.connections(), 2, "one, and another after the first ended");

    let accepted = driven.apple.take();
    assert_eq!(accepted.len(), 21);
    let Accepted { device, payload, headers } = &accepted[0];
    assert_eq!(device, DEVICE);
    assert_eq!(payload["aps"]["alert"], json!({ "title": "오늘의 질문", "body": "가장 오래된 기억" }));
    assert_eq!((&payload["aps"]["badge"], &payload["aps"]["mutable-content"]), (&json!(2), &json!(1)));
    let expires_s: i64 = headers["apns-expiration"].parse().expect("a time");
    assert!((now_s() + 3_500..=now_s() + 3_600).contains(&expires_s), "{expires_s}");
    let others: Vec<_> = ["apns-collapse-id", "apns-priority", "apns-push-type", "apns-topic"]
        .map(|name| headers[name].as_str())
        .into_iter()
        .collect();
    assert_eq!(others, ["question-1", "10", "alert", TOPIC]);
    let violations = driven.apple.violations();
    assert!(violations.len() == 2 && violations[0].ends_with(" bytes"), "{violations:?}");
    assert_eq!(violations[1], "BadCollapseId");

    let refused = drive(program, script, "OTHERKEYID", json!([[notification(DEVICE)]])).await;
    assert_eq!(refused.answers, [[json!({ "status": 403, "reason": "InvalidProviderToken" })]]);
    assert!(refused.apple.take().is_empty());
    driven
}

#[tokio::test]
async fn aioapns_of_python_sends_to_our_apple() {
    drives_our_apple(python(), "end2end/interop/apns.py").await;
}

#[tokio::test]
async fn node_apn_of_npm_sends_to_our_apple() {
    let driven = drives_our_apple(Path::new("node"), "end2end/interop/apns.mjs").await;
    assert_eq!(driven.tls.offered(), [["h2"], ["h2"]]);
}
