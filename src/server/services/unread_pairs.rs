//! Pairs that became unreadable under an earlier release, which left their words. They are cleared once: since then the
//! words of a pair go with its last reader (`deletions`).
//! Rule R205.

use super::{ServiceError, deletions::delete_unread};
use crate::{
    domain::{Millis, PairId},
    server::{
        state::AppState,
        storage::{installation, last_readers, pairs, persons},
    },
};

/// What is written once all pairs have been looked at.
const DONE: &str = "done";

/// Clears some of these pairs. Returns how many; `None` when all were looked at before.
pub async fn clear_some(state: &AppState, now: Millis) -> Result<Option<usize>, ServiceError> {
    let mut tx = state.database.read().await?;
    let reached = installation::lookup(&mut tx, installation::UNREAD_CLEARED).await?;
    if reached.as_deref() == Some(DONE) {
        return Ok(None);
    }
    let after = reached.as_deref().unwrap_or_default();
    let unread = last_readers::find_unread(&mut tx, after).await?;
    drop(tx);
    for pair in &unread {
        // One that fails does not hold up the others, nor the rest of the sweep.
        if let Err(error) = clear(state, *pair, now).await {
            tracing::error!(pair.id = %pair, %error, "the words of a pair that nobody can read were not deleted");
        }
    }
    let last = unread.last().map_or_else(|| DONE.to_owned(), PairId::to_string);
    let mut tx = state.database.begin().await?;
    installation::replace(&mut tx, installation::UNREAD_CLEARED, reached.as_deref(), &last).await?;
    tx.commit().await?;
    Ok(Some(unread.len()))
}

async fn clear(state: &AppState, id: PairId, now: Millis) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    pairs::lock(&mut tx, id).await?;
    let Some(pair) = pairs::lookup(&mut tx, id).await? else { return Ok(()) };
    persons::lock(&mut tx, pair.everybody()).await?;
    // A person who is deleted is no reader, whoever of the two it is.
    let Some(gone) = last_readers::lookup_deleted(&mut tx, id).await? else { return Ok(()) };
    if last_readers::find_other(&mut tx, id, gone).await?.is_empty() {
        delete_unread(&mut tx, &pair, gone, now).await?;
        tx.commit().await?;
        tracing::info!(pair.id = %id, "the words of a pair that nobody can read were deleted");
    }
    Ok(())
}
