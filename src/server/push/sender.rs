//! Sends one push to one endpoint and turns the service's answer into an outcome. Queue, retries and encryption are
//! elsewhere. Every send checks the endpoint again: the URL is parsed anew, and the client's own resolver refuses
//! addresses that are not public. The checked address is the one that is connected to, so a host name that changes its
//! address in between (DNS rebinding) reaches nothing.
//!
//! The TLS roots are Mozilla's, compiled in, so that the server runs without a `ca-certificates` package.

use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use reqwest::{
    Client, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use url::Url;

use crate::domain::Urgency;

use super::endpoint::{Endpoint, EndpointError, PushHosts, is_public};

const TOTAL: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(5);
/// The most that is read of an answer's body. Services answer with a few hundred bytes; reading them keeps the
/// connection usable.
const BODY_BYTES: usize = 16 * 1024;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

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

/// What the outbox does next. Causes are single words for the log; no variant contains the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushOutcome {
    /// The service accepted the push. Whether the device gets it is not known.
    Accepted { status: u16 },
    /// The subscription has ended.
    Gone { status: u16 },
    /// Try again later. `after_ms` is the time that the service asked for, at most a day.
    RetryAfter { status: Option<u16>, after_ms: Option<i64>, cause: &'static str },
    /// Sending the same again would not help.
    Rejected { status: u16, cause: &'static str },
    /// Our own check refused the endpoint. No connection was made.
    Refused(GuardError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuardError {
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("the endpoint's host has an address that is not public")]
    NotPublic,
    #[error("the message has a header that HTTP cannot carry")]
    Header,
}

#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    #[error("no TLS for push: {0}")]
    Tls(#[from] rustls::Error),
    #[error("no HTTP client for push: {0}")]
    Client(#[from] reqwest::Error),
}

pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves host names to addresses.
pub trait Lookup: Send + Sync {
    fn lookup(&self, host: String) -> Looking;
}

struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> Looking {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 443)).await?.map(|address| address.ip()).collect()) })
    }
}

/// The client's resolver. It is not asked about hosts that are IP addresses; of those, only the exact loopback hosts of
/// `PUSH_EXTRA_HOSTS` become an [`Endpoint`].
struct Guard {
    hosts: PushHosts,
    lookup: Arc<dyn Lookup>,
    is_public: fn(IpAddr) -> bool,
}

#[derive(Debug, thiserror::Error)]
#[error("an address that is not public")]
struct NotPublic;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        if name.as_str() == "localhost" && self.hosts.has_localhost() {
            return Box::pin(async { Ok(without_port(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()])) });
        }
        let (looking, is_public) = (self.lookup.lookup(name.as_str().to_owned()), self.is_public);
        Box::pin(async move {
            let addresses = looking.await?;
            if addresses.is_empty() {
                return Err(io::Error::from(io::ErrorKind::NotFound).into());
            }
            // The client tries every address, so one private address among public ones is refused too.
            if !addresses.iter().all(|address| is_public(*address)) {
                return Err(NotPublic.into());
            }
            Ok(without_port(addresses))
        })
    }
}

/// Adds port 0, which the client replaces by the URL's port.
fn without_port(addresses: Vec<IpAddr>) -> Addrs {
    Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)))
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
        let guard = Arc::new(Guard { hosts, lookup: resolver, is_public });
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
                read_to_keep(response).await;
                outcome
            }
            Err(error) => failed(&error),
        }
    }
}

/// Builds the client: TLS 1.2 and 1.3 by ring without a process-wide provider, and HTTP/2 where the service offers it.
fn client(guard: Arc<Guard>, total: Duration, connect: Duration) -> Result<Client, SenderError> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // reqwest adds no ALPN to a TLS configuration that it is given.
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // Idle connections are kept for 90 s. Their number needs no limit, because it never exceeds that of parallel sends.
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(guard)
        .user_agent("umbba")
        .timeout(total)
        .connect_timeout(connect)
        .redirect(redirect::Policy::none())
        // A proxy would resolve the name itself and so bypass the guard.
        .no_proxy()
        .http2_initial_stream_window_size(BODY_BYTES as u32);
    Ok(client.build()?)
}

/// Maps a status to an outcome (RFC 8030 §5 and the services' documentation). An unknown status counts as its class
/// (RFC 9110 §15).
fn answered(status: u16, headers: &HeaderMap) -> PushOutcome {
    let later = |cause| PushOutcome::RetryAfter { status: Some(status), after_ms: retry_after_ms(headers), cause };
    let rejected = |cause| PushOutcome::Rejected { status, cause };
    match status {
        200..=299 => PushOutcome::Accepted { status },
        404 | 410 => PushOutcome::Gone { status },
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

/// Reads a short body to its end, because an unread body closes the connection. An error here is ignored: the status
/// alone decides the outcome.
async fn read_to_keep(mut response: Response) {
    let mut read = 0;
    while read <= BODY_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read += chunk.len();
    }
}

/// Maps a failed request to an outcome with a one-word cause. The client's own error messages contain the URL.
fn failed(error: &reqwest::Error) -> PushOutcome {
    if is_caused_by::<NotPublic>(error) {
        return PushOutcome::Refused(GuardError::NotPublic);
    }
    if error.is_builder() {
        // The URL is valid for WHATWG and invalid for RFC 3986.
        return PushOutcome::Refused(GuardError::Endpoint(EndpointError::Malformed));
    }
    let causes = [
        ("timeout", error.is_timeout()),
        ("dns", error.is_dns()),
        ("tls", is_caused_by::<rustls::Error>(error)),
        ("connect", error.is_connect()),
    ];
    let cause = causes.iter().find(|(_, is_so)| *is_so).map_or("connection", |(cause, _)| cause);
    PushOutcome::RetryAfter { status: None, after_ms: None, cause }
}

fn is_caused_by<E: Error + 'static>(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<E>() {
            return true;
        }
        // `io::Error::source` skips the error that it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    false
}

/// Reads `Retry-After` in milliseconds (RFC 9110 §10.2.3), at most a day. A date is compared with the answer's own
/// `Date`, because both come from the service's clock and ours may be wrong.
fn retry_after_ms(headers: &HeaderMap) -> Option<i64> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let after = text(RETRY_AFTER)?;
    let is_seconds = !after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit());
    let wait = if is_seconds {
        after.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1_000)
    } else {
        let [until, now] = [after, text(DATE)?].map(|date| httpdate::parse_http_date(date).ok());
        i64::try_from(until?.duration_since(now?).ok()?.as_millis()).unwrap_or(i64::MAX)
    };
    Some(wait.min(DAY_MS))
}

#[cfg(test)]
#[path = "sender_tests/mod.rs"]
mod tests;
