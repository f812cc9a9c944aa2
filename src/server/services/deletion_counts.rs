//! What a deletion of the operator deletes, counted before. Rules R175, R182.

use super::ServiceError;
use crate::{
    domain::{Pair, PairId, PersonId, WordsOnDeletion},
    server::{
        state::AppState,
        storage::{
            Tx,
            deletions::{self, OwnCounts, WordCounts},
            last_readers, pairs, persons,
        },
    },
};

/// What the deletion of a person deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// The pairs in which the person has a seat, and those among them that only the person can read.
    pub pairs: usize,
    pub unread: usize,
    pub words: WordCounts,
    pub own: OwnCounts,
}

/// What the deletions of persons delete, one after another in this order. `words` counts for the pairs of a person
/// whose deletion was not asked for before. Returns the person who does not exist, if one does not.
pub async fn count_of_persons(
    state: &AppState,
    ids: &[PersonId],
    words: WordsOnDeletion,
) -> Result<Result<Vec<Counts>, PersonId>, ServiceError> {
    let mut tx = state.database.read().await?;
    let mut counted = Vec::new();
    for (at, person) in ids.iter().enumerate() {
        if persons::lookup(&mut tx, *person).await?.is_none() {
            return Ok(Err(*person));
        }
        counted.push(count_of_person(&mut tx, *person, &ids[..at], words).await?);
    }
    Ok(Ok(counted))
}

async fn count_of_person(
    tx: &mut Tx,
    person: PersonId,
    earlier: &[PersonId],
    words: WordsOnDeletion,
) -> Result<Counts, ServiceError> {
    let held = pairs::find_of(tx, person).await?;
    let own = deletions::count_own(tx, person).await?;
    let mut counts = Counts { pairs: held.len(), unread: 0, words: WordCounts::default(), own };
    for pair in &held {
        let readers = last_readers::find_other(tx, pair.id, person).await?;
        let of_pair = if readers.iter().all(|reader| earlier.contains(reader)) {
            counts.unread += 1;
            let mut all = deletions::count_everything(tx, pair.id).await?;
            for reader in readers {
                let gone = count_of_seat(tx, pair, reader, words).await?;
                all.answers -= gone.answers;
                all.revisions -= gone.revisions;
            }
            all
        } else {
            count_of_seat(tx, pair, person, words).await?
        };
        counts.words.answers += of_pair.answers;
        counts.words.revisions += of_pair.revisions;
    }
    Ok(counts)
}

/// The words of a person in a pair that others can read.
async fn count_of_seat(
    tx: &mut Tx,
    pair: &Pair,
    person: PersonId,
    words: WordsOnDeletion,
) -> Result<WordCounts, ServiceError> {
    let role = pair.role_of(person).ok_or(ServiceError::Broken("a pair of others"))?;
    let words = if deletions::lookup(tx, person).await?.is_some() {
        let chosen = deletions::find_pairs(tx, person).await?.into_iter().find(|of_pair| of_pair.pair == pair.id);
        chosen.map_or(WordsOnDeletion::Erase, |of_pair| of_pair.words)
    } else {
        words
    };
    Ok(deletions::count_of_seat(tx, pair.id, role, words).await?)
}

/// What the deletion of a pair's words deletes; `None` when there is no such pair.
pub async fn count_of_pair(state: &AppState, pair: PairId) -> Result<Option<WordCounts>, ServiceError> {
    let mut tx = state.database.read().await?;
    if pairs::lookup(&mut tx, pair).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(deletions::count_everything(&mut tx, pair).await?))
}
