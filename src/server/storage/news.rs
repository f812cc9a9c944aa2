//! What a reader of a feed asks when it is woken, in one statement, unless the wake-up says it (`line_news`).

use super::{StorageError, Tx, macros, unread};
use crate::domain::{DailyQuestionId, Event, EventKind, Millis, PairId, PersonId, SessionId};

/// Up to `limit` events after `cursor`, in order; the last of them says how many entries are unread. `None` when the
/// session has ended.
pub async fn find(
    tx: &mut Tx,
    person: PersonId,
    session: SessionId,
    cursor: i64,
    limit: i64,
) -> Result<Option<Vec<Event>>, StorageError> {
    // A session without news has one row without an event.
    let rows = macros::fetch_all!(
        tx,
        "events" as Row,
        concat!(
            "SELECT e.seq, e.kind, e.pair_id, e.daily_question_id, e.at, CASE WHEN e.seq IS NULL THEN 0 ELSE ",
            unread::count!("$2", "$5"),
            " END AS unread
             FROM sessions s LEFT JOIN events e ON e.person_id = $2 AND e.seq > $3
             WHERE s.id = $1
             ORDER BY e.seq LIMIT $4"
        ),
        session,
        person,
        cursor,
        limit,
        unread::kinds(),
    )?;
    if rows.is_empty() {
        return Ok(None);
    }
    let unread = rows.last().map(|row| row.unread);
    let mut events: Vec<Event> = rows.into_iter().filter_map(Row::into_event).collect();
    if let Some(last) = events.last_mut() {
        last.unread = unread;
    }
    Ok(Some(events))
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: Option<i64>,
    kind: Option<EventKind>,
    pair_id: Option<PairId>,
    daily_question_id: Option<DailyQuestionId>,
    at: Option<Millis>,
    unread: i64,
}

impl Row {
    fn into_event(self) -> Option<Event> {
        let (Some(seq), Some(kind), Some(at)) = (self.seq, self.kind, self.at) else { return None };
        Some(Event { seq, kind, pair: self.pair_id, daily_question: self.daily_question_id, at, unread: None })
    }
}
