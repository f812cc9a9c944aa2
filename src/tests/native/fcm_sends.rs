//! Sends through FCM against a Google of our own: credentials, access tokens, targets, topics and answers.

use std::time::Duration;

use reqwest::Url;
use serde_json::{Map, Value, json};

use super::{
    fake_google::{FakeGoogle, PROJECT, fcm_error},
    h2_server::{H2Server, Reply},
};
use crate::{
    domain::Urgency,
    server::push::{
        PushHosts, PushOutcome, client,
        fcm::{Fcm, FcmMessage, FcmTarget, FcmUrls},
        fcm_account::ServiceAccount,
    },
};

fn no_hosts() -> PushHosts {
    PushHosts::parse("", "", true).expect("hosts")
}

const NOW_S: i64 = 1_795_860_000;
pub const NOW: i64 = NOW_S * 1_000;

pub async fn start() -> (FakeGoogle, H2Server, Fcm) {
    start_with(Duration::from_secs(20)).await
}

pub async fn start_with(timeout: Duration) -> (FakeGoogle, H2Server, Fcm) {
    let (google, server) = FakeGoogle::start(NOW_S).await;
    let url = |path: &str| Url::parse(&server.url()).expect("a URL").join(path).expect("a path");
    let urls = FcmUrls { api: url(""), token: url("token") };
    let account = ServiceAccount::parse(&FakeGoogle::account_json()).expect("an account");
    let fcm = Fcm::new(client::http2(no_hosts(), timeout).expect("a client"), account, &urls);
    (google, server, fcm)
}

pub fn message(target: FcmTarget<'_>) -> FcmMessage<'_> {
    let data: Map<String, Value> = [("id".to_owned(), json!("n1"))].into_iter().collect();
    FcmMessage { target, data, drawn: None, ttl_s: 3_600, urgency: Urgency::High }
}

#[tokio::test]
async fn a_message_reaches_its_device_under_one_access_token() {
    let (google, _server, fcm) = start().await;
    assert_eq!(fcm.project(), PROJECT);
    for target in [FcmTarget::Fid("f1"), FcmTarget::Token("t:1"), FcmTarget::Topic("news-ko")] {
        assert_eq!(fcm.send(&message(target), false, NOW).await, PushOutcome::Accepted { status: 200 });
    }
    let accepted = google.take();
    assert_eq!(
        accepted[1].message,
        json!({ "token": "t:1", "data": { "id": "n1" }, "android": { "priority": "HIGH", "ttl": "3600s" } })
    );
    let targets: Vec<_> = accepted.into_iter().map(|accepted| accepted.target).collect();
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(targets, [named("fid", "f1"), named("token", "t:1"), named("topic", "news-ko")]);
    assert_eq!(google.exchanges(), 1);
    assert!(google.violations().is_empty(), "{:?}", google.violations());
}

#[tokio::test]
async fn a_trial_is_checked_and_reaches_nobody() {
    let (google, _server, fcm) = start().await;
    assert_eq!(fcm.send(&message(FcmTarget::Token("t1")), true, NOW).await, PushOutcome::Accepted { status: 200 });
    assert_eq!((google.trials(), google.take().len()), (1, 0));
}

#[tokio::test]
async fn many_sends_at_once_exchange_one_token_and_it_is_renewed_five_minutes_early() {
    let (google, _server, fcm) = start().await;
    let message = message(FcmTarget::Token("t1"));
    let sends = (0..50).map(|_| fcm.send(&message, false, NOW));
    for outcome in futures_lite(sends).await {
        assert_eq!(outcome, PushOutcome::Accepted { status: 200 });
    }
    assert_eq!(google.exchanges(), 1);

    google.set_clock(NOW_S + 54 * 60);
    fcm.send(&message, false, NOW + 54 * 60_000).await;
    assert_eq!(google.exchanges(), 1, "six minutes are left");
    google.set_clock(NOW_S + 56 * 60);
    fcm.send(&message, false, NOW + 56 * 60_000).await;
    assert_eq!(google.exchanges(), 2);
}

/// Polls all futures at once.
async fn futures_lite<F: Future>(sends: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = sends.map(|send| (Box::pin(send), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_ready = true;
        for (send, output) in &mut pending {
            if output.is_none() {
                match send.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *output = Some(value),
                    std::task::Poll::Pending => is_ready = false,
                }
            }
        }
        if is_ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

#[tokio::test]
async fn a_token_that_google_forgot_is_exchanged_once_more() {
    let (google, _server, fcm) = start().await;
    fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
    google.revoke_tokens();
    assert_eq!(fcm.send(&message(FcmTarget::Token("t2")), false, NOW).await, PushOutcome::Accepted { status: 200 });
    assert_eq!(google.exchanges(), 2);

    google.answer_always(Some(Reply::status(401, json!({ "error": { "status": "UNAUTHENTICATED" } }).to_string())));
    let outcome = fcm.send(&message(FcmTarget::Token("t3")), false, NOW).await;
    assert!(matches!(outcome, PushOutcome::Held { status: Some(401), .. }), "{outcome:?}");
    assert_eq!(google.exchanges(), 3, "a second refusal is not asked about again");
}

#[tokio::test]
async fn a_refused_key_holds_the_message_and_is_not_asked_about_at_every_send() {
    let (google, _server, fcm) = start().await;
    google.set_clock(NOW_S + 3_600);
    for _ in 0..5 {
        let outcome = fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
        assert!(matches!(outcome, PushOutcome::Held { status: Some(400), .. }), "{outcome:?}");
    }
    assert_eq!(google.exchanges(), 1);
    google.set_clock(NOW_S);
    assert_eq!(
        fcm.send(&message(FcmTarget::Token("t1")), false, NOW + 61_000).await,
        PushOutcome::Accepted { status: 200 },
        "a minute later it is tried again"
    );
}

#[tokio::test]
async fn a_token_endpoint_that_is_down_delays_the_message() {
    let (google, _server, fcm) = start().await;
    google.answer_next_exchange(Reply::status(503, "<html>"));
    google.answer_next_exchange(Reply::status(200, "{}"));
    for status in [503, 200] {
        let outcome = fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
        let later = PushOutcome::RetryAfter { status: Some(status), after_ms: None, cause: "access token" };
        assert_eq!(outcome, later);
    }
    assert_eq!(fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await, PushOutcome::Accepted { status: 200 });
}

#[tokio::test]
async fn a_token_of_one_second_serves_one_send() {
    let (google, _server, fcm) = start().await;
    google.set_token_life(1);
    for expected in 1..=3 {
        fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
        assert_eq!(google.exchanges(), expected);
    }
    assert_eq!(google.take().len(), 3);
}

#[tokio::test]
async fn errors_over_the_wire_lead_to_their_outcomes() {
    let (google, _server, fcm) = start().await;
    google.answer_next(fcm_error(404, "NOT_FOUND", "UNREGISTERED"));
    google.answer_next(Reply::status(502, "<html><title>502 Bad Gateway</title></html>"));
    google.answer_next(Reply::Answer {
        status: 429,
        headers: vec![("retry-after", "90".to_owned())],
        body: String::new(),
    });
    google.answer_next(Reply::GoAway(h2::Reason::INTERNAL_ERROR));
    let outcome = async || fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
    assert_eq!(outcome().await, PushOutcome::Gone { status: 404, since: None });
    assert_eq!(outcome().await, PushOutcome::RetryAfter { status: Some(502), after_ms: None, cause: "service" });
    assert_eq!(
        outcome().await,
        PushOutcome::RetryAfter { status: Some(429), after_ms: Some(90_000), cause: "throttled" }
    );
    let cut = outcome().await;
    assert!(matches!(cut, PushOutcome::RetryAfter { status: None, .. }), "{cut:?}");
    assert_eq!(outcome().await, PushOutcome::Accepted { status: 200 }, "on a new connection");
}

#[tokio::test]
async fn a_topic_is_subscribed_twice_and_left_twice_without_harm() {
    let (google, _server, fcm) = start().await;
    for status in [200, 409] {
        assert_eq!(fcm.subscribe("reg:1/a", "news-ko", NOW).await, PushOutcome::Accepted { status });
    }
    assert_eq!(google.subscribers("news-ko"), ["reg:1/a"]);
    for _ in 0..2 {
        assert_eq!(fcm.unsubscribe("reg:1/a", "news-ko", NOW).await, PushOutcome::Accepted { status: 200 });
    }
    assert!(google.subscribers("news-ko").is_empty());
    assert!(google.violations().is_empty(), "{:?}", google.violations());
}

#[tokio::test]
async fn a_service_that_never_answers_delays_the_message() {
    let (google, _server, fcm) = start_with(Duration::from_millis(300)).await;
    google.answer_next(Reply::Hang);
    let hung = fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await;
    assert_eq!(hung, PushOutcome::RetryAfter { status: None, after_ms: None, cause: "timeout" });
    assert_eq!(fcm.send(&message(FcmTarget::Token("t1")), false, NOW).await, PushOutcome::Accepted { status: 200 });
}
