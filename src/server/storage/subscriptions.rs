//! Browsers that may be woken (RFC 8030). An endpoint is a capability: it is never logged.

use serde_json::json;

use super::{StorageError, Tx, macros, rows};
use crate::domain::{Millis, PersonId, SessionId, SubscriptionId};

/// A browser's push subscription.
#[derive(Clone, PartialEq, Eq)]
pub struct Subscription {
    pub id: SubscriptionId,
    pub person: PersonId,
    /// The signed-in browser it belongs to.
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

/// Of a subscription, what says nothing about the endpoint.
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
            "SELECT id, person_id, session_id, endpoint, origin, p256dh, auth, key_id, name, created_at, renewed_at, accepted_at, shown_at, opened_at
             FROM push_subscriptions ",
            $rest
        )
    };
}

pub async fn insert(tx: &mut Tx, new: &Subscription) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO push_subscriptions (id, person_id, session_id, endpoint, origin, p256dh, auth, key_id, name, created_at, renewed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new.id.to_string(),
        new.person.to_string(),
        new.session.to_string(),
        new.endpoint.as_str(),
        new.origin.as_str(),
        new.p256dh.as_str(),
        new.auth.as_str(),
        new.key_id.as_str(),
        new.name.as_str(),
        new.created_at.0,
        new.renewed_at.0,
    )?;
    Ok(())
}

/// Writes owner, session, keys and the time of renewal.
pub async fn update(tx: &mut Tx, changed: &Subscription) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE push_subscriptions SET person_id = $2, session_id = $3, p256dh = $4, auth = $5, key_id = $6, name = $7, renewed_at = $8 WHERE id = $1",
        changed.id.to_string(),
        changed.person.to_string(),
        changed.session.to_string(),
        changed.p256dh.as_str(),
        changed.auth.as_str(),
        changed.key_id.as_str(),
        changed.name.as_str(),
        changed.renewed_at.0,
    )?;
    Ok(())
}

pub async fn lookup_by_endpoint(tx: &mut Tx, endpoint: &str) -> Result<Option<Subscription>, StorageError> {
    let row = macros::fetch_optional!(tx, Row, select_subscription!("WHERE endpoint = $1"), endpoint)?;
    row.map(Row::into_subscription).transpose()
}

/// A subscription of this person.
pub async fn lookup_for(
    tx: &mut Tx,
    person: PersonId,
    id: SubscriptionId,
) -> Result<Option<Subscription>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        Row,
        select_subscription!("WHERE id = $1 AND person_id = $2"),
        id.to_string(),
        person.to_string()
    )?;
    row.map(Row::into_subscription).transpose()
}

/// All subscriptions of a person, the one heard of last first.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Subscription>, StorageError> {
    let found = macros::fetch_all!(
        tx,
        Row,
        select_subscription!("WHERE person_id = $1 ORDER BY created_at, id"),
        person.to_string()
    )?;
    let mut found = found.into_iter().map(Row::into_subscription).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|subscription| std::cmp::Reverse(subscription.heard_at()));
    Ok(found)
}

/// Where a person can be reached: what a delivery needs at the time it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    pub person: PersonId,
    pub id: SubscriptionId,
    pub session: SessionId,
}

pub async fn addresses(tx: &mut Tx, persons: &[PersonId]) -> Result<Vec<Address>, StorageError> {
    let found: Vec<(String, String, String)> = macros::fetch_each!(
        tx,
        (String, String, String),
        "SELECT s.person_id, s.id, s.session_id FROM push_subscriptions s WHERE s.person_id IN (SELECT t.value->>'id' FROM",
        ")",
        rows(persons.iter().map(|person| json!({ "id": person.to_string() }))),
    )?;
    let addresses = found.into_iter().map(|(person, id, session)| {
        let broken = |column| StorageError::Inconsistent { table: "push_subscriptions", id: id.clone(), column };
        Ok(Address {
            person: person.parse().map_err(|_| broken("person_id"))?,
            session: session.parse().map_err(|_| broken("session_id"))?,
            id: id.parse().map_err(|_| broken("id"))?,
        })
    });
    addresses.collect()
}

pub async fn find_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<Subscription>, StorageError> {
    let found = macros::fetch_all!(tx, Row, select_subscription!("WHERE session_id = $1"), session.to_string())?;
    found.into_iter().map(Row::into_subscription).collect()
}

/// The same person's browser has another session.
pub async fn move_to(tx: &mut Tx, from: SessionId, to: SessionId) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE push_subscriptions SET session_id = $2
         WHERE session_id = $1 AND person_id = (SELECT person_id FROM sessions WHERE id = $2)",
        from.to_string(),
        to.to_string(),
    )?;
    Ok(())
}

/// Writes a device's name; gives whether it changed.
pub async fn rename(tx: &mut Tx, id: SubscriptionId, name: &str) -> Result<bool, StorageError> {
    let changed = macros::execute!(
        tx,
        "UPDATE push_subscriptions SET name = $2 WHERE id = $1 AND name <> $2",
        id.to_string(),
        name
    )?;
    Ok(changed > 0)
}

pub async fn delete(tx: &mut Tx, id: SubscriptionId) -> Result<(), StorageError> {
    macros::execute!(tx, "DELETE FROM push_subscriptions WHERE id = $1", id.to_string())?;
    Ok(())
}

pub const FIND_SILENT: &str = "SELECT id FROM push_subscriptions WHERE renewed_at < $1 AND COALESCE(shown_at, 0) < $1 AND COALESCE(opened_at, 0) < $1";

/// Those nothing was heard of since `since`: services go on accepting for devices that are gone.
pub async fn find_silent(tx: &mut Tx, since: Millis) -> Result<Vec<SubscriptionId>, StorageError> {
    let found: Vec<(String,)> = macros::fetch_all!(tx, (String,), FIND_SILENT, since.0)?;
    found
        .into_iter()
        .map(|(id,)| {
            id.parse().map_err(|_| StorageError::Inconsistent { table: "push_subscriptions", id, column: "id" })
        })
        .collect()
}

pub const DELETE_SILENT: &str = "DELETE FROM push_subscriptions WHERE id = $2 AND renewed_at < $1 AND COALESCE(shown_at, 0) < $1 AND COALESCE(opened_at, 0) < $1";

/// Removes one nothing was heard of since `since`; false when it has spoken, or is gone.
pub async fn delete_silent(tx: &mut Tx, id: SubscriptionId, since: Millis) -> Result<bool, StorageError> {
    Ok(macros::execute!(tx, DELETE_SILENT, since.0, id.to_string())? == 1)
}

impl Subscription {
    /// When the device itself was last heard of.
    pub fn heard_at(&self) -> Millis {
        [Some(self.renewed_at), self.shown_at, self.opened_at].into_iter().flatten().max().unwrap_or(self.created_at)
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    person_id: String,
    session_id: String,
    endpoint: String,
    origin: String,
    p256dh: String,
    auth: String,
    key_id: String,
    name: String,
    created_at: i64,
    renewed_at: i64,
    accepted_at: Option<i64>,
    shown_at: Option<i64>,
    opened_at: Option<i64>,
}

impl Row {
    fn into_subscription(self) -> Result<Subscription, StorageError> {
        let broken = |column| StorageError::Inconsistent { table: "push_subscriptions", id: self.id.clone(), column };
        Ok(Subscription {
            id: self.id.parse().map_err(|_| broken("id"))?,
            person: self.person_id.parse().map_err(|_| broken("person_id"))?,
            session: self.session_id.parse().map_err(|_| broken("session_id"))?,
            endpoint: self.endpoint,
            origin: self.origin,
            p256dh: self.p256dh,
            auth: self.auth,
            key_id: self.key_id,
            name: self.name,
            created_at: Millis(self.created_at),
            renewed_at: Millis(self.renewed_at),
            accepted_at: self.accepted_at.map(Millis),
            shown_at: self.shown_at.map(Millis),
            opened_at: self.opened_at.map(Millis),
        })
    }
}
