//! Firebase Cloud Messaging, HTTP v1: one message to one registration or topic, and what Google's answer means for us.
//! No queue and no retries here. Facts: the REST reference of `projects.messages` and its `ErrorCode`.

use reqwest::{
    Client, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    PushOutcome,
    client::{self, Http2},
    fcm_account::{AccessTokens, ServiceAccount, TokenError},
};
use crate::domain::Urgency;

/// Google's own limit of a message's data and notification together, in bytes.
pub const MAX_MESSAGE: usize = 4_096;
/// The limit of a message to a topic, in bytes.
pub const MAX_TOPIC_MESSAGE: usize = 2_048;
/// Four weeks, the longest `ttl` (and Google's default).
const LONGEST_TTL_S: u32 = 2_419_200;
/// The documented first wait after a quota was exceeded.
const QUOTA_WAIT_MS: i64 = 60 * 1_000;
const LONGEST_ANSWER: usize = 16 * 1024;

/// Whom a message is for; exactly one of the fields of `Message.target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FcmTarget<'a> {
    /// A Firebase installation id, which replaces registration tokens.
    Fid(&'a str),
    Token(&'a str),
    Topic(&'a str),
}

/// A message as FCM takes it. `data` holds strings only.
pub struct FcmMessage<'a> {
    pub target: FcmTarget<'a>,
    pub data: Map<String, Value>,
    /// For devices that ask the system to draw: title, body, tag and Android channel. A force-stopped app gets neither
    /// kind of message; a phone that only holds background work back shows this one.
    pub drawn: Option<Drawn<'a>>,
    pub ttl_s: u32,
    pub urgency: Urgency,
}

/// What the Android system draws by itself, without the app.
pub struct Drawn<'a> {
    pub title: &'a str,
    pub body: &'a str,
    pub tag: &'a str,
    pub channel: &'a str,
    pub unread: i64,
}

/// Where FCM is reached; tests and benchmarks name servers on loopback.
#[derive(Clone)]
pub struct FcmUrls {
    pub api: Url,
    pub token: Url,
}

impl Default for FcmUrls {
    fn default() -> Self {
        let url = |text| Url::parse(text).expect("a constant URL");
        Self { api: url("https://fcm.googleapis.com/"), token: url("https://oauth2.googleapis.com/token") }
    }
}

/// The way to one Firebase project.
pub struct Fcm {
    client: Client,
    tokens: AccessTokens,
    random: SystemRandom,
    send: Url,
    registrations: Url,
}

impl Fcm {
    pub fn new(http2: Http2, account: ServiceAccount, urls: &FcmUrls) -> Self {
        let at = |path: &str| {
            let path = format!("v1/projects/{}/{path}", account.project);
            urls.api.join(&path).expect("a project's id is plain letters")
        };
        let (send, registrations) = (at("messages:send"), at("registrations/"));
        Self {
            client: http2.client,
            tokens: AccessTokens::new(account, urls.token.clone()),
            random: SystemRandom::new(),
            send,
            registrations,
        }
    }

    pub fn project(&self) -> &str {
        self.tokens.project()
    }

    /// The name that failures are counted by. FCM's Web Push endpoints have another one.
    pub fn origin(&self) -> String {
        format!("fcm:{}", self.project())
    }

    /// Sends a message. With `is_trial` Google checks everything and reaches nobody (`validate_only`).
    pub async fn send(&self, message: &FcmMessage<'_>, is_trial: bool, now_ms: i64) -> PushOutcome {
        let body = message.to_json(is_trial).to_string();
        self.authorized(now_ms, |token| {
            let request = self.client.post(self.send.clone()).header(AUTHORIZATION, token);
            request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body.clone())
        })
        .await
    }

    /// Subscribes a registration to a topic; a repeated subscription (409) is a success.
    pub async fn subscribe(&self, registration: &str, topic: &str, now_ms: i64) -> PushOutcome {
        let mut url = self.subscriptions(registration);
        url.query_pairs_mut().append_pair("topic_name", topic);
        let outcome = self
            .authorized(now_ms, |token| {
                let request = self.client.post(url.clone()).header(AUTHORIZATION, token);
                request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body("{}")
            })
            .await;
        match outcome {
            PushOutcome::Rejected { status: 409, .. } => PushOutcome::Accepted { status: 409 },
            outcome => outcome,
        }
    }

    /// Ends a registration's subscription to a topic, if there is one.
    pub async fn unsubscribe(&self, registration: &str, topic: &str, now_ms: i64) -> PushOutcome {
        let mut url = self.subscriptions(registration);
        url.path_segments_mut().expect("an https URL has a path").push(topic);
        url.query_pairs_mut().append_pair("allow_missing", "true");
        self.authorized(now_ms, |token| self.client.delete(url.clone()).header(AUTHORIZATION, token)).await
    }

    fn subscriptions(&self, registration: &str) -> Url {
        let mut url = self.registrations.clone();
        url.path_segments_mut()
            .expect("an https URL has a path")
            .pop_if_empty()
            .push(registration)
            .push("topicSubscriptions");
        url
    }

    /// Sends a request under our access token. A token that FCM refuses is exchanged anew, once.
    async fn authorized(&self, now_ms: i64, request: impl Fn(HeaderValue) -> reqwest::RequestBuilder) -> PushOutcome {
        let mut is_second = false;
        loop {
            let token = match self.tokens.get(&self.client, &self.random, now_ms).await {
                Ok(token) => token,
                Err(TokenError::Refused { status, cause }) => {
                    return PushOutcome::Held { status: Some(status), cause };
                }
                Err(TokenError::Unavailable { status }) => {
                    return PushOutcome::RetryAfter { status, after_ms: None, cause: "access token" };
                }
            };
            let Ok(mut authorization) = HeaderValue::from_str(&format!("Bearer {token}")) else {
                return PushOutcome::Held { status: None, cause: "the access token is no header value" };
            };
            authorization.set_sensitive(true);
            let response = match request(authorization).send().await {
                Ok(response) => response,
                Err(error) => return client::failed(&error),
            };
            let (status, headers) = (response.status().as_u16(), response.headers().clone());
            let body = client::read_at_most(response, LONGEST_ANSWER).await;
            let outcome = answered(status, &headers, &body);
            if !is_second && matches!(outcome, PushOutcome::Held { status: Some(401), cause: UNAUTHENTICATED }) {
                is_second = true;
                self.tokens.drop_token(&token).await;
                continue;
            }
            return outcome;
        }
    }
}

impl FcmMessage<'_> {
    /// The body of `messages:send`.
    pub fn to_json(&self, is_trial: bool) -> Value {
        let priority = match self.urgency {
            Urgency::High => "HIGH",
            Urgency::Normal => "NORMAL",
        };
        let mut message = json!({
            "data": self.data,
            "android": { "priority": priority, "ttl": format!("{}s", self.ttl_s.min(LONGEST_TTL_S)) },
        });
        let (field, address) = match self.target {
            FcmTarget::Fid(fid) => ("fid", fid),
            FcmTarget::Token(token) => ("token", token),
            FcmTarget::Topic(topic) => ("topic", topic),
        };
        message[field] = address.into();
        if let Some(drawn) = &self.drawn {
            message["notification"] = json!({ "title": drawn.title, "body": drawn.body });
            message["android"]["notification"] = json!({
                "tag": drawn.tag,
                "channel_id": drawn.channel,
                "notification_count": drawn.unread,
            });
        }
        json!({ "validate_only": is_trial, "message": message })
    }
}

const UNAUTHENTICATED: &str = "FCM refuses the access token";

#[derive(Deserialize, Default)]
struct Answer {
    #[serde(default)]
    error: Status,
}

/// `google.rpc.Status`, as far as it is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Status {
    message: String,
    status: String,
    details: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    #[serde(rename = "@type")]
    kind: String,
    #[serde(rename = "errorCode")]
    code: String,
    #[serde(rename = "fieldViolations")]
    violations: Vec<Violation>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Violation {
    field: String,
}

impl Status {
    /// The code of FCM itself; `status` alone would say NOT_FOUND for a wrong project too.
    fn fcm_code(&self) -> Option<&str> {
        let detail = self.details.iter().find(|detail| detail.kind.ends_with("firebase.fcm.v1.FcmError"));
        detail.map(|detail| detail.code.as_str())
    }

    /// Whether the address is what is invalid, and not our message.
    fn blames_address(&self) -> bool {
        let fields = ["message.token", "message.fid", "token", "fid"];
        self.details.iter().flat_map(|detail| &detail.violations).any(|one| fields.contains(&one.field.as_str()))
            || self.message.contains("registration token is not a valid FCM registration token")
    }
}

/// The error table of FCM HTTP v1. Gateways answer 502 in HTML: a body that is no JSON is judged by its status.
pub(super) fn answered(status: u16, headers: &HeaderMap, body: &[u8]) -> PushOutcome {
    let error = serde_json::from_slice::<Answer>(body).unwrap_or_default().error;
    let code = error.fcm_code();
    let asked = client::retry_after_ms(headers);
    let later = |cause| PushOutcome::RetryAfter { status: Some(status), after_ms: asked, cause };
    let rejected = |cause| PushOutcome::Rejected { status, cause };
    let held = |cause| PushOutcome::Held { status: Some(status), cause };
    match (status, code) {
        (200..=299, _) => PushOutcome::Accepted { status },
        (404, Some("UNREGISTERED")) => PushOutcome::Gone { status, since: None },
        (404, _) => held("the Firebase project does not exist, or its messaging API is off"),
        (400, _) if error.blames_address() => PushOutcome::Gone { status, since: None },
        (400, _) => rejected("request"),
        (403, Some("SENDER_ID_MISMATCH")) => rejected("the device registered with another Firebase project"),
        (401, Some("THIRD_PARTY_AUTH_ERROR" | "APNS_AUTH_ERROR")) => held("the APNs or web key inside Firebase"),
        (401, _) => held(UNAUTHENTICATED),
        (403, _) => held("the service account may not send messages"),
        (429, _) => PushOutcome::RetryAfter {
            status: Some(status),
            after_ms: Some(asked.unwrap_or(0).max(QUOTA_WAIT_MS)),
            cause: "throttled",
        },
        (408, _) => later("timeout"),
        (500.., _) => later("service"),
        (300..=399, _) => rejected("redirect"),
        (413, _) => rejected("size"),
        _ => rejected("other"),
    }
}

#[cfg(test)]
#[path = "fcm_tests.rs"]
mod tests;
