//! Budgets of writes that all nodes share. Rule R88.

use super::{StorageError, Tx, macros};
use crate::domain::{Millis, PersonId};

/// Takes one write from a person's budget, of which `burst` are free at once and one more after every `every_ms`.
/// Returns false when it is used up (generic cell rate algorithm, ITU-T I.371). A row from a clock that was set back
/// by more than a second since counts as none; the clocks of nodes differ by less.
pub async fn take(tx: &mut Tx, person: PersonId, burst: u32, every_ms: i64, now: Millis) -> Result<bool, StorageError> {
    let taken = macros::execute!(
        tx,
        "INSERT INTO write_budgets (person_id, taken_at, full_at) VALUES ($1, $2, $2 + $3)
         ON CONFLICT (person_id) DO UPDATE
         SET taken_at = $2,
             full_at = $3 + CASE WHEN write_budgets.full_at > $2 AND write_budgets.taken_at <= $2 + 1000
                            THEN write_budgets.full_at ELSE $2 END
         WHERE $3 + CASE WHEN write_budgets.full_at > $2 AND write_budgets.taken_at <= $2 + 1000
                    THEN write_budgets.full_at ELSE $2 END <= $2 + $4",
        person,
        now,
        every_ms,
        i64::from(burst) * every_ms,
    )?;
    Ok(taken == 1)
}
