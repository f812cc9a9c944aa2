//! The only reader of the environment. Every setting is also a flag of `umbba serve`; docs/OPERATING.md has the table.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use ipnet::IpNet;
use url::{Host, Url};

/// A setting that cannot be used: one sentence that names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AppEnv {
    /// Strict: an https `PUBLIC_URL` is required.
    Production,
    Development,
    /// As development, with the manual clock's door in `DATA_DIR`.
    Test,
}

/// Where it runs and what it stores; the same for every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// What this installation is; unset means production.
    #[arg(long, global = true, env = "APP_ENV", value_enum, default_value = "production")]
    pub app_env: AppEnv,
    /// Folder for the database, the key and your own catalogue (catalogue/*.toml).
    #[arg(long, global = true, env = "DATA_DIR", default_value = "data")]
    pub data_dir: PathBuf,
    /// sqlite:FILE or postgres://… [default: sqlite:DATA_DIR/umbba.db]
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Begin with an empty database although DATA_DIR holds a key from before. A database that is there stays as it is.
    #[arg(long, global = true)]
    pub new: bool,
    /// Who push services may write to: mailto:you@your.domain or an https address. Required in production.
    #[arg(long, global = true, env = "VAPID_SUBJECT")]
    pub vapid_subject: Option<String>,
    /// Push services beside the known ones, host names, comma separated.
    #[arg(long, global = true, env = "PUSH_ALLOWED_HOSTS", default_value = "")]
    pub push_allowed_hosts: String,
    /// Push services on this machine, host:port, comma separated, over plain http; development and test only.
    #[arg(long, global = true, env = "PUSH_EXTRA_HOSTS", default_value = "")]
    pub push_extra_hosts: String,
    /// What is logged, for example info or umbba=debug.
    #[arg(long, global = true, env = "LOG", default_value = "info")]
    pub log: String,
}

/// What only `serve` needs.
#[derive(Debug, Clone, clap::Args)]
pub struct ServeSettings {
    /// Address and port to listen on.
    #[arg(long, env = "LISTEN_ADDR", default_value = "127.0.0.1:3000")]
    pub listen_addr: SocketAddr,
    /// The address people open, for example https://family.example [default in development: http://localhost:PORT]
    #[arg(long, env = "PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Address and port for GET /metrics (Prometheus text); not served when unset. Never open it to the world.
    #[arg(long, env = "METRICS_ADDR")]
    pub metrics_addr: Option<SocketAddr>,
    /// Connections at once, streams among them; fewer when fewer files may be open. More are told to come back (503).
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 20_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
    /// Folder with the built pages' assets.
    #[arg(long, env = "SITE_ROOT", default_value = "target/site")]
    pub site_root: PathBuf,
    /// Proxies whose X-Forwarded-For is believed, comma separated, for example 127.0.0.1,10.0.0.0/8
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: String,
    /// New people an hour from one address [default: 5 in production, else no limit]
    #[arg(long, env = "SIGN_UPS_PER_HOUR")]
    pub sign_ups_per_hour: Option<u32>,
    /// Nobody new signs up while less than this many MiB are free on DATA_DIR's disk [default: 256 in production, else
    /// 0]
    #[arg(long, env = "DISK_FLOOR_MB")]
    pub disk_floor_mb: Option<u64>,
}

impl Settings {
    pub fn database_url(&self) -> String {
        self.database_url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("umbba.db").display()))
    }

    pub fn is_production(&self) -> bool {
        self.app_env == AppEnv::Production
    }
}

/// Where people reach us, checked.
#[derive(Debug, Clone)]
pub struct PublicUrl(Url);

impl PublicUrl {
    pub fn parse(text: Option<&str>, env: AppEnv, port: u16) -> Result<Self, ConfigError> {
        let Some(text) = text else {
            if env == AppEnv::Production {
                return Err(ConfigError(
                    "PUBLIC_URL is not set: give the https address people open, for example https://family.example"
                        .into(),
                ));
            }
            let url = Url::parse(&format!("http://localhost:{port}"))
                .map_err(|_| ConfigError("LISTEN_ADDR has no usable port".into()))?;
            return Ok(Self(url));
        };
        let url = Url::parse(text).map_err(|_| ConfigError(format!("PUBLIC_URL is not an address: {text}")))?;
        let is_plain = url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.has_host();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            return Err(ConfigError(format!("PUBLIC_URL must be like https://family.example without a path: {text}")));
        }
        if env == AppEnv::Production && url.scheme() != "https" {
            return Err(ConfigError(
                "PUBLIC_URL must start with https:// in production: browsers drop our cookies otherwise".into(),
            ));
        }
        Ok(Self(url))
    }

    /// Without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub fn is_loopback(&self) -> bool {
        match self.0.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

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

    /// The client's address: the right-most hop that is not one of ours.
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

/// An address or a block. An IPv4 block written as IPv6 (RFC 4291 §2.5.5.2) is that IPv4 block.
fn block(text: &str) -> Option<IpNet> {
    let block = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).ok()?;
    match block.addr().to_canonical() {
        address @ IpAddr::V4(_) if block.addr().is_ipv6() => {
            IpNet::new(address, block.prefix_len().checked_sub(96)?).ok()
        }
        _ => Some(block),
    }
}

/// A hop without the quotation marks that some proxies put around it.
fn bare(hop: &str) -> &str {
    hop.trim_matches(|c: char| c == '"' || c.is_whitespace())
}

/// An address as proxies write it: with or without a port, an IPv6 one in brackets or not (RFC 3986 §3.2.2).
fn parse_hop(hop: &str) -> Option<IpAddr> {
    let in_brackets = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = in_brackets.unwrap_or(hop).parse().ok();
    address.or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// What is wrong with listening here, if anything: who reaches us past a proxy, or through one we do not know, has a
/// client address that is not theirs.
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

    #[test]
    fn production_wants_https() {
        assert!(PublicUrl::parse(None, AppEnv::Production, 3000).is_err());
        assert!(PublicUrl::parse(Some("http://family.example"), AppEnv::Production, 3000).is_err());
        assert!(PublicUrl::parse(Some("https://family.example/app"), AppEnv::Production, 3000).is_err());
        assert!(PublicUrl::parse(Some("https://family.example"), AppEnv::Production, 3000).is_ok());
        assert!(
            PublicUrl::parse(None, AppEnv::Development, 3000)
                .is_ok_and(|url| url.as_str() == "http://localhost:3000" && url.is_loopback())
        );
    }
}
