//! Pairs that nobody can read any more, because their last reader is deleted.
//! Rule R182.

use super::{StorageError, Tx, macros};
use crate::domain::{PairId, PersonId};

/// Whether a pair has a member besides `person` with a way in. The other member of an imported pair has none, and
/// neither has a person who is deleted.
pub async fn has_other_reader(tx: &mut Tx, pair: PairId, person: PersonId) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM members m JOIN persons p ON p.id = m.person_id
         WHERE m.pair_id = $1 AND m.person_id <> $2 AND p.deleted_at IS NULL
         AND (p.recovery_hash IS NOT NULL OR p.earlier_recovery_hash IS NOT NULL
              OR EXISTS (SELECT 1 FROM sessions s WHERE s.person_id = p.id)
              OR EXISTS (SELECT 1 FROM passkeys k WHERE k.person_id = p.id)
              OR EXISTS (SELECT 1 FROM identities i WHERE i.person_id = p.id)
              OR EXISTS (SELECT 1 FROM pending_recoveries r WHERE r.person_id = p.id))",
        pair,
        person,
    )?;
    Ok(count > 0)
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
