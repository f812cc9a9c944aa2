//! Server functions for today's question: reading, answering, swapping, and asking for the next one.

use leptos::prelude::*;

use super::{ApiError, TodayView, json_text::JsonText};
use crate::domain::{DailyQuestionId, PairId, SubmissionId};

/// Reads the today page of a pair. A page that reads it again sends the person it was rendered for (`whose`);
/// `http/forms.rs` checks that this person is still signed in.
#[server(endpoint = "today", output = JsonText)]
pub async fn today(pair: PairId, #[server(default)] whose: Option<String>) -> Result<TodayView, ApiError> {
    let _ = whose;
    use super::convert;
    use crate::{
        domain::{Hour, PairPhase, TimeOfYear},
        request,
        server::{
            calendar::Zone,
            services::{ServiceError, reading},
        },
    };

    let request = request::current().await?;
    let found = reading::today(&request.state, &request.reader(), pair).await?;
    let view = convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?;
    let zone = Zone::stored(&found.pair.zone);
    let locale = request.person.locale;
    let revisions = found.revisions.into_iter().map(|revision| revision.body.as_str().to_owned()).collect();
    let question =
        found.current.map(|question| convert::question_view(&question, &view, locale, |at| zone.date(at), revisions));
    let later = found
        .shelved
        .iter()
        .map(|question| convert::question_view(question, &view, locale, |at| zone.date(at), Vec::new()));
    Ok(TodayView {
        as_of: found.as_of,
        today: found.today,
        time_of_year: TimeOfYear::of(found.today),
        hour: Hour::of(found.minute),
        question,
        later: later.collect(),
        completed: found.completed,
        closed_season: found.closed_season,
        may_swap: found.may_swap,
        may_start_again: view.is_inviter && view.phase == PairPhase::Together && found.completed == 0,
        has_invitation: found.has_invitation,
        asks_for_recovery: found.asks_for_recovery,
        may_nudge: found.may_nudge,
        has_nudged: found.has_nudged,
        pair: view,
    })
}

/// Submits the signed-in person's answer to an open or shelved question. The send queue of a browser adds a `key` to
/// each submission, which makes the submission idempotent. For an answer that waited in the queue it also adds `base`,
/// the number of revisions that the writer had seen, and `earlier`, the comma-separated keys of the submissions that
/// this one replaces and that may have arrived.
#[server(endpoint = "submit_answer")]
pub async fn submit_answer(
    daily_question: DailyQuestionId,
    version: u32,
    body: String,
    key: Option<SubmissionId>,
    base: Option<u32>,
    #[server(default)] earlier: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::AnswerBody,
        paths, request,
        server::services::answers::{self, Sending},
    };

    let request = request::current().await?;
    let body = AnswerBody::parse(&body)?;
    let earlier = earlier.split(',').filter_map(|key| key.parse().ok()).take(Sending::MOST_EARLIER).collect();
    let sending = Sending { submission: key, base, earlier };
    let (pair, _) = answers::submit(&request.state, &request.person, daily_question, version, body, sending).await?;
    request.redirect(paths::today(pair)); // only sets a header and does not return: keep it last
    Ok(())
}

/// Replaces today's question for both members.
#[server(endpoint = "swap_question")]
pub async fn swap_question(daily_question: DailyQuestionId, version: u32) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::questions};

    let request = request::current().await?;
    let pair = questions::swap(&request.state, &request.person, daily_question, version).await?;
    request.redirect(paths::today(pair));
    Ok(())
}

/// Asks for a new question at the next due minute.
#[server(endpoint = "move_on")]
pub async fn move_on(daily_question: DailyQuestionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::questions};

    let request = request::current().await?;
    let pair = questions::move_on(&request.state, &request.person, daily_question).await?;
    request.redirect(paths::today(pair));
    Ok(())
}
