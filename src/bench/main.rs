//! `make bench` measures this app and peers in one run on one machine. The numbers are only printed: no timing fails a
//! test. `BENCH="page push minute live"` chooses the benchmarks; without it all of them run.
//!
//! page: our pages beside a static file and a bare axum page (`pages`).
//! push: encrypted and signed Web Push messages per second (`push`); messages per second to FCM and to APNs
//! (`providers`, which also runs alone under that name).
//! minute: 100,000 pairs due in the same minute (`minute`); `minute:postgres` runs it on PostgreSQL with two nodes.
//! live: the transports of `/events` with many connected members (`streams`); `live:1000` runs only 1,000 members.
//!
//! At the end our figures are divided by those of the peers and compared with the ratios of an earlier run (`ratios`).

/// The raw HTTP server. The sender's tests use it too and need more of its functions, hence `dead_code`.
#[allow(dead_code)]
#[path = "../tests/push_service/http_server.rs"]
mod http_server;
mod live;
mod minute;
mod pages;
mod peers;
mod providers;
mod push;
mod ratios;
mod streams;

use std::{path::Path, process::ExitCode, sync::Arc};

use umbba::server::{
    budget::Budget,
    catalogue::Catalogue,
    clock::Clock,
    config::{AppEnv, PublicUrl},
    lifecycle::Lifecycle,
    oidc::Oidc,
    push::{Native, Push, PushHosts, VapidKeys},
    random::Random,
    secrets::Secrets,
    security::Said,
    state::{AppState, HEARTBEAT, LOOK_AT_LINES, SignUpLimits, Site},
    storage::{Database, Opening, questions},
    trusted_proxies::TrustedProxies,
    turns::Turns,
};

use ratios::{Better, Ratio};

/// The allocator of the app (`src/main.rs`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
        ["minute-app", folder, sink_port, url] => {
            return minute::run_app(Path::new(folder), sink_port.parse().map_err(|_| "no port")?, url).await;
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
    let mut ratios = Vec::new();
    if is_wanted("page") {
        ratios.extend(pages::measure(folder).await?);
    }
    let mut npm_posted = 0.0;
    if is_wanted("push") {
        let found = pushes(folder).await?;
        npm_posted = found.npm_posted;
        ratios.push(Ratio::of("Web Push: pushes/s of what is allowed", found.ours, found.limit(), Better::Higher));
        ratios.push(Ratio::of("Web Push: pushes/s of npm web-push", found.ours, found.npm_made, Better::Higher));
    }
    if is_wanted("push") || is_wanted("providers") {
        ratios.extend(providers(folder).await?);
    }
    if is_wanted("minute") {
        let found = full_minute(folder, &sqlite_in(&folder.join("minute")), 1).await?;
        let delivered = found.arrived as f64 / found.delivered_s;
        ratios.push(Ratio::of("minute: pushes/s of npm web-push", delivered, npm_posted, Better::Higher));
    }
    if words.iter().any(|word| word == "minute:postgres") {
        let url = std::env::var("BENCH_POSTGRES_URL").map_err(|_| "minute:postgres wants BENCH_POSTGRES_URL")?;
        full_minute(folder, &url, 2).await?;
    }
    if let Some(count) = words.iter().find_map(|word| word.strip_prefix("hold:")) {
        let count = count.parse().ok().filter(|count| *count >= 2 && count % 2 == 0);
        streams::hold(folder, count.ok_or("hold: wants an even number of members")?).await?;
    }
    let alone = words.iter().find_map(|word| word.strip_prefix("live:"));
    if let Some(count) = alone {
        let count = count
            .parse()
            .ok()
            .filter(|count| *count >= 2 && count % 2 == 0)
            .ok_or("live: wants an even number of members")?;
        ratios.extend(streams::measure(folder, &[count]).await?);
    } else if is_wanted("live") {
        ratios.extend(streams::measure(folder, &[streams::MOST]).await?);
    }
    ratios::tell(&ratios.into_iter().flatten().collect::<Vec<_>>(), &peers::machine())
}

async fn pushes(folder: &Path) -> Result<push::Pushes, String> {
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
    Ok(found)
}

async fn providers(folder: &Path) -> Result<Vec<Option<Ratio>>, String> {
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
    let ratio = |provider: &providers::Provider| {
        let name = format!("{}: messages/s of the peer", provider.name);
        Ratio::of(name, provider.ours.median(), provider.peer.median(), Better::Higher)
    };
    Ok(found.iter().map(ratio).collect())
}

async fn full_minute(folder: &Path, url: &str, nodes: usize) -> Result<minute::Minute, String> {
    let found = minute::measure(folder, url, nodes, minute::PAIRS).await?;
    let kind = url.split(':').next().unwrap_or_default();
    println!(
        "\nhot minute: {} pairs due at once on {kind} (seeded in {:.0} s), {nodes} node(s), one device each, \
         jitter off",
        minute::PAIRS,
        found.seeded_s
    );
    println!("  last opening    {:>6.1} s ({} pairs)", found.opened_s, found.opened);
    println!("  last delivery   {:>6.1} s ({} arrived, {} browsers)", found.delivered_s, found.arrived, found.distinct);
    println!("  lateness        {:>6.1} s p50, {:.1} s p99", found.p50_s, found.p99_s);
    println!("  memory at most  {:>6.0} MiB", found.memory_mib);
    Ok(found)
}

/// The address of the SQLite database in `folder`.
fn sqlite_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("bench.db").display())
}

/// As `state_on`, on SQLite in `folder`.
pub async fn state(folder: &Path, clock: Clock, push_host: &str, port: u16) -> Result<AppState, String> {
    state_on(&sqlite_in(folder), folder, clock, push_host, port).await
}

/// Builds the app state on the database at `url`; `folder` keeps the push keys, and no transports are started.
/// `push_host` is the host of a push service at `127.0.0.1:port`; an empty string means none.
pub async fn state_on(url: &str, folder: &Path, clock: Clock, push_host: &str, port: u16) -> Result<AppState, String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let now = Clock::System.now();
    let keys = VapidKeys::load_or_make(folder, now.0).map_err(|error| said(&error))?;
    let state = AppState {
        database: Database::open(url, Opening::Migrate).await.map_err(|error| said(&error))?,
        catalogue: Catalogue::load(folder).map_err(|error| said(&error))?,
        clock,
        random: Random::system(),
        secrets: Secrets::from_key(&[0; 32]),
        oidc: Oidc::default(),
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
            backup_keep_days: 14,
        }),
    };
    let mut tx = state.database.begin().await.map_err(|error| said(&error))?;
    questions::upsert(&mut tx, state.catalogue.questions()).await.map_err(|error| said(&error))?;
    tx.commit().await.map_err(|error| said(&error))?;
    Ok(state)
}
