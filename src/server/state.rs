//! What every use case is handed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    budget::Budget,
    catalogue::Catalogue,
    clock::Clock,
    config::{AppEnv, PublicUrl, ServeSettings, Settings, TrustedProxies},
    lifecycle::Lifecycle,
    push::Push,
    random::Random,
    secrets::Secrets,
    security::Said,
    storage::Database,
};

/// Cheap to clone; one per process.
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
    /// What the log has said within the last minute.
    pub said: Said,
    pub lifecycle: Lifecycle,
    pub site: Arc<Site>,
}

/// In production, unless it is set otherwise.
const SIGN_UPS_PER_HOUR: u32 = 5;
const DISK_FLOOR_MB: u64 = 256;

/// When nobody new may sign up.
#[derive(Debug, Clone, Default)]
pub struct SignUpLimits {
    /// So many an hour and address; `None`: as many as there are.
    pub per_hour: Option<u32>,
    /// A folder on the disk that is written to, and how many bytes have to be free on it.
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

/// On the real clock: a heartbeat keeps a wire alive, it decides nothing. Proxies cut what is silent for a minute.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// How the outside sees this process.
#[derive(Debug)]
pub struct Site {
    pub env: AppEnv,
    pub public_url: PublicUrl,
    pub trusted_proxies: TrustedProxies,
    /// Names the built browser half; a page from another build offers to load itself again.
    pub build: String,
    /// Holds the files of this build and of the release before.
    pub builds: PathBuf,
    /// After so long a silence an open line says that it is alive, and looks whether it missed anything.
    pub heartbeat: Duration,
}
