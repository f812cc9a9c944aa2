//! What every use case is handed.

use std::sync::Arc;

use super::{
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
    pub lifecycle: Lifecycle,
    pub site: Arc<Site>,
}

/// How the outside sees this process.
#[derive(Debug)]
pub struct Site {
    pub env: AppEnv,
    pub public_url: PublicUrl,
    pub trusted_proxies: TrustedProxies,
    /// Names the built browser half; a page from another build offers to load itself again.
    pub build: String,
}
