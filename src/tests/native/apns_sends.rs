//! Sends through APNs against an Apple of our own over HTTP/2: streams, tokens, environments and cut connections.

use std::{sync::Arc, time::Duration};

use reqwest::Url;
use serde_json::{Value, json};

use super::{
    apple_key,
    fake_apple::{FakeApple, KEY_ID, TEAM, TOPIC, apns_error, gone},
    h2_server::{H2Server, Reply},
};
use crate::{
    domain::{ApnsEnvironment, Millis, Urgency},
    server::push::{
        PushHosts, PushOutcome,
        apns::{Apns, ApnsMessage, ApnsResult, ApnsUrls},
        apns_token::ApnsAccount,
        client::{self, Http2},
    },
};

pub fn no_hosts() -> PushHosts {
    PushHosts::parse("", "", true).expect("hosts")
}

pub const NOW_S: i64 = 1_795_860_000;
pub const NOW: i64 = NOW_S * 1_000;
const DEVICE: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

pub struct Apple {
    pub production: FakeApple,
    pub sandbox: FakeApple,
    pub server: H2Server,
    pub sandbox_server: H2Server,
    apns: Arc<Apns>,
}

pub async fn start() -> Apple {
    start_with(Duration::from_secs(20)).await
}

pub async fn start_with(timeout: Duration) -> Apple {
    let (key, public) = apple_key();
    let account = ApnsAccount::parse(&key, KEY_ID, TEAM, TOPIC).expect("an account");
    let (production, server) = FakeApple::start(NOW_S, public.clone()).await;
    let (sandbox, sandbox_server) = FakeApple::start(NOW_S, public).await;
    let url = |server: &H2Server| Url::parse(&server.url()).expect("a URL");
    let urls = ApnsUrls { production: url(&server), sandbox: url(&sandbox_server) };
    let apns = Arc::new(Apns::new(client::http2(no_hosts(), timeout).expect("a client"), account, &urls));
    Apple { production, sandbox, server, sandbox_server, apns }
}

/// A sender with this key, for which both services are at one address.
pub fn sender(http2: Http2, key: &str, url: &str) -> Apns {
    let account = ApnsAccount::parse(key, KEY_ID, TEAM, TOPIC).expect("an account");
    let url = Url::parse(url).expect("a URL");
    Apns::new(http2, account, &ApnsUrls { production: url.clone(), sandbox: url })
}

fn payload() -> Value {
    json!({ "aps": { "alert": { "title": "오늘의 질문", "body": "가장 오래된 기억" }, "badge": 1 } })
}

pub fn message(payload: &Value) -> ApnsMessage<'_> {
    ApnsMessage {
        token: DEVICE,
        environment: ApnsEnvironment::Production,
        payload,
        collapse_id: "question-1",
        id: "018f3c1a-7b2d-7abc-8def-0123456789ab",
        expires_at_s: NOW_S + 3_600,
        urgency: Urgency::High,
        renewed_at: Millis(NOW - 1_000),
    }
}

impl Apple {
    async fn send(&self) -> ApnsResult {
        let payload = payload();
        self.apns.send(&message(&payload), NOW).await
    }

    pub async fn outcome(&self) -> PushOutcome {
        self.send().await.outcome
    }
}

#[tokio::test]
async fn a_notification_arrives_with_its_headers() {
    let apple = start().await;
    assert_eq!(apple.send().await, ApnsResult { outcome: PushOutcome::Accepted { status: 200 }, learned: None });
    let accepted = apple.production.take();
    assert_eq!(accepted[0].device, DEVICE);
    assert_eq!(accepted[0].payload, payload());
    let headers: Vec<_> = accepted[0].headers.values().map(String::as_str).collect();
    assert_eq!(headers, ["question-1", &(NOW_S + 3_600).to_string(), "10", "alert", TOPIC]);
    assert!(apple.production.violations().is_empty(), "{:?}", apple.production.violations());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_stream_runs_until_the_first_token_was_accepted_and_many_afterwards() {
    let apple = Arc::new(start().await);
    let mut sends = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let apple = apple.clone();
        sends.spawn(async move { apple.outcome().await });
    }
    for outcome in sends.join_all().await {
        assert_eq!(outcome, PushOutcome::Accepted { status: 200 });
    }
    assert!(apple.production.violations().is_empty(), "{:?}", apple.production.violations());
    assert_eq!(apple.production.tokens(), 1);
    assert_eq!(apple.server.connections(), 1);
    assert!(apple.server.most_streams_at_once() > 1);
}

#[tokio::test]
async fn a_token_of_the_other_environment_is_learned() {
    let apple = start().await;
    apple.production.know_only(&[]);
    let learned = Some(ApnsEnvironment::Sandbox);
    assert_eq!(apple.send().await, ApnsResult { outcome: PushOutcome::Accepted { status: 200 }, learned });
    assert_eq!(apple.sandbox.take().len(), 1);

    apple.sandbox.answer_next(apns_error(503, "ServiceUnavailable"));
    let later = PushOutcome::RetryAfter { status: Some(503), after_ms: None, cause: "service" };
    assert_eq!(apple.outcome().await, later, "the other service could not say");

    apple.sandbox.answer_next(apns_error(403, "BadEnvironmentKeyInToken"));
    let refused = apple.outcome().await;
    assert!(matches!(refused, PushOutcome::Rejected { status: 403, .. }), "a key of one environment: {refused:?}");

    apple.sandbox.know_only(&[]);
    assert_eq!(apple.outcome().await, PushOutcome::Gone { status: 400, since: None }, "both say no");
}

#[tokio::test]
async fn a_410_counts_only_after_the_last_registration() {
    let apple = start().await;
    apple.production.answer_next(gone(NOW));
    apple.production.answer_next(gone(NOW - 1_000));
    assert_eq!(apple.outcome().await, PushOutcome::Gone { status: 410, since: Some(Millis(NOW)) });
    assert!(matches!(apple.outcome().await, PushOutcome::RetryAfter { status: Some(410), .. }));
}

#[tokio::test]
async fn connections_that_end_are_survived() {
    let apple = start().await;
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 });
    // A refused stream was not processed: the client sends it again by itself.
    apple.production.answer_next(Reply::Refuse);
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 });
    apple.production.answer_next(Reply::LastAnswer { status: 200, body: String::new() });
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 });
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 }, "on a new connection");
    apple.production.answer_next(Reply::GoAway(h2::Reason::ENHANCE_YOUR_CALM));
    let cut = apple.outcome().await;
    assert!(matches!(cut, PushOutcome::RetryAfter { status: None, .. }), "{cut:?}");
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 });
    assert!(apple.server.connections() >= 3);
    assert!(apple.production.violations().is_empty(), "{:?}", apple.production.violations());
}

#[tokio::test]
async fn a_clock_that_is_off_holds_and_too_many_tokens_pause_the_service() {
    let apple = start().await;
    apple.production.set_clock(NOW_S + 2 * 3_600);
    assert!(matches!(apple.outcome().await, PushOutcome::Held { status: Some(403), .. }));
    apple.production.set_clock(NOW_S);
    apple.production.answer_next(apns_error(429, "TooManyProviderTokenUpdates"));
    let pause = PushOutcome::RetryAfter {
        status: Some(429),
        after_ms: Some(1_200_000),
        cause: "provider tokens were renewed too often",
    };
    assert_eq!(apple.outcome().await, pause);
    assert_eq!(apple.outcome().await, pause, "Apple is left alone");
    assert!(apple.production.take().is_empty());
}

#[tokio::test]
async fn credentials_that_apple_refuses_hold_every_message() {
    let apple = start().await;
    for reason in ["InvalidProviderToken", "BadEnvironmentKeyInToken", "UnrelatedKeyIdInToken"] {
        apple.production.answer_always(Some(apns_error(403, reason)));
        assert!(matches!(apple.outcome().await, PushOutcome::Held { status: Some(403), .. }), "{reason}");
    }
    apple.production.answer_always(None);
    assert_eq!(apple.outcome().await, PushOutcome::Accepted { status: 200 });
}
