//! The URLs that a push may be sent to. Endpoints come from browsers, which are not trusted: a URL becomes an
//! [`Endpoint`] only if it names a known push service, and a connection is made to public addresses only.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::{Ipv4Net, Ipv6Net};
use url::{Host, Url};

/// Endpoints of all known services are shorter.
const MAX_BYTES: usize = 2_048;

/// Services with one name: Chrome and everything built on it, Chromium builds without Google's keys, Firefox.
/// `android.googleapis.com` was GCM, which never knew VAPID and is switched off.
const SERVICES: [&str; 3] = ["fcm.googleapis.com", "jmt17.google.com", "updates.push.services.mozilla.com"];
/// Services whose endpoints have host names below these: Safari and Edge. `wns.windows.com` is not here, because
/// devices connect to it and nothing is sent to it.
const ZONES: [&str; 2] = ["push.apple.com", "notify.windows.com"];

/// The hosts a push may go to.
#[derive(Debug, Clone)]
pub struct PushHosts {
    /// Lower case, exact.
    allowed: Vec<String>,
    /// Origins as in RFC 6454 §6.2: plain http, loopback only.
    extra: Vec<String>,
}

impl PushHosts {
    /// The known services, `PUSH_ALLOWED_HOSTS` (host names, comma separated) and `PUSH_EXTRA_HOSTS` (loopback
    /// HOST:PORT, comma separated, never in production). The error is one sentence that names the setting.
    pub fn parse(allowed: &str, extra: &str, is_production: bool) -> Result<Self, String> {
        let (allowed, extra): (Vec<&str>, Vec<&str>) = (parts(allowed).collect(), parts(extra).collect());
        if is_production && !extra.is_empty() {
            return Err("PUSH_EXTRA_HOSTS is for tests and development: remove it in production".into());
        }
        let broken = |part: &str| {
            format!("PUSH_ALLOWED_HOSTS holds something that is no host name like push.family.example: {part}")
        };
        let allowed =
            allowed.iter().map(|part| host_name(part).ok_or_else(|| broken(part))).collect::<Result<_, _>>()?;
        let broken = |part: &str| {
            format!("PUSH_EXTRA_HOSTS holds something that is no loopback HOST:PORT like 127.0.0.1:4000: {part}")
        };
        let extra =
            extra.iter().map(|part| loopback_origin(part).ok_or_else(|| broken(part))).collect::<Result<_, _>>()?;
        Ok(Self { allowed, extra })
    }

    /// Whether this host is allowed. Whole labels are compared, so `evil-push.apple.com.example` and
    /// `evilpush.apple.com` are refused, and so is a trailing dot.
    fn knows(&self, host: &str) -> bool {
        let is_below = |zone: &&str| host.strip_suffix(zone).is_some_and(|labels| labels.ends_with('.'));
        has_plain_labels(host)
            && (SERVICES.contains(&host) || self.allowed.iter().any(|name| name == host) || ZONES.iter().any(is_below))
    }

    fn has_extra(&self, url: &Url) -> bool {
        url.scheme() == "http" && self.extra.contains(&url.origin().ascii_serialization())
    }

    /// Whether the name `localhost` may be connected to. `PUSH_ALLOWED_HOSTS` cannot contain it, so it needs an exact
    /// HOST:PORT of `PUSH_EXTRA_HOSTS`.
    pub(super) fn has_localhost(&self) -> bool {
        self.extra.iter().any(|origin| origin.starts_with("http://localhost:") || origin == "http://localhost")
    }
}

fn parts(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty())
}

fn host_name(text: &str) -> Option<String> {
    let Ok(Host::Domain(name)) = Host::parse(text) else { return None };
    let is_name = has_plain_labels(&name) && name.contains('.') && !name.ends_with(".localhost");
    (is_name && name.eq_ignore_ascii_case(text)).then_some(name)
}

/// Whether a host is a plain DNS name. WHATWG hosts may contain empty labels and characters such as `{`.
fn has_plain_labels(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    host.split('.').all(|label| !label.is_empty() && label.bytes().all(is_plain))
}

fn loopback_origin(text: &str) -> Option<String> {
    let url = Url::parse(&format!("http://{text}")).ok()?;
    let port = url.port_or_known_default()?;
    let is_exact = text.eq_ignore_ascii_case(&format!("{}:{port}", url.host_str()?));
    (is_exact && port != 0 && is_loopback(&url)).then(|| url.origin().ascii_serialization())
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Why a URL is not accepted as an endpoint. It does not contain the URL, which is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("the endpoint is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// The text is not a URL, or only a tolerant parser accepts it.
    #[error("the endpoint is no plain URL")]
    Malformed,
    #[error("the endpoint is not https")]
    NotHttps,
    #[error("the endpoint holds a user name or a password")]
    UserInfo,
    #[error("the endpoint has a port other than 443")]
    Port,
    #[error("the endpoint has an address for a host")]
    IpLiteral,
    #[error("the endpoint's host is no known push service")]
    UnknownHost,
    #[error("the endpoint has a fragment")]
    Fragment,
}

/// A push service's URL for one device. It is a capability: anybody who has it can push, so it is never logged (W3C
/// Push API §4).
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
}

impl Endpoint {
    /// Parses the URL of a known push service.
    pub fn parse(text: &str, hosts: &PushHosts) -> Result<Self, EndpointError> {
        let url = reachable(text, hosts)?;
        if !hosts.has_extra(&url) && !url.host_str().is_some_and(|host| hosts.knows(host)) {
            return Err(EndpointError::UnknownHost);
        }
        Ok(Self { url: without_fragment(url)? })
    }

    /// The origin (RFC 6454 §6.2), which is the `aud` of a VAPID token (RFC 8292 §2).
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// The serialised URL, which is stored and compared.
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    pub(super) fn into_url(self) -> Url {
        self.url
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.origin()).finish()
    }
}

/// Parses a URL that a request may be sent to: https without user, port and IP address, or an exact loopback host of
/// `PUSH_EXTRA_HOSTS`. Parsed with the WHATWG parser that the sender's client uses too, so that both see the same host.
pub fn outward_url(text: &str, hosts: &PushHosts) -> Result<Url, EndpointError> {
    without_fragment(reachable(text, hosts)?)
}

fn without_fragment(url: Url) -> Result<Url, EndpointError> {
    if url.fragment().is_some() { Err(EndpointError::Fragment) } else { Ok(url) }
}

fn reachable(text: &str, hosts: &PushHosts) -> Result<Url, EndpointError> {
    if text.len() > MAX_BYTES {
        return Err(EndpointError::TooLong);
    }
    // The parser drops tabs and newlines and reads a backslash as a slash. Browsers give serialised URLs, which
    // contain none of these.
    if !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(EndpointError::Malformed);
    }
    let url = Url::parse(text).map_err(|_| EndpointError::Malformed)?;
    let is_extra = hosts.has_extra(&url);
    if url.scheme() != "https" && !is_extra {
        return Err(EndpointError::NotHttps);
    }
    let authority = authority(text).ok_or(EndpointError::Malformed)?;
    if authority.contains('@') {
        return Err(EndpointError::UserInfo);
    }
    if url.port().is_some() && !is_extra {
        return Err(EndpointError::Port);
    }
    if !is_extra && matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))) {
        return Err(EndpointError::IpLiteral);
    }
    let host = url.host_str().ok_or(EndpointError::Malformed)?;
    // A host that the parser had to decode or repair (`%2e`, `0x7f.1`, an empty port) does not come from a browser.
    let rest = authority
        .split_at_checked(host.len())
        .filter(|(start, _)| start.eq_ignore_ascii_case(host))
        .map(|(_, rest)| rest);
    let has_port = |rest: &str| url.port_or_known_default().is_some_and(|port| rest == format!(":{port}"));
    if !rest.is_some_and(|rest| rest.is_empty() || has_port(rest)) {
        return Err(EndpointError::Malformed);
    }
    Ok(url)
}

/// The authority (RFC 3986 §3.2) as it was written.
fn authority(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(a: u16, b: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), bits)
}

/// IPv4 blocks that are not the open internet (IANA special-purpose registry, RFC 6890), and the old 6to4 relays.
const CLOSED_V4: [Ipv4Net; 15] = [
    v4(0, 0, 0, 0, 8),       // this network
    v4(10, 0, 0, 0, 8),      // private
    v4(100, 64, 0, 0, 10),   // shared by carriers
    v4(127, 0, 0, 0, 8),     // loopback
    v4(169, 254, 0, 0, 16),  // link-local: clouds serve their keys here
    v4(172, 16, 0, 0, 12),   // private
    v4(192, 0, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 0, 24),    // documentation
    v4(192, 88, 99, 0, 24),  // 6to4 relays
    v4(192, 168, 0, 0, 16),  // private
    v4(198, 18, 0, 0, 15),   // benchmarks
    v4(198, 51, 100, 0, 24), // documentation
    v4(203, 0, 113, 0, 24),  // documentation
    v4(224, 0, 0, 0, 4),     // multicast
    v4(240, 0, 0, 0, 4),     // reserved, with broadcast
];

/// The only IPv6 block that is assigned at all. Unspecified, loopback, IPv4-compatible, NAT64, discard, segment
/// routing, unique-local, link-local, site-local and multicast addresses are outside it.
const OPEN_V6: Ipv6Net = v6(0x2000, 0, 3);
/// Closed blocks inside it. The first contains Teredo and ORCHID; an address of the third contains an IPv4 address that
/// anybody may choose.
const CLOSED_V6: [Ipv6Net; 4] = [
    v6(0x2001, 0, 23),     // protocol assignments
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4
    v6(0x3fff, 0, 20),     // documentation
];

/// Whether this address belongs to the open internet. An IPv4-mapped address (`::ffff:0:0/96`) counts as IPv4.
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !CLOSED_V4.iter().any(|block| block.contains(&address)),
        IpAddr::V6(address) => OPEN_V6.contains(&address) && !CLOSED_V6.iter().any(|block| block.contains(&address)),
    }
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
