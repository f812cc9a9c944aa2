//! Futures that are dropped in the middle of a transaction, as a broken page load drops its request: no connection goes
//! back into the pool with a transaction or an answer that nobody read.

use std::{future::poll_fn, pin::pin, task::Poll};

use futures::future::join_all;

use super::{databases::TestDatabase, fixtures::NOW};
use crate::{
    domain::Millis,
    server::storage::{Database, StorageError, failures},
    tests::app::rounds,
};

on_both_databases! {
    a_dropped_begin_statement_or_commit_spoils_no_connection,
}

/// Polls the future at most `polls` times and then drops it.
async fn drop_after<T>(polls: u32, work: impl Future<Output = T>) -> Option<T> {
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

async fn write_once(db: &Database, bucket: &str) -> Result<(), StorageError> {
    let mut tx = db.begin().await?;
    failures::record(&mut tx, bucket, NOW).await?;
    tx.commit().await
}

pub(in crate::tests) async fn a_dropped_begin_statement_or_commit_spoils_no_connection(db: TestDatabase) {
    let rounds = rounds() + 8;
    for round in 0..rounds {
        // Every await of a transaction is reached within eight polls. Sixteen at once meet all pooled connections.
        let polls = 1 + round % 8;
        join_all((0..16).map(|_| drop_after(polls, read_once(&db)))).await;
        join_all((0..16).map(|_| drop_after(polls, write_once(&db, "dropped")))).await;

        let written = join_all((0..32).map(|_| write_once(&db, "kept"))).await;

        assert!(written.iter().all(Result::is_ok), "dropped at poll {polls}: {written:?}");
    }
    let kept = read!(db, |tx| failures::count(&mut tx, "kept", NOW.plus(-1)).await);
    assert_eq!(kept, 32 * i64::from(rounds), "every write counts once");
}
