//! One row of the table: a server, a transport and so many members. Open, settle, be silent, post, wait for the last,
//! count.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    load::{self, Post},
    member::{Member, POLL, Transport},
    server,
    tally::{Counts, Tally},
    wire::Wire,
};

/// Lines opened at once.
const OPENING: usize = 128;
/// What opening leaves to be done, and the first long poll on its way.
const SETTLE: Duration = Duration::from_secs(1);
/// How long the last event may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is measured.
pub struct Plan<'a> {
    pub name: &'a str,
    pub process: u32,
    pub port: u16,
    pub transport: Transport,
    /// How long nothing is posted and the lines are watched; zero leaves it out.
    pub silence: Duration,
    pub members: Vec<Member>,
    /// The pair each member may hear of.
    pub pairs: Vec<String>,
    pub posts: Vec<Post>,
}

/// What came of it.
pub struct Row {
    pub name: String,
    pub members: usize,
    /// Of the server, for one connection.
    pub memory_kib: f64,
    pub event_bytes: f64,
    pub idle: Option<Idle>,
    /// All the server did while answers came, for one event heard.
    pub event_cpu_ms: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub lost: u64,
    pub doubled: u64,
    pub astray: u64,
    /// What a reader has to know of this row.
    pub notes: Vec<String>,
}

/// While nothing happens.
pub struct Idle {
    pub bytes_a_minute: f64,
    /// Of one core.
    pub cpu: f64,
}

pub async fn measure(plan: Plan<'_>) -> Result<Row, String> {
    let (count, process) = (plan.members.len(), plan.process);
    let tally = Arc::new(Tally::new(plan.pairs));
    let before = server::memory_kib(process);
    let begun = Instant::now();
    let mut lines = open_all(plan.members, plan.port, &tally).await?;
    let opened_s = begun.elapsed().as_secs_f64();
    sleep(SETTLE).await;
    let memory_kib = (server::memory_kib(process) - before) / count as f64;

    let (cpu, counts, silent) = (server::cpu(process), tally.counts(), Instant::now());
    sleep(plan.silence).await;
    let silence = plan.silence.as_secs_f64();
    let idle = (silence > 0.0).then(|| Idle {
        bytes_a_minute: (tally.counts().idle_bytes - counts.idle_bytes) as f64 / count as f64 * 60.0 / silence,
        cpu: (server::cpu(process) - cpu).as_secs_f64() / silence,
    });

    let (cpu, machine, begun) = (server::cpu(process), server::machine_cpu(), Instant::now());
    let own = server::cpu(std::process::id());
    let posted = load::post(plan.port, plan.posts, &tally).await?;
    let posting = begun.elapsed().as_secs_f64();
    let polls = (tally.counts().answers - counts.answers) as f64 / silent.elapsed().as_secs_f64();
    let spent = server::cpu(process) - cpu;
    let (burnt, stolen) = server::machine_cpu();
    let load = server::cpu(std::process::id()).saturating_sub(own).saturating_sub(spent);
    let others = (burnt.saturating_sub(machine.0)).saturating_sub(spent + load).as_secs_f64() / posting;
    let found = last_event(&tally).await;
    let ended = tally.ended();
    lines.abort_all();

    let mut notes = Vec::new();
    if posted < 0.95 * load::A_SECOND as f64 {
        notes.push(format!("only {posted:.0} answers/s came through"));
    }
    let wanted = count as f64 / POLL.as_secs_f64();
    if plan.transport == Transport::Poll && polls < 0.95 * wanted {
        notes.push(format!("only {polls:.0} of {wanted:.0} polls/s came through"));
    }
    if let Some((lines, first)) = ended {
        notes.push(format!("{lines} lines ended, the first because of: {first}"));
    }
    let (p50_ms, p99_ms) = tally.p50_p99_ms();
    eprintln!(
        "  {}, {count}: opened {:.0} a second; while posting the server burnt {:.2} cores, the load {:.2}, others \
         {others:.2}, {:.2} s stolen",
        plan.name,
        count as f64 / opened_s,
        spent.as_secs_f64() / posting,
        load.as_secs_f64() / posting,
        stolen.saturating_sub(machine.1).as_secs_f64(),
    );
    let heard = found.heard.max(1) as f64;
    Ok(Row {
        name: plan.name.to_owned(),
        members: count,
        memory_kib,
        event_bytes: found.event_bytes as f64 / heard,
        idle,
        event_cpu_ms: spent.as_secs_f64() * 1_000.0 / heard,
        p50_ms,
        p99_ms,
        lost: found.told - found.heard,
        doubled: found.doubled,
        astray: found.astray,
        notes,
    })
}

/// Opens every line; each is listened to from then on.
async fn open_all(members: Vec<Member>, port: u16, tally: &Arc<Tally>) -> Result<JoinSet<()>, String> {
    let count = members.len() as f64;
    let turns = Arc::new(Semaphore::new(OPENING));
    let (mut opening, mut lines) = (JoinSet::new(), JoinSet::new());
    for member in members {
        let turns = Arc::clone(&turns);
        opening.spawn(async move {
            let _turn = turns.acquire().await;
            member.open(port).await.map(|line| (member, line))
        });
    }
    while let Some(joined) = opening.join_next().await {
        let (member, (wire, head)) = joined.map_err(|error| error.to_string())??;
        let tally = Arc::clone(tally);
        lines.spawn(async move {
            let phase = member.number as f64 / count;
            if let Err(sentence) = member.listen(wire, head, port, phase, &tally).await {
                tally.end(sentence);
            }
        });
    }
    Ok(lines)
}

/// The counts when everything was heard, or when waiting has no more sense. A double comes a moment later: it is waited
/// for.
async fn last_event(tally: &Tally) -> Counts {
    let until = Instant::now() + PATIENCE;
    loop {
        let counts = tally.counts();
        if counts.heard >= counts.told || Instant::now() > until {
            sleep(Duration::from_millis(500)).await;
            return tally.counts();
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// Every member looks once before anything is measured: what the database keeps in memory of them is no connection's.
pub async fn warm(port: u16, members: &[Member]) -> Result<(), String> {
    const AT_ONCE: usize = 32;
    let mut looking = JoinSet::new();
    for part in members.chunks(members.len().div_ceil(AT_ONCE).max(1)) {
        let requests: Vec<String> = part.iter().map(|member| member.look(port)).collect();
        looking.spawn(async move {
            let mut wire = Wire::open(port).await?;
            for request in requests {
                let head = wire.ask(&request).await?;
                wire.body(head).await?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(joined) = looking.join_next().await {
        joined.map_err(|error| error.to_string())??;
    }
    Ok(())
}
