//! Daily questions with their answers. `DailyQuestion::seen_by` says what a member may see of them.

mod row;

use std::collections::{HashMap, HashSet};

use super::{StorageError, Tx, macros, pairs::id_rows, rows};
use crate::domain::{DailyQuestion, DailyQuestionId, LocalDate, Millis, PairId, PersonId, Section};
pub(super) use row::Row;

macro_rules! question_columns {
    () => {
        "d.id, d.pair_id, d.number, d.question_key, d.section, d.wordings, d.version, d.local_date,
             d.counted_from,
                    d.opened_at, d.due_passed_at, d.shelved_at, d.completed_at, d.move_on,
                    pa.revision AS parent_revision, pa.body AS parent_body, pa.first_at AS parent_first_at,
             pa.at AS parent_at, pa.taken_back_at AS parent_taken_back_at, pa.sealed_at AS parent_sealed_at,
                    ca.revision AS child_revision, ca.body AS child_body, ca.first_at AS child_first_at,
             ca.at AS child_at, ca.taken_back_at AS child_taken_back_at, ca.sealed_at AS child_sealed_at "
    };
}

/// The joins of a question `d` with its answers.
macro_rules! question_answers {
    () => {
        "LEFT JOIN answers pa ON pa.daily_question_id = d.id AND pa.role = 'parent'
         LEFT JOIN answers ca ON ca.daily_question_id = d.id AND ca.role = 'child' "
    };
}

macro_rules! select_question {
    ($rest:literal) => {
        concat!("SELECT ", question_columns!(), "FROM daily_questions d ", question_answers!(), $rest)
    };
}

pub(super) use {question_answers, question_columns};

pub async fn insert(tx: &mut Tx, question: &DailyQuestion) -> Result<(), StorageError> {
    insert_all(tx, std::slice::from_ref(question)).await
}

/// A new question as a row for the statement, by its field names.
#[derive(serde::Serialize)]
struct Opened<'a> {
    id: DailyQuestionId,
    pair: PairId,
    number: u32,
    key: &'a str,
    section: &'static str,
    wordings: String,
    version: u32,
    date: Option<LocalDate>,
    from: Option<LocalDate>,
    at: Millis,
}

/// Inserts new questions, without answers.
pub async fn insert_all(tx: &mut Tx, questions: &[DailyQuestion]) -> Result<(), StorageError> {
    macros::execute_each!(
        tx,
        "INSERT INTO daily_questions (id, pair_id, number, question_key, section, wordings, version, local_date,
         counted_from, opened_at)
         SELECT t.value->>'id', t.value->>'pair', CAST(t.value->>'number' AS BIGINT), t.value->>'key',
                t.value->>'section', t.value->>'wordings',
                CAST(t.value->>'version' AS BIGINT), t.value->>'date', t.value->>'from', CAST(t.value->>'at' AS BIGINT)
                FROM",
        "",
        rows(questions.iter().map(|question| Opened {
            id: question.id,
            pair: question.pair_id,
            number: question.number,
            key: &question.key.0,
            section: question.section.word(),
            wordings: wordings_json(question),
            version: question.version,
            date: question.local_date,
            from: question.counted_from,
            at: question.opened_at,
        })),
    )?;
    Ok(())
}

/// Writes everything of a question but its answers. A section of a later release stays as it is stored. A complete card
/// without a number gets the pair's next one.
pub async fn save(tx: &mut Tx, question: &DailyQuestion) -> Result<(), StorageError> {
    macros::queue!(
        tx,
        "UPDATE daily_questions SET question_key = $2, section = CASE $3 WHEN 'other' THEN section ELSE $3 END,
                wordings = $4, version = $5, local_date = $6, counted_from = $7,
                opened_at = $8, due_passed_at = $9, shelved_at = $10, completed_at = $11, move_on = $12,
                card_number = CASE WHEN card_number IS NOT NULL OR CAST($11 AS BIGINT) IS NULL THEN card_number ELSE
                  (SELECT COALESCE(MAX(o.card_number), 0) + 1 FROM daily_questions o WHERE o.pair_id = $13) END
         WHERE id = $1",
        question.id,
        &question.key,
        question.section,
        &question.wordings,
        i64::from(question.version),
        question.local_date,
        question.counted_from,
        question.opened_at,
        question.due_passed_at,
        question.shelved_at,
        question.completed_at,
        question.move_on,
        question.pair_id,
    )
}

/// A question of a pair in which `person` has a seat.
pub async fn lookup_for(
    tx: &mut Tx,
    person: PersonId,
    id: DailyQuestionId,
) -> Result<Option<DailyQuestion>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "daily_questions" as Row,
        select_question!("JOIN members m ON m.pair_id = d.pair_id AND m.person_id = $2 WHERE d.id = $1"),
        id,
        person,
    )?;
    Ok(row.map(Row::into_question))
}

/// The newest question of a pair that is not shelved.
pub async fn lookup_current(tx: &mut Tx, pair: PairId) -> Result<Option<DailyQuestion>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "daily_questions" as Row,
        select_question!("WHERE d.pair_id = $1 AND d.shelved_at IS NULL ORDER BY d.number DESC LIMIT 1"),
        pair,
    )?;
    Ok(row.map(Row::into_question))
}

/// The open question of each of these pairs: neither complete nor shelved. A pair without one is ready for the next.
pub async fn find_open(tx: &mut Tx, pairs: &[PairId]) -> Result<HashMap<PairId, DailyQuestion>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        "daily_questions" as Row,
        select_question!("WHERE d.pair_id IN (SELECT t.value->>'id' FROM"),
        ") AND d.completed_at IS NULL AND d.shelved_at IS NULL",
        id_rows(pairs),
    )?;
    Ok(found.into_iter().map(|row| (row.pair_id, row.into_question())).collect())
}

/// Which of these pairs have a question of that date.
pub async fn find_dated(tx: &mut Tx, dates: &[(PairId, LocalDate)]) -> Result<HashSet<PairId>, StorageError> {
    #[derive(serde::Serialize)]
    struct Dated {
        pair: PairId,
        date: LocalDate,
    }
    let found = macros::fetch_each!(
        tx,
        "daily_questions" as (PairId,),
        "SELECT d.pair_id FROM (SELECT t.value->>'pair' AS pair_id, t.value->>'date' AS local_date FROM",
        ") AS v JOIN daily_questions d ON d.pair_id = v.pair_id AND d.local_date = v.local_date",
        rows(dates.iter().map(|(pair, date)| Dated { pair: *pair, date: *date })),
    )?;
    Ok(found.into_iter().map(|(pair,)| pair).collect())
}

/// The highest question number of each pair, and the section of that question.
pub async fn find_lasts(tx: &mut Tx, pairs: &[PairId]) -> Result<HashMap<PairId, (u32, Section)>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        "daily_questions" as (PairId, i64, Section),
        "SELECT d.pair_id, d.number, d.section FROM daily_questions d WHERE d.pair_id IN (SELECT t.value->>'id' FROM",
        ") AND d.number = (SELECT MAX(n.number) FROM daily_questions n WHERE n.pair_id = d.pair_id)",
        id_rows(pairs),
    )?;
    let last =
        |(pair, number, section): (PairId, i64, Section)| (pair, (number.try_into().unwrap_or(u32::MAX), section));
    Ok(found.into_iter().map(last).collect())
}

/// The pair's very first question.
pub async fn lookup_first(tx: &mut Tx, pair: PairId) -> Result<Option<DailyQuestion>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "daily_questions" as Row,
        select_question!("WHERE d.pair_id = $1 AND d.number = 1"),
        pair
    )?;
    Ok(row.map(Row::into_question))
}

/// The section of the question opened last.
pub async fn last_section(tx: &mut Tx, pair: PairId) -> Result<Option<Section>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "daily_questions" as (Section,),
        "SELECT section FROM daily_questions WHERE pair_id = $1 ORDER BY number DESC LIMIT 1",
        pair
    )?;
    Ok(row.map(|(section,)| section))
}

/// Shelved and not complete, oldest first.
pub async fn find_shelved(tx: &mut Tx, pair: PairId) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as Row,
        select_question!(
            "WHERE d.pair_id = $1 AND d.shelved_at IS NOT NULL AND d.completed_at IS NULL ORDER BY d.number"
        ),
        pair,
    )?;
    Ok(rows.into_iter().map(Row::into_question).collect())
}

/// All incomplete questions: what a closed pair's members still have of their own.
pub async fn find_incomplete(tx: &mut Tx, pair: PairId) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as Row,
        select_question!("WHERE d.pair_id = $1 AND d.completed_at IS NULL ORDER BY d.number"),
        pair
    )?;
    Ok(rows.into_iter().map(Row::into_question).collect())
}

/// One page of the archive: complete cards, newest first, of one section or all (`section` empty).
pub async fn find_complete(
    tx: &mut Tx,
    pair: PairId,
    section: Option<Section>,
    limit: i64,
    offset: i64,
) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as Row,
        select_question!(
            "WHERE d.pair_id = $1 AND d.completed_at IS NOT NULL AND ($2 = '' OR d.section = $2)
             ORDER BY d.card_number DESC LIMIT $3 OFFSET $4"
        ),
        pair,
        section.map_or("", Section::word),
        limit,
        offset,
    )?;
    Ok(rows.into_iter().map(Row::into_question).collect())
}

pub async fn count_complete(tx: &mut Tx, pair: PairId, section: Option<Section>) -> Result<i64, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM daily_questions WHERE pair_id = $1 AND completed_at IS NOT NULL
         AND ($2 = '' OR section = $2)",
        pair,
        section.map_or("", Section::word),
    )?;
    Ok(count)
}

/// The pair's card number of a complete question, from 1 in the order they opened.
pub async fn card_number(tx: &mut Tx, id: DailyQuestionId) -> Result<Option<i64>, StorageError> {
    let row: Option<(Option<i64>,)> =
        macros::fetch_optional!(tx, (Option<i64>,), "SELECT card_number FROM daily_questions WHERE id = $1", id)?;
    Ok(row.and_then(|(number,)| number))
}

/// The complete cards numbered `first` to `last`, in order.
pub async fn find_cards(tx: &mut Tx, pair: PairId, first: i64, last: i64) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as Row,
        select_question!("WHERE d.pair_id = $1 AND d.card_number BETWEEN $2 AND $3 ORDER BY d.card_number"),
        pair,
        first,
        last,
    )?;
    Ok(rows.into_iter().map(Row::into_question).collect())
}

fn wordings_json(question: &DailyQuestion) -> String {
    serde_json::to_string(&question.wordings).unwrap_or_default()
}
