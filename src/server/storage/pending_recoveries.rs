//! Recovery codes that the operator made and that do not sign in yet. Rule R89.

use super::{StorageError, Tx, macros};
use crate::domain::{Millis, PersonId, Wait};

/// How long the person can refuse a code.
pub const NOTICE_MS: i64 = 2 * Millis::DAY;

fn wait(works_from: Millis, swept_at: Option<Millis>) -> Wait {
    Wait::from_stored(works_from, swept_at, NOTICE_MS)
}

/// Stores the code that waits for a person, in place of an earlier one. The person is locked.
pub async fn set(tx: &mut Tx, person: PersonId, code_hash: &str, wait: Wait) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "INSERT INTO pending_recoveries (person_id, code_hash, works_from, swept_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (person_id) DO UPDATE SET code_hash = excluded.code_hash, works_from = excluded.works_from,
                                               swept_at = excluded.swept_at",
        person,
        code_hash,
        wait.until,
        wait.swept_at,
    )?;
    Ok(())
}

/// Changes from when the code that waits for a person works. The person is locked.
pub async fn set_wait(tx: &mut Tx, person: PersonId, wait: Wait) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "UPDATE pending_recoveries SET works_from = $2, swept_at = $3 WHERE person_id = $1",
        person,
        wait.until,
        wait.swept_at,
    )?;
    Ok(())
}

/// From when the code that waits for a person works.
pub async fn lookup(tx: &mut Tx, person: PersonId) -> Result<Option<Wait>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "pending_recoveries" as (Millis, Option<Millis>),
        "SELECT works_from, swept_at FROM pending_recoveries WHERE person_id = $1",
        person
    )?;
    Ok(row.map(|(works_from, swept_at)| wait(works_from, swept_at)))
}

/// Whose code waits, and from when it works.
pub async fn lookup_by_code(tx: &mut Tx, code_hash: &str) -> Result<Option<(PersonId, Wait)>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "pending_recoveries" as (PersonId, Millis, Option<Millis>),
        "SELECT person_id, works_from, swept_at FROM pending_recoveries WHERE code_hash = $1",
        code_hash
    )?;
    Ok(row.map(|(person, works_from, swept_at)| (person, wait(works_from, swept_at))))
}

/// Some of the persons whose code does not work yet, in the order of their ids.
pub async fn find_after(tx: &mut Tx, after: Option<PersonId>) -> Result<Vec<PersonId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "pending_recoveries" as (PersonId,),
        "SELECT person_id FROM pending_recoveries WHERE person_id > $1 AND COALESCE(swept_at, 0) < works_from
         ORDER BY person_id LIMIT 100",
        after.map_or_else(String::new, |person| person.to_string()),
    )?;
    Ok(rows.into_iter().map(|(person,)| person).collect())
}

/// Removes the code that waits for a person. Returns whether there was one.
pub async fn remove(tx: &mut Tx, person: PersonId) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    Ok(macros::execute!(tx, "DELETE FROM pending_recoveries WHERE person_id = $1", person)? > 0)
}
