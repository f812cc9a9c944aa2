//! The FCM topic that each device is subscribed to, and what decides which one it should be.

use super::{StorageError, Tx, locks::Lock, macros, notifications::quiet_hours, sql_types::Flag};
use crate::domain::{
    Channel, FcmAct, Locale, Millis, Muted, PersonId, QuietHours, SessionId, SubscriptionId, ZoneName,
};

/// An FCM device as its topic depends on it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TopicDevice {
    pub id: SubscriptionId,
    #[sqlx(rename = "person_id")]
    pub person: PersonId,
    #[sqlx(rename = "endpoint")]
    pub address: String,
    /// The topic that it is subscribed to; empty: none.
    pub topic: String,
    /// The topic whose subscription waits to be made; empty: none.
    pub awaited: String,
    by_system: Flag,
    locale: Locale,
    muted: Muted,
    hides_details: Flag,
}

impl TopicDevice {
    /// The topic of its person's language. `None` where a message to everybody would do what the person does not want:
    /// announcements are muted, or the lock screen hides details; or could not do it: the system draws notifications.
    pub fn wanted(&self) -> Option<&'static str> {
        let is_wanted = !self.muted.holds(Channel::Announcement) && !self.hides_details.0 && !self.by_system.0;
        is_wanted.then(|| self.locale.topic())
    }
}

macro_rules! select_device {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.person_id, s.endpoint, s.topic, s.by_system, p.locale, p.muted, p.hides_details,
             COALESCE((SELECT MAX(c.topic) FROM fcm_calls c WHERE c.address = s.endpoint AND c.act = 'subscribe'), '')
             AS awaited
             FROM push_subscriptions s JOIN persons p ON p.id = s.person_id WHERE s.provider = 'fcm' AND ",
            $rest
        )
    };
}

/// The FCM devices of a person.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<TopicDevice>, StorageError> {
    macros::fetch_all!(
        tx,
        "push_subscriptions" as TopicDevice,
        select_device!("s.person_id = $1 ORDER BY s.id"),
        person
    )
}

/// An FCM device.
pub async fn lookup(tx: &mut Tx, id: SubscriptionId) -> Result<Option<TopicDevice>, StorageError> {
    macros::fetch_optional!(tx, "push_subscriptions" as TopicDevice, select_device!("s.id = $1"), id)
}

/// The FCM devices of a session.
pub async fn find_of_session(tx: &mut Tx, session: SessionId) -> Result<Vec<TopicDevice>, StorageError> {
    macros::fetch_all!(tx, "push_subscriptions" as TopicDevice, select_device!("s.session_id = $1"), session)
}

/// The FCM devices of sessions that were last used before `before`.
pub async fn find_idle(tx: &mut Tx, before: Millis) -> Result<Vec<TopicDevice>, StorageError> {
    macros::fetch_all!(
        tx,
        "push_subscriptions" as TopicDevice,
        select_device!("s.session_id IN (SELECT id FROM sessions WHERE last_used_at <= $1)"),
        before
    )
}

/// A device that the message of its topic reaches, and the quiet hours of its person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub topic: String,
    pub zone: ZoneName,
    pub quiet: Option<QuietHours>,
}

/// All devices that are subscribed to the topic of their person's language.
pub async fn find_reached(tx: &mut Tx) -> Result<Vec<Reached>, StorageError> {
    let found = macros::fetch_all!(
        tx,
        "persons" as ReachedRow,
        "SELECT p.id, s.topic, p.locale, p.zone, p.zone_offset_s, p.quiet_from, p.quiet_to
         FROM push_subscriptions s JOIN persons p ON p.id = s.person_id WHERE s.topic <> '' ORDER BY s.id",
    )?;
    let reached = found.into_iter().filter(|row| row.topic == row.locale.topic()).map(|row| Reached {
        topic: row.topic,
        zone: row.zone.with_offset(row.zone_offset_s),
        quiet: quiet_hours(row.quiet_from, row.quiet_to),
    });
    Ok(reached.collect())
}

#[derive(sqlx::FromRow)]
struct ReachedRow {
    topic: String,
    locale: Locale,
    zone: ZoneName,
    zone_offset_s: Option<i64>,
    quiet_from: Option<i64>,
    quiet_to: Option<i64>,
}

/// Records that FCM accepted the subscription of a device, which is locked, to a topic.
pub async fn subscribed(tx: &mut Tx, address: &str, topic: &str, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE push_subscriptions SET topic = $2, topic_at = $3 WHERE endpoint = $1",
        address,
        topic,
        now
    )?;
    Ok(())
}

/// Records that a device is not to get the messages of its topic any more. It gets deliveries of announcements whose
/// message to that topic was not sent yet.
pub async fn leave(tx: &mut Tx, device: &TopicDevice, now: Millis) -> Result<(), StorageError> {
    tx.locks.take(Lock::Device(device.id));
    macros::execute!(tx, "UPDATE push_subscriptions SET topic = '', topic_at = NULL WHERE id = $1", device.id)?;
    tx.locks.take(Lock::Outbox);
    let missed = macros::execute!(
        tx,
        "INSERT INTO deliveries (notification_id, subscription_id, state, send_at, created_at)
         SELECT n.id, $1, 'pending', $4, $4 FROM fcm_calls c
                JOIN notifications n ON n.person_id = $2 AND n.slot = 'announcement:' || c.announcement_id
         WHERE c.act = $5 AND c.topic = $3 ON CONFLICT (notification_id, subscription_id) DO NOTHING",
        device.id,
        device.person,
        device.topic.as_str(),
        now,
        FcmAct::TopicSend,
    )?;
    tx.work.has_deliveries |= missed > 0;
    Ok(())
}
