//! Due minutes: which pairs are due, which node claims them, and what a pair stores about its openings.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;

use super::{
    databases::TestDatabase,
    fixtures::{NOW, claim_one, date, last_number, question, together},
};
use crate::{
    domain::{Millis, Role},
    server::storage::{Database, daily_questions, pairs, questions, schedule},
};

on_both_databases! {
    a_pair_remembers_openings_swaps_and_silence,
    due_pairs_are_found_longest_due_first_up_to_a_limit,
    a_second_node_leaves_alone_what_the_first_holds,
    a_due_minute_is_claimed_once,
    of_two_nodes_at_one_due_minute_exactly_one_claims_it,
    acts_on_one_pair_follow_one_another,
    many_pairs_open_in_a_few_statements,
}

async fn a_pair_remembers_openings_swaps_and_silence(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let nothing = schedule::ScheduleState {
        last_opened_date: None,
        last_opened_at: None,
        swapped_date: None,
        parent_unanswered: 0,
        child_unanswered: 0,
    };
    assert_eq!(read!(db, |tx| schedule::lookup_state(&mut tx, pair).await), nothing);
    commit!(db, in pair, |tx| {
        schedule::set_opened(&mut tx, pair, date("2026-11-22"), NOW).await.expect("set");
        schedule::set_swapped(&mut tx, pair, date("2026-11-23")).await.expect("set");
        for role in [Role::Parent, Role::Parent, Role::Child] {
            schedule::add_unanswered(&mut tx, pair, role).await.expect("counted");
        }
    });
    let told = schedule::ScheduleState {
        last_opened_date: Some(date("2026-11-22")),
        last_opened_at: Some(NOW),
        swapped_date: Some(date("2026-11-23")),
        parent_unanswered: 2,
        child_unanswered: 1,
    };
    assert_eq!(read!(db, |tx| schedule::lookup_state(&mut tx, pair).await), told);
    commit!(db, in pair, |tx| schedule::reset_unanswered(&mut tx, pair, Role::Parent).await.expect("reset"));
    assert_eq!(
        read!(db, |tx| schedule::lookup_state(&mut tx, pair).await),
        schedule::ScheduleState { parent_unanswered: 0, ..told }
    );
}

async fn due_pairs_are_found_longest_due_first_up_to_a_limit(db: TestDatabase) {
    let mut ids = BTreeMap::new();
    for due in [Some(30), Some(10), Some(20), None, Some(40)] {
        let mut pair = together(&db).await.pair;
        pair.next_due_at = due.map(|minutes| NOW.plus(minutes));
        commit!(db, |tx| pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
        ids.insert(due, pair.id);
    }
    let due = |minutes: &[i64]| minutes.iter().map(|minutes| ids[&Some(*minutes)]).collect::<Vec<_>>();
    assert_eq!(
        commit!(db, |tx| schedule::find_due(&mut tx, NOW.plus(30), 10).await.expect("due pairs")),
        due(&[10, 20, 30])
    );
    assert_eq!(
        commit!(db, |tx| schedule::find_due(&mut tx, NOW.plus(30), 2).await.expect("due pairs")),
        due(&[10, 20])
    );
    assert_eq!(commit!(db, |tx| schedule::find_due(&mut tx, NOW.plus(9), 10).await.expect("due pairs")), []);
    assert_eq!(read!(db, |tx| schedule::find_due_unheld(&mut tx, NOW.plus(30), 2).await), due(&[10, 20]));
    assert_eq!(read!(db, |tx| schedule::next_due(&mut tx).await), Some(NOW.plus(10)));
}

/// On SQLite the single writer excludes the second node. On PostgreSQL the second node gets the pairs that the first
/// has not locked.
async fn a_second_node_leaves_alone_what_the_first_holds(db: TestDatabase) {
    for _ in 0..2 {
        let mut pair = together(&db).await.pair;
        pair.next_due_at = Some(NOW);
        commit!(db, |tx| pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
    }
    let mut first = db.begin().await.expect("a transaction");
    let held = schedule::find_due(&mut first, NOW, 1).await.expect("due pairs");
    assert_eq!(held.len(), 1);
    if db.is_postgres() {
        let second = db.second_node().await;
        let mut tx = second.begin().await.expect("a transaction");
        let rest = schedule::find_due(&mut tx, NOW, 10).await.expect("due pairs");
        assert!(rest.len() == 1 && rest != held, "{rest:?} beside {held:?}");
    }
    assert!(claim_one(&mut first, held[0], NOW, NOW.plus(1)).await);
    first.commit().await.expect("a commit");
}

async fn a_due_minute_is_claimed_once(db: TestDatabase) {
    let mut pair = together(&db).await.pair;
    pair.next_due_at = Some(NOW);
    commit!(db, |tx| pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
    let (due, next) = (NOW, NOW.plus(Millis::DAY));
    assert!(!commit!(db, |tx| claim_one(&mut tx, pair.id, due.plus(1), next).await), "another due minute was read");
    assert!(commit!(db, |tx| claim_one(&mut tx, pair.id, due, next).await));
    assert!(!commit!(db, |tx| claim_one(&mut tx, pair.id, due, next).await), "the second does nothing");
    assert_eq!(read!(db, |tx| schedule::next_due(&mut tx).await), Some(next));
}

async fn of_two_nodes_at_one_due_minute_exactly_one_claims_it(db: TestDatabase) {
    let mut pair = together(&db).await.pair;
    pair.next_due_at = Some(NOW);
    commit!(db, |tx| pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
    let second = db.second_node().await;
    let claim = |node: Database| {
        tokio::spawn(async move {
            let mut tx = node.begin().await.expect("a transaction");
            let is_mine = claim_one(&mut tx, pair.id, NOW, NOW.plus(Millis::DAY)).await;
            tx.commit().await.expect("a commit");
            is_mine
        })
    };
    let (one, two) = tokio::join!(claim(db.database.clone()), claim(second.clone()));
    assert_ne!(one.expect("no panic"), two.expect("no panic"));
    second.close().await;
}

async fn acts_on_one_pair_follow_one_another(db: TestDatabase) {
    let pair = together(&db).await.pair.id;
    let opened = (0..8).map(|_| {
        let db = db.database.clone();
        tokio::spawn(async move {
            let mut tx = db.begin().await.expect("a transaction");
            pairs::lock(&mut tx, pair).await.expect("the pair's row");
            let number = last_number(&mut tx, pair).await + 1;
            tokio::task::yield_now().await;
            daily_questions::insert(&mut tx, &question(pair, number)).await.expect("nobody else took this number");
            tx.commit().await.expect("a commit");
            number
        })
    });
    let numbers: BTreeSet<u32> = join_all(opened).await.into_iter().map(|number| number.expect("no panic")).collect();
    assert_eq!(numbers, (1..=8).collect());
}

async fn many_pairs_open_in_a_few_statements(db: TestDatabase) {
    let (one, two) = (together(&db).await.pair.id, together(&db).await.pair.id);
    let questions = [question(one, 1), question(two, 1)];
    commit!(db, |tx| daily_questions::insert_all(&mut tx, &questions).await.expect("two questions"));
    commit!(db, |tx| questions::set_asked_all(
        &mut tx,
        &[(one, questions[0].key.clone()), (one, questions[0].key.clone())]
    )
    .await
    .expect("asked"));
    let opened = [(one, date("2026-01-02"), NOW), (two, date("2026-01-03"), NOW)];
    commit!(db, |tx| {
        pairs::lock_all(&mut tx, &[one, two]).await.expect("the pairs' rows");
        schedule::set_opened_all(&mut tx, &opened).await.expect("opened");
    });
    let current = read!(db, |tx| daily_questions::find_open(&mut tx, &[one, two]).await);
    assert_eq!((&current[&one], &current[&two]), (&questions[0], &questions[1]));
    let asked = read!(db, |tx| questions::find_asked(&mut tx, &[one, two]).await);
    assert_eq!((asked.get(&one).map(|keys| keys.len()), asked.get(&two)), (Some(1), None));
    let found = read!(db, |tx| schedule::find_states(&mut tx, &[one, two]).await);
    assert_eq!(found[&two].last_opened_date, Some(date("2026-01-03")));
    assert_eq!(read!(db, |tx| pairs::find_by_ids(&mut tx, &[one, two]).await).len(), 2);
}
