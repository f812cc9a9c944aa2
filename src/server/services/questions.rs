//! Use cases on a daily question: how all of them begin, swapping the question, and asking for a new one.
//! Rules R30, R31, R33, R34.

use super::{ServiceError, openings, tell::Facts};
use crate::{
    domain::{DailyQuestion, DailyQuestionError, DailyQuestionId, EventKind, Pair, PairId, Person, Role},
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            Tx, daily_questions, persons,
            question_locks::{self, Locked},
            schedule,
        },
    },
};

/// A daily question of the person, with its pair, which is locked, and the person's seat in it.
pub(super) struct Held {
    pub pair: Pair,
    pub role: Role,
    pub question: DailyQuestion,
    /// Whether the person's seat left shelved questions unanswered: the count begins anew when they act.
    pub has_unanswered: bool,
}

/// How every use case on a daily question begins: it finds the pair through the person and locks it until the end of
/// the transaction, and reads pair and question behind the lock, because the other may be answering at this moment.
pub(super) async fn hold(tx: &mut Tx, person: &Person, id: DailyQuestionId) -> Result<Held, ServiceError> {
    let Locked { pair, question, has_unanswered } =
        question_locks::lock(tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
    persons::lock(tx, pair.everybody()).await?;
    Ok(Held { pair, role, question, has_unanswered })
}

/// Replaces the question inside a daily question. `version` is the wording that the person saw.
pub async fn swap(
    state: &AppState,
    person: &Person,
    id: DailyQuestionId,
    version: u32,
) -> Result<PairId, ServiceError> {
    let mut tx = state.database.begin().await?;
    let Held { pair, role, mut question, .. } = hold(&mut tx, person, id).await?;
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

/// Asks for a new question at the next due minute. Only the asker's own devices get an event.
pub async fn move_on(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let mut tx = state.database.begin().await?;
    let Held { pair, role, mut question, .. } = hold(&mut tx, person, id).await?;
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
