//! Feeds: what each person was told, numbered per person.

use std::{collections::BTreeMap, str::FromStr};

use serde_json::json;

use super::{StorageError, Tx, macros, rows};
use crate::domain::{DailyQuestionId, Event, EventKind, Millis, PairId, PersonId};

/// A fact for one feed.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub person: PersonId,
    pub kind: EventKind,
    pub pair: Option<PairId>,
    pub daily_question: Option<DailyQuestionId>,
}

/// A row, by the names of the statement.
#[derive(serde::Serialize)]
struct Written {
    person: String,
    seq: i64,
    kind: &'static str,
    pair: Option<String>,
    question: Option<String>,
}

/// Writes facts into feeds, in the order given, and gives each its number. All feeds are taken at once and in id order:
/// the row lock on a person orders commits, so no reader of a feed can miss a lower number that commits late, and no
/// two transactions wait for one another in a circle.
pub async fn append(tx: &mut Tx, new: &[NewEvent], now: Millis) -> Result<Vec<i64>, StorageError> {
    let mut counts: BTreeMap<PersonId, i64> = BTreeMap::new();
    for event in new {
        *counts.entry(event.person).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    let persons = rows(counts.iter().map(|(person, count)| json!({ "id": person.to_string(), "n": count })));
    if tx.is_postgres() {
        let _held: Vec<(String,)> = macros::fetch_each!(
            tx,
            (String,),
            "SELECT p.id FROM persons p WHERE p.id IN (SELECT t.value->>'id' FROM",
            ") ORDER BY p.id FOR UPDATE",
            persons.as_str(),
        )?;
    }
    let lasts: Vec<(String, i64)> = macros::fetch_each!(
        tx,
        (String, i64),
        "UPDATE persons SET last_seq = last_seq + v.n FROM (SELECT t.value->>'id' AS id, CAST(t.value->>'n' AS BIGINT) AS n FROM",
        ") AS v WHERE persons.id = v.id RETURNING persons.id, persons.last_seq",
        persons.as_str(),
    )?;
    let mut next: BTreeMap<PersonId, i64> = BTreeMap::new();
    for (id, last) in lasts {
        let person: PersonId =
            id.parse().map_err(|_| StorageError::Inconsistent { table: "persons", id, column: "id" })?;
        next.insert(person, last - counts.get(&person).copied().unwrap_or(0) + 1);
    }
    let mut seqs = Vec::with_capacity(new.len());
    let mut written = Vec::with_capacity(new.len());
    for event in new {
        // A person that is gone has no feed.
        let seq = next.get_mut(&event.person).map_or(0, |next| {
            *next += 1;
            *next - 1
        });
        seqs.push(seq);
        if seq > 0 {
            written.push(Written {
                person: event.person.to_string(),
                seq,
                kind: event.kind.word(),
                pair: event.pair.map(|id| id.to_string()),
                question: event.daily_question.map(|id| id.to_string()),
            });
            tx.told.insert(event.person);
        }
    }
    macros::execute_each!(
        tx,
        "INSERT INTO events (person_id, seq, kind, pair_id, daily_question_id, at)
         SELECT t.value->>'person', CAST(t.value->>'seq' AS BIGINT), t.value->>'kind', t.value->>'pair', t.value->>'question', $2 FROM",
        "",
        rows(written),
        now.0,
    )?;
    Ok(seqs)
}

/// The number of the last event of a person's feed; 0 when there is none.
pub async fn last_seq(tx: &mut Tx, person: PersonId) -> Result<i64, StorageError> {
    let row: Option<(i64,)> =
        macros::fetch_optional!(tx, (i64,), "SELECT last_seq FROM persons WHERE id = $1", person.to_string())?;
    Ok(row.map_or(0, |(seq,)| seq))
}

/// The number of the oldest event still kept; `None` when the feed holds none.
pub async fn first_kept(tx: &mut Tx, person: PersonId) -> Result<Option<i64>, StorageError> {
    let row: (Option<i64>,) =
        macros::fetch_one!(tx, (Option<i64>,), "SELECT MIN(seq) FROM events WHERE person_id = $1", person.to_string())?;
    Ok(row.0)
}

/// Up to `limit` events after `cursor`, in order.
pub async fn find_after(tx: &mut Tx, person: PersonId, cursor: i64, limit: i64) -> Result<Vec<Event>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        Row,
        "SELECT seq, kind, pair_id, daily_question_id, at FROM events WHERE person_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",
        person.to_string(),
        cursor,
        limit,
    )?;
    rows.into_iter().map(Row::into_event).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    kind: String,
    pair_id: Option<String>,
    daily_question_id: Option<String>,
    at: i64,
}

impl Row {
    fn into_event(self) -> Result<Event, StorageError> {
        let broken = |column| StorageError::Inconsistent { table: "events", id: self.seq.to_string(), column };
        Ok(Event {
            seq: self.seq,
            kind: EventKind::from_stored(&self.kind),
            pair: optional_id(self.pair_id.as_deref()).map_err(|()| broken("pair_id"))?,
            daily_question: optional_id(self.daily_question_id.as_deref()).map_err(|()| broken("daily_question_id"))?,
            at: Millis(self.at),
            unread: None,
        })
    }
}

fn optional_id<T: FromStr>(text: Option<&str>) -> Result<Option<T>, ()> {
    text.map(|text| text.parse().map_err(|_| ())).transpose()
}
