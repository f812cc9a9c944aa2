//! Use cases that write to the same persons at the same time wait for each other and never in a circle.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::world::{Family, Someone, TRIER, World, at_once};
use crate::{
    domain::{Cancelled, Millis, NotificationId, PersonName, RETURN_WAITS_MS, RecoveryCode, SubscriptionId},
    server::{
        services::{Caller, ServiceError, accounts, attempts::Step, recovery, seat_returns},
        storage::{
            Database,
            deliveries::{self, CancelFor, DeliveryId, Settled, State},
        },
    },
    tests::{
        app::rounds,
        storage::{
            databases::TestDatabase,
            fixtures::{NOW, waiting_deliveries},
            on_both_databases,
        },
    },
};

on_both_databases! {
    two_pairs_of_one_person_are_answered_at_once,
    renames_and_answers_at_once,
    sign_ins_and_answers_at_once,
    subscriptions_and_answers_at_once,
    seats_move_while_everybody_acts,
    the_same_deliveries_are_settled_and_cancelled_at_once,
}

type Doing = BoxFuture<'static, Result<(), ServiceError>>;

/// Runs these at once. None may fail.
async fn all_succeed(doing: Vec<Doing>) {
    for done in at_once(doing).await {
        done.expect("it is done");
    }
}

fn answer(world: &Arc<World>, of: &Family, who: &Someone, text: &'static str) -> Doing {
    let (world, of, who) = (world.clone(), of.clone(), who.clone());
    Box::pin(async move { world.answer(&of, &who, text).await })
}

fn rename(world: &Arc<World>, who: &Someone, name: &'static str) -> Doing {
    let (world, who) = (world.clone(), who.clone());
    let name = PersonName::parse(name).expect("a name");
    Box::pin(async move { accounts::change_name(&world.state, &who.person, name).await })
}

fn sign_in(world: &Arc<World>, code: &RecoveryCode, caller: Caller) -> Doing {
    let (world, code) = (world.clone(), code.clone());
    Box::pin(async move {
        let attempt = world.attempt(Step::SignIn);
        recovery::sign_in(&world.state, &attempt, code.as_str(), TRIER, &caller).await.map(drop)
    })
}

fn subscribe(world: &Arc<World>, who: &Someone, endpoint: String) -> Doing {
    let (world, who) = (world.clone(), who.clone());
    Box::pin(async move { world.subscribe(&who, &endpoint).await })
}

async fn two_pairs_of_one_person_are_answered_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let (one, parent, two) =
            (world.someone("민지").await, world.someone("순자").await, world.someone("서연").await);
        let families = [world.family(&one, &parent).await, world.family(&two, &parent).await];
        let mut doing = Vec::new();
        for family in &families {
            doing.push(answer(&world, family, &family.parent, "엄마"));
            doing.push(answer(&world, family, &family.child, "딸"));
        }
        all_succeed(doing).await;
    }
    world.had_no_deadlock().await;
}

async fn renames_and_answers_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let family = world.two().await;
        all_succeed(vec![
            rename(&world, &family.child, "민주"),
            answer(&world, &family, &family.parent, "엄마"),
            rename(&world, &family.parent, "영자"),
            answer(&world, &family, &family.child, "딸"),
        ])
        .await;
        assert_eq!(
            (world.name_of(&family.child).await, world.name_of(&family.parent).await),
            ("민주".into(), "영자".into())
        );
    }
    world.had_no_deadlock().await;
}

/// Each signs in on the browser of the other, whose session ends there.
async fn sign_ins_and_answers_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let family = world.two().await;
        let (parent, child) = (&family.parent, &family.child);
        all_succeed(vec![
            sign_in(&world, &parent.code, child.caller()),
            sign_in(&world, &child.code, parent.caller()),
            answer(&world, &family, parent, "엄마"),
            answer(&world, &family, child, "딸"),
        ])
        .await;
    }
    world.had_no_deadlock().await;
}

/// Both subscribe at the address of the other, as on devices that changed hands.
async fn subscriptions_and_answers_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for round in 0..rounds() {
        let family = world.two().await;
        let (parent, child) = (&family.parent, &family.child);
        let (one, two) = (format!("one-{round}"), format!("two-{round}"));
        all_succeed(vec![subscribe(&world, parent, one.clone()), subscribe(&world, child, two.clone())]).await;
        all_succeed(vec![
            subscribe(&world, parent, two),
            subscribe(&world, child, one),
            answer(&world, &family, parent, "엄마"),
            answer(&world, &family, child, "딸"),
        ])
        .await;
    }
    world.had_no_deadlock().await;
}

/// Two nodes move two seats of one person while everybody concerned changes their name and the givers answer.
async fn seats_move_while_everybody_acts(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for _ in 0..rounds() {
        let parent = world.someone("순자").await;
        let (one, two, to) = (world.someone("민지").await, world.someone("서연").await, world.someone("영호").await);
        let families = [world.family(&one, &parent).await, world.family(&two, &parent).await];
        for family in &families {
            world.gives_back(family, &to).await;
        }
        let begun = world.state.clock.now();
        for hour in 1..48 {
            seat_returns::carry_out(&world.state, begun.plus(hour * Millis::HOUR)).await.expect("a sweep");
        }
        let mut doing = vec![
            rename(&world, &parent, "영자"),
            rename(&world, &to, "상철"),
            answer(&world, &families[0], &one, "딸"),
            answer(&world, &families[1], &two, "딸"),
        ];
        for _ in 0..2 {
            let state = world.state.clone();
            doing.push(Box::pin(async move {
                let now = begun.plus(RETURN_WAITS_MS);
                seat_returns::carry_out(&state, now).await.map(drop)
            }));
        }
        all_succeed(doing).await;
        for family in &families {
            world.answer(family, &to, "새 자리에서").await.expect("both seats moved");
        }
    }
    world.had_no_deadlock().await;
}

async fn settle(db: Database, settled: Vec<Settled>, lease_until: Millis) {
    let mut tx = db.begin().await.expect("a transaction");
    deliveries::settle(&mut tx, &settled, lease_until, NOW).await.expect("settled");
    tx.commit().await.expect("a commit");
}

async fn cancel(db: Database, what: CancelFor) {
    let mut tx = db.begin().await.expect("a transaction");
    deliveries::cancel(&mut tx, what, Cancelled::Left, NOW).await.expect("cancelled");
    tx.commit().await.expect("a commit");
}

pub(super) fn outcome(id: DeliveryId, state: State) -> Settled {
    let (notification, subscription): (NotificationId, SubscriptionId) = (id.notification, id.subscription);
    Settled {
        id: DeliveryId { notification, subscription },
        state,
        send_at: None,
        status: Some(201),
        reason: None,
        is_attempt: true,
        gone_since: None,
        learned: None,
    }
}

/// Two workers settle the same batch, one in each order, while the members leave the pairs it is about.
async fn the_same_deliveries_are_settled_and_cancelled_at_once(db: TestDatabase) {
    let world = World::of(&db);
    for _ in 0..rounds() {
        let (pairs, devices) = waiting_deliveries(&db, 2, 40).await;
        let lease_until = NOW.plus(Millis::MINUTE);
        let claimed = {
            let mut tx = db.begin().await.expect("a transaction");
            let claimed = deliveries::claim(&mut tx, NOW, lease_until, 1_000).await.expect("claimed");
            tx.commit().await.expect("a commit");
            claimed
        };
        assert_eq!(claimed.len(), 80);
        let forward: Vec<_> = claimed.iter().map(|id| outcome(*id, State::Accepted)).collect();
        let backward: Vec<_> = forward.iter().rev().cloned().collect();
        let mut doing: Vec<BoxFuture<'static, ()>> = vec![
            Box::pin(settle(db.database.clone(), forward, lease_until)),
            Box::pin(settle(db.database.clone(), backward, lease_until)),
        ];
        for pair in pairs {
            doing.push(Box::pin(cancel(db.database.clone(), CancelFor::Pair(pair))));
        }
        for device in devices {
            doing.push(Box::pin(cancel(db.database.clone(), CancelFor::Subscription(device))));
        }
        at_once(doing).await;
    }
    world.had_no_deadlock().await;
}
