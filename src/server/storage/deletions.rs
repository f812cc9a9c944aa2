//! Accounts that their persons want deleted, and the deletion itself.
//! Rules R171–R175, R182.

use super::{StorageError, Tx, locks::Lock, macros};
use crate::domain::{Answer, Millis, PairId, PersonId, Role, WordsOnDeletion};

/// A deletion that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Deletion {
    pub asked_at: Millis,
    /// When the person's data is deleted.
    pub due_at: Millis,
}

/// What a deletion does to one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairDeletion {
    pub pair: PairId,
    pub words: WordsOnDeletion,
    /// Whether the pair goes on when the deletion is taken back.
    pub reopens: bool,
}

pub async fn insert(
    tx: &mut Tx,
    person: PersonId,
    deletion: Deletion,
    pairs: &[PairDeletion],
) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(
        tx,
        "INSERT INTO deletions (person_id, asked_at, due_at) VALUES ($1, $2, $3)",
        person,
        deletion.asked_at,
        deletion.due_at,
    )?;
    for of_pair in pairs {
        macros::execute!(
            tx,
            "INSERT INTO deletion_pairs (person_id, pair_id, words, reopens) VALUES ($1, $2, $3, $4)",
            person,
            of_pair.pair,
            of_pair.words.word(),
            i64::from(of_pair.reopens),
        )?;
    }
    Ok(())
}

pub async fn lookup(tx: &mut Tx, person: PersonId) -> Result<Option<Deletion>, StorageError> {
    macros::fetch_optional!(
        tx,
        "deletions" as Deletion,
        "SELECT asked_at, due_at FROM deletions WHERE person_id = $1",
        person
    )
}

pub async fn find_pairs(tx: &mut Tx, person: PersonId) -> Result<Vec<PairDeletion>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "deletion_pairs" as (PairId, String, i64),
        "SELECT pair_id, words, reopens FROM deletion_pairs WHERE person_id = $1 ORDER BY pair_id",
        person
    )?;
    let of_row = |(pair, words, reopens): (PairId, String, i64)| PairDeletion {
        pair,
        words: WordsOnDeletion::from_stored(&words),
        reopens: reopens != 0,
    };
    Ok(rows.into_iter().map(of_row).collect())
}

/// Whether this person's account is deleted or about to be.
pub async fn is_going(tx: &mut Tx, person: PersonId) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM persons p WHERE p.id = $1
         AND (p.deleted_at IS NOT NULL OR EXISTS (SELECT 1 FROM deletions d WHERE d.person_id = p.id))",
        person,
    )?;
    Ok(count > 0)
}

/// The pair goes on when `person`, who also has a deletion asked for, takes it back.
pub async fn set_reopens(tx: &mut Tx, person: PersonId, pair: PairId) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE deletion_pairs SET reopens = 1 WHERE person_id = $1 AND pair_id = $2", person, pair)?;
    Ok(())
}

/// The persons whose data is to be deleted by now.
pub async fn find_due(tx: &mut Tx, now: Millis) -> Result<Vec<PersonId>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "deletions" as (PersonId,),
        "SELECT person_id FROM deletions WHERE due_at <= $1 ORDER BY due_at LIMIT 100",
        now
    )?;
    Ok(rows.into_iter().map(|(person,)| person).collect())
}

/// Changes when a deletion is carried out.
pub async fn set_due(tx: &mut Tx, person: PersonId, due_at: Millis) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(tx, "UPDATE deletions SET due_at = $2 WHERE person_id = $1", person, due_at)?;
    Ok(())
}

/// Makes a closed pair run again. Its members are called by their present names.
pub async fn reopen_pair(tx: &mut Tx, pair: PairId) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(tx, "UPDATE members SET left_name = NULL WHERE pair_id = $1", pair)?;
    macros::execute!(tx, "UPDATE pairs SET closed_at = NULL WHERE id = $1", pair)?;
    Ok(())
}

/// The pair does not go on when a deletion is taken back.
pub async fn close_for_good(tx: &mut Tx, pair: PairId) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(tx, "UPDATE deletion_pairs SET reopens = 0 WHERE pair_id = $1", pair)?;
    Ok(())
}

/// Ends a deletion: it was taken back or carried out.
pub async fn remove(tx: &mut Tx, person: PersonId) -> Result<(), StorageError> {
    tx.locks.expect_person(person);
    macros::execute!(tx, "DELETE FROM deletions WHERE person_id = $1", person)?;
    Ok(())
}

/// Words that go from a pair.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct WordCounts {
    /// Answers whose text goes, with their row or without it.
    pub answers: i64,
    /// Earlier revisions of answers.
    pub revisions: i64,
}

/// What goes of a person beside the words of pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct OwnCounts {
    pub notifications: i64,
    pub devices: i64,
    pub sessions: i64,
}

pub async fn count_own(tx: &mut Tx, person: PersonId) -> Result<OwnCounts, StorageError> {
    macros::fetch_one!(
        tx,
        "persons" as OwnCounts,
        "SELECT (SELECT COUNT(*) FROM notifications n WHERE n.person_id = $1) AS notifications,
                (SELECT COUNT(*) FROM push_subscriptions s WHERE s.person_id = $1) AS devices,
                (SELECT COUNT(*) FROM sessions s WHERE s.person_id = $1) AS sessions",
        person,
    )
}

/// All words of a pair.
pub async fn count_everything(tx: &mut Tx, pair: PairId) -> Result<WordCounts, StorageError> {
    macros::fetch_one!(
        tx,
        "pairs" as WordCounts,
        "SELECT (SELECT COUNT(*) FROM answers a JOIN daily_questions d ON d.id = a.daily_question_id
                 WHERE d.pair_id = $1 AND a.body <> '') AS answers,
                (SELECT COUNT(*) FROM answer_revisions r JOIN daily_questions d ON d.id = r.daily_question_id
                 WHERE d.pair_id = $1) AS revisions",
        pair,
    )
}

/// The words of a seat that go, as `words` says.
pub async fn count_of_seat(
    tx: &mut Tx,
    pair: PairId,
    role: Role,
    words: WordsOnDeletion,
) -> Result<WordCounts, StorageError> {
    macros::fetch_one!(
        tx,
        "pairs" as WordCounts,
        "SELECT (SELECT COUNT(*) FROM answers a JOIN daily_questions d ON d.id = a.daily_question_id
                 WHERE d.pair_id = $1 AND a.role = $2 AND a.body <> ''
                 AND ($3 = 'erase' OR d.completed_at IS NULL OR a.taken_back_at IS NOT NULL)) AS answers,
                (SELECT COUNT(*) FROM answer_revisions r JOIN daily_questions d ON d.id = r.daily_question_id
                 WHERE d.pair_id = $1 AND r.role = $2) AS revisions",
        pair,
        role,
        words.word(),
    )
}

/// Deletes a seat's words in a pair, as `words` says. Earlier revisions and the answers that no card opened go in any
/// case, because only their author could read them.
pub async fn delete_words(
    tx: &mut Tx,
    pair: PairId,
    role: Role,
    words: WordsOnDeletion,
    now: Millis,
) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(
        tx,
        "DELETE FROM answer_revisions WHERE role = $2
         AND daily_question_id IN (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        pair,
        role,
    )?;
    macros::execute!(
        tx,
        "DELETE FROM answers WHERE role = $2 AND daily_question_id IN
         (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1 AND d.completed_at IS NULL)",
        pair,
        role,
    )?;
    // An answer that was taken back from a card does not stay with the other either.
    macros::execute!(
        tx,
        "UPDATE answers SET submission = NULL,
                body = CASE WHEN $3 = 'erase' OR taken_back_at IS NOT NULL THEN '' ELSE body END,
                taken_back_at = CASE WHEN $3 = 'erase' THEN COALESCE(taken_back_at, $4) ELSE taken_back_at END
         WHERE role = $2 AND daily_question_id IN (SELECT d.id FROM daily_questions d WHERE d.pair_id = $1)",
        pair,
        role,
        words.word(),
        // No card offers to restore what is deleted.
        now.plus(-Answer::RESTORED_FOR_MS),
    )?;
    macros::execute!(
        tx,
        "UPDATE members SET muted = '', question_in_quiet = NULL, shows_presence = 1, unanswered_shelved = 0,
                relation_word = CASE WHEN $3 = 'erase' THEN '' ELSE relation_word END,
                left_name = CASE WHEN $3 = 'erase' THEN '' ELSE left_name END
         WHERE pair_id = $1 AND role = $2",
        pair,
        role,
        words.word(),
    )?;
    macros::execute!(tx, "DELETE FROM invitations WHERE pair_id = $1", pair)?;
    // What a later release wrote into an imported copy may repeat the words.
    macros::execute!(tx, "UPDATE pairs SET kept_fields = NULL WHERE id = $1 AND kept_fields IS NOT NULL", pair)?;
    macros::execute!(
        tx,
        "UPDATE daily_questions SET kept_fields = NULL WHERE pair_id = $1 AND kept_fields IS NOT NULL",
        pair
    )?;
    Ok(())
}

/// Deletes everything of the person but the row itself, to which pairs and answers refer. What is left of it is blank.
pub async fn blank(tx: &mut Tx, person: PersonId, now: Millis) -> Result<(), StorageError> {
    tx.locks.take(Lock::Person(person));
    // Deliveries go with their notifications, hand-overs and devices with their sessions.
    for sql in [
        "DELETE FROM deliveries WHERE notification_id IN (SELECT n.id FROM notifications n WHERE n.person_id = $1)",
        "DELETE FROM notifications WHERE person_id = $1",
        "DELETE FROM events WHERE person_id = $1",
        "DELETE FROM push_subscriptions WHERE person_id = $1",
        "DELETE FROM hand_overs WHERE person_id = $1",
        "DELETE FROM proof_requests WHERE person_id = $1",
        "DELETE FROM sessions WHERE person_id = $1",
        "DELETE FROM attempts WHERE person_id = $1",
        "DELETE FROM write_budgets WHERE person_id = $1",
        "DELETE FROM pending_recoveries WHERE person_id = $1",
        "DELETE FROM seat_returns WHERE person_id = $1",
        "DELETE FROM former_members WHERE person_id = $1",
        "DELETE FROM identities WHERE person_id = $1",
        "DELETE FROM passkeys WHERE person_id = $1",
        "DELETE FROM deletions WHERE person_id = $1",
    ] {
        macros::execute!(tx, sql, person)?;
    }
    macros::execute!(
        tx,
        "UPDATE persons SET name = '', locale = 'ko', text_size = 'normal', zone = 'Asia/Seoul', zone_offset_s = NULL,
                consent_version = '', consent_at = 0, recovery_hash = NULL, recovery_made_at = NULL,
                recovery_kept_at = NULL, recovery_made_by = NULL, earlier_recovery_hash = NULL,
                earlier_recovery_until = NULL, answers_given = 0, last_seq = 0, quiet_from = NULL, quiet_to = NULL,
                hides_details = 0, muted = '', created_at = 0, deleted_at = $2
         WHERE id = $1",
        person,
        now,
    )?;
    Ok(())
}
