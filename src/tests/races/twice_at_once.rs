//! Two requests at the same moment look before either has written. Each gets the answer it would have got after the
//! other, and none is told of an accident.

use std::sync::Arc;

use super::world::{Done, TRIER, World, all_are_done, at_once, newcomer, stranger};
use crate::{
    domain::{DailyQuestionError, FcmAct, HandOverStage, Millis, SubmissionId},
    server::{
        services::{
            ServiceError, accounts,
            answers::{self, Sending},
            attempts::{Attempt, Step},
            hand_overs,
            invitations::{self, Joiner},
            nudges, sessions,
        },
        storage::{fcm_calls, persons},
    },
    tests::{
        app::rounds,
        storage::{
            databases::TestDatabase,
            fixtures::{NOW, body, id, topic_calls},
            on_both_databases,
        },
    },
};

on_both_databases! {
    a_hand_over_is_confirmed_twice_at_once,
    ten_links_out_of_an_app_at_once,
    ten_digits_at_once,
    one_form_signs_up_once,
    two_who_join_at_once_and_one_seat,
    five_invitations_at_once_and_one_opens,
    one_sending_is_one_revision,
    two_nudges_at_once_and_one_goes_out,
    calls_about_the_same_topics_in_opposite_orders,
}

/// Exactly one succeeds, and what the others hear is no accident.
fn one_is_done<T>(done: Done<T>, refused: impl Fn(&ServiceError) -> bool) {
    assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
    for error in done.into_iter().filter_map(Result::err) {
        assert!(refused(&error), "{error}");
    }
}

async fn a_hand_over_is_confirmed_twice_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let who = world.someone("순자").await;
        let (id, code) = hand_overs::make(&world.state, &who.person, who.session).await.expect("digits");
        let ask = world.attempt(Step::AskHandOver);
        let ticket = hand_overs::ask(&world.state, ask, code.as_str(), TRIER, &stranger()).await.expect("a ticket");
        let confirm = |_| {
            let (world, who) = (world.clone(), who.clone());
            async move { hand_overs::decide(&world.state, &who.person, id, true).await }
        };
        all_are_done(at_once((0..4).map(confirm).collect()).await);
        let found = hand_overs::lookup_asked(&world.state, &ticket).await.expect("an answer").expect("a hand-over");
        assert_eq!(found.stage, HandOverStage::Confirmed);
        // The new device enters twice as well.
        let enter = |_| {
            let (world, ticket) = (world.clone(), ticket.clone());
            async move { hand_overs::enter(&world.state, &ticket, &stranger()).await }
        };
        all_are_done(at_once((0..4).map(enter).collect()).await);
        assert_eq!(sessions::find_of(&world.state, &who.person).await.expect("sessions").len(), 2);
    }
    world.had_no_deadlock().await;
}

async fn ten_links_out_of_an_app_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let who = world.someone("순자").await;
        let lead_out = |_| {
            let (world, who) = (world.clone(), who.clone());
            async move { hand_overs::lead_out(&world.state, &who.person, who.session).await }
        };
        let links: Vec<String> =
            at_once((0..10).map(lead_out).collect()).await.into_iter().map(|link| link.expect("a link")).collect();
        let mut taken = 0;
        for link in links {
            let take = Attempt::new(&world.state, Step::TakeHandOver, "");
            taken += usize::from(hand_overs::take(&world.state, take, &link, &stranger()).await.is_ok());
        }
        assert_eq!(taken, 1, "the last link opens");
    }
    world.had_no_deadlock().await;
}

async fn ten_digits_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let who = world.someone("순자").await;
        let make = |_| {
            let (world, who) = (world.clone(), who.clone());
            async move { hand_overs::make(&world.state, &who.person, who.session).await }
        };
        all_are_done(at_once((0..10).map(make).collect()).await);
    }
    world.had_no_deadlock().await;
}

async fn one_form_signs_up_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let key = format!("{:064x}", id());
        let sign_up = |_| {
            let (world, key) = (world.clone(), key.clone());
            async move {
                let attempt = Attempt::new(&world.state, Step::SignUp, &key);
                let made = accounts::sign_up(&world.state, &attempt, newcomer("순자"), &stranger()).await?;
                Ok(made.expect("nobody uses the session yet").opened.person.id)
            }
        };
        let made: Done<_> = at_once((0..4).map(sign_up).collect()).await;
        let mut persons: Vec<_> = made.into_iter().map(|person| person.expect("signed up")).collect();
        persons.dedup();
        assert_eq!(persons.len(), 1);
    }
    world.had_no_deadlock().await;
}

/// Half of them are signed in, and half are new.
async fn two_who_join_at_once_and_one_seat(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let (child, known) = (world.someone("민지").await, world.someone("순자").await);
        let (pair, _) = world.invited(&child).await;
        let code = invitations::invite(&world.state, world.attempt(Step::Invite), &child.person, pair, "", "", "")
            .await
            .expect("an answer")
            .expect("an invitation")
            .1;
        let mut tickets = Vec::new();
        for n in 0..3 {
            tickets.push((n, invitations::check(&world.state, code.as_str(), TRIER).await.expect("a ticket")));
        }
        let join = |(n, ticket): (usize, String)| {
            let (world, known) = (world.clone(), known.clone());
            async move {
                let (joiner, caller) = if n == 0 {
                    (Joiner::Known(Box::new(known.person.clone())), known.caller())
                } else {
                    (Joiner::New(newcomer("영자")), stranger())
                };
                invitations::join(&world.state, &ticket, joiner, "mother", "", &caller).await
            }
        };
        one_is_done(at_once(tickets.into_iter().map(join).collect()).await, |error| {
            matches!(error, ServiceError::CodeWrong)
        });
        let (pair, ..) = invitations::lookup_running(&world.state, &child.reader(), pair).await.expect("the pair");
        assert!(pair.parent.is_some());
    }
    world.had_no_deadlock().await;
}

async fn five_invitations_at_once_and_one_opens(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let child = world.someone("민지").await;
        let (pair, _) = world.invited(&child).await;
        let invite = |_| {
            let (world, child) = (world.clone(), child.clone());
            async move {
                let attempt = world.attempt(Step::Invite);
                invitations::invite(&world.state, attempt, &child.person, pair, "", "", "").await
            }
        };
        let mut open = 0;
        for made in at_once((0..5).map(invite).collect()).await {
            let (_, code) = made.expect("an answer").expect("an invitation");
            open += usize::from(invitations::check(&world.state, code.as_str(), TRIER).await.is_ok());
        }
        // Wrong codes are counted within the hour.
        world.state.clock.advance(Millis::HOUR);
        assert_eq!(open, 1);
    }
    world.had_no_deadlock().await;
}

async fn one_sending_is_one_revision(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let family = world.two().await;
        let submission = SubmissionId(id());
        let send = |_| {
            let (world, family) = (world.clone(), family.clone());
            async move {
                let sending = Sending { submission: Some(submission), ..Sending::default() };
                answers::submit(&world.state, &family.child.person, family.question, 1, body("딸"), sending).await
            }
        };
        all_are_done(at_once((0..4).map(send).collect()).await);
        let mut tx = world.state.database.read().await.expect("a snapshot");
        let state = persons::recovery_state(&mut tx, family.child.person.id).await;
        assert_eq!(state.expect("a state").answers_given, 1);
    }
    world.had_no_deadlock().await;
}

async fn two_nudges_at_once_and_one_goes_out(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let family = world.two().await;
        world.answer(&family, &family.child, "딸").await.expect("an answer");
        let nudge = |_| {
            let (world, family) = (world.clone(), family.clone());
            async move { nudges::nudge(&world.state, &family.child.person, family.question).await }
        };
        one_is_done(at_once((0..3).map(nudge).collect()).await, |error| {
            matches!(error, ServiceError::Refused(DailyQuestionError::NudgedToday))
        });
    }
    world.had_no_deadlock().await;
}

/// Two transactions replace the same calls, one in each order.
async fn calls_about_the_same_topics_in_opposite_orders(db: TestDatabase) {
    const CALLS: usize = 40;
    let world = World::of(&db);
    let insert = |acts: [FcmAct; 2], is_backward: bool| {
        let (db, mut calls) = (db.database.clone(), topic_calls(CALLS, acts));
        if is_backward {
            calls.reverse();
        }
        async move {
            let mut tx = db.begin().await.expect("a transaction");
            fcm_calls::insert(&mut tx, &calls, NOW).await.expect("written");
            tx.commit().await.expect("a commit");
        }
    };
    for _ in 0..rounds() {
        let (one, two) = ([FcmAct::Subscribe, FcmAct::Unsubscribe], [FcmAct::Unsubscribe, FcmAct::Subscribe]);
        at_once(vec![insert(one, false), insert(two, true)]).await;
    }
    let mut tx = db.read().await.expect("a snapshot");
    assert_eq!(fcm_calls::count(&mut tx).await.expect("a count"), CALLS as i64);
    drop(tx);
    world.had_no_deadlock().await;
}
