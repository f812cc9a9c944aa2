//! Tests of deliveries: leases, outcomes, receipts, and deliveries that move to another subscription.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, waiting_delivery},
};
use crate::{
    domain::{Cancelled, NotificationKind, Relation, Role, SubscriptionId},
    server::storage::{
        deliveries::{self, CancelFor, DeliveryId, Settled, State},
        delivery_context, prune,
        receipts::{self, Receipt},
        silent, subscriptions, waiting,
    },
    tests::own_database::OwnDatabase,
};

on_both_databases! {
    a_delivery_is_claimed_by_one_and_again_when_its_lease_runs_out,
    a_delivery_context_holds_what_the_database_knows_now,
    what_is_taken_back_is_not_claimed,
    a_report_counts_once_and_names_its_person,
    a_report_settles_what_waits_and_a_late_outcome_changes_nothing,
    what_waits_for_a_service_is_brought_forward_and_follows_to_another_subscription,
}

async fn a_delivery_is_claimed_by_one_and_again_when_its_lease_runs_out(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let (now, lease) = (NOW, NOW.plus(60_000));
    let mut one = db.begin().await.expect("a transaction");
    let claimed = deliveries::claim(&mut one, now, lease, 10).await.expect("a claim");
    assert_eq!(claimed, [told]);
    one.commit().await.expect("a commit");
    assert_eq!(commit!(db, |tx| deliveries::claim(&mut tx, now, lease, 10).await.expect("a claim")), []);
    assert_eq!(read!(db, |tx| deliveries::next_send(&mut tx).await), Some(lease));
    let again = commit!(db, |tx| deliveries::claim(&mut tx, lease, lease.plus(60_000), 10).await.expect("a claim"));
    assert_eq!(again, [told]);
    let settled = |state, send_at| Settled {
        id: told,
        state,
        send_at,
        status: Some(503),
        reason: Some("service"),
        is_attempt: true,
        gone_since: None,
        learned: None,
    };
    // The first worker returns after its lease has ended, so its outcomes are ignored.
    commit!(db, |tx| deliveries::settle(&mut tx, &[settled(State::Accepted, None)], lease, lease)
        .await
        .expect("settled"));
    assert_eq!(read!(db, |tx| deliveries::counts(&mut tx).await).0, [("leased".to_owned(), 1)]);
    commit!(db, |tx| deliveries::settle(
        &mut tx,
        &[settled(State::Retry, Some(lease.plus(90_000)))],
        lease.plus(60_000),
        lease
    )
    .await
    .expect("settled"));
    let listed = read!(db, |tx| deliveries::find_in(&mut tx, State::Retry, 10).await);
    assert_eq!((listed[0].attempts, listed[0].status, listed[0].reason.as_deref()), (2, Some(503), Some("service")));
    assert_eq!(read!(db, |tx| deliveries::next_send(&mut tx).await), Some(lease.plus(90_000)));
}

async fn a_delivery_context_holds_what_the_database_knows_now(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let contexts = read!(db, |tx| delivery_context::load(&mut tx, &[told]).await);
    let context = contexts[0].as_ref().expect("a context that makes sense");
    let pair = context.pair.as_ref().expect("its pair");
    assert_eq!(
        (context.kind, context.unread, pair.role, context.is_superseded),
        (NotificationKind::Answered, 1, Role::Parent, false)
    );
    assert_eq!(context.target.as_ref().map(|target| target.origin.as_str()), Some("https://push.example"));
    assert!(
        pair.other.as_ref().is_some_and(|(relation, _)| *relation == Relation::Daughter || *relation == Relation::Son)
    );
    commit!(db, |tx| subscriptions::delete(&mut tx, told.subscription).await.expect("gone"));
    let contexts = read!(db, |tx| delivery_context::load(&mut tx, &[told]).await);
    assert!(contexts[0].as_ref().is_ok_and(|context| context.target.is_none()), "the browser signed out");
}

async fn what_is_taken_back_is_not_claimed(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    commit!(db, |tx| deliveries::cancel(
        &mut tx,
        CancelFor::Subscription(told.subscription),
        Cancelled::SignedOut,
        NOW
    )
    .await
    .expect("cancelled"));
    assert_eq!(commit!(db, |tx| deliveries::claim(&mut tx, NOW, NOW.plus(1), 10).await.expect("a claim")), []);
    assert_eq!(read!(db, |tx| deliveries::counts(&mut tx).await), (vec![("cancelled".to_owned(), 1)], None));
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::DELIVERIES, NOW.plus(1)).await.expect("pruned")), 1);
}

async fn a_report_counts_once_and_names_its_person(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let first = commit!(db, |tx| receipts::report(&mut tx, told, Receipt::Shown, NOW).await.expect("noted"));
    assert!(first.is_some());
    assert_eq!(
        commit!(db, |tx| receipts::report(&mut tx, told, Receipt::Shown, NOW.plus(1)).await.expect("known")),
        None
    );
    let person = first.expect("a person");
    let kinds = [NotificationKind::Answered, NotificationKind::Test];
    let (trails, _) = read!(db, |tx| receipts::find_arrivals(&mut tx, person, kinds, NOW).await);
    assert_eq!((trails[0].shown_at, trails[0].opened_at), (Some(NOW.0), None));
    let subscription =
        read!(db, |tx| subscriptions::lookup_for(&mut tx, person, told.subscription).await).expect("a subscription");
    assert_eq!(subscription.shown_at, Some(NOW), "the second report wrote nothing");
    assert_eq!(read!(db, |tx| silent::find(&mut tx, NOW.plus(1)).await), [told.subscription]);
    assert_eq!(read!(db, |tx| silent::find(&mut tx, NOW).await), []);
}

async fn a_report_settles_what_waits_and_a_late_outcome_changes_nothing(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let lease = NOW.plus(60_000);
    commit!(db, |tx| deliveries::claim(&mut tx, NOW, lease, 10).await.expect("a claim"));
    assert_eq!(read!(db, |tx| delivery_context::load(&mut tx, &[told]).await).len(), 1);
    commit!(db, |tx| receipts::report(&mut tx, told, Receipt::Shown, NOW.plus(1)).await.expect("noted"));
    assert_eq!(
        read!(db, |tx| delivery_context::load(&mut tx, &[told]).await).len(),
        0,
        "a worker that has it does not send it"
    );
    let late = Settled {
        id: told,
        state: State::Retry,
        send_at: Some(lease),
        status: None,
        reason: Some("timeout"),
        is_attempt: true,
        gone_since: None,
        learned: None,
    };
    commit!(db, |tx| deliveries::settle(&mut tx, &[late], lease, NOW.plus(2)).await.expect("settled"));
    let listed = read!(db, |tx| deliveries::find_in(&mut tx, State::Accepted, 10).await);
    assert_eq!(listed.iter().map(|listed| listed.reason.as_deref()).collect::<Vec<_>>(), [Some("shown")]);
    assert_eq!(read!(db, |tx| deliveries::next_send(&mut tx).await), None);
}

async fn what_waits_for_a_service_is_brought_forward_and_follows_to_another_subscription(db: TestDatabase) {
    let told = waiting_delivery(&db).await;
    let lease = NOW.plus(60_000);
    let waits = async |state, at, reason| {
        commit!(db, |tx| {
            let due = deliveries::next_send(&mut tx).await.expect("an answer").expect("it waits");
            assert_eq!(deliveries::claim(&mut tx, due, lease, 10).await.expect("a claim"), [told]);
            let settled = Settled {
                id: told,
                state,
                send_at: Some(at),
                status: None,
                reason: Some(reason),
                is_attempt: true,
                gone_since: None,
                learned: None,
            };
            deliveries::settle(&mut tx, &[settled], lease, NOW).await.expect("settled");
        });
        read!(db, |tx| waiting::find_held_back(&mut tx, "https://push.example", NOW.plus(5_000), 10).await)
    };
    let later = NOW.plus(900_000);
    assert_eq!(waits(State::Pending, later, "quiet hours").await, []);
    assert_eq!(waits(State::Retry, later, waiting::ASKED_TO_WAIT).await, []);
    assert_eq!(waits(State::Retry, NOW.plus(5_000), "service").await, [], "soon enough");
    assert_eq!(waits(State::Pending, later, waiting::ORIGIN_PAUSED).await, [(told, later)]);
    assert_eq!(waits(State::Retry, later, "service").await, [(told, later)]);
    assert_eq!(read!(db, |tx| waiting::find_held_back(&mut tx, "https://other.example", NOW, 10).await), []);
    commit!(db, |tx| waiting::bring_forward(&mut tx, &[(told, later.plus(1), NOW)]).await.expect("left"));
    assert_eq!(
        read!(db, |tx| deliveries::next_send(&mut tx).await),
        Some(later),
        "somebody else has moved it meanwhile"
    );
    commit!(db, |tx| waiting::bring_forward(&mut tx, &[(told, later, NOW.plus(3))]).await.expect("moved"));
    assert_eq!(read!(db, |tx| deliveries::next_send(&mut tx).await), Some(NOW.plus(3)));

    let new = SubscriptionId(id());
    commit!(db, |tx| waiting::follow(&mut tx, told.subscription, new, NOW.plus(4)).await.expect("moved"));
    let claimed = commit!(db, |tx| deliveries::claim(&mut tx, NOW.plus(4), lease, 10).await.expect("a claim"));
    assert_eq!(claimed, [DeliveryId { subscription: new, ..told }]);
    // The first has a delivery of the same notification again.
    let again = format!(
        "INSERT INTO deliveries (notification_id, subscription_id, state, send_at, created_at)
         VALUES ('{}', '{}', 'pending', {}, {})",
        told.notification, told.subscription, NOW.0, NOW.0
    );
    OwnDatabase::at(&db.url).run_sql(&again).await;
    commit!(db, |tx| waiting::follow(&mut tx, told.subscription, new, NOW).await.expect("the second has it"));
    assert_eq!(
        read!(db, |tx| deliveries::counts(&mut tx).await).0,
        [("leased".to_owned(), 1), ("pending".to_owned(), 1)]
    );
}
