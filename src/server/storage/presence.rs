//! The switch for presence of each member. Presence signals are in no table: see `notifier::presence_registry`.

use super::{StorageError, Tx, macros, sql_types::Flag};
use crate::domain::{PairId, PersonId};

/// Whether a member has the switch on: they show the other that they are here, and see it of the other.
pub async fn is_shown_by(tx: &mut Tx, person: PersonId, pair: PairId) -> Result<bool, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        (Flag,),
        "SELECT shows_presence FROM members WHERE pair_id = $1 AND person_id = $2",
        pair,
        person,
    )?;
    Ok(row.is_some_and(|(flag,)| flag.0))
}

/// Writes a member's switch. Returns whether it changed.
pub async fn update(tx: &mut Tx, person: PersonId, pair: PairId, is_shown: bool) -> Result<bool, StorageError> {
    tx.locks.expect_pair(pair);
    let changed = macros::execute!(
        tx,
        "UPDATE members SET shows_presence = $3 WHERE pair_id = $1 AND person_id = $2 AND shows_presence <> $3",
        pair,
        person,
        Flag(is_shown),
    )?;
    Ok(changed > 0)
}
