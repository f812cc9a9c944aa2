//! What lines have not read of the feeds that a transaction wrote. The transaction reads it as it ends, and a line
//! takes it instead of asking the database. A line that finds none here reads its feed, as after any other wake-up.

use std::{collections::BTreeMap, sync::Arc};

use crate::domain::{Event, PersonId, SessionId};

/// What the lines of each person have not read.
pub type News = BTreeMap<PersonId, Arc<[LineNews]>>;

/// What a line of a session had not read when the transaction was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineNews {
    pub session: SessionId,
    /// The number that the line had read to.
    pub after: i64,
    /// All events after it, in order; the last of them says how many entries are unread.
    pub events: Vec<Event>,
}

impl LineNews {
    /// The events after `cursor`. `None` if there may be others between it and these.
    pub fn events_after(&self, cursor: i64) -> Option<impl Iterator<Item = &Event>> {
        (self.after <= cursor).then(|| self.events.iter().filter(move |event| event.seq > cursor))
    }
}
