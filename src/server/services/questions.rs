//! Acts on today's question other than answering: swapping it, and asking for a new one.
//! Rules R30, R31, R33, R34.

use super::{ServiceError, openings, tell::Facts};
use crate::{
    domain::{DailyQuestionError, DailyQuestionId, EventKind, PairId, Person},
    server::{
        calendar::Zone,
        state::AppState,
        storage::{daily_questions, pairs, schedule},
    },
};

/// Replaces the question inside the same DailyQuestion. `version` is the wording the person saw.
pub async fn swap(
    state: &AppState,
    person: &Person,
    id: DailyQuestionId,
    version: u32,
) -> Result<PairId, ServiceError> {
    let mut tx = state.database.begin().await?;
    let Some(found) = daily_questions::lookup_for(&mut tx, person.id, id).await? else {
        return Err(ServiceError::NotFound);
    };
    pairs::lock(&mut tx, found.pair_id).await?;
    let (Some(pair), Some(mut question)) = (
        pairs::lookup_for(&mut tx, person.id, found.pair_id).await?,
        daily_questions::lookup_for(&mut tx, person.id, id).await?,
    ) else {
        return Err(ServiceError::NotFound);
    };
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
    let now = state.clock.now();
    let today = Zone::stored(&pair.zone).date(now);
    let swapped_today = schedule::lookup_state(&mut tx, pair.id).await?.swapped_on(today);
    question.check_swap(pair.phase(), swapped_today)?;
    if version != question.version {
        return Err(DailyQuestionError::Swapped.into());
    }
    let next = openings::choose_next(&mut tx, state, pair.id).await?;
    question.swap(next.key.clone(), next.section, next.wordings.clone(), today);
    daily_questions::save(&mut tx, &question).await?;
    schedule::set_swapped(&mut tx, pair.id, today).await?;
    schedule::reset_unanswered(&mut tx, pair.id, role).await?;
    let mut facts = Facts::default();
    facts.both_of(&pair, EventKind::QuestionSwapped, &question);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(pair.id)
}

/// Asks for a new question at the next due minute. Only the asker's own devices hear of it.
pub async fn move_on(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let mut tx = state.database.begin().await?;
    let Some(found) = daily_questions::lookup_for(&mut tx, person.id, id).await? else {
        return Err(ServiceError::NotFound);
    };
    pairs::lock(&mut tx, found.pair_id).await?;
    let (Some(pair), Some(mut question)) = (
        pairs::lookup_for(&mut tx, person.id, found.pair_id).await?,
        daily_questions::lookup_for(&mut tx, person.id, id).await?,
    ) else {
        return Err(ServiceError::NotFound);
    };
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
    let now = state.clock.now();
    if question.ask_to_move_on(role, pair.phase())? {
        daily_questions::save(&mut tx, &question).await?;
        schedule::reset_unanswered(&mut tx, pair.id, role).await?;
        let mut facts = Facts::default();
        facts.seat_of(&pair, role, EventKind::MoveOnAsked, &question);
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
    }
    Ok(pair.id)
}
