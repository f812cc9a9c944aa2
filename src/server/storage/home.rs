//! What every page of a signed-in person shows, read in one statement.

use std::sync::LazyLock;

use sqlx::FromRow;

use super::{
    StorageError, Tx, macros,
    pairs::{self, pair_columns, pair_seats},
    persons::RecoveryState,
    sessions::{Found, Session, of_token, token_columns},
    sql_types::{Joined, Known},
};
use crate::domain::{
    Locale, Millis, NotificationKind, Pair, PairId, Person, PersonId, PersonName, SessionId, TextSize, ZoneName,
};

/// A person's feed, inbox, recovery code and pairs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The number of the last event of the person's feed.
    pub as_of: i64,
    /// Unread entries, as `entries::count_unread` counts them.
    pub unread: i64,
    pub recovery: RecoveryState,
    /// The session that made the current recovery code; `None` as in `persons::RecoveryCodes`.
    pub recovery_made_by: Option<SessionId>,
    /// The time until which an earlier recovery code works, which may be past.
    pub earlier_until: Option<Millis>,
    pub passkeys: i64,
    /// All pairs of the person, in the order of `pairs::find_of`.
    pub pairs: Vec<Pair>,
    /// A pair in which the person waits for a seat.
    pub waits_in: Option<PairId>,
}

/// The columns of the home of a person `me`. The placeholder stands for `kinds()`.
macro_rules! home_columns {
    ($kinds:literal) => {
        concat!(
            pair_columns!(),
            ", me.last_seq, me.answers_given, me.recovery_made_at, me.recovery_kept_at, me.recovery_made_by,
             CASE WHEN me.earlier_recovery_hash IS NULL THEN NULL ELSE me.earlier_recovery_until END AS earlier_until,
             (SELECT COUNT(*) FROM notifications n WHERE n.person_id = me.id AND n.read_at IS NULL
                AND replace(",
            $kinds,
            ", ' ' || n.kind || ' ', '') <> ",
            $kinds,
            ") AS unread,
             (SELECT MIN(w.pair_id) FROM seat_returns w WHERE w.person_id = me.id) AS waits_in,
             (SELECT COUNT(*) FROM passkeys k WHERE k.person_id = me.id) AS passkeys "
        )
    };
}

/// The joins of a person `me` with their pairs.
macro_rules! home_pairs {
    () => {
        concat!(
            "LEFT JOIN members own ON own.person_id = me.id
             LEFT JOIN pairs p ON p.id = own.pair_id ",
            pair_seats!()
        )
    };
}

/// The order of a person's pairs.
macro_rules! pair_order {
    () => {
        "ORDER BY CASE WHEN p.closed_at IS NULL THEN 0 ELSE 1 END, p.created_at, p.id"
    };
}

/// The kinds of notifications that are counted. Kinds of a later release are not shown and not counted.
fn kinds() -> &'static str {
    static KINDS: LazyLock<String> =
        LazyLock::new(|| format!(" {} ", NotificationKind::ALL.map(NotificationKind::word).join("  ")));
    &KINDS
}

/// The home of a person; `None` for a person who was deleted.
pub async fn lookup(tx: &mut Tx, person: PersonId) -> Result<Option<Home>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "pairs" as Row,
        concat!("SELECT ", home_columns!("$2"), "FROM persons me ", home_pairs!(), "WHERE me.id = $1 ", pair_order!()),
        person,
        kinds(),
    )?;
    Ok(home_of(rows))
}

/// What `sessions::lookup` finds, and the home of the person, in one statement.
pub async fn lookup_with_session(
    tx: &mut Tx,
    token_hash: &str,
    used_since: Millis,
    now: Millis,
) -> Result<Option<(Found, Home)>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "persons" as RowWithSession,
        concat!(
            "SELECT ",
            home_columns!("$4"),
            ", me.id AS my_id, me.name AS my_name, me.locale, me.text_size, me.zone AS my_zone,
             me.zone_offset_s AS my_offset_s, s.id AS session_id, s.device, s.created_at AS opened_at, s.rotated_at,
             s.last_used_at, s.proved_at, ",
            token_columns!(),
            "FROM sessions s JOIN persons me ON me.id = s.person_id ",
            home_pairs!(),
            "WHERE ",
            of_token!(),
            pair_order!()
        ),
        token_hash,
        used_since,
        now,
        kinds(),
    )?;
    let mut found = None;
    let rows = rows.into_iter().map(|RowWithSession { row, session }| {
        found.get_or_insert_with(|| session.into_found(row.last_seq));
        row
    });
    let home = home_of(rows.collect());
    Ok(found.zip(home))
}

/// The home that the rows of one person make up; `None` without a row.
fn home_of(rows: Vec<Row>) -> Option<Home> {
    let mut home = None;
    for row in rows {
        let Row { pair, last_seq, answers_given, recovery_made_at, recovery_kept_at, recovery_made_by, .. } = row;
        let home = home.get_or_insert_with(|| Home {
            as_of: last_seq,
            unread: row.unread,
            passkeys: row.passkeys,
            recovery: RecoveryState { made_at: recovery_made_at, kept_at: recovery_kept_at, answers_given },
            recovery_made_by: recovery_made_by.and_then(|session| session.0),
            earlier_until: row.earlier_until,
            pairs: Vec::new(),
            waits_in: row.waits_in,
        });
        home.pairs.extend(pair.0.map(pairs::Row::into_pair));
    }
    home
}

#[derive(FromRow)]
struct RowWithSession {
    #[sqlx(flatten)]
    row: Row,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// The session of a row, under names that the columns of its pair do not have.
#[derive(FromRow)]
struct SessionRow {
    my_id: PersonId,
    my_name: PersonName,
    locale: Locale,
    text_size: TextSize,
    my_zone: ZoneName,
    my_offset_s: Option<i64>,
    session_id: SessionId,
    device: String,
    opened_at: Millis,
    rotated_at: Millis,
    last_used_at: Millis,
    proved_at: Option<Millis>,
    token_hash: String,
    is_rotating: bool,
    is_shown: bool,
}

impl SessionRow {
    fn into_found(self, last_seq: i64) -> Found {
        Found {
            session: Session {
                id: self.session_id,
                device: self.device,
                created_at: self.opened_at,
                rotated_at: self.rotated_at,
                last_used_at: self.last_used_at,
                proved_at: self.proved_at,
            },
            person: Person {
                id: self.my_id,
                name: self.my_name,
                locale: self.locale,
                text_size: self.text_size,
                zone: self.my_zone.with_offset(self.my_offset_s),
            },
            token_hash: self.token_hash,
            is_rotating: self.is_rotating,
            is_shown: self.is_shown,
            last_seq,
        }
    }
}

#[derive(FromRow)]
struct Row {
    /// A person without a pair has one row without a pair.
    #[sqlx(flatten)]
    pair: Joined<pairs::Row>,
    last_seq: i64,
    answers_given: i64,
    recovery_made_at: Option<Millis>,
    recovery_kept_at: Option<Millis>,
    recovery_made_by: Option<Known<SessionId>>,
    earlier_until: Option<Millis>,
    unread: i64,
    waits_in: Option<PairId>,
    passkeys: i64,
}
