//! The devices that receive notifications: push subscriptions of browsers (RFC 8030), and registrations of shells with
//! FCM and APNs. An address is a capability and is never logged.

use super::{StorageError, Tx, locks::Lock, macros, sql_types::Flag};
use crate::domain::{ApnsEnvironment, Millis, PersonId, Provider, SessionId, SubscriptionId};

/// A device with its address at one provider.
#[derive(Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Subscription {
    pub id: SubscriptionId,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    /// The signed-in browser it belongs to.
    #[sqlx(rename = "session_id")]
    pub session: SessionId,
    pub provider: Provider,
    /// Web Push: the endpoint. FCM and APNs: `push::DeviceAddress`.
    pub endpoint: String,
    /// What failures are counted by. Web Push: the endpoint's origin (RFC 6454), the `aud` of its tokens. FCM:
    /// `fcm:PROJECT`. APNs: the host.
    pub origin: String,
    pub environment: ApnsEnvironment,
    by_system: Flag,
    /// The FCM topic that the registration is subscribed to; empty: none.
    pub topic: String,
    /// The receiver's keys in base64url (RFC 8291 §2.1); empty for FCM and APNs.
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

/// Shows nothing about the address but its origin.
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
            "SELECT id, person_id, session_id, provider, endpoint, origin, environment, by_system, topic, p256dh, auth,
             key_id, name, created_at, renewed_at, accepted_at, shown_at, opened_at
             FROM push_subscriptions ",
            $rest
        )
    };
}

/// Inserts a device. Returns false when there is one with this address already.
pub async fn insert(tx: &mut Tx, new: &Subscription) -> Result<bool, StorageError> {
    tx.locks.expect_person(new.person);
    tx.locks.own(Lock::Device(new.id));
    let inserted = macros::execute!(
        tx,
        "INSERT INTO push_subscriptions (id, person_id, session_id, endpoint, origin, p256dh, auth, key_id, name,
         created_at, renewed_at, provider, environment)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (endpoint) DO NOTHING",
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
        new.provider,
        new.environment,
    )?;
    Ok(inserted == 1)
}

/// Writes owner, session, keys and the time of renewal.
pub async fn update(tx: &mut Tx, changed: &Subscription) -> Result<(), StorageError> {
    tx.locks.expect_person(changed.person);
    tx.locks.take(Lock::Device(changed.id));
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

/// When a device last renewed its address; `None` when it was removed.
pub async fn lookup_renewed(tx: &mut Tx, id: SubscriptionId) -> Result<Option<Millis>, StorageError> {
    let found = macros::fetch_optional!(tx, (Millis,), "SELECT renewed_at FROM push_subscriptions WHERE id = $1", id)?;
    Ok(found.map(|(renewed_at,)| renewed_at))
}

/// Writes which of Apple's services knows the device's token.
pub async fn learn(
    tx: &mut Tx,
    id: SubscriptionId,
    environment: ApnsEnvironment,
    origin: &str,
) -> Result<(), StorageError> {
    tx.locks.take(Lock::Device(id));
    macros::execute!(
        tx,
        "UPDATE push_subscriptions SET environment = $2, origin = $3 WHERE id = $1",
        id,
        environment,
        origin,
    )?;
    Ok(())
}

/// Sets whether the system draws an FCM device's notifications. Returns whether it changed.
pub async fn draw(tx: &mut Tx, id: SubscriptionId, by_system: bool) -> Result<bool, StorageError> {
    tx.locks.take(Lock::Device(id));
    let changed = macros::execute!(
        tx,
        "UPDATE push_subscriptions SET by_system = $2 WHERE id = $1 AND by_system <> $2",
        id,
        Flag(by_system),
    )?;
    Ok(changed > 0)
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

pub async fn find_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<Subscription>, StorageError> {
    macros::fetch_all!(tx, "push_subscriptions" as Subscription, select_subscription!("WHERE session_id = $1"), session)
}

/// Moves subscriptions, which are locked, to another session of the same person.
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
    tx.locks.take(Lock::Device(id));
    let changed =
        macros::execute!(tx, "UPDATE push_subscriptions SET name = $2 WHERE id = $1 AND name <> $2", id, name)?;
    Ok(changed > 0)
}

pub async fn delete(tx: &mut Tx, id: SubscriptionId) -> Result<(), StorageError> {
    tx.locks.take(Lock::Device(id));
    macros::execute!(tx, "DELETE FROM push_subscriptions WHERE id = $1", id)?;
    Ok(())
}

/// What a provider says of a device: its name there and its keys, all other fields as in `Subscription`.
#[derive(Clone)]
pub struct NewAddress {
    pub provider: Provider,
    pub endpoint: String,
    pub origin: String,
    pub environment: ApnsEnvironment,
    pub p256dh: String,
    pub auth: String,
    pub key_id: String,
}

impl Subscription {
    /// A device that was not used yet.
    pub fn new(
        id: SubscriptionId,
        (person, session): (PersonId, SessionId),
        address: NewAddress,
        name: String,
        now: Millis,
    ) -> Self {
        let NewAddress { provider, endpoint, origin, environment, p256dh, auth, key_id } = address;
        Self {
            id,
            person,
            session,
            provider,
            endpoint,
            origin,
            environment,
            by_system: Flag(false),
            topic: String::new(),
            p256dh,
            auth,
            key_id,
            name,
            created_at: now,
            renewed_at: now,
            accepted_at: None,
            shown_at: None,
            opened_at: None,
        }
    }

    /// Whether the system draws the notifications of this FCM device.
    pub fn is_drawn_by_system(&self) -> bool {
        self.by_system.0
    }

    /// When the device last gave a sign of life.
    pub fn heard_at(&self) -> Millis {
        [Some(self.renewed_at), self.shown_at, self.opened_at].into_iter().flatten().max().unwrap_or(self.created_at)
    }
}
