//! What a deletion of the operator deletes, counted before. Rule R175.

use super::ServiceError;
use crate::{
    domain::{PairId, PersonId},
    server::{
        state::AppState,
        storage::{
            deletions::{self, Counts},
            pairs, persons,
        },
    },
};

/// What the deletion of a person deletes; `None` when there is no such person.
pub async fn count_of_person(state: &AppState, person: PersonId) -> Result<Option<Counts>, ServiceError> {
    let mut tx = state.database.read().await?;
    if persons::lookup(&mut tx, person).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(deletions::count_of_person(&mut tx, person).await?))
}

/// What the deletion of a pair's words deletes; `None` when there is no such pair.
pub async fn count_of_pair(state: &AppState, pair: PairId) -> Result<Option<Counts>, ServiceError> {
    let mut tx = state.database.read().await?;
    if pairs::lookup(&mut tx, pair).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(deletions::count_of_pair(&mut tx, pair).await?))
}
