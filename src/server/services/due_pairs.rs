//! Due pairs and what their minutes do. All of it is read before anything is written, and on SQLite the next batch is
//! read while the batch before it is written.
//! Rules R13–R15, R40–R44, R51.

use std::collections::{HashMap, HashSet};

use super::ServiceError;
use crate::{
    domain::{
        Cadence, DailyQuestion, DailyQuestionId, DueMinute, DueOutcome, LocalDate, Millis, Pair, PairId, PairPhase,
        QuestionKey, ZoneName,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{SqliteMark, Tx, daily_questions, pairs, questions, schedule},
    },
};

/// A batch of due pairs.
pub(super) struct Batch {
    /// When it was read.
    pub(super) now: Millis,
    pub(super) ids: Vec<PairId>,
    pub(super) due: Vec<DuePair>,
}

/// A pair whose due minute has come.
pub(super) struct DuePair {
    pub(super) pair: Pair,
    pub(super) due_at: Millis,
    pub(super) due: DueMinute,
    /// `None` for a pair that is not together: its minute passes.
    pub(super) outcome: Option<DueOutcome<DailyQuestion>>,
    pub(super) next: Option<Next>,
}

/// The question that a due minute opens.
pub(super) struct Next {
    pub(super) question: DailyQuestion,
    /// `None` for the free question, which may be asked again.
    pub(super) offered: Option<QuestionKey>,
    /// How many questions were left to choose from.
    pub(super) left: usize,
}

/// A batch that was read while the batch before it was written.
pub struct Ahead {
    batch: Batch,
    /// Where the batch before it began.
    since: SqliteMark,
}

impl Ahead {
    /// The batch, if nothing but the batch before it was written since: that one is about other pairs.
    pub(super) fn if_followed_by(self, mark: Option<SqliteMark>) -> Option<Batch> {
        mark.filter(|mark| mark.is_next_after(self.since)).map(|_| self.batch)
    }
}

/// Reads the next batch: up to `limit` due pairs that are not in the batch `before`, which began at `since`.
pub(super) async fn read_ahead(
    state: &AppState,
    before: &[PairId],
    since: SqliteMark,
    limit: i64,
) -> Result<Ahead, ServiceError> {
    let mut tx = state.database.read().await?;
    let now = state.clock.now();
    let mut ids = schedule::find_due_unheld(&mut tx, now, limit + before.len() as i64).await?;
    let before: HashSet<&PairId> = before.iter().collect();
    ids.retain(|id| !before.contains(id));
    ids.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(Ahead { batch: read(&mut tx, state, ids, now).await?, since })
}

/// Reads due pairs, decides what their minutes do, and chooses their questions. The number of statements does not
/// depend on the number of pairs.
pub(super) async fn read(tx: &mut Tx, state: &AppState, ids: Vec<PairId>, now: Millis) -> Result<Batch, ServiceError> {
    let pairs = pairs::find_by_ids(tx, &ids).await?;
    let mut zones: HashMap<ZoneName, Zone> = HashMap::new();
    let due: Vec<(Pair, Millis, DueMinute)> = pairs
        .into_iter()
        .filter_map(|pair| {
            let due_at = pair.next_due_at.filter(|at| *at <= now)?;
            let zone = zones.entry(pair.zone.clone()).or_insert_with_key(Zone::stored);
            let due = zone.due_minute(due_at, now, pair.push_time);
            Some((pair, due_at, due))
        })
        .collect();
    let mut opened = schedule::find_states(tx, &ids).await?;
    let mut current = daily_questions::find_open(tx, &ids).await?;
    let dates: Vec<(PairId, LocalDate)> = due.iter().map(|(pair, _, due)| (pair.id, due.local_date)).collect();
    let dated = daily_questions::find_dated(tx, &dates).await?;
    let decided = due.into_iter().map(|(pair, due_at, due)| {
        if pair.phase() != PairPhase::Together {
            return Ok(DuePair { pair, due_at, due, outcome: None, next: None });
        }
        let opened = opened.remove(&pair.id).ok_or(ServiceError::Broken("a due pair that is not there"))?;
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
        Ok(DuePair { pair, due_at, due, outcome: Some(outcome), next: None })
    });
    let mut due = decided.collect::<Result<Vec<_>, ServiceError>>()?;
    choose_next(tx, state, &mut due).await?;
    Ok(Batch { now, ids, due })
}

/// Chooses the next question of each pair that opens one.
async fn choose_next(tx: &mut Tx, state: &AppState, due: &mut [DuePair]) -> Result<(), ServiceError> {
    let opening = |due: &&mut DuePair| matches!(due.outcome, Some(DueOutcome::Open | DueOutcome::ShelveAndOpen(_)));
    let ids: Vec<PairId> = due.iter_mut().filter(opening).map(|due| due.pair.id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let mut asked = questions::find_asked(tx, &ids).await?;
    let lasts = daily_questions::find_lasts(tx, &ids).await?;
    for DuePair { pair, due, next, .. } in due.iter_mut().filter(opening) {
        let last = lasts.get(&pair.id).copied();
        let (chosen, left) = state.catalogue.choose(
            &asked.remove(&pair.id).unwrap_or_default(),
            last.map(|(_, section)| section),
            state.random.number(),
        );
        let number = last.map_or(0, |(number, _)| number) + 1;
        let id = DailyQuestionId(state.random.id(due.now));
        let question = DailyQuestion::open(id, pair.id, number, chosen, Some(due.local_date), due.now);
        *next = Some(Next { question, offered: (left > 0).then(|| chosen.key.clone()), left });
    }
    Ok(())
}
