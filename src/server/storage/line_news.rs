//! What open lines have not read, read by the transaction that wrote it, as its last statement. It goes to SQLite in
//! the text that ends the transaction, so that no line asks the database on its own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::unread;
use crate::{
    domain::{DailyQuestionId, Event, EventKind, Millis, PairId, PersonId, SessionId},
    server::notifier::{
        connections::OpenLine,
        news::{LineNews, News},
    },
};

/// Most feeds and most lines that a transaction reads for. One that opens the questions of many pairs does not wait for
/// it.
pub(super) const MOST_LINES: usize = 8;

/// An event of a line, from the array of its columns.
#[derive(Deserialize)]
struct Row {
    /// The place of the line among those that were asked for.
    line: usize,
    seq: i64,
    kind: EventKind,
    pair: Option<PairId>,
    daily_question: Option<DailyQuestionId>,
    at: Millis,
    /// With the last event of the feed only.
    unread: Option<i64>,
}

/// Returns one row with one text, which is parsed after the commit: a row that cannot be decoded would break off the
/// text of the transaction before its end. JSON holds no bytes, so what should be text is cast. A line whose session
/// has ended, or that is more than 20 events behind, is not in it.
pub(super) const STATEMENT: &str = concat!(
    "SELECT json_group_array(json_array(l.key, e.seq, CAST(e.kind AS TEXT), CAST(e.pair_id AS TEXT),
       CAST(e.daily_question_id AS TEXT), e.at, CASE WHEN e.seq = p.last_seq THEN ",
    unread::count!("s.person_id", "$2"),
    " END) ORDER BY l.key, e.seq)
     FROM json_each($1) l
     JOIN sessions s ON s.id = l.value->>0
     JOIN persons p ON p.id = s.person_id AND p.last_seq <= l.value->>1 + 20
     JOIN events e ON e.person_id = p.id AND e.seq > l.value->>1"
);

/// The values of its placeholders.
pub(super) fn asked(lines: &[OpenLine]) -> [String; 2] {
    let lines: Vec<(SessionId, i64)> = lines.iter().map(|line| (line.session, line.seq)).collect();
    // Ids and numbers always serialise.
    [serde_json::to_string(&lines).unwrap_or_default(), unread::kinds().to_owned()]
}

/// What the statement has found for these lines. Nothing if it cannot be read: they read their feeds, which says why.
pub(super) fn found(lines: &[OpenLine], text: &[u8]) -> News {
    let rows: Vec<Row> = serde_json::from_slice(text).unwrap_or_default();
    let mut news: BTreeMap<PersonId, Vec<LineNews>> = BTreeMap::new();
    for of_line in rows.chunk_by(|one, next| one.line == next.line) {
        let Some(line) = of_line.first().and_then(|row| lines.get(row.line)) else { continue };
        let events = of_line.iter().map(Row::event).collect();
        let of_line = LineNews { session: line.session, after: line.seq, events };
        news.entry(line.person).or_default().push(of_line);
    }
    news.into_iter().map(|(person, lines)| (person, lines.into())).collect()
}

impl Row {
    fn event(&self) -> Event {
        let Self { seq, kind, pair, daily_question, at, unread, .. } = *self;
        Event { seq, kind, pair, daily_question, at, unread }
    }
}
