//! What a transaction of a lane is limited by, and what becomes of a statement that nobody waits for any more. These
//! tests want `TEST_POSTGRES_URL`.

use std::{str::FromStr, time::Duration};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

use super::lane::{Lane, Limits, Mode};
use crate::tests::storage::databases::postgres_server;

fn lane(url: &str, is_pooled: bool) -> Lane {
    let options = PgConnectOptions::from_str(url).expect("an address");
    Lane::new(options, is_pooled, Limits { connections: 4, statement: Duration::from_secs(8), checks_clients: true })
}

#[tokio::test]
async fn every_transaction_has_its_limits_with_a_pooler_and_without() {
    let Some(url) = postgres_server() else { return };
    for is_pooled in [false, true] {
        let lane = lane(&url, is_pooled);
        for mode in [Mode::Write, Mode::Read] {
            let mut tx = lane.begin(mode, None).await.expect("a transaction");
            let limits: Vec<(String,)> = sqlx::query_as(
                "SELECT name || '=' || current_setting(name) FROM pg_settings WHERE name IN ('lock_timeout',
                 'statement_timeout', 'idle_in_transaction_session_timeout', 'client_connection_check_interval', 'jit')
                 ORDER BY name",
            )
            .fetch_all(tx.connection())
            .await
            .expect("the settings");
            let limits: Vec<&str> = limits.iter().map(|(limit,)| limit.as_str()).collect();
            assert_eq!(
                limits,
                [
                    "client_connection_check_interval=1s",
                    "idle_in_transaction_session_timeout=8s",
                    "jit=off",
                    "lock_timeout=2s",
                    "statement_timeout=8s",
                ],
                "{mode:?}, pooled: {is_pooled}"
            );
        }
        lane.close().await;
    }
}

#[tokio::test]
async fn the_server_gives_up_a_statement_whose_request_was_dropped() {
    let Some(url) = postgres_server() else { return };
    let lane = lane(&url, false);
    let mut beside = PgConnection::connect(&url).await.expect("the server answers");
    let count = "SELECT COUNT(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(7.5)%' AND state = 'active'";

    let mut tx = lane.begin(Mode::Read, None).await.expect("a transaction");
    let mut looking = async |wanted: i64| {
        while sqlx::query_scalar::<_, i64>(count).fetch_one(&mut beside).await.expect("a count") != wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = sqlx::query("SELECT pg_sleep(7.5)").execute(tx.connection()) => panic!("it slept to its end"),
        () = looking(1) => {}
    }
    drop(tx);

    // Far less than the statement would take, and far more than the server's look at its client.
    tokio::time::timeout(Duration::from_secs(5), looking(0)).await.expect("the server gave it up");
    lane.close().await;
}
