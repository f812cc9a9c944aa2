//! A nudge: whoever has answered asks the other to. Once per question and day.
//! Rules R45, R97.

use super::{
    ServiceError,
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
        storage::{Tx, daily_questions, notifications, pairs, schedule},
    },
};

/// A nudge is worth a day.
const LIFE_MS: i64 = Millis::DAY;

fn slot(question: &DailyQuestion, today: LocalDate) -> String {
    format!("nudge:{}:{today}", question.id)
}

/// Nudges the other. To a member who muted nudges it looks the same to the sender and lies in the inbox alone.
pub async fn nudge(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let mut tx = state.database.begin().await?;
    let Some(found) = daily_questions::lookup_for(&mut tx, person.id, id).await? else {
        return Err(ServiceError::NotFound);
    };
    pairs::lock(&mut tx, found.pair_id).await?;
    let (Some(pair), Some(question)) = (
        pairs::lookup_for(&mut tx, person.id, found.pair_id).await?,
        daily_questions::lookup_for(&mut tx, person.id, id).await?,
    ) else {
        return Err(ServiceError::NotFound);
    };
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
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
    // The sender's other devices show that it was done.
    facts.both_of(&pair, EventKind::InboxChanged, &question);
    facts.notice(Notice::of_pair(other, NotificationKind::Nudge, &pair, slot, now.plus(LIFE_MS)).about(&question));
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(pair.id)
}

/// Whether the member may nudge now, and whether they did today.
pub async fn state_of(
    tx: &mut Tx,
    pair: &Pair,
    role: Role,
    question: &DailyQuestion,
    today: LocalDate,
) -> Result<(bool, bool), ServiceError> {
    let is_possible = question.check_nudge(role, pair.phase(), pair.pause_at(today).is_some()).is_ok();
    let Some(other) = pair.seat(role.other()).filter(|_| is_possible) else {
        return Ok((false, false));
    };
    let is_done = notifications::was_notified(tx, other.person_id, &slot(question, today)).await?;
    Ok((!is_done, is_done))
}
