//! What a due minute does to a pair (Rules R13–R15, R34, R40–R43, R51).

use super::{DailyQuestion, LocalDate, Millis, Pair, Role, Status};

/// Days since opening on which whoever has not answered is reminded (R40).
pub const REMINDER_DAYS: [i64; 3] = [1, 3, 6];
/// From this day on an incomplete question is shelved and the next opens (R41).
pub const SHELVE_DAY: i64 = 7;
/// Openings lie at least twelve hours apart (R14).
pub const MIN_GAP_MS: i64 = 12 * Millis::HOUR;
/// A due minute handled later than this has been missed: nobody is reminded for it any more (R40).
const ON_TIME_MS: i64 = 30 * Millis::MINUTE;
/// After so many shelved questions in a row a silent member gets no reminders until they act (R43).
const SILENT_AFTER: u32 = 3;

/// A due minute as the scheduler finds it. When several were missed, the latest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueMinute {
    pub at: Millis,
    /// The pair's local date at `at`.
    pub local_date: LocalDate,
    /// The next due minute after `now`.
    pub next: Millis,
    pub now: Millis,
}

/// What a due minute needs to know of a pair.
#[derive(Debug, Clone, Copy)]
pub struct Cadence<'a> {
    /// The newest question that is not shelved.
    pub current: Option<&'a DailyQuestion>,
    pub last_opened_date: Option<LocalDate>,
    pub last_opened_at: Option<Millis>,
    pub paused_until: Option<LocalDate>,
    /// Shelved questions in a row that each seat left unanswered since it last acted.
    pub parent_unanswered: u32,
    pub child_unanswered: u32,
}

/// What a due minute does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DueOutcome {
    /// The next question opens, for this date.
    Open,
    /// The current question is shelved and the next opens.
    ShelveAndOpen,
    /// The question stays open; these seats are reminded (an empty list: nobody).
    Remind { day: i64, roles: Vec<Role> },
    /// The question stays open, nothing else happens.
    Stay,
    /// Too soon after the last opening, or too close to the next: this minute is skipped.
    Skip,
    /// The pair rests; an open question's day count rests with it.
    Paused,
    /// The days are counted from a date that a wrong clock wrote, far ahead: they are counted anew from this one.
    CountAnew,
}

impl Cadence<'_> {
    /// Decides what this due minute does. Rules R13–R15, R34, R40–R43, R51.
    pub fn at_due(&self, due: DueMinute) -> DueOutcome {
        if Pair::running_pause(self.paused_until, due.local_date).is_some() {
            return DueOutcome::Paused;
        }
        let Some(current) = self.current.filter(|current| current.status() == Status::Open) else {
            return if self.may_open(due) { DueOutcome::Open } else { DueOutcome::Skip };
        };
        if current.counted_from.is_some_and(|from| !from.is_believed_on(due.local_date)) {
            return DueOutcome::CountAnew;
        }
        let day = current.days_at(due.local_date);
        if day >= SHELVE_DAY || current.move_on.is_some() {
            return if self.may_open(due) { DueOutcome::ShelveAndOpen } else { DueOutcome::Skip };
        }
        if day <= 0 {
            // The very date it opened for: not a day gone by.
            return DueOutcome::Skip;
        }
        if REMINDER_DAYS.contains(&day) && due.now.since(due.at) <= ON_TIME_MS {
            let roles = [(Role::Parent, self.parent_unanswered), (Role::Child, self.child_unanswered)]
                .into_iter()
                .filter(|(role, unanswered)| !current.has_answered(*role) && *unanswered < SILENT_AFTER)
                .map(|(role, _)| role)
                .collect();
            return DueOutcome::Remind { day, roles };
        }
        DueOutcome::Stay
    }

    /// At most one opening per local date, never within 12 h of the last, and late only when the next is 12 h ahead
    /// (R14, R15).
    /// An opening that is recorded far in the future holds nothing up: a clock that was wrong wrote it.
    fn may_open(&self, due: DueMinute) -> bool {
        self.last_opened_date.is_none_or(|date| due.local_date > date || !date.is_believed_on(due.local_date))
            && self.last_opened_at.is_none_or(|at| due.now.since(at) >= MIN_GAP_MS || !at.is_believed_at(due.now))
            && due.next.since(due.now) >= MIN_GAP_MS
    }
}
