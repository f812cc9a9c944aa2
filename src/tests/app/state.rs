//! The state of a node under test.

use std::{path::Path, sync::Arc, time::Duration};

use super::{Data, NOON, NativeProviders, Providers};
use crate::server::{
    budget::Budget,
    catalogue::Catalogue,
    clock::Clock,
    config::{AppEnv, PublicUrl},
    lifecycle::Lifecycle,
    oidc::{self, Oidc},
    push::{Push, PushHosts, PushSender, VapidKeys},
    random::Random,
    secrets::Secrets,
    security::Said,
    state::{AppState, HEARTBEAT, LOOK_AT_LINES, SignUpLimits, Site},
    storage::{Database, Opening},
    trusted_proxies::TrustedProxies,
    turns::Turns,
};

pub(super) async fn prepare(data: &Data, clock: Clock, seed: u64, providers: &Providers, port: u16) -> AppState {
    let database = Database::open(&data.database.url, Opening::Migrate).await.expect("a database");
    state_over(database, &data.folder, clock, seed, providers, port)
}

/// A node over this database that serves nothing and runs no loops, for tests that call use cases themselves.
pub fn idle_node(database: Database, folder: &Path) -> AppState {
    let state = state_over(database, folder, Clock::manual(NOON), 0, &Providers::default(), 8080);
    AppState { random: Random::system(), ..state }
}

fn state_over(
    database: Database,
    folder: &Path,
    clock: Clock,
    seed: u64,
    providers: &Providers,
    port: u16,
) -> AppState {
    AppState {
        database,
        catalogue: Catalogue::load(folder).expect("the catalogue"),
        clock,
        random: Random::seeded(seed),
        secrets: Secrets::from_key(&[7; 32]),
        push: push(folder, providers),
        oidc: oidc(folder, providers),
        budget: Budget::unlimited(),
        turns: Turns::default(),
        sign_ups: SignUpLimits::default(),
        said: Said::default(),
        lifecycle: Lifecycle::default(),
        site: Arc::new(Site {
            env: AppEnv::Test,
            public_url: PublicUrl::parse(None, AppEnv::Test, port).expect("an address"),
            trusted_proxies: TrustedProxies::parse("127.0.0.1").expect("a list"),
            build: "test".into(),
            builds: folder.join("builds"),
            heartbeat: HEARTBEAT,
            look_at_lines: LOOK_AT_LINES,
            backup_keep_days: 14,
        }),
    }
}

/// The providers of the folder's `oidc.toml`.
fn oidc(folder: &Path, providers: &Providers) -> Oidc {
    let hosts = PushHosts::parse("", &providers.push_host, false).expect("hosts");
    Oidc::new(oidc::read(folder, &hosts).expect("a file"), &hosts).expect("providers")
}

/// Makes pushes with short timeouts, because some tests have a push service that hangs.
fn push(folder: &Path, providers: &Providers) -> Push {
    let hosts = PushHosts::parse("", &providers.push_host, false).expect("hosts");
    let sender = PushSender::new(hosts.clone()).expect("a sender");
    let sender = sender.with_timeouts(Duration::from_millis(1_500), Duration::from_millis(1_000)).expect("a sender");
    let native = providers.native.as_ref().map(NativeProviders::native).unwrap_or_default();
    let keys = VapidKeys::load_or_make(folder, NOON.0).expect("keys");
    Push::with_sender(sender, hosts, keys, "mailto:operator@family.example".into(), native)
}
