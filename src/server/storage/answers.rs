//! Answers and their earlier revisions.

use super::{StorageError, Tx, macros};
use crate::domain::{AnswerBody, DailyQuestion, DailyQuestionId, Millis, PersonId, Role};

/// Writes the latest revision of a member's answer and keeps the one before in its author's history.
pub async fn save(tx: &mut Tx, question: &DailyQuestion, role: Role, person: PersonId) -> Result<(), StorageError> {
    let Some(answer) = question.answer_of(role) else {
        return Ok(());
    };
    macros::execute!(
        tx,
        "INSERT INTO answer_revisions (daily_question_id, role, revision, body, at)
         SELECT daily_question_id, role, revision, body, at FROM answers WHERE daily_question_id = $1 AND role = $2 AND revision < $3",
        question.id.to_string(),
        role.word(),
        i64::from(answer.revision),
    )?;
    macros::execute!(
        tx,
        "INSERT INTO answers (daily_question_id, role, person_id, revision, body, first_at, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (daily_question_id, role) DO UPDATE SET revision = excluded.revision, body = excluded.body, at = excluded.at",
        question.id.to_string(),
        role.word(),
        person.to_string(),
        i64::from(answer.revision),
        answer.body.as_str(),
        answer.first_at.0,
        answer.at.0,
    )?;
    Ok(())
}

/// Moves one seat's answer, with its history, to another question.
pub async fn move_to(tx: &mut Tx, from: DailyQuestionId, to: DailyQuestionId, role: Role) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE answers SET daily_question_id = $2 WHERE daily_question_id = $1 AND role = $3",
        from.to_string(),
        to.to_string(),
        role.word()
    )?;
    macros::execute!(
        tx,
        "UPDATE answer_revisions SET daily_question_id = $2 WHERE daily_question_id = $1 AND role = $3",
        from.to_string(),
        to.to_string(),
        role.word(),
    )?;
    Ok(())
}

/// An earlier revision of one's own answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub revision: u32,
    pub body: AnswerBody,
    pub at: Millis,
}

/// The earlier revisions of `role`'s answer, newest first. Only for the author.
pub async fn find_revisions(tx: &mut Tx, question: DailyQuestionId, role: Role) -> Result<Vec<Revision>, StorageError> {
    let rows: Vec<(i64, String, i64)> = macros::fetch_all!(
        tx,
        (i64, String, i64),
        "SELECT revision, body, at FROM answer_revisions WHERE daily_question_id = $1 AND role = $2 ORDER BY revision DESC",
        question.to_string(),
        role.word(),
    )?;
    Ok(rows
        .into_iter()
        .map(|(revision, body, at)| Revision {
            revision: revision.try_into().unwrap_or(u32::MAX),
            body: AnswerBody::from_stored(body),
            at: Millis(at),
        })
        .collect())
}
