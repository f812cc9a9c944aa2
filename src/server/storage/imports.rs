//! Rows of an imported copy: a closed pair, its cards, and a member without a way in. The rows have ids of their own
//! and remember those of the copy.
//! Rules R134, R181, R183.

use serde_json::{Value, json};

use std::collections::HashMap;

use super::{StorageError, Tx, locks::Lock, macros, rows};
use crate::domain::{AnswerBody, DailyQuestion, DailyQuestionId, Millis, PairId, Person, PersonId, Role};

/// Rows that one statement writes.
const PIECE: usize = 200;

/// An imported question.
pub struct Imported<'a> {
    /// Its id here. The question has that of the copy.
    pub id: DailyQuestionId,
    pub question: &'a DailyQuestion,
    pub card: Option<i64>,
    pub own: Role,
    /// Earlier texts of `own`: revision, text, instant.
    pub revisions: &'a [(u32, AnswerBody, Millis)],
    /// Fields of the copy that this release does not know, as JSON.
    pub fields: Option<&'a str>,
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

/// Whether a person has this pair, or has imported a copy of it.
pub async fn has_pair(tx: &mut Tx, person: PersonId, pair: PairId) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM members m JOIN pairs p ON p.id = m.pair_id
         WHERE m.person_id = $1 AND (p.id = $2 OR p.copied_from = $2)",
        person,
        pair,
    )?;
    Ok(count > 0)
}

/// Writes which id an imported pair has in its copy, and the fields of the copy that this release does not know.
pub async fn set_origin(tx: &mut Tx, pair: PairId, origin: PairId, fields: Option<&str>) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(tx, "UPDATE pairs SET copied_from = $2, kept_fields = $3 WHERE id = $1", pair, origin, fields)?;
    Ok(())
}

/// The unknown fields of a pair, for the copy of `person`: of who imported it, because its members' copies differ.
pub async fn lookup_fields(tx: &mut Tx, pair: PairId, person: PersonId) -> Result<Option<String>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "pairs" as (String,),
        "SELECT kept_fields FROM pairs WHERE id = $1 AND inviter_id = $2 AND kept_fields IS NOT NULL",
        pair,
        person,
    )?;
    Ok(row.map(|(fields,)| fields))
}

/// The imported pairs of a person, with the ids that they have in their copies.
pub async fn find_origins(tx: &mut Tx, person: PersonId) -> Result<HashMap<PairId, PairId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "pairs" as (PairId, PairId),
        "SELECT p.id, p.copied_from FROM members m JOIN pairs p ON p.id = m.pair_id
         WHERE m.person_id = $1 AND p.copied_from IS NOT NULL",
        person,
    )?;
    Ok(rows.into_iter().collect())
}

/// What an imported question has of its copy.
#[derive(sqlx::FromRow)]
pub struct Origin {
    id: DailyQuestionId,
    /// Its id in the copy.
    pub copied_from: DailyQuestionId,
    /// Fields that this release does not know, as JSON, for the copy of who imported the pair. `None` also when an
    /// answer was taken back or deleted here, because the fields may repeat its words.
    pub fields: Option<String>,
}

/// The questions of an imported pair with what they have of its copy.
macro_rules! select_origins {
    ($rest:literal) => {
        concat!(
            // An answer that was taken back before the import has 0.
            "SELECT d.id, d.copied_from,
                    CASE WHEN p.inviter_id = $2 AND NOT EXISTS (SELECT 1 FROM answers a
                         WHERE a.daily_question_id = d.id AND a.taken_back_at <> 0) THEN d.kept_fields END AS fields
             FROM daily_questions d JOIN pairs p ON p.id = d.pair_id
             WHERE d.pair_id = $1 AND d.copied_from IS NOT NULL AND ",
            $rest
        )
    };
}

/// What the cards numbered `first` to `last` have of their copy, for the copy of `person`.
pub async fn find_card_origins(
    tx: &mut Tx,
    pair: PairId,
    person: PersonId,
    (first, last): (i64, i64),
) -> Result<HashMap<DailyQuestionId, Origin>, StorageError> {
    let sql = select_origins!("d.card_number BETWEEN $3 AND $4");
    let rows = macros::fetch_all!(tx, "daily_questions" as Origin, sql, pair, person, first, last)?;
    Ok(rows.into_iter().map(|row: Origin| (row.id, row)).collect())
}

/// As `find_card_origins`, of the questions that no card opened.
pub async fn find_unopened_origins(
    tx: &mut Tx,
    pair: PairId,
    person: PersonId,
) -> Result<HashMap<DailyQuestionId, Origin>, StorageError> {
    let sql = select_origins!("d.card_number IS NULL");
    let rows = macros::fetch_all!(tx, "daily_questions" as Origin, sql, pair, person)?;
    Ok(rows.into_iter().map(|row: Origin| (row.id, row)).collect())
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
    pair: PairId,
    persons: [PersonId; 2],
    questions: &[Imported<'_>],
) -> Result<(), StorageError> {
    for piece in questions.chunks(PIECE) {
        insert_piece(tx, pair, piece).await?;
        insert_answers(tx, persons, piece).await?;
        insert_revisions(tx, piece).await?;
    }
    Ok(())
}

async fn insert_piece(tx: &mut Tx, pair: PairId, piece: &[Imported<'_>]) -> Result<(), StorageError> {
    let row = |imported: &Imported<'_>| {
        let question = imported.question;
        json!({
            "id": imported.id,
            "origin": question.id,
            "fields": imported.fields,
            "pair": pair,
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
         counted_from, opened_at, completed_at, card_number, copied_from, kept_fields)
         SELECT t.value->>'id', t.value->>'pair', CAST(t.value->>'number' AS BIGINT), t.value->>'key',
                t.value->>'section', t.value->>'wordings', CAST(t.value->>'version' AS BIGINT), t.value->>'date',
                t.value->>'from', CAST(t.value->>'at' AS BIGINT), CAST(t.value->>'completed' AS BIGINT),
                CAST(t.value->>'card' AS BIGINT), t.value->>'origin', t.value->>'fields' FROM",
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
    for Imported { id, question, .. } in piece {
        for (role, person) in [(Role::Parent, parent), (Role::Child, child)] {
            found.extend(question.answer_of(role).map(|answer| {
                json!({
                    "id": id,
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
    for Imported { id, own, revisions, .. } in piece {
        found.extend(revisions.iter().map(|(revision, body, at)| {
            json!({
                "id": id,
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
