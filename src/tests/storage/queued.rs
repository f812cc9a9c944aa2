//! Statements whose answer nobody waits for: they run in their order, with the next statement of their transaction or
//! with its end, and an error of one undoes them all.

use futures::future::join_all;

use super::{
    cut_off::drop_after,
    databases::TestDatabase,
    fixtures::{NOW, Together, append, date, id, notification, together},
};
use crate::{
    domain::{DailyQuestionId, EventKind, PairId, PersonId, Role, SessionId},
    server::storage::{Database, StorageError, Tx, events, notifications, pairs, persons, schedule, sessions},
    tests::app::rounds,
};

on_both_databases! {
    a_queued_statement_runs_before_the_next_and_before_the_end,
    more_than_wait_at_once_run_in_their_order,
    an_error_of_a_queued_statement_undoes_the_transaction,
    what_is_queued_is_gone_with_a_transaction_that_is_dropped,
    a_dropped_commit_writes_all_that_was_queued_or_nothing,
}

async fn swapped(tx: &mut Tx, pair: PairId) -> Option<String> {
    schedule::lookup_state(tx, pair).await.expect("the pair").swapped_date.map(|date| date.to_string())
}

async fn a_queued_statement_runs_before_the_next_and_before_the_end(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let mut tx = db.begin().await.expect("a transaction");
    pairs::lock(&mut tx, pair).await.expect("the pair");
    schedule::set_swapped(&mut tx, pair, date("2026-01-02")).await.expect("queued");
    schedule::set_opened(&mut tx, pair, date("2026-01-01"), NOW).await.expect("queued");
    assert_eq!(swapped(&mut tx, pair).await.as_deref(), Some("2026-01-02"), "the next statement reads it");
    schedule::set_swapped(&mut tx, pair, date("2026-01-03")).await.expect("queued");
    assert_eq!(read!(db, |tx| Ok::<_, StorageError>(swapped(&mut tx, pair).await)), None, "nobody else does");
    tx.commit().await.expect("a commit");

    let kept = read!(db, |tx| schedule::lookup_state(&mut tx, pair).await);
    assert_eq!(kept.swapped_date, Some(date("2026-01-03")), "the end writes what still waits");
    assert_eq!(kept.last_opened_at, Some(NOW));
}

async fn more_than_wait_at_once_run_in_their_order(db: TestDatabase) {
    let Together { parent, pair, .. } = together(&db).await;
    for count in [1, 7, 8, 9, 30] {
        let before = read!(db, |tx| events::last_seq(&mut tx, parent.id).await);
        let mut tx = db.begin().await.expect("a transaction");
        pairs::lock(&mut tx, pair.id).await.expect("the pair");
        for at in 0..count {
            let day = date("2026-01-01").plus_days(at);
            schedule::set_swapped(&mut tx, pair.id, day).await.expect("queued");
        }
        for _ in 0..count {
            append(&mut tx, &[parent.id], EventKind::SettingsChanged, None, None, NOW).await.expect("queued");
        }
        tx.commit().await.expect("a commit");

        let last = date("2026-01-01").plus_days(count - 1);
        let mut tx = db.read().await.expect("a snapshot");
        assert_eq!(swapped(&mut tx, pair.id).await, Some(last.to_string()), "{count}");
        let new = events::find_after(&mut tx, parent.id, before, 100).await.expect("events");
        let numbers: Vec<i64> = new.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, (before + 1..=before + count).collect::<Vec<_>>());
    }
}

/// Writes, and then tells somebody who does not exist.
async fn write_wrongly(db: &Database, person: PersonId, pair: PairId, reads_on: bool) -> Result<(), StorageError> {
    let mut tx = db.begin().await?;
    pairs::lock(&mut tx, pair).await?;
    schedule::set_swapped(&mut tx, pair, date("2026-01-02")).await?;
    append(&mut tx, &[person], EventKind::AnswerRevised, Some(pair), None, NOW).await?;
    notifications::insert(&mut tx, &[notification(PersonId(1), pair, "slot", NOW)], &[], NOW).await?;
    if reads_on {
        schedule::lookup_state(&mut tx, pair).await?;
        panic!("the error comes with the next statement at the latest");
    }
    tx.commit().await
}

async fn an_error_of_a_queued_statement_undoes_the_transaction(db: TestDatabase) {
    let Together { parent, pair, .. } = together(&db).await;
    for (before, (reads_on, has_line)) in (0..).zip([(false, false), (true, false), (false, true)]) {
        let line = has_line.then(|| db.notifier().open_connection(parent.id, SessionId(1)));
        if let Some(line) = &line {
            line.has_read(before);
        }
        assert!(write_wrongly(&db, parent.id, pair.id, reads_on).await.is_err(), "reads on: {reads_on}");

        assert_eq!(read!(db, |tx| Ok::<_, StorageError>(swapped(&mut tx, pair.id).await)), None);
        assert_eq!(read!(db, |tx| events::last_seq(&mut tx, parent.id).await), before);
        commit!(db, for parent.id, |tx| append(
            &mut tx,
            &[parent.id],
            EventKind::AnswerRevised,
            Some(pair.id),
            Some(DailyQuestionId(1)),
            NOW
        )
        .await
        .expect("the connection is free"));
    }
}

async fn what_is_queued_is_gone_with_a_transaction_that_is_dropped(db: TestDatabase) {
    let Together { parent, pair, .. } = together(&db).await;
    for begins in [false, true] {
        let mut tx = db.begin().await.expect("a transaction");
        pairs::lock(&mut tx, pair.id).await.expect("the pair");
        if begins {
            swapped(&mut tx, pair.id).await;
        }
        schedule::set_swapped(&mut tx, pair.id, date("2026-01-02")).await.expect("queued");
        drop(tx);
        commit!(db, |tx| persons::rename(&mut tx, parent.id, &parent.name).await.expect("another transaction"));
        assert_eq!(read!(db, |tx| Ok::<_, StorageError>(swapped(&mut tx, pair.id).await)), None);
    }
}

/// Tells both members and remembers how often.
async fn tell(db: &Database, together: &Together, day: i64) -> Result<(), StorageError> {
    let mut tx = db.begin().await?;
    pairs::lock(&mut tx, together.pair.id).await?;
    schedule::add_unanswered(&mut tx, together.pair.id, Role::Parent).await?;
    schedule::set_swapped(&mut tx, together.pair.id, date("2026-01-01").plus_days(day)).await?;
    let both = [together.parent.id, together.child.id];
    append(&mut tx, &both, EventKind::SettingsChanged, None, None, NOW).await?;
    tx.commit().await
}

async fn a_dropped_commit_writes_all_that_was_queued_or_nothing(db: TestDatabase) {
    let together = &together(&db).await;
    let session = SessionId(id());
    commit!(db, for together.child.id, |tx| {
        sessions::insert(&mut tx, session, together.child.id, "a hash", "device", NOW).await.expect("a session");
    });
    for round in 0..rounds() + 8 {
        let polls = 1 + round % 8;
        // Every third time the commits also read for a line that waits.
        let line = (round % 3 == 1).then(|| db.notifier().open_connection(together.child.id, session));
        if let Some(line) = &line {
            line.has_read(read!(db, |tx| events::last_seq(&mut tx, together.child.id).await));
        }
        join_all((0..8).map(|_| drop_after(polls, tell(&db, together, 1)))).await;
        let told = join_all((0..4).map(|_| tell(&db, together, 2))).await;
        assert!(told.iter().all(Result::is_ok), "dropped at poll {polls}: {told:?}");
    }

    let mut tx = db.read().await.expect("a snapshot");
    let state = schedule::lookup_state(&mut tx, together.pair.id).await.expect("the pair");
    let told = i64::from(state.parent_unanswered);
    assert!(told >= 4 * i64::from(rounds() + 8), "every commit that was answered counts: {told}");
    for person in [together.parent.id, together.child.id] {
        assert_eq!(events::last_seq(&mut tx, person).await.expect("a number"), told);
        assert_eq!(events::find_after(&mut tx, person, 0, 100_000).await.expect("events").len() as i64, told);
    }
}
