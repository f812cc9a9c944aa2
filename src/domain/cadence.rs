//! What a due minute does to a pair (Rules R13–R15, R34, R40–R43, R51).

use super::{DailyQuestion, DailyQuestionId, LocalDate, Millis, Pair, PairId, Question, Role, Status};

/// Days since opening on which a member who has not answered is reminded (R40).
pub const REMINDER_DAYS: [i64; 3] = [1, 3, 6];
/// From this day on an incomplete question is shelved and the next opens (R41).
pub const SHELVE_DAY: i64 = 7;
/// Openings are at least twelve hours apart (R14).
pub const MIN_GAP_MS: i64 = 12 * Millis::HOUR;
/// A due minute handled later than this was missed, and nobody is reminded for it (R40).
const ON_TIME_MS: i64 = 30 * Millis::MINUTE;
/// A member who left this many shelved questions in a row unanswered gets no reminder until they act (R43).
const SILENT_AFTER: u32 = 3;

/// A due minute as the scheduler finds it: the latest one when several were missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueMinute {
    pub at: Millis,
    /// The pair's local date at `at`.
    pub local_date: LocalDate,
    /// The next due minute after `now`.
    pub next: Millis,
    pub now: Millis,
}

/// What a due minute needs to know of a pair. `Q` is its question, owned or borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Cadence<Q> {
    /// The newest question that is not shelved.
    pub current: Option<Q>,
    pub last_opened_date: Option<LocalDate>,
    pub last_opened_at: Option<Millis>,
    pub paused_until: Option<LocalDate>,
    /// How many shelved questions in a row each seat left unanswered since its member last acted.
    pub parent_unanswered: u32,
    pub child_unanswered: u32,
}

/// What a due minute does, with the open question it does it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueOutcome<Q> {
    /// The next question opens for this date; no question is open.
    Open,
    /// The question is shelved and the next one opens.
    ShelveAndOpen(Q),
    /// The question stays open, and these seats are reminded. The list may be empty.
    Remind { question: Q, day: i64, roles: Vec<Role> },
    /// The question stays open, and nobody is reminded.
    Stay(Q),
    /// Nothing happens: too soon after the last opening, or too close to the next due minute.
    Skip,
    /// The pair is paused, and so is the day count of its open question.
    Paused(Option<Q>),
    /// The days were counted from a date far ahead, which a wrong clock wrote. They are counted from this one instead.
    CountAnew(Q),
}

impl<Q> DueOutcome<Q> {
    /// For the log.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::ShelveAndOpen(_) => "shelve and open",
            Self::Remind { .. } => "remind",
            Self::Stay(_) => "stay",
            Self::Skip => "skip",
            Self::Paused(_) => "paused",
            Self::CountAnew(_) => "count anew",
        }
    }
}

impl<Q: AsRef<DailyQuestion>> Cadence<Q> {
    /// Decides what this due minute does. Rules R13–R15, R34, R40–R43, R51.
    pub fn at_due(self, due: DueMinute) -> DueOutcome<Q> {
        let may_open = self.may_open(due);
        let open = self.current.filter(|question| question.as_ref().status() == Status::Open);
        if Pair::running_pause(self.paused_until, due.local_date).is_some() {
            return DueOutcome::Paused(open);
        }
        let Some(question) = open else {
            return if may_open { DueOutcome::Open } else { DueOutcome::Skip };
        };
        let current = question.as_ref();
        if current.counted_from.is_some_and(|from| !from.is_believed_on(due.local_date)) {
            return DueOutcome::CountAnew(question);
        }
        let day = current.days_at(due.local_date);
        if day >= SHELVE_DAY || current.move_on.is_some() {
            return if may_open { DueOutcome::ShelveAndOpen(question) } else { DueOutcome::Skip };
        }
        if day <= 0 {
            // The date the question opened for: no day has passed.
            return DueOutcome::Skip;
        }
        if REMINDER_DAYS.contains(&day) && due.now.since(due.at) <= ON_TIME_MS {
            let roles = [(Role::Parent, self.parent_unanswered), (Role::Child, self.child_unanswered)]
                .into_iter()
                .filter(|(role, unanswered)| !current.has_answered(*role) && *unanswered < SILENT_AFTER)
                .map(|(role, _)| role)
                .collect();
            return DueOutcome::Remind { question, day, roles };
        }
        DueOutcome::Stay(question)
    }

    /// At most one opening per local date, never within 12 h of the last, and a late one only when the next due minute
    /// is 12 h ahead (R14, R15). An opening recorded far in the future was written by a wrong clock and does not count.
    fn may_open(&self, due: DueMinute) -> bool {
        self.last_opened_date.is_none_or(|date| due.local_date > date || !date.is_believed_on(due.local_date))
            && self.last_opened_at.is_none_or(|at| due.now.since(at) >= MIN_GAP_MS || !at.is_believed_at(due.now))
            && due.next.since(due.now) >= MIN_GAP_MS
    }
}

impl AsRef<DailyQuestion> for DailyQuestion {
    fn as_ref(&self) -> &DailyQuestion {
        self
    }
}

/// What due minutes and the first days do to a question.
impl DailyQuestion {
    /// A question of the catalogue, opened for a pair at `now`. The first one has no date until somebody joins.
    pub fn open(
        id: DailyQuestionId,
        pair: PairId,
        number: u32,
        question: &Question,
        date: Option<LocalDate>,
        now: Millis,
    ) -> Self {
        Self {
            id,
            pair_id: pair,
            number,
            key: question.key.clone(),
            section: question.section,
            wordings: question.wordings.clone(),
            version: 1,
            local_date: date,
            counted_from: date,
            opened_at: now,
            due_passed_at: None,
            shelved_at: None,
            completed_at: None,
            move_on: None,
            parent: None,
            child: None,
        }
    }

    /// Whole days since the count began, at a due minute of `date`.
    pub fn days_at(&self, date: LocalDate) -> i64 {
        self.counted_from.map_or(0, |from| date.days_since(from))
    }

    /// Dates the pair's first question: somebody has joined.
    pub fn begin_days(&mut self, today: LocalDate) {
        self.local_date = Some(today);
        self.counted_from = Some(today);
    }

    /// Puts the question off until somebody answers it (R41, R42).
    pub fn shelve(&mut self, now: Millis) {
        self.shelved_at = Some(now);
        self.move_on = None;
    }

    /// Records that a due minute passed. Returns the seats that may ask for a new question from now on (R33).
    pub fn pass_due(&mut self, at: Millis) -> Vec<Role> {
        let mut roles = vec![Role::Parent, Role::Child];
        roles.retain(|role| !self.may_move_on(*role));
        self.due_passed_at = Some(at);
        roles.retain(|role| self.may_move_on(*role));
        roles
    }

    /// Moves the start of the day count by `days` of a pause, so that the count continues where it was (R51).
    pub fn rest(&mut self, days: i64) {
        self.counted_from = self.counted_from.map(|from| from.plus_days(days));
    }

    /// Starts the day count at `date`.
    pub fn count_anew(&mut self, date: LocalDate) {
        self.counted_from = Some(date);
    }
}
