//! Pairs that nobody can read any more, because their last reader is deleted.
//! Rules R182, R205.

use std::collections::HashSet;

use super::{StorageError, Tx, macros};
use crate::domain::{PairId, PersonId};

/// That a person `p` has a way in. The other member of an imported pair has none, and neither has a person who is
/// deleted.
macro_rules! with_a_way_in {
    ($before:literal) => {
        concat!(
            $before,
            " p.deleted_at IS NULL
             AND (p.recovery_hash IS NOT NULL OR p.earlier_recovery_hash IS NOT NULL
                  OR EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = p.id)
                  OR EXISTS (SELECT 1 FROM passkeys k WHERE k.person_id = p.id)
                  OR EXISTS (SELECT 1 FROM identities i WHERE i.person_id = p.id)
                  OR EXISTS (SELECT 1 FROM pending_recoveries r WHERE r.person_id = p.id))"
        )
    };
}

/// The members of a pair besides `person` with a way in.
pub async fn find_other(tx: &mut Tx, pair: PairId, person: PersonId) -> Result<Vec<PersonId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "members" as (PersonId,),
        with_a_way_in!(
            "SELECT m.person_id FROM members m JOIN persons p ON p.id = m.person_id
             WHERE m.pair_id = $1 AND m.person_id <> $2 AND"
        ),
        pair,
        person,
    )?;
    Ok(rows.into_iter().map(|(person,)| person).collect())
}

/// The pairs of a person that have members with a way in besides that person.
pub async fn find_shared(tx: &mut Tx, person: PersonId) -> Result<HashSet<PairId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "members" as (PairId,),
        with_a_way_in!(
            "SELECT m.pair_id FROM members mine JOIN members m ON m.pair_id = mine.pair_id
             JOIN persons p ON p.id = m.person_id
             WHERE mine.person_id = $1 AND m.person_id <> $1 AND"
        ),
        person,
    )?;
    Ok(rows.into_iter().map(|(pair,)| pair).collect())
}

/// Pairs that nobody can read, in the order of their ids: each member is deleted, or is the other member of an imported
/// pair, who never signed up. Somebody who signed up and has lost every way in is none of these.
pub async fn find_unread(tx: &mut Tx, after: &str) -> Result<Vec<PairId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "members" as (PairId,),
        "SELECT DISTINCT m.pair_id FROM members m JOIN persons p ON p.id = m.person_id
         WHERE m.pair_id > $1 AND p.deleted_at IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM members o JOIN persons q ON q.id = o.person_id
                         WHERE o.pair_id = m.pair_id AND q.deleted_at IS NULL AND q.consent_version <> '')
         ORDER BY m.pair_id LIMIT 100",
        after,
    )?;
    Ok(rows.into_iter().map(|(pair,)| pair).collect())
}

/// A member of a pair who is deleted.
pub async fn lookup_deleted(tx: &mut Tx, pair: PairId) -> Result<Option<PersonId>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "members" as (PersonId,),
        "SELECT MIN(m.person_id) FROM members m JOIN persons p ON p.id = m.person_id
         WHERE m.pair_id = $1 AND p.deleted_at IS NOT NULL HAVING COUNT(*) > 0",
        pair,
    )?;
    Ok(row.map(|(person,)| person))
}

/// Deletes the questions of a pair with all answers, and the names in it. The rows of the pair and of its seats stay,
/// blank, because those of former members refer to them.
pub async fn delete_everything(tx: &mut Tx, pair: PairId) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    for sql in [
        "DELETE FROM answer_revisions WHERE daily_question_id IN
         (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        "DELETE FROM answers WHERE daily_question_id IN (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        "DELETE FROM daily_questions WHERE pair_id = $1",
        "DELETE FROM asked WHERE pair_id = $1",
        "DELETE FROM invitations WHERE pair_id = $1",
        "UPDATE members SET muted = '', question_in_quiet = NULL, shows_presence = 1, unanswered_shelved = 0,
                relation_word = '', left_name = '' WHERE pair_id = $1",
        "UPDATE pairs SET copied_from = NULL, kept_fields = NULL WHERE id = $1",
    ] {
        macros::execute!(tx, sql, pair)?;
    }
    Ok(())
}
