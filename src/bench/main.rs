//! `make bench`: our numbers beside a peer's, in one run on one machine. Timing never decides a test; it is written down.
//!
//! The load comes from `wrk` (one thread, 32 connections) against loopback, five seconds each, in turn, three rounds:
//! nginx with a static file, a bare axum page of the same size as ours, and our today page of a seeded pair.
//! Then the live line: from an answer posted to the event read on the other's open stream.

mod live;
mod peers;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use umbba::{
    domain::Millis,
    http::serve,
    server::{
        catalogue::Catalogue,
        clock::Clock,
        config::{AppEnv, PublicUrl, TrustedProxies},
        lifecycle::Lifecycle,
        push::{Push, PushHosts, VapidKeys},
        random::Random,
        secrets::Secrets,
        services::accounts,
        state::{AppState, Site},
        storage::{
            Database, Opening, questions,
            seeds::{self, SeededMember, Seeding},
        },
    },
};

const ROUNDS: usize = 3;
const SECONDS: u64 = 5;
const ANSWERS: usize = 200;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    match runtime.block_on(run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    peers::check_tools()?;
    let folder = std::env::temp_dir().join(format!("umbba-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let result = measure(&folder).await;
    let _ = std::fs::remove_dir_all(&folder);
    result
}

async fn measure(folder: &Path) -> Result<(), String> {
    let (state, members, port) = app(folder).await?;
    let member = &members[0];
    let page = format!("http://localhost:{port}/p/{}/today", member.pair);
    let html = live::get(port, &format!("/p/{}/today", member.pair), &member.cookie).await?;
    println!("{}; today page {} bytes", peers::machine(), html.len());
    let axum_port = peers::bare_axum(html.clone()).await?;
    let nginx = peers::Nginx::start(folder, &html)?;

    println!("\n{:<34} {:>12} {:>10}", "page, wrk -t1 -c32", "requests/s", "p99 ms");
    let targets = [
        ("nginx, static file", format!("http://127.0.0.1:{}/page.html", nginx.port), String::new()),
        ("axum, the same bytes", format!("http://127.0.0.1:{axum_port}/"), String::new()),
        ("today page, rendered", page, member.cookie.clone()),
    ];
    for _ in 0..ROUNDS {
        for (name, url, cookie) in &targets {
            let found = peers::wrk(url, cookie, SECONDS)?;
            println!("{name:<34} {:>12.0} {:>10.2}", found.per_second, found.p99_ms);
        }
    }

    let mut took = live::answers(port, &members, ANSWERS).await?;
    took.sort_unstable();
    let at = |part: usize| took[(took.len() * part / 100).min(took.len() - 1)].as_secs_f64() * 1_000.0;
    println!("\nanswer posted → event read by the other, {} answers: p50 {:.2} ms, p99 {:.2} ms", took.len(), at(50), at(99));
    state.lifecycle.end();
    state.lifecycle.drained(Duration::from_secs(10)).await;
    Ok(())
}

fn push(folder: &Path) -> Result<Push, String> {
    let keys = VapidKeys::make(folder, Clock::System.now().0).map_err(|error| error.to_string())?;
    let hosts = PushHosts::parse("", "", false)?;
    Push::new(hosts, keys, "mailto:bench@localhost".into()).map_err(|error| error.to_string())
}

/// The real app on SQLite, with seeded pairs.
async fn app(folder: &Path) -> Result<(AppState, Vec<SeededMember>, u16), String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let listener = serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| said(&error))?;
    let port = listener.local_addr().map_err(|error| said(&error))?.port();
    let database = Database::open(&format!("sqlite:{}", folder.join("bench.db").display()), Opening::Migrate).await.map_err(|error| said(&error))?;
    let state = AppState {
        catalogue: Catalogue::load(folder).map_err(|error| said(&error))?,
        clock: Clock::System,
        random: Random::system(),
        secrets: Secrets::from_key(&[0; 32]),
        push: push(folder)?,
        lifecycle: Lifecycle::default(),
        site: Arc::new(Site {
            env: AppEnv::Development,
            public_url: PublicUrl::parse(None, AppEnv::Development, port).map_err(|error| said(&error))?,
            trusted_proxies: TrustedProxies::default(),
            build: "bench".into(),
        }),
        database,
    };
    let mut tx = state.database.begin().await.map_err(|error| said(&error))?;
    questions::upsert(&mut tx, state.catalogue.questions()).await.map_err(|error| said(&error))?;
    tx.commit().await.map_err(|error| said(&error))?;
    let seeding = Seeding {
        questions: state.catalogue.questions(),
        random: &state.random,
        now: state.clock.now().plus(-Millis::HOUR),
        consent_version: accounts::CONSENT_VERSION,
    };
    let members = seeds::fill(&state.database, seeding, ANSWERS + 1).await.map_err(|error| said(&error))?;
    let (running, root) = (state.clone(), folder.to_path_buf());
    state.lifecycle.spawn(async move { serve::run(running, listener, &root).await });
    Ok((state, members, port))
}
