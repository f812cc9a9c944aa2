//! Notifications, the inbox, and the settings of both.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, Together, notification, together},
};
use crate::{
    domain::{Channel, Muted, NotificationKind, PairId, QuietHours, SubscriptionId},
    server::storage::{
        deliveries::{self, DeliveryId},
        entries, notifications, recipients,
    },
};

on_both_databases! {
    a_fact_is_told_to_a_person_once,
    preferences_are_the_person_s_and_the_pair_s,
    counted_pushes_are_found_since_an_instant,
}

async fn a_fact_is_told_to_a_person_once(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let one = notification(parent.id, pair.id, "answer:1", NOW);
    let again = notification(parent.id, pair.id, "answer:1", NOW.plus(1));
    let other = notification(child.id, pair.id, "answer:1", NOW);
    let deliveries = [&one, &again].map(|new| {
        let subscription = SubscriptionId(one.id.0);
        (DeliveryId { notification: new.id, subscription }, NOW)
    });
    let first = [one.clone(), other];
    commit!(db, |tx| notifications::insert(&mut tx, &first, &deliveries[..1], NOW).await.expect("new"));
    commit!(db, |tx| notifications::insert(&mut tx, &[again], &deliveries[1..], NOW).await.expect("known"));
    let (counts, _) = read!(db, |tx| deliveries::counts(&mut tx).await);
    assert_eq!(counts, [("pending".into(), 1)], "a fact that is known has no delivery");
    let entries = read!(db, |tx| entries::find_of(&mut tx, parent.id, 10).await);
    assert_eq!(
        entries.iter().map(|entry| (entry.id, entry.kind, entry.is_read)).collect::<Vec<_>>(),
        [(one.id, NotificationKind::Answered, false)]
    );
    assert!(read!(db, |tx| notifications::was_notified(&mut tx, parent.id, "answer:1").await));
    assert!(!read!(db, |tx| notifications::was_notified(&mut tx, parent.id, "answer:2").await));
    assert_eq!(read!(db, |tx| entries::count_unread(&mut tx, parent.id).await), 1);
    assert_eq!(
        commit!(db, for parent.id, |tx| entries::read_up_to(&mut tx, parent.id, 7, NOW).await.expect("read")),
        1
    );
    assert!(!commit!(db, for parent.id, |tx| {
        entries::read_one(&mut tx, parent.id, one.id, NOW).await.expect("read already")
    }));
    assert_eq!(read!(db, |tx| entries::count_unread(&mut tx, parent.id).await), 0);
    assert_eq!(read!(db, |tx| entries::count_unread(&mut tx, child.id).await), 1, "reading is one's own");
}

async fn preferences_are_the_person_s_and_the_pair_s(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let preferences =
        |found: Vec<(Option<PairId>, notifications::Preferences)>| found.into_iter().next().expect("preferences").1;
    let first = preferences(read!(db, |tx| notifications::preferences(&mut tx, &[(parent.id, Some(pair.id))]).await));
    assert_eq!((first.quiet, first.hides_details, first.question_in_quiet), (Some(QuietHours::DEFAULT), false, None));
    let muted = Muted::new(vec![Channel::Nudge]);
    commit!(db, in pair.id, |tx| {
        notifications::update_member(&mut tx, parent.id, pair.id, &muted, true).await.expect("switches");
        notifications::update_person(&mut tx, parent.id, None, true).await.expect("no quiet hours");
    });
    let changed = preferences(read!(db, |tx| notifications::preferences(&mut tx, &[(parent.id, Some(pair.id))]).await));
    assert_eq!(
        (changed.quiet, changed.hides_details, changed.muted, changed.question_in_quiet),
        (None, true, muted, Some(true))
    );
    let both =
        read!(db, |tx| notifications::preferences(&mut tx, &[(parent.id, None), (child.id, Some(pair.id))]).await);
    assert!(
        both.iter().all(|(_, preferences)| preferences.muted == Muted::default()),
        "of another pair, and of the other, nothing changed"
    );
}

async fn counted_pushes_are_found_since_an_instant(db: TestDatabase) {
    let Together { parent, pair, .. } = together(&db).await;
    let mut nudge = notification(parent.id, pair.id, "nudge:1", NOW);
    nudge.kind = NotificationKind::Nudge;
    let answer = notification(parent.id, pair.id, "answer:1", NOW);
    commit!(db, |tx| notifications::insert(&mut tx, &[nudge, answer], &[], NOW).await.expect("new"));
    assert_eq!(read!(db, |tx| recipients::find_counted(&mut tx, &[parent.id], NOW).await).len(), 1);
    assert_eq!(read!(db, |tx| recipients::find_counted(&mut tx, &[parent.id], NOW.plus(1)).await), []);
}
