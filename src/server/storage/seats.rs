//! How many seats a person has or waits for.
//! Rules R62, R66, R176.

use super::{StorageError, Tx, macros};
use crate::domain::PersonId;

/// Whether these two share a running pair, or one of them waits for a seat in a running pair of the other.
pub async fn share_one(tx: &mut Tx, one: PersonId, two: PersonId) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM pairs p WHERE p.closed_at IS NULL
         AND p.id IN (SELECT m.pair_id FROM members m WHERE m.person_id = $1
                      UNION ALL SELECT r.pair_id FROM seat_returns r WHERE r.person_id = $1)
         AND p.id IN (SELECT m.pair_id FROM members m WHERE m.person_id = $2
                      UNION ALL SELECT r.pair_id FROM seat_returns r WHERE r.person_id = $2)",
        one,
        two,
    )?;
    Ok(count > 0)
}

/// Counts the running pairs of a person, with the other seat taken or not, and the seats that they wait for.
pub async fn count_running(tx: &mut Tx, person: PersonId) -> Result<i64, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM members m JOIN pairs p ON p.id = m.pair_id WHERE m.person_id = $1
                 AND p.closed_at IS NULL)
                + (SELECT COUNT(*) FROM seat_returns r WHERE r.person_id = $1)",
        person,
    )?;
    Ok(count)
}
