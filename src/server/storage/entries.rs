//! Inbox entries, newest first, and which of them are read.

use super::{StorageError, Tx, macros, sql_types::Known};
use crate::domain::{DailyQuestionId, Millis, NotificationId, NotificationKind, PairId, PersonId};

/// An entry of the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub pair: Option<PairId>,
    pub daily_question: Option<DailyQuestionId>,
    pub detail: String,
    pub at: Millis,
    pub is_read: bool,
    /// The wordings of its question, as JSON.
    pub wordings: Option<String>,
    pub is_complete: bool,
}

/// The latest entries of a person's inbox, newest first, and all entries about the account itself, which no amount of
/// other news may hide. Tests are left out.
pub async fn find_of(tx: &mut Tx, person: PersonId, limit: i64) -> Result<Vec<Entry>, StorageError> {
    let found = macros::fetch_all!(
        tx,
        "notifications" as EntryRow,
        "SELECT n.id, n.kind, n.pair_id, n.daily_question_id, n.detail, n.at, n.read_at, q.wordings, q.completed_at
         FROM notifications n LEFT JOIN daily_questions q ON q.id = n.daily_question_id
         WHERE n.person_id = $1 AND (n.kind IN ('recovery_used', 'recovery_renewed', 'handed_over', 'seat_asked',
         'seat_moved', 'way_in_added', 'way_in_removed', 'way_in_used', 'passkey_copied',
         'proof_asked') OR n.id IN (
           SELECT id FROM notifications WHERE person_id = $1 AND kind NOT IN ('test', 'recovery_used',
                  'recovery_renewed', 'handed_over', 'seat_asked', 'seat_moved', 'way_in_added', 'way_in_removed',
                  'way_in_used', 'passkey_copied', 'proof_asked')
           ORDER BY at DESC, seq DESC, id LIMIT $2))
         ORDER BY n.at DESC, n.seq DESC, n.id LIMIT 2 * $2",
        person,
        limit,
    )?;
    // Only the release that knows a kind shows it; this release may have been started after that one.
    Ok(found.into_iter().filter_map(EntryRow::into_entry).collect())
}

/// Counts unread entries. Kinds of a later release are not shown and not counted.
pub async fn count_unread(tx: &mut Tx, person: PersonId) -> Result<i64, StorageError> {
    let counts = macros::fetch_all!(
        tx,
        "notifications" as (Known<NotificationKind>, i64),
        "SELECT kind, COUNT(*) FROM notifications WHERE person_id = $1 AND read_at IS NULL GROUP BY kind",
        person
    )?;
    Ok(counts.into_iter().filter(|(kind, _)| kind.0.is_some()).map(|(_, count)| count).sum())
}

/// Marks all entries up to the event `seq` as read. Returns how many were unread.
pub async fn read_up_to(tx: &mut Tx, person: PersonId, seq: i64, now: Millis) -> Result<u64, StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "UPDATE notifications SET read_at = $3 WHERE person_id = $1 AND seq <= $2 AND read_at IS NULL",
        person,
        seq,
        now
    )
}

/// Marks one entry as read.
pub async fn read_one(tx: &mut Tx, person: PersonId, id: NotificationId, now: Millis) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE notifications SET read_at = $3 WHERE id = $2 AND person_id = $1 AND read_at IS NULL",
        person,
        id,
        now,
    )?;
    Ok(changed == 1)
}

/// Marks the entries of a kind as read.
pub async fn read_kind(
    tx: &mut Tx,
    person: PersonId,
    kind: NotificationKind,
    now: Millis,
) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE notifications SET read_at = $3 WHERE person_id = $1 AND kind = $2 AND read_at IS NULL",
        person,
        kind,
        now,
    )?;
    Ok(changed > 0)
}

/// Marks the entries of the event `seq` as read.
pub async fn read_at_seq(tx: &mut Tx, person: PersonId, seq: i64, now: Millis) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let changed = macros::execute!(
        tx,
        "UPDATE notifications SET read_at = $3 WHERE person_id = $1 AND seq = $2 AND read_at IS NULL",
        person,
        seq,
        now,
    )?;
    Ok(changed > 0)
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: NotificationId,
    kind: Known<NotificationKind>,
    pair_id: Option<PairId>,
    daily_question_id: Option<DailyQuestionId>,
    detail: String,
    at: Millis,
    read_at: Option<Millis>,
    wordings: Option<String>,
    completed_at: Option<Millis>,
}

impl EntryRow {
    /// `None` when its kind is of a later release.
    fn into_entry(self) -> Option<Entry> {
        Some(Entry {
            id: self.id,
            kind: self.kind.0?,
            pair: self.pair_id,
            daily_question: self.daily_question_id,
            detail: self.detail,
            at: self.at,
            is_read: self.read_at.is_some(),
            wordings: self.wordings,
            is_complete: self.completed_at.is_some(),
        })
    }
}
