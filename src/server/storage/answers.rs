//! Answers and their earlier revisions.
//! Rules R24, R170.

use std::collections::HashMap;

use super::{StorageError, Tx, locks::Lock, macros};
use crate::domain::{Answer, AnswerBody, DailyQuestion, DailyQuestionId, Millis, PairId, PersonId, Role, SubmissionId};

/// Most earlier revisions that are kept of an answer.
pub const KEPT_REVISIONS: i64 = Answer::KEPT_REVISIONS as i64;

/// Writes the latest revision of a member's answer and moves the one before to its author's history, of which the last
/// `KEPT_REVISIONS` stay. The pair is locked.
pub async fn save(
    tx: &mut Tx,
    question: &DailyQuestion,
    role: Role,
    person: PersonId,
    submission: Option<SubmissionId>,
) -> Result<(), StorageError> {
    let Some(answer) = question.answer_of(role) else {
        return Ok(());
    };
    tx.locks.take(Lock::Pair(question.pair_id));
    let revision = i64::from(answer.revision);
    // A first answer has no history.
    if revision > 1 {
        macros::queue!(
            tx,
            "INSERT INTO answer_revisions (daily_question_id, role, revision, body, at, submission)
             SELECT daily_question_id, role, revision, body, at, submission FROM answers WHERE daily_question_id = $1
                    AND role = $2 AND revision < $3",
            question.id,
            role,
            revision,
        )?;
    }
    if revision > KEPT_REVISIONS {
        macros::queue!(
            tx,
            "DELETE FROM answer_revisions WHERE daily_question_id = $1 AND role = $2 AND revision < $3",
            question.id,
            role,
            revision - KEPT_REVISIONS,
        )?;
    }
    macros::queue!(
        tx,
        "INSERT INTO answers (daily_question_id, role, person_id, revision, body, first_at, at, submission)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (daily_question_id, role) DO UPDATE
         SET revision = excluded.revision, body = excluded.body, at = excluded.at, submission = excluded.submission",
        question.id,
        role,
        person,
        revision,
        &answer.body,
        answer.first_at,
        answer.at,
        submission,
    )
}

/// Whether this submission became a revision of `role`'s answer, the latest or an earlier one.
pub async fn was_taken(
    tx: &mut Tx,
    question: DailyQuestionId,
    role: Role,
    submission: SubmissionId,
) -> Result<bool, StorageError> {
    let found: Option<(i64,)> = macros::fetch_optional!(
        tx,
        (i64,),
        "SELECT revision FROM answers WHERE daily_question_id = $1 AND role = $2 AND submission = $3
         UNION ALL
         SELECT revision FROM answer_revisions WHERE daily_question_id = $1 AND role = $2 AND submission = $3
         LIMIT 1",
        question,
        role,
        submission,
    )?;
    Ok(found.is_some())
}

/// Moves one seat's answer, with its history, to another question.
pub async fn move_to(tx: &mut Tx, from: DailyQuestionId, to: DailyQuestionId, role: Role) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE answers SET daily_question_id = $2 WHERE daily_question_id = $1 AND role = $3",
        from,
        to,
        role
    )?;
    macros::execute!(
        tx,
        "UPDATE answer_revisions SET daily_question_id = $2 WHERE daily_question_id = $1 AND role = $3",
        from,
        to,
        role,
    )?;
    Ok(())
}

/// Marks an answer as taken back. The pair is locked.
pub async fn take_back(tx: &mut Tx, question: DailyQuestionId, role: Role, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE answers SET taken_back_at = $3 WHERE daily_question_id = $1 AND role = $2",
        question,
        role,
        now
    )?;
    Ok(())
}

/// Restores an answer. Returns false when its words are deleted. The pair is locked.
pub async fn restore(tx: &mut Tx, question: DailyQuestionId, role: Role) -> Result<bool, StorageError> {
    let restored = macros::execute!(
        tx,
        "UPDATE answers SET taken_back_at = NULL WHERE daily_question_id = $1 AND role = $2 AND body <> ''",
        question,
        role
    )?;
    Ok(restored > 0)
}

/// Pairs with words of answers that were taken back before `before`.
pub async fn find_pairs_to_erase(tx: &mut Tx, before: Millis) -> Result<Vec<PairId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as (PairId,),
        "SELECT DISTINCT d.pair_id FROM answers a JOIN daily_questions d ON d.id = a.daily_question_id
         WHERE a.taken_back_at IS NOT NULL AND a.body <> '' AND a.taken_back_at <= $1 LIMIT 1000",
        before
    )?;
    Ok(rows.into_iter().map(|(pair,)| pair).collect())
}

/// Deletes the words of a pair's answers that were taken back before `before`, with their revisions and with the
/// unknown fields of their cards (R183). Returns of how many answers.
pub async fn erase_taken_back(tx: &mut Tx, pair: PairId, before: Millis) -> Result<u64, StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(
        tx,
        "DELETE FROM answer_revisions WHERE EXISTS (SELECT 1 FROM answers a JOIN daily_questions d
         ON d.id = a.daily_question_id WHERE d.pair_id = $1 AND a.taken_back_at <= $2
         AND a.daily_question_id = answer_revisions.daily_question_id AND a.role = answer_revisions.role)
         AND daily_question_id IN (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        pair,
        before,
    )?;
    macros::execute!(
        tx,
        "UPDATE daily_questions SET kept_fields = NULL WHERE pair_id = $1 AND kept_fields IS NOT NULL
         AND id IN (SELECT a.daily_question_id FROM answers a WHERE a.taken_back_at BETWEEN 1 AND $2)",
        pair,
        before,
    )?;
    macros::execute!(
        tx,
        "UPDATE answers SET body = '', submission = NULL WHERE taken_back_at <= $2 AND body <> ''
         AND daily_question_id IN (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        pair,
        before,
    )
}

/// An earlier revision of a member's answer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Revision {
    #[sqlx(try_from = "i64")]
    pub revision: u32,
    pub body: AnswerBody,
    pub at: Millis,
}

/// Most revisions that a page shows.
pub(super) const SHOWN_REVISIONS: i64 = 20;

/// The last earlier revisions of `role`'s answer, newest first. Only their author may see them.
pub async fn find_revisions(tx: &mut Tx, question: DailyQuestionId, role: Role) -> Result<Vec<Revision>, StorageError> {
    macros::fetch_all!(
        tx,
        "answer_revisions" as Revision,
        "SELECT revision, body, at FROM answer_revisions WHERE daily_question_id = $1 AND role = $2
         ORDER BY revision DESC LIMIT $3",
        question,
        role,
        SHOWN_REVISIONS,
    )
}

/// All earlier revisions of `role`'s answer, oldest first. Only their author may see them.
pub async fn find_all_revisions(
    tx: &mut Tx,
    question: DailyQuestionId,
    role: Role,
) -> Result<Vec<Revision>, StorageError> {
    macros::fetch_all!(
        tx,
        "answer_revisions" as Revision,
        "SELECT revision, body, at FROM answer_revisions WHERE daily_question_id = $1 AND role = $2
         ORDER BY revision",
        question,
        role,
    )
}

/// All earlier revisions of `role`'s answers on the cards numbered `first` to `last`, oldest first.
pub async fn find_revisions_of_cards(
    tx: &mut Tx,
    pair: PairId,
    role: Role,
    first: i64,
    last: i64,
) -> Result<HashMap<DailyQuestionId, Vec<Revision>>, StorageError> {
    let found = macros::fetch_all!(
        tx,
        "answer_revisions" as RevisionOfCard,
        "SELECT r.daily_question_id, r.revision, r.body, r.at FROM daily_questions d
         JOIN answer_revisions r ON r.daily_question_id = d.id AND r.role = $2
         WHERE d.pair_id = $1 AND d.card_number BETWEEN $3 AND $4 ORDER BY d.card_number, r.revision",
        pair,
        role,
        first,
        last,
    )?;
    let mut revisions = HashMap::<_, Vec<_>>::new();
    for row in found {
        revisions.entry(row.daily_question_id).or_default().push(row.revision);
    }
    Ok(revisions)
}

#[derive(sqlx::FromRow)]
struct RevisionOfCard {
    daily_question_id: DailyQuestionId,
    #[sqlx(flatten)]
    revision: Revision,
}
