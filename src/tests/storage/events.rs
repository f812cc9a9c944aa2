//! Feeds: numbers without gaps, in order, and the connections that a commit wakes.

use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;

use super::{
    databases::TestDatabase,
    fixtures::{NOW, Together, append, id, notification, together},
};
use crate::{
    domain::{DailyQuestionId, Event, EventKind, PersonId, SessionId},
    server::storage::{
        entries,
        events::{self, NewEvent},
        news, notifications, persons, prune, sessions,
    },
};

on_both_databases! {
    a_feed_counts_from_one_without_gaps_for_each_person,
    a_first_answer_is_counted_with_its_events,
    every_kind_of_event_reads_back,
    a_woken_reader_asks_for_session_events_and_unread_entries_at_once,
    old_events_are_forgotten_and_the_count_goes_on,
    a_reader_of_a_feed_misses_nothing_and_sees_nothing_late,
    a_commit_wakes_who_was_told_and_a_rollback_nobody,
    listeners_that_left_are_forgotten_and_new_ones_are_woken,
}

async fn a_feed_counts_from_one_without_gaps_for_each_person(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let asked = DailyQuestionId(id());
    let both = [child.id, parent.id];
    commit!(db, |tx| {
        append(&mut tx, &both, EventKind::QuestionOpened, Some(pair.id), Some(asked), NOW).await.expect("told");
        append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW.plus(1)).await.expect("told");
    });
    let mut tx = db.begin().await.expect("a transaction");
    append(&mut tx, &both, EventKind::CardOpened, Some(pair.id), Some(asked), NOW).await.expect("told");
    drop(tx); // rolled back, so it leaves no gap
    commit!(db, |tx| append(&mut tx, &both, EventKind::PairClosed, Some(pair.id), None, NOW.plus(2))
        .await
        .expect("told"));

    let opened = Event {
        seq: 1,
        kind: EventKind::QuestionOpened,
        pair: Some(pair.id),
        daily_question: Some(asked),
        at: NOW,
        unread: None,
    };
    let closed = |seq| Event {
        seq,
        kind: EventKind::PairClosed,
        pair: Some(pair.id),
        daily_question: None,
        at: NOW.plus(2),
        unread: None,
    };
    let changed = Event {
        seq: 2,
        kind: EventKind::SettingsChanged,
        pair: None,
        daily_question: None,
        at: NOW.plus(1),
        unread: None,
    };
    assert_eq!(read!(db, |tx| events::find_after(&mut tx, parent.id, 0, 10).await), [opened.clone(), closed(2)]);
    assert_eq!(
        read!(db, |tx| events::find_after(&mut tx, child.id, 0, 10).await),
        [opened, changed.clone(), closed(3)]
    );
    assert_eq!(read!(db, |tx| events::find_after(&mut tx, child.id, 1, 1).await), [changed]);
    assert_eq!(read!(db, |tx| events::find_after(&mut tx, child.id, 3, 10).await), []);
    assert_eq!(
        (
            read!(db, |tx| events::last_seq(&mut tx, parent.id).await),
            read!(db, |tx| events::last_seq(&mut tx, child.id).await)
        ),
        (2, 3)
    );
}

async fn a_first_answer_is_counted_with_its_events(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    for (round, answered) in [(1, Some(child.id)), (2, None), (3, Some(child.id))] {
        let event = |person| NewEvent {
            person,
            kind: EventKind::AnswerSubmitted,
            pair: Some(pair.id),
            daily_question: Some(DailyQuestionId(id())),
        };
        let new = [event(child.id), event(parent.id), event(child.id)];
        let following = commit!(db, |tx| events::append(&mut tx, &new, answered, NOW).await.expect("told"));
        assert_eq!(following, [1, 0, 0], "events that follow for the same person");
        let mut tx = db.read().await.expect("a snapshot");
        assert_eq!(events::last_seq(&mut tx, child.id).await.expect("a number"), 2 * round);
        let of = async |tx: &mut _, person| persons::recovery_state(tx, person).await.expect("a state").answers_given;
        assert_eq!(of(&mut *tx, child.id).await, (round + 1) / 2, "round {round}");
        assert_eq!(of(&mut *tx, parent.id).await, 0);
    }
}

async fn every_kind_of_event_reads_back(db: TestDatabase) {
    let child = together(&db).await.child.id;
    commit!(db, |tx| for kind in EventKind::ALL {
        append(&mut tx, &[child], kind, None, None, NOW).await.expect("told");
    });
    let kinds: Vec<EventKind> =
        read!(db, |tx| events::find_after(&mut tx, child, 0, 100).await).into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, EventKind::ALL);
}

async fn a_woken_reader_asks_for_session_events_and_unread_entries_at_once(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let session = SessionId(id());
    let gone = SessionId(id());
    commit!(db, for child.id, |tx| {
        sessions::insert(&mut tx, session, child.id, "a hash", "device", NOW).await.expect("a session");
    });
    assert_eq!(read!(db, |tx| news::find(&mut tx, child.id, session, 0, 10).await), Some(Vec::new()));
    let entries = [
        notification(child.id, pair.id, "answer:1", NOW),
        notification(child.id, pair.id, "answer:2", NOW),
        notification(parent.id, pair.id, "answer:3", NOW),
    ];
    commit!(db, |tx| {
        let kinds = [EventKind::QuestionOpened, EventKind::CardOpened, EventKind::SettingsChanged];
        for kind in kinds {
            append(&mut tx, &[child.id, parent.id], kind, Some(pair.id), None, NOW).await.expect("told");
        }
        notifications::insert(&mut tx, &entries, &[], NOW).await.expect("new");
    });
    let unread = read!(db, |tx| entries::count_unread(&mut tx, child.id).await);
    for (cursor, limit) in [(0, 10), (1, 10), (0, 2), (2, 1), (3, 10), (9, 10)] {
        let mut expected = read!(db, |tx| events::find_after(&mut tx, child.id, cursor, limit).await);
        if let Some(last) = expected.last_mut() {
            last.unread = Some(unread);
        }
        let found = read!(db, |tx| news::find(&mut tx, child.id, session, cursor, limit).await);
        assert_eq!(found, Some(expected), "after {cursor}, at most {limit}");
    }
    assert_eq!(unread, 2);
    assert_eq!(read!(db, |tx| news::find(&mut tx, child.id, gone, 0, 10).await), None, "no session, no news");
}

async fn old_events_are_forgotten_and_the_count_goes_on(db: TestDatabase) {
    let Together { parent, child, .. } = together(&db).await;
    assert_eq!(read!(db, |tx| events::first_kept(&mut tx, child.id).await), None);
    assert_eq!(read!(db, |tx| events::last_seq(&mut tx, PersonId(id())).await), 0);
    commit!(db, |tx| for at in 0..4 {
        append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW.plus(at)).await.expect("told");
    });
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::EVENTS, NOW.plus(2)).await.expect("an answer")), 2);
    assert_eq!(read!(db, |tx| events::first_kept(&mut tx, child.id).await), Some(3));
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::EVENTS, NOW.plus(9)).await.expect("an answer")), 2);
    assert_eq!(read!(db, |tx| events::first_kept(&mut tx, child.id).await), None);

    commit!(db, |tx| append(&mut tx, &[child.id, parent.id], EventKind::SettingsChanged, None, None, NOW)
        .await
        .expect("told"));
    assert_eq!(
        read!(db, |tx| events::first_kept(&mut tx, child.id).await),
        Some(5),
        "a number is never given out twice"
    );
    assert_eq!(read!(db, |tx| events::first_kept(&mut tx, parent.id).await), Some(1));
}

/// The writers are on one node and the reader on another. Some writers lock the persons in the other order, and each
/// writer rolls one transaction back.
async fn a_reader_of_a_feed_misses_nothing_and_sees_nothing_late(db: TestDatabase) {
    const WRITERS: i64 = 20;
    const EACH: i64 = 5;
    let Together { parent, child, pair } = together(&db).await;
    let reading = db.second_node().await;
    let writers = (0..WRITERS).map(|writer| {
        let db = db.database.clone();
        let persons = if writer % 2 == 0 { [parent.id, child.id] } else { [child.id, parent.id] };
        tokio::spawn(async move {
            for at in 0..=EACH {
                let mut tx = db.begin().await.expect("a transaction");
                append(&mut tx, &persons, EventKind::AnswerSubmitted, Some(pair.id), None, NOW.plus(at))
                    .await
                    .expect("told");
                tokio::task::yield_now().await;
                if at == writer % EACH {
                    drop(tx);
                } else {
                    tx.commit().await.expect("a commit");
                }
            }
        })
    });
    let (writers, is_over) = (writers.collect::<Vec<_>>(), AtomicBool::new(false));
    let write = async {
        let ended = join_all(writers).await;
        is_over.store(true, Ordering::SeqCst);
        ended.into_iter().for_each(|writer| writer.expect("no writer panics"));
    };
    let follow = async |person: PersonId| {
        let mut cursor = 0;
        loop {
            let was_over = is_over.load(Ordering::SeqCst);
            let found = read!(reading, |tx| events::find_after(&mut tx, person, cursor, 7).await);
            if found.is_empty() && was_over {
                return cursor;
            }
            for event in found {
                assert_eq!(event.seq, cursor + 1, "a number was jumped over");
                cursor = event.seq;
            }
            tokio::task::yield_now().await;
        }
    };
    let ((), one, two) = tokio::join!(write, follow(parent.id), follow(child.id));
    assert_eq!((one, two), (WRITERS * EACH, WRITERS * EACH), "everything told was read");
    assert_eq!(read!(db, |tx| events::last_seq(&mut tx, parent.id).await), WRITERS * EACH);
    reading.close().await;
}

async fn a_commit_wakes_who_was_told_and_a_rollback_nobody(db: TestDatabase) {
    let Together { parent, child, .. } = together(&db).await;
    let (mut woken, other) = (db.notifier().subscribe(child.id), db.notifier().subscribe(parent.id));
    let mut tx = db.begin().await.expect("a transaction");
    append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told");
    assert!(!woken.has_changed().expect("listening"), "not before the commit");
    drop(tx);
    assert!(!woken.has_changed().expect("listening"), "it never happened");

    let mut tx = db.begin().await.expect("a transaction");
    append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told");
    tx.commit().await.expect("a commit");
    assert!(woken.has_changed().expect("listening"));
    assert!(!other.has_changed().expect("listening"), "only who was told");
    woken.mark_unchanged();

    commit!(db, for child.id, |tx| persons::set_recovery_kept(&mut tx, child.id, NOW).await.expect("kept"));
    assert!(!woken.has_changed().expect("listening"), "nothing was told");
}

async fn listeners_that_left_are_forgotten_and_new_ones_are_woken(db: TestDatabase) {
    let child = together(&db).await.child;
    drop(db.notifier().subscribe(child.id));
    db.notifier().sweep();
    let listening = db.notifier().subscribe(child.id);
    db.notifier().sweep();
    commit!(db, |tx| append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told"));
    assert!(listening.has_changed().expect("listening"));
}
