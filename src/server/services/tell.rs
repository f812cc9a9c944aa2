//! A fact becomes feed rows, inbox entries and deliveries, in the transaction that made it: a feed row for everybody
//! whose pages it changes (the actor's other devices included), an entry and its pushes for whoever is told.
//! Everything is collected first and written at once, so that feeds are taken in one order whatever the use case.
//! Rules R26, R90–R97, R99.

use std::collections::{HashMap, HashSet};

use super::ServiceError;
use crate::{
    domain::{
        COUNTED_A_DAY, DailyQuestion, DailyQuestionId, EventKind, Member, Millis, NotificationId, NotificationKind,
        Pair, PairId, PairPhase, PersonId, PushTime, Role, Saved, ZoneName, jitter_ms,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            Tx,
            deliveries::{self, DeliveryId},
            events::{self, NewEvent},
            notifications::{self, NewNotification, Wishes},
            pairs, subscriptions,
        },
    },
};

/// A due minute handled later than this is no longer on time: nobody is woken at night for it.
pub const ON_TIME_MS: i64 = 30 * Millis::MINUTE;
/// How long an open line has to say that the person is looking.
const LIVE_HOLD_MS: i64 = 5 * Millis::SECOND;
/// An answer is news for two days, everything else for three.
const ANSWER_LIFE_MS: i64 = 2 * Millis::DAY;
const NEWS_LIFE_MS: i64 = 3 * Millis::DAY;

/// What a transaction has to tell.
#[derive(Debug, Default)]
pub struct Facts {
    events: Vec<NewEvent>,
    notices: Vec<Notice>,
}

/// Somebody to be told, beside the feed.
#[derive(Debug, Clone)]
pub struct Notice {
    pub person: PersonId,
    pub kind: NotificationKind,
    pub pair: Option<(PairId, ZoneName)>,
    pub daily_question: Option<DailyQuestionId>,
    /// Names the fact: it is told once.
    pub slot: String,
    pub detail: String,
    pub expires_at: Millis,
    pub due_at: Option<Millis>,
}

impl Notice {
    /// About a pair, until `expires_at`.
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

impl Facts {
    fn event(
        &mut self,
        persons: &[PersonId],
        kind: EventKind,
        pair: Option<PairId>,
        daily_question: Option<DailyQuestionId>,
    ) {
        let mut persons = persons.to_vec();
        persons.sort_unstable();
        persons.dedup();
        self.events.extend(persons.into_iter().map(|person| NewEvent { person, kind, pair, daily_question }));
    }

    /// Something about the pair that both members' pages show.
    pub fn both(&mut self, pair: &Pair, kind: EventKind) {
        self.event(&pair.persons(), kind, Some(pair.id), None);
    }

    /// Something about a question that both members' pages show.
    pub fn both_of(&mut self, pair: &Pair, kind: EventKind, question: &DailyQuestion) {
        self.event(&pair.persons(), kind, Some(pair.id), Some(question.id));
    }

    /// Something about one seat's view of a question, told to that seat alone.
    pub fn seat_of(&mut self, pair: &Pair, role: Role, kind: EventKind, question: &DailyQuestion) {
        if let Some(member) = pair.seat(role) {
            self.event(&[member.person_id], kind, Some(pair.id), Some(question.id));
        }
    }

    /// Something about a person's own account: all their devices hear of it.
    pub fn myself(&mut self, person: PersonId, kind: EventKind) {
        self.event(&[person], kind, None, None);
    }

    /// Tells a person, with the event that was told to them last; one of its own when there is none yet.
    pub fn notice(&mut self, notice: Notice) {
        let pair = notice.pair.as_ref().map(|(id, _)| *id);
        if !self.events.iter().any(|event| event.person == notice.person && event.pair == pair) {
            self.event(&[notice.person], EventKind::InboxChanged, pair, notice.daily_question);
        }
        self.notices.push(notice);
    }

    /// News of the pair for whoever sits at `role`.
    pub fn news(&mut self, pair: &Pair, role: Role, kind: NotificationKind, detail: String, now: Millis) {
        if let Some(member) = pair.seat(role) {
            let slot = format!("{}:{}:{}", kind.word(), pair.id, now.0);
            self.notice(Notice::of_pair(member, kind, pair, slot, now.plus(NEWS_LIFE_MS)).saying(detail));
        }
    }

    /// An answer was given. The other hears that it was, and of edits nothing at all (R26, R92).
    pub fn answered(&mut self, pair: &Pair, question: &DailyQuestion, role: Role, saved: Saved, now: Millis) {
        let kind = match saved {
            Saved::Unchanged => return,
            Saved::Revised => return self.seat_of(pair, role, EventKind::AnswerRevised, question),
            Saved::First => {
                self.both_of(pair, EventKind::AnswerSubmitted, question);
                NotificationKind::Answered
            }
            Saved::Opened => {
                self.both_of(pair, EventKind::CardOpened, question);
                NotificationKind::CardOpened
            }
        };
        if let Some(other) = pair.seat(role.other()) {
            // One slot for both: to one person a question is answered once.
            let slot = format!("answer:{}", question.id);
            self.notice(Notice::of_pair(other, kind, pair, slot, now.plus(ANSWER_LIFE_MS)).about(question));
        }
    }

    /// A person's name changed: everybody they share a running pair with sees it.
    pub async fn name_changed(&mut self, tx: &mut Tx, person: PersonId) -> Result<(), ServiceError> {
        let mut persons = vec![person];
        for pair in pairs::find_of(tx, person).await?.iter().filter(|pair| pair.phase() != PairPhase::Closed) {
            persons.extend(pair.persons());
        }
        self.event(&persons, EventKind::NameChanged, None, None);
        Ok(())
    }

    /// A device came in as this person: all their others are told.
    pub fn of_the_account(
        &mut self,
        person: PersonId,
        event: EventKind,
        kind: NotificationKind,
        detail: String,
        now: Millis,
    ) {
        self.myself(person, event);
        let slot = format!("{}:{}", kind.word(), now.0);
        let expires_at = now.plus(NEWS_LIFE_MS);
        let (pair, daily_question, due_at) = (None, None, None);
        self.notice(Notice { person, kind, pair, daily_question, slot, detail, expires_at, due_at });
    }

    /// Writes it all: feeds, inboxes, deliveries.
    pub async fn write(self, tx: &mut Tx, state: &AppState, now: Millis) -> Result<(), ServiceError> {
        let seqs = events::append(tx, &self.events, now).await?;
        if self.notices.is_empty() {
            return Ok(());
        }
        let seq_of = |notice: &Notice| {
            let pair = notice.pair.as_ref().map(|(id, _)| *id);
            let told = self
                .events
                .iter()
                .zip(&seqs)
                .rev()
                .find(|(event, _)| event.person == notice.person && event.pair == pair);
            told.map_or(0, |(_, seq)| *seq)
        };
        let seq_by_notice: Vec<i64> = if self.notices.len() > 16 {
            // Hundreds at a due minute: by table instead of by search.
            let table: HashMap<(PersonId, Option<PairId>), i64> =
                self.events.iter().zip(&seqs).map(|(event, seq)| ((event.person, event.pair), *seq)).collect();
            self.notices
                .iter()
                .map(|notice| {
                    table.get(&(notice.person, notice.pair.as_ref().map(|(id, _)| *id))).copied().unwrap_or(0)
                })
                .collect()
        } else {
            self.notices.iter().map(seq_of).collect()
        };
        write_notices(tx, state, self.notices, &seq_by_notice, now).await
    }
}

async fn write_notices(
    tx: &mut Tx,
    state: &AppState,
    notices: Vec<Notice>,
    seqs: &[i64],
    now: Millis,
) -> Result<(), ServiceError> {
    let asked: Vec<_> = notices.iter().map(|notice| (notice.person, notice.pair.as_ref().map(|(id, _)| *id))).collect();
    let wishes: HashMap<(PersonId, Option<PairId>), Wishes> = notifications::wishes(tx, &asked)
        .await?
        .into_iter()
        .map(|(pair, wishes)| ((wishes.person, pair), wishes))
        .collect();
    let counted: Vec<PersonId> =
        notices.iter().filter(|notice| notice.kind.is_counted()).map(|notice| notice.person).collect();
    let mut day = if counted.is_empty() {
        Vec::new()
    } else {
        notifications::find_counted(tx, &counted, now.plus(-2 * Millis::DAY)).await?
    };
    let mut written = Vec::with_capacity(notices.len());
    let mut kept = Vec::with_capacity(notices.len());
    for (notice, seq) in notices.into_iter().zip(seqs) {
        let pair = notice.pair.as_ref().map(|(id, _)| *id);
        let Some(wishes) = wishes.get(&(notice.person, pair)) else { continue };
        let is_muted = notice.kind.channel().is_some_and(|channel| wishes.muted.holds(channel));
        let is_pushed = !is_muted && has_room(&day, &notice, &Zone::stored(&wishes.zone), now);
        if is_pushed && notice.kind.is_counted() {
            day.push(notifications::CountedPush { person: notice.person, kind: notice.kind, at: now });
        }
        written.push(NewNotification {
            id: NotificationId(state.random.id(now)),
            person: notice.person,
            slot: notice.slot.clone(),
            kind: notice.kind,
            pair,
            daily_question: notice.daily_question,
            detail: notice.detail.clone(),
            seq: *seq,
            is_pushed,
            at: now,
            expires_at: notice.expires_at,
            due_at: notice.due_at,
        });
        kept.push((notice, wishes.clone()));
    }
    let new: HashSet<NotificationId> = notifications::insert(tx, &written).await?.into_iter().collect();
    let pushed: Vec<_> =
        written.iter().zip(&kept).filter(|(written, _)| written.is_pushed && new.contains(&written.id)).collect();
    if pushed.is_empty() {
        return Ok(());
    }
    let persons: Vec<PersonId> = pushed.iter().map(|(written, _)| written.person).collect();
    let mut addresses: HashMap<PersonId, Vec<subscriptions::Address>> = HashMap::new();
    for address in subscriptions::addresses(tx, &persons).await? {
        addresses.entry(address.person).or_default().push(address);
    }
    let mut sendings = Vec::new();
    for (written, (notice, wishes)) in pushed {
        let send_at = send_at(notice, wishes, now);
        for address in addresses.get(&written.person).into_iter().flatten() {
            // A page that is looked at says so within seconds; then this browser alone needs no push.
            let is_live = state.database.notifier().has_connection(address.person, address.session);
            let send_at = if is_live { send_at.max(now.plus(LIVE_HOLD_MS)) } else { send_at };
            sendings.push((DeliveryId { notification: written.id, subscription: address.id }, send_at));
        }
    }
    Ok(deliveries::insert(tx, &sendings, now).await?)
}

/// Whether the person's day has room for one more push of this kind (R46, R94).
fn has_room(day: &[notifications::CountedPush], notice: &Notice, zone: &Zone, now: Millis) -> bool {
    if !notice.kind.is_counted() {
        return true;
    }
    let today = zone.date(now);
    let pushed: Vec<_> =
        day.iter().filter(|push| push.person == notice.person && zone.date(push.at) == today).collect();
    // The first due pair of the day speaks for all that wait.
    let is_reminded =
        notice.kind == NotificationKind::Reminder && pushed.iter().any(|push| push.kind == NotificationKind::Reminder);
    !is_reminded && (pushed.len() as i64) < COUNTED_A_DAY
}

/// When a push may go: a due minute's with the pair's jitter, everything but an on-time question after the quiet hours
/// (R95, R96).
fn send_at(notice: &Notice, wishes: &Wishes, now: Millis) -> Millis {
    let jittered = match (notice.due_at, &notice.pair) {
        (Some(due_at), Some((pair, _))) => now.max(due_at.plus(jitter_ms(*pair))),
        _ => now,
    };
    let pair_zone = notice.pair.as_ref().map(|(_, zone)| zone);
    after_quiet(notice.kind, notice.due_at, wishes.quiet, wishes.question_in_quiet, &wishes.zone, pair_zone, jittered)
}

/// `at`, or the end of the quiet hours it falls into.
pub fn after_quiet(
    kind: NotificationKind,
    due_at: Option<Millis>,
    quiet: Option<crate::domain::QuietHours>,
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
