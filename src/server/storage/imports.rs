//! Rows of an imported copy: a closed pair, its cards, and a member without a way in.

use serde_json::{Value, json};

use super::{StorageError, Tx, locks::Lock, macros, rows};
use crate::domain::{AnswerBody, DailyQuestion, Millis, PairId, Person, PersonId, Role};

/// Rows that one statement writes.
const PIECE: usize = 200;

/// An imported question.
pub struct Imported<'a> {
    pub question: &'a DailyQuestion,
    pub card: Option<i64>,
    pub own: Role,
    /// Earlier texts of `own`: revision, text, instant.
    pub revisions: &'a [(u32, AnswerBody, Millis)],
}

/// Inserts a person without a recovery code, and so without a way in.
pub async fn insert_blank(tx: &mut Tx, person: &Person, now: Millis) -> Result<(), StorageError> {
    tx.locks.own(Lock::Person(person.id));
    macros::execute!(
        tx,
        "INSERT INTO persons (id, name, locale, text_size, zone, consent_version, consent_at, created_at,
         zone_offset_s)
         VALUES ($1, $2, $3, $4, $5, '', $6, $6, $7)",
        person.id,
        &person.name,
        person.locale,
        person.text_size,
        &person.zone,
        now,
        person.zone.last_offset_s().map(i64::from),
    )?;
    Ok(())
}

/// Writes the name that a member had.
pub async fn name_member(tx: &mut Tx, pair: PairId, role: Role, name: &str) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(tx, "UPDATE members SET left_name = $3 WHERE pair_id = $1 AND role = $2", pair, role, name)?;
    Ok(())
}

/// Inserts questions with their answers and the reader's earlier texts. `persons` has the parent and the child.
pub async fn insert_questions(
    tx: &mut Tx,
    persons: [PersonId; 2],
    questions: &[Imported<'_>],
) -> Result<(), StorageError> {
    for piece in questions.chunks(PIECE) {
        insert_piece(tx, piece).await?;
        insert_answers(tx, persons, piece).await?;
        insert_revisions(tx, piece).await?;
    }
    Ok(())
}

async fn insert_piece(tx: &mut Tx, piece: &[Imported<'_>]) -> Result<(), StorageError> {
    let row = |imported: &Imported<'_>| {
        let question = imported.question;
        json!({
            "id": question.id,
            "pair": question.pair_id,
            "number": question.number,
            "key": question.key.0,
            "section": question.section.word(),
            "wordings": serde_json::to_string(&question.wordings).unwrap_or_default(),
            "version": question.version,
            "date": question.local_date,
            "from": question.counted_from,
            "at": question.opened_at,
            "completed": question.completed_at,
            "card": imported.card,
        })
    };
    macros::execute_each!(
        tx,
        "INSERT INTO daily_questions (id, pair_id, number, question_key, section, wordings, version, local_date,
         counted_from, opened_at, completed_at, card_number)
         SELECT t.value->>'id', t.value->>'pair', CAST(t.value->>'number' AS BIGINT), t.value->>'key',
                t.value->>'section', t.value->>'wordings', CAST(t.value->>'version' AS BIGINT), t.value->>'date',
                t.value->>'from', CAST(t.value->>'at' AS BIGINT), CAST(t.value->>'completed' AS BIGINT),
                CAST(t.value->>'card' AS BIGINT) FROM",
        "",
        rows(piece.iter().map(row)),
    )?;
    Ok(())
}

async fn insert_answers(
    tx: &mut Tx,
    [parent, child]: [PersonId; 2],
    piece: &[Imported<'_>],
) -> Result<(), StorageError> {
    let mut found = Vec::<Value>::new();
    for Imported { question, .. } in piece {
        for (role, person) in [(Role::Parent, parent), (Role::Child, child)] {
            found.extend(question.answer_of(role).map(|answer| {
                json!({
                    "id": question.id,
                    "role": role.word(),
                    "person": person,
                    "revision": answer.revision,
                    "body": answer.body.as_str(),
                    "first": answer.first_at,
                    "at": answer.at,
                    "taken": answer.taken_back_at,
                })
            }));
        }
    }
    macros::execute_each!(
        tx,
        "INSERT INTO answers (daily_question_id, role, person_id, revision, body, first_at, at, taken_back_at)
         SELECT t.value->>'id', t.value->>'role', t.value->>'person', CAST(t.value->>'revision' AS BIGINT),
                t.value->>'body', CAST(t.value->>'first' AS BIGINT), CAST(t.value->>'at' AS BIGINT),
                CAST(t.value->>'taken' AS BIGINT) FROM",
        "",
        rows(found),
    )?;
    Ok(())
}

async fn insert_revisions(tx: &mut Tx, piece: &[Imported<'_>]) -> Result<(), StorageError> {
    let mut found = Vec::<Value>::new();
    for Imported { question, own, revisions, .. } in piece {
        found.extend(revisions.iter().map(|(revision, body, at)| {
            json!({
                "id": question.id,
                "role": own.word(),
                "revision": revision,
                "body": body.as_str(),
                "at": at,
            })
        }));
    }
    macros::execute_each!(
        tx,
        "INSERT INTO answer_revisions (daily_question_id, role, revision, body, at)
         SELECT t.value->>'id', t.value->>'role', CAST(t.value->>'revision' AS BIGINT), t.value->>'body',
                CAST(t.value->>'at' AS BIGINT) FROM",
        "",
        rows(found),
    )?;
    Ok(())
}
