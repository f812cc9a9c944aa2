//! Seats that move to another person, and who had them before.
//! Rules R176–R180.

use super::{StorageError, Tx, macros};
use crate::domain::{BELIEVED_AHEAD_DAYS, Millis, Pair, PairId, PersonId, RETURN_WAITS_MS, SeatReturn, Wait};

/// Stores that a person waits for a seat. The pair is locked, and no other return waits in it.
pub async fn insert(tx: &mut Tx, pair: PairId, returning: &SeatReturn, now: Millis) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(
        tx,
        "INSERT INTO seat_returns (pair_id, role, person_id, asked_at, due_at, swept_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        pair,
        returning.role,
        returning.person_id,
        now,
        returning.wait.until,
        returning.wait.swept_at,
    )?;
    Ok(())
}

/// The latest time of a move that a right clock can have written.
pub fn latest_due(now: Millis) -> Millis {
    now.plus(RETURN_WAITS_MS + BELIEVED_AHEAD_DAYS * Millis::DAY)
}

/// Changes when a seat moves. The pair is locked.
pub async fn set_wait(tx: &mut Tx, pair: PairId, wait: Wait) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(
        tx,
        "UPDATE seat_returns SET due_at = $2, swept_at = $3 WHERE pair_id = $1",
        pair,
        wait.until,
        wait.swept_at,
    )?;
    Ok(())
}

/// Removes the return that waits in a pair. Returns whether there was one.
pub async fn remove(tx: &mut Tx, pair: PairId) -> Result<bool, StorageError> {
    tx.locks.expect_pair(pair);
    Ok(macros::execute!(tx, "DELETE FROM seat_returns WHERE pair_id = $1", pair)? > 0)
}

/// Some of the pairs in which a person waits for a seat, in the order of their ids.
pub async fn find_after(tx: &mut Tx, after: Option<PairId>) -> Result<Vec<PairId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "seat_returns" as (PairId,),
        "SELECT pair_id FROM seat_returns WHERE pair_id > $1 ORDER BY pair_id LIMIT 100",
        after.map_or_else(String::new, |pair| pair.to_string()),
    )?;
    Ok(rows.into_iter().map(|(pair,)| pair).collect())
}

/// The pairs in which a person waits for a seat.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<PairId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "seat_returns" as (PairId,),
        "SELECT pair_id FROM seat_returns WHERE person_id = $1 ORDER BY pair_id",
        person
    )?;
    Ok(rows.into_iter().map(|(pair,)| pair).collect())
}

/// What a person without a seat in a pair is to it: whether they wait for a seat, and whether they had one that moved.
pub async fn lookup_outsider(tx: &mut Tx, pair: PairId, person: PersonId) -> Result<(bool, bool), StorageError> {
    let (waiting, former): (i64, i64) = macros::fetch_one!(
        tx,
        (i64, i64),
        "SELECT (SELECT COUNT(*) FROM seat_returns r WHERE r.pair_id = $1 AND r.person_id = $2),
                (SELECT COUNT(*) FROM former_members f WHERE f.person_id = $2 AND f.pair_id = $1)",
        pair,
        person,
    )?;
    Ok((waiting > 0, former > 0))
}

/// Moves a seat with everything that belongs to it from its person to the one who waits. Answers that no card has
/// opened are sealed. The inbox of the person before keeps nothing of the pair. The pair and everybody are locked.
pub async fn move_seat(
    tx: &mut Tx,
    pair: &Pair,
    from: PersonId,
    returning: &SeatReturn,
    now: Millis,
) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair.id);
    tx.locks.expect_person(from);
    remove(tx, pair.id).await?;
    // Switches are the choices of a person. The new person begins with the usual ones.
    macros::execute!(
        tx,
        "UPDATE members SET person_id = $3, muted = '', question_in_quiet = NULL, shows_presence = 1
         WHERE pair_id = $1 AND role = $2",
        pair.id,
        returning.role,
        returning.person_id,
    )?;
    macros::execute!(
        tx,
        "UPDATE pairs SET inviter_id = $3 WHERE id = $1 AND inviter_id = $2",
        pair.id,
        from,
        returning.person_id
    )?;
    // A key of a submission is known to the devices of the person before.
    macros::execute!(
        tx,
        "UPDATE answers SET person_id = $3, submission = NULL,
                sealed_at = CASE WHEN EXISTS (SELECT 1 FROM daily_questions d WHERE d.id = answers.daily_question_id
                                              AND d.completed_at IS NULL) THEN COALESCE(sealed_at, $4)
                            ELSE sealed_at END
         WHERE role = $2 AND daily_question_id IN (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        pair.id,
        returning.role,
        returning.person_id,
        now,
    )?;
    macros::execute!(
        tx,
        "DELETE FROM deliveries WHERE notification_id IN
         (SELECT n.id FROM notifications n WHERE n.person_id = $1 AND n.pair_id = $2)",
        from,
        pair.id,
    )?;
    macros::execute!(tx, "DELETE FROM notifications WHERE person_id = $1 AND pair_id = $2", from, pair.id)?;
    macros::execute!(
        tx,
        "DELETE FROM former_members WHERE person_id = $1 AND pair_id = $2",
        returning.person_id,
        pair.id
    )?;
    macros::execute!(
        tx,
        "INSERT INTO former_members (person_id, pair_id, moved_at) VALUES ($1, $2, $3)
         ON CONFLICT (person_id, pair_id) DO UPDATE SET moved_at = excluded.moved_at",
        from,
        pair.id,
        now,
    )?;
    Ok(())
}
