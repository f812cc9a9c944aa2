//! Taking an answer back from an opened card, restoring it within seven days, and deleting its words after that.
//! Rule R170.

use super::{
    ServiceError,
    questions::{self, Held},
    tell::{Facts, NEWS_LIFE_MS, Notice},
};
use crate::{
    domain::{Answer, DailyQuestionError, DailyQuestionId, EventKind, Millis, NotificationKind, PairId, Person},
    server::{
        state::AppState,
        storage::{answers, pairs},
    },
};

/// Takes the person's answer back. The other is told once for each card, however often the answer is taken back.
pub async fn take_back(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let Held { pair, role, mut question, .. } = questions::hold(&mut tx, person, id).await?;
    if question.take_back(role, now)? {
        answers::take_back(&mut tx, id, role, now).await?;
        let mut facts = Facts::default();
        facts.both_of(&pair, EventKind::CardChanged, &question);
        if let Some(other) = pair.seat(role.other()) {
            let (kind, slot) = (NotificationKind::AnswerTakenBack, format!("taken_back:{id}"));
            facts.notice(Notice::of_pair(other, kind, &pair, slot, now.plus(NEWS_LIFE_MS)).about(&question));
        }
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
    }
    Ok(pair.id)
}

/// Restores an answer that the person took back less than seven days ago.
pub async fn restore(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let Held { pair, role, question, .. } = questions::hold(&mut tx, person, id).await?;
    if question.check_restore(role, now)? {
        if !answers::restore(&mut tx, id, role).await? {
            return Err(DailyQuestionError::TakenBackForGood.into());
        }
        let mut facts = Facts::default();
        facts.both_of(&pair, EventKind::CardChanged, &question);
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
    }
    Ok(pair.id)
}

/// Deletes the words of answers that can be restored no longer. Returns how many.
pub async fn erase_old(state: &AppState, now: Millis) -> Result<u64, ServiceError> {
    let before = now.plus(-Answer::RESTORED_FOR_MS);
    let mut tx = state.database.read().await?;
    let found = answers::find_pairs_to_erase(&mut tx, before).await?;
    drop(tx);
    let mut erased = 0;
    for pair in found {
        let mut tx = state.database.begin().await?;
        pairs::lock(&mut tx, pair).await?;
        erased += answers::erase_taken_back(&mut tx, pair, before).await?;
        tx.commit().await?;
    }
    Ok(erased)
}
