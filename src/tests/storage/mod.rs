//! The storage suite: every test runs on SQLite and, when `TEST_POSTGRES_URL` names a server, on PostgreSQL too, each
//! time in a database of its own. With `CI=true` a missing server fails the suite.
//!
//! A test is an `async fn name(db: TestDatabase)` that its file lists in `on_both_databases!`. The compiler reports a
//! test that is not listed as unused.

/// Makes of each listed function one test on SQLite and one on PostgreSQL.
macro_rules! on_both_databases {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { $crate::tests::storage::databases::on_sqlite(super::$name).await; })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { $crate::tests::storage::databases::on_postgres(super::$name).await; })*
        }
    };
}

pub(super) use on_both_databases;

/// Runs the body in one transaction and commits it. Returns the value of the body. `for` locks a person before, `in` a
/// pair.
macro_rules! commit {
    ($db:expr, for $person:expr, |$tx:ident| $work:expr) => {
        commit!($db, |$tx| {
            $crate::server::storage::persons::lock(&mut $tx, [$person]).await.expect("the person's row");
            $work
        })
    };
    ($db:expr, in $pair:expr, |$tx:ident| $work:expr) => {
        commit!($db, |$tx| {
            $crate::server::storage::pairs::lock(&mut $tx, $pair).await.expect("the pair's row");
            $work
        })
    };
    ($db:expr, |$tx:ident| $work:expr) => {{
        let mut $tx = $db.begin().await.expect("a transaction");
        let done = $work;
        $tx.commit().await.expect("a commit");
        done
    }};
}

/// Returns what the body reads, in a reading transaction of its own.
macro_rules! read {
    ($db:expr, |$tx:ident| $work:expr) => {{
        let mut $tx = $db.read().await.expect("a snapshot");
        $work.expect("an answer")
    }};
}

mod announcements;
mod answers;
pub(super) mod cut_off;
mod daily_questions;
pub mod databases;
mod deliveries;
mod events;
mod fcm_calls;
pub(super) mod fixtures;
mod hand_overs;
mod housekeeping;
mod invitations;
mod moving;
mod notifications;
mod pairs;
mod persons;
mod queued;
mod reads;
mod schedule;
mod schema;
mod seeds_and_copies;
mod sessions;
mod transactions;
mod write_budgets;
