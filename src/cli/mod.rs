//! The command line: parses the arguments and starts the command. Every failure prints one sentence and exits with 1.

mod announce;
mod copies;
mod delete;
mod doctor;
mod failure;
mod folder;
mod import;
mod moving;
mod native;
mod open_files;
mod operator;
mod passkeys;
mod providers;
mod same_keys;
mod state;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use failure::Failure;
use operator::{KeysAct, PairAct, PersonAct, SessionsAct};
use state::{open, site_for_jobs, state_of};

use crate::{
    http::{self, limits::Limits, listener::Listener},
    server::{
        clock::Clock,
        config::{AppEnv, PublicUrl, ServeSettings, Settings},
        jobs::{backups, bulletins, scheduler},
        state::{AppState, HEARTBEAT, LOOK_AT_LINES, SignUpLimits, Site},
        storage::Opening,
        telemetry,
        trusted_proxies::{TrustedProxies, unsafe_to_listen},
    },
};

/// 엄빠도 어렸다: one question a day for a parent and a child.
///
/// Without settings it is strict (production). `make run` starts it for development.
#[derive(Parser)]
#[command(name = "umbba", version, about, long_about)]
struct Cli {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the app; creates the data folder, database, keys and catalogue by itself.
    Serve(ServeSettings),
    /// Bring the database up to date and stop.
    Migrate,
    /// Fill a development database with believable pairs.
    Seed {
        /// How many pairs.
        #[arg(long, default_value_t = 10)]
        pairs: usize,
        /// File for one line per member: person-id pair-id role daily-question-id Cookie-header-value
        #[arg(long)]
        sessions: PathBuf,
    },
    /// Open and shelve what is due now, once.
    Tick,
    /// Copy the SQLite database into FILE while the app runs. The keys are not in it: keep DATA_DIR/secret.key, and the
    /// output of `keys export`, too.
    Backup {
        file: PathBuf,
        /// Also restore the copy into a scratch place beside it and compare the number of rows of each table.
        #[arg(long)]
        verify: bool,
    },
    /// Put a copy that `backup` made in the place of the SQLite database, after checking it. The app must not run. The
    /// database that it replaces is kept under another name.
    Restore {
        file: PathBuf,
        /// Check the copy and change nothing.
        #[arg(long)]
        check: bool,
    },
    /// Copy everything into another, empty database, postgres://… or sqlite:FILE, compare both, and keep the old one
    /// read-only until the app that runs on it stops. Interrupted, it leaves nothing behind: run it again.
    MigrateTo {
        /// The new database. PostgreSQL's password may also come from PGPASSWORD or ~/.pgpass.
        address: String,
    },
    /// The keys push services know us by: make the first one, or list them.
    Keys {
        #[command(subcommand)]
        act: Option<KeysAct>,
    },
    /// The providers of native shells: FCM and APNs.
    Push {
        #[command(subcommand)]
        act: PushAct,
    },
    /// Look at settings, keys, clock, database, push providers, disk and backups, and say what to do. Changes nothing;
    /// exits with 1 when something is wrong. Run it with the settings of `serve`.
    Doctor(ServeSettings),
    /// Sign people out: for somebody whose account was taken, or for everybody after a leak.
    Sessions {
        #[command(subcommand)]
        act: SessionsAct,
    },
    /// Help a person who has lost the way into their account, or delete an account.
    Person {
        #[command(subcommand)]
        act: PersonAct,
    },
    /// Delete what a pair wrote.
    Pair {
        #[command(subcommand)]
        act: PairAct,
    },
    /// Tell everybody something: an inbox entry for each person, a push to each device. Without --yes it only says whom
    /// it would reach.
    Announce(announce::Announce),
    /// Put a copy that a person kept (/keep) into the database, as closed pairs of theirs. Nothing else is changed.
    Import(import::Import),
    /// What was sent and what became of it: no names, no endpoints, no words.
    Deliveries {
        /// pending, leased, retry, accepted, gone, expired, dead or cancelled
        #[arg(long, default_value = "dead")]
        state: String,
        /// How many, the latest first.
        #[arg(long, default_value_t = 50)]
        limit: i64,
    },
}

#[derive(Subcommand)]
enum PushAct {
    /// Try the credentials of FCM and APNs without reaching anybody.
    Check,
}

/// Runs the command line.
pub fn run() -> ExitCode {
    // Files that this process creates (database, keys, copies, built files) are readable by its own user only.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("umbba: the runtime cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let _inside = runtime.enter();
    let collector = cli.settings.otlp_endpoint.as_deref();
    let _spans = telemetry::start(cli.settings.app_env, &cli.settings.log, collector);
    match runtime.block_on(dispatch(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(sentence)) => {
            eprintln!("umbba: {sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> Result<(), Failure> {
    let settings = cli.settings;
    match cli.command {
        Command::Serve(serve) => serve_app(&settings, &serve).await,
        Command::Migrate => {
            folder::make(&settings.data_dir)?;
            open(&settings, Opening::Migrate).await?;
            println!("the database is up to date");
            Ok(())
        }
        Command::Seed { pairs, sessions } => operator::seed(&settings, pairs, &sessions).await,
        Command::Tick => {
            let state = state_of(&settings, Opening::AsIs, site_for_jobs(&settings)?).await?;
            let handled = scheduler::tick(&state).await?;
            bulletins::post_last(&state).await;
            println!("{handled} due pairs handled");
            Ok(())
        }
        Command::Backup { file, verify } => copies::backup(&settings, &file, verify).await,
        Command::Restore { file, check } => copies::restore(&settings, &file, check).await,
        Command::MigrateTo { address } => moving::run(&settings, &address).await,
        Command::Push { act: PushAct::Check } => providers::check(&settings).await,
        Command::Doctor(serve) => doctor::run(&settings, &serve).await,
        Command::Keys { act } => operator::keys(&settings, act).await,
        Command::Sessions { act: SessionsAct::End { person, .. } } => operator::end_sessions(&settings, person).await,
        Command::Person { act: PersonAct::Recover { id, reason, .. } } => {
            operator::recover(&settings, id, reason.as_deref()).await
        }
        Command::Person { act: PersonAct::Delete(wanted) } => delete::persons(&settings, wanted).await,
        Command::Pair { act: PairAct::Delete(wanted) } => delete::pairs(&settings, wanted).await,
        Command::Announce(wanted) => announce::run(&settings, wanted).await,
        Command::Import(wanted) => import::run(&settings, wanted).await,
        Command::Deliveries { state, limit } => operator::list_deliveries(&settings, &state, limit).await,
    }
}

async fn serve_app(settings: &Settings, serve: &ServeSettings) -> Result<(), Failure> {
    let build = http::assets::build_name(&serve.site_root);
    if !serve.site_root.join("pkg/umbba.css").exists() {
        return Err(Failure(format!(
            "{} holds no built site; run make build, or set SITE_ROOT",
            serve.site_root.display()
        )));
    }
    let trusted_proxies = TrustedProxies::parse(&serve.trusted_proxies)?;
    let nightly = copies::nightly_of(settings, serve)?;
    folder::make(&settings.data_dir)?;
    let _held = folder::hold(&settings.data_dir)?;
    let limits = Limits { connections: open_files::raise_limit(serve.max_connections), ..Limits::default() };
    let listener = http::serve::listen(serve.listen_addr).map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
            "the port is taken; stop what uses it or set LISTEN_ADDR"
        } else {
            "set LISTEN_ADDR to an address of this machine"
        };
        Failure(format!("cannot listen on {}: {error}; {hint}", serve.listen_addr))
    })?;
    let address = listener.local_addr()?;
    let public_url = PublicUrl::parse(serve.public_url.as_deref(), settings.app_env, address.port())?;
    if !public_url.is_https() && (!address.ip().is_loopback() || !public_url.is_loopback()) {
        eprintln!(
            "umbba: over plain http only this machine's own browser can sign in; other devices need https in front \
             (docs/OPERATING.md)"
        );
    }
    if let Some(sentence) = unsafe_to_listen(address, &trusted_proxies) {
        eprintln!("umbba: {sentence}");
    }
    // In development every start gets a new build name, so that open pages offer to reload.
    let build =
        if settings.app_env == AppEnv::Development { format!("{build}-{}", Clock::System.now().0) } else { build };
    let site = Site {
        env: settings.app_env,
        public_url,
        trusted_proxies,
        build,
        builds: settings.data_dir.join("builds"),
        heartbeat: HEARTBEAT,
        look_at_lines: LOOK_AT_LINES,
        backup_keep_days: serve.backup_keep_days,
    };
    let state =
        AppState { sign_ups: SignUpLimits::of(settings, serve), ..state_of(settings, Opening::Migrate, site).await? };
    if settings.app_env != AppEnv::Development
        && let Err(error) = http::assets::keep_build(&serve.site_root, &state.site.builds, &state.site.build)
    {
        eprintln!(
            "umbba: {} cannot be written: {error}; pages of this release will not find their files after the next",
            state.site.builds.display()
        );
    }
    if let Some(address) = serve.metrics_addr {
        let listener = http::serve::listen(address).map_err(|error| {
            Failure(format!("cannot listen on {address}: {error}; set METRICS_ADDR to a free address"))
        })?;
        state.lifecycle.spawn(http::metrics::serve(state.clone(), listener));
    }
    if let Some(nightly) = nightly {
        state.lifecycle.spawn(backups::run(state.clone(), nightly));
    }
    folder::warn_when_open(settings);
    passkeys::warn_when_elsewhere(&state).await.map_err(|error| Failure(error.to_string()))?;
    say_address(&state, address);
    http::serve::serve(state, Listener::new(listener, limits), &serve.site_root, &settings.data_dir).await?;
    Ok(())
}

fn say_address(state: &AppState, address: SocketAddr) {
    println!("listening on http://{address}");
    println!("open {} — stop with Ctrl-C", state.site.public_url.as_str());
}
