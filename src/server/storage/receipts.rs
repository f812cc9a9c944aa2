//! Reports of devices, and what became of notifications.

use std::collections::HashMap;

use super::{
    StorageError, Tx, deliveries::DeliveryId, device_locks, locks::Lock, macros, persons, sql_types::written_as,
};
use crate::domain::{Millis, NotificationKind, PairId, PersonId};

/// A device's report about a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    Shown,
    Clicked,
}

impl Receipt {
    /// The stored reason of a delivery that a report settled.
    fn word(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Clicked => "opened",
        }
    }
}

written_as!(String, Receipt, |receipt| receipt.word().to_owned());

/// Stores the first report of its kind and settles the delivery. Returns the person of the delivery, or `None` when
/// there is no such delivery or nothing is new. It locks the person and the device.
pub async fn report(
    tx: &mut Tx,
    id: DeliveryId,
    receipt: Receipt,
    now: Millis,
) -> Result<Option<PersonId>, StorageError> {
    let sql = "SELECT person_id FROM notifications WHERE id = $1";
    let row = macros::fetch_optional!(tx, "notifications" as (PersonId,), sql, id.notification)?;
    let Some((person,)) = row else { return Ok(None) };
    persons::lock(tx, [person]).await?;
    device_locks::lock(tx, [id.subscription]).await?;
    tx.locks.take(Lock::Outbox);
    let changed = match receipt {
        Receipt::Shown => macros::execute!(
            tx,
            "UPDATE deliveries SET shown_at = $3 WHERE notification_id = $1 AND subscription_id = $2
             AND shown_at IS NULL",
            id.notification,
            id.subscription,
            now,
        )?,
        Receipt::Clicked => macros::execute!(
            tx,
            "UPDATE deliveries SET opened_at = $3 WHERE notification_id = $1 AND subscription_id = $2
             AND opened_at IS NULL",
            id.notification,
            id.subscription,
            now,
        )?,
    };
    // A repeated report writes nothing.
    if changed == 0 {
        return Ok(None);
    }
    match receipt {
        Receipt::Shown => macros::execute!(
            tx,
            "UPDATE push_subscriptions SET shown_at = $2 WHERE id = $1 AND COALESCE(shown_at, 0) < $2",
            id.subscription,
            now
        )?,
        Receipt::Clicked => macros::execute!(
            tx,
            "UPDATE push_subscriptions SET opened_at = $2 WHERE id = $1 AND COALESCE(opened_at, 0) < $2",
            id.subscription,
            now
        )?,
    };
    // A notification that a device has shown has arrived, whatever the push service answered, and is not sent again. A
    // worker that is sending it at this moment finds its lease gone.
    macros::execute!(
        tx,
        "UPDATE deliveries SET state = 'accepted', reason = $3, send_at = NULL, accepted_at = COALESCE(accepted_at,
         $4), settled_at = $4
         WHERE notification_id = $1 AND subscription_id = $2 AND send_at IS NOT NULL
               AND (withdraws = 0 OR $3 = 'opened')",
        id.notification,
        id.subscription,
        receipt,
        now,
    )?;
    Ok(Some(person))
}

/// What became of a notification on one browser.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Trail {
    pub notification_id: String,
    pub subscription_id: String,
    /// The word of a `NotificationKind`.
    pub kind: String,
    pub state: String,
    pub created_at: i64,
    pub accepted_at: Option<i64>,
    pub shown_at: Option<i64>,
    pub opened_at: Option<i64>,
}

/// The trails of a person's latest notifications of two kinds, newest first. And for each pair of the person with a
/// current question: whether its push was accepted for any browser of the other, and whether the other has any
/// subscription.
pub async fn find_arrivals(
    tx: &mut Tx,
    person: PersonId,
    kinds: [NotificationKind; 2],
    since: Millis,
) -> Result<(Vec<Trail>, HashMap<PairId, (bool, bool)>), StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "deliveries" as ArrivalRow,
        "SELECT d.notification_id, d.subscription_id, n.kind, d.state, n.at AS created_at, d.accepted_at, d.shown_at,
                d.opened_at, CAST(NULL AS TEXT) AS pair_id, n.id IS NULL AS is_accepted, n.id IS NULL AS has_browser
         FROM notifications n JOIN deliveries d ON d.notification_id = n.id
         WHERE n.person_id = $1 AND n.kind IN ($3, $4) AND n.at >= $2
         UNION ALL
         SELECT '', '', '', '', me.joined_at, NULL, NULL, NULL, me.pair_id,
                EXISTS (SELECT 1 FROM deliveries d JOIN notifications n ON n.id = d.notification_id
                        WHERE n.person_id = o.person_id AND d.accepted_at IS NOT NULL AND n.daily_question_id = q.id),
                EXISTS (SELECT 1 FROM push_subscriptions s WHERE s.person_id = o.person_id)
         FROM members me JOIN members o ON o.pair_id = me.pair_id AND o.role <> me.role
         JOIN daily_questions q ON q.pair_id = me.pair_id AND q.shelved_at IS NULL
              AND q.number = (SELECT MAX(c.number) FROM daily_questions c
                              WHERE c.pair_id = me.pair_id AND c.shelved_at IS NULL)
         WHERE me.person_id = $1
         ORDER BY created_at DESC, notification_id DESC, subscription_id",
        person,
        since,
        kinds[0],
        kinds[1],
    )?;
    let mut found = (Vec::new(), HashMap::new());
    for row in rows {
        match row.pair_id {
            Some(pair) => {
                found.1.insert(pair, (row.is_accepted, row.has_browser));
            }
            None => found.0.push(row.trail),
        }
    }
    Ok(found)
}

/// A trail, or with a pair what arrived at the other.
#[derive(sqlx::FromRow)]
struct ArrivalRow {
    #[sqlx(flatten)]
    trail: Trail,
    pair_id: Option<PairId>,
    is_accepted: bool,
    has_browser: bool,
}
