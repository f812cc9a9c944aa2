//! Measures one due minute: all pairs are due at once, everybody has one device, and a push service accepts everything.
//! Each node of the app and the push service run in separate processes, so that the app's memory is measured alone. The
//! push service records when each push arrived. Jitter is off: the clock starts 40 s after the due minute and runs at
//! real speed.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    agreement::{ECDH_P256, EphemeralPrivateKey},
    rand::SystemRandom,
};
use umbba::{
    domain::{LONGEST_JITTER_MS, Millis},
    server::{
        clock::Clock,
        jobs::{outbox, scheduler},
        services::accounts,
        storage::{
            Database, deliveries,
            seeds::{self, FullMinute, Seeding},
        },
    },
};

use crate::{
    http_server::{HttpServer, Reply, Request},
    live,
};

pub const PAIRS: usize = 100_000;
/// Saturday 2026-11-21, 21:00 in Seoul: the start time of the pairs. All pairs are due one day later.
const BEGUN: Millis = Millis(1_795_262_400_000);

/// The result of the benchmark.
pub struct Minute {
    pub opened: usize,
    pub seeded_s: f64,
    pub opened_s: f64,
    pub delivered_s: f64,
    pub p50_s: f64,
    pub p99_s: f64,
    pub arrived: usize,
    pub distinct: usize,
    pub memory_mib: f64,
}

/// Makes the keys of a receiver in base64url, as a browser reports them.
pub fn receiver() -> Result<(String, String), String> {
    let random = SystemRandom::new();
    let key = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(|_| "no key")?;
    let public = key.compute_public_key().map_err(|_| "no key")?;
    Ok((URL_SAFE_NO_PAD.encode(public.as_ref()), URL_SAFE_NO_PAD.encode([7; 16])))
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Fills the database at `url`, then runs `nodes` of the app and the push service in processes of their own.
pub async fn measure(folder: &Path, url: &str, nodes: usize, pairs: usize) -> Result<Minute, String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let folder = folder.join("minute");
    std::fs::create_dir_all(&folder).map_err(|error| said(&error))?;
    let sink = Sink::start()?;
    let origin = format!("http://127.0.0.1:{}", sink.port);
    let state = crate::state_on(url, &folder, Clock::manual(BEGUN), &origin["http://".len()..], 0).await?;
    let (p256dh, auth) = receiver()?;
    let keys = umbba::server::push::VapidKeys::load(&folder).map_err(|error| said(&error))?.ok_or("no keys")?;
    let begun = Instant::now();
    let seeding = Seeding {
        questions: state.catalogue.questions(),
        random: &state.random,
        now: BEGUN,
        consent_version: accounts::CONSENT_VERSION,
        minute: Some(FullMinute { origin: &origin, p256dh: &p256dh, auth: &auth, key_id: keys.current().id() }),
    };
    seeds::fill(&state.database, seeding, pairs).await.map_err(|error| said(&error))?;
    let seeded_s = begun.elapsed().as_secs_f64();
    state.database.close().await;

    let program = std::env::current_exe().map_err(|error| said(&error))?;
    let arguments = ["minute-app", &folder.display().to_string(), &sink.port.to_string(), url];
    let start = || {
        let mut command = Command::new(&program);
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| said(&error))
    };
    let running = (0..nodes).map(|_| start()).collect::<Result<Vec<_>, _>>()?;
    let (mut start_ms, mut opened, mut opened_s, mut delivered_s, mut memory_mib) = (f64::MAX, 0.0, 0.0, 0.0, 0.0);
    for node in running {
        let output = node.wait_with_output().map_err(|error| said(&error))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let told: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        let [start, count, to_open, to_deliver, memory] = told[..] else {
            return Err(format!("the app said: {text}"));
        };
        (start_ms, opened) = (f64::min(start_ms, start), opened + count);
        (opened_s, delivered_s) = (f64::max(opened_s, to_open), f64::max(delivered_s, to_deliver));
        memory_mib = f64::max(memory_mib, memory);
    }
    let found = live::get(sink.port, &format!("/result?since={start_ms}"), "").await?;
    let found: Vec<f64> = found.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [arrived, distinct, p50_s, p99_s] = found[..] else { return Err(format!("the push service said: {found:?}")) };
    Ok(Minute {
        opened: opened as usize,
        seeded_s,
        opened_s,
        delivered_s,
        p50_s,
        p99_s,
        arrived: arrived as usize,
        distinct: distinct as usize,
        memory_mib,
    })
}

/// Runs the app's process. It prints the start time (epoch ms), the opened pairs, the seconds to the last opening and
/// to the last delivery, and its peak memory in MiB.
pub async fn run_app(folder: &Path, sink_port: u16, url: &str) -> Result<(), String> {
    let due = BEGUN.plus(Millis::DAY + LONGEST_JITTER_MS);
    let clock = Clock::manual(due);
    let state = crate::state_on(url, folder, clock.clone(), &format!("127.0.0.1:{sink_port}"), 0).await?;
    let (begun, start_ms) = (Instant::now(), wall_ms());
    tokio::spawn(async move {
        let mut shown = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let passed = begun.elapsed().as_millis() as i64;
            clock.advance(passed - shown);
            shown = passed;
        }
    });
    tokio::spawn(outbox::run(state.clone()));
    let opened = scheduler::tick(&state).await.map_err(|error| error.to_string())?;
    let opened_s = begun.elapsed().as_secs_f64();
    while next_send(&state.database).await?.is_some() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("{start_ms} {opened} {opened_s} {} {}", begun.elapsed().as_secs_f64(), crate::peers::peak_mib("self"));
    Ok(())
}

async fn next_send(database: &Database) -> Result<Option<Millis>, String> {
    let mut tx = database.read().await.map_err(|error| error.to_string())?;
    deliveries::next_send(&mut tx).await.map_err(|error| error.to_string())
}

/// A push service in a process of its own that answers 201 to every request.
pub struct Sink {
    pub port: u16,
    process: Child,
}

impl Sink {
    pub fn start() -> Result<Self, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut process =
            Command::new(program).arg("sink").stdout(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or("no output")?;
        BufReader::new(stdout).read_line(&mut line).map_err(|error| error.to_string())?;
        let port = line.trim().parse().map_err(|_| "the push service did not start")?;
        Ok(Self { port, process })
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

type Arrivals = Vec<(String, i64)>;

/// Runs the push service's process: prints its port and serves until it is killed.
pub async fn run_sink() -> Result<(), String> {
    let listener = umbba::http::serve::listen(([127, 0, 0, 1], 0).into()).map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?.port());
    let arrivals = Mutex::new(Arrivals::new());
    let answer = move |request: Request| {
        let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = request.path().strip_prefix("/result?since=") {
            let text = result(&arrivals, since.parse().unwrap_or_default());
            return Reply::Text(format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
                text.len()
            ));
        }
        let id = request.path().rsplit('/').next().unwrap_or_default().to_owned();
        arrivals.push((id, wall_ms()));
        Reply::status(201, "")
    };
    HttpServer::serve(listener, answer).map_err(|error| error.to_string())?;
    std::future::pending().await
}

/// Formats the number of pushes, the number of browsers, and the seconds until half and 99 % of the pushes had arrived.
fn result(arrivals: &Arrivals, since: f64) -> String {
    let distinct: HashSet<&str> = arrivals.iter().map(|(id, _)| id.as_str()).collect();
    let mut late: Vec<f64> = arrivals.iter().map(|(_, at)| (*at as f64 - since) / 1_000.0).collect();
    late.sort_by(f64::total_cmp);
    let at =
        |part: usize| late.get((late.len() * part / 100).min(late.len().saturating_sub(1))).copied().unwrap_or(0.0);
    format!("{} {} {} {}", arrivals.len(), distinct.len(), at(50), at(99))
}
