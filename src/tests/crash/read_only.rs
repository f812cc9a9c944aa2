//! The file system becomes read-only while the process serves (the kernel does that after an error of the disk), or is
//! read-only at the start.

use reqwest::StatusCode;

use super::{
    PATIENCE,
    disk::Disk,
    ledger::{Ledger, Outcome},
    locked::{post_all, show_all},
    node::{Data, Node, seed},
    wait_until,
};

#[tokio::test(flavor = "multi_thread")]
async fn while_nothing_can_be_written_pages_are_shown_and_later_all_goes_on_without_a_restart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("read-only").await;
    let members = seed(data, "").await;
    let disk = Disk::new(data);
    let node = disk.start(data, "").await;
    let mut ledgers = Vec::new();
    for member in members.iter().step_by(2) {
        let mut ledger = Ledger::of(&node, member).await;
        assert_eq!(ledger.post(&node.client, &node.url).await, Outcome::Acknowledged);
        ledgers.push(ledger);
    }

    disk.make_read_only();
    for _ in 0..3 {
        let mut refused = Vec::new();
        for posting in post_all(&node.client, &node.url, ledgers) {
            let ledger = posting.await.expect("no panic");
            let outcome = ledger.changes.last().expect("a change").outcome;
            assert_eq!(outcome, Outcome::Refused(StatusCode::SERVICE_UNAVAILABLE));
            refused.push(ledger);
        }
        ledgers = refused;
        show_all(&node, &members).await;
    }
    let page = node.client.get(&node.url).header("cookie", &members[0].cookie).timeout(PATIENCE);
    let page = page.header("accept", "text/html").send().await.expect("an answer");
    assert_eq!(page.status(), StatusCode::OK);

    disk.work_again();
    for ledger in &mut ledgers {
        ledger.post_until_acknowledged(&node.client, &node.url).await;
        ledger.check(data).await;
    }
    drop(node);
    let node = Node::start(data, "").await;
    show_all(&node, &members).await;
}

#[tokio::test]
async fn started_on_a_read_only_file_system_it_says_what_to_do() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("read-only-start").await;
    seed(data, "").await;
    let disk = Disk::new(data);
    disk.make_read_only();

    let output = disk.serve(data, "").output().expect("the binary runs");

    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("text");
    let sentences: Vec<&str> = said.lines().filter(|line| line.starts_with("umbba: ")).collect();
    assert!(sentences.len() == 1 && sentences[0].contains("read-only"), "{said}");
    assert!(sentences[0].contains("mount it writable"), "{said}");
    disk.work_again();
    let node = disk.start(data, "").await;
    wait_until(async || {
        let ready = node.client.get(format!("{}/readyz", node.url)).send().await;
        ready.is_ok_and(|ready| ready.status() == StatusCode::OK)
    })
    .await;
}
