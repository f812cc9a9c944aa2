//! Resets times in rows that a fast clock wrote.
//!
//! A column is reset only where its time would block something for as long as the clock was wrong, and where a reset
//! does no harm if it is today's clock that is wrong, far behind.
//!
//! | column | what it would block | what is done |
//! |---|---|---|
//! | `pairs.next_due_at` | the pair's questions | computed anew (`jobs::future_rows`) |
//! | `deliveries.send_at` | a push, or a lease | due now; the outbox checks quiet hours and expiry again |
//! | `fcm_calls.send_at` | a call about a topic, or a lease | due now; the loop checks its expiry again |
//! | `sessions.rotated_at` | the rotation of the token | set to now |
//! | `sessions.previous_until` | the end of the previous token | set to now |
//! | `hand_overs.expires_at` | the end of digits that live ten minutes | the row is deleted |
//! | `failures.at` | every use case with a code | the row is deleted |
//! | `attempts.at` | the end of the quarter of an hour in which a second post is recognised | the row is deleted |
//! | `persons.earlier_recovery_until` | the end of the code before a renewal | set to a week from now |
//!
//! These columns are left as they are, because the code that compares them ignores times too far ahead:
//! `pairs.last_opened_*`, `swapped_date`, `paused_until`, `daily_questions.counted_from`, `invitations.expires_at`,
//! `sessions.created_at`, `seat_returns.due_at` and `swept_at`, `pending_recoveries.works_from` and `swept_at`,
//! `identity_sign_ups.expires_at`, `proof_requests.expires_at`, and join tickets.
//!
//! These are left alone, because a time ahead only lets a row live longer, and a wrong reset could delete the row:
//! `sessions.last_used_at`, `push_subscriptions.renewed_at`, `shown_at` and `opened_at`, `events.at`,
//! `notifications.at`, `deliveries.settled_at`, `announcements.created_at`.

use super::{StorageError, Tx, macros};
use crate::domain::{BELIEVED_AHEAD_DAYS, Millis, PairId};

/// Longest time to a due minute by a right clock: a day, or two where a date is skipped.
const LONGEST_WAIT_MS: i64 = 2 * Millis::DAY;
/// Largest difference between the clocks of two nodes. A failure dated later than that is ignored.
const SKEW_MS: i64 = 10 * Millis::MINUTE;
/// How long a recovery code works after a renewal (`services::recovery`).
const EARLIER_CODE_MS: i64 = 7 * Millis::DAY;

fn latest_believed(now: Millis) -> Millis {
    now.plus(BELIEVED_AHEAD_DAYS * Millis::DAY)
}

/// Pairs whose due minute is further ahead than it can be.
pub async fn find_pairs(tx: &mut Tx, now: Millis) -> Result<Vec<PairId>, StorageError> {
    let after = latest_believed(now).plus(LONGEST_WAIT_MS);
    let found =
        macros::fetch_all!(tx, "pairs" as (PairId,), "SELECT id FROM pairs WHERE next_due_at > $1 ORDER BY id", after)?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Whether any other row is to be reset. Reads only.
pub async fn are_there(tx: &mut Tx, now: Millis) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT (SELECT COUNT(*) FROM deliveries WHERE send_at > $1) + (SELECT COUNT(*) FROM hand_overs
         WHERE expires_at > $1)
                + (SELECT COUNT(*) FROM sessions WHERE rotated_at > $1 OR previous_until > $1) + (SELECT COUNT(*)
                FROM failures WHERE at > $2)
                + (SELECT COUNT(*) FROM attempts WHERE at > $2) + (SELECT COUNT(*) FROM fcm_calls WHERE send_at > $1)
                + (SELECT COUNT(*) FROM persons WHERE earlier_recovery_hash IS NOT NULL
                AND earlier_recovery_until > $3)",
        latest_believed(now),
        now.plus(SKEW_MS),
        latest_believed(now).plus(EARLIER_CODE_MS),
    )?;
    Ok(count > 0)
}

/// The condition of a statement that changes rows: on PostgreSQL those that are free, because it waits for none
/// (`locks`).
macro_rules! change {
    ($tx:expr, $before:literal, $table:literal, $matching:literal, $($bind:expr),+ $(,)?) => {
        if $tx.is_postgres() {
            macros::execute!(
                $tx,
                concat!(
                    $before, " WHERE ctid = ANY(ARRAY(SELECT x.ctid FROM ", $table, " x WHERE ", $matching,
                    " FOR UPDATE SKIP LOCKED))"
                ),
                $($bind),+
            )
        } else {
            macros::execute!($tx, concat!($before, " WHERE ", $matching), $($bind),+)
        }
    };
}

/// Resets these rows. Returns how many.
pub async fn bring_back(tx: &mut Tx, now: Millis) -> Result<u64, StorageError> {
    let (after, skewed) = (latest_believed(now), now.plus(SKEW_MS));
    let sent = change!(tx, "UPDATE deliveries SET send_at = $2", "deliveries", "send_at > $1", after, now)?;
    let calls =
        change!(tx, "UPDATE fcm_calls SET send_at = $2, is_leased = 0", "fcm_calls", "send_at > $1", after, now)?;
    let sessions = change!(
        tx,
        "UPDATE sessions SET rotated_at = CASE WHEN rotated_at > $1 THEN $2 ELSE rotated_at END,
                previous_until = CASE WHEN previous_until > $1 THEN $2 ELSE previous_until END",
        "sessions",
        "(rotated_at > $1 OR previous_until > $1)",
        after,
        now,
    )?;
    let hand_overs = change!(tx, "DELETE FROM hand_overs", "hand_overs", "expires_at > $1", after)?;
    let failures = change!(tx, "DELETE FROM failures", "failures", "at > $1", skewed)?;
    let attempts = change!(tx, "DELETE FROM attempts", "attempts", "at > $1", skewed)?;
    let codes = change!(
        tx,
        "UPDATE persons SET earlier_recovery_until = $2",
        "persons",
        "earlier_recovery_hash IS NOT NULL AND earlier_recovery_until > $1",
        after.plus(EARLIER_CODE_MS),
        now.plus(EARLIER_CODE_MS),
    )?;
    tx.work.has_deliveries |= sent > 0;
    tx.work.has_calls |= calls > 0;
    Ok(sent + calls + sessions + hand_overs + failures + attempts + codes)
}
