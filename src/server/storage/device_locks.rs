//! Locks the rows of devices, in the order of their ids (`locks`).

use std::collections::BTreeSet;

use serde_json::json;

use super::{StorageError, Tx, locks::Lock, macros, rows};
use crate::domain::{PersonId, SubscriptionId};

/// Locks these devices until the end of the transaction.
pub async fn lock(tx: &mut Tx, devices: impl IntoIterator<Item = SubscriptionId>) -> Result<(), StorageError> {
    let mut wanted: BTreeSet<SubscriptionId> = devices.into_iter().collect();
    wanted.retain(|device| !tx.locks.has(Lock::Device(*device)));
    for device in &wanted {
        tx.locks.take(Lock::Device(*device));
    }
    if tx.is_postgres() && !wanted.is_empty() {
        macros::fetch_each!(
            tx,
            "push_subscriptions" as (String,),
            "SELECT s.id FROM push_subscriptions s WHERE s.id IN (SELECT t.value->>'id' FROM",
            ") ORDER BY s.id FOR NO KEY UPDATE",
            rows(wanted.iter().map(|device| json!({ "id": device }))),
        )?;
    }
    Ok(())
}

/// Locks all devices of these persons, whom the transaction holds.
pub async fn lock_of(tx: &mut Tx, persons: impl IntoIterator<Item = PersonId>) -> Result<(), StorageError> {
    let persons: BTreeSet<PersonId> = persons.into_iter().collect();
    for person in &persons {
        tx.locks.expect_person(*person);
    }
    let found = macros::fetch_each!(
        tx,
        "push_subscriptions" as (SubscriptionId,),
        "SELECT s.id FROM push_subscriptions s WHERE s.person_id IN (SELECT t.value->>'id' FROM",
        ")",
        rows(persons.iter().map(|person| json!({ "id": person }))),
    )?;
    lock(tx, found.into_iter().map(|(id,)| id)).await
}

/// Locks the devices at these addresses.
pub async fn lock_at(tx: &mut Tx, addresses: impl IntoIterator<Item = &str>) -> Result<(), StorageError> {
    let found = macros::fetch_each!(
        tx,
        "push_subscriptions" as (SubscriptionId,),
        "SELECT s.id FROM push_subscriptions s WHERE s.endpoint IN (SELECT t.value->>'at' FROM",
        ")",
        rows(addresses.into_iter().map(|address| json!({ "at": address }))),
    )?;
    lock(tx, found.into_iter().map(|(id,)| id)).await
}
