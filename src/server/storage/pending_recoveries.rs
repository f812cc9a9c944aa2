//! Recovery codes that the operator made and that do not sign in yet. Rule R89.

use super::{StorageError, Tx, macros};
use crate::domain::{Millis, PersonId};

/// Stores the code that waits for a person, in place of an earlier one. The person is locked.
pub async fn set(tx: &mut Tx, person: PersonId, code_hash: &str, works_from: Millis) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "INSERT INTO pending_recoveries (person_id, code_hash, works_from) VALUES ($1, $2, $3)
         ON CONFLICT (person_id) DO UPDATE SET code_hash = excluded.code_hash, works_from = excluded.works_from",
        person,
        code_hash,
        works_from,
    )?;
    Ok(())
}

/// From when the code that waits for a person works.
pub async fn lookup(tx: &mut Tx, person: PersonId) -> Result<Option<Millis>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "pending_recoveries" as (Millis,),
        "SELECT works_from FROM pending_recoveries WHERE person_id = $1",
        person
    )?;
    Ok(row.map(|(works_from,)| works_from))
}

/// Whose code waits, and from when it works.
pub async fn lookup_by_code(tx: &mut Tx, code_hash: &str) -> Result<Option<(PersonId, Millis)>, StorageError> {
    macros::fetch_optional!(
        tx,
        "pending_recoveries" as (PersonId, Millis),
        "SELECT person_id, works_from FROM pending_recoveries WHERE code_hash = $1",
        code_hash
    )
}

/// Removes the code that waits for a person. Returns whether there was one.
pub async fn remove(tx: &mut Tx, person: PersonId) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    Ok(macros::execute!(tx, "DELETE FROM pending_recoveries WHERE person_id = $1", person)? > 0)
}
