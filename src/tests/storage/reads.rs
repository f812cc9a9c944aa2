//! Transactions that only read: what one that ended, or was given up, leaves to the next.

use futures::{FutureExt, future::join_all};

use super::{
    databases::TestDatabase,
    fixtures::{NOW, append, together},
};
use crate::{
    domain::{EventKind, PersonId},
    server::storage::events,
};

/// More than there are connections for reads.
const MANY: usize = 12;

on_both_databases! {
    a_read_sees_what_was_committed_after_the_read_before,
    a_read_that_is_given_up_takes_no_connection_along,
    more_reads_than_connections_wait_for_their_turn,
    a_closed_database_refuses_to_read,
}

async fn change(db: &TestDatabase, person: PersonId) {
    commit!(db, |tx| append(&mut tx, &[person], EventKind::NameChanged, None, None, NOW).await.expect("told"));
}

async fn number(db: &TestDatabase, person: PersonId) -> i64 {
    read!(db, |tx| events::last_seq(&mut tx, person).await)
}

async fn a_read_sees_what_was_committed_after_the_read_before(db: TestDatabase) {
    let child = together(&db).await.child.id;
    let first = number(&db, child).await;
    for count in 1..=MANY as i64 {
        change(&db, child).await;
        assert_eq!(number(&db, child).await, first + count);
    }
}

async fn a_read_that_is_given_up_takes_no_connection_along(db: TestDatabase) {
    let child = together(&db).await.child.id;
    for _ in 0..MANY {
        // Given up while it begins, and while its statement runs.
        assert!(db.read().now_or_never().is_none_or(|begun| begun.is_ok()));
        let mut tx = db.read().await.expect("a snapshot");
        let _ = events::last_seq(&mut tx, child).now_or_never();
    }
    change(&db, child).await;
    let last = number(&db, child).await;
    let all = join_all((0..MANY).map(|_| number(&db, child))).await;
    assert_eq!(all, [last; MANY]);
}

async fn more_reads_than_connections_wait_for_their_turn(db: TestDatabase) {
    let child = together(&db).await.child.id;
    let last = number(&db, child).await;
    let all = join_all((0..MANY * 8).map(|_| number(&db, child))).await;
    assert!(all.iter().all(|found| *found == last), "{all:?}");
}

async fn a_closed_database_refuses_to_read(db: TestDatabase) {
    let child = together(&db).await.child.id;
    number(&db, child).await;
    db.close().await;
    assert!(db.read().await.is_err());
}
