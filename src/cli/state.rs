//! What the commands share: opening the database, and building the state of the app.

use std::{path::PathBuf, sync::Arc};

use super::{
    failure::Failure,
    folder,
    native::native_of,
    same_keys::{self, OtherKeys},
};
use crate::server::{
    budget::Budget,
    catalogue::Catalogue,
    clock::Clock,
    config::{AppEnv, PublicUrl, Settings},
    lifecycle::Lifecycle,
    oidc::{self, Oidc},
    push::{self, Push, PushHosts, VapidKeys},
    random::Random,
    secrets::Secrets,
    security::Said,
    state::{AppState, HEARTBEAT, LOOK_AT_LINES, SignUpLimits, Site, clock_of},
    storage::{Database, Opening, Source, StorageError, questions},
    trusted_proxies::TrustedProxies,
    turns::Turns,
};

pub(super) async fn open(settings: &Settings, opening: Opening) -> Result<Database, Failure> {
    let url = settings.database_url();
    if opening == Opening::Migrate {
        folder::refuse_lost_database(settings)?;
        folder::refuse_read_only(settings)?;
    }
    let source = Source {
        url: url.clone(),
        direct_url: settings.database_direct_url.clone(),
        connections: settings.database_connections,
    };
    Database::open(source, opening).await.map_err(|error| {
        let place = if url.starts_with("sqlite:") { url } else { "the PostgreSQL of DATABASE_URL".to_owned() };
        Failure(format!("{place} cannot be opened: {error}"))
    })
}

pub(super) async fn state_of(settings: &Settings, opening: Opening, site: Site) -> Result<AppState, Failure> {
    folder::make(&settings.data_dir)?;
    let catalogue = Catalogue::load(&settings.data_dir)?;
    let random = Random::system();
    // Open the database before the key is made: the next start takes a key without a database for a lost database.
    let database = open(settings, opening).await?;
    let secrets = Secrets::load(&settings.data_dir, &random)?;
    match write_catalogue(&database, &catalogue).await {
        Err(StorageError::Unavailable(error)) => {
            tracing::error!(%error, "the catalogue cannot be written into the database; is the disk full? Pages are \
                shown, nothing is taken");
        }
        written => written?,
    }
    let clock = match settings.app_env {
        AppEnv::Test => Clock::manual(Clock::System.now()),
        AppEnv::Production | AppEnv::Development => clock_of(&database).await?,
    };
    let push = push_of(settings)?;
    let oidc = oidc_of(settings, push.hosts())?;
    same_keys::check(&database, &secrets, push.keys(), OtherKeys::Refuse).await?;
    Ok(AppState {
        database,
        catalogue,
        clock,
        random,
        secrets,
        push,
        oidc,
        budget: Budget::default(),
        turns: Turns::default(),
        sign_ups: SignUpLimits::default(),
        said: Said::default(),
        lifecycle: Lifecycle::default(),
        site: Arc::new(site),
    })
}

async fn write_catalogue(database: &Database, catalogue: &Catalogue) -> Result<(), StorageError> {
    let mut tx = database.begin().await?;
    questions::upsert(&mut tx, catalogue.questions()).await?;
    tx.commit().await
}

pub(super) fn oidc_of(settings: &Settings, hosts: &PushHosts) -> Result<Oidc, Failure> {
    let entries = oidc::read(&settings.data_dir, hosts).map_err(|problem| Failure(problem.to_string()))?;
    Ok(Oidc::new(entries, hosts)?)
}

pub(super) fn push_of(settings: &Settings) -> Result<Push, Failure> {
    let hosts = PushHosts::parse(&settings.push_allowed_hosts, &settings.push_extra_hosts, settings.is_production())
        .map_err(Failure)?;
    let subject = push::check_subject(settings.vapid_subject.as_deref(), settings.is_production()).map_err(Failure)?;
    let keys = if settings.is_production() {
        VapidKeys::load(&settings.data_dir)?.ok_or_else(|| {
            Failure(format!(
                "{} holds no push keys: make them with `umbba keys`, and keep a copy",
                settings.data_dir.display()
            ))
        })?
    } else {
        VapidKeys::load_or_make(&settings.data_dir, Clock::System.now().0)?
    };
    let native = native_of(settings, &hosts)?;
    Ok(Push::new(hosts, keys, subject, native)?)
}

pub(super) fn site_for_jobs(settings: &Settings) -> Result<Site, Failure> {
    Ok(Site {
        env: settings.app_env,
        public_url: PublicUrl::parse(Some("https://jobs.invalid"), settings.app_env, 0)?,
        trusted_proxies: TrustedProxies::default(),
        build: String::new(),
        builds: PathBuf::new(),
        heartbeat: HEARTBEAT,
        look_at_lines: LOOK_AT_LINES,
        // Jobs show no page.
        backup_keep_days: 0,
    })
}
