//! Hand-overs of an account to another device, step by step.

use super::{
    databases::TestDatabase,
    fixtures::{NOW, id, signed_in, together},
};
use crate::{
    domain::{HandOverId, HandOverStage, Millis, PersonId, SessionId},
    server::storage::{
        Database, Tx,
        hand_overs::{self, HandOverCodeKind, NewHandOver},
        prune, sessions,
    },
};

on_both_databases! {
    a_hand_over_goes_from_typed_to_used_step_by_step,
    one_of_a_kind_runs_and_a_code_is_nobody_else_s,
    of_two_at_once_exactly_one_asks_and_exactly_one_enters,
    a_hand_over_ends_with_the_session_that_made_it_and_with_its_time,
}

async fn a_hand_over_goes_from_typed_to_used_step_by_step(db: TestDatabase) {
    let (child, session) = signed_in(&db).await;
    let id = hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
    let latest = read!(db, |tx| hand_overs::lookup_latest(&mut tx, child.id, NOW).await).expect("the latest");
    assert_eq!(
        (latest.id, latest.stage, latest.device.as_str(), latest.expires_at),
        (id, HandOverStage::Open, "", NOW.plus(100))
    );
    assert_eq!(
        read!(db, |tx| hand_overs::lookup_latest(&mut tx, child.id, NOW.plus(100)).await),
        None,
        "its time is over"
    );
    assert!(!commit!(db, for child.id, |tx| decide(&mut tx, child.id, id, NOW).await), "nothing was asked yet");
    assert!(!ask(&db, child.id, "other", "ticket", NOW).await);
    assert!(!ask(&db, child.id, "code", "ticket", NOW.plus(100)).await, "too late");

    assert!(ask(&db, child.id, "code", "ticket", NOW.plus(99)).await);
    assert!(!ask(&db, child.id, "code", "second", NOW).await, "digits are used once");
    let asked = read!(db, |tx| hand_overs::lookup_by_ticket(&mut tx, "ticket").await).expect("asked");
    assert_eq!(
        (asked.id, asked.person, asked.stage, asked.device.as_str()),
        (id, child.id, HandOverStage::Asked, "phone")
    );
    assert!(!enter(&db, child.id, "ticket", NOW).await, "not before the yes");

    let stranger = together(&db).await.child;
    assert_eq!(read!(db, |tx| hand_overs::lookup_for(&mut tx, stranger.id, id).await), None);
    assert!(!commit!(db, for stranger.id, |tx| decide(&mut tx, stranger.id, id, NOW).await));
    assert!(!commit!(db, for child.id, |tx| decide(&mut tx, child.id, id, NOW.plus(100)).await), "too late");
    assert!(commit!(db, for child.id, |tx| decide(&mut tx, child.id, id, NOW.plus(99)).await));
    assert!(!commit!(db, for child.id, |tx| decide(&mut tx, child.id, id, NOW.plus(99)).await), "once");
    let confirmed = read!(db, |tx| hand_overs::lookup_for(&mut tx, child.id, id).await).expect("confirmed");
    assert_eq!(
        (confirmed.stage, confirmed.expires_at),
        (HandOverStage::Confirmed, NOW.plus(149)),
        "there is time to come in"
    );

    assert!(!enter(&db, child.id, "ticket", NOW.plus(149)).await, "too late");
    assert!(enter(&db, child.id, "ticket", NOW.plus(148)).await);
    assert!(!enter(&db, child.id, "ticket", NOW.plus(148)).await, "once");
}

async fn one_of_a_kind_runs_and_a_code_is_nobody_else_s(db: TestDatabase) {
    let (child, session) = signed_in(&db).await;
    hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
    assert_eq!(hand_over(&db, child.id, session, HandOverCodeKind::Digits, "another").await, None, "one runs");
    hand_over(&db, child.id, session, HandOverCodeKind::Link, "link").await.expect("the other kind runs beside it");
    let (other, others) = signed_in(&db).await;
    assert_eq!(hand_over(&db, other.id, others, HandOverCodeKind::Digits, "code").await, None, "the same digits");
    assert!(!take(&db, child.id, "code", NOW).await, "digits are no link");
    assert!(!ask(&db, child.id, "link", "ticket", NOW).await, "a link is no digits");
    assert_eq!(read!(db, |tx| hand_overs::lookup_link(&mut tx, "code", NOW).await), None);

    assert_eq!(withdraw(&db, child.id).await, 1);
    assert!(!ask(&db, child.id, "code", "ticket", NOW).await, "taken back");
    hand_over(&db, other.id, others, HandOverCodeKind::Digits, "code").await.expect("they are free again");
    assert!(!take(&db, child.id, "link", NOW.plus(100)).await, "too late");
    assert!(!take(&db, other.id, "link", NOW.plus(99)).await, "not another person's");
    assert_eq!(read!(db, |tx| hand_overs::lookup_link(&mut tx, "link", NOW.plus(99)).await), Some(child.id));
    assert!(take(&db, child.id, "link", NOW.plus(99)).await);
    assert!(!take(&db, child.id, "link", NOW.plus(99)).await, "once");
}

async fn of_two_at_once_exactly_one_asks_and_exactly_one_enters(db: TestDatabase) {
    let (child, session) = signed_in(&db).await;
    let person = child.id;
    for round in 0..5 {
        withdraw(&db, child.id).await;
        let (code, now) = (format!("code-{round}"), NOW);
        let id = hand_over(&db, child.id, session, HandOverCodeKind::Digits, &code).await.expect("a hand-over");
        let asking = |ticket: String| {
            let (db, code) = (db.database.clone(), code.clone());
            tokio::spawn(async move { ask(&db, person, &code, &ticket, now).await })
        };
        let (one, two) = (format!("one-{round}"), format!("two-{round}"));
        let asked = tokio::join!(asking(one.clone()), asking(two.clone()));
        let asked = (asked.0.expect("no panic"), asked.1.expect("no panic"));
        assert_ne!(asked.0, asked.1, "round {round}");
        assert!(commit!(db, for child.id, |tx| decide(&mut tx, child.id, id, NOW).await));
        let ticket = if asked.0 { one } else { two };
        let entering = || {
            let (db, ticket) = (db.database.clone(), ticket.clone());
            tokio::spawn(async move { enter(&db, person, &ticket, now).await })
        };
        let entered = tokio::join!(entering(), entering());
        assert_ne!(entered.0.expect("no panic"), entered.1.expect("no panic"), "round {round}");
    }
}

async fn a_hand_over_ends_with_the_session_that_made_it_and_with_its_time(db: TestDatabase) {
    let (child, session) = signed_in(&db).await;
    hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
    commit!(db, for child.id, |tx| assert!(sessions::delete(&mut tx, child.id, session).await.expect("an answer")));
    assert_eq!(read!(db, |tx| hand_overs::lookup_latest(&mut tx, child.id, NOW).await), None);

    let (child, session) = signed_in(&db).await;
    hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::HAND_OVERS, NOW.plus(99)).await.expect("an answer")), 0);
    assert_eq!(commit!(db, |tx| prune::batch(&mut tx, &prune::HAND_OVERS, NOW.plus(100)).await.expect("an answer")), 1);
}

/// Inserts a hand-over that expires after 100 ms. `None` if it was refused.
async fn hand_over(
    db: &Database,
    person: PersonId,
    session: SessionId,
    kind: HandOverCodeKind,
    code_hash: &str,
) -> Option<HandOverId> {
    let new =
        NewHandOver { id: HandOverId(id()), person, session, kind, code_hash, now: NOW, expires_at: NOW.plus(100) };
    commit!(db, for person, |tx| hand_overs::insert(&mut tx, &new).await.expect("an answer")).then_some(new.id)
}

/// Confirms a hand-over; the confirmation expires 50 ms after `now`.
async fn decide(tx: &mut Tx, person: PersonId, id: HandOverId, now: Millis) -> bool {
    hand_overs::decide(tx, person, id, HandOverStage::Confirmed, now.plus(50), now).await.expect("an answer")
}

async fn ask(db: &Database, person: PersonId, code_hash: &str, ticket_hash: &str, now: Millis) -> bool {
    commit!(db, for person, |tx| {
        hand_overs::ask(&mut tx, person, code_hash, ticket_hash, "phone", now).await.expect("an answer")
    })
}

async fn enter(db: &Database, person: PersonId, ticket_hash: &str, now: Millis) -> bool {
    commit!(db, for person, |tx| hand_overs::enter(&mut tx, person, ticket_hash, now).await.expect("an answer"))
}

async fn take(db: &Database, person: PersonId, code_hash: &str, now: Millis) -> bool {
    commit!(db, for person, |tx| hand_overs::take(&mut tx, person, code_hash, now).await.expect("an answer"))
}

async fn withdraw(db: &Database, person: PersonId) -> u64 {
    let kind = HandOverCodeKind::Digits;
    commit!(db, for person, |tx| hand_overs::withdraw(&mut tx, person, kind).await.expect("an answer"))
}
