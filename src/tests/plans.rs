//! Tests of query plans: a statement that every page makes finds its rows by an index.

use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::server::storage::pairs;

/// Asserts that SQLite reads no whole table for a statement.
pub(super) async fn assert_finds_by_index(raw: &mut SqliteConnection, sql: &str) {
    let steps: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"))).fetch_all(raw).await.expect("a plan");
    let is_any = |kind: &str| steps.iter().any(|(.., step)| step.starts_with(kind));
    assert!(is_any("SEARCH ") && !is_any("SCAN "), "{sql}: {steps:?}");
}

#[tokio::test]
async fn the_pairs_of_a_person_are_found_by_an_index() {
    let mut raw = SqliteConnection::connect("sqlite::memory:").await.expect("a database");
    sqlx::migrate!("migrations/sqlite").run(&mut raw).await.expect("the schema");

    assert_finds_by_index(&mut raw, pairs::FIND_OF).await;
}
