//! Writes facts: feed rows, inbox entries and deliveries, in the transaction of the use case.
//!
//! Every person whose pages a fact changes gets a feed row, on the actor's other devices too. A person who is notified
//! also gets an entry and its pushes. All facts of a transaction are collected first and written at once, so that every
//! use case locks feeds in the same order.
//!
//! Rules R26, R90–R97, R99.

mod notices;

use std::collections::HashMap;

use super::ServiceError;
use crate::{
    domain::{
        DailyQuestion, DailyQuestionId, EventKind, Locale, Millis, NotificationKind, PROOF_REQUEST_LIFE_MS, Pair,
        PairId, PairPhase, PersonId, RETURN_WAITS_MS, Role, Saved,
    },
    server::{
        state::AppState,
        storage::{
            Tx,
            announcements::Announcement,
            events::{self, NewEvent},
            pairs, persons,
        },
    },
};

pub use notices::{Notice, ON_TIME_MS, after_quiet};

/// Lifetime of the push about an answer, and of other news.
const ANSWER_LIFE_MS: i64 = 2 * Millis::DAY;
pub(super) const NEWS_LIFE_MS: i64 = 3 * Millis::DAY;
/// A push about the return of a seat is of no use once the seat has moved.
pub(super) const RETURN_LIFE_MS: i64 = RETURN_WAITS_MS;

/// The facts of one transaction.
#[derive(Debug, Default)]
pub struct Facts {
    events: Vec<NewEvent>,
    notices: Vec<Notice>,
    /// Who gave a first answer.
    answered: Option<PersonId>,
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

    /// Adds an event about the pair for both members.
    pub fn both(&mut self, pair: &Pair, kind: EventKind) {
        self.event(&pair.persons(), kind, Some(pair.id), None);
    }

    /// Adds an event about a question for both members.
    pub fn both_of(&mut self, pair: &Pair, kind: EventKind, question: &DailyQuestion) {
        self.event(&pair.persons(), kind, Some(pair.id), Some(question.id));
    }

    /// Adds an event about a question for one seat alone.
    pub fn seat_of(&mut self, pair: &Pair, role: Role, kind: EventKind, question: &DailyQuestion) {
        if let Some(member) = pair.seat(role) {
            self.event(&[member.person_id], kind, Some(pair.id), Some(question.id));
        }
    }

    /// Adds an event about a person's own account, for all their devices.
    pub fn myself(&mut self, person: PersonId, kind: EventKind) {
        self.event(&[person], kind, None, None);
    }

    /// Adds an event about a pair for a person who has no seat in it any more.
    pub fn of_former(&mut self, person: PersonId, pair: &Pair, kind: EventKind) {
        self.event(&[person], kind, Some(pair.id), None);
    }

    /// Adds a notification. It belongs to the last event for the same person and pair; without one an event is added.
    pub fn notice(&mut self, notice: Notice) {
        let pair = notice.pair.as_ref().map(|(id, _)| *id);
        // The event of a notice is mostly the last one.
        if !self.events.iter().rev().any(|event| event.person == notice.person && event.pair == pair) {
            self.event(&[notice.person], EventKind::InboxChanged, pair, notice.daily_question);
        }
        self.notices.push(notice);
    }

    /// Adds news of the pair for the member at `role`.
    pub fn news(&mut self, pair: &Pair, role: Role, kind: NotificationKind, detail: String, now: Millis) {
        if let Some(member) = pair.seat(role) {
            let slot = format!("{}:{}:{}", kind.word(), pair.id, now.0);
            self.notice(Notice::of_pair(member, kind, pair, slot, now.plus(NEWS_LIFE_MS)).saying(detail));
        }
    }

    /// Adds an answer. The other learns that it was given, and nothing about edits (R26, R92).
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
        self.answered = pair.seat(role).map(|author| author.person_id);
        if let Some(other) = pair.seat(role.other()) {
            // Both kinds share a slot: a question is answered once.
            let slot = format!("answer:{}", question.id);
            self.notice(Notice::of_pair(other, kind, pair, slot, now.plus(ANSWER_LIFE_MS)).about(question));
        }
    }

    /// Adds a change of name, for everybody in a running pair with the person.
    pub async fn name_changed(&mut self, tx: &mut Tx, person: PersonId) -> Result<(), ServiceError> {
        let mut persons = vec![person];
        for pair in pairs::find_of(tx, person).await?.iter().filter(|pair| pair.phase() != PairPhase::Closed) {
            persons.extend(pair.persons());
        }
        self.event(&persons, EventKind::NameChanged, None, None);
        Ok(())
    }

    /// Adds a security notification to the person's account.
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
        // A push that arrives after the end of the request leads to nothing.
        let life_ms = if kind == NotificationKind::ProofAsked { PROOF_REQUEST_LIFE_MS } else { NEWS_LIFE_MS };
        let expires_at = now.plus(life_ms);
        let (pair, daily_question, due_at, by_topic) = (None, None, None, None);
        self.notice(Notice { person, kind, pair, daily_question, slot, detail, expires_at, due_at, by_topic });
    }

    /// Adds an announcement for one person, in their language.
    pub fn announced(&mut self, person: PersonId, announcement: &Announcement, locale: Locale) {
        let (kind, expires_at) = (NotificationKind::Announcement, announcement.expires_at);
        let (slot, detail) = (announcement.id.slot(), announcement.text(locale).to_owned());
        let (pair, daily_question, due_at) = (None, None, None);
        let by_topic = announcement.with_topic.then(|| (locale.topic(), announcement.created_at));
        self.notice(Notice { person, kind, pair, daily_question, slot, detail, expires_at, due_at, by_topic });
    }

    /// Locks everybody who is told. A use case that also writes to their rows does this before.
    pub async fn lock_persons(&self, tx: &mut Tx) -> Result<(), ServiceError> {
        Ok(persons::lock(tx, self.events.iter().map(|event| event.person)).await?)
    }

    /// Writes all facts: feeds, inboxes and deliveries.
    pub async fn write(self, tx: &mut Tx, state: &AppState, now: Millis) -> Result<(), ServiceError> {
        let following = events::append(tx, &self.events, self.answered, now).await?;
        if self.notices.is_empty() {
            return Ok(());
        }
        let following_of = |notice: &Notice| {
            let pair = notice.pair.as_ref().map(|(id, _)| *id);
            let told = self
                .events
                .iter()
                .zip(&following)
                .rev()
                .find(|(event, _)| event.person == notice.person && event.pair == pair);
            told.map_or(0, |(_, following)| *following)
        };
        let following_by_notice: Vec<i64> = if self.notices.len() > 16 {
            // At a due minute there are hundreds: a table is faster than a search.
            let table: HashMap<(PersonId, Option<PairId>), i64> =
                self.events.iter().zip(&following).map(|(event, back)| ((event.person, event.pair), *back)).collect();
            self.notices
                .iter()
                .map(|notice| {
                    table.get(&(notice.person, notice.pair.as_ref().map(|(id, _)| *id))).copied().unwrap_or(0)
                })
                .collect()
        } else {
            self.notices.iter().map(following_of).collect()
        };
        notices::write_notices(tx, state, self.notices, &following_by_notice, now).await
    }
}
