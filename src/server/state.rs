//! The state that every use case gets.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    budget::Budget,
    catalogue::Catalogue,
    clock::Clock,
    config::{AppEnv, PublicUrl, ServeSettings, Settings},
    lifecycle::Lifecycle,
    push::Push,
    random::Random,
    secrets::Secrets,
    security::Said,
    storage::Database,
    trusted_proxies::TrustedProxies,
};

/// The state of the process. Clones share it.
#[derive(Clone)]
pub struct AppState {
    pub database: Database,
    pub catalogue: Catalogue,
    pub clock: Clock,
    pub random: Random,
    pub secrets: Secrets,
    pub push: Push,
    pub budget: Budget,
    pub sign_ups: SignUpLimits,
    /// The security lines of the last minute.
    pub said: Said,
    pub lifecycle: Lifecycle,
    pub site: Arc<Site>,
}

/// The defaults in production.
const SIGN_UPS_PER_HOUR: u32 = 5;
const DISK_FLOOR_MB: u64 = 256;

/// The limits of sign-ups.
#[derive(Debug, Clone, Default)]
pub struct SignUpLimits {
    /// The most sign-ups per hour and address; `None` is unlimited.
    pub per_hour: Option<u32>,
    /// A folder on the data disk, and the number of bytes that must be free there.
    pub disk_floor: Option<(PathBuf, u64)>,
}

impl SignUpLimits {
    pub fn of(settings: &Settings, serve: &ServeSettings) -> Self {
        let is_strict = settings.is_production();
        let floor =
            serve.disk_floor_mb.or(is_strict.then_some(DISK_FLOOR_MB)).map(|mib| mib.saturating_mul(1024 * 1024));
        Self {
            per_hour: serve.sign_ups_per_hour.or(is_strict.then_some(SIGN_UPS_PER_HOUR)),
            disk_floor: floor.map(|bytes| (settings.data_dir.clone(), bytes)),
        }
    }
}

/// Measured on the real clock, because a heartbeat only keeps a connection open. Proxies cut a connection that is
/// silent for a minute.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Time between two looks at all open lines of this node, on the real clock. It limits how late an event comes whose
/// wake-up was lost.
pub const LOOK_AT_LINES: Duration = Duration::from_secs(10);

/// The facts about this process that clients see.
#[derive(Debug)]
pub struct Site {
    pub env: AppEnv,
    pub public_url: PublicUrl,
    pub trusted_proxies: TrustedProxies,
    /// The id of the browser half's build. A page of another build offers to reload.
    pub build: String,
    /// The folder with the files of this build and of the previous release.
    pub builds: PathBuf,
    /// After this long a silence an open connection sends a heartbeat.
    pub heartbeat: Duration,
    /// Time between two looks at all open lines (`jobs::open_lines`).
    pub look_at_lines: Duration,
}
