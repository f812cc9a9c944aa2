//! Locks the pair of a question, with which every use case on the question begins.

use super::{
    StorageError, Tx,
    locks::Lock,
    macros,
    pairs::{self, Row, pair_columns, pair_seats, select_pair},
};
use crate::domain::{DailyQuestionId, Pair, PairId, PersonId};

/// Finds the pair of a question through `person`, who has a seat in it, and locks it as `pairs::lock` does.
pub async fn lock_pair(tx: &mut Tx, person: PersonId, question: DailyQuestionId) -> Result<Option<Pair>, StorageError> {
    if tx.is_postgres() {
        let found = macros::fetch_optional!(
            tx,
            "pairs" as (PairId,),
            "SELECT p.id FROM daily_questions d JOIN members m ON m.pair_id = d.pair_id AND m.person_id = $2
             JOIN pairs p ON p.id = d.pair_id WHERE d.id = $1 FOR NO KEY UPDATE OF p",
            question,
            person,
        )?;
        let Some((pair,)) = found else { return Ok(None) };
        tx.locks.take(Lock::Pair(pair));
        return pairs::lookup_for(tx, person, pair).await;
    }
    // The single writer needs no lock, so one statement is enough.
    let row = macros::fetch_optional!(
        tx,
        "pairs" as Row,
        select_pair!(
            "WHERE p.id = (SELECT d.pair_id FROM daily_questions d WHERE d.id = $1)
             AND $2 IN (pm.person_id, cm.person_id)"
        ),
        question,
        person,
    )?;
    let pair = row.map(Row::into_pair);
    if let Some(pair) = &pair {
        tx.locks.take(Lock::Pair(pair.id));
    }
    Ok(pair)
}
