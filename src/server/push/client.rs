//! What the senders of all providers share: the HTTP clients with their guard, reading an answer, and what a failed
//! request means. The clients' own resolver refuses addresses that are not public. The checked address is the one that
//! is connected to, so a host name that changes its address in between (DNS rebinding) reaches nothing.
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
    Client, ClientBuilder, Response,
    dns::{Addrs, Name, Resolve, Resolving},
    header::{DATE, HeaderMap, RETRY_AFTER},
    redirect,
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};

use super::{
    endpoint::{EndpointError, PushHosts, is_public},
    one_connection::{Ended, OneConnection},
    outcome::{GuardError, PushOutcome},
};

/// The most that one request takes.
pub const TOTAL: Duration = Duration::from_secs(10);
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// An HTTP/2 connection is pinged after this long without a frame, while idle too, and is closed when no answer comes.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_ANSWER: Duration = Duration::from_secs(10);
/// The most that is read of an answer's body. Services answer with a few hundred bytes; reading them keeps the
/// connection usable.
pub(super) const BODY_BYTES: usize = 16 * 1024;
pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

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

pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> Looking {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 443)).await?.map(|address| address.ip()).collect()) })
    }
}

/// The client's resolver. It is not asked about hosts that are IP addresses; of those, only the exact loopback hosts of
/// `PUSH_EXTRA_HOSTS` become an [`Endpoint`].
pub(super) struct Guard {
    pub hosts: PushHosts,
    pub lookup: Arc<dyn Lookup>,
    pub is_public: fn(IpAddr) -> bool,
}

impl Guard {
    pub fn new(hosts: PushHosts, lookup: Arc<dyn Lookup>) -> Arc<Self> {
        Arc::new(Self { hosts, lookup, is_public })
    }
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

/// Builds the client for Web Push: HTTP/2 where the service offers it.
pub(super) fn client(guard: Arc<Guard>, total: Duration, connect: Duration) -> Result<Client, SenderError> {
    let client = builder(guard, total, &[b"h2", b"http/1.1"], mozilla())?.connect_timeout(connect);
    Ok(client.http2_initial_stream_window_size(BODY_BYTES as u32).build()?)
}

/// Builds the client for hosts that the operator names (`server::oidc`).
pub fn outward(hosts: PushHosts, total: Duration) -> Result<Client, SenderError> {
    client(Guard::new(hosts, Arc::new(SystemLookup)), total, CONNECT.min(total))
}

/// What FCM and APNs are reached by: HTTP/2 alone, on connections that notice when their other end is gone.
#[derive(Clone)]
pub struct Http2 {
    hosts: PushHosts,
    total: Duration,
    roots: Arc<RootCertStore>,
    /// Opens connections as it needs them.
    pub(super) client: Client,
}

impl Http2 {
    /// A client that opens one connection; when that has ended, its requests fail ([`found_its_connection_ended`]).
    pub(super) fn one_connection(&self) -> Result<Client, SenderError> {
        let builder = http2_builder(self.hosts.clone(), self.total, self.roots.clone())?;
        Ok(builder.connector_layer(OneConnection::default()).build()?)
    }
}

/// `total` is the most that a request takes.
pub fn http2(hosts: PushHosts, total: Duration) -> Result<Http2, SenderError> {
    http2_trusting(hosts, total, mozilla())
}

/// As `http2`, with other certificate authorities.
pub fn http2_trusting(hosts: PushHosts, total: Duration, roots: RootCertStore) -> Result<Http2, SenderError> {
    let roots = Arc::new(roots);
    let client = http2_builder(hosts.clone(), total, roots.clone())?.build()?;
    Ok(Http2 { hosts, total, roots, client })
}

fn http2_builder(hosts: PushHosts, total: Duration, roots: Arc<RootCertStore>) -> Result<ClientBuilder, SenderError> {
    let builder = builder(Guard::new(hosts, Arc::new(SystemLookup)), total, &[b"h2"], roots)?;
    let builder = builder.connect_timeout(CONNECT.min(total)).http2_prior_knowledge();
    let builder = builder.http2_keep_alive_interval(PING_EVERY).http2_keep_alive_timeout(PING_ANSWER);
    // The providers ask senders to keep a connection for hours.
    Ok(builder.http2_keep_alive_while_idle(true).pool_idle_timeout(None))
}

fn mozilla() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

/// TLS 1.2 and 1.3 by ring without a process-wide provider.
fn builder(
    guard: Arc<Guard>,
    total: Duration,
    protocols: &[&[u8]],
    roots: impl Into<Arc<RootCertStore>>,
) -> Result<ClientBuilder, SenderError> {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // reqwest adds no ALPN to a TLS configuration that it is given.
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // Idle connections are kept for 90 s. Their number needs no limit, because it never exceeds that of parallel sends.
    Ok(Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(guard)
        .user_agent("umbba")
        .timeout(total)
        .redirect(redirect::Policy::none())
        // A proxy would resolve the name itself and so bypass the guard.
        .no_proxy())
}

/// Reads a body to its end, because an unread body closes the connection; beyond `most` bytes the rest is dropped. An
/// error here gives what was read: the status alone can decide an outcome.
pub async fn read_at_most(mut response: Response, most: usize) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() <= most
        && let Ok(Some(chunk)) = response.chunk().await
    {
        read.extend_from_slice(&chunk);
    }
    read
}

/// Maps a failed request to an outcome with a one-word cause. The client's own error messages contain the URL.
pub(super) fn failed(error: &reqwest::Error) -> PushOutcome {
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

/// Whether a request was not sent, because the one connection of its client has ended.
pub(super) fn found_its_connection_ended(error: &reqwest::Error) -> bool {
    is_caused_by::<Ended>(error)
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
pub(super) fn retry_after_ms(headers: &HeaderMap) -> Option<i64> {
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
