//! Notifications, once per fact (`slot`), and the preferences that decide how they are pushed. `entries` reads them.

use super::{
    StorageError, Tx,
    deliveries::{self, DeliveryId},
    locks::Lock,
    macros, rows,
    sql_types::Flag,
};
use crate::domain::{
    DailyQuestionId, Millis, Muted, NotificationId, NotificationKind, PairId, PersonId, QuietHours, ZoneName,
};

/// A notification to be written.
#[derive(Debug, Clone)]
pub struct NewNotification {
    pub id: NotificationId,
    pub person: PersonId,
    /// Names the fact: a person is notified of it once.
    pub slot: String,
    pub kind: NotificationKind,
    pub pair: Option<PairId>,
    pub daily_question: Option<DailyQuestionId>,
    /// What the text needs besides pair and question: a date or a time.
    pub detail: String,
    /// The number of its event.
    pub seq: i64,
    pub is_pushed: bool,
    pub at: Millis,
    /// After this time the push is not sent any more.
    pub expires_at: Millis,
    pub due_at: Option<Millis>,
}

/// A row for the statement, by its field names.
#[derive(serde::Serialize)]
struct Written<'a> {
    id: NotificationId,
    person: PersonId,
    slot: &'a str,
    kind: &'static str,
    pair: Option<PairId>,
    question: Option<DailyQuestionId>,
    detail: &'a str,
    seq: i64,
    pushed: i64,
    at: Millis,
    expires: Millis,
    due: Option<Millis>,
}

macro_rules! insert_notifications {
    ($rows:literal) => {
        concat!(
            "INSERT INTO notifications (id, person_id, slot, kind, pair_id, daily_question_id, detail, seq, is_pushed,
             at, expires_at, due_at)
             SELECT t.value->>'id', t.value->>'person', t.value->>'slot', t.value->>'kind', t.value->>'pair',
                    t.value->>'question', t.value->>'detail', CAST(t.value->>'seq' AS BIGINT),
                    CAST(t.value->>'pushed' AS BIGINT), CAST(t.value->>'at' AS BIGINT),
                    CAST(t.value->>'expires' AS BIGINT), CAST(t.value->>'due' AS BIGINT) FROM ",
            $rows,
            " WHERE 1 = 1 ON CONFLICT (person_id, slot) DO NOTHING"
        )
    };
}

const INSERT_ALONE_ON_SQLITE: &str = insert_notifications!("jsonb_each($1) AS t");

const INSERT_ALONE_ON_POSTGRES: &str = insert_notifications!("jsonb_array_elements($1::jsonb) AS t(value)");

const INSERT_ON_SQLITE: &str = concat!(
    insert_notifications!("jsonb_each($1) AS t"),
    "; ",
    deliveries::insert_deliveries!("jsonb_each($2) AS t", "notifications")
);

/// It looks for the notifications among the new ones and not in the table. A plan of the time when the table was small
/// would read the whole table each time.
const INSERT_ON_POSTGRES: &str = concat!(
    "WITH new AS (",
    insert_notifications!("jsonb_array_elements($1::jsonb) AS t(value)"),
    " RETURNING id) ",
    deliveries::insert_deliveries!("jsonb_array_elements($2::jsonb) AS t(value)", "new")
);

/// Inserts notifications whose fact is new to the person, and their deliveries, each with the time at which it may be
/// sent. The deliveries of a notification whose fact is not new are left out.
pub async fn insert(
    tx: &mut Tx,
    new: &[NewNotification],
    deliveries: &[(DeliveryId, Millis)],
    now: Millis,
) -> Result<(), StorageError> {
    let written = rows(new.iter().map(|new| Written {
        id: new.id,
        person: new.person,
        slot: &new.slot,
        kind: new.kind.word(),
        pair: new.pair,
        question: new.daily_question,
        detail: &new.detail,
        seq: new.seq,
        pushed: i64::from(new.is_pushed),
        at: new.at,
        expires: new.expires_at,
        due: new.due_at,
    }));
    if deliveries.is_empty() {
        let sql = if tx.is_postgres() { INSERT_ALONE_ON_POSTGRES } else { INSERT_ALONE_ON_SQLITE };
        return macros::queue!(tx, sql, written);
    }
    tx.locks.take(Lock::Outbox);
    tx.work.has_deliveries = true;
    let deliveries = deliveries::new_rows(deliveries);
    let sql = if tx.is_postgres() { INSERT_ON_POSTGRES } else { INSERT_ON_SQLITE };
    macros::queue!(tx, sql, written, deliveries, now)
}

/// A person's notification preferences, about one pair or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preferences {
    pub person: PersonId,
    pub zone: ZoneName,
    pub quiet: Option<QuietHours>,
    pub hides_details: bool,
    /// What is muted for the pair or for all pairs.
    pub muted: Muted,
    /// The switch for on-time questions in quiet hours. `None`: allowed when person and pair have the same zone.
    pub question_in_quiet: Option<bool>,
    /// Whether the member shows presence in the pair; `None` without a pair.
    pub shows_presence: Option<bool>,
}

macro_rules! select_preferences {
    ($more:literal) => {
        concat!(
            "SELECT p.id, v.pair_id, p.zone, p.zone_offset_s, p.quiet_from, p.quiet_to, p.hides_details,
             COALESCE(m.muted, '') || ' ' || p.muted AS muted, m.question_in_quiet, m.shows_presence",
            $more,
            " FROM (SELECT t.value->>'person' AS person_id, t.value->>'pair' AS pair_id FROM"
        )
    };
}

macro_rules! preferences_of {
    ($more:literal) => {
        concat!(
            ") AS v JOIN persons p ON p.id = v.person_id AND p.deleted_at IS NULL
             LEFT JOIN members m ON m.pair_id = v.pair_id AND m.person_id = v.person_id",
            $more
        )
    };
}

pub(super) use {preferences_of, select_preferences};

/// Whose preferences a statement with `select_preferences!` reads.
pub(super) fn asked_rows(of: &[(PersonId, Option<PairId>)]) -> String {
    #[derive(serde::Serialize)]
    struct Asked {
        person: PersonId,
        pair: Option<PairId>,
    }
    rows(of.iter().map(|(person, pair)| Asked { person: *person, pair: *pair }))
}

/// The preferences of persons, each about one pair or none, in no order. A deleted person has none.
pub async fn preferences(
    tx: &mut Tx,
    of: &[(PersonId, Option<PairId>)],
) -> Result<Vec<(Option<PairId>, Preferences)>, StorageError> {
    let found =
        macros::fetch_each!(tx, "persons" as Row, select_preferences!(""), preferences_of!(""), asked_rows(of))?;
    Ok(found.into_iter().map(Row::into_preferences).collect())
}

/// Whether the person was notified of this fact.
pub async fn was_notified(tx: &mut Tx, person: PersonId, slot: &str) -> Result<bool, StorageError> {
    let row: Option<(i64,)> = macros::fetch_optional!(
        tx,
        (i64,),
        "SELECT at FROM notifications WHERE person_id = $1 AND slot = $2",
        person,
        slot
    )?;
    Ok(row.is_some())
}

/// Writes a person's quiet hours (`None`: none) and whether the lock screen hides details. Returns whether anything
/// changed.
pub async fn update_person(
    tx: &mut Tx,
    person: PersonId,
    quiet: Option<QuietHours>,
    hides_details: bool,
) -> Result<bool, StorageError> {
    tx.locks.take(Lock::Person(person));
    let changed = macros::execute!(
        tx,
        "UPDATE persons SET quiet_from = $2, quiet_to = $3, hides_details = $4
         WHERE id = $1 AND (quiet_from IS DISTINCT FROM $2 OR quiet_to IS DISTINCT FROM $3 OR hides_details <> $4)",
        person,
        quiet.map(QuietHours::from_minute),
        quiet.map(QuietHours::to_minute),
        Flag(hides_details),
    )?;
    Ok(changed > 0)
}

/// Writes what a person mutes for all pairs. Returns whether anything changed.
pub async fn mute(tx: &mut Tx, person: PersonId, muted: &Muted) -> Result<bool, StorageError> {
    tx.locks.expect_person(person);
    let (earlier,): (String,) = macros::fetch_one!(tx, (String,), "SELECT muted FROM persons WHERE id = $1", person)?;
    let changed = macros::execute!(
        tx,
        "UPDATE persons SET muted = $2 WHERE id = $1 AND muted <> $2",
        person,
        muted.to_stored(&earlier)
    )?;
    Ok(changed > 0)
}

/// Writes a member's switches. Returns whether any changed.
pub async fn update_member(
    tx: &mut Tx,
    person: PersonId,
    pair: PairId,
    muted: &Muted,
    question_in_quiet: bool,
) -> Result<bool, StorageError> {
    tx.locks.expect_pair(pair);
    let (earlier,): (String,) = macros::fetch_one!(
        tx,
        (String,),
        "SELECT muted FROM members WHERE pair_id = $2 AND person_id = $1",
        person,
        pair
    )?;
    let changed = macros::execute!(
        tx,
        "UPDATE members SET muted = $3, question_in_quiet = $4
         WHERE pair_id = $2 AND person_id = $1 AND (muted <> $3 OR question_in_quiet IS DISTINCT FROM $4)",
        person,
        pair,
        muted.to_stored(&earlier),
        Flag(question_in_quiet),
    )?;
    Ok(changed > 0)
}

pub(super) fn quiet_hours(from: Option<i64>, to: Option<i64>) -> Option<QuietHours> {
    from.zip(to).and_then(|(from, to)| QuietHours::new(from, to).ok())
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: PersonId,
    pair_id: Option<PairId>,
    zone: ZoneName,
    zone_offset_s: Option<i64>,
    quiet_from: Option<i64>,
    quiet_to: Option<i64>,
    hides_details: Flag,
    muted: Muted,
    question_in_quiet: Option<Flag>,
    shows_presence: Option<Flag>,
}

impl Row {
    pub(super) fn into_preferences(self) -> (Option<PairId>, Preferences) {
        let preferences = Preferences {
            person: self.id,
            zone: self.zone.with_offset(self.zone_offset_s),
            quiet: quiet_hours(self.quiet_from, self.quiet_to),
            hides_details: self.hides_details.0,
            muted: self.muted,
            question_in_quiet: self.question_in_quiet.map(|flag| flag.0),
            shows_presence: self.shows_presence.map(|flag| flag.0),
        };
        (self.pair_id, preferences)
    }
}
