//! Subscriptions at the same moment: a browser has one device, and an address one owner.

use std::sync::Arc;

use super::world::{Someone, World, all_are_done, at_once};
use crate::{
    server::services::{ServiceError, devices, sessions},
    tests::{
        app::rounds,
        storage::{databases::TestDatabase, on_both_databases},
    },
};

on_both_databases! {
    a_browser_that_subscribes_twice_at_once_has_one_device,
    a_browser_with_two_new_addresses_at_once_keeps_the_later,
    two_persons_at_one_address_at_once,
    a_browser_is_signed_out_while_it_subscribes,
}

async fn a_browser_that_subscribes_twice_at_once_has_one_device(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for round in 0..rounds() {
        let who = world.someone("순자").await;
        let subscribe = |_| {
            let (world, who) = (world.clone(), who.clone());
            async move { world.subscribe(&who, &format!("same-{round}")).await }
        };
        all_are_done(at_once((0..4).map(subscribe).collect()).await);
        assert_eq!(devices::find(&world.state, &who.reader()).await.expect("devices").subscriptions.len(), 1);
    }
    world.had_no_deadlock().await;
}

async fn a_browser_with_two_new_addresses_at_once_keeps_the_later(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for round in 0..rounds() {
        let who = world.someone("순자").await;
        let subscribe = |n| {
            let (world, who) = (world.clone(), who.clone());
            async move { world.subscribe(&who, &format!("new-{round}-{n}")).await }
        };
        all_are_done(at_once((0..3).map(subscribe).collect()).await);
        assert_eq!(devices::find(&world.state, &who.reader()).await.expect("devices").subscriptions.len(), 1);
    }
    world.had_no_deadlock().await;
}

async fn two_persons_at_one_address_at_once(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for round in 0..rounds() {
        let all = [world.someone("순자").await, world.someone("민지").await, world.someone("서연").await];
        let subscribe = |who: &Someone| {
            let (world, who) = (world.clone(), who.clone());
            async move { world.subscribe(&who, &format!("shared-{round}")).await }
        };
        all_are_done(at_once(all.iter().map(subscribe).collect()).await);
        let mut found = 0;
        for who in &all {
            found += devices::find(&world.state, &who.reader()).await.expect("devices").subscriptions.len();
        }
        assert_eq!(found, 1, "the last has it");
    }
    world.had_no_deadlock().await;
}

async fn a_browser_is_signed_out_while_it_subscribes(db: TestDatabase) {
    let world = Arc::new(World::of(&db));
    for round in 0..rounds() {
        let who = world.someone("순자").await;
        let (ending, subscribing) = (world.clone(), world.clone());
        let (one, two) = (who.clone(), who.clone());
        let ends =
            tokio::spawn(async move { sessions::end(&ending.state, &one.person, one.session, one.session).await });
        let subscribes = tokio::spawn(async move { subscribing.subscribe(&two, &format!("out-{round}")).await });
        ends.await.expect("no panic").expect("signed out");
        let subscribed = subscribes.await.expect("no panic");
        assert!(matches!(subscribed, Ok(()) | Err(ServiceError::SignedOut)), "{subscribed:?}");
        assert!(devices::find(&world.state, &who.reader()).await.expect("devices").subscriptions.is_empty());
    }
    world.had_no_deadlock().await;
}
