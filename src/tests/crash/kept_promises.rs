//! The process is killed again and again while everybody posts. Each client keeps a ledger: what was acknowledged is
//! there once afterwards, what has an unknown outcome once at most, and a change that is posted again under its key is
//! answered as if it were new. Feeds and pushes agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use umbba::domain::Millis;

use super::{
    PATIENCE,
    killed::{OPENED, settle},
    kills,
    ledger::{Ledger, Outcome},
    node::{Data, Member, Node, seed},
    providers::Providers,
    random,
    streams::{Reader, Transport},
    wait_until,
};

const SEOUL: i64 = 9 * Millis::HOUR;

/// Posts until the process dies, and at most so many changes: a member's budget of writes is 60.
async fn post_until_killed(
    mut ledger: Ledger,
    client: Client,
    url: String,
    most: usize,
    acknowledged: Arc<AtomicUsize>,
) -> Ledger {
    for _ in 0..most {
        match ledger.post(&client, &url).await {
            Outcome::Acknowledged => _ = acknowledged.fetch_add(1, Ordering::SeqCst),
            Outcome::Refused(_) => {}
            Outcome::Unknown => break,
        }
    }
    ledger
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_under_load_every_change_is_what_its_client_was_told() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("ledger").await;
    let providers = Providers::start(data).await;
    let members = seed(data, &providers.web.host).await;
    let database = data.open().await;
    let mut node = providers.serve(data).await;
    // The next noon in Seoul that is past the quiet hours of a night start, and before the next question.
    let started = node.now().await;
    let noon = Millis((started.0 + SEOUL).div_euclid(Millis::DAY) * Millis::DAY - SEOUL + 36 * Millis::HOUR);
    providers.clock_to(noon);
    node.clock_to(noon).await;
    for member in &members {
        node.subscribe(member, &providers.web).await;
    }
    let mut now = settle(&node, &providers, &database, noon).await;
    let told_before: BTreeSet<String> = providers.take(&members).into_iter().map(|push| push.id).collect();
    let mut readers = Vec::new();
    for (number, member) in members.iter().enumerate() {
        let first = last_event(&node, member).await;
        let transport = [Transport::Sse, Transport::LongPoll, Transport::WebSocket][number % 3];
        readers.push((first, Reader::of(member, transport, first)));
    }
    // One member of each pair revises an answer in all rounds but the last. In that one the other opens the card.
    let mut ledgers = [Vec::new(), Vec::new()];
    for (number, member) in members.iter().enumerate() {
        ledgers[number % 2].push(Ledger::of(&node, member).await);
    }
    let [mut revising, opening] = ledgers;
    let mut opening = Some(opening);

    let (acknowledged, mut unknown) = (Arc::new(AtomicUsize::new(0)), 0);
    for round in 0..kills() {
        let is_last = round + 1 == kills();
        let (writing, most) = if is_last { (opening.take().expect("once"), 1) } else { (revising, 45) };
        let (url, before) = (node.url.clone(), acknowledged.load(Ordering::SeqCst));
        let posting: Vec<_> = writing
            .into_iter()
            .map(|ledger| {
                tokio::spawn(post_until_killed(ledger, node.client.clone(), url.clone(), most, acknowledged.clone()))
            })
            .collect();
        let reading: Vec<_> = readers
            .into_iter()
            .map(|(first, mut reader)| {
                let url = node.url.clone();
                tokio::spawn(async move {
                    reader.read(&url, &|_| false).await;
                    (first, reader)
                })
            })
            .collect();
        if !is_last {
            wait_until(async || acknowledged.load(Ordering::SeqCst) > before).await;
        }
        tokio::time::sleep(Duration::from_millis(random(if is_last { 100 } else { 300 }))).await;
        node.kill();
        (revising, readers) = (Vec::new(), Vec::new());
        for posting in posting {
            revising.push(posting.await.expect("no panic"));
        }
        for reading in reading {
            readers.push(tokio::time::timeout(PATIENCE, reading).await.expect("the line breaks").expect("no panic"));
        }
        node = providers.serve(data).await;
        now = now.plus(2 * Millis::MINUTE);
        providers.clock_to(now);
        node.clock_to(now).await;
        for (number, ledger) in revising.iter_mut().enumerate() {
            unknown += ledger.changes.iter().filter(|change| change.outcome == Outcome::Unknown).count();
            // The others never learn what became of their last change.
            if is_last || (number + round) % 2 == 0 {
                ledger.post_until_acknowledged(&node.client, &node.url).await;
                let again = ledger.repeat_last(&node.client, &node.url).await;
                assert_eq!(again, Outcome::Acknowledged, "a third is answered as the second was");
            }
            ledger.check(data).await;
        }
    }
    let acknowledged = acknowledged.load(Ordering::SeqCst);
    settle(&node, &providers, &database, now).await;

    for (first, mut reader) in readers {
        let last = last_event(&node, reader.member()).await;
        if reader.cursor < last {
            let reading = async { reader.read(&node.url, &|cursor| cursor >= last).await };
            tokio::time::timeout(PATIENCE, reading).await.expect("the rest of the feed");
        }
        assert_eq!(reader.seqs, (first + 1..=last).collect::<Vec<_>>(), "all of it, once, in order");
    }
    let arrived: Vec<_> = providers.take(&members).into_iter().filter(|push| !told_before.contains(&push.id)).collect();
    let mut ids: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for push in &arrived {
        ids.entry((&push.member, &push.title)).or_default().insert(&push.id);
    }
    for pair in members.chunks(2) {
        let opened: usize =
            pair.iter().map(|member| ids.get(&(&*member.device, OPENED)).map_or(0, BTreeSet::len)).sum();
        assert_eq!(opened, 1, "one of the two is told once that the card opened");
    }
    let repeats = arrived.len() - ids.values().map(BTreeSet::len).sum::<usize>();
    println!("{acknowledged} acknowledged, {unknown} unknown, {} pushes, {repeats} repeats", arrived.len());
    assert!(repeats <= kills() * members.len(), "at most what was on its way at a kill");
}

async fn last_event(node: &Node, member: &Member) -> i64 {
    let (_, today) = node.post(member, "today", &[("pair", &member.pair)]).await.expect("the page");
    today["as_of"].as_i64().expect("a number")
}
