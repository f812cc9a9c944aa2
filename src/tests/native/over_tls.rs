//! The senders of FCM and APNs over TLS: which authorities they trust, and which protocol they offer.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::{
    apns_sends::{NOW, NOW_S, message, no_hosts, sender},
    apple_key,
    fake_apple::FakeApple,
    h2_server::H2Server,
    tls::{self, ServerTls},
};
use crate::server::push::{
    PushOutcome,
    client::{self, Http2},
};

struct Apple {
    apple: FakeApple,
    server: H2Server,
    key: String,
}

async fn start(tls: &ServerTls) -> Apple {
    let (key, public) = apple_key();
    let apple = FakeApple::new(NOW_S, public);
    let server = H2Server::start_tls(Arc::new(apple.clone()), tls.clone()).await;
    Apple { apple, server, key }
}

impl Apple {
    async fn send(&self, http2: Http2) -> PushOutcome {
        let apns = sender(http2, &self.key, &self.server.url());
        let payload = json!({ "aps": { "alert": "오늘의 질문" } });
        apns.send(&message(&payload), NOW).await.outcome
    }
}

fn trusting_the_test_authority() -> Http2 {
    client::http2_trusting(no_hosts(), Duration::from_secs(20), tls::roots()).expect("a client")
}

const TLS_FAILED: PushOutcome = PushOutcome::RetryAfter { status: None, after_ms: None, cause: "tls" };

#[tokio::test]
async fn http_2_alone_is_offered_to_a_server_of_a_known_authority() {
    let tls = ServerTls::speaking(&["h2", "http/1.1"]);
    let apple = start(&tls).await;

    let outcome = apple.send(trusting_the_test_authority()).await;

    assert_eq!(outcome, PushOutcome::Accepted { status: 200 });
    assert_eq!(tls.offered(), [["h2"]]);
    assert_eq!(apple.apple.take().len(), 1);
    assert!(apple.apple.violations().is_empty(), "{:?}", apple.apple.violations());
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_gets_no_request() {
    let tls = ServerTls::speaking(&["h2"]);
    let apple = start(&tls).await;

    let outcome = apple.send(client::http2(no_hosts(), Duration::from_secs(20)).expect("a client")).await;

    assert_eq!(outcome, TLS_FAILED);
    assert_eq!(tls.offered(), [["h2"]], "the handshake began");
    assert_eq!(apple.server.requests(), 0);
}

#[tokio::test]
async fn a_server_that_speaks_http_1_alone_gets_no_request() {
    let tls = ServerTls::speaking(&["http/1.1"]);
    let apple = start(&tls).await;

    assert_eq!(apple.send(trusting_the_test_authority()).await, TLS_FAILED);
    assert_eq!(apple.server.requests(), 0);
}
