//! Sends one Web Push to one endpoint and turns the service's answer into an outcome. Queue, retries and encryption are
//! elsewhere. Every send checks the endpoint again: the URL is parsed anew, and the client's resolver checks addresses.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};
use url::Url;

use super::{
    client::{
        BODY_BYTES, CONNECT, Guard, Lookup, SenderError, SystemLookup, TOTAL, client, failed, read_at_most,
        retry_after_ms,
    },
    endpoint::{Endpoint, PushHosts},
    outcome::{GuardError, PushOutcome},
};
use crate::domain::Urgency;

const TTL: HeaderName = HeaderName::from_static("ttl");
const URGENCY: HeaderName = HeaderName::from_static("urgency");
const TOPIC: HeaderName = HeaderName::from_static("topic");

/// An encrypted and signed push (RFC 8030 §5). It has no `Debug`, because it contains a capability URL and a token.
pub struct PushMessage<'a> {
    pub endpoint: &'a str,
    /// RFC 8188 `aes128gcm`.
    pub body: Vec<u8>,
    /// The whole `Authorization` value (RFC 8292 §3).
    pub authorization: &'a str,
    pub ttl_s: u32,
    pub urgency: Urgency,
    /// At most 32 characters of URL-safe base64 (RFC 8030 §5.4).
    pub topic: &'a str,
}

/// Sends pushes over connections that are kept open. Clones share the connections.
#[derive(Clone)]
pub struct PushSender {
    client: Client,
    guard: Arc<Guard>,
}

impl PushSender {
    pub fn new(hosts: PushHosts) -> Result<Self, SenderError> {
        Self::with_resolver(hosts, Arc::new(SystemLookup))
    }

    pub fn with_resolver(hosts: PushHosts, resolver: Arc<dyn Lookup>) -> Result<Self, SenderError> {
        let guard = Guard::new(hosts, resolver);
        Ok(Self { client: client(guard.clone(), TOTAL, CONNECT)?, guard })
    }

    /// Returns a sender with other timeouts and without open connections.
    pub fn with_timeouts(self, total: Duration, connect: Duration) -> Result<Self, SenderError> {
        Ok(Self { client: client(self.guard.clone(), total, connect)?, guard: self.guard })
    }

    pub async fn send(&self, message: PushMessage<'_>) -> PushOutcome {
        // The endpoint was checked when it was stored, but the list of allowed hosts may have become shorter since.
        match Endpoint::parse(message.endpoint, &self.guard.hosts) {
            Ok(endpoint) => self.post(endpoint.into_url(), message).await,
            Err(error) => PushOutcome::Refused(error.into()),
        }
    }

    async fn post(&self, url: Url, message: PushMessage<'_>) -> PushOutcome {
        let (Ok(mut authorization), Ok(topic)) =
            (HeaderValue::from_str(message.authorization), HeaderValue::from_str(message.topic))
        else {
            return PushOutcome::Refused(GuardError::Header);
        };
        authorization.set_sensitive(true);
        let urgency = if message.urgency == Urgency::High { "high" } else { "normal" };
        let request = self
            .client
            .post(url)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"))
            .header(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"))
            .header(TTL, HeaderValue::from(message.ttl_s))
            .header(URGENCY, HeaderValue::from_static(urgency))
            .header(TOPIC, topic)
            .body(message.body);
        match request.send().await {
            Ok(response) => {
                let outcome = answered(response.status().as_u16(), response.headers());
                read_at_most(response, BODY_BYTES).await;
                outcome
            }
            Err(error) => failed(&error),
        }
    }
}

/// Maps a status to an outcome (RFC 8030 §5 and the services' documentation). An unknown status counts as its class
/// (RFC 9110 §15).
fn answered(status: u16, headers: &HeaderMap) -> PushOutcome {
    let later = |cause| PushOutcome::RetryAfter { status: Some(status), after_ms: retry_after_ms(headers), cause };
    let rejected = |cause| PushOutcome::Rejected { status, cause };
    match status {
        200..=299 => PushOutcome::Accepted { status },
        404 | 410 => PushOutcome::Gone { status, since: None },
        408 => later("timeout"),
        429 => later("throttled"),
        500.. => later("service"),
        300..=399 => rejected("redirect"),
        400 => rejected("request"),
        401 | 403 => rejected("authorization"),
        413 => rejected("size"),
        _ => rejected("other"),
    }
}

#[cfg(test)]
#[path = "sender_tests/mod.rs"]
mod tests;
