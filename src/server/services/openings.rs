//! Opening questions: the first one of a pair, and the effect of due minutes.
//! Rules R10, R11, R13, R18, R40–R44, R51.

use std::time::Duration;

use super::{
    ServiceError,
    due_pairs::{self, Ahead, Batch, DuePair, Next},
    tell::{Facts, Notice},
};
use crate::{
    domain::{
        DailyQuestion, DailyQuestionId, DueMinute, DueOutcome, EventKind, Millis, NotificationKind, Pair, PairId,
        Question, REMINDER_DAYS, Role,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{Tx, daily_questions, pairs, questions, schedule},
    },
};

/// The operator is warned when a pair has fewer unasked questions than this.
const FEW_LEFT: usize = 30;

/// How long a batch may be read ahead. One that takes longer, as when pages have all readers, is read in its turn.
const LONGEST_AHEAD: Duration = Duration::from_secs(1);

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

/// Handles up to `limit` due pairs in one transaction. `ahead` is what the call before has read of them. Returns how
/// many were due, and on SQLite what was read of the next ones meanwhile.
pub async fn open_due(
    state: &AppState,
    limit: i64,
    ahead: Option<Ahead>,
) -> Result<(usize, Option<Ahead>), ServiceError> {
    let mut tx = state.database.begin().await?;
    let mark = tx.sqlite_mark().await?;
    let batch = match ahead.and_then(|ahead| ahead.if_followed_by(mark)) {
        Some(batch) => {
            schedule::hold(&mut tx, batch.ids.iter().copied());
            batch
        }
        None => {
            let now = state.now_in(&mut tx).await?;
            let due = schedule::find_due(&mut tx, now, limit).await?;
            due_pairs::read(&mut tx, state, due, now).await?
        }
    };
    let ids = batch.ids.clone();
    let write = async {
        open_all(&mut tx, state, batch).await?;
        Ok::<_, ServiceError>(tx.commit().await?)
    };
    let next = async {
        let since = mark.filter(|_| ids.len() as i64 == limit)?;
        let reading = due_pairs::read_ahead(state, &ids, since, limit);
        let read = tokio::time::timeout(LONGEST_AHEAD, reading).await.ok()?;
        read.inspect_err(|error| tracing::warn!(%error, "due pairs could not be read ahead")).ok()
    };
    let (written, next) = tokio::join!(write, next);
    written.map(|()| (ids.len(), next))
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

async fn open_one(tx: &mut Tx, state: &AppState, pair: PairId, now: Millis) -> Result<(), ServiceError> {
    let batch = due_pairs::read(tx, state, vec![pair], now).await?;
    open_all(tx, state, batch).await
}

/// Handles due pairs. The number of statements does not depend on the number of pairs.
async fn open_all(tx: &mut Tx, state: &AppState, batch: Batch) -> Result<(), ServiceError> {
    let now = batch.now;
    // Only one node moves a due minute on. The others get no row and do nothing.
    let moves: Vec<_> = batch.due.iter().map(|due| (due.pair.id, due.due_at, due.due.next)).collect();
    let claimed = schedule::claim_due(tx, &moves).await?;
    let mut facts = Facts::default();
    let mut opening = Vec::new();
    for DuePair { pair, due_at, due, outcome, next } in batch.due {
        let Some(outcome) = outcome.filter(|_| claimed.contains(&pair.id)) else { continue };
        tracing::debug!(pair.id = %pair.id, outcome = outcome.word(), "due minute");
        if Zone::of(&pair.zone).is_err() {
            tracing::error!(
                pair.id = %pair.id,
                zone = pair.zone.as_str(),
                "the zone of a pair is in no database: its last known offset is used"
            );
        }
        match outcome {
            DueOutcome::Open => {}
            DueOutcome::ShelveAndOpen(question) => shelve(tx, &mut facts, &pair, question, now).await?,
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
        opening.extend(next.map(|next| (pair, due, next)));
    }
    open_next(tx, &mut facts, opening).await?;
    facts.write(tx, state, now).await
}

/// Opens the next question of each of these pairs.
async fn open_next(tx: &mut Tx, facts: &mut Facts, opening: Vec<(Pair, DueMinute, Next)>) -> Result<(), ServiceError> {
    if opening.is_empty() {
        return Ok(());
    }
    let (mut fresh, mut opened, mut offered) = (Vec::new(), Vec::new(), Vec::new());
    for (pair, due, Next { question, offered: key, left }) in opening {
        say_when_few(pair.id, left);
        facts.both_of(&pair, EventKind::QuestionOpened, &question);
        for member in [&pair.parent, &pair.child].into_iter().flatten() {
            let slot = format!("question:{}", question.id);
            facts.notice(
                Notice::of_pair(member, NotificationKind::Question, &pair, slot, due.next)
                    .about(&question)
                    .at_due(due.at),
            );
        }
        offered.extend(key.map(|key| (pair.id, key)));
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
