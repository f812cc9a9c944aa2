//! Failures, rows with a time in the future, and the counts of the sweeps.

use super::{
    databases::TestDatabase,
    fcm_calls::wish,
    fixtures::{NOW, id, sign_up, together, waiting_delivery},
};
use crate::{
    domain::{FcmAct, Millis, SessionId},
    server::storage::{
        attempts::{self, Done},
        deliveries, failures, fcm_calls, future_rows, pairs, persons, prune, sessions,
        sweeps::{self, Swept},
    },
};

on_both_databases! {
    what_a_clock_far_ahead_left_in_rows_is_brought_back,
    the_most_a_sweep_has_deleted_is_remembered,
    failures_are_counted_by_bucket_and_forgotten,
}

async fn what_a_clock_far_ahead_left_in_rows_is_brought_back(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let (session, ahead) = (SessionId(id()), NOW.plus(60 * Millis::DAY));
    let mut pair = together(&db).await.pair;
    pair.next_due_at = Some(ahead);
    commit!(db, |tx| {
        let person = sign_up(&mut tx, "순자").await;
        sessions::insert(&mut tx, session, person.id, "hash", "d", ahead).await.expect("a session");
        failures::record(&mut tx, "address:1", ahead).await.expect("a failure");
        let done = Done { person: person.id, session: None, target: None };
        attempts::insert(&mut tx, "key", "join", &done, ahead).await.expect("a step");
        let new = persons::NewRecovery { hash: "fresh", made_by: None, earlier_until: Some(ahead) };
        persons::set_recovery(&mut tx, person.id, new, ahead).await.expect("a new code");
        pairs::update_schedule(&mut tx, &pair).await.expect("an update");
        deliveries::claim(&mut tx, NOW, ahead, 1).await.expect("a lease");
        fcm_calls::insert(&mut tx, &[wish(FcmAct::Subscribe)], NOW).await.expect("a call");
        fcm_calls::claim(&mut tx, NOW, ahead, 1).await.expect("a lease");
    });
    assert_eq!(read!(db, |tx| failures::count(&mut tx, "address:1", NOW).await), 0, "not believed");
    assert_eq!(read!(db, |tx| future_rows::find_pairs(&mut tx, NOW).await), [pair.id]);
    assert!(read!(db, |tx| future_rows::are_there(&mut tx, NOW).await));

    assert_eq!(commit!(db, |tx| future_rows::bring_back(&mut tx, NOW).await.expect("rows")), 6);

    assert!(!read!(db, |tx| future_rows::are_there(&mut tx, NOW).await));
    assert_eq!(commit!(db, |tx| deliveries::claim(&mut tx, NOW, NOW.plus(1), 10).await.expect("a claim")), [told]);
    assert_eq!(read!(db, |tx| fcm_calls::next_send(&mut tx).await), Some(NOW));
    let found = read!(db, |tx| sessions::lookup(&mut tx, "hash", NOW, NOW).await).expect("the session");
    assert_eq!((found.session.rotated_at, found.session.last_used_at), (NOW, ahead));
    assert_eq!(commit!(db, |tx| attempts::lookup(&mut tx, "key", NOW).await.expect("an answer")), None);
    let codes = read!(db, |tx| persons::recovery_codes(&mut tx, found.person.id, NOW).await);
    assert_eq!(codes.earlier.map(|(_, until)| until), Some(NOW.plus(7 * Millis::DAY)));
}

async fn the_most_a_sweep_has_deleted_is_remembered(db: TestDatabase) {
    let person = commit!(db, |tx| sign_up(&mut tx, "순자").await);
    for (hash, at) in [("a", NOW), ("b", NOW.plus(10)), ("c", NOW.plus(20))] {
        commit!(db, for person.id, |tx| sessions::insert(&mut tx, SessionId(id()), person.id, hash, "d", at)
            .await
            .expect("a session"));
    }
    let mine =
        async |limit: i64| read!(db, |tx| sweeps::count_up_to(&mut tx, Swept::Sessions, NOW.plus(10), limit).await);
    assert_eq!((mine(10).await, mine(1).await), (2, 1));
    assert_eq!(read!(db, |tx| sweeps::count_all(&mut tx, Swept::Sessions).await), 3);
    for what in [Swept::Subscriptions, Swept::Notifications, Swept::Deliveries, Swept::Events] {
        assert_eq!(read!(db, |tx| sweeps::count_up_to(&mut tx, what, NOW, 10).await), 0, "{what:?}");
        assert_eq!(read!(db, |tx| sweeps::count_all(&mut tx, what).await), 0, "{what:?}");
    }
    assert_eq!(read!(db, |tx| sweeps::record_of(&mut tx, Swept::Events).await), (0, 0));
    for record in [(7, 1), (7, 0)] {
        commit!(db, |tx| sweeps::set_record(&mut tx, Swept::Events, record.0, record.1).await.expect("written"));
        assert_eq!(read!(db, |tx| sweeps::record_of(&mut tx, Swept::Events).await), record);
    }
}

async fn failures_are_counted_by_bucket_and_forgotten(db: TestDatabase) {
    commit!(db, |tx| for (bucket, at) in [("address:1", 1), ("address:1", 2), ("address:2", 2), ("address:1", 3)] {
        failures::record(&mut tx, bucket, NOW.plus(at)).await.expect("recorded");
    });
    for (bucket, since, count) in
        [("address:1", 0, 3), ("address:1", 1, 2), ("address:1", 3, 0), ("address:2", 0, 1), ("address:3", 0, 0)]
    {
        assert_eq!(
            read!(db, |tx| failures::count(&mut tx, bucket, NOW.plus(since)).await),
            count,
            "{bucket} since {since}"
        );
    }
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::FAILURES, NOW.plus(2)).await.expect("an answer")), 1);
    assert_eq!(read!(db, |tx| failures::count(&mut tx, "address:1", NOW).await), 2);
}
