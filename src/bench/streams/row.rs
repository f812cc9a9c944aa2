//! Measures one row of the table: a server, a transport and a member count. The steps are: open the connections,
//! settle, stay idle, post, wait for the last event, count.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    load::{self, Pace, Post},
    member::{Member, POLL, Transport},
    server,
    tally::{Counts, Tally},
    wire::Wire,
};

/// Number of connections that are opened at the same time.
const OPENING: usize = 128;
/// Time for work left over from opening, and for the first long poll to arrive.
const SETTLE: Duration = Duration::from_secs(1);
/// The longest wait for the last event.
const PATIENCE: Duration = Duration::from_secs(10);

/// The input of one measurement.
pub struct Plan<'a> {
    pub name: &'a str,
    pub process: u32,
    pub port: u16,
    pub transport: Transport,
    /// How long the connections stay idle while bytes and CPU time are counted. Zero skips this step.
    pub silence: Duration,
    pub members: Vec<Member>,
    /// For each member, the pair whose events the member may receive.
    pub pairs: Vec<String>,
    pub posts: Vec<Post>,
    pub pace: Pace,
}

/// The result of one measurement.
pub struct Row {
    pub name: String,
    pub members: usize,
    /// How many connections were opened in a second.
    pub opened_a_second: f64,
    /// Memory of the server per connection.
    pub memory_kib: f64,
    pub event_bytes: f64,
    pub idle: Option<Idle>,
    /// CPU time of the server while answers came, per event received.
    pub event_cpu_ms: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub lost: u64,
    pub doubled: u64,
    pub astray: u64,
    /// Remarks about this row for the reader of the table.
    pub notes: Vec<String>,
}

/// The cost while nothing is posted.
pub struct Idle {
    pub bytes_a_minute: f64,
    /// CPU use as a share of one core.
    pub cpu: f64,
}

pub async fn measure(plan: Plan<'_>) -> Result<Row, String> {
    let (count, process) = (plan.members.len(), plan.process);
    let tally = Arc::new(Tally::new(plan.pairs));
    let before = server::memory_kib(process);
    let begun = Instant::now();
    let mut lines = open_all(plan.members, plan.port, &tally).await?;
    let opened_a_second = count as f64 / begun.elapsed().as_secs_f64();
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
    let posted = load::post(plan.port, plan.posts, plan.pace, &tally).await?;
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
    if posted < 0.95 * plan.pace.a_second as f64 {
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
        opened_a_second,
        spent.as_secs_f64() / posting,
        load.as_secs_f64() / posting,
        stolen.saturating_sub(machine.1).as_secs_f64(),
    );
    let heard = found.heard.max(1) as f64;
    Ok(Row {
        name: plan.name.to_owned(),
        members: count,
        opened_a_second,
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

/// Opens all connections. Each is read from then on.
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

/// Returns the counts once every event was received or `PATIENCE` is over. It waits another 500 ms, because an event
/// that is sent twice arrives a moment later.
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

/// Sends one poll for each member before the measurement, so that the database's cache of the members' rows is not
/// counted as memory of the connections.
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
