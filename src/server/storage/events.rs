//! Feeds: the events of each person, numbered per person.

use std::collections::BTreeMap;

use super::{StorageError, Tx, macros, persons, rows};
use crate::domain::{DailyQuestionId, Event, EventKind, Millis, PairId, PersonId};

/// An event to be written into one feed.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub person: PersonId,
    pub kind: EventKind,
    pub pair: Option<PairId>,
    pub daily_question: Option<DailyQuestionId>,
}

/// A row for the statement, by its field names.
#[derive(serde::Serialize)]
struct Written {
    person: PersonId,
    seq: i64,
    kind: &'static str,
    pair: Option<PairId>,
    question: Option<DailyQuestionId>,
}

/// How many events a person gets.
#[derive(serde::Serialize)]
struct Count {
    id: PersonId,
    n: i64,
}

/// Writes events into feeds, in the order given, and returns their numbers. The lock on a person orders commits: no
/// reader can miss a lower number that commits later.
pub async fn append(tx: &mut Tx, new: &[NewEvent], now: Millis) -> Result<Vec<i64>, StorageError> {
    let mut counts: BTreeMap<PersonId, i64> = BTreeMap::new();
    for event in new {
        *counts.entry(event.person).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    persons::lock(tx, counts.keys().copied()).await?;
    let persons = rows(counts.iter().map(|(person, count)| Count { id: *person, n: *count }));
    let lasts = macros::fetch_each!(
        tx,
        "persons" as (PersonId, i64),
        "UPDATE persons SET last_seq = last_seq + v.n FROM (SELECT t.value->>'id' AS id,
         CAST(t.value->>'n' AS BIGINT) AS n FROM",
        ") AS v WHERE persons.id = v.id AND persons.deleted_at IS NULL RETURNING persons.id, persons.last_seq",
        persons,
    )?;
    let mut next: BTreeMap<PersonId, i64> = BTreeMap::new();
    for (person, last) in lasts {
        next.insert(person, last - counts.get(&person).copied().unwrap_or(0) + 1);
    }
    let mut seqs = Vec::with_capacity(new.len());
    let mut written = Vec::with_capacity(new.len());
    for event in new {
        // A deleted person has no feed.
        let seq = next.get_mut(&event.person).map_or(0, |next| {
            *next += 1;
            *next - 1
        });
        seqs.push(seq);
        if seq > 0 {
            written.push(Written {
                person: event.person,
                seq,
                kind: event.kind.word(),
                pair: event.pair,
                question: event.daily_question,
            });
            tx.written_feeds.insert(event.person);
        }
    }
    macros::execute_each!(
        tx,
        "INSERT INTO events (person_id, seq, kind, pair_id, daily_question_id, at)
         SELECT t.value->>'person', CAST(t.value->>'seq' AS BIGINT), t.value->>'kind', t.value->>'pair',
                t.value->>'question', $2 FROM",
        "",
        rows(written),
        now,
    )?;
    Ok(seqs)
}

/// The number of the last event of a person's feed; 0 when there is none.
pub async fn last_seq(tx: &mut Tx, person: PersonId) -> Result<i64, StorageError> {
    let row: Option<(i64,)> =
        macros::fetch_optional!(tx, (i64,), "SELECT last_seq FROM persons WHERE id = $1", person)?;
    Ok(row.map_or(0, |(seq,)| seq))
}

/// The number of the oldest event still kept; `None` when the feed holds none.
pub async fn first_kept(tx: &mut Tx, person: PersonId) -> Result<Option<i64>, StorageError> {
    let row: (Option<i64>,) =
        macros::fetch_one!(tx, (Option<i64>,), "SELECT MIN(seq) FROM events WHERE person_id = $1", person)?;
    Ok(row.0)
}

/// Up to `limit` events after `cursor`, in order.
pub async fn find_after(tx: &mut Tx, person: PersonId, cursor: i64, limit: i64) -> Result<Vec<Event>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "events" as Row,
        "SELECT seq, kind, pair_id, daily_question_id, at FROM events WHERE person_id = $1 AND seq > $2 ORDER BY seq
         LIMIT $3",
        person,
        cursor,
        limit,
    )?;
    Ok(rows.into_iter().map(Row::into_event).collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    kind: EventKind,
    pair_id: Option<PairId>,
    daily_question_id: Option<DailyQuestionId>,
    at: Millis,
}

impl Row {
    fn into_event(self) -> Event {
        Event {
            seq: self.seq,
            kind: self.kind,
            pair: self.pair_id,
            daily_question: self.daily_question_id,
            at: self.at,
            unread: None,
        }
    }
}
