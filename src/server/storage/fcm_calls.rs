//! Calls to FCM about topics that wait to be made: subscriptions of devices, and messages to a topic. Like deliveries
//! they are written in the transaction of the use case, claimed with a lease, and settled.

use std::collections::BTreeMap;

use serde_json::json;

use super::{StorageError, Tx, device_locks, locks::Lock, macros, rows, sql_types::Known};
use crate::domain::{AnnouncementId, FcmAct, Millis};

/// A call that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCall {
    pub act: FcmAct,
    /// The device's stored address; empty for a message.
    pub address: String,
    pub topic: String,
    /// The announcement of a message.
    pub announcement: Option<AnnouncementId>,
    /// After this time it is not made any more.
    pub expires_at: Millis,
}

impl NewCall {
    /// What there is one call for: the subscription of a device to a topic, or the message of an announcement to one.
    fn key(&self) -> String {
        match self.announcement {
            Some(announcement) => format!("{}:{}", announcement.slot(), self.topic),
            None => format!("topic:{}:{}", self.address, self.topic),
        }
    }
}

/// Writes calls. A newer wish replaces an older, different one for the same device and topic. A call that is being made
/// ends within its lease, and the new one waits for that: Google must not get the two in the wrong order.
pub async fn insert(tx: &mut Tx, new: &[NewCall], now: Millis) -> Result<(), StorageError> {
    if new.is_empty() {
        return Ok(());
    }
    tx.locks.take(Lock::Outbox);
    // In the order of their keys (`locks`).
    let new: BTreeMap<String, &NewCall> = new.iter().map(|new| (new.key(), new)).collect();
    let new = rows(new.into_iter().map(|(key, new)| {
        json!({
            "key": key, "act": new.act.word(), "address": new.address, "topic": new.topic,
            "announcement": new.announcement, "expires": new.expires_at,
        })
    }));
    macros::execute_each!(
        tx,
        "INSERT INTO fcm_calls (call_key, act, address, topic, announcement_id, send_at, expires_at)
         SELECT t.value->>'key', t.value->>'act', t.value->>'address', t.value->>'topic', t.value->>'announcement', $2,
                CAST(t.value->>'expires' AS BIGINT) FROM",
        "WHERE 1 = 1 ON CONFLICT (call_key) DO UPDATE
         SET act = excluded.act, expires_at = excluded.expires_at, attempts = 0, is_leased = 0,
             send_at = CASE WHEN fcm_calls.send_at + fcm_calls.is_leased > excluded.send_at
                       THEN fcm_calls.send_at + fcm_calls.is_leased ELSE excluded.send_at END
         WHERE fcm_calls.act <> excluded.act",
        new,
        now,
    )?;
    tx.work.has_calls = true;
    Ok(())
}

/// A claimed call.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Call {
    #[sqlx(rename = "call_key")]
    pub key: String,
    act: Known<FcmAct>,
    pub address: String,
    pub topic: String,
    announcement_id: Option<AnnouncementId>,
    pub expires_at: Millis,
    pub attempts: i64,
}

impl Call {
    /// `None` for a call of a later release.
    pub fn act(&self) -> Option<FcmAct> {
        self.act.0
    }

    pub fn announcement(&self) -> Option<AnnouncementId> {
        self.announcement_id
    }
}

/// Claims up to `limit` calls that are due, among them those with an expired lease, until `lease_until`.
pub async fn claim(tx: &mut Tx, now: Millis, lease_until: Millis, limit: i64) -> Result<Vec<Call>, StorageError> {
    if tx.is_postgres() {
        macros::fetch_all!(
            tx,
            "fcm_calls" as Call,
            "UPDATE fcm_calls SET is_leased = 1, send_at = $2, attempts = attempts + 1
             WHERE call_key IN (SELECT call_key FROM fcm_calls WHERE send_at <= $1 ORDER BY send_at LIMIT $3
                   FOR UPDATE SKIP LOCKED)
             RETURNING call_key, act, address, topic, announcement_id, expires_at, attempts",
            now,
            lease_until,
            limit,
        )
    } else {
        macros::fetch_all!(
            tx,
            "fcm_calls" as Call,
            "UPDATE fcm_calls SET is_leased = 1, send_at = $2, attempts = attempts + 1
             WHERE call_key IN (SELECT call_key FROM fcm_calls WHERE send_at <= $1 ORDER BY send_at LIMIT $3)
             RETURNING call_key, act, address, topic, announcement_id, expires_at, attempts",
            now,
            lease_until,
            limit,
        )
    }
}

/// Locks calls, and before them their devices, so that they can be ended and postponed one after the other.
pub async fn lock(tx: &mut Tx, calls: &[&Call]) -> Result<(), StorageError> {
    device_locks::lock_at(tx, calls.iter().map(|call| call.address.as_str())).await?;
    tx.locks.take(Lock::Outbox);
    if tx.is_postgres() {
        macros::fetch_each!(
            tx,
            "fcm_calls" as (String,),
            "SELECT c.call_key FROM fcm_calls c WHERE c.call_key IN (SELECT t.value->>'key' FROM",
            ") ORDER BY c.call_key FOR NO KEY UPDATE",
            rows(calls.iter().map(|call| json!({ "key": call.key }))),
        )?;
    }
    Ok(())
}

/// Deletes a call that has ended. Returns false when a newer wish replaced it meanwhile.
pub async fn end(tx: &mut Tx, call: &Call, lease_until: Millis) -> Result<bool, StorageError> {
    let ended = macros::execute!(
        tx,
        "DELETE FROM fcm_calls WHERE call_key = $1 AND is_leased = 1 AND send_at = $2",
        call.key.as_str(),
        lease_until,
    )?;
    Ok(ended == 1)
}

/// Lets a call be made again at `send_at`.
pub async fn postpone(tx: &mut Tx, call: &Call, lease_until: Millis, send_at: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE fcm_calls SET is_leased = 0, send_at = $3 WHERE call_key = $1 AND is_leased = 1 AND send_at = $2",
        call.key.as_str(),
        lease_until,
        send_at,
    )?;
    Ok(())
}

/// How many calls wait.
pub async fn count(tx: &mut Tx) -> Result<i64, StorageError> {
    let (count,) = macros::fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM fcm_calls")?;
    Ok(count)
}

/// The time of the next call.
pub async fn next_send(tx: &mut Tx) -> Result<Option<Millis>, StorageError> {
    let (at,) = macros::fetch_one!(tx, (Option<Millis>,), "SELECT MIN(send_at) FROM fcm_calls")?;
    Ok(at)
}
