//! Futures that are dropped in the middle of a transaction, as a broken page load drops its request, and statements
//! that end their transaction: no connection goes back into the pool with a transaction or an answer that nobody read.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures::future::join_all;

use super::{
    databases::TestDatabase,
    fixtures::{NOW, question, together},
};
use crate::{
    domain::{Millis, PairId, Role},
    server::storage::{Database, StorageError, cards, daily_questions, failures},
    tests::{app::rounds, own_database::OwnDatabase},
};

on_both_databases! {
    a_statement_that_ends_its_transaction_leaves_the_connection_free,
    a_dropped_begin_statement_or_commit_spoils_no_connection,
}

/// Polls the future at most `polls` times and then drops it.
pub(super) async fn drop_after<T>(polls: u32, work: impl Future<Output = T>) -> Option<T> {
    let (mut work, mut left) = (pin!(work), polls);
    poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

async fn read_once(db: &Database) -> Result<(), StorageError> {
    let mut tx = db.read().await?;
    failures::count(&mut tx, "b", Millis(0)).await?;
    failures::count(&mut tx, "b", Millis(1)).await?;
    Ok(())
}

/// Reads the questions of a pair and lets the statement end the transaction. A second statement begins another.
async fn read_to_the_end(db: &Database, pair: PairId) -> Result<(usize, usize), StorageError> {
    let mut tx = db.read().await?;
    tx.end_with_next();
    let notified = || (None, ("", String::new()));
    let first = cards::today(&mut tx, pair, (Role::Parent, true), notified(), NOW).await?;
    write_once(db, "between").await?;
    let second = failures::count(&mut tx, "between", NOW.plus(-1)).await?;
    Ok((first.map_or(0, |first| first.questions.len()), second as usize))
}

async fn write_once(db: &Database, bucket: &str) -> Result<(), StorageError> {
    let mut tx = db.begin().await?;
    failures::record(&mut tx, bucket, NOW).await?;
    tx.commit().await
}

async fn a_statement_that_ends_its_transaction_leaves_the_connection_free(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    commit!(db, in pair, |tx| daily_questions::insert(&mut tx, &question(pair, 1)).await.expect("a question"));

    for round in 1..=8 {
        // On PostgreSQL the transaction goes on.
        let seen = if db.is_postgres() { round - 1 } else { round };
        assert_eq!(read_to_the_end(&db, pair).await.expect("the reads"), (1, seen));
    }

    // The statement fails in the middle of its text: the transaction did not end by itself.
    OwnDatabase::at(&db.url).run_sql("UPDATE daily_questions SET local_date = 'no date'").await;
    for _ in 0..8 {
        assert!(read_to_the_end(&db, pair).await.is_err());
    }
    for _ in 0..8 {
        read_once(&db).await.expect("a connection without a transaction");
    }
}

pub(in crate::tests) async fn a_dropped_begin_statement_or_commit_spoils_no_connection(db: TestDatabase) {
    let (rounds, no_pair) = (rounds() + 8, PairId(0));
    for round in 0..rounds {
        // Every await of a transaction is reached within eight polls. Sixteen at once meet all pooled connections.
        let polls = 1 + round % 8;
        join_all((0..16).map(|_| drop_after(polls, read_once(&db)))).await;
        join_all((0..16).map(|_| drop_after(polls, read_to_the_end(&db, no_pair)))).await;
        join_all((0..16).map(|_| drop_after(polls, write_once(&db, "dropped")))).await;

        let written = join_all((0..32).map(|_| write_once(&db, "kept"))).await;

        assert!(written.iter().all(Result::is_ok), "dropped at poll {polls}: {written:?}");
    }
    let kept = read!(db, |tx| failures::count(&mut tx, "kept", NOW.plus(-1)).await);
    assert_eq!(kept, 32 * i64::from(rounds), "every write counts once");
}
