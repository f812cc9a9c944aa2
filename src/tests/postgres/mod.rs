//! The app on PostgreSQL when rows are held, connections are used up, or the server is away. Without
//! `TEST_POSTGRES_URL` these tests do nothing (`storage::databases`).

mod away;
mod conflicts;
mod held;
mod pooler;
pub(super) mod relay;
mod sign_ins;

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::app::{PATIENCE, TestApp};

/// Longer than any wait that ends with "try again" (two seconds), and shorter than a client would wait by itself.
const BOUND: Duration = Duration::from_secs(7);

async fn bounded<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(BOUND, work).await.unwrap_or_else(|_| panic!("{what} hangs"))
}

async fn readyz(app: &TestApp) -> u16 {
    bounded("/readyz", app.visitor().get("/readyz")).await.status().as_u16()
}

/// Awaits the condition.
async fn until<T: Future<Output = bool>>(what: &str, holds: impl Fn() -> T) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// A connection beside the app, as an operator has one.
struct Beside(PgConnection);

impl Beside {
    async fn connect(url: &str) -> Self {
        Self(PgConnection::connect(url).await.expect("the server answers"))
    }

    async fn run(&mut self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.0).await.expect("a statement");
    }

    async fn count(&mut self, sql: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut self.0).await.expect("a count")
    }
}

/// How many statements in this database wait for a row.
const WAITING: &str =
    "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Awaits that at least `count` statements wait for a row.
async fn until_waiting(url: &str, count: i64) {
    until("statements wait for the row", async || Beside::connect(url).await.count(WAITING).await >= count).await;
}
