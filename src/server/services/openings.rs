//! Opening questions: the first one of a pair, and whatever a due minute asks for.

use super::{ServiceError, tell};
use crate::{
    domain::{
        Cadence, DailyQuestion, DailyQuestionId, DueMinute, DueOutcome, EventKind, LocalDate, Millis, Pair, PairId, PairPhase, Question, Role, Status,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{Tx, daily_questions, pairs, questions, rhythm},
    },
};

/// Below so many questions left the operator is told.
const FEW_LEFT: usize = 30;

/// A question of the catalogue, opened for a pair.
pub fn daily_question(state: &AppState, pair: PairId, number: u32, question: &Question, date: Option<LocalDate>, now: Millis) -> DailyQuestion {
    DailyQuestion {
        id: DailyQuestionId(state.random.id(now)),
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

/// Gives a new pair its first question, the oldest memory. It has no date until somebody joins.
pub async fn open_first(tx: &mut Tx, state: &AppState, pair: PairId, now: Millis) -> Result<DailyQuestion, ServiceError> {
    let question = daily_question(state, pair, 1, state.catalogue.first(), None, now);
    daily_questions::insert(tx, &question).await?;
    questions::set_asked(tx, pair, &question.key).await?;
    Ok(question)
}

/// Chooses what a pair was never offered; notes it as asked.
pub async fn choose_next<'a>(tx: &mut Tx, state: &'a AppState, pair: PairId) -> Result<&'a Question, ServiceError> {
    let asked = questions::asked(tx, pair).await?;
    let last = daily_questions::last_section(tx, pair).await?;
    let (question, left) = state.catalogue.choose(&asked, last, state.random.number());
    if left < FEW_LEFT {
        tracing::warn!(pair.id = %pair, left, "few questions are left for a pair: add a catalogue file");
    }
    if left > 0 {
        questions::set_asked(tx, pair, &question.key).await?;
    }
    Ok(question)
}

/// Opens up to `limit` due pairs, in one transaction; gives how many were due.
pub async fn open_due(state: &AppState, limit: i64) -> Result<usize, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let due = rhythm::find_due(&mut tx, now, limit).await?;
    for pair in &due {
        open_one(&mut tx, state, *pair, now).await?;
    }
    tx.commit().await?;
    Ok(due.len())
}

/// Handles the due pairs one by one, each in its own transaction, so that one bad row stops only itself.
pub async fn open_due_singly(state: &AppState, limit: i64) -> Result<usize, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let due = rhythm::find_due_unheld(&mut tx, now, limit).await?;
    drop(tx);
    let mut opened = 0;
    for pair in due {
        let mut tx = state.database.begin().await?;
        pairs::lock(&mut tx, pair).await?;
        match open_one(&mut tx, state, pair, now).await {
            Ok(()) => {
                tx.commit().await?;
                opened += 1;
            }
            Err(error) => tracing::error!(pair.id = %pair, %error, "a due pair could not be opened"),
        }
    }
    Ok(opened)
}

async fn open_one(tx: &mut Tx, state: &AppState, id: PairId, now: Millis) -> Result<(), ServiceError> {
    let Some(pair) = pairs::lookup(tx, id).await? else {
        return Ok(());
    };
    let Some(due_at) = pair.next_due_at.filter(|at| *at <= now) else {
        return Ok(());
    };
    let zone = Zone::stored(&pair.zone);
    let due = zone.due_minute(due_at, now, pair.push_time);
    // Whoever is second finds the due minute moved on and does nothing.
    if !rhythm::claim_due(tx, id, due_at, due.next).await? || pair.phase() != PairPhase::Together {
        return Ok(());
    }
    let opened = rhythm::opened(tx, id).await?;
    let current = daily_questions::lookup_current(tx, id).await?;
    let cadence = Cadence {
        current: current.as_ref(),
        last_opened_date: opened.last_opened_date,
        last_opened_at: opened.last_opened_at,
        paused_until: pair.paused_until,
        parent_unanswered: opened.parent_unanswered,
        child_unanswered: opened.child_unanswered,
    };
    let outcome = cadence.at_due(due);
    tracing::debug!(pair.id = %id, ?outcome, "due minute");
    match (outcome, current) {
        (DueOutcome::Open, _) => open_next(tx, state, &pair, due).await,
        (DueOutcome::ShelveAndOpen, Some(current)) => {
            shelve(tx, &pair, current, now).await?;
            open_next(tx, state, &pair, due).await
        }
        (DueOutcome::Remind { .. } | DueOutcome::Stay, Some(current)) => stay(tx, &pair, current, due).await,
        (DueOutcome::Paused, Some(current)) => rest(tx, current, due_at, due, &zone).await,
        (DueOutcome::Skip | DueOutcome::Paused | DueOutcome::ShelveAndOpen | DueOutcome::Remind { .. } | DueOutcome::Stay, _) => Ok(()),
    }
}

async fn open_next(tx: &mut Tx, state: &AppState, pair: &Pair, due: DueMinute) -> Result<(), ServiceError> {
    let chosen = choose_next(tx, state, pair.id).await?;
    let number = daily_questions::last_number(tx, pair.id).await? + 1;
    let question = daily_question(state, pair.id, number, chosen, Some(due.local_date), due.now);
    daily_questions::insert(tx, &question).await?;
    rhythm::set_opened(tx, pair.id, due.local_date, due.now).await?;
    tell::both_of(tx, pair, EventKind::QuestionOpened, &question, due.now).await
}

async fn shelve(tx: &mut Tx, pair: &Pair, mut question: DailyQuestion, now: Millis) -> Result<(), ServiceError> {
    question.shelved_at = Some(now);
    question.move_on = None;
    daily_questions::save(tx, &question).await?;
    for role in [Role::Parent, Role::Child] {
        if !question.has_answered(role) {
            rhythm::add_unanswered(tx, pair.id, role).await?;
        }
    }
    tell::both_of(tx, pair, EventKind::QuestionShelved, &question, now).await
}

/// The question stays. Who waits for the other may ask for a new one from now on: their page changes.
async fn stay(tx: &mut Tx, pair: &Pair, mut question: DailyQuestion, due: DueMinute) -> Result<(), ServiceError> {
    let could_move_on = [Role::Parent, Role::Child].map(|role| question.may_move_on(role));
    question.due_passed_at = Some(due.at);
    daily_questions::save(tx, &question).await?;
    for (role, could) in [Role::Parent, Role::Child].into_iter().zip(could_move_on) {
        if question.may_move_on(role) && !could {
            tell::seat_of(tx, pair, role, EventKind::DuePassed, &question, due.now).await?;
        }
    }
    Ok(())
}

/// A pause stops the day count too: it goes on where it was when the pause is over.
async fn rest(tx: &mut Tx, mut question: DailyQuestion, due_at: Millis, due: DueMinute, zone: &Zone) -> Result<(), ServiceError> {
    if question.status() == Status::Open {
        let days = due.local_date.days_since(zone.date(due_at)) + 1;
        question.counted_from = question.counted_from.map(|from| from.plus_days(days));
        daily_questions::save(tx, &question).await?;
    }
    Ok(())
}
