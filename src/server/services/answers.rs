//! Submitting an answer.
//! Rules R20–R27, R121, R122.

use super::{
    ServiceError,
    questions::{self, Held},
    tell::Facts,
};
use crate::{
    domain::{AnswerBody, DailyQuestionId, PairId, Person, Saved, SubmissionId},
    server::{
        state::AppState,
        storage::{answers, daily_questions, schedule},
    },
};

/// How a browser sent an answer.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// Idempotency key: a submission that comes again is stored once.
    pub submission: Option<SubmissionId>,
    /// Set for a text that waited on its device: how many revisions its writer had seen. Such a text never replaces a
    /// later revision.
    pub base: Option<u32>,
    /// Earlier submissions that this one replaces and whose receipts were lost. Their revisions count as seen.
    pub earlier: Vec<SubmissionId>,
}

impl Sending {
    /// Most `earlier` submissions that are read. A device that was offline for long names the first ones.
    pub const MOST_EARLIER: usize = 16;
}

/// Stores the person's answer to one of their questions. `version` is the wording that the person saw.
pub async fn submit(
    state: &AppState,
    person: &Person,
    id: DailyQuestionId,
    version: u32,
    body: AnswerBody,
    sending: Sending,
) -> Result<(PairId, Saved), ServiceError> {
    let mut tx = state.database.begin().await?;
    let Held { pair, role, mut question, has_unanswered } = questions::hold(&mut tx, person, id).await?;
    // A submission that was taken left an answer.
    if question.answer_of(role).is_some()
        && let Some(submission) = sending.submission
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
    if has_unanswered {
        schedule::reset_unanswered(&mut tx, pair.id, role).await?;
    }
    if saved == Saved::Opened {
        daily_questions::save(&mut tx, &question).await?;
    }
    let mut facts = Facts::default();
    facts.answered(&pair, &question, role, saved, now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok((pair.id, saved))
}
