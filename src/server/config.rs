//! The only reader of the environment. Every setting is also a flag of `umbba serve`; README has the table.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

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
    /// Folder with the built pages' assets.
    #[arg(long, env = "SITE_ROOT", default_value = "target/site")]
    pub site_root: PathBuf,
    /// Proxies whose X-Forwarded-For is believed, comma separated, for example 127.0.0.1,10.0.0.0/8
    #[arg(long, env = "TRUSTED_PROXIES", default_value = "")]
    pub trusted_proxies: String,
    /// New people an hour from one address [default: 5 in production, else no limit]
    #[arg(long, env = "SIGN_UPS_PER_HOUR")]
    pub sign_ups_per_hour: Option<u32>,
    /// Nobody new signs up while less than this many MiB are free on DATA_DIR's disk [default: 256 in production, else 0]
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
                return Err(ConfigError("PUBLIC_URL is not set: give the https address people open, for example https://family.example".into()));
            }
            let url = Url::parse(&format!("http://localhost:{port}")).map_err(|_| ConfigError("LISTEN_ADDR has no usable port".into()))?;
            return Ok(Self(url));
        };
        let url = Url::parse(text).map_err(|_| ConfigError(format!("PUBLIC_URL is not an address: {text}")))?;
        let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty() && url.has_host();
        if !is_plain || !matches!(url.scheme(), "http" | "https") {
            return Err(ConfigError(format!("PUBLIC_URL must be like https://family.example without a path: {text}")));
        }
        if env == AppEnv::Production && url.scheme() != "https" {
            return Err(ConfigError("PUBLIC_URL must start with https:// in production: browsers drop our cookies otherwise".into()));
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
pub struct TrustedProxies(Vec<(IpAddr, u8)>);

impl TrustedProxies {
    /// Reads a comma-separated list of addresses and CIDR blocks (RFC 4632).
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let broken = |part: &str| ConfigError(format!("TRUSTED_PROXIES holds something that is no address or block: {part}"));
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (address, bits) = part.split_once('/').map_or((part, None), |(address, bits)| (address, Some(bits)));
                let address: IpAddr = address.parse().map_err(|_| broken(part))?;
                let most = if address.is_ipv4() { 32 } else { 128 };
                let bits = bits.map_or(Ok(most), |bits| bits.parse::<u8>().map_err(|_| broken(part)))?;
                if bits > most { Err(broken(part)) } else { Ok((address, bits)) }
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|(network, bits)| match (network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => same_prefix(u32::from(*network).into(), u32::from(address).into(), *bits, 32),
            (IpAddr::V6(network), IpAddr::V6(address)) => same_prefix(u128::from(*network), u128::from(address), *bits, 128),
            _ => false,
        })
    }

    /// The client's address: the right-most hop that is not one of ours.
    pub fn client(&self, peer: IpAddr, forwarded_for: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let hops = forwarded_for.iter().flat_map(|line| line.split(',')).map(str::trim).collect::<Vec<_>>();
        for hop in hops.into_iter().rev() {
            let Ok(address) = hop.parse::<IpAddr>() else { break };
            client = address.to_canonical();
            if !self.trusts(client) {
                break;
            }
        }
        client
    }
}

fn same_prefix(one: u128, two: u128, bits: u8, width: u8) -> bool {
    let shift = u32::from(width - bits);
    shift >= 128 || one >> shift == two >> shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_the_right_most_hop_that_is_not_ours() {
        let proxies = TrustedProxies::parse("127.0.0.1, 10.0.0.0/8").expect("a list");
        let peer: IpAddr = [127, 0, 0, 1].into();
        assert_eq!(proxies.client(peer, &["6.6.6.6, 203.0.113.9, 10.1.2.3"]), IpAddr::from([203, 0, 113, 9]));
        assert_eq!(proxies.client([203, 0, 113, 9].into(), &["6.6.6.6"]), IpAddr::from([203, 0, 113, 9]), "a stranger's header says nothing");
        assert_eq!(proxies.client(peer, &["nonsense"]), peer);
        assert!(TrustedProxies::parse("10.0.0.0/33").is_err());
    }

    #[test]
    fn production_wants_https() {
        assert!(PublicUrl::parse(None, AppEnv::Production, 3000).is_err());
        assert!(PublicUrl::parse(Some("http://family.example"), AppEnv::Production, 3000).is_err());
        assert!(PublicUrl::parse(Some("https://family.example/app"), AppEnv::Production, 3000).is_err());
        assert!(PublicUrl::parse(Some("https://family.example"), AppEnv::Production, 3000).is_ok());
        assert!(PublicUrl::parse(None, AppEnv::Development, 3000).is_ok_and(|url| url.as_str() == "http://localhost:3000" && url.is_loopback()));
    }
}
