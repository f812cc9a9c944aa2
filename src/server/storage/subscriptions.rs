//! Push subscriptions (RFC 8030). An endpoint is a capability and is never logged.

use serde_json::json;

use super::{StorageError, Tx, macros, rows};
use crate::domain::{Millis, PersonId, SessionId, SubscriptionId};

/// A browser's push subscription.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Subscription {
    pub id: SubscriptionId,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// The signed-in browser it belongs to.
    #[sqlx(rename = "session_id")]
    pub session: SessionId,
    pub endpoint: String,
    /// The endpoint's origin (RFC 6454), the `aud` of its tokens.
    pub origin: String,
    /// The receiver's keys in base64url (RFC 8291 §2.1).
    pub p256dh: String,
    pub auth: String,
    /// The VAPID key it was made with (RFC 8292 §4).
    pub key_id: String,
    pub name: String,
    pub created_at: Millis,
    pub renewed_at: Millis,
    pub accepted_at: Option<Millis>,
    pub shown_at: Option<Millis>,
    pub opened_at: Option<Millis>,
}

/// Shows nothing about the endpoint but its origin.
impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription")
            .field("id", &self.id)
            .field("person", &self.person)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

macro_rules! select_subscription {
    ($rest:literal) => {
        concat!(
            "SELECT id, person_id, session_id, endpoint, origin, p256dh, auth, key_id, name, created_at, renewed_at,
             accepted_at, shown_at, opened_at
             FROM push_subscriptions ",
            $rest
        )
    };
}

pub async fn insert(tx: &mut Tx, new: &Subscription) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO push_subscriptions (id, person_id, session_id, endpoint, origin, p256dh, auth, key_id, name,
         created_at, renewed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id,
        new.person,
        new.session,
        new.endpoint.as_str(),
        new.origin.as_str(),
        new.p256dh.as_str(),
        new.auth.as_str(),
        new.key_id.as_str(),
        &new.name,
        new.created_at,
        new.renewed_at,
    )?;
    Ok(())
}

/// Writes owner, session, keys and the time of renewal.
pub async fn update(tx: &mut Tx, changed: &Subscription) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE push_subscriptions SET person_id = $2, session_id = $3, p256dh = $4, auth = $5, key_id = $6, name = $7,
         renewed_at = $8 WHERE id = $1",
        changed.id,
        changed.person,
        changed.session,
        changed.p256dh.as_str(),
        changed.auth.as_str(),
        changed.key_id.as_str(),
        &changed.name,
        changed.renewed_at,
    )?;
    Ok(())
}

pub async fn lookup_by_endpoint(tx: &mut Tx, endpoint: &str) -> Result<Option<Subscription>, StorageError> {
    macros::fetch_optional!(
        tx,
        "push_subscriptions" as Subscription,
        select_subscription!("WHERE endpoint = $1"),
        endpoint
    )
}

/// A subscription of this person.
pub async fn lookup_for(
    tx: &mut Tx,
    person: PersonId,
    id: SubscriptionId,
) -> Result<Option<Subscription>, StorageError> {
    macros::fetch_optional!(
        tx,
        "push_subscriptions" as Subscription,
        select_subscription!("WHERE id = $1 AND person_id = $2"),
        id,
        person
    )
}

/// All subscriptions of a person, the one with the latest sign of life first.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Subscription>, StorageError> {
    let mut found = macros::fetch_all!(
        tx,
        "push_subscriptions" as Subscription,
        select_subscription!("WHERE person_id = $1 ORDER BY created_at, id"),
        person
    )?;
    found.sort_by_key(|subscription| std::cmp::Reverse(subscription.heard_at()));
    Ok(found)
}

/// What a delivery needs to know of a subscription when it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Address {
    pub id: SubscriptionId,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    #[sqlx(rename = "session_id")]
    pub session: SessionId,
}

pub async fn addresses(tx: &mut Tx, persons: &[PersonId]) -> Result<Vec<Address>, StorageError> {
    macros::fetch_each!(
        tx,
        "push_subscriptions" as Address,
        "SELECT s.id, s.person_id, s.session_id FROM push_subscriptions s WHERE s.person_id IN (SELECT t.value->>'id'
         FROM",
        ")",
        rows(persons.iter().map(|person| json!({ "id": person }))),
    )
}

pub async fn find_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<Subscription>, StorageError> {
    macros::fetch_all!(tx, "push_subscriptions" as Subscription, select_subscription!("WHERE session_id = $1"), session)
}

/// Moves subscriptions to another session of the same person.
pub async fn move_to(tx: &mut Tx, from: SessionId, to: SessionId) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE push_subscriptions SET session_id = $2
         WHERE session_id = $1 AND person_id = (SELECT person_id FROM sessions WHERE id = $2)",
        from,
        to,
    )?;
    Ok(())
}

/// Writes a device's name. Returns whether it changed.
pub async fn rename(tx: &mut Tx, id: SubscriptionId, name: &str) -> Result<bool, StorageError> {
    let changed =
        macros::execute!(tx, "UPDATE push_subscriptions SET name = $2 WHERE id = $1 AND name <> $2", id, name)?;
    Ok(changed > 0)
}

pub async fn delete(tx: &mut Tx, id: SubscriptionId) -> Result<(), StorageError> {
    macros::execute!(tx, "DELETE FROM push_subscriptions WHERE id = $1", id)?;
    Ok(())
}

pub const FIND_SILENT: &str = "SELECT id FROM push_subscriptions WHERE renewed_at < $1 AND COALESCE(shown_at, 0) < $1
    AND COALESCE(opened_at, 0) < $1";

/// Subscriptions without a sign of life since `since`. Push services accept pushes for devices that no longer exist.
pub async fn find_silent(tx: &mut Tx, since: Millis) -> Result<Vec<SubscriptionId>, StorageError> {
    let found = macros::fetch_all!(tx, "push_subscriptions" as (SubscriptionId,), FIND_SILENT, since)?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

pub const DELETE_SILENT: &str = "DELETE FROM push_subscriptions WHERE id = $2 AND renewed_at < $1
    AND COALESCE(shown_at, 0) < $1 AND COALESCE(opened_at, 0) < $1";

/// Deletes a subscription without a sign of life since `since`. Returns false when it has one, or is deleted already.
pub async fn delete_silent(tx: &mut Tx, id: SubscriptionId, since: Millis) -> Result<bool, StorageError> {
    Ok(macros::execute!(tx, DELETE_SILENT, since, id)? == 1)
}

impl Subscription {
    /// When the device last gave a sign of life.
    pub fn heard_at(&self) -> Millis {
        [Some(self.renewed_at), self.shown_at, self.opened_at].into_iter().flatten().max().unwrap_or(self.created_at)
    }
}
