//! Opening questions: the first one of a pair, and the effect of due minutes.
//! Rules R10, R11, R13, R18, R40–R44, R51.

use std::collections::HashMap;

use super::{
    ServiceError,
    tell::{Facts, Notice},
};
use crate::{
    domain::{
        Cadence, DailyQuestion, DailyQuestionId, DueMinute, DueOutcome, EventKind, LocalDate, Millis, NotificationKind,
        Pair, PairId, PairPhase, Question, REMINDER_DAYS, Role, ZoneName,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{Tx, daily_questions, pairs, questions, schedule},
    },
};

/// The operator is warned when a pair has fewer unasked questions than this.
const FEW_LEFT: usize = 30;

/// Opens the first question of a new pair, the oldest memory. It has no date until somebody joins.
pub async fn open_first(
    tx: &mut Tx,
    state: &AppState,
    pair: PairId,
    now: Millis,
) -> Result<DailyQuestion, ServiceError> {
    let id = DailyQuestionId(state.random.id(now));
    let question = DailyQuestion::open(id, pair, 1, state.catalogue.first(), None, now);
    daily_questions::insert(tx, &question).await?;
    questions::set_asked(tx, pair, &question.key).await?;
    Ok(question)
}

/// Chooses a question that the pair was never offered, and records it as asked.
pub async fn choose_next<'a>(tx: &mut Tx, state: &'a AppState, pair: PairId) -> Result<&'a Question, ServiceError> {
    let asked = questions::asked(tx, pair).await?;
    let last = daily_questions::last_section(tx, pair).await?;
    let (question, left) = state.catalogue.choose(&asked, last, state.random.number());
    say_when_few(pair, left);
    if left > 0 {
        questions::set_asked(tx, pair, &question.key).await?;
    }
    Ok(question)
}

fn say_when_few(pair: PairId, left: usize) {
    if left < FEW_LEFT {
        tracing::warn!(pair.id = %pair, left, "few questions are left for a pair: add a catalogue file");
    }
}

/// Handles up to `limit` due pairs in one transaction. Returns how many were due.
pub async fn open_due(state: &AppState, limit: i64) -> Result<usize, ServiceError> {
    let mut tx = state.database.begin().await?;
    let now = state.now_in(&mut tx).await?;
    let due = schedule::find_due(&mut tx, now, limit).await?;
    open_all(&mut tx, state, &due, now).await?;
    tx.commit().await?;
    Ok(due.len())
}

/// Handles due pairs one by one, each in its own transaction, so that a broken row affects only its pair.
pub async fn open_due_singly(state: &AppState, limit: i64) -> Result<usize, ServiceError> {
    let mut tx = state.database.read().await?;
    let now = state.now_in(&mut tx).await?;
    let due = schedule::find_due_unheld(&mut tx, now, limit).await?;
    drop(tx);
    let mut opened = 0;
    for pair in due {
        let mut tx = state.database.begin().await?;
        pairs::lock(&mut tx, pair).await?;
        match open_all(&mut tx, state, &[pair], now).await {
            Ok(()) => {
                tx.commit().await?;
                opened += 1;
            }
            Err(error) => tracing::error!(pair.id = %pair, %error, "a due pair could not be opened"),
        }
    }
    Ok(opened)
}

/// A claimed due pair, with the outcome of its due minute.
struct Claimed {
    pair: Pair,
    due_at: Millis,
    due: DueMinute,
    outcome: DueOutcome<DailyQuestion>,
}

/// Handles due pairs. The number of statements does not depend on the number of pairs.
async fn open_all(tx: &mut Tx, state: &AppState, ids: &[PairId], now: Millis) -> Result<(), ServiceError> {
    let claimed = claim(tx, ids, now).await?;
    let mut facts = Facts::default();
    let mut opening = Vec::new();
    for claimed in claimed {
        let Claimed { pair, due_at, due, outcome } = claimed;
        match outcome {
            DueOutcome::Open => opening.push((pair, due)),
            DueOutcome::ShelveAndOpen(question) => {
                shelve(tx, &mut facts, &pair, question, now).await?;
                opening.push((pair, due));
            }
            DueOutcome::Remind { question, day, roles } => {
                let question = stay(tx, &mut facts, &pair, question, due).await?;
                remind(&mut facts, &pair, &question, day, &roles, due);
            }
            DueOutcome::Stay(question) => drop(stay(tx, &mut facts, &pair, question, due).await?),
            DueOutcome::CountAnew(mut question) => {
                question.count_anew(due.local_date);
                daily_questions::save(tx, &question).await?;
            }
            DueOutcome::Paused(Some(mut question)) => {
                // The day count pauses as well, and goes on where it was when the pause ends.
                let zone = Zone::stored(&pair.zone);
                question.rest(due.local_date.days_since(zone.date(due_at)) + 1);
                daily_questions::save(tx, &question).await?;
            }
            DueOutcome::Paused(None) | DueOutcome::Skip => {}
        }
    }
    open_next(tx, state, &mut facts, &opening).await?;
    facts.write(tx, state, now).await
}

async fn claim(tx: &mut Tx, ids: &[PairId], now: Millis) -> Result<Vec<Claimed>, ServiceError> {
    let pairs = pairs::find_by_ids(tx, ids).await?;
    let mut zones: HashMap<ZoneName, Zone> = HashMap::new();
    let due: Vec<(Pair, Millis, DueMinute)> = pairs
        .into_iter()
        .filter_map(|pair| {
            let due_at = pair.next_due_at.filter(|at| *at <= now)?;
            if Zone::of(&pair.zone).is_err() {
                tracing::error!(
                    pair.id = %pair.id,
                    zone = pair.zone.as_str(),
                    "the zone of a pair is in no database: its last known offset is used"
                );
            }
            let zone = zones.entry(pair.zone.clone()).or_insert_with_key(Zone::stored);
            let due = zone.due_minute(due_at, now, pair.push_time);
            Some((pair, due_at, due))
        })
        .collect();
    // Only one node moves a due minute on. The others get no row and do nothing.
    let moves: Vec<_> = due.iter().map(|(pair, due_at, due)| (pair.id, *due_at, due.next)).collect();
    let claimed = schedule::claim_due(tx, &moves).await?;
    let ids: Vec<PairId> = claimed.iter().copied().collect();
    let mut opened = schedule::find_states(tx, &ids).await?;
    let mut current = daily_questions::find_open(tx, &ids).await?;
    let dates: Vec<(PairId, LocalDate)> = due.iter().map(|(pair, _, due)| (pair.id, due.local_date)).collect();
    let dated = daily_questions::find_dated(tx, &dates).await?;
    let claimed =
        due.into_iter().filter(|(pair, ..)| claimed.contains(&pair.id) && pair.phase() == PairPhase::Together);
    let claimed = claimed.map(|(pair, due_at, due)| {
        let opened = opened.remove(&pair.id).ok_or(ServiceError::Broken("a claimed pair that is not there"))?;
        let cadence = Cadence {
            current: current.remove(&pair.id),
            last_opened_date: opened.last_opened_date,
            last_opened_at: opened.last_opened_at,
            paused_until: pair.paused_until,
            parent_unanswered: opened.parent_unanswered,
            child_unanswered: opened.child_unanswered,
        };
        let outcome = match cadence.at_due(due) {
            // A wrong clock may have opened a question for this date long ago. The date keeps that question.
            DueOutcome::Open | DueOutcome::ShelveAndOpen(_) if dated.contains(&pair.id) => DueOutcome::Skip,
            outcome => outcome,
        };
        tracing::debug!(pair.id = %pair.id, outcome = outcome.word(), "due minute");
        Ok(Claimed { pair, due_at, due, outcome })
    });
    claimed.collect()
}

/// Opens the next question of each of these pairs.
async fn open_next(
    tx: &mut Tx,
    state: &AppState,
    facts: &mut Facts,
    opening: &[(Pair, DueMinute)],
) -> Result<(), ServiceError> {
    if opening.is_empty() {
        return Ok(());
    }
    let ids: Vec<PairId> = opening.iter().map(|(pair, _)| pair.id).collect();
    let mut asked = questions::find_asked(tx, &ids).await?;
    let lasts = daily_questions::find_lasts(tx, &ids).await?;
    let (mut fresh, mut opened, mut offered) = (Vec::new(), Vec::new(), Vec::new());
    for (pair, due) in opening {
        let last = lasts.get(&pair.id).copied();
        let (chosen, left) = state.catalogue.choose(
            &asked.remove(&pair.id).unwrap_or_default(),
            last.map(|(_, section)| section),
            state.random.number(),
        );
        say_when_few(pair.id, left);
        if left > 0 {
            offered.push((pair.id, chosen.key.clone()));
        }
        let number = last.map_or(0, |(number, _)| number) + 1;
        let id = DailyQuestionId(state.random.id(due.now));
        let question = DailyQuestion::open(id, pair.id, number, chosen, Some(due.local_date), due.now);
        facts.both_of(pair, EventKind::QuestionOpened, &question);
        for member in [&pair.parent, &pair.child].into_iter().flatten() {
            let slot = format!("question:{}", question.id);
            facts.notice(
                Notice::of_pair(member, NotificationKind::Question, pair, slot, due.next)
                    .about(&question)
                    .at_due(due.at),
            );
        }
        opened.push((pair.id, due.local_date, due.now));
        fresh.push(question);
    }
    questions::set_asked_all(tx, &offered).await?;
    daily_questions::insert_all(tx, &fresh).await?;
    schedule::set_opened_all(tx, &opened).await?;
    Ok(())
}

/// Reminds the seats that have not answered. On day 1 the seat that waits is notified, once per question.
fn remind(facts: &mut Facts, pair: &Pair, question: &DailyQuestion, day: i64, roles: &[Role], due: DueMinute) {
    for role in roles {
        if let Some(member) = pair.seat(*role) {
            let slot = format!("reminder:{}:{}:{day}", question.id, question.version);
            facts.notice(
                Notice::of_pair(member, NotificationKind::Reminder, pair, slot, due.next)
                    .about(question)
                    .at_due(due.at),
            );
        }
    }
    for role in [Role::Parent, Role::Child] {
        let is_waiting = question.has_answered(role) && !question.has_answered(role.other());
        if let Some(member) = pair.seat(role).filter(|_| is_waiting && day == REMINDER_DAYS[0]) {
            let slot = format!("waiting:{}", question.id);
            facts.notice(
                Notice::of_pair(member, NotificationKind::StillWaiting, pair, slot, due.next)
                    .about(question)
                    .at_due(due.at),
            );
        }
    }
}

async fn shelve(
    tx: &mut Tx,
    facts: &mut Facts,
    pair: &Pair,
    mut question: DailyQuestion,
    now: Millis,
) -> Result<(), ServiceError> {
    question.shelve(now);
    daily_questions::save(tx, &question).await?;
    for role in [Role::Parent, Role::Child] {
        if !question.has_answered(role) {
            schedule::add_unanswered(tx, pair.id, role).await?;
        }
    }
    facts.both_of(pair, EventKind::QuestionShelved, &question);
    Ok(())
}

/// Keeps the question open. A seat that waits for the other may ask for a new question from now on, so its page
/// changes.
async fn stay(
    tx: &mut Tx,
    facts: &mut Facts,
    pair: &Pair,
    mut question: DailyQuestion,
    due: DueMinute,
) -> Result<DailyQuestion, ServiceError> {
    let may_move_on = question.pass_due(due.at);
    daily_questions::save(tx, &question).await?;
    for role in may_move_on {
        facts.seat_of(pair, role, EventKind::DuePassed, &question);
    }
    Ok(question)
}
