//! A slow disk: the flush that each commit waits for takes long. Changes are acknowledged late, never before they are
//! on the disk, and pages do not wait for them.

use std::time::Duration;

use reqwest::StatusCode;
use umbba::domain::Millis;

use super::{
    disk::Disk,
    ledger::{Ledger, Outcome},
    locked::{make_due, opened, post_all, show_all},
    node::{Data, Member, seed},
    wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn on_a_slow_disk_pages_are_quick_changes_are_late_and_the_due_minute_goes_on() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("slow").await;
    let members = seed(data, "").await;
    let (others, due) = members.split_at(members.len() / 2);
    let writers: Vec<Member> = others.iter().step_by(2).cloned().collect();
    let disk = Disk::new(data);
    let node = disk.start(data, "").await;
    let due_at = node.now().await.plus(26 * Millis::HOUR);
    let mut ledgers = Vec::new();
    for member in due {
        ledgers.push(Ledger::of(&node, member).await);
    }
    for answering in post_all(&node.client, &node.url, ledgers) {
        assert_eq!(answering.await.expect("no panic").changes[0].outcome, Outcome::Acknowledged);
    }
    let before = node.question(&due[0]).await["number"].as_u64().expect("a number");
    node.kill();
    make_due(data, due, due_at).await;
    make_due(data, others, due_at.plus(Millis::DAY)).await;
    let node = disk.start(data, "").await;
    let mut ledgers = Vec::new();
    for member in &writers {
        ledgers.push(Ledger::of(&node, member).await);
    }

    // No flush ends for longer than a writer waits for its turn. The use of all sessions is stored already.
    show_all(&node, &members).await;
    disk.hold();
    let posting = post_all(&node.client, &node.url, ledgers);
    show_all(&node, &members).await;
    wait_until(async || posting.iter().any(|posting| posting.is_finished())).await;
    disk.work_again();
    let mut ledgers = Vec::new();
    for posting in posting {
        ledgers.push(posting.await.expect("no panic"));
    }
    let outcomes: Vec<Outcome> = ledgers.iter().map(|ledger| ledger.changes[0].outcome).collect();
    assert!(outcomes.contains(&Outcome::Acknowledged), "what had begun is acknowledged late: {outcomes:?}");
    let is_said = |outcome: &Outcome| {
        matches!(outcome, Outcome::Acknowledged | Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE))
    };
    assert!(outcomes.iter().all(is_said), "{outcomes:?}");
    for ledger in &mut ledgers {
        ledger.check(data).await;
    }

    // Every flush takes a while, while a due minute comes and everybody writes.
    disk.slow_down(Duration::from_millis(200));
    node.clock_to(due_at.plus(Millis::SECOND)).await;
    let posting = post_all(&node.client, &node.url, ledgers);
    show_all(&node, &members).await;
    let mut ledgers = Vec::new();
    for posting in posting {
        ledgers.push(posting.await.expect("no panic"));
    }
    for ledger in &mut ledgers {
        ledger.post_until_acknowledged(&node.client, &node.url).await;
        ledger.check(data).await;
    }
    wait_until(async || opened(data, due, before + 1).await == due.len() / 2).await;
}
