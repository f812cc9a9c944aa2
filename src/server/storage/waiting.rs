//! Deliveries that wait: they are moved forward when a push service answers again and to another subscription when an
//! endpoint changes, wait anew as withdrawals, and are counted while a provider refuses our credentials.

use serde_json::json;

use super::{StorageError, Tx, deliveries::DeliveryId, locks::Lock, macros, rows};
use crate::domain::{Millis, NotificationId, PersonId, Provider, SubscriptionId};

/// Reason: the push service failed for other deliveries.
pub const ORIGIN_PAUSED: &str = "origin paused";
/// Reason: the push service asked to wait (`Retry-After`).
pub const ASKED_TO_WAIT: &str = "asked to wait";

/// Reason: the provider refuses our own credentials or settings.
pub const HELD: &str = "held";

/// Up to `limit` deliveries that wait beyond `soon` because this push service failed. Those that wait for quiet hours
/// or for a time that the service named are left out.
pub async fn find_held_back(
    tx: &mut Tx,
    origin: &str,
    soon: Millis,
    limit: i64,
) -> Result<Vec<(DeliveryId, Millis)>, StorageError> {
    let found = macros::fetch_all!(
        tx,
        "deliveries" as (NotificationId, SubscriptionId, Millis),
        "SELECT d.notification_id, d.subscription_id, d.send_at FROM deliveries d
         JOIN push_subscriptions s ON s.id = d.subscription_id
         WHERE d.send_at > $2 AND s.origin = $1
               AND (d.state = 'retry' AND COALESCE(d.reason, '') <> $4 OR d.state = 'pending' AND d.reason = $5)
         ORDER BY d.send_at LIMIT $3",
        origin,
        soon,
        limit,
        ASKED_TO_WAIT,
        ORIGIN_PAUSED,
    )?;
    let held = |(notification, subscription, at)| (DeliveryId { notification, subscription }, at);
    Ok(found.into_iter().map(held).collect())
}

/// Moves deliveries (the delivery, its old time, its new time) whose time is still the old one. Leaves out those that
/// another transaction has locked, because it waits for none. Returns how many moved.
pub async fn bring_forward(tx: &mut Tx, moves: &[(DeliveryId, Millis, Millis)]) -> Result<u64, StorageError> {
    tx.locks.take(Lock::Outbox);
    let moves = rows(
        moves.iter().map(|(id, was, at)| json!({ "n": id.notification, "s": id.subscription, "was": was, "at": at })),
    );
    let moves = if tx.is_postgres() {
        let free = macros::fetch_each!(
            tx,
            "deliveries" as (String,),
            "SELECT CAST(v.value AS TEXT) FROM (SELECT t.value FROM",
            ") AS v JOIN deliveries d ON d.notification_id = v.value->>'n' AND d.subscription_id = v.value->>'s'
             FOR NO KEY UPDATE OF d SKIP LOCKED",
            moves,
        )?;
        format!("[{}]", free.into_iter().map(|(row,)| row).collect::<Vec<_>>().join(","))
    } else {
        moves
    };
    let moved = macros::execute_each!(
        tx,
        "UPDATE deliveries SET send_at = v.at
         FROM (SELECT t.value->>'n' AS n, t.value->>'s' AS s, CAST(t.value->>'was' AS BIGINT) AS was,
               CAST(t.value->>'at' AS BIGINT) AS at FROM",
        ") AS v
         WHERE deliveries.notification_id = v.n AND deliveries.subscription_id = v.s AND deliveries.state <> 'leased'
               AND +deliveries.send_at = v.was",
        moves,
    )?;
    tx.work.has_deliveries |= moved > 0;
    Ok(moved)
}

/// Moves waiting deliveries to the subscription of a browser's new endpoint, except notifications that it has already.
/// Deliveries that waited because the old endpoint failed are due now.
pub async fn follow(tx: &mut Tx, from: SubscriptionId, to: SubscriptionId, now: Millis) -> Result<(), StorageError> {
    macros::lock_deliveries!(tx, "subscription_id = $1 AND send_at IS NOT NULL", from);
    macros::execute!(
        tx,
        "UPDATE deliveries SET subscription_id = $2, attempts = 0, send_at = CASE WHEN state = 'retry' THEN $3
         ELSE send_at END, state = 'pending'
         WHERE subscription_id = $1 AND +send_at IS NOT NULL
               AND notification_id NOT IN (SELECT k.notification_id FROM deliveries k WHERE k.subscription_id = $2)",
        from,
        to,
        now,
    )?;
    tx.work.has_deliveries = true;
    Ok(())
}

/// Makes FCM devices take away the notifications that the person has read at `now`: their deliveries wait again, to be
/// sent as withdrawals. The device that opened a notification took it away itself.
pub async fn withdraw_read(tx: &mut Tx, person: PersonId, now: Millis) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::lock_deliveries!(
        tx,
        "state = 'accepted' AND withdraws = 0 AND opened_at IS NULL
         AND subscription_id IN (SELECT id FROM push_subscriptions WHERE person_id = $1 AND provider = $3)
         AND notification_id IN (SELECT id FROM notifications WHERE person_id = $1 AND read_at = $2)",
        person,
        now,
        Provider::Fcm,
    );
    let changed = macros::execute!(
        tx,
        "UPDATE deliveries SET state = 'pending', withdraws = 1, send_at = $2, attempts = 0, settled_at = NULL
         WHERE state = 'accepted' AND withdraws = 0 AND opened_at IS NULL
               AND subscription_id IN (SELECT id FROM push_subscriptions WHERE person_id = $1 AND provider = $3)
               AND notification_id IN (SELECT id FROM notifications WHERE person_id = $1 AND read_at = $2)",
        person,
        now,
        Provider::Fcm,
    )?;
    tx.work.has_deliveries |= changed > 0;
    Ok(())
}

/// How many deliveries wait at each provider because it refuses our credentials or settings.
pub async fn count_held(tx: &mut Tx) -> Result<Vec<(Provider, i64)>, StorageError> {
    macros::fetch_all!(
        tx,
        "push_subscriptions" as (Provider, i64),
        "SELECT s.provider, COUNT(*) FROM deliveries d JOIN push_subscriptions s ON s.id = d.subscription_id
         WHERE d.send_at IS NOT NULL AND d.reason = $1 GROUP BY s.provider ORDER BY s.provider",
        HELD,
    )
}
