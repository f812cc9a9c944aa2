//! Reports of devices, and what became of notifications.

use super::{
    StorageError, Tx, deliveries::DeliveryId, device_locks, locks::Lock, macros, persons, sql_types::written_as,
};
use crate::domain::{DailyQuestionId, Millis, PersonId};

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
    pub state: String,
    pub created_at: i64,
    pub accepted_at: Option<i64>,
    pub shown_at: Option<i64>,
    pub opened_at: Option<i64>,
}

/// The trails of a person's latest notifications of a kind, newest first.
pub async fn find_trails(tx: &mut Tx, person: PersonId, kind: &str, since: Millis) -> Result<Vec<Trail>, StorageError> {
    macros::fetch_all!(
        tx,
        Trail,
        "SELECT d.notification_id, d.subscription_id, d.state, n.at AS created_at, d.accepted_at, d.shown_at,
         d.opened_at
         FROM notifications n JOIN deliveries d ON d.notification_id = n.id
         WHERE n.person_id = $1 AND n.kind = $2 AND n.at >= $3 ORDER BY n.at DESC, n.id DESC, d.subscription_id",
        person,
        kind,
        since,
    )
}

/// Whether a push of a question was accepted for any browser of a member, and whether the member has any subscription.
pub async fn reached(
    tx: &mut Tx,
    person: PersonId,
    daily_question: DailyQuestionId,
) -> Result<(bool, bool), StorageError> {
    let (accepted, browsers): (i64, i64) = macros::fetch_one!(
        tx,
        (i64, i64),
        "SELECT (SELECT COUNT(*) FROM deliveries d JOIN notifications n ON n.id = d.notification_id
                 WHERE n.person_id = $1 AND n.daily_question_id = $2 AND d.accepted_at IS NOT NULL),
                (SELECT COUNT(*) FROM push_subscriptions s WHERE s.person_id = $1)",
        person,
        daily_question,
    )?;
    Ok((accepted > 0, browsers > 0))
}
