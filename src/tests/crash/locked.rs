//! Another process holds the lock of the SQLite database for ten seconds, as a copy that somebody makes by hand or a
//! forgotten shell does.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use sqlx::{ConnectOptions, Connection, Executor, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::task::JoinHandle;
use umbba::domain::Millis;

use super::{
    ledger::{Ledger, Outcome},
    node::{Data, Member, Node, seed},
    wait_until,
};

const SEOUL: i64 = 9 * Millis::HOUR;
/// How long a page may take while nothing can be written.
const SHOWN_WITHIN: Duration = Duration::from_secs(4);

/// Makes these pairs due at `at`, as if that had been their push time for long.
pub async fn make_due(data: &Data, members: &[Member], at: Millis) {
    let minute = (at.0 + SEOUL).rem_euclid(Millis::DAY) / Millis::MINUTE;
    let pairs: Vec<String> = members.iter().map(|member| format!("'{}'", member.pair)).collect();
    let pairs = pairs.join(", ");
    data.database
        .run_sql(&format!("UPDATE pairs SET next_due_at = {}, minute = {minute} WHERE id IN ({pairs})", at.0))
        .await;
}

/// How many of these members' pairs have got their question of this number.
pub async fn opened(data: &Data, members: &[Member], number: u64) -> usize {
    let sql = format!("SELECT pair_id FROM daily_questions WHERE number = {number}");
    let pairs = data.database.read_sql(&sql).await;
    members.iter().step_by(2).filter(|member| pairs.contains(&member.pair)).count()
}

/// Every member posts a change.
pub fn post_all(client: &Client, url: &str, ledgers: Vec<Ledger>) -> Vec<JoinHandle<Ledger>> {
    let posting = ledgers.into_iter().map(|mut ledger| {
        let (client, url) = (client.clone(), url.to_owned());
        tokio::spawn(async move {
            ledger.post(&client, &url).await;
            ledger
        })
    });
    posting.collect()
}

/// Shows every member's page, whose sessions have not been used for hours.
pub async fn show_all(node: &Node, members: &[Member]) {
    let showing = members.iter().map(async |member| {
        let shown = tokio::time::timeout(SHOWN_WITHIN, node.question(member)).await;
        assert!(shown.expect("a page is shown while nothing can be written")["id"].is_string());
    });
    futures::future::join_all(showing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_process_holds_the_lock_pages_are_shown_and_afterwards_all_goes_on() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("locked").await;
    let members = seed(data, "").await;
    let (others, due) = members.split_at(members.len() / 2);
    let writers: Vec<Member> = others.iter().step_by(2).cloned().collect();
    let node = Node::start(data, "").await;
    // A pair gets one question a date.
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
    let node = Node::start(data, "").await;
    let mut ledgers = Vec::new();
    for member in &writers {
        ledgers.push(Ledger::of(&node, member).await);
    }

    let mut other = lock(data).await;
    let held = tokio::time::sleep(Duration::from_secs(10));
    node.clock_to(due_at.plus(Millis::SECOND)).await;
    let posting = post_all(&node.client, &node.url, ledgers);
    show_all(&node, &members).await;
    let page = node.client.post(format!("{}/api/submit_answer", node.url)).header("cookie", &writers[0].cookie);
    let question = node.question(&writers[0]).await;
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("daily_question", question["id"].as_str().expect("an id")), ("body", "사라지면 안 되는 글")])
        .append_pair("version", &question["version"].to_string())
        .finish();
    let page = page.header("accept", "text/html").header("content-type", "application/x-www-form-urlencoded");
    let refused = page.body(form).send().await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().await.expect("a page").contains("사라지면 안 되는 글"), "what was typed comes back");
    held.await;
    other.execute("ROLLBACK").await.expect("an end");
    other.close().await.expect("an end");

    let mut ledgers = Vec::new();
    for posting in posting {
        ledgers.push(posting.await.expect("no panic"));
    }
    for change in ledgers.iter().flat_map(|ledger| &ledger.changes) {
        let is_honest =
            !matches!(change.outcome, Outcome::Unknown | Outcome::Refused(StatusCode::INTERNAL_SERVER_ERROR));
        assert!(is_honest, "{change:?}");
    }
    for ledger in &mut ledgers {
        ledger.post_until_acknowledged(&node.client, &node.url).await;
        ledger.check(data).await;
    }
    wait_until(async || opened(data, due, before + 1).await == due.len() / 2).await;
}

/// Takes the lock that only one process can have.
async fn lock(data: &Data) -> SqliteConnection {
    let file = data.database.url.trim_start_matches("sqlite:");
    let mut other = SqliteConnectOptions::new().filename(file).connect().await.expect("the database");
    other.execute("BEGIN EXCLUSIVE").await.expect("the lock");
    other
}
