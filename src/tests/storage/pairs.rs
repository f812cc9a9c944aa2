//! Pairs: members, schedule, lookup by member, and whether presence is shown.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, Together, date, id, is_taken, member, pair_of, sign_up, together},
};
use crate::{
    domain::{PairId, PairPhase, PersonId, PushTime, Relation, Role, ZoneName},
    server::storage::{pairs, presence, seats},
};

on_both_databases! {
    a_pair_reads_back_with_its_seats,
    a_strangers_pair_is_not_found,
    a_seat_is_taken_once,
    two_share_a_pair_until_it_is_closed,
    the_pairs_of_a_person_come_running_ones_first_then_by_age,
    presence_is_shown_until_the_member_switches_it_off_for_that_pair,
}

async fn a_pair_reads_back_with_its_seats(db: TestDatabase) {
    let relation = Relation::Other("이모".into());
    let (parent, mut pair) = commit!(db, |tx| {
        let parent = sign_up(&mut tx, "정숙").await;
        let mut pair = pair_of(&parent, Some(member(&parent, Role::Parent, &relation)), None);
        pair.push_time = PushTime::parse("07:05").expect("a time");
        pair.next_due_at = Some(NOW.plus(5));
        pairs::insert(&mut tx, &pair, NOW).await.expect("a pair");
        (parent, pair)
    });
    assert_eq!(read!(db, |tx| pairs::lookup(&mut tx, pair.id).await), Some(pair.clone()));
    assert_eq!(pair.phase(), PairPhase::Alone);

    let child = commit!(db, in pair.id, |tx| {
        let child = sign_up(&mut tx, "하은").await;
        pairs::seat(&mut tx, pair.id, &member(&child, Role::Child, &Relation::Daughter), NOW)
            .await
            .expect("the empty seat");
        child
    });
    pair.child = Some(member(&child, Role::Child, &Relation::Daughter));
    assert_eq!(read!(db, |tx| pairs::lookup_for(&mut tx, child.id, pair.id).await), Some(pair.clone()));

    pair.zone = ZoneName::parse("America/New_York").expect("a zone");
    pair.push_time = PushTime::parse("23:59").expect("a time");
    pair.paused_until = Some(date("2026-12-01"));
    pair.next_due_at = None;
    commit!(db, |tx| {
        pairs::update_schedule(&mut tx, &pair).await.expect("an update");
        pairs::update_relation(&mut tx, pair.id, Role::Parent, &Relation::Grandmother).await.expect("an update");
    });
    pair.parent = Some(member(&parent, Role::Parent, &Relation::Grandmother));
    assert_eq!(read!(db, |tx| pairs::lookup_for(&mut tx, parent.id, pair.id).await), Some(pair));
}

async fn a_strangers_pair_is_not_found(db: TestDatabase) {
    let (one, two) = (together(&db).await, together(&db).await);
    assert_eq!(read!(db, |tx| pairs::lookup_for(&mut tx, one.child.id, two.pair.id).await), None);
    assert_eq!(read!(db, |tx| pairs::lookup_for(&mut tx, PersonId(id()), two.pair.id).await), None);
    assert_eq!(read!(db, |tx| pairs::lookup(&mut tx, PairId(id())).await), None);
}

async fn a_seat_is_taken_once(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let late = commit!(db, |tx| sign_up(&mut tx, "영호").await);
    let mut tx = db.begin().await.expect("a transaction");
    pairs::lock(&mut tx, pair.id).await.expect("the pair's row");
    let second = pairs::seat(&mut tx, pair.id, &member(&late, Role::Parent, &Relation::Father), NOW).await;
    assert!(is_taken(&second), "{second:?}");
    drop(tx);

    let alone = commit!(db, |tx| {
        let alone = pair_of(&parent, Some(member(&parent, Role::Parent, &Relation::Mother)), None);
        pairs::insert(&mut tx, &alone, NOW).await.expect("a pair");
        alone
    });
    let mut tx = db.begin().await.expect("a transaction");
    pairs::lock(&mut tx, alone.id).await.expect("the pair's row");
    let myself = pairs::seat(&mut tx, alone.id, &member(&parent, Role::Child, &Relation::Daughter), NOW).await;
    assert!(is_taken(&myself), "nobody sits across from themselves: {myself:?}");
    drop(tx);
    assert_eq!(
        read!(db, |tx| pairs::lookup_for(&mut tx, child.id, pair.id).await)
            .and_then(|pair| pair.parent)
            .map(|seat| seat.person_id),
        Some(parent.id)
    );
}

async fn two_share_a_pair_until_it_is_closed(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let stranger = together(&db).await.child;
    assert!(read!(db, |tx| seats::share_one(&mut tx, parent.id, child.id).await));
    assert!(read!(db, |tx| seats::share_one(&mut tx, child.id, parent.id).await));
    assert!(!read!(db, |tx| seats::share_one(&mut tx, parent.id, stranger.id).await));

    commit!(db, in pair.id, |tx| pairs::close(&mut tx, pair.id, NOW.plus(7)).await.expect("closed"));
    commit!(db, in pair.id, |tx| pairs::close(&mut tx, pair.id, NOW.plus(9)).await.expect("closed once"));
    assert!(!read!(db, |tx| seats::share_one(&mut tx, parent.id, child.id).await));
    let closed =
        read!(db, |tx| pairs::lookup_for(&mut tx, child.id, pair.id).await).expect("a closed pair is still found");
    assert_eq!((closed.closed_at, closed.next_due_at, closed.phase()), (Some(NOW.plus(7)), None, PairPhase::Closed));
}

async fn the_pairs_of_a_person_come_running_ones_first_then_by_age(db: TestDatabase) {
    let Together { parent, pair: closed, .. } = together(&db).await;
    let mut made = Vec::new();
    for age in [2, 1] {
        made.push(commit!(db, |tx| {
            let mut pair = pair_of(&parent, Some(member(&parent, Role::Parent, &Relation::Mother)), None);
            pair.created_at = NOW.plus(age);
            pairs::insert(&mut tx, &pair, NOW.plus(age)).await.expect("a pair");
            pair.id
        }));
    }
    commit!(db, in closed.id, |tx| pairs::close(&mut tx, closed.id, NOW.plus(3)).await.expect("closed"));
    let found: Vec<PairId> =
        read!(db, |tx| pairs::find_of(&mut tx, parent.id).await).into_iter().map(|pair| pair.id).collect();
    assert_eq!(found, [made[1], made[0], closed.id]);
}

async fn presence_is_shown_until_the_member_switches_it_off_for_that_pair(db: TestDatabase) {
    let Together { parent, child, pair } = together(&db).await;
    let another = together(&db).await;
    assert!(read!(db, |tx| presence::is_shown_by(&mut tx, parent.id, pair.id).await));
    commit!(db, in pair.id, |tx| presence::update(&mut tx, parent.id, pair.id, false).await.expect("a switch"));
    assert!(!read!(db, |tx| presence::is_shown_by(&mut tx, parent.id, pair.id).await));
    assert!(read!(db, |tx| presence::is_shown_by(&mut tx, child.id, pair.id).await), "the other's own switch stays");
    assert!(
        read!(db, |tx| presence::is_shown_by(&mut tx, another.parent.id, another.pair.id).await),
        "and so do those of other pairs"
    );
    commit!(db, in pair.id, |tx| presence::update(&mut tx, parent.id, pair.id, true).await.expect("a switch"));
    assert!(read!(db, |tx| presence::is_shown_by(&mut tx, parent.id, pair.id).await));
    assert!(
        !read!(db, |tx| presence::is_shown_by(&mut tx, parent.id, another.pair.id).await),
        "a stranger shows nothing"
    );
    let theirs = another.pair.id;
    commit!(db, in theirs, |tx| presence::update(&mut tx, parent.id, theirs, true).await.expect("nothing"));
    assert!(!read!(db, |tx| presence::is_shown_by(&mut tx, parent.id, theirs).await));
}
