//! Times that a clock which was ahead left in rows. What is brought back, column by column: only what would hold
//! something up for as long as the clock was wrong, and only where it does no harm if it is the clock of now that is
//! wrong, far behind.
//!
//! | column | what it would hold up | what is done |
//! |---|---|---|
//! | `pairs.next_due_at` | the pair's questions | computed anew (`jobs::future_rows`) |
//! | `deliveries.send_at` | a push, or a lease | due now; the outbox looks at quiet hours and expiry again |
//! | `sessions.rotated_at` | the rotation of the token | now |
//! | `sessions.previous_until` | the end of the token before | now |
//! | `hand_overs.expires_at` | the end of digits that live ten minutes | the row goes |
//! | `failures.at` | everything with a code | the row goes |
//! | `attempts.at` | the end of a second post's quarter of an hour | the row goes |
//! | `persons.earlier_recovery_until` | the end of the code before a renewal | a week from now |
//!
//! Judged where they are compared, and left as they are: `pairs.last_opened_*`, `swapped_date`, `paused_until`,
//! `daily_questions.counted_from`, `invitations.expires_at`, `sessions.created_at`, join tickets. Left alone, because a
//! time ahead only lets a row live longer and one brought back wrongly could end it: `sessions.last_used_at`,
//! `push_subscriptions.renewed_at`, `shown_at` and `opened_at`, `events.at`, `notifications.at`,
//! `deliveries.settled_at`.

use super::{StorageError, Tx, macros};
use crate::domain::{BELIEVED_AHEAD_DAYS, Millis, PairId};

/// A due minute is a day away at most (two where a date is skipped), seen from a clock that is right.
const LONGEST_WAIT_MS: i64 = 2 * Millis::DAY;
/// A failure counts for an hour: one that is dated later than the clocks of two nodes differ is of no use.
const SKEW_MS: i64 = 10 * Millis::MINUTE;
/// How long a recovery code opens after it was renewed (`services::recovery`).
const EARLIER_CODE_MS: i64 = 7 * Millis::DAY;

fn latest_believed(now: Millis) -> Millis {
    now.plus(BELIEVED_AHEAD_DAYS * Millis::DAY)
}

/// Pairs whose due minute is too far away to be right.
pub async fn find_pairs(tx: &mut Tx, now: Millis) -> Result<Vec<PairId>, StorageError> {
    let after = latest_believed(now).plus(LONGEST_WAIT_MS);
    let found =
        macros::fetch_all!(tx, "pairs" as (PairId,), "SELECT id FROM pairs WHERE next_due_at > $1 ORDER BY id", after)?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Whether any other row is to be brought back; a look that writes nothing.
pub async fn are_there(tx: &mut Tx, now: Millis) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM deliveries WHERE send_at > $1) + (SELECT COUNT(*) FROM hand_overs
         WHERE expires_at > $1)
                + (SELECT COUNT(*) FROM sessions WHERE rotated_at > $1 OR previous_until > $1) + (SELECT COUNT(*)
                FROM failures WHERE at > $2)
                + (SELECT COUNT(*) FROM attempts WHERE at > $2)
                + (SELECT COUNT(*) FROM persons WHERE earlier_recovery_hash IS NOT NULL
                AND earlier_recovery_until > $3)",
        latest_believed(now),
        now.plus(SKEW_MS),
        latest_believed(now).plus(EARLIER_CODE_MS),
    )?;
    Ok(count > 0)
}

/// Brings them back; gives how many.
pub async fn bring_back(tx: &mut Tx, now: Millis) -> Result<u64, StorageError> {
    let after = latest_believed(now);
    let sent = macros::execute!(tx, "UPDATE deliveries SET send_at = $2 WHERE send_at > $1", after, now)?;
    let sessions = macros::execute!(
        tx,
        "UPDATE sessions SET rotated_at = CASE WHEN rotated_at > $1 THEN $2 ELSE rotated_at END,
                previous_until = CASE WHEN previous_until > $1 THEN $2 ELSE previous_until END
         WHERE rotated_at > $1 OR previous_until > $1",
        after,
        now,
    )?;
    let hand_overs = macros::execute!(tx, "DELETE FROM hand_overs WHERE expires_at > $1", after)?;
    let failures = macros::execute!(tx, "DELETE FROM failures WHERE at > $1", now.plus(SKEW_MS))?;
    let attempts = macros::execute!(tx, "DELETE FROM attempts WHERE at > $1", now.plus(SKEW_MS))?;
    let codes = macros::execute!(
        tx,
        "UPDATE persons SET earlier_recovery_until = $2 WHERE earlier_recovery_hash IS NOT NULL
         AND earlier_recovery_until > $1",
        latest_believed(now).plus(EARLIER_CODE_MS),
        now.plus(EARLIER_CODE_MS),
    )?;
    tx.has_deliveries |= sent > 0;
    Ok(sent + sessions + hand_overs + failures + attempts + codes)
}
