//! Three nodes on one PostgreSQL behind nginx, with members connected through nginx and load on all of it, while one
//! part after the other fails. Every due pair gets one question, every member is told of it under one notification id,
//! every line reads every event once and in order, and `/readyz` tells which node can serve.

mod crowd;
mod fleet;
mod relay;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use tokio::sync::mpsc;
use umbba::{
    domain::Millis,
    server::{clock::Clock, storage::deliveries},
};

use self::{
    crowd::{Line, Load, far_time, list, make_due, percentile, post_until_taken, seed},
    fleet::{Fleet, NODES},
};
use super::{
    PATIENCE,
    killed::QUESTION,
    node::{Member, post},
    own_database::on_postgres,
    random,
    streams::{Told, Transport},
};

/// How large the proof is. `make test` runs the small one, `BENCH=nodes` the large one (`NODES=large`).
struct Size {
    /// Pairs whose members stay connected and whose push time changes all the time.
    load: usize,
    /// Pairs that are due in the minute of each fault.
    due: usize,
    /// The time between two posts of one member.
    every: Duration,
    /// Answers a second while their way to the other member is measured.
    answers: u32,
    /// How long a node is stopped, and how long one is cut off from the database.
    away: Duration,
    /// How long the rest may take to serve after a fault, and all of it after the end of the fault. In `make test`
    /// other tests use the same processors.
    recovery: Duration,
}

impl Size {
    fn of_this_run() -> Self {
        let ms = Duration::from_millis;
        if std::env::var("NODES").is_ok_and(|size| size == "large") {
            let (every, away, recovery) = (ms(20_000), ms(90_000), ms(10_000));
            return Self { load: 1_000, due: 20_000, every, answers: 100, away, recovery };
        }
        Self { load: 40, due: 33, every: ms(6_000), answers: 20, away: ms(6_000), recovery: ms(30_000) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Nothing,
    NodeKilled,
    NodeStopped,
    ServerRestarted,
    ListenersCut,
    NodeCutOff,
}

impl Fault {
    const ALL: [Self; 6] = [
        Self::Nothing,
        Self::NodeKilled,
        Self::NodeStopped,
        Self::ServerRestarted,
        Self::ListenersCut,
        Self::NodeCutOff,
    ];

    async fn strikes(self, fleet: &mut Fleet) {
        match self {
            Self::Nothing => {}
            Self::NodeKilled => fleet.kill(0),
            Self::NodeStopped => fleet.signal(1, "-STOP"),
            Self::ServerRestarted => fleet.server.restart(),
            Self::ListenersCut => {
                let cut = "SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity
                    WHERE application_name = 'umbba listener'";
                assert_eq!(fleet.stored.read_sql(cut).await.len(), NODES, "one listener per node");
            }
            Self::NodeCutOff => fleet.relay.forward(false),
        }
    }

    /// Checks what `/readyz` of each node says during the fault.
    async fn is_told(self, fleet: &Fleet, recovery: Duration) {
        let ready = Some(StatusCode::OK);
        match self {
            Self::NodeKilled => fleet.says(0, None, recovery).await,
            Self::NodeStopped => fleet.says(1, None, recovery).await,
            Self::NodeCutOff => fleet.says(2, Some(StatusCode::SERVICE_UNAVAILABLE), recovery).await,
            Self::Nothing | Self::ServerRestarted | Self::ListenersCut => fleet.says(0, ready, recovery).await,
        }
        let other = if self == Self::NodeStopped { 0 } else { 1 };
        fleet.says(other, ready, recovery).await;
    }

    async fn ends(self, fleet: &mut Fleet, recovery: Duration) {
        match self {
            Self::NodeKilled => fleet.start_node(0).await,
            Self::NodeStopped => fleet.signal(1, "-CONT"),
            Self::NodeCutOff => fleet.relay.forward(true),
            Self::Nothing | Self::ServerRestarted | Self::ListenersCut => {}
        }
        for number in 0..NODES {
            fleet.says(number, Some(StatusCode::OK), recovery).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_fails_nothing_is_lost_and_nothing_comes_twice() {
    if !on_postgres() {
        // SQLite has one node.
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let size = Size::of_this_run();
    let mut fleet = Fleet::prepare().await;
    let members = seed(&fleet, size.load + Fault::ALL.len() * size.due).await;
    let (connected, due) = members.split_at(size.load * 2);
    for number in 0..NODES {
        fleet.start_node(number).await;
    }
    let mut lines = Vec::new();
    for (number, member) in connected.iter().enumerate() {
        // Most members have a browser, whose line is SSE. The other transports that wait have some readers too.
        let transport = match number % 12 {
            1 => Transport::WebSocket,
            3 => Transport::Ndjson,
            5 => Transport::LongPoll,
            _ => Transport::Sse,
        };
        lines.push(Line::open(&fleet.url, member, transport, None).await);
    }
    let writers: Vec<Member> = connected.iter().step_by(2).cloned().collect();
    let load = Load::start(&fleet.url, &writers, size.every);

    // Each fault has a pair of its own to try whether the nodes serve, because a member may write so often only.
    for ((fault, batch), pair) in Fault::ALL.into_iter().zip(due.chunks(size.due * 2)).zip(connected.chunks(2)) {
        let [_, child] = pair else { panic!("a pair has two members") };
        let begun = come_due(&fleet, child, batch).await;
        fault.strikes(&mut fleet).await;
        let recovered = serves(&fleet, child, begun, size.recovery).await;
        fault.is_told(&fleet, size.recovery).await;
        if matches!(fault, Fault::NodeStopped | Fault::NodeCutOff) {
            tokio::time::sleep(size.away).await;
        }
        let ended = Instant::now();
        fault.ends(&mut fleet, size.recovery).await;
        let all_back = ended.elapsed();
        are_opened(&fleet, batch).await;
        println!("{fault:?}: served after {recovered:.1?}, all nodes ready {all_back:.1?} after its end");
        if fault == Fault::Nothing {
            answers_reach_the_other_on_any_node(&fleet, batch, size.answers).await;
        }
    }
    restart_one_after_the_other(&mut fleet, size.recovery).await;

    let (taken, failures) = load.finish().await;
    let mut heard = 0;
    for line in lines {
        heard += line.finish(&fleet.url).await;
    }
    println!("{taken} posts taken, {heard} events read; answers before that were sent again: {failures:?}");
    assert!(heard as i64 >= 2 * taken, "each change is an event of both members");
    are_told_once(&fleet, due).await;
}

/// Makes the pairs due in a moment. Returns at a random instant of their opening.
async fn come_due(fleet: &Fleet, writer: &Member, batch: &[Member]) -> Instant {
    let at = Clock::System.now().plus(2 * Millis::SECOND);
    make_due(fleet, batch, at).await;
    // A node looks for due pairs when it writes a due minute itself.
    for number in 0..NODES {
        let time = far_time(random(120) as usize);
        let fields = [("pair", writer.pair.as_str()), ("push_time", &time), ("zone", "Asia/Seoul")];
        post_until_taken(&fleet.url_of(number), writer, "change_push_time", &fields).await;
    }
    let wait = at.since(Clock::System.now()).max(0).unsigned_abs() + random(150);
    tokio::time::sleep(Duration::from_millis(wait)).await;
    Instant::now()
}

/// Waits until a change posted through nginx is taken and a line opened through nginx hears of it.
async fn serves(fleet: &Fleet, member: &Member, begun: Instant, recovery: Duration) -> Duration {
    let served = async {
        let line = Line::open(&fleet.url, member, Transport::Sse, None).await;
        let time = far_time(random(120) as usize);
        let fields = [("pair", member.pair.as_str()), ("push_time", &time), ("zone", "Asia/Seoul")];
        post_until_taken(&fleet.url, member, "change_push_time", &fields).await;
        line.finish(&fleet.url).await;
    };
    let served = tokio::time::timeout(recovery.saturating_sub(begun.elapsed()), served).await;
    assert!(served.is_ok(), "not served within {recovery:?}\n{}", [0, 1, 2].map(|number| fleet.log(number)).join("\n"));
    begun.elapsed()
}

/// Waits until each pair has its next question.
async fn are_opened(fleet: &Fleet, batch: &[Member]) {
    let pairs = list(batch);
    let left = format!(
        "SELECT p.id FROM pairs p WHERE p.id IN ({pairs})
         AND (SELECT COUNT(*) FROM daily_questions q WHERE q.pair_id = p.id) < 5"
    );
    let opened = async {
        while !fleet.stored.read_sql(&left).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, opened).await.is_ok(), "not every due pair was opened");
}

/// Each member of the pairs answers. The other's line, on whichever node, hears of each.
async fn answers_reach_the_other_on_any_node(fleet: &Fleet, batch: &[Member], a_second: u32) {
    let (told, mut heard) = mpsc::unbounded_channel::<Told>();
    let mut lines = Vec::new();
    let mut questions = BTreeMap::new();
    for (number, member) in batch.iter().enumerate() {
        let url = fleet.url_of(number % NODES);
        lines.push(Line::open(&url, member, Transport::Sse, Some(told.clone())).await);
        let (_, today) = post(&fleet.client, &url, member, "today", &[("pair", &member.pair)]).await.expect("a page");
        questions.insert(member.device.clone(), today["question"].clone());
    }
    let mut posted = BTreeMap::new();
    let mut posting = tokio::task::JoinSet::new();
    let mut pace = tokio::time::interval(Duration::from_secs(1) / a_second);
    // The first answers of all pairs, then the second ones, which open the cards.
    for (number, writer) in batch.iter().step_by(2).chain(batch.iter().skip(1).step_by(2)).enumerate() {
        pace.tick().await;
        let other = batch.iter().find(|other| other.pair == writer.pair && other.device != writer.device);
        let kind = if number < batch.len() / 2 { "answer_submitted" } else { "card_opened" };
        posted.insert((other.expect("two members").device.clone(), kind), Instant::now());
        let (url, writer, question) = (fleet.url_of(number % NODES), writer.clone(), questions[&writer.device].clone());
        posting.spawn(async move {
            let (id, version) = (question["id"].as_str().expect("an id"), question["version"].to_string());
            let fields = [("daily_question", id), ("version", &version), ("body", "골목에서 고무줄을 했지.")];
            post_until_taken(&url, &writer, "submit_answer", &fields).await
        });
    }
    while let Some(done) = posting.join_next().await {
        // On a busy machine a node may ask the browser to come back, which it does. Nothing else is refused.
        let refused = done.expect("no panic");
        assert!(refused.iter().all(|status| status.starts_with("503")), "{refused:?}");
    }
    let mut took = Vec::new();
    let hearing = async {
        while took.len() < posted.len() {
            let Told { member, kind, at } = heard.recv().await.expect("open lines");
            took.extend(posted.get(&(member, kind.as_str())).map(|posted| at.duration_since(*posted)));
        }
    };
    assert!(tokio::time::timeout(PATIENCE, hearing).await.is_ok(), "every answer reaches the other");
    took.sort();
    println!(
        "{} answers, {a_second}/s: p50 {:.0?}, p99 {:.0?}, the slowest {:.0?}",
        took.len(),
        percentile(&took, 50),
        percentile(&took, 99),
        took[took.len() - 1]
    );
    for (number, line) in lines.into_iter().enumerate() {
        line.finish(&fleet.url_of(number % NODES)).await;
    }
}

/// Restarts each node as an update does, under the load.
async fn restart_one_after_the_other(fleet: &mut Fleet, recovery: Duration) {
    for number in 0..NODES {
        fleet.end(number).await;
        fleet.start_node(number).await;
        fleet.says(number, Some(StatusCode::OK), recovery).await;
    }
}

/// Waits until nothing is left to send. Then each member has been told of the question under one id.
async fn are_told_once(fleet: &Fleet, due: &[Member]) {
    let settling = async {
        loop {
            let mut tx = fleet.database.read().await.expect("a read");
            if deliveries::next_send(&mut tx).await.expect("the next").is_none() {
                return;
            }
            drop(tx);
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    // A push waits up to 40 s by its pair's jitter, and a lease of a node that died lasts one minute.
    assert!(tokio::time::timeout(2 * PATIENCE, settling).await.is_ok(), "something waits for ever");
    let counts = format!(
        "SELECT DISTINCT CAST(COUNT(*) AS TEXT) FROM daily_questions WHERE pair_id IN ({}) GROUP BY pair_id",
        list(due)
    );
    assert_eq!(fleet.stored.read_sql(&counts).await, ["5"], "one question was opened for each pair");
    let owners = fleet.stored.read_sql("SELECT id || ' ' || person_id FROM push_subscriptions").await;
    let owners: BTreeMap<&str, &str> = owners.iter().filter_map(|row| row.split_once(' ')).collect();
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut arrived = 0;
    for push in fleet.push.take().into_iter().filter(|push| push.title == QUESTION) {
        arrived += 1;
        told.entry(owners[push.device.as_str()].to_owned()).or_default().insert(push.json["id"].to_string());
    }
    for member in due {
        let count = told.get(&member.device).map_or(0, BTreeSet::len);
        assert_eq!(count, 1, "{} is told of the question under one id", member.device);
    }
    println!("{} members told of their question, {} pushes repeated", due.len(), arrived - due.len());
}
