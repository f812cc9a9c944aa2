//! Trusted proxies (`TRUSTED_PROXIES`) and the client address that they report in `X-Forwarded-For`.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ipnet::IpNet;

use super::config::ConfigError;

/// Networks whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    has_warned: Arc<AtomicBool>,
}

impl TrustedProxies {
    /// Reads a comma-separated list of addresses and CIDR blocks (RFC 4632).
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let broken =
            |part: &str| ConfigError(format!("TRUSTED_PROXIES holds something that is no address or block: {part}"));
        let networks = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| block(part).ok_or_else(|| broken(part)))
            .collect::<Result<_, _>>()?;
        Ok(Self { networks, has_warned: Arc::default() })
    }

    pub fn is_empty(&self) -> bool {
        self.networks.is_empty()
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// The client's address: the right-most hop that is not a trusted proxy.
    pub fn client(&self, peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let hops = forwarded_for.iter().flat_map(|line| line.split(',')).map(bare).filter(|hop| !hop.is_empty());
        for hop in hops.collect::<Vec<_>>().into_iter().rev() {
            let Some(address) = parse_hop(hop) else {
                if !self.has_warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "a trusted proxy sends an X-Forwarded-For that cannot be read: everybody behind it counts as \
                         one client. It is said once"
                    );
                }
                break;
            };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

/// Parses an address or a block. An IPv4 block written as IPv6 (RFC 4291 §2.5.5.2) counts as that IPv4 block.
fn block(text: &str) -> Option<IpNet> {
    let block = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    match block.addr().to_canonical() {
        address @ IpAddr::V4(_) if block.addr().is_ipv6() => {
            IpNet::new(address, block.prefix_len().checked_sub(96)?).ok()
        }
        _ => Some(block),
    }
}

/// Removes the quotation marks that some proxies put around a hop.
fn bare(hop: &str) -> &str {
    hop.trim_matches(|c: char| c == '"' || c.is_whitespace())
}

/// Parses an address as proxies write it: with or without a port, IPv6 with or without brackets (RFC 3986 §3.2.2).
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let in_brackets = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = in_brackets.unwrap_or(hop).parse().ok();
    address.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// Returns the warning about this listen address, if there is one. Clients that come past the proxy, or through an
/// unknown proxy, would be counted under a wrong address.
pub fn unsafe_to_listen(address: SocketAddr, proxies: &TrustedProxies) -> Option<&'static str> {
    (!address.ip().is_loopback() && proxies.is_empty()).then_some(
        "LISTEN_ADDR is not on loopback and TRUSTED_PROXIES is empty: behind a proxy all visitors count as one \
         address, and without one \
         everything goes over the network in the clear; listen on 127.0.0.1, or set TRUSTED_PROXIES to your proxy's \
         address",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_right_most_hop_that_is_not_ours() {
        let proxies = TrustedProxies::parse("127.0.0.1, 10.0.0.0/8").expect("a list");
        let peer: IpAddr = [127, 0, 0, 1].into();
        assert_eq!(proxies.client(peer, &["6.6.6.6, 203.0.113.9, 10.1.2.3"]), IpAddr::from([203, 0, 113, 9]));
        assert_eq!(
            proxies.client([203, 0, 113, 9].into(), &["6.6.6.6"]),
            IpAddr::from([203, 0, 113, 9]),
            "a stranger's header says nothing"
        );
        assert_eq!(proxies.client(peer, &["nonsense"]), peer);
        assert!(TrustedProxies::parse("10.0.0.0/33").is_err());
    }

    #[test]
    fn hops_are_read_as_proxies_write_them() {
        let proxies = TrustedProxies::parse("127.0.0.1, 10.0.0.0/8, fd00::/8").expect("a list");
        let peer: IpAddr = [127, 0, 0, 1].into();
        let (v4, v6): (IpAddr, IpAddr) = ([203, 0, 113, 9].into(), "2001:db8::1".parse().expect("an address"));
        for (line, expected) in [
            ("203.0.113.9:4711", v4),
            ("\"203.0.113.9:4711\"", v4),
            (" \"203.0.113.9\" , 10.1.2.3:80", v4),
            ("[2001:db8::1]", v6),
            ("[2001:db8::1]:443", v6),
            ("2001:db8::1", v6),
            ("\"[2001:db8::1]:443\", [fd00::7]:80, \"10.1.2.3\"", v6),
            ("203.0.113.9, , ,10.1.2.3,", v4),
            ("6.6.6.6, 203.0.113.9, \"\"", v4),
            ("[::ffff:203.0.113.9]:80", v4),
            ("", peer),
            ("6.6.6.6, 203.0.113.9:x", peer),
            ("6.6.6.6, [203.0.113.9", peer),
            ("6.6.6.6, unknown, 10.1.2.3", [10, 1, 2, 3].into()),
        ] {
            assert_eq!(proxies.client(peer, &[line]), expected, "{line}");
        }
        assert_eq!(proxies.client(peer, &["6.6.6.6, 203.0.113.9", "10.1.2.3:80", ""]), v4);
    }

    #[test]
    fn an_ipv4_proxy_may_be_written_as_ipv6() {
        let (v4, mapped): (IpAddr, IpAddr) = ([127, 0, 0, 1].into(), "::ffff:127.0.0.1".parse().expect("an address"));
        for list in ["::ffff:127.0.0.1", "::ffff:127.0.0.0/104", "127.0.0.1", "127.0.0.0/8"] {
            let proxies = TrustedProxies::parse(list).expect("a list");
            assert!(proxies.trusts(v4) && proxies.trusts(mapped), "{list}");
            assert!(!proxies.trusts([126, 0, 0, 1].into()), "{list}");
            assert_eq!(proxies.client(mapped, &["203.0.113.9"]), IpAddr::from([203, 0, 113, 9]), "{list}");
        }
        assert!(
            TrustedProxies::parse("::ffff:127.0.0.1/95").is_err()
                && TrustedProxies::parse("::ffff:127.0.0.1/129").is_err()
        );
    }

    #[test]
    fn a_hop_that_cannot_be_read_is_said_once() {
        #[derive(Clone, Default)]
        struct Log(Arc<std::sync::Mutex<Vec<u8>>>);
        impl std::io::Write for Log {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().expect("the log").write(bytes)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
        let proxies = TrustedProxies::parse("127.0.0.1").expect("a list");
        tracing::subscriber::with_default(subscriber, || {
            for peer in [[203, 0, 113, 9], [127, 0, 0, 1], [127, 0, 0, 1]] {
                proxies.clone().client(peer.into(), &["6.6.6.6, for=203.0.113.9"]);
            }
        });
        let text = String::from_utf8(log.0.lock().expect("the log").clone()).expect("text");
        assert_eq!(text.matches("X-Forwarded-For").count(), 1, "{text}");
        assert!(!text.contains("203.0.113.9") && !text.contains("6.6.6.6"), "no addresses: {text}");
    }

    #[test]
    fn listening_to_everybody_without_a_known_proxy_is_said() {
        let (none, one) = (TrustedProxies::default(), TrustedProxies::parse("10.0.0.1").expect("a list"));
        for (address, proxies, is_said) in [
            ("127.0.0.1:3000", &none, false),
            ("[::1]:3000", &none, false),
            ("0.0.0.0:3000", &none, true),
            ("[::]:3000", &none, true),
            ("192.168.0.7:3000", &none, true),
            ("0.0.0.0:3000", &one, false),
        ] {
            assert_eq!(unsafe_to_listen(address.parse().expect("an address"), proxies).is_some(), is_said, "{address}");
        }
    }
}
