//! Two nodes on one PostgreSQL, one of them with a clock that is ten minutes ahead (libfaketime under the real binary):
//! it opens nothing early, sends nothing that the other node has leased, and says that it is not ready.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use reqwest::StatusCode;
use umbba::domain::Millis;

use super::{
    node::{Data, Node, seed, umbba},
    own_database::on_postgres,
    push_service::PushService,
    wait_until,
};

/// Where Debian's package `libfaketime` puts the library that shows a process another time.
pub const FAKE_TIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

/// A node in development, because the clock of a node in test is set by hand.
fn serve(data: &Data, folder: &Path, push_host: &str) -> Command {
    let mut command = umbba(data, push_host);
    command.env("APP_ENV", "development").env("DATA_DIR", folder);
    command.args(["serve", "--listen-addr", "127.0.0.1:0"]);
    command
}

/// A data folder for another node. The nodes of one installation have the same keys.
fn second_folder(data: &Data) -> PathBuf {
    let second = data.folder.join("second");
    fs::create_dir(&second).expect("a folder");
    for file in ["secret.key", "vapid.json"] {
        fs::copy(data.folder.join(file), second.join(file)).expect("a key file");
    }
    second
}

async fn readiness(node: &Node) -> (StatusCode, String) {
    let response = node.client.get(format!("{}/readyz", node.url)).send().await.expect("an answer");
    (response.status(), response.text().await.expect("a word"))
}

async fn text(data: &Data, sql: &str) -> String {
    data.database.read_sql(sql).await.into_iter().next().expect("a row")
}

async fn number(data: &Data, what: &str) -> i64 {
    text(data, &format!("SELECT CAST({what} AS TEXT)")).await.parse().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_ten_minutes_ahead_opens_and_sends_nothing_early() {
    if !on_postgres() {
        // SQLite has one node, whose clock is the only one.
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    assert!(Path::new(FAKE_TIME).exists(), "Debian's libfaketime is not installed");
    let service = PushService::start().await;
    let data = Data::new("wrong-clock").await;
    let members = seed(&data, &service.host).await;
    let right = Node::run(serve(&data, &data.folder, &service.host), &data.folder).await;
    for member in &members[..2] {
        right.subscribe(member, &service).await;
    }
    assert_eq!(readiness(&right).await, (StatusCode::OK, "ready\n".to_owned()));

    // The right node sends a test to the first device, and then counts as sending it still: its lease runs.
    let device = async |at: usize| {
        let endpoint = service.endpoint(&members[at].device);
        text(&data, &format!("SELECT id FROM push_subscriptions WHERE endpoint = '{endpoint}'")).await
    };
    let devices = [device(0).await, device(1).await];
    let test = async |node: &Node, at: usize| {
        let (status, _) = node.post(&members[at], "test_device", &[("device", &devices[at])]).await.expect("an answer");
        assert_eq!(status, StatusCode::OK);
        wait_until(async || service.arrived().iter().any(|push| push.device == members[at].device)).await;
    };
    test(&right, 0).await;
    right.kill();
    let now = number(&data, "FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)").await;
    let lease = now + 8 * Millis::MINUTE;
    // One pair is due now, another in eight minutes.
    let (due, early) = (&members[2].pair, &members[4].pair);
    data.database
        .run_sql(&format!(
            "UPDATE deliveries SET state = 'leased', send_at = {lease}, settled_at = NULL
             WHERE subscription_id = '{}';
             UPDATE pairs SET next_due_at = {} WHERE id = '{due}';
             UPDATE pairs SET next_due_at = {lease} WHERE id = '{early}'",
            devices[0],
            now - 1,
        ))
        .await;

    let mut command = serve(&data, &second_folder(&data), &service.host);
    command.env("LD_PRELOAD", FAKE_TIME).env("FAKETIME", "+10m").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let wrong = Node::run(command, &data.folder).await;
    assert_eq!(readiness(&wrong).await, (StatusCode::SERVICE_UNAVAILABLE, "clock\n".to_owned()));
    let minute =
        async |pair: &str| number(&data, &format!("(SELECT next_due_at FROM pairs WHERE id = '{pair}')")).await;
    wait_until(async || minute(due).await > now).await;
    assert_eq!(minute(early).await, lease, "not opened early");
    service.take();
    test(&wrong, 1).await;
    let kept = format!("(SELECT COUNT(*) FROM deliveries WHERE state = 'leased' AND send_at = {lease})");
    assert_eq!(number(&data, &kept).await, 1, "the other node's lease holds");
    let arrived = service.arrived();
    assert!(arrived.iter().all(|push| push.device != members[0].device), "sent a second time");
}
