//! The only reader of the environment. Every setting is also a flag of `umbba serve`; docs/OPERATING.md has the table.

use std::{net::SocketAddr, path::PathBuf};

use url::{Host, Url};

/// A setting that cannot be used: one sentence that names it and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum AppEnv {
    /// An https `PUBLIC_URL` is required.
    Production,
    Development,
    /// As development, with the endpoint that sets the manual clock.
    Test,
}

/// The settings that every command takes.
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
    /// PostgreSQL behind a pooler: the server's own address, for what needs a connection of its own.
    #[arg(long, global = true, env = "DATABASE_DIRECT_URL", hide_env_values = true)]
    pub database_direct_url: Option<String>,
    /// Most connections to PostgreSQL at once.
    #[arg(long, global = true, env = "DATABASE_CONNECTIONS", default_value_t = 16)]
    #[arg(value_parser = clap::value_parser!(u32).range(4..=1_000))]
    pub database_connections: u32,
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
    #[command(flatten)]
    pub native: NativeSettings,
    /// What is logged, for example info or umbba=debug.
    #[arg(long, global = true, env = "LOG", default_value = "info")]
    pub log: String,
    /// A collector of spans (OTLP over HTTP), for example http://localhost:4318. Needs a build with the feature otlp.
    #[arg(long, global = true, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

/// The settings of the providers beside Web Push. A provider whose settings are unset is disabled.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct NativeSettings {
    /// FCM: the JSON key file of a service account (mode 600).
    #[arg(long, global = true, env = "FCM_SERVICE_ACCOUNT")]
    pub fcm_service_account: Option<PathBuf>,
    /// APNs: the .p8 key file (mode 600).
    #[arg(long, global = true, env = "APNS_KEY")]
    pub apns_key: Option<PathBuf>,
    /// APNs: the id of that key, 10 letters and digits.
    #[arg(long, global = true, env = "APNS_KEY_ID")]
    pub apns_key_id: Option<String>,
    /// APNs: the id of the team that the key belongs to, 10 letters and digits.
    #[arg(long, global = true, env = "APNS_TEAM_ID")]
    pub apns_team_id: Option<String>,
    /// APNs: the bundle id of the app.
    #[arg(long, global = true, env = "APNS_TOPIC")]
    pub apns_topic: Option<String>,
    /// FCM and its token endpoint on this machine, over plain http; development and test only.
    #[arg(long, global = true, env = "FCM_URL", hide = true)]
    pub fcm_url: Option<String>,
    /// APNs on this machine, over plain http; development and test only.
    #[arg(long, global = true, env = "APNS_URL", hide = true)]
    pub apns_url: Option<String>,
    /// APNs' sandbox on this machine, over plain http; development and test only.
    #[arg(long, global = true, env = "APNS_SANDBOX_URL", hide = true)]
    pub apns_sandbox_url: Option<String>,
}

/// The settings of `serve` alone.
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
    /// SQLite: folder for a backup a night, for this installation alone; no backups are made when unset.
    #[arg(long, env = "BACKUP_DIR")]
    pub backup_dir: Option<PathBuf>,
    /// The hour of the backup in UTC; 18 is three in the morning in Korea.
    #[arg(long, env = "BACKUP_HOUR", default_value_t = 18)]
    #[arg(value_parser = clap::value_parser!(u8).range(0..=23))]
    pub backup_hour: u8,
    /// Days after which a backup is removed. As many backups stay in any case.
    #[arg(long, env = "BACKUP_KEEP_DAYS", default_value_t = 14)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub backup_keep_days: u32,
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

/// The checked `PUBLIC_URL`.
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

    /// The URL without a trailing slash.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The host, where it is a domain name and no address.
    pub fn domain(&self) -> Option<&str> {
        self.0.domain()
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

#[cfg(test)]
mod tests {
    use super::*;

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
