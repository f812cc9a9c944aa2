//! Apple Push Notification service: one notification to one device token over HTTP/2, and what Apple's answer means
//! for us. No queue here. Facts: Apple's "Sending notification requests to APNs", "Handling notification responses
//! from APNs", "Establishing a token-based connection to APNs".

use std::sync::atomic::{AtomicI64, Ordering};

use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    PushOutcome,
    apns_service::Service,
    apns_token::{ApnsAccount, MINUTE_MS, Minted, Minter, TOKEN_MIN_USE_MS},
    client::{self, Http2},
};
use crate::domain::{ApnsEnvironment, Millis, Urgency};

/// The largest payload of an alert, in bytes.
pub const MAX_PAYLOAD: usize = 4_096;
const LONGEST_ANSWER: usize = 16 * 1024;

const TOPIC: HeaderName = HeaderName::from_static("apns-topic");
const PUSH_TYPE: HeaderName = HeaderName::from_static("apns-push-type");
const PRIORITY: HeaderName = HeaderName::from_static("apns-priority");
const EXPIRATION: HeaderName = HeaderName::from_static("apns-expiration");
const COLLAPSE_ID: HeaderName = HeaderName::from_static("apns-collapse-id");
const ID: HeaderName = HeaderName::from_static("apns-id");

/// Where APNs is reached; tests and benchmarks name servers on loopback.
#[derive(Clone)]
pub struct ApnsUrls {
    pub production: Url,
    pub sandbox: Url,
}

impl Default for ApnsUrls {
    fn default() -> Self {
        let url = |text| Url::parse(text).expect("a constant URL");
        Self { production: url("https://api.push.apple.com/"), sandbox: url("https://api.sandbox.push.apple.com/") }
    }
}

/// A notification as APNs takes it.
pub struct ApnsMessage<'a> {
    /// The device token in hex.
    pub token: &'a str,
    pub environment: ApnsEnvironment,
    /// The JSON with its `aps` dictionary.
    pub payload: &'a Value,
    /// `apns-collapse-id`, at most 64 bytes: a later notification of the same id replaces the earlier one.
    pub collapse_id: &'a str,
    /// A UUID that Apple's answer and logs repeat.
    pub id: &'a str,
    /// Epoch seconds; after this Apple stops trying.
    pub expires_at_s: i64,
    pub urgency: Urgency,
    /// When the device last gave us this token: an older 410 is about an earlier registration.
    pub renewed_at: Millis,
}

/// What a send taught us besides its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApnsResult {
    pub outcome: PushOutcome,
    /// The service that knows the token, where it is not the one that was named.
    pub learned: Option<ApnsEnvironment>,
}

/// The way to Apple for one bundle id.
pub struct Apns {
    minter: Minter,
    production: Service,
    sandbox: Service,
    /// When Apple last refused a provider token because the one before was too young (`TooManyProviderTokenUpdates`),
    /// in epoch ms.
    held_since: AtomicI64,
}

impl Apns {
    pub fn new(http2: Http2, account: ApnsAccount, urls: &ApnsUrls) -> Self {
        Self {
            minter: Minter::new(account),
            production: Service::new(http2.clone(), urls.production.clone()),
            sandbox: Service::new(http2, urls.sandbox.clone()),
            held_since: AtomicI64::new(i64::MIN),
        }
    }

    pub fn topic(&self) -> &str {
        &self.minter.account.topic
    }

    fn service(&self, environment: ApnsEnvironment) -> &Service {
        match environment {
            ApnsEnvironment::Production => &self.production,
            ApnsEnvironment::Sandbox => &self.sandbox,
        }
    }

    /// The host that a circuit breaker counts failures by.
    pub fn host(&self, environment: ApnsEnvironment) -> &str {
        self.service(environment).url.host_str().unwrap_or_default()
    }

    /// Sends a notification. A token that one service calls bad is tried at the other once.
    pub async fn send(&self, message: &ApnsMessage<'_>, now_ms: i64) -> ApnsResult {
        let outcome = self.send_to(message, message.environment, now_ms).await;
        if outcome != BAD_TOKEN {
            return ApnsResult { outcome, learned: None };
        }
        let other = message.environment.other();
        let outcome = match self.send_to(message, other, now_ms).await {
            accepted @ PushOutcome::Accepted { .. } => return ApnsResult { outcome: accepted, learned: Some(other) },
            BAD_TOKEN => PushOutcome::Gone { status: 400, since: None },
            // A key may be valid for one environment. Then the device belongs to the other, and messages to the first
            // are in order: nothing there may wait for this one.
            PushOutcome::Held { status, cause } => PushOutcome::Rejected { status: status.unwrap_or(403), cause },
            outcome => outcome,
        };
        ApnsResult { outcome, learned: None }
    }

    async fn send_to(&self, message: &ApnsMessage<'_>, environment: ApnsEnvironment, now_ms: i64) -> PushOutcome {
        // The right time is far from a refusal under a wrong clock: then the pause is over.
        let held_since = self.held_since.load(Ordering::Relaxed);
        if now_ms.abs_diff(held_since) < TOKEN_MIN_USE_MS.unsigned_abs() {
            let after_ms = (held_since + TOKEN_MIN_USE_MS - now_ms).min(TOKEN_MIN_USE_MS);
            return PushOutcome::RetryAfter { status: Some(429), after_ms: Some(after_ms), cause: UPDATES };
        }
        let mut minted = self.minter.get(now_ms);
        let mut is_second = false;
        loop {
            let outcome = self.post(message, environment, &minted, now_ms).await;
            match outcome {
                PushOutcome::Held { cause: EXPIRED_TOKEN, .. } if !is_second => {
                    is_second = true;
                    match self.minter.renew(&minted, now_ms) {
                        Some(fresh) => minted = fresh,
                        None => return outcome,
                    }
                }
                PushOutcome::RetryAfter { cause: UPDATES, .. } => {
                    self.held_since.store(now_ms, Ordering::Relaxed);
                    return outcome;
                }
                outcome => return outcome,
            }
        }
    }

    async fn post(
        &self,
        message: &ApnsMessage<'_>,
        environment: ApnsEnvironment,
        minted: &Minted,
        now_ms: i64,
    ) -> PushOutcome {
        let service = self.service(environment);
        let Some(headers) = self.headers(message, minted) else {
            return PushOutcome::Rejected { status: 0, cause: "a header that HTTP cannot carry" };
        };
        let Ok(url) = service.url.join(&format!("3/device/{}", message.token)) else {
            return PushOutcome::Rejected { status: 0, cause: "a device token that is no path" };
        };
        let body = message.payload.to_string();
        let request = |client: &Client| client.post(url.clone()).headers(headers.clone()).body(body.clone());
        let response = match service.send(request).await {
            Ok(response) => response,
            Err(outcome) => return outcome,
        };
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = client::read_at_most(response, LONGEST_ANSWER).await;
        // A registration that a wrong clock dated ahead would outlive every 410.
        let renewed_at = if message.renewed_at.0 > now_ms { Millis(i64::MIN) } else { message.renewed_at };
        answered(status, &headers, &body, renewed_at)
    }

    fn headers(&self, message: &ApnsMessage<'_>, minted: &Minted) -> Option<HeaderMap> {
        let text = |text: &str| HeaderValue::from_str(text).ok();
        let priority = match message.urgency {
            Urgency::High => "10",
            Urgency::Normal => "5",
        };
        let mut headers = HeaderMap::with_capacity(7);
        headers.insert(AUTHORIZATION, minted.header.clone());
        headers.insert(TOPIC, text(self.topic())?);
        headers.insert(PUSH_TYPE, HeaderValue::from_static("alert"));
        headers.insert(PRIORITY, HeaderValue::from_static(priority));
        headers.insert(EXPIRATION, HeaderValue::from(message.expires_at_s.max(0)));
        headers.insert(COLLAPSE_ID, text(message.collapse_id)?);
        headers.insert(ID, text(message.id)?);
        Some(headers)
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    reason: String,
    /// Epoch ms: when Apple last confirmed that the token is invalid.
    timestamp: Option<i64>,
}

const EXPIRED_TOKEN: &str = "Apple calls our token expired: the clock may be wrong";
const UPDATES: &str = "provider tokens were renewed too often";
/// Not this service's token; the other one may know it.
const BAD_TOKEN: PushOutcome = PushOutcome::Rejected { status: 400, cause: "BadDeviceToken" };

/// The error table of APNs: status and reason become what happens next.
pub(super) fn answered(status: u16, headers: &HeaderMap, body: &[u8], renewed_at: Millis) -> PushOutcome {
    let answer = serde_json::from_slice::<Answer>(body).unwrap_or_default();
    let asked = client::retry_after_ms(headers);
    let later = |cause| PushOutcome::RetryAfter { status: Some(status), after_ms: asked, cause };
    let rejected = |cause| PushOutcome::Rejected { status, cause };
    let held = |cause| PushOutcome::Held { status: Some(status), cause };
    match (status, answer.reason.as_str()) {
        (200..=299, _) => PushOutcome::Accepted { status },
        (410, _) => match answer.timestamp.map(Millis) {
            // The device registered again after Apple last looked: the 410 is about an earlier registration.
            Some(since) if since <= renewed_at => later("unregistered before its last registration"),
            since => PushOutcome::Gone { status, since },
        },
        (400, "BadDeviceToken") => BAD_TOKEN,
        (400, "DeviceTokenNotForTopic" | "TopicDisallowed") | (403, "Forbidden") => {
            rejected("the device belongs to another bundle id")
        }
        (403, "ExpiredProviderToken") => held(EXPIRED_TOKEN),
        (403, _) => held("Apple refuses the APNs key, its id, the team id or its environment"),
        (429, "TooManyProviderTokenUpdates") => {
            PushOutcome::RetryAfter { status: Some(status), after_ms: Some(TOKEN_MIN_USE_MS), cause: UPDATES }
        }
        (429, _) => PushOutcome::RetryAfter {
            status: Some(status),
            after_ms: Some(asked.unwrap_or(0).max(MINUTE_MS)),
            cause: "throttled",
        },
        (400, "IdleTimeout") => later("connection"),
        (500.., _) => later("service"),
        (408, _) => later("timeout"),
        (413, _) => rejected("size"),
        _ => rejected("request"),
    }
}

#[cfg(test)]
#[path = "apns_tests.rs"]
mod tests;
