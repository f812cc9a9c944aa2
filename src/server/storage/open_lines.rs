//! The look at all open lines of a node: which of them have something to read.

use std::collections::HashSet;

use super::{StorageError, Tx, macros, rows};
use crate::{
    domain::{PersonId, SessionId},
    server::notifier::connections::OpenLine,
};

/// Of these lines the persons whose feed has a later event than the line has read, or whose session has ended. One
/// statement for all of them, by primary keys only.
pub async fn find_to_wake(tx: &mut Tx, lines: &[OpenLine]) -> Result<Vec<PersonId>, StorageError> {
    let asked = rows(lines.iter().map(|line| (line.session, line.seq)));
    let found = macros::fetch_each!(
        tx,
        "sessions" as (SessionId,),
        "SELECT t.value->>0 FROM",
        "LEFT JOIN sessions s ON s.id = t.value->>0
         LEFT JOIN persons p ON p.id = s.person_id
         WHERE p.id IS NULL OR p.last_seq > CAST(t.value->>1 AS BIGINT)",
        asked.as_str(),
    )?;
    let found: HashSet<SessionId> = found.into_iter().map(|(session,)| session).collect();
    Ok(lines.iter().filter(|line| found.contains(&line.session)).map(|line| line.person).collect())
}
