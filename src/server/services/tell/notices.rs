//! Inbox entries and deliveries: who is told, which of it is pushed, and when the push may go.
//! Rules R46, R94–R97, R99.

use super::super::ServiceError;
use crate::{
    domain::{
        COUNTED_A_DAY, DailyQuestion, DailyQuestionId, Member, Millis, NotificationId, NotificationKind, Pair, PairId,
        PersonId, PushTime, QuietHours, ZoneName, jitter_ms,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            Tx,
            deliveries::DeliveryId,
            notifications::{self, NewNotification, Preferences},
            recipients::{self, CountedPush, Device, Recipient},
        },
    },
};

/// A due minute handled later than this is not on time, and its push waits for the end of the quiet hours.
pub const ON_TIME_MS: i64 = 30 * Millis::MINUTE;
/// How long an open page may take to report that the person has seen the event.
const LIVE_HOLD_MS: i64 = 5 * Millis::SECOND;

/// A notification to one person, beside the feed.
#[derive(Debug, Clone)]
pub struct Notice {
    pub person: PersonId,
    pub kind: NotificationKind,
    pub pair: Option<(PairId, ZoneName)>,
    pub daily_question: Option<DailyQuestionId>,
    /// Names the fact: one person is notified of it once.
    pub slot: String,
    pub detail: String,
    pub expires_at: Millis,
    pub due_at: Option<Millis>,
    /// A topic whose message tells the devices that were subscribed to it by a time: they get no delivery.
    pub by_topic: Option<(&'static str, Millis)>,
}

impl Notice {
    /// A notification about a pair, with its expiry.
    pub fn of_pair(member: &Member, kind: NotificationKind, pair: &Pair, slot: String, expires_at: Millis) -> Self {
        Self {
            person: member.person_id,
            kind,
            pair: Some((pair.id, pair.zone.clone())),
            daily_question: None,
            slot,
            detail: String::new(),
            expires_at,
            due_at: None,
            by_topic: None,
        }
    }

    pub fn about(self, question: &DailyQuestion) -> Self {
        Self { daily_question: Some(question.id), ..self }
    }

    pub fn at_due(self, due_at: Millis) -> Self {
        Self { due_at: Some(due_at), ..self }
    }

    pub fn saying(self, detail: String) -> Self {
        Self { detail, ..self }
    }
}

/// Writes the notices. `following` says for each how many events follow its own in the person's feed.
pub(super) async fn write_notices(
    tx: &mut Tx,
    state: &AppState,
    notices: Vec<Notice>,
    following: &[i64],
    now: Millis,
) -> Result<(), ServiceError> {
    let about = |notice: &Notice| (notice.person, notice.pair.as_ref().map(|(id, _)| *id));
    let asked: Vec<_> = notices.iter().map(about).collect();
    let recipients = recipients::find(tx, &asked).await?;
    let counted: Vec<PersonId> =
        notices.iter().filter(|notice| notice.kind.is_counted()).map(|notice| notice.person).collect();
    let mut day = if counted.is_empty() {
        Vec::new()
    } else {
        recipients::find_counted(tx, &counted, now.plus(-2 * Millis::DAY)).await?
    };
    let mut written = Vec::with_capacity(notices.len());
    let mut sendings = Vec::new();
    for (notice, following) in notices.into_iter().zip(following) {
        let Some(Recipient { preferences, last_seq, devices }) = recipients.get(&about(&notice)) else { continue };
        let is_muted = notice.kind.channel().is_some_and(|channel| preferences.muted.holds(channel));
        let is_pushed = !is_muted && has_room(&day, &notice, &Zone::stored(&preferences.zone), now);
        if is_pushed && notice.kind.is_counted() {
            day.push(CountedPush { person: notice.person, kind: notice.kind, at: now });
        }
        let id = NotificationId(state.random.id(now));
        if is_pushed {
            let send_at = send_at(&notice, preferences, now);
            for device in devices.iter().filter(|device| !is_told_by_topic(&notice, device)) {
                // A page that shows the event reports it within seconds. Then this browser needs no push.
                let is_live = state.database.notifier().has_connection(notice.person, device.session);
                let send_at = if is_live { send_at.max(now.plus(LIVE_HOLD_MS)) } else { send_at };
                sendings.push((DeliveryId { notification: id, subscription: device.id }, send_at));
            }
        }
        written.push(NewNotification {
            id,
            person: notice.person,
            slot: notice.slot,
            kind: notice.kind,
            pair: notice.pair.map(|(id, _)| id),
            daily_question: notice.daily_question,
            detail: notice.detail,
            seq: last_seq - following,
            is_pushed,
            at: now,
            expires_at: notice.expires_at,
            due_at: notice.due_at,
        });
    }
    Ok(notifications::insert(tx, &written, &sendings, now).await?)
}

/// Whether the device gets the message of the notice's topic. One that was subscribed later may have missed it.
fn is_told_by_topic(notice: &Notice, device: &Device) -> bool {
    notice.by_topic.is_some_and(|(topic, by)| device.topic == topic && device.topic_at.is_some_and(|at| at <= by))
}

/// Whether the daily limit allows one more push of this kind (R46, R94).
fn has_room(day: &[CountedPush], notice: &Notice, zone: &Zone, now: Millis) -> bool {
    if !notice.kind.is_counted() {
        return true;
    }
    let today = zone.date(now);
    let pushed: Vec<_> =
        day.iter().filter(|push| push.person == notice.person && zone.date(push.at) == today).collect();
    // One reminder a day covers all pairs that wait.
    let is_reminded =
        notice.kind == NotificationKind::Reminder && pushed.iter().any(|push| push.kind == NotificationKind::Reminder);
    !is_reminded && (pushed.len() as i64) < COUNTED_A_DAY
}

/// When a push may be sent. A due minute's push gets the pair's jitter, and everything but an on-time question waits
/// for the end of the quiet hours (R95, R96).
fn send_at(notice: &Notice, preferences: &Preferences, now: Millis) -> Millis {
    let jittered = match (notice.due_at, &notice.pair) {
        (Some(due_at), Some((pair, _))) => now.max(due_at.plus(jitter_ms(*pair))),
        _ => now,
    };
    let pair_zone = notice.pair.as_ref().map(|(_, zone)| zone);
    after_quiet(
        notice.kind,
        notice.due_at,
        preferences.quiet,
        preferences.question_in_quiet,
        &preferences.zone,
        pair_zone,
        jittered,
    )
}

/// Returns `at`, or the end of the quiet hours that contain `at`.
pub fn after_quiet(
    kind: NotificationKind,
    due_at: Option<Millis>,
    quiet: Option<QuietHours>,
    question_in_quiet: Option<bool>,
    zone: &ZoneName,
    pair_zone: Option<&ZoneName>,
    at: Millis,
) -> Millis {
    let Some(quiet) = quiet.filter(|_| kind.waits_for_morning()) else { return at };
    let own = Zone::stored(zone);
    if !quiet.contains(own.minute(at)) {
        return at;
    }
    let is_on_time = kind == NotificationKind::Question && due_at.is_some_and(|due| at.since(due) <= ON_TIME_MS);
    if is_on_time && question_in_quiet.unwrap_or(pair_zone == Some(zone)) {
        return at;
    }
    match PushTime::from_minute(quiet.to_minute()) {
        Ok(morning) => own.next_push(at, morning),
        Err(_) => at,
    }
}
