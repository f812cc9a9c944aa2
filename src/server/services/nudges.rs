//! The nudge: a member who has answered asks the other to answer, once per question and day.
//! Rules R45, R97.

use super::{
    ServiceError,
    questions::{self, Held},
    tell::{Facts, Notice},
};
use crate::{
    domain::{
        DailyQuestion, DailyQuestionError, DailyQuestionId, EventKind, LocalDate, Millis, NotificationKind, Pair,
        PairId, Person, Role,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{notifications, schedule},
    },
};

/// Lifetime of a nudge.
const LIFE_MS: i64 = Millis::DAY;

/// The slot of a nudge, before and after the id of its question.
pub fn slot_around(today: LocalDate) -> (&'static str, String) {
    ("nudge:", format!(":{today}"))
}

fn slot(question: &DailyQuestion, today: LocalDate) -> String {
    let (before, after) = slot_around(today);
    format!("{before}{}{after}", question.id)
}

/// Nudges the other. When the other has muted nudges, the nudge is only in their inbox, and the sender sees no
/// difference.
pub async fn nudge(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let mut tx = state.database.begin().await?;
    let Held { pair, role, question, .. } = questions::hold(&mut tx, person, id).await?;
    let now = state.clock.now();
    let today = Zone::stored(&pair.zone).date(now);
    question.check_nudge(role, pair.phase(), pair.pause_at(today).is_some())?;
    let other = pair.seat(role.other()).ok_or(DailyQuestionError::Alone)?;
    let slot = slot(&question, today);
    if notifications::was_notified(&mut tx, other.person_id, &slot).await? {
        return Err(DailyQuestionError::NudgedToday.into());
    }
    schedule::reset_unanswered(&mut tx, pair.id, role).await?;
    let mut facts = Facts::default();
    // The sender's other devices show that the nudge was sent.
    facts.both_of(&pair, EventKind::InboxChanged, &question);
    facts.notice(Notice::of_pair(other, NotificationKind::Nudge, &pair, slot, now.plus(LIFE_MS)).about(&question));
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(pair.id)
}

/// Whether the member may nudge the other today, if they have not yet.
pub fn is_possible(pair: &Pair, role: Role, question: &DailyQuestion, today: LocalDate) -> bool {
    question.check_nudge(role, pair.phase(), pair.pause_at(today).is_some()).is_ok()
        && pair.seat(role.other()).is_some()
}
