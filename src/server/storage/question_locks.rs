//! Locks the pair of a question, with which every use case on the question begins.

use super::{
    StorageError, Tx,
    daily_questions::{self, question_answers, question_columns},
    locks::Lock,
    macros,
    pairs::{self, pair_columns, pair_seats},
};
use crate::domain::{DailyQuestion, DailyQuestionId, Pair, PairId, PersonId};

/// A question and its pair, which is locked.
pub struct Locked {
    pub pair: Pair,
    pub question: DailyQuestion,
    /// Whether shelved questions without an answer of the member's are counted (`schedule::reset_unanswered`).
    pub has_unanswered: bool,
}

/// Finds a question and its pair through `person`, who has a seat in it, and locks the pair as `pairs::lock` does. Both
/// are read behind the lock.
pub async fn lock(tx: &mut Tx, person: PersonId, question: DailyQuestionId) -> Result<Option<Locked>, StorageError> {
    // The single writer of SQLite needs no lock.
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
    }
    let row = macros::fetch_optional!(
        tx,
        "daily_questions" as Row,
        concat!(
            "SELECT ",
            question_columns!(),
            ", ",
            pair_columns!(),
            ", CASE WHEN pm.person_id = $2 THEN pm.unanswered_shelved ELSE cm.unanswered_shelved END AS unanswered
             FROM daily_questions d JOIN pairs p ON p.id = d.pair_id ",
            question_answers!(),
            pair_seats!(),
            "WHERE d.id = $1 AND $2 IN (pm.person_id, cm.person_id)"
        ),
        question,
        person,
    )?;
    Ok(row.map(|Row { question, pair, unanswered }| {
        let (pair, question) = (pair.into_pair(), question.into_question());
        tx.locks.take(Lock::Pair(pair.id));
        Locked { pair, question, has_unanswered: unanswered > 0 }
    }))
}

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    question: daily_questions::Row,
    #[sqlx(flatten)]
    pair: pairs::Row,
    unanswered: i64,
}
