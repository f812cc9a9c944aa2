//! Everything the outbox needs to know of a claimed delivery at the moment of sending.

use serde_json::json;

use sqlx::FromRow;

use super::{
    StorageError, Tx,
    deliveries::DeliveryId,
    macros,
    notifications::quiet_hours,
    rows,
    sql_types::{Flag, Known, read},
};
use crate::domain::{
    ApnsEnvironment, DailyQuestionId, LocalDate, Locale, Millis, Muted, NotificationKind, PairId, PersonId, PersonName,
    Provider, QuietHours, Relation, Role, Wordings, ZoneName,
};

/// A claimed delivery with its notification, recipient, pair and question.
#[derive(Clone)]
pub struct DeliveryContext {
    pub id: DeliveryId,
    pub attempts: i64,
    pub person: PersonId,
    pub kind: NotificationKind,
    pub slot: String,
    pub daily_question: Option<DailyQuestionId>,
    pub detail: String,
    pub expires_at: Millis,
    pub due_at: Option<Millis>,
    /// `None` when the browser has signed out since.
    pub target: Option<Target>,
    pub locale: Locale,
    pub zone: ZoneName,
    pub quiet: Option<QuietHours>,
    pub hides_details: bool,
    /// What the person mutes for all pairs.
    pub muted: Muted,
    pub unread: i64,
    pub pair: Option<AboutPair>,
    pub question: Option<AboutQuestion>,
    pub is_superseded: bool,
    /// The device reported the notification before its delivery was settled.
    pub was_seen: bool,
    /// The person has read it elsewhere: the device takes it away.
    pub is_withdrawal: bool,
}

/// The device it goes to. The fields are those of `Subscription`.
#[derive(Clone)]
pub struct Target {
    pub provider: Provider,
    pub endpoint: String,
    pub origin: String,
    pub environment: ApnsEnvironment,
    pub is_drawn_by_system: bool,
    pub p256dh: String,
    pub auth: String,
    pub key_id: String,
    pub renewed_at: Millis,
}

#[derive(Debug, Clone)]
pub struct AboutPair {
    pub id: PairId,
    pub role: Role,
    pub other: Option<(Relation, PersonName)>,
    pub zone: ZoneName,
    pub minute: i64,
    pub is_closed: bool,
    pub paused_until: Option<LocalDate>,
    pub muted: Muted,
    pub question_in_quiet: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct AboutQuestion {
    pub wordings: Wordings,
    pub is_shelved: bool,
    pub is_complete: bool,
    pub has_answered: bool,
    pub other_has_answered: bool,
}

/// Why a claimed delivery cannot be read.
#[derive(Debug)]
pub enum Unreadable {
    /// The kind is of a later release, which may run again before the delivery expires.
    LaterKind {
        expires_at: Millis,
    },
    Inconsistent(StorageError),
}

/// Loads the contexts of claimed deliveries. A delivery that was settled since (shown, cancelled) has none. A row that
/// cannot be read is an error of its own and does not stop the others.
pub async fn load(
    tx: &mut Tx,
    claimed: &[DeliveryId],
) -> Result<Vec<Result<DeliveryContext, (DeliveryId, Unreadable)>>, StorageError> {
    let keys = rows(claimed.iter().map(|id| json!({ "n": id.notification, "s": id.subscription })));
    // Counts as the inbox does (`entries::count_unread`): kinds of a later release are not shown and not counted.
    let kinds = format!(" {} ", NotificationKind::ALL.map(NotificationKind::word).join("  "));
    let found = macros::fetch_each!(
        tx,
        "deliveries" as Claimed,
        "SELECT d.notification_id, d.subscription_id, d.attempts, d.withdraws,
                COALESCE(d.shown_at, d.opened_at) AS seen_at,
         n.person_id, n.kind, n.slot, n.daily_question_id, n.detail, n.expires_at, n.due_at,
                s.provider, s.endpoint, s.origin, s.environment, s.by_system, s.p256dh, s.auth, s.key_id, s.renewed_at,
                p.locale, p.zone, p.zone_offset_s, p.quiet_from,
                p.quiet_to, p.hides_details, p.muted AS own_muted,
                (SELECT COUNT(*) FROM notifications u WHERE u.person_id = n.person_id AND u.read_at IS NULL
                   AND replace($2, ' ' || u.kind || ' ', '') <> $2) AS unread,
                n.pair_id, m.role, m.muted, m.question_in_quiet, o.relation AS other_relation,
                o.relation_word AS other_word,
                COALESCE(o.left_name, op.name) AS other_name,
                pr.zone AS pair_zone, pr.zone_offset_s AS pair_offset_s, pr.minute AS pair_minute, pr.closed_at,
                pr.paused_until,
                q.wordings, q.shelved_at, q.completed_at, mine.revision AS own_revision,
                theirs.revision AS other_revision,
                (SELECT COUNT(*) FROM notifications x
                 WHERE x.person_id = n.person_id AND x.pair_id = n.pair_id AND x.kind = n.kind
                       AND x.seq > n.seq) AS newer
         FROM (SELECT t.value->>'n' AS n, t.value->>'s' AS s FROM",
        ") AS v
         JOIN deliveries d ON d.notification_id = v.n AND d.subscription_id = v.s
         JOIN notifications n ON n.id = d.notification_id
         JOIN persons p ON p.id = n.person_id
         LEFT JOIN push_subscriptions s ON s.id = d.subscription_id AND s.person_id = n.person_id
         LEFT JOIN pairs pr ON pr.id = n.pair_id
         LEFT JOIN members m ON m.pair_id = n.pair_id AND m.person_id = n.person_id
         LEFT JOIN members o ON o.pair_id = n.pair_id AND o.person_id <> n.person_id
         LEFT JOIN persons op ON op.id = o.person_id
         LEFT JOIN daily_questions q ON q.id = n.daily_question_id
         LEFT JOIN answers mine ON mine.daily_question_id = q.id AND mine.person_id = n.person_id
         LEFT JOIN answers theirs ON theirs.daily_question_id = q.id AND theirs.person_id <> n.person_id
         WHERE d.send_at IS NOT NULL",
        keys,
        kinds.as_str(),
    )?;
    Ok(found.into_iter().map(Claimed::into_context).collect())
}

/// A claimed delivery. Only a broken id fails the batch.
struct Claimed {
    id: DeliveryId,
    row: Result<Row, StorageError>,
}

impl<'r, R: sqlx::Row> FromRow<'r, R> for Claimed
where
    DeliveryId: FromRow<'r, R>,
    Row: FromRow<'r, R>,
    usize: sqlx::ColumnIndex<R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self { id: DeliveryId::from_row(row)?, row: read(row, "notifications").map_err(StorageError::from) })
    }
}

impl Claimed {
    fn into_context(self) -> Result<DeliveryContext, (DeliveryId, Unreadable)> {
        let row = self.row.map_err(|error| (self.id, Unreadable::Inconsistent(error)))?;
        match row.kind.0 {
            Some(kind) => Ok(row.into_context(self.id, kind)),
            None => Err((self.id, Unreadable::LaterKind { expires_at: row.expires_at })),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    attempts: i64,
    withdraws: Flag,
    seen_at: Option<Millis>,
    person_id: PersonId,
    kind: Known<NotificationKind>,
    slot: String,
    daily_question_id: Option<DailyQuestionId>,
    detail: String,
    expires_at: Millis,
    due_at: Option<Millis>,
    provider: Option<Provider>,
    endpoint: Option<String>,
    origin: Option<String>,
    environment: Option<ApnsEnvironment>,
    by_system: Option<Flag>,
    p256dh: Option<String>,
    auth: Option<String>,
    key_id: Option<String>,
    renewed_at: Option<Millis>,
    locale: Locale,
    zone: ZoneName,
    zone_offset_s: Option<i64>,
    quiet_from: Option<i64>,
    quiet_to: Option<i64>,
    hides_details: Flag,
    own_muted: Muted,
    unread: i64,
    pair_id: Option<PairId>,
    role: Option<Role>,
    muted: Option<Muted>,
    question_in_quiet: Option<Flag>,
    other_relation: Option<String>,
    other_word: Option<String>,
    other_name: Option<PersonName>,
    pair_zone: Option<ZoneName>,
    pair_offset_s: Option<i64>,
    pair_minute: Option<i64>,
    closed_at: Option<Millis>,
    paused_until: Option<LocalDate>,
    wordings: Option<Wordings>,
    shelved_at: Option<Millis>,
    completed_at: Option<Millis>,
    own_revision: Option<i64>,
    other_revision: Option<i64>,
    newer: i64,
}

impl Row {
    fn into_context(self, id: DeliveryId, kind: NotificationKind) -> DeliveryContext {
        let target = match (self.provider, self.endpoint, self.origin, self.p256dh, self.auth, self.key_id) {
            (Some(provider), Some(endpoint), Some(origin), Some(p256dh), Some(auth), Some(key_id)) => Some(Target {
                provider,
                endpoint,
                origin,
                environment: self.environment.unwrap_or_default(),
                is_drawn_by_system: self.by_system.is_some_and(|flag| flag.0),
                p256dh,
                auth,
                key_id,
                renewed_at: self.renewed_at.unwrap_or(Millis(0)),
            }),
            _ => None,
        };
        let question = self.wordings.map(|wordings| AboutQuestion {
            wordings,
            is_shelved: self.shelved_at.is_some(),
            is_complete: self.completed_at.is_some(),
            has_answered: self.own_revision.is_some(),
            other_has_answered: self.other_revision.is_some(),
        });
        let pair = match (self.pair_id, self.role, self.pair_zone, self.pair_minute) {
            (Some(pair), Some(role), Some(zone), Some(minute)) => {
                let other = match (self.other_relation, self.other_word, self.other_name) {
                    (Some(relation), Some(word), Some(name)) => {
                        Some((Relation::from_stored(role.other(), &relation, &word), name))
                    }
                    _ => None,
                };
                Some(AboutPair {
                    id: pair,
                    role,
                    other,
                    zone: zone.with_offset(self.pair_offset_s),
                    minute,
                    is_closed: self.closed_at.is_some(),
                    paused_until: self.paused_until,
                    muted: self.muted.unwrap_or_default(),
                    question_in_quiet: self.question_in_quiet.map(|flag| flag.0),
                })
            }
            _ => None,
        };
        DeliveryContext {
            id,
            attempts: self.attempts,
            person: self.person_id,
            kind,
            slot: self.slot,
            daily_question: self.daily_question_id,
            detail: self.detail,
            expires_at: self.expires_at,
            due_at: self.due_at,
            target,
            locale: self.locale,
            zone: self.zone.with_offset(self.zone_offset_s),
            quiet: quiet_hours(self.quiet_from, self.quiet_to),
            hides_details: self.hides_details.0,
            muted: self.own_muted,
            unread: self.unread,
            pair,
            question,
            is_superseded: self.newer > 0,
            was_seen: self.seen_at.is_some(),
            is_withdrawal: self.withdraws.0,
        }
    }
}
