//! The state that every use case gets.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    budget::Budget,
    catalogue::Catalogue,
    clock::{Clock, SharedTime},
    config::{AppEnv, PublicUrl, ServeSettings, Settings},
    lifecycle::Lifecycle,
    oidc::Oidc,
    push::Push,
    random::Random,
    secrets::Secrets,
    security::Said,
    storage::{Database, StorageError, Tx, database_time},
    trusted_proxies::TrustedProxies,
    turns::Turns,
};
use crate::domain::Millis;

/// The state of the process. Clones share it.
#[derive(Clone)]
pub struct AppState {
    pub database: Database,
    pub catalogue: Catalogue,
    pub clock: Clock,
    pub random: Random,
    pub secrets: Secrets,
    pub push: Push,
    /// The providers that people sign in with.
    pub oidc: Oidc,
    pub budget: Budget,
    pub turns: Turns,
    pub sign_ups: SignUpLimits,
    /// The security lines of the last minute.
    pub said: Said,
    pub lifecycle: Lifecycle,
    pub site: Arc<Site>,
}

impl AppState {
    /// The wall-clock time for a decision that other nodes read, such as a lease or a due minute. Nodes on PostgreSQL
    /// ask the database in the deciding transaction, because a machine that slept does not know yet how late it is.
    pub async fn now_in(&self, tx: &mut Tx) -> Result<Millis, StorageError> {
        if let Clock::Shared(_) = self.clock
            && let Some(reading) = read_shared(&self.clock, tx).await?
        {
            self.clock.follow(reading);
        }
        Ok(self.clock.now())
    }
}

/// The clock of a process on this database: the database server's on PostgreSQL, else the system's.
pub async fn clock_of(database: &Database) -> Result<Clock, StorageError> {
    let mut tx = database.read().await?;
    Ok(read_shared(&Clock::System, &mut tx).await?.map_or(Clock::System, Clock::shared))
}

async fn read_shared(clock: &Clock, tx: &mut Tx) -> Result<Option<SharedTime>, StorageError> {
    let asked_at = clock.moment();
    let time = database_time::read(tx).await?;
    let at = clock.moment();
    Ok(time.map(|time| SharedTime { time, at, took_ms: at.since(asked_at) }))
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
    /// After how many days a backup is removed, for the privacy page.
    pub backup_keep_days: u32,
}
