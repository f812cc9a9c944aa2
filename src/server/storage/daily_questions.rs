//! Questions opened for pairs, with their answers. What a member may see of them is `DailyQuestion::seen_by`.

use std::collections::{HashMap, HashSet};

use serde_json::json;

use super::{StorageError, Tx, macros, pairs::id_rows, rows};
use crate::domain::{
    Answer, AnswerBody, DailyQuestion, DailyQuestionId, LocalDate, Millis, PairId, PersonId, QuestionKey, Role, Section,
};

macro_rules! select_question {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.pair_id, d.number, d.question_key, d.section, d.wordings, d.version, d.local_date, d.counted_from,
                    d.opened_at, d.due_passed_at, d.shelved_at, d.completed_at, d.move_on,
                    pa.revision AS parent_revision, pa.body AS parent_body, pa.first_at AS parent_first_at, pa.at AS parent_at,
                    ca.revision AS child_revision, ca.body AS child_body, ca.first_at AS child_first_at, ca.at AS child_at
             FROM daily_questions d
             LEFT JOIN answers pa ON pa.daily_question_id = d.id AND pa.role = 'parent'
             LEFT JOIN answers ca ON ca.daily_question_id = d.id AND ca.role = 'child' ",
            $rest
        )
    };
}

pub async fn insert(tx: &mut Tx, question: &DailyQuestion) -> Result<(), StorageError> {
    insert_all(tx, std::slice::from_ref(question)).await
}

/// Writes questions just opened, without answers.
pub async fn insert_all(tx: &mut Tx, questions: &[DailyQuestion]) -> Result<(), StorageError> {
    macros::execute_each!(
        tx,
        "INSERT INTO daily_questions (id, pair_id, number, question_key, section, wordings, version, local_date, counted_from, opened_at)
         SELECT t.value->>'id', t.value->>'pair', CAST(t.value->>'number' AS BIGINT), t.value->>'key', t.value->>'section', t.value->>'wordings',
                CAST(t.value->>'version' AS BIGINT), t.value->>'date', t.value->>'from', CAST(t.value->>'at' AS BIGINT) FROM",
        "",
        rows(questions.iter().map(|question| {
            json!({
                "id": question.id.to_string(),
                "pair": question.pair_id.to_string(),
                "number": question.number,
                "key": question.key.0,
                "section": question.section.word(),
                "wordings": wordings_json(question),
                "version": question.version,
                "date": question.local_date.map(|date| date.to_string()),
                "from": question.counted_from.map(|date| date.to_string()),
                "at": question.opened_at.0,
            })
        })),
    )?;
    Ok(())
}

/// Writes everything of a question but its answers. A section of a later release stays as it is stored. A card that
/// completes gets the pair's next card number.
pub async fn save(tx: &mut Tx, question: &DailyQuestion) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE daily_questions SET question_key = $2, section = CASE $3 WHEN 'other' THEN section ELSE $3 END, wordings = $4, version = $5, local_date = $6, counted_from = $7,
                opened_at = $8, due_passed_at = $9, shelved_at = $10, completed_at = $11, move_on = $12
         WHERE id = $1",
        question.id.to_string(),
        question.key.0.as_str(),
        question.section.word(),
        wordings_json(question),
        i64::from(question.version),
        question.local_date.map(|date| date.to_string()),
        question.counted_from.map(|date| date.to_string()),
        question.opened_at.0,
        question.due_passed_at.map(|at| at.0),
        question.shelved_at.map(|at| at.0),
        question.completed_at.map(|at| at.0),
        question.move_on.map(Role::word),
    )?;
    if question.completed_at.is_some() {
        macros::execute!(
            tx,
            "UPDATE daily_questions
             SET card_number = (SELECT COALESCE(MAX(o.card_number), 0) + 1 FROM daily_questions o WHERE o.pair_id = $2)
             WHERE id = $1 AND card_number IS NULL",
            question.id.to_string(),
            question.pair_id.to_string(),
        )?;
    }
    Ok(())
}

/// A question of a pair in which `person` has a seat.
pub async fn lookup_for(
    tx: &mut Tx,
    person: PersonId,
    id: DailyQuestionId,
) -> Result<Option<DailyQuestion>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        Row,
        select_question!("JOIN members m ON m.pair_id = d.pair_id AND m.person_id = $2 WHERE d.id = $1"),
        id.to_string(),
        person.to_string(),
    )?;
    row.map(Row::into_question).transpose()
}

/// The newest question of a pair that is not shelved: the one of today.
pub async fn lookup_current(tx: &mut Tx, pair: PairId) -> Result<Option<DailyQuestion>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        Row,
        select_question!("WHERE d.pair_id = $1 AND d.shelved_at IS NULL ORDER BY d.number DESC LIMIT 1"),
        pair.to_string(),
    )?;
    row.map(Row::into_question).transpose()
}

/// Of each of these pairs the question that is open: neither complete nor shelved. Who has none is ready for the next.
pub async fn find_open(tx: &mut Tx, pairs: &[PairId]) -> Result<HashMap<PairId, DailyQuestion>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        Row,
        select_question!("WHERE d.pair_id IN (SELECT t.value->>'id' FROM"),
        ") AND d.completed_at IS NULL AND d.shelved_at IS NULL",
        id_rows(pairs),
    )?;
    found.into_iter().map(|row| row.into_question().map(|question| (question.pair_id, question))).collect()
}

/// Which of these pairs have a question of that date.
pub async fn find_dated(tx: &mut Tx, dates: &[(PairId, LocalDate)]) -> Result<HashSet<PairId>, StorageError> {
    let found: Vec<(String,)> = macros::fetch_each!(
        tx,
        (String,),
        "SELECT d.pair_id FROM (SELECT t.value->>'pair' AS pair_id, t.value->>'date' AS local_date FROM",
        ") AS v JOIN daily_questions d ON d.pair_id = v.pair_id AND d.local_date = v.local_date",
        rows(dates.iter().map(|(pair, date)| json!({ "pair": pair.to_string(), "date": date.to_string() }))),
    )?;
    let broken = |id| StorageError::Inconsistent { table: "daily_questions", id, column: "pair_id" };
    found.into_iter().map(|(pair,)| pair.parse().map_err(|_| broken(pair))).collect()
}

/// The highest number each pair has given out, and the section of that question.
pub async fn find_lasts(tx: &mut Tx, pairs: &[PairId]) -> Result<HashMap<PairId, (u32, Section)>, StorageError> {
    let found: Vec<(String, i64, String)> = macros::fetch_each!(
        tx,
        (String, i64, String),
        "SELECT d.pair_id, d.number, d.section FROM daily_questions d WHERE d.pair_id IN (SELECT t.value->>'id' FROM",
        ") AND d.number = (SELECT MAX(n.number) FROM daily_questions n WHERE n.pair_id = d.pair_id)",
        id_rows(pairs),
    )?;
    let found = found.into_iter().map(|(pair, number, section)| {
        let broken = |column| StorageError::Inconsistent { table: "daily_questions", id: pair.clone(), column };
        let last = (number.try_into().unwrap_or(u32::MAX), Section::from_stored(&section));
        Ok((pair.parse().map_err(|_| broken("pair_id"))?, last))
    });
    found.collect()
}

/// The pair's very first question.
pub async fn lookup_first(tx: &mut Tx, pair: PairId) -> Result<Option<DailyQuestion>, StorageError> {
    let row =
        macros::fetch_optional!(tx, Row, select_question!("WHERE d.pair_id = $1 AND d.number = 1"), pair.to_string())?;
    row.map(Row::into_question).transpose()
}

/// The section of the question opened last.
pub async fn last_section(tx: &mut Tx, pair: PairId) -> Result<Option<Section>, StorageError> {
    let row: Option<(String,)> = macros::fetch_optional!(
        tx,
        (String,),
        "SELECT section FROM daily_questions WHERE pair_id = $1 ORDER BY number DESC LIMIT 1",
        pair.to_string()
    )?;
    Ok(row.map(|(word,)| Section::from_stored(&word)))
}

/// Shelved and not complete, oldest first.
pub async fn find_shelved(tx: &mut Tx, pair: PairId) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        Row,
        select_question!(
            "WHERE d.pair_id = $1 AND d.shelved_at IS NOT NULL AND d.completed_at IS NULL ORDER BY d.number"
        ),
        pair.to_string(),
    )?;
    rows.into_iter().map(Row::into_question).collect()
}

/// Everything not complete: what a closed pair's members still have of their own.
pub async fn find_incomplete(tx: &mut Tx, pair: PairId) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        Row,
        select_question!("WHERE d.pair_id = $1 AND d.completed_at IS NULL ORDER BY d.number"),
        pair.to_string()
    )?;
    rows.into_iter().map(Row::into_question).collect()
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
        Row,
        select_question!(
            "WHERE d.pair_id = $1 AND d.completed_at IS NOT NULL AND ($2 = '' OR d.section = $2) ORDER BY d.card_number DESC LIMIT $3 OFFSET $4"
        ),
        pair.to_string(),
        section.map_or("", Section::word),
        limit,
        offset,
    )?;
    rows.into_iter().map(Row::into_question).collect()
}

pub async fn count_complete(tx: &mut Tx, pair: PairId, section: Option<Section>) -> Result<i64, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM daily_questions WHERE pair_id = $1 AND completed_at IS NOT NULL AND ($2 = '' OR section = $2)",
        pair.to_string(),
        section.map_or("", Section::word),
    )?;
    Ok(count)
}

/// The pair's card number of a complete question, from 1 in the order they opened.
pub async fn card_number(tx: &mut Tx, id: DailyQuestionId) -> Result<Option<i64>, StorageError> {
    let row: Option<(Option<i64>,)> = macros::fetch_optional!(
        tx,
        (Option<i64>,),
        "SELECT card_number FROM daily_questions WHERE id = $1",
        id.to_string()
    )?;
    Ok(row.and_then(|(number,)| number))
}

/// The complete cards numbered `first` to `last`, in order.
pub async fn find_cards(tx: &mut Tx, pair: PairId, first: i64, last: i64) -> Result<Vec<DailyQuestion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        Row,
        select_question!("WHERE d.pair_id = $1 AND d.card_number BETWEEN $2 AND $3 ORDER BY d.card_number"),
        pair.to_string(),
        first,
        last,
    )?;
    rows.into_iter().map(Row::into_question).collect()
}

fn wordings_json(question: &DailyQuestion) -> String {
    serde_json::to_string(&question.wordings).unwrap_or_default()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    pair_id: String,
    number: i64,
    question_key: String,
    section: String,
    wordings: String,
    version: i64,
    local_date: Option<String>,
    counted_from: Option<String>,
    opened_at: i64,
    due_passed_at: Option<i64>,
    shelved_at: Option<i64>,
    completed_at: Option<i64>,
    move_on: Option<String>,
    parent_revision: Option<i64>,
    parent_body: Option<String>,
    parent_first_at: Option<i64>,
    parent_at: Option<i64>,
    child_revision: Option<i64>,
    child_body: Option<String>,
    child_first_at: Option<i64>,
    child_at: Option<i64>,
}

impl Row {
    fn into_question(self) -> Result<DailyQuestion, StorageError> {
        let id = self.id.clone();
        let broken = |column| StorageError::Inconsistent { table: "daily_questions", id: id.clone(), column };
        let date = |text: Option<String>, column| {
            text.map(|text| text.parse::<LocalDate>().map_err(|_| broken(column))).transpose()
        };
        Ok(DailyQuestion {
            id: self.id.parse().map_err(|_| broken("id"))?,
            pair_id: self.pair_id.parse().map_err(|_| broken("pair_id"))?,
            number: self.number.try_into().map_err(|_| broken("number"))?,
            key: QuestionKey(self.question_key),
            section: Section::from_stored(&self.section),
            wordings: serde_json::from_str(&self.wordings).map_err(|_| broken("wordings"))?,
            version: self.version.try_into().map_err(|_| broken("version"))?,
            local_date: date(self.local_date, "local_date")?,
            counted_from: date(self.counted_from, "counted_from")?,
            opened_at: Millis(self.opened_at),
            due_passed_at: self.due_passed_at.map(Millis),
            shelved_at: self.shelved_at.map(Millis),
            completed_at: self.completed_at.map(Millis),
            move_on: self
                .move_on
                .as_deref()
                .map(|word| Role::from_word(word).ok_or_else(|| broken("move_on")))
                .transpose()?,
            parent: answer(self.parent_revision, self.parent_body, self.parent_first_at, self.parent_at),
            child: answer(self.child_revision, self.child_body, self.child_first_at, self.child_at),
        })
    }
}

fn answer(revision: Option<i64>, body: Option<String>, first_at: Option<i64>, at: Option<i64>) -> Option<Answer> {
    Some(Answer {
        revision: revision?.try_into().unwrap_or(u32::MAX),
        body: AnswerBody::from_stored(body?),
        first_at: Millis(first_at?),
        at: Millis(at?),
    })
}
