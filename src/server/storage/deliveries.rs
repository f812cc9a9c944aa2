//! Deliveries, the rows of the outbox: one notification to one subscription, unique, written in the transaction of the
//! use case.
//!
//! A worker claims deliveries with a lease, commits, sends without a transaction, and settles them. The lease of a
//! crashed worker expires.

use serde_json::json;

pub use super::delivery_state::State;
use super::{StorageError, Tx, device_locks, locks::Lock, macros, rows};
use crate::domain::{ApnsEnvironment, Cancelled, Millis, NotificationId, PairId, PersonId, SubscriptionId};

/// The key of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, sqlx::FromRow)]
pub struct DeliveryId {
    #[sqlx(rename = "notification_id")]
    pub notification: NotificationId,
    #[sqlx(rename = "subscription_id")]
    pub subscription: SubscriptionId,
}

macro_rules! insert_deliveries {
    ($rows:literal, $notifications:literal) => {
        concat!(
            "INSERT INTO deliveries (notification_id, subscription_id, state, send_at, created_at)
             SELECT t.value->>'n', t.value->>'s', 'pending', CAST(t.value->>'send_at' AS BIGINT), $3 FROM ",
            $rows,
            " WHERE EXISTS (SELECT 1 FROM ",
            $notifications,
            " n WHERE n.id = t.value->>'n')
             ON CONFLICT (notification_id, subscription_id) DO NOTHING"
        )
    };
}

pub(super) use insert_deliveries;

/// The rows for `insert_deliveries!`: deliveries, each with the time at which it may be sent.
pub(super) fn new_rows(new: &[(DeliveryId, Millis)]) -> String {
    #[derive(serde::Serialize)]
    struct Written {
        n: NotificationId,
        s: SubscriptionId,
        send_at: Millis,
    }
    rows(new.iter().map(|(id, send_at)| Written { n: id.notification, s: id.subscription, send_at: *send_at }))
}

/// Claims up to `limit` deliveries that are due, among them those with an expired lease, until `lease_until`.
pub async fn claim(tx: &mut Tx, now: Millis, lease_until: Millis, limit: i64) -> Result<Vec<DeliveryId>, StorageError> {
    if tx.is_postgres() {
        macros::fetch_all!(
            tx,
            "deliveries" as DeliveryId,
            "UPDATE deliveries SET state = 'leased', send_at = $2, attempts = attempts + 1
             WHERE (notification_id, subscription_id) IN
                   (SELECT notification_id, subscription_id FROM deliveries WHERE send_at <= $1 ORDER BY send_at
                   LIMIT $3 FOR UPDATE SKIP LOCKED)
             RETURNING notification_id, subscription_id",
            now,
            lease_until,
            limit,
        )
    } else {
        macros::fetch_all!(
            tx,
            "deliveries" as DeliveryId,
            "UPDATE deliveries SET state = 'leased', send_at = $2, attempts = attempts + 1
             WHERE rowid IN (SELECT rowid FROM deliveries WHERE send_at <= $1 ORDER BY send_at LIMIT $3)
             RETURNING notification_id, subscription_id",
            now,
            lease_until,
            limit,
        )
    }
}

/// The outcome of a delivery: how it ended, or when it is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    pub id: DeliveryId,
    pub state: State,
    /// When to try again; `None` when the delivery has ended.
    pub send_at: Option<Millis>,
    /// The push service's HTTP status, if it gave one.
    pub status: Option<u16>,
    pub reason: Option<&'static str>,
    /// False for a delivery that was held or postponed without an attempt.
    pub is_attempt: bool,
    /// For `Gone`: when the provider found the device's registration ended.
    pub gone_since: Option<Millis>,
    /// Which of Apple's services took it, where it is not the one that was named.
    pub learned: Option<ApnsEnvironment>,
}

/// Writes the outcomes of a batch. `lease_until` is the lease of the batch: a delivery that another worker took over
/// meanwhile, or that was cancelled, is left alone. (The `+` keeps SQLite from using the index on `send_at`, where it
/// would compare every delivery of that moment with every outcome.)
pub async fn settle(tx: &mut Tx, settled: &[Settled], lease_until: Millis, now: Millis) -> Result<(), StorageError> {
    #[derive(serde::Serialize)]
    struct Written {
        n: NotificationId,
        s: SubscriptionId,
        state: &'static str,
        send_at: Option<Millis>,
        status: Option<u16>,
        reason: Option<&'static str>,
        uncounted: i64,
    }
    let written = rows(settled.iter().map(|settled| Written {
        n: settled.id.notification,
        s: settled.id.subscription,
        state: settled.state.word(),
        send_at: settled.send_at,
        status: settled.status,
        reason: settled.reason,
        uncounted: i64::from(!settled.is_attempt),
    }));
    lock_settled(tx, settled).await?;
    macros::execute_each!(
        tx,
        "UPDATE deliveries SET state = v.state, send_at = v.send_at, status = COALESCE(v.status, deliveries.status),
                reason = COALESCE(v.reason, deliveries.reason), attempts = deliveries.attempts - v.uncounted,
                accepted_at = CASE WHEN v.state = 'accepted' AND deliveries.withdraws = 0 THEN $3
                                  ELSE deliveries.accepted_at END,
                settled_at = CASE WHEN v.send_at IS NULL THEN $3 ELSE NULL END
         FROM (SELECT t.value->>'n' AS n, t.value->>'s' AS s, t.value->>'state' AS state,
               CAST(t.value->>'send_at' AS BIGINT) AS send_at,
                      CAST(t.value->>'status' AS BIGINT) AS status, t.value->>'reason' AS reason,
                      CAST(t.value->>'uncounted' AS BIGINT) AS uncounted FROM",
        ") AS v
         WHERE deliveries.notification_id = v.n AND deliveries.subscription_id = v.s AND deliveries.state = 'leased'
               AND +deliveries.send_at = $2",
        written.as_str(),
        lease_until,
        now,
    )?;
    macros::execute_each!(
        tx,
        "UPDATE push_subscriptions SET accepted_at = $2 WHERE id IN (SELECT t.value->>'s' FROM",
        "WHERE t.value->>'state' = 'accepted')",
        written.as_str(),
        now,
    )?;
    Ok(())
}

/// Locks what a batch of outcomes changes: the devices, then the deliveries, among them those that wait for a device
/// that is gone.
async fn lock_settled(tx: &mut Tx, settled: &[Settled]) -> Result<(), StorageError> {
    device_locks::lock(tx, settled.iter().map(|settled| settled.id.subscription)).await?;
    tx.locks.take(Lock::Outbox);
    if !tx.is_postgres() {
        return Ok(());
    }
    let key = |id: DeliveryId| json!({ "n": id.notification, "s": id.subscription });
    let gone = settled.iter().filter(|settled| settled.state == State::Gone);
    let gone = rows(gone.map(|settled| json!({ "id": settled.id.subscription })));
    let waiting = macros::fetch_each!(
        tx,
        "deliveries" as DeliveryId,
        "SELECT d.notification_id, d.subscription_id FROM deliveries d WHERE d.send_at IS NOT NULL
         AND d.subscription_id IN (SELECT t.value->>'id' FROM",
        ")",
        gone,
    )?;
    macros::fetch_each!(
        tx,
        "deliveries" as (String,),
        "SELECT d.notification_id FROM (SELECT t.value->>'n' AS n, t.value->>'s' AS s FROM",
        ") AS v JOIN deliveries d ON d.notification_id = v.n AND d.subscription_id = v.s
         ORDER BY d.notification_id, d.subscription_id FOR NO KEY UPDATE OF d",
        rows(settled.iter().map(|settled| key(settled.id)).chain(waiting.into_iter().map(key))),
    )?;
    Ok(())
}

/// Which deliveries are cancelled together.
pub enum CancelFor {
    Pair(PairId),
    Subscription(SubscriptionId),
}

pub const CANCEL_OF_SUBSCRIPTION: &str =
    "UPDATE deliveries SET state = 'cancelled', reason = $2, send_at = NULL, settled_at = $3
             WHERE subscription_id = $1 AND +send_at IS NOT NULL";

/// Cancels every delivery that waits. A delivery that is being sent at this moment still arrives. The members of the
/// pair, or the device, are locked.
pub async fn cancel(tx: &mut Tx, what: CancelFor, reason: Cancelled, now: Millis) -> Result<u64, StorageError> {
    match what {
        CancelFor::Pair(pair) => {
            macros::lock_deliveries!(
                tx,
                "send_at IS NOT NULL AND notification_id IN (SELECT id FROM notifications WHERE pair_id = $1)",
                pair,
            );
            macros::execute!(
                tx,
                "UPDATE deliveries SET state = 'cancelled', reason = $2, send_at = NULL, settled_at = $3
                 WHERE send_at IS NOT NULL AND notification_id IN (SELECT id FROM notifications WHERE pair_id = $1)",
                pair,
                reason,
                now,
            )
        }
        CancelFor::Subscription(subscription) => {
            macros::lock_deliveries!(tx, "subscription_id = $1 AND send_at IS NOT NULL", subscription);
            macros::execute!(tx, CANCEL_OF_SUBSCRIPTION, subscription, reason, now)
        }
    }
}

/// Settles the push of an event to one browser, because a page there showed the event to the person.
pub async fn seen_live(
    tx: &mut Tx,
    person: PersonId,
    subscription: SubscriptionId,
    seq: i64,
    now: Millis,
) -> Result<u64, StorageError> {
    tx.locks.expect_person(person);
    macros::lock_deliveries!(
        tx,
        "subscription_id = $2 AND state IN ('pending', 'retry') AND withdraws = 0
         AND notification_id IN (SELECT id FROM notifications WHERE person_id = $1 AND seq = $3)",
        person,
        subscription,
        seq,
    );
    macros::execute!(
        tx,
        "UPDATE deliveries SET state = 'cancelled', reason = $4, send_at = NULL, settled_at = $5
         WHERE subscription_id = $2 AND state IN ('pending', 'retry') AND withdraws = 0
               AND notification_id IN (SELECT id FROM notifications WHERE person_id = $1 AND seq = $3)",
        person,
        subscription,
        seq,
        Cancelled::SeenLive,
        now,
    )
}

/// A delivery in the operator's list, without names, endpoints and texts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    pub notification_id: String,
    pub subscription_id: String,
    pub kind: String,
    pub state: String,
    pub origin: Option<String>,
    pub attempts: i64,
    pub status: Option<i64>,
    pub reason: Option<String>,
    pub created_at: i64,
}

/// The latest deliveries in a state.
pub async fn find_in(tx: &mut Tx, state: State, limit: i64) -> Result<Vec<Listed>, StorageError> {
    macros::fetch_all!(
        tx,
        Listed,
        "SELECT d.notification_id, d.subscription_id, n.kind, d.state, s.origin, d.attempts, d.status, d.reason,
         d.created_at
         FROM deliveries d JOIN notifications n ON n.id = d.notification_id
               LEFT JOIN push_subscriptions s ON s.id = d.subscription_id
         WHERE d.state = $1 ORDER BY d.created_at DESC, d.notification_id LIMIT $2",
        state,
        limit,
    )
}

/// The number of deliveries in each state, and the time of the longest due one.
pub async fn counts(tx: &mut Tx) -> Result<(Vec<(String, i64)>, Option<Millis>), StorageError> {
    let counts =
        macros::fetch_all!(tx, (String, i64), "SELECT state, COUNT(*) FROM deliveries GROUP BY state ORDER BY state")?;
    let (oldest,) =
        macros::fetch_one!(tx, (Option<Millis>,), "SELECT MIN(send_at) FROM deliveries WHERE send_at IS NOT NULL")?;
    Ok((counts, oldest))
}

/// The time of the next delivery.
pub async fn next_send(tx: &mut Tx) -> Result<Option<Millis>, StorageError> {
    let (at,) =
        macros::fetch_one!(tx, (Option<Millis>,), "SELECT MIN(send_at) FROM deliveries WHERE send_at IS NOT NULL")?;
    Ok(at)
}
