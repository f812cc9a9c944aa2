//! Answering.
//! Rules R20–R27, R121, R122.

use super::{ServiceError, tell::Facts};
use crate::{
    domain::{AnswerBody, DailyQuestionId, PairId, Person, Saved, SubmissionId},
    server::{
        state::AppState,
        storage::{answers, daily_questions, pairs, persons, schedule},
    },
};

/// How an answer was sent.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// Names this sending: however often it comes, it is taken once.
    pub submission: Option<SubmissionId>,
    /// Of a text that waited on its device: how many revisions its writer had seen. It never goes over a later one.
    pub base: Option<u32>,
    /// Sendings that this one replaces, whose receipts were lost: what became of them counts as seen.
    pub earlier: Vec<SubmissionId>,
}

impl Sending {
    /// A device that was without a network for long names the first of them.
    pub const MOST_EARLIER: usize = 16;
}

/// Takes the person's answer to a question of theirs. `version` is the wording they saw.
pub async fn submit(
    state: &AppState,
    person: &Person,
    id: DailyQuestionId,
    version: u32,
    body: AnswerBody,
    sending: Sending,
) -> Result<(PairId, Saved), ServiceError> {
    let mut tx = state.database.begin().await?;
    let Some(found) = daily_questions::lookup_for(&mut tx, person.id, id).await? else {
        return Err(ServiceError::NotFound);
    };
    // Read again behind the lock: the other may be answering this very moment.
    pairs::lock(&mut tx, found.pair_id).await?;
    let (Some(pair), Some(mut question)) = (
        pairs::lookup_for(&mut tx, person.id, found.pair_id).await?,
        daily_questions::lookup_for(&mut tx, person.id, id).await?,
    ) else {
        return Err(ServiceError::NotFound);
    };
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
    if let Some(submission) = sending.submission
        && answers::was_taken(&mut tx, id, role, submission).await?
    {
        return Ok((pair.id, Saved::Unchanged));
    }
    let mut taken = 0;
    for earlier in sending.earlier {
        taken += u32::from(answers::was_taken(&mut tx, id, role, earlier).await?);
    }
    question.check_base(role, sending.base, taken, &body)?;
    let now = state.clock.now();
    let saved = question.answer(role, version, body, now, pair.phase())?;
    if saved == Saved::Unchanged {
        return Ok((pair.id, saved));
    }
    answers::save(&mut tx, &question, role, person.id, sending.submission).await?;
    if saved == Saved::Opened {
        daily_questions::save(&mut tx, &question).await?;
    }
    if saved != Saved::Revised {
        persons::count_answer(&mut tx, person.id).await?;
    }
    schedule::reset_unanswered(&mut tx, pair.id, role).await?;
    let mut facts = Facts::default();
    facts.answered(&pair, &question, role, saved, now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok((pair.id, saved))
}
