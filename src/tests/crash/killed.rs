//! The process is killed while questions open, answers arrive and pushes are sent; then it restarts on the same data. A
//! push that was being sent at the kill may arrive twice: the test counts and prints such pushes. Every member has a
//! device per provider.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Client;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    task::JoinSet,
};
use umbba::{
    domain::Millis,
    server::storage::{Database, deliveries, schedule},
};

use super::{
    PAIRS, PATIENCE, kills,
    node::{Data, Member, Node, post, seed},
    providers::{Arrived, PROVIDERS, Providers},
    random,
};

const SEOUL: i64 = 9 * Millis::HOUR;
pub const QUESTION: &str = "오늘의 질문이 왔어요";
pub const OPENED: &str = "카드가 열렸어요";

/// Sends all waiting pushes: sets the clock past every lease and waits for the outbox.
pub async fn settle(node: &Node, providers: &Providers, database: &Database, mut now: Millis) -> Millis {
    let waits = async || {
        let mut tx = database.read().await.expect("a read");
        deliveries::next_send(&mut tx).await.expect("the next").is_some()
    };
    let is_under_way = async || {
        let mut tx = database.read().await.expect("a read");
        !deliveries::find_in(&mut tx, deliveries::State::Leased, 1).await.expect("the leased").is_empty()
    };
    // On PostgreSQL a tick leaves the pairs out that a killed process holds, until the server notices its end.
    let is_due = async |now| {
        let mut tx = database.read().await.expect("a read");
        schedule::next_due(&mut tx).await.expect("the next").is_some_and(|at| at <= now)
    };
    for _ in 0..30 {
        let opening = async {
            node.say("tick").await.expect("a tick");
            while is_due(now).await {
                node.say("tick").await.expect("a tick");
            }
        };
        tokio::time::timeout(PATIENCE, opening).await.expect("no pair stays held");
        // A lease ends when the clock moves, so what is on its way arrives first. The leases of a killed process stay.
        let _ = tokio::time::timeout(Duration::from_secs(1), async {
            while is_under_way().await {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        })
        .await;
        if !waits().await {
            return now;
        }
        now = now.plus(30 * Millis::SECOND);
        providers.clock_to(now);
        node.clock_to(now).await;
    }
    panic!("something waits for ever");
}

/// Posts every member's answer. Returns the members whose answer was acknowledged.
async fn answer_all(client: &Client, url: &str, members: &[Member], day: usize) -> BTreeSet<String> {
    let mut posting = JoinSet::new();
    for member in members {
        let (client, url, member) = (client.clone(), url.to_owned(), member.clone());
        posting.spawn(async move {
            let (_, today) = post(&client, &url, &member, "today", &[("pair", &member.pair)]).await.ok()?;
            let (id, version) = (today["question"]["id"].as_str()?, today["question"]["version"].to_string());
            let body = answer(&member, day);
            let fields = [("daily_question", id), ("version", &version), ("body", &body)];
            let (status, _) = post(&client, &url, &member, "submit_answer", &fields).await.ok()?;
            status.is_success().then_some(member.device)
        });
    }
    let mut kept = BTreeSet::new();
    while let Some(done) = posting.join_next().await {
        kept.extend(done.expect("no panic"));
    }
    kept
}

fn answer(member: &Member, day: usize) -> String {
    format!("{}의 {day}번째 날 이야기", member.role)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_comes_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("crash").await;
    let providers = Providers::start(data).await;
    let members = seed(data, &providers.web.host).await;
    assert_eq!(members.len(), PAIRS * 2);
    let database = data.open().await;

    let mut node = providers.serve(data).await;
    let started = node.now().await;
    // `evening(n)` is 20:50 in Seoul, `n` days after the start. `evening(1)` is more than twelve hours after the seed's
    // opening.
    let evening =
        (started.0 + SEOUL).div_euclid(Millis::DAY) * Millis::DAY - SEOUL + 20 * Millis::HOUR + 50 * Millis::MINUTE;
    let evening = |day: usize| Millis(evening + day as i64 * Millis::DAY);
    providers.register(&node, &members).await;
    assert_eq!(answer_all(&node.client, &node.url, &members, 0).await.len(), members.len());
    let first = node.question(&members[0]).await["number"].as_u64().expect("a number");
    // Notifications of a start at night wait for the morning. Noon of the next day is past it for every start time.
    let noon = evening(1).plus(-(8 * Millis::HOUR + 50 * Millis::MINUTE));
    providers.clock_to(noon);
    node.clock_to(noon).await;
    let mut now = settle(&node, &providers, &database, noon).await;
    // The clock passes a lease while a push is being sent, so the push may be sent twice, and one copy may arrive after
    // this read. Notifications that arrived before are not counted for the following days.
    let told_before: BTreeSet<String> = providers.take(&members).into_iter().map(|push| push.id).collect();
    let take = || providers.take(&members).into_iter().filter(|push| !told_before.contains(&push.id));

    let days = kills().div_ceil(2);
    let (mut arrived, mut killed) = (Vec::<Arrived>::new(), 0);
    for day in 1..=days {
        // Everything was settled on the evening before. In the due minute: kill while questions open and pushes are
        // sent.
        now = now.max(evening(day));
        providers.clock_to(now);
        node.clock_to(now).await;
        let due = evening(day).plus(10 * Millis::MINUTE);
        let wait = Duration::from_millis(random(150));
        let control = node.control.clone();
        providers.clock_to(due.plus(41 * Millis::SECOND));
        let turning = tokio::spawn(async move {
            for step in ["clock +600s", "clock +41s"] {
                let Ok(mut stream) = UnixStream::connect(&control).await else { return };
                let _ = stream.write_all(format!("{step}\n").as_bytes()).await;
                let mut answer = String::new();
                let _ = BufReader::new(stream).read_line(&mut answer).await;
            }
        });
        tokio::time::sleep(wait).await;
        node.kill();
        let _ = turning.await;
        killed += 1;
        node = providers.serve(data).await;
        now = due.plus(2 * Millis::MINUTE);
        providers.clock_to(now);
        node.clock_to(now).await;
        now = settle(&node, &providers, &database, now).await;
        arrived.extend(take());
        let asked: BTreeSet<String> = arrived.iter().map(|push| push.id.clone()).collect();
        for member in &members {
            let question = node.question(member).await;
            let date = question["local_date"].as_str().unwrap_or_default().to_owned();
            assert_eq!(question["number"].as_u64(), Some(first + day as u64), "day {day}: one opening ({date})");
        }

        // Answers: kill while they arrive.
        let wait = Duration::from_millis(random(250));
        let (client, url, everybody) = (node.client.clone(), node.url.clone(), members.clone());
        let answering = tokio::spawn(async move { answer_all(&client, &url, &everybody, day).await });
        tokio::time::sleep(wait).await;
        node.kill();
        killed += 1;
        let kept = answering.await.expect("no panic");
        node = providers.serve(data).await;
        now = now.plus(2 * Millis::MINUTE);
        providers.clock_to(now);
        node.clock_to(now).await;
        for member in members.iter().filter(|member| kept.contains(&member.device)) {
            let answers = node.question(member).await["answers"].to_string();
            assert!(answers.contains(&answer(member, day)), "day {day}: acknowledged and gone: {answers}");
        }
        assert_eq!(answer_all(&node.client, &node.url, &members, day).await.len(), members.len());
        now = settle(&node, &providers, &database, now).await;
        for member in &members {
            let answers = node.question(member).await["answers"].to_string();
            assert!(
                ["parent", "child"].iter().all(|role| answers.contains(&format!("{role}의 {day}번째 날"))),
                "day {day}: {answers}"
            );
        }
        for push in take() {
            assert!(push.title != QUESTION || asked.contains(&push.id), "day {day}: asked about what is answered");
            arrived.push(push);
        }
    }
    node.kill();

    // Device and title → the notification ids that arrived with the title.
    let mut told: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    // Device and notification → the tags it came under.
    let mut tags: BTreeMap<(&str, &str, &str), BTreeSet<&str>> = BTreeMap::new();
    for Arrived { provider, member, title, id, tag } in &arrived {
        told.entry((provider, member, title)).or_default().insert(id);
        tags.entry((provider, member, id)).or_default().insert(tag);
    }
    assert!(tags.values().all(|tags| tags.len() == 1), "a repeat replaces what it repeats");
    let count =
        |provider, member: &Member, title| told.get(&(provider, &*member.device, title)).map_or(0, BTreeSet::len);
    for provider in PROVIDERS {
        for member in &members {
            let questions = count(provider, member, QUESTION);
            assert_eq!(questions, days, "{provider}, {}: one question a day under one id", member.device);
        }
        for pair in members.chunks(2) {
            let opened: usize = pair.iter().map(|member| count(provider, member, OPENED)).sum();
            assert_eq!(opened, days, "{provider}: one of the two is told that the card opened, once a day");
        }
    }
    let repeats = arrived.len() - tags.len();
    println!("{killed} kills, {} pushes, {repeats} of them repeats", arrived.len());
    assert!(repeats <= killed * members.len() * PROVIDERS.len(), "at most what was on its way at a kill");
}
