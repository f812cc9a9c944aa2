//! When pairs are due, what was opened for them, and how many questions their seats left unanswered.
//! Rules R5, R14, R43.

use std::collections::{HashMap, HashSet};

use super::{StorageError, Tx, locks::Lock, macros, pairs::id_rows, rows};
use crate::domain::{LocalDate, Millis, PairId, Role};

/// What openings and swaps need to know of a pair besides the pair itself.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ScheduleState {
    pub last_opened_date: Option<LocalDate>,
    pub last_opened_at: Option<Millis>,
    /// The pair's local date of its last swap.
    pub swapped_date: Option<LocalDate>,
    /// How many shelved questions in a row each seat left unanswered since its member last acted.
    #[sqlx(try_from = "i64")]
    pub parent_unanswered: u32,
    #[sqlx(try_from = "i64")]
    pub child_unanswered: u32,
}

impl ScheduleState {
    /// Whether the pair has swapped a question on that date (or, in another zone, on the next).
    pub fn swapped_on(&self, today: LocalDate) -> bool {
        is_swapped(self.swapped_date, today)
    }
}

/// Whether a pair whose last swap was on `swapped_date` has swapped today.
pub fn is_swapped(swapped_date: Option<LocalDate>, today: LocalDate) -> bool {
    swapped_date.is_some_and(|date| date >= today && date.is_believed_on(today))
}

pub async fn lookup_state(tx: &mut Tx, pair: PairId) -> Result<ScheduleState, StorageError> {
    let found = find_states(tx, &[pair]).await?.remove(&pair);
    found.ok_or_else(|| StorageError::Inconsistent { table: "pairs", id: pair.to_string(), column: "id".to_owned() })
}

pub async fn find_states(tx: &mut Tx, pairs: &[PairId]) -> Result<HashMap<PairId, ScheduleState>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        "pairs" as ScheduleRow,
        "SELECT p.id, p.last_opened_date, p.last_opened_at, p.swapped_date,
                COALESCE((SELECT m.unanswered_shelved FROM members m WHERE m.pair_id = p.id
                AND m.role = 'parent'), 0) AS parent_unanswered,
                COALESCE((SELECT m.unanswered_shelved FROM members m WHERE m.pair_id = p.id
                AND m.role = 'child'), 0) AS child_unanswered
         FROM pairs p WHERE p.id IN (SELECT t.value->>'id' FROM",
        ")",
        id_rows(pairs),
    )?;
    Ok(found.into_iter().map(|row| (row.id, row.state)).collect())
}

pub async fn set_opened(tx: &mut Tx, pair: PairId, date: LocalDate, at: Millis) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::queue!(tx, "UPDATE pairs SET last_opened_date = $2, last_opened_at = $3 WHERE id = $1", pair, date, at)
}

/// As `set_opened`, for many.
pub async fn set_opened_all(tx: &mut Tx, opened: &[(PairId, LocalDate, Millis)]) -> Result<(), StorageError> {
    #[derive(serde::Serialize)]
    struct Opened {
        id: PairId,
        date: LocalDate,
        at: Millis,
    }
    for (pair, ..) in opened {
        tx.locks.expect_pair(*pair);
    }
    macros::execute_each!(
        tx,
        "UPDATE pairs SET last_opened_date = v.date, last_opened_at = v.at
         FROM (SELECT t.value->>'id' AS id, t.value->>'date' AS date, CAST(t.value->>'at' AS BIGINT) AS at FROM",
        ") AS v WHERE pairs.id = v.id",
        rows(opened.iter().map(|(pair, date, at)| Opened { id: *pair, date: *date, at: *at })),
    )?;
    Ok(())
}

pub async fn set_swapped(tx: &mut Tx, pair: PairId, date: LocalDate) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::queue!(tx, "UPDATE pairs SET swapped_date = $2 WHERE id = $1", pair, date)
}

/// Resets the count of a seat whose member acted.
pub async fn reset_unanswered(tx: &mut Tx, pair: PairId, role: Role) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::queue!(
        tx,
        "UPDATE members SET unanswered_shelved = 0 WHERE pair_id = $1 AND role = $2 AND unanswered_shelved > 0",
        pair,
        role,
    )
}

/// Counts a question that was shelved without this seat's answer.
pub async fn add_unanswered(tx: &mut Tx, pair: PairId, role: Role) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::queue!(
        tx,
        "UPDATE members SET unanswered_shelved = unanswered_shelved + 1 WHERE pair_id = $1 AND role = $2",
        pair,
        role,
    )
}

/// Up to `limit` pairs that are due at or before `now`, the longest due first. Pairs of one minute come in any order:
/// with an order among them, every batch would sort all that are left. On PostgreSQL their rows are locked, and rows
/// that another node has locked are skipped.
pub async fn find_due(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<PairId>, StorageError> {
    let rows = if tx.is_postgres() {
        macros::fetch_all!(
            tx,
            "pairs" as (PairId,),
            "SELECT id FROM pairs WHERE next_due_at IS NOT NULL AND next_due_at <= $1 ORDER BY next_due_at LIMIT $2
             FOR NO KEY UPDATE SKIP LOCKED",
            now,
            limit,
        )?
    } else {
        macros::fetch_all!(tx, "pairs" as (PairId,), FIND_DUE, now, limit)?
    };
    let due: Vec<PairId> = rows.into_iter().map(|(id,)| id).collect();
    hold(tx, due.iter().copied());
    Ok(due)
}

/// Records that the transaction holds these pairs, without a statement: on SQLite it is the only one that writes.
pub fn hold(tx: &mut Tx, pairs: impl IntoIterator<Item = PairId>) {
    for pair in pairs {
        tx.locks.own(Lock::Pair(pair));
    }
}

pub const FIND_DUE: &str =
    "SELECT id FROM pairs WHERE next_due_at IS NOT NULL AND next_due_at <= $1 ORDER BY next_due_at LIMIT $2";

/// As `find_due` without locks, for handling pairs one by one.
pub async fn find_due_unheld(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<PairId>, StorageError> {
    let rows = macros::fetch_all!(tx, "pairs" as (PairId,), FIND_DUE, now, limit)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Counts the pairs whose due minute has come.
pub async fn count_due(tx: &mut Tx, now: Millis) -> Result<i64, StorageError> {
    let (count,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM pairs WHERE next_due_at IS NOT NULL AND next_due_at <= $1",
        now
    )?;
    Ok(count)
}

/// The earliest due minute of all pairs.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Millis>, StorageError> {
    let (at,) =
        macros::fetch_one!(tx, (Option<Millis>,), "SELECT MIN(next_due_at) FROM pairs WHERE next_due_at IS NOT NULL")?;
    Ok(at)
}

/// Moves pairs' due minutes on (pair, the minute that was read, the next one) where the stored minute is the one that
/// was read. The pairs are locked. Returns the pairs that moved: a second node moves none.
pub async fn claim_due(tx: &mut Tx, moves: &[(PairId, Millis, Millis)]) -> Result<HashSet<PairId>, StorageError> {
    #[derive(serde::Serialize)]
    struct Move {
        id: PairId,
        due: Millis,
        next: Millis,
    }
    for (pair, ..) in moves {
        tx.locks.expect_pair(*pair);
    }
    let moved = macros::fetch_each!(
        tx,
        "pairs" as (PairId,),
        "UPDATE pairs SET next_due_at = v.next
         FROM (SELECT t.value->>'id' AS id, CAST(t.value->>'due' AS BIGINT) AS due,
               CAST(t.value->>'next' AS BIGINT) AS next FROM",
        ") AS v WHERE pairs.id = v.id AND pairs.next_due_at = v.due RETURNING pairs.id",
        rows(moves.iter().map(|(pair, due, next)| Move { id: *pair, due: *due, next: *next })),
    )?;
    Ok(moved.into_iter().map(|(id,)| id).collect())
}

#[derive(sqlx::FromRow)]
struct ScheduleRow {
    id: PairId,
    #[sqlx(flatten)]
    state: ScheduleState,
}
