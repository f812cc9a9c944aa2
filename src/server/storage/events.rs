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
    /// How many events follow for the same person.
    back: i64,
    kind: &'static str,
    pair: Option<PairId>,
    question: Option<DailyQuestionId>,
}

/// How many events a person gets, and how many first answers the person gave with them.
#[derive(serde::Serialize)]
struct Count {
    id: PersonId,
    n: i64,
    answers: i64,
}

macro_rules! count_events {
    ($rows:literal) => {
        concat!(
            "UPDATE persons SET last_seq = last_seq + v.n, answers_given = answers_given + v.answers
             FROM (SELECT t.value->>'id' AS id, CAST(t.value->>'n' AS BIGINT) AS n,
                          CAST(t.value->>'answers' AS BIGINT) AS answers FROM ",
            $rows,
            ") AS v WHERE persons.id = v.id AND persons.deleted_at IS NULL"
        )
    };
}

macro_rules! insert_events {
    ($rows:literal, $persons:literal) => {
        concat!(
            "INSERT INTO events (person_id, seq, kind, pair_id, daily_question_id, at)
             SELECT p.id, p.last_seq - CAST(t.value->>'back' AS BIGINT), t.value->>'kind', t.value->>'pair',
                    t.value->>'question', $3 FROM ",
            $rows,
            " CROSS JOIN ",
            $persons,
            " p WHERE p.id = t.value->>'person'"
        )
    };
}

const APPEND_ON_SQLITE: &str = concat!(
    count_events!("jsonb_each($1) AS t"),
    "; ",
    insert_events!("jsonb_each($2) AS t", "persons"),
    " AND p.deleted_at IS NULL"
);

const APPEND_ON_POSTGRES: &str = concat!(
    "WITH counted AS (",
    count_events!("jsonb_array_elements($1::jsonb) AS t(value)"),
    " RETURNING persons.id, persons.last_seq) ",
    insert_events!("jsonb_array_elements($2::jsonb) AS t(value)", "counted"),
);

/// Writes events into feeds, in the order given. Returns for each how many of them follow for the same person: its
/// number is that of the person's last event less these. A deleted person has no feed. The lock on a person orders
/// commits: no reader can miss a lower number that commits later. `answered` is who gave a first answer with one of the
/// events: it is counted with the events, in the same row.
pub async fn append(
    tx: &mut Tx,
    new: &[NewEvent],
    answered: Option<PersonId>,
    now: Millis,
) -> Result<Vec<i64>, StorageError> {
    let mut counts: BTreeMap<PersonId, i64> = BTreeMap::new();
    for event in new {
        *counts.entry(event.person).or_default() += 1;
    }
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    persons::lock(tx, counts.keys().copied()).await?;
    tx.written_feeds.extend(counts.keys().copied());
    let counted = |(id, n): (&PersonId, &i64)| Count { id: *id, n: *n, answers: i64::from(answered == Some(*id)) };
    let persons = rows(counts.iter().map(counted));
    let following = new.iter().map(|event| {
        counts.get_mut(&event.person).map_or(0, |left| {
            *left -= 1;
            *left
        })
    });
    let following: Vec<i64> = following.collect();
    let written = rows(new.iter().zip(&following).map(|(event, back)| Written {
        person: event.person,
        back: *back,
        kind: event.kind.word(),
        pair: event.pair,
        question: event.daily_question,
    }));
    let sql = if tx.is_postgres() { APPEND_ON_POSTGRES } else { APPEND_ON_SQLITE };
    macros::queue!(tx, sql, persons, written, now)?;
    Ok(following)
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
