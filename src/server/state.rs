//! What every use case is handed.

use std::{path::PathBuf, sync::Arc, time::Duration};

use super::{
    budget::Budget,
    catalogue::Catalogue,
    clock::Clock,
    config::{AppEnv, PublicUrl, TrustedProxies},
    lifecycle::Lifecycle,
    push::Push,
    random::Random,
    secrets::Secrets,
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
    pub lifecycle: Lifecycle,
    pub site: Arc<Site>,
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
