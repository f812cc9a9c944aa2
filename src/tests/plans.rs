//! Tests of query plans: a statement that every page makes finds its rows by an index.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::server::storage::{pairs, schedule};

/// The steps of SQLite's plan for a statement.
async fn plan(raw: &mut SqliteConnection, sql: &str) -> Vec<String> {
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(raw).await.expect("a plan");
    steps.into_iter().map(|(.., step)| step).collect()
}

/// Asserts that SQLite reads no whole table for a statement.
pub(super) async fn assert_finds_by_index(raw: &mut SqliteConnection, sql: &str) {
    let steps = plan(raw, sql).await;
    let is_any = |kind: &str| steps.iter().any(|step| step.starts_with(kind));
    assert!(is_any("SEARCH ") && !is_any("SCAN "), "{sql}: {steps:?}");
}

#[tokio::test]
async fn the_pairs_of_a_person_are_found_by_an_index() {
    let mut raw = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
    sqlx::migrate!("migrations/sqlite").run(&mut raw).await.expect("the schema");

    assert_finds_by_index(&mut raw, pairs::FIND_OF).await;
}

/// A batch of due pairs is found again for every 500 of them: a plan that sorts would read all pairs of the minute each
/// time.
#[tokio::test]
async fn due_pairs_are_found_without_a_sort() {
    let mut raw = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
    sqlx::migrate!("migrations/sqlite").run(&mut raw).await.expect("the schema");

    assert_finds_by_index(&mut raw, schedule::FIND_DUE).await;
    let steps = plan(&mut raw, schedule::FIND_DUE).await;
    assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{steps:?}");
}

/// `.cargo/config.toml` asks for it. Without it SQLite plans a statement with a partial index in reach anew each time.
#[tokio::test]
async fn a_statement_keeps_its_plan_when_its_parameters_change() {
    let mut raw = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
    let (is_kept,): (bool,) =
        sqlx::query_as("SELECT sqlite_compileoption_used('ENABLE_QPSG')").fetch_one(&mut raw).await.expect("an answer");
    assert!(is_kept);
}
