//! Whom a notification reaches: the preferences of persons, their devices, and how often they were told.

use std::collections::HashMap;

use serde_json::json;

use super::{
    StorageError, Tx, macros,
    notifications::{self, Preferences, asked_rows, preferences_of, select_preferences},
    rows,
    sql_types::Known,
};
use crate::domain::{Millis, NotificationKind, PairId, PersonId, SessionId, SubscriptionId};

/// A person who is notified about one pair or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub preferences: Preferences,
    /// The number of the last event of the person's feed.
    pub last_seq: i64,
    pub devices: Vec<Device>,
}

/// What decides whether and when a device gets a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    pub id: SubscriptionId,
    pub session: SessionId,
    pub topic: String,
    /// When FCM accepted the subscription to the topic.
    pub topic_at: Option<Millis>,
}

/// The recipients by person and pair. A deleted person is none.
pub async fn find(
    tx: &mut Tx,
    of: &[(PersonId, Option<PairId>)],
) -> Result<HashMap<(PersonId, Option<PairId>), Recipient>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        "persons" as Row,
        select_preferences!(", p.last_seq, s.id AS device_id, s.session_id, s.topic, s.topic_at"),
        preferences_of!(" LEFT JOIN push_subscriptions s ON s.person_id = p.id"),
        asked_rows(of),
    )?;
    let mut recipients = HashMap::with_capacity(of.len());
    for row in found {
        let (pair, preferences) = row.preferences.into_preferences();
        let recipient = recipients.entry((preferences.person, pair)).or_insert_with(|| Recipient {
            preferences,
            last_seq: row.last_seq,
            devices: Vec::new(),
        });
        if let (Some(id), Some(session), Some(topic)) = (row.device_id, row.session_id, row.topic) {
            recipient.devices.push(Device { id, session, topic, topic_at: row.topic_at });
        }
    }
    Ok(recipients)
}

/// A push that counts towards the daily limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedPush {
    pub person: PersonId,
    pub kind: NotificationKind,
    pub at: Millis,
}

/// The pushes of counted kinds to these persons since `since`.
pub async fn find_counted(tx: &mut Tx, persons: &[PersonId], since: Millis) -> Result<Vec<CountedPush>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        "notifications" as (PersonId, Known<NotificationKind>, Millis),
        "SELECT n.person_id, n.kind, n.at FROM notifications n WHERE n.is_pushed = 1 AND n.at >= $2
         AND n.person_id IN (SELECT t.value->>'id' FROM",
        ")",
        rows(persons.iter().map(|person| json!({ "id": person }))),
        since,
    )?;
    let pushes = found.into_iter().filter_map(|(person, kind, at)| {
        let kind = kind.0.filter(|kind| kind.is_counted())?;
        Some(CountedPush { person, kind, at })
    });
    Ok(pushes.collect())
}

/// One device of a recipient, or none.
#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    preferences: notifications::Row,
    last_seq: i64,
    device_id: Option<SubscriptionId>,
    session_id: Option<SessionId>,
    topic: Option<String>,
    topic_at: Option<Millis>,
}
