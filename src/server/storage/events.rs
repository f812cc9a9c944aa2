//! Feeds: what each person was told, numbered per person.

use std::str::FromStr;

use super::{StorageError, Tx, macros};
use crate::domain::{DailyQuestionId, Event, EventKind, Millis, PairId, PersonId};

/// Writes one fact into the feeds of `persons`. They are taken in id order: the row lock on a person
/// orders commits, so no reader of a feed can miss a lower number that commits late.
pub async fn append(
    tx: &mut Tx,
    persons: &[PersonId],
    kind: EventKind,
    pair: Option<PairId>,
    daily_question: Option<DailyQuestionId>,
    now: Millis,
) -> Result<(), StorageError> {
    let mut persons = persons.to_vec();
    persons.sort_unstable();
    persons.dedup();
    for person in persons {
        let (seq,): (i64,) =
            macros::fetch_one!(tx, (i64,), "UPDATE persons SET last_seq = last_seq + 1 WHERE id = $1 RETURNING last_seq", person.to_string())?;
        macros::execute!(
            tx,
            "INSERT INTO events (person_id, seq, kind, pair_id, daily_question_id, at) VALUES ($1, $2, $3, $4, $5, $6)",
            person.to_string(),
            seq,
            kind.word(),
            pair.map(|id| id.to_string()),
            daily_question.map(|id| id.to_string()),
            now.0,
        )?;
        tx.told.insert(person);
    }
    Ok(())
}

/// The number of the last event of a person's feed; 0 when there is none.
pub async fn last_seq(tx: &mut Tx, person: PersonId) -> Result<i64, StorageError> {
    let row: Option<(i64,)> = macros::fetch_optional!(tx, (i64,), "SELECT last_seq FROM persons WHERE id = $1", person.to_string())?;
    Ok(row.map_or(0, |(seq,)| seq))
}

/// The number of the oldest event still kept; `None` when the feed holds none.
pub async fn first_kept(tx: &mut Tx, person: PersonId) -> Result<Option<i64>, StorageError> {
    let row: (Option<i64>,) = macros::fetch_one!(tx, (Option<i64>,), "SELECT MIN(seq) FROM events WHERE person_id = $1", person.to_string())?;
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

/// Forgets events written before `before`.
pub async fn prune(tx: &mut Tx, before: Millis) -> Result<u64, StorageError> {
    macros::execute!(tx, "DELETE FROM events WHERE at < $1", before.0)
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
            kind: EventKind::from_word(&self.kind).ok_or_else(|| broken("kind"))?,
            pair: optional_id(self.pair_id.as_deref()).map_err(|()| broken("pair_id"))?,
            daily_question: optional_id(self.daily_question_id.as_deref()).map_err(|()| broken("daily_question_id"))?,
            at: Millis(self.at),
        })
    }
}

fn optional_id<T: FromStr>(text: Option<&str>) -> Result<Option<T>, ()> {
    text.map(|text| text.parse().map_err(|_| ())).transpose()
}
