//! One parent and one child who answer together.
//! Rules R11, R50, R53, R60.

use serde::{Deserialize, Serialize};

use super::{BELIEVED_AHEAD_DAYS, LocalDate, Member, Millis, PairId, PersonId, PushTime, Role, SeatReturn, ZoneName};

/// Longest pause.
const LONGEST_PAUSE_DAYS: i64 = 366;

/// The phase of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PairPhase {
    /// Nobody has joined yet: no question opens, reminds or is shelved.
    Alone,
    Together,
    /// Closed for good: both keep the completed cards and their own answers.
    Closed,
}

/// Why a pause is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PauseError {
    #[error("the pause ends today or before")]
    Past,
    #[error("the pause is longer than a year")]
    TooLong,
}

/// A pair with the seats that are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub id: PairId,
    pub push_time: PushTime,
    pub zone: ZoneName,
    /// UTC; `None` while alone and once closed.
    pub next_due_at: Option<Millis>,
    pub created_at: Millis,
    pub closed_at: Option<Millis>,
    /// The first local date on which questions open again.
    pub paused_until: Option<LocalDate>,
    pub inviter_id: PersonId,
    pub parent: Option<Member>,
    pub child: Option<Member>,
    /// The return of a seat that waits to be carried out.
    pub returning: Option<SeatReturn>,
}

impl Pair {
    pub fn phase(&self) -> PairPhase {
        match (self.closed_at, &self.parent, &self.child) {
            (Some(_), ..) => PairPhase::Closed,
            (None, Some(_), Some(_)) => PairPhase::Together,
            (None, ..) => PairPhase::Alone,
        }
    }

    pub fn seat(&self, role: Role) -> Option<&Member> {
        match role {
            Role::Parent => self.parent.as_ref(),
            Role::Child => self.child.as_ref(),
        }
    }

    /// Gives a member the seat of their role.
    pub fn seat_member(&mut self, member: Member) {
        match member.role {
            Role::Parent => self.parent = Some(member),
            Role::Child => self.child = Some(member),
        }
    }

    /// Changes the push time and its zone.
    pub fn change_push_time(&mut self, push_time: PushTime, zone: ZoneName) {
        self.push_time = push_time;
        self.zone = zone;
    }

    /// Sets the next due minute.
    pub fn set_next_due(&mut self, at: Millis) {
        self.next_due_at = Some(at);
    }

    /// Pauses the pair until a date after `today` and within a year. Returns whether that changes anything.
    pub fn pause(&mut self, today: LocalDate, until: LocalDate) -> Result<bool, PauseError> {
        let until = Self::check_pause(today, until)?;
        Ok(self.paused_until.replace(until) != Some(until))
    }

    /// Ends the pause. Returns whether there was one.
    pub fn resume(&mut self) -> bool {
        self.paused_until.take().is_some()
    }

    /// The seat `person` has in this pair.
    pub fn role_of(&self, person: PersonId) -> Option<Role> {
        [Role::Parent, Role::Child]
            .into_iter()
            .find(|role| self.seat(*role).is_some_and(|member| member.person_id == person))
    }

    /// The persons in this pair, in id order, which is the order in which their feeds are locked.
    pub fn persons(&self) -> Vec<PersonId> {
        let mut persons: Vec<_> =
            [&self.parent, &self.child].into_iter().flatten().map(|member| member.person_id).collect();
        persons.sort_unstable();
        persons
    }

    /// The persons in this pair and who waits for a seat of it: everybody whom a use case on the pair may tell.
    pub fn everybody(&self) -> Vec<PersonId> {
        let mut persons = self.persons();
        persons.extend(self.returning.as_ref().map(|returning| returning.person_id));
        persons
    }

    /// The end of a running pause, seen from the pair's `today`.
    pub fn pause_at(&self, today: LocalDate) -> Option<LocalDate> {
        Self::running_pause(self.paused_until, today)
    }

    /// As `pause_at`, for a stored date. A pause longer than the longest allowed one was stored by a wrong clock and is
    /// ignored.
    pub fn running_pause(paused_until: Option<LocalDate>, today: LocalDate) -> Option<LocalDate> {
        paused_until.filter(|until| (1..=LONGEST_PAUSE_DAYS + BELIEVED_AHEAD_DAYS).contains(&until.days_since(today)))
    }

    /// Checks the end of a pause: after today, within a year.
    fn check_pause(today: LocalDate, until: LocalDate) -> Result<LocalDate, PauseError> {
        match until.days_since(today) {
            ..=0 => Err(PauseError::Past),
            1..=LONGEST_PAUSE_DAYS => Ok(until),
            _ => Err(PauseError::TooLong),
        }
    }
}
