//! `make bench` measures this app and peers in one run on one machine. The numbers are only printed: no timing fails a
//! test. `BENCH="page push minute live"` chooses the benchmarks; without it all of them run.
//!
//! page: `wrk` (one thread, 32 connections) loads three servers over loopback in turn, for five seconds each, in three
//! rounds: nginx with a static file, a bare axum page as large as ours, and our today page of a seeded pair. Then the
//! latency of `/events` is measured, from the POST of an answer to the event on the other member's open stream.
//! push: encrypted and signed Web Push messages per second (`push`); messages per second to FCM and to APNs
//! (`providers`, which also runs alone under that name).
//! minute: 100,000 pairs due in the same minute (`minute`).
//! live: the transports of `/events` with many connected members (`streams`); `live:1000` runs only 1,000 members.

/// The raw HTTP server. The sender's tests use it too and need more of its functions, hence `dead_code`.
#[allow(dead_code)]
#[path = "../tests/push_service/http_server.rs"]
mod http_server;
mod live;
mod minute;
mod peers;
mod providers;
mod push;
mod streams;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use umbba::{
    domain::Millis,
    http::serve,
    server::{
        budget::Budget,
        catalogue::Catalogue,
        clock::Clock,
        config::{AppEnv, PublicUrl},
        lifecycle::Lifecycle,
        push::{Native, Push, PushHosts, VapidKeys},
        random::Random,
        secrets::Secrets,
        security::Said,
        services::accounts,
        state::{AppState, HEARTBEAT, LOOK_AT_LINES, SignUpLimits, Site},
        storage::{
            Database, Opening, questions,
            seeds::{self, SeededMember, Seeding},
        },
        trusted_proxies::TrustedProxies,
        turns::Turns,
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
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["sink"] => return minute::run_sink().await,
        ["minute-app", folder, sink_port] => {
            return minute::run_app(Path::new(folder), sink_port.parse().map_err(|_| "no port")?).await;
        }
        ["live-app", folder] => return streams::server::run_app(Path::new(folder)).await,
        ["providers-sink", folder] => return providers::sink::run(Path::new(folder)).await,
        ["live-bare"] => return streams::run_bare().await,
        _ => {}
    }
    peers::check_tools()?;
    let folder = std::env::temp_dir().join(format!("umbba-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    println!("{}", peers::machine());
    let result = measure(&folder, &words).await;
    let _ = std::fs::remove_dir_all(&folder);
    result
}

async fn measure(folder: &Path, words: &[String]) -> Result<(), String> {
    let is_wanted = |part: &str| words.is_empty() || words.iter().any(|word| word == part);
    if is_wanted("page") {
        pages(folder).await?;
    }
    if is_wanted("push") {
        pushes(folder).await?;
    }
    if is_wanted("push") || is_wanted("providers") {
        providers(folder).await?;
    }
    if is_wanted("minute") {
        full_minute(folder).await?;
    }
    let alone = words.iter().find_map(|word| word.strip_prefix("live:"));
    if let Some(count) = alone {
        let count = count
            .parse()
            .ok()
            .filter(|count| *count >= 2 && count % 2 == 0)
            .ok_or("live: wants an even number of members")?;
        streams::measure(folder, &[count]).await?;
    } else if is_wanted("live") {
        streams::measure(folder, &streams::COUNTS).await?;
    }
    Ok(())
}

async fn pushes(folder: &Path) -> Result<(), String> {
    let found = push::measure(folder).await?;
    println!("\n{:<58} {:>10}", "push, one core, 600 bytes", "a second");
    println!("{:<58} {:>10.0}", "ours: encrypted, token kept per origin", found.ours);
    println!("{:<58} {:>10.0}", "openssl: ECDH P-256", found.ecdh);
    println!("{:<58} {:>10.0}", "openssl: ECDSA P-256, sign", found.sign);
    println!("{:<58} {:>10.0}", "what one agreement and one new key allow", found.limit());
    println!("{:<58} {:>10.0}", "npm web-push: encrypted and signed", found.npm_made);
    println!("{:<58} {:>10.0}", "npm web-push: and posted to a local sink", found.npm_posted);
    println!(
        "ours is {:.2} of what is allowed and {:.1} times npm web-push",
        found.ours / found.limit(),
        found.ours / found.npm_made
    );
    Ok(())
}

async fn providers(folder: &Path) -> Result<(), String> {
    let found = providers::measure(folder).await?;
    println!("\n{:<58} {:>10}", "messages to a local sink over TLS and HTTP/2", "a second");
    for provider in &found {
        for row in [&provider.ours, &provider.peer] {
            let name = format!("{}, {} bytes", row.name, row.bytes);
            println!("{name:<58} {:>10.0}  ({})", row.median(), row.rounds_text());
        }
    }
    for provider in &found {
        println!("{}: ours is {:.1} times the peer", provider.name, provider.ours.median() / provider.peer.median());
    }
    Ok(())
}

async fn full_minute(folder: &Path) -> Result<(), String> {
    let found = minute::measure(folder, minute::PAIRS).await?;
    println!(
        "\nhot minute: {} pairs due at once on SQLite (seeded in {:.0} s), one device each, jitter off",
        minute::PAIRS,
        found.seeded_s
    );
    println!("  last opening    {:>6.1} s ({} pairs)", found.opened_s, found.opened);
    println!("  last delivery   {:>6.1} s ({} arrived, {} browsers)", found.delivered_s, found.arrived, found.distinct);
    println!("  lateness        {:>6.1} s p50, {:.1} s p99", found.p50_s, found.p99_s);
    println!("  memory at most  {:>6.0} MiB", found.memory_mib);
    Ok(())
}

async fn pages(folder: &Path) -> Result<(), String> {
    let (state, members, port) = app(folder).await?;
    let member = &members[0];
    let cookie = umbba::cookies::sent_session(&member.token);
    let page = format!("http://localhost:{port}/p/{}/today", member.pair);
    let html = live::get(port, &format!("/p/{}/today", member.pair), &cookie).await?;
    println!("today page {} bytes", html.len());
    let axum_port = peers::bare_axum(html.clone()).await?;
    let nginx = peers::Nginx::start(folder, &html)?;

    println!("\n{:<34} {:>12} {:>10}", "page, wrk -t1 -c32", "requests/s", "p99 ms");
    let targets = [
        ("nginx, static file", format!("http://127.0.0.1:{}/page.html", nginx.port), String::new()),
        ("axum, the same bytes", format!("http://127.0.0.1:{axum_port}/"), String::new()),
        ("today page, rendered", page, cookie.clone()),
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
    println!(
        "\nanswer posted → event read by the other, {} answers: p50 {:.2} ms, p99 {:.2} ms",
        took.len(),
        at(50),
        at(99)
    );
    state.lifecycle.end();
    state.lifecycle.drained(Duration::from_secs(10)).await;
    Ok(())
}

/// Builds the app state on SQLite in `folder`, which also keeps the push keys; no transports are started. `push_host`
/// is the host of a push service at `127.0.0.1:port`; an empty string means none.
pub async fn state(folder: &Path, clock: Clock, push_host: &str, port: u16) -> Result<AppState, String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let now = Clock::System.now();
    let keys = VapidKeys::load_or_make(folder, now.0).map_err(|error| said(&error))?;
    let state = AppState {
        database: Database::open(&format!("sqlite:{}", folder.join("bench.db").display()), Opening::Migrate)
            .await
            .map_err(|error| said(&error))?,
        catalogue: Catalogue::load(folder).map_err(|error| said(&error))?,
        clock,
        random: Random::system(),
        secrets: Secrets::from_key(&[0; 32]),
        push: Push::new(
            PushHosts::parse("", push_host, false)?,
            keys,
            "mailto:bench@localhost".into(),
            Native::default(),
        )
        .map_err(|error| said(&error))?,
        budget: Budget::default(),
        turns: Turns::default(),
        sign_ups: SignUpLimits::default(),
        said: Said::default(),
        lifecycle: Lifecycle::default(),
        site: Arc::new(Site {
            env: AppEnv::Development,
            public_url: PublicUrl::parse(None, AppEnv::Development, port).map_err(|error| said(&error))?,
            trusted_proxies: TrustedProxies::default(),
            build: "bench".into(),
            builds: folder.join("builds"),
            heartbeat: HEARTBEAT,
            look_at_lines: LOOK_AT_LINES,
        }),
    };
    let mut tx = state.database.begin().await.map_err(|error| said(&error))?;
    questions::upsert(&mut tx, state.catalogue.questions()).await.map_err(|error| said(&error))?;
    tx.commit().await.map_err(|error| said(&error))?;
    Ok(state)
}

/// Starts the real app on SQLite with seeded pairs.
async fn app(folder: &Path) -> Result<(AppState, Vec<SeededMember>, u16), String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let listener = serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| said(&error))?;
    let port = listener.local_addr().map_err(|error| said(&error))?.port();
    let state = state(folder, Clock::System, "", port).await?;
    let seeding = Seeding {
        questions: state.catalogue.questions(),
        random: &state.random,
        now: state.clock.now().plus(-Millis::HOUR),
        consent_version: accounts::CONSENT_VERSION,
        minute: None,
    };
    let members = seeds::fill(&state.database, seeding, ANSWERS + 1).await.map_err(|error| said(&error))?;
    let (running, root) = (state.clone(), folder.to_path_buf());
    state.lifecycle.spawn(async move { serve::run(running, listener, &root).await });
    Ok((state, members, port))
}
