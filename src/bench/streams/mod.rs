//! live: the five transports of `GET /events` with 10,000 connected members, compared with servers that only stream.
//!
//! Each row uses a new server process on a copy of one seeded database. Half of the members are parents and half are
//! their children; each has one connection. Answers are posted over HTTP at 200 per second, each in another pair. Both
//! members of the pair receive the event; only the other member's event is timed, from the write of the POST to the
//! read of the event. The load runs in this process, on the same cores. Bytes are counted above TCP, in both
//! directions.

mod load;
mod member;
mod peer;
mod row;
pub mod server;
mod table;
mod tally;
mod websocket;
mod wire;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use umbba::{
    domain::Millis,
    server::{
        clock::Clock,
        services::accounts,
        storage::seeds::{self, SeededMember, Seeding},
    },
};

use crate::ratios::{Better, Ratio};
use load::{Hearer, Pace, Post};
use member::{Member, Transport};
use row::{Plan, Row};
use server::Again;

pub use peer::run_bare;

pub const MOST: usize = 10_000;
const TRANSPORTS: [(&str, Transport); 5] = [
    ("ours, SSE", Transport::Sse),
    ("ours, NDJSON", Transport::Ndjson),
    ("ours, WebSocket", Transport::WebSocket),
    ("ours, long poll, 25 s", Transport::LongPoll),
    ("ours, poll every 5 s", Transport::Poll),
];
const BARE: &str = "bare axum, SSE";
const NCHAN: &str = "Nchan, SSE";
/// The number of answers: 15 s of posts, which is one heartbeat interval. Fewer pairs get fewer answers.
const ANSWERS: usize = 15 * load::COMPARED.a_second;
/// Open files besides the members' connections: posting connections, the database and the runtime.
const SPARE_FILES: u64 = 500;

/// Measures each of these member counts and prints the table.
pub async fn measure(folder: &Path, counts: &[usize]) -> Result<Vec<Option<Ratio>>, String> {
    let most = counts.iter().copied().max().unwrap_or(0);
    let limit = server::raise_limit()?;
    if limit < most as u64 + SPARE_FILES {
        return Err(format!(
            "{limit} files may be open at once, too few for {most} members: raise the hard limit (ulimit -Hn)"
        ));
    }
    let folder = folder.join("live");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let members = seed(&folder, most / 2).await?;
    eprintln!("\nlive: {} pairs seeded in {:.0} s", most / 2, begun.elapsed().as_secs_f64());
    let mut rows = Vec::new();
    let mut result = Ok(());
    for (at, &count) in counts.iter().enumerate() {
        // Keep the finished rows, so that they are printed even if a later measurement fails.
        result = measure_all(&folder, &members[..count], at == 0, &mut rows).await;
        if result.is_err() {
            break;
        }
    }
    println!(
        "\nlive: {} answers/s, load and server on the same cores, {:.0} s in all",
        load::COMPARED.a_second,
        begun.elapsed().as_secs_f64()
    );
    println!(
        "An answer of ours is committed, then told on two lines: its request is in the CPU of both. The others tell \
         one line and store nothing.\n"
    );
    print!("{}", table::markdown(&rows));
    result.map(|()| ratios(&rows))
}

/// The costs of our streams and long polls beside those of the peers' streams.
fn ratios(rows: &[Row]) -> Vec<Option<Ratio>> {
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    let (Some(stream), Some(long_poll), Some(bare)) = (row(TRANSPORTS[0].0), row(TRANSPORTS[3].0), row(BARE)) else {
        return Vec::new();
    };
    let of = |name: &str, ours: f64, peer: f64, better| Ratio::of(format!("live: {name}"), ours, peer, better);
    let nchan = row(NCHAN).map_or(0.0, |nchan| nchan.memory_kib);
    vec![
        of("memory of a stream, of Nchan's", stream.memory_kib, nchan, Better::Lower),
        of("memory of a stream, of bare axum's", stream.memory_kib, bare.memory_kib, Better::Lower),
        of("memory of a long poll, of Nchan's stream", long_poll.memory_kib, nchan, Better::Lower),
        of("CPU of an event, of bare axum's", stream.event_cpu_ms, bare.event_cpu_ms, Better::Lower),
        of("streams opened/s, of bare axum's", stream.opened_a_second, bare.opened_a_second, Better::Higher),
    ]
}

/// Measures the rows for one member count. The idle cost of the stream-only peers does not depend on the member count,
/// so it is measured only once.
async fn measure_all(
    folder: &Path,
    members: &[SeededMember],
    is_first: bool,
    rows: &mut Vec<Row>,
) -> Result<(), String> {
    for (name, transport) in TRANSPORTS {
        rows.push(ours(folder, name, transport, members).await?);
    }
    let silence = if is_first { Transport::Sse.silence() } else { Duration::ZERO };
    let bare = Again::start(&["live-bare"])?;
    rows.push(theirs(BARE, bare.number(), bare.port, members.len(), silence).await?);
    drop(bare);
    match peer::nchan(folder)? {
        Some(nchan) => rows.push(theirs(NCHAN, nchan.number(), nchan.port, members.len(), silence).await?),
        None => eprintln!("no row for Nchan: install the Debian package libnginx-mod-nchan"),
    }
    Ok(())
}

/// Fills the database that is copied for each row.
async fn seed(folder: &Path, pairs: usize) -> Result<Vec<SeededMember>, String> {
    let state = crate::state(folder, Clock::System, "", 0).await?;
    let seeding = Seeding {
        questions: state.catalogue.questions(),
        random: &state.random,
        // The sessions were used within the last hour, so that opening a connection writes nothing.
        now: state.clock.now().plus(-Millis::MINUTE),
        consent_version: accounts::CONSENT_VERSION,
        minute: None,
    };
    let members = seeds::fill(&state.database, seeding, pairs).await.map_err(|error| error.to_string())?;
    state.database.close().await;
    Ok(members)
}

fn copy_of(folder: &Path) -> Result<PathBuf, String> {
    let copy = folder.join("row");
    let _ = std::fs::remove_dir_all(&copy);
    std::fs::create_dir_all(&copy).map_err(|error| error.to_string())?;
    std::fs::copy(folder.join("bench.db"), copy.join("bench.db")).map_err(|error| error.to_string())?;
    Ok(copy)
}

async fn ours(folder: &Path, name: &str, transport: Transport, seeded: &[SeededMember]) -> Result<Row, String> {
    let copy = copy_of(folder)?;
    let app = Again::start(&["live-app", &copy.display().to_string()])?;
    // The first member of each pair answers, then the other. The two members of a pair have neighbouring indexes.
    let answer = |at: usize| {
        let first = at % (seeded.len() / 2) * 2;
        let (actor, other) = if at < seeded.len() / 2 { (first, first + 1) } else { (first + 1, first) };
        Post {
            path: "/api/submit_answer".into(),
            cookie: umbba::cookies::sent_session(&seeded[actor].token),
            body: format!("daily_question={}&version=1&body=%EA%B8%80", seeded[actor].daily_question),
            hearers: vec![Hearer { member: actor, is_timed: false }, Hearer { member: other, is_timed: true }],
        }
    };
    let posts = (0..ANSWERS.min(seeded.len())).map(answer).collect();
    run(name, transport, (&app, seeded), (posts, load::COMPARED), transport.silence()).await
}

/// Measures a row of ours.
async fn run(
    name: &str,
    transport: Transport,
    (app, seeded): (&Again, &[SeededMember]),
    (posts, pace): (Vec<Post>, Pace),
    silence: Duration,
) -> Result<Row, String> {
    let member = |(number, seeded): (usize, &SeededMember)| Member {
        number,
        transport,
        path: "/events".into(),
        cookie: umbba::cookies::sent_session(&seeded.token),
    };
    let members: Vec<Member> = seeded.iter().enumerate().map(member).collect();
    row::warm(app.port, &members).await?;
    let pairs = seeded.iter().map(|seeded| seeded.pair.to_string()).collect();
    row::measure(Plan { name, process: app.number(), port: app.port, transport, silence, members, pairs, posts, pace })
        .await
}

/// Holds streams of `count` members open for ten minutes, in which one member of each pair answers and revises the
/// answer again and again. A first answer is told to both members, a revision to its author alone.
pub async fn hold(folder: &Path, count: usize) -> Result<(), String> {
    let limit = server::raise_limit()?;
    if limit < count as u64 + SPARE_FILES {
        return Err(format!("{limit} files may be open at once, too few for {count} members"));
    }
    let folder = folder.join("hold");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let seeded = seed(&folder, count / 2).await?;
    let app = Again::start(&["live-app", &copy_of(&folder)?.display().to_string()])?;
    let answer = |at: usize| {
        let (first, round) = (at % (count / 2) * 2, at / (count / 2));
        let actor = Hearer { member: first, is_timed: round > 0 };
        let other = Hearer { member: first + 1, is_timed: true };
        Post {
            path: "/api/submit_answer".into(),
            cookie: umbba::cookies::sent_session(&seeded[first].token),
            body: format!("daily_question={}&version=1&body=%EA%B8%80+{round}", seeded[first].daily_question),
            hearers: if round == 0 { vec![actor, other] } else { vec![actor] },
        }
    };
    let pace = load::HELD;
    let posts = (0..600 * pace.a_second).map(answer).collect();
    let name = "ours, SSE, held for ten minutes";
    let row = run(name, Transport::Sse, (&app, &seeded), (posts, pace), Transport::Sse.silence()).await?;
    print!("{}", table::markdown(&[row]));
    Ok(())
}

/// Measures a stream-only peer: one stream per channel, and posts that look like our events. One connection receives
/// each.
async fn theirs(name: &str, process: u32, port: u16, count: usize, silence: Duration) -> Result<Row, String> {
    // Nchan needs time to start its workers.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let pairs: Vec<String> = (0..count).map(|number| format!("019aab00-0000-7000-8000-{number:012}")).collect();
    let members = (0..count)
        .map(|number| Member {
            number,
            transport: Transport::Sse,
            path: format!("/sub/{number}"),
            cookie: String::new(),
        })
        .collect();
    let post = |at: usize| {
        let member = at % count;
        let (seq, pair) = (at / count + 1, &pairs[member]);
        Post {
            path: format!("/pub/{member}"),
            cookie: String::new(),
            body: format!(
                "{{\"seq\":{seq},\"kind\":\"answer_submitted\",\"pair\":\"{pair}\",\
                 \"daily_question\":\"{pair}\",\"unread\":1}}"
            ),
            hearers: vec![Hearer { member, is_timed: true }],
        }
    };
    let posts = (0..ANSWERS.min(count)).map(post).collect();
    let pace = load::COMPARED;
    row::measure(Plan { name, process, port, transport: Transport::Sse, silence, members, pairs, posts, pace }).await
}
