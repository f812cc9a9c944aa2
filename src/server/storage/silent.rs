//! Devices without a sign of life.

use super::{StorageError, Tx, locks::Lock, macros};
use crate::domain::{Millis, SubscriptionId};

pub const FIND: &str = "SELECT id FROM push_subscriptions WHERE renewed_at < $1 AND COALESCE(shown_at, 0) < $1
    AND COALESCE(opened_at, 0) < $1";

/// Subscriptions without a sign of life since `since`. Push services accept pushes for devices that no longer exist.
pub async fn find(tx: &mut Tx, since: Millis) -> Result<Vec<SubscriptionId>, StorageError> {
    let found = macros::fetch_all!(tx, "push_subscriptions" as (SubscriptionId,), FIND, since)?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

pub const DELETE: &str = "DELETE FROM push_subscriptions WHERE id = $2 AND renewed_at < $1
    AND COALESCE(shown_at, 0) < $1 AND COALESCE(opened_at, 0) < $1";

/// Deletes a subscription without a sign of life since `since`. Returns false when it has one, or is deleted already.
pub async fn delete(tx: &mut Tx, id: SubscriptionId, since: Millis) -> Result<bool, StorageError> {
    tx.locks.take(Lock::Device(id));
    Ok(macros::execute!(tx, DELETE, since, id)? == 1)
}
