//! Deleting the words of a pair, for the operator.
//! Rule R175.

use super::{ServiceError, ended_returns, tell::Facts};
use crate::{
    domain::{Cancelled, EventKind, NotificationKind, PairId, PairPhase, Role, WordsOnDeletion},
    server::{
        state::AppState,
        storage::{
            deletions,
            deliveries::{self, CancelFor},
            erasing, pairs, persons,
        },
    },
};

/// Closes a pair and deletes the words of both members at once; for the operator. Both are told.
pub async fn delete_pair_by_operator(state: &AppState, id: PairId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    pairs::lock(&mut tx, id).await?;
    let pair = pairs::lookup(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
    persons::lock(&mut tx, pair.everybody()).await?;
    let mut facts = Facts::default();
    facts.both(&pair, EventKind::PairClosed);
    if pair.phase() != PairPhase::Closed {
        pairs::close(&mut tx, id, now).await?;
        deliveries::cancel(&mut tx, CancelFor::Pair(id), Cancelled::Left, now).await?;
        ended_returns::end_in(&mut tx, &pair, &mut facts, now).await?;
        for role in [Role::Parent, Role::Child] {
            facts.news(&pair, role, NotificationKind::Left, String::new(), now);
        }
    }
    deletions::close_for_good(&mut tx, id).await?;
    facts.write(&mut tx, state, now).await?;
    for role in [Role::Parent, Role::Child] {
        deletions::delete_words(&mut tx, id, role, WordsOnDeletion::Erase, now).await?;
    }
    tx.commit().await?;
    // Readers of the running app leave the log for a moment now and then.
    for _ in 0..20 {
        if erasing::empty_log(&state.database).await? {
            break;
        }
    }
    tracing::info!(pair.id = %id, "the words of a pair were deleted");
    Ok(())
}
