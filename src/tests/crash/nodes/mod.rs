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

use futures::future::join_all;
use reqwest::StatusCode;
use tokio::sync::mpsc;
use umbba::{domain::Millis, server::clock::Clock};

use self::{
    crowd::{Line, Load, far_time, list, make_due, percentile, post_until_taken, seed, today},
    fleet::{Fleet, NODES},
};
use super::{
    PATIENCE,
    killed::QUESTION,
    node::Member,
    own_database::on_postgres,
    random,
    streams::{Told, Transport},
};

/// How large the proof is. `make test` runs the small one, `BENCH=nodes` the large one (`NODES=large`).
struct Size {
    /// Pairs whose members stay connected and whose push time changes all the time.
    load: usize,
    /// Pairs that are due in the minute in which nothing fails, and in that in which a node is killed.
    due: usize,
    /// Pairs that are due in the minute of each other fault.
    due_later: usize,
    /// Pairs of the first minute that answer their question.
    answering: usize,
    /// Answers a second.
    answers: u32,
    /// Whether the answers wait for the pushes of the due minute, so that their way is measured alone.
    apart: bool,
    /// The time between two changes by one member.
    every: Duration,
    /// A fault strikes at a random moment of this time after the due minute.
    opening: Duration,
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
            return Self {
                load: 500,
                due: 20_000,
                due_later: 2_000,
                answering: 500,
                answers: 100,
                apart: true,
                every: ms(20_000),
                opening: ms(3_000),
                away: ms(90_000),
                recovery: ms(10_000),
            };
        }
        Self {
            load: 40,
            due: 33,
            due_later: 33,
            answering: 33,
            answers: 20,
            apart: false,
            every: ms(6_000),
            opening: ms(150),
            away: ms(6_000),
            recovery: ms(30_000),
        }
    }

    /// Pairs that are due in the minute of a fault.
    fn due_at(&self, fault: Fault) -> usize {
        if matches!(fault, Fault::Nothing | Fault::NodeKilled) { self.due } else { self.due_later }
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
    /// A node is restarted with a clock that is ten minutes ahead.
    ClockAhead,
}

impl Fault {
    const ALL: [Self; 7] = [
        Self::Nothing,
        Self::NodeKilled,
        Self::NodeStopped,
        Self::ServerRestarted,
        Self::ListenersCut,
        Self::NodeCutOff,
        Self::ClockAhead,
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
            Self::ClockAhead => {
                fleet.kill(0);
                fleet.start_node_ahead(0, "+10m").await;
            }
        }
    }

    /// Checks what `/readyz` of each node says during the fault.
    async fn is_told(self, fleet: &Fleet, recovery: Duration) {
        let ready = Some(StatusCode::OK);
        match self {
            Self::NodeKilled => fleet.says(0, None, recovery).await,
            Self::NodeStopped => fleet.says(1, None, recovery).await,
            Self::NodeCutOff => fleet.says(2, Some(StatusCode::SERVICE_UNAVAILABLE), recovery).await,
            Self::ClockAhead => fleet.says(0, Some(StatusCode::SERVICE_UNAVAILABLE), recovery).await,
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
            Self::ClockAhead => {
                fleet.kill(0);
                fleet.start_node(0).await;
            }
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
    // Each connected member is a descriptor.
    rlimit::increase_nofile_limit(u64::MAX).expect("a limit");
    let size = Size::of_this_run();
    let mut fleet = Fleet::prepare().await;
    let members = seed(&fleet, size.load + Fault::ALL.map(|fault| size.due_at(fault)).iter().sum::<usize>()).await;
    let (connected, due) = members.split_at(size.load * 2);
    let mut left = due;
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
    for (fault, pair) in Fault::ALL.into_iter().zip(connected.chunks(2)) {
        let [_, child] = pair else { panic!("a pair has two members") };
        let (batch, later) = left.split_at(size.due_at(fault) * 2);
        left = later;
        let begun = come_due(&fleet, child, batch, size.opening).await;
        fault.strikes(&mut fleet).await;
        let recovered = serves(&fleet, child, begun, size.recovery).await;
        let opened = are_opened(&fleet, batch, begun).await;
        fault.is_told(&fleet, size.recovery).await;
        // What a node that is gone or silent has begun is free for the others in time.
        assert!(fault == Fault::Nothing || opened < size.recovery + size.opening, "{fault:?}: opened after {opened:?}");
        if matches!(fault, Fault::NodeStopped | Fault::NodeCutOff) {
            tokio::time::sleep(size.away).await;
        }
        let ended = Instant::now();
        fault.ends(&mut fleet, size.recovery).await;
        let all_back = ended.elapsed();
        let failures = load.failures();
        println!("{fault:?}: served after {recovered:.1?}, opened after {opened:.1?}, sent again {failures:?}");
        println!("{fault:?}: all nodes ready {all_back:.1?} after its end");
        if fault == Fault::Nothing {
            if size.apart {
                questions_are_told(&fleet).await;
                println!("{fault:?}: told after {:.1?}", begun.elapsed());
            }
            answers_reach_the_other_on_any_node(&fleet, &batch[..size.answering * 2], size.answers).await;
        }
    }
    load.failures();
    restart_one_after_the_other(&mut fleet, size.recovery).await;
    println!("one restart after the other: sent again {:?}", load.failures());

    let taken = load.finish().await;
    let heard: usize = join_all(lines.into_iter().map(|line| line.finish(&fleet.url))).await.into_iter().sum();
    println!("{taken} changes were taken, {heard} events read");
    assert!(heard as i64 >= 2 * taken, "each change is an event of both members");
    are_told_once(&fleet, due, size.answering * 2).await;
}

/// Makes the pairs due in a moment. Returns at a random instant of their opening.
async fn come_due(fleet: &Fleet, writer: &Member, batch: &[Member], opening: Duration) -> Instant {
    let at = Clock::System.now().plus(2 * Millis::SECOND);
    make_due(fleet, batch, at).await;
    // A node looks for due pairs when it writes a due minute itself.
    for number in 0..NODES {
        let time = far_time(random(120) as usize);
        let fields = [("pair", writer.pair.as_str()), ("push_time", &time), ("zone", "Asia/Seoul")];
        post_until_taken(&fleet.url_of(number), writer, "change_push_time", &fields).await;
    }
    let wait = at.since(Clock::System.now()).max(0).unsigned_abs() + random(opening.as_millis() as u64);
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

/// Waits until each pair has its next question. Returns the time since `begun`.
async fn are_opened(fleet: &Fleet, batch: &[Member], begun: Instant) -> Duration {
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
    assert!(tokio::time::timeout(5 * PATIENCE, opened).await.is_ok(), "not every due pair was opened");
    begun.elapsed()
}

/// Each member of the pairs answers. The other's line, on whichever node, hears of each.
async fn answers_reach_the_other_on_any_node(fleet: &Fleet, batch: &[Member], a_second: u32) {
    let (told, mut heard) = mpsc::unbounded_channel::<Told>();
    let mut lines = Vec::new();
    let mut questions = BTreeMap::new();
    for (number, member) in batch.iter().enumerate() {
        let url = fleet.url_of(number % NODES);
        lines.push(Line::open(&url, member, Transport::Sse, Some(told.clone())).await);
        questions.insert(member.device.clone(), today(&url, member).await["question"].clone());
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
    let urls = [0, 1, 2].map(|number| fleet.url_of(number));
    join_all(lines.into_iter().enumerate().map(|(number, line)| line.finish(&urls[number % NODES]))).await;
}

/// Restarts each node as an update does, under the load.
async fn restart_one_after_the_other(fleet: &mut Fleet, recovery: Duration) {
    for number in 0..NODES {
        fleet.end(number).await;
        fleet.start_node(number).await;
        fleet.says(number, Some(StatusCode::OK), recovery).await;
    }
}

/// Waits until no notification of a question is left to send.
async fn questions_are_told(fleet: &Fleet) {
    // Notifications of answers may wait for the end of somebody's quiet hours.
    let waiting = "SELECT d.notification_id FROM deliveries d JOIN notifications n ON n.id = d.notification_id
        WHERE n.kind = 'question' AND d.send_at IS NOT NULL LIMIT 1";
    let settling = async {
        while !fleet.stored.read_sql(waiting).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    // A push waits up to 40 s by its pair's jitter, and a lease of a node that died lasts one minute.
    assert!(tokio::time::timeout(5 * PATIENCE, settling).await.is_ok(), "something waits for ever");
}

/// Each member has been told of the question under one id. The first `answered` members may have answered before.
async fn are_told_once(fleet: &Fleet, due: &[Member], answered: usize) {
    questions_are_told(fleet).await;
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
    let ids: Vec<usize> = due.iter().map(|member| told.get(&member.device).map_or(0, BTreeSet::len)).collect();
    assert!(ids[..answered].iter().all(|ids| *ids <= 1), "nobody is told under two ids");
    assert!(ids[answered..].iter().all(|ids| *ids == 1), "each member is told under one id: {ids:?}");
    let told: usize = ids.iter().sum();
    println!("{told} members were told of their question, {} pushes came again", arrived - told);
}
