//! What every page of a signed-in person shows, read in one statement.

use sqlx::{ColumnIndex, Decode, FromRow, Type};

use super::{
    StorageError, Tx, macros,
    pairs::{self, pair_columns, pair_seats},
    persons::RecoveryState,
    sql_types::Known,
};
use crate::domain::{Millis, NotificationKind, Pair, PairId, PersonId, SessionId};

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

/// The home of a person; `None` for a person who was deleted.
pub async fn lookup(tx: &mut Tx, person: PersonId) -> Result<Option<Home>, StorageError> {
    // Kinds of a later release are not shown and not counted.
    let kinds = format!(" {} ", NotificationKind::ALL.map(NotificationKind::word).join("  "));
    let rows = macros::fetch_all!(
        tx,
        "pairs" as Row,
        concat!(
            "SELECT ",
            pair_columns!(),
            ", me.last_seq, me.answers_given, me.recovery_made_at, me.recovery_kept_at, me.recovery_made_by,
             CASE WHEN me.earlier_recovery_hash IS NULL THEN NULL ELSE me.earlier_recovery_until END AS earlier_until,
             (SELECT COUNT(*) FROM notifications n WHERE n.person_id = $1 AND n.read_at IS NULL
                AND replace($2, ' ' || n.kind || ' ', '') <> $2) AS unread,
             (SELECT MIN(w.pair_id) FROM seat_returns w WHERE w.person_id = me.id) AS waits_in,
             (SELECT COUNT(*) FROM passkeys k WHERE k.person_id = $1) AS passkeys
             FROM persons me
             LEFT JOIN members own ON own.person_id = me.id
             LEFT JOIN pairs p ON p.id = own.pair_id ",
            pair_seats!(),
            "WHERE me.id = $1
             ORDER BY CASE WHEN p.closed_at IS NULL THEN 0 ELSE 1 END, p.created_at, p.id"
        ),
        person,
        kinds,
    )?;
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
        home.pairs.extend(pair.0);
    }
    Ok(home)
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    pair: MaybePair,
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

/// The pair of a row. A person without a pair has one row without a pair.
struct MaybePair(Option<Pair>);

impl<'r, R> FromRow<'r, R> for MaybePair
where
    R: sqlx::Row,
    pairs::Row: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        match row.try_get::<Option<String>, _>("id")? {
            Some(_) => Ok(Self(Some(pairs::Row::from_row(row)?.into_pair()))),
            None => Ok(Self(None)),
        }
    }
}
