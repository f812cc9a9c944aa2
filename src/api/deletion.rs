//! Server functions for taking an answer back and for deleting an account.

use std::collections::HashMap;

use leptos::prelude::*;

use super::ApiError;
use crate::domain::DailyQuestionId;

/// Takes the person's answer back from an open card.
#[server(endpoint = "take_back_answer")]
pub async fn take_back_answer(daily_question: DailyQuestionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::taken_back};

    let request = request::current().await?;
    let pair = taken_back::take_back(&request.state, &request.person, daily_question).await?;
    request.redirect(paths::card(pair, daily_question));
    Ok(())
}

/// Restores an answer that the person took back less than seven days ago.
#[server(endpoint = "restore_answer")]
pub async fn restore_answer(daily_question: DailyQuestionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::taken_back};

    let request = request::current().await?;
    let pair = taken_back::restore(&request.state, &request.person, daily_question).await?;
    request.redirect(paths::card(pair, daily_question));
    Ok(())
}

/// Asks for the deletion of the person's account. `words[pair-ID]` is the choice, `erase` or `leave`, for each of their
/// pairs (a key that begins with a digit would be an index, serde_qs); `code` is the recovery code, which may be empty
/// within ten minutes of a proof; `confirmed` is the value of a check box that has to be checked.
#[server(endpoint = "delete_account")]
pub async fn delete_account(
    #[server(default)] words: HashMap<String, String>,
    #[server(default)] code: String,
    #[server(default)] confirmed: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::WordsOnDeletion,
        paths,
        request::{self, forget_device, set_cookie},
        server::{
            calendar::Zone,
            services::{ServiceError, deletions},
        },
    };

    let request = request::current().await?;
    if confirmed != "yes" {
        return Err(ApiError::DeletionUnconfirmed);
    }
    let choice = |(key, word): (&String, &String)| {
        Some((key.strip_prefix("pair-")?.parse().ok()?, WordsOnDeletion::from_word(word)?))
    };
    let choices = words.iter().map(choice);
    let choices: deletions::Choices = choices.collect::<Option<_>>().ok_or(ApiError::Malformed)?;
    let due =
        deletions::ask(&request.state, &request.person, request.session, &code, &choices, request.visitor.trier())
            .await;
    let due = due.map_err(|error| match error {
        ServiceError::CodeWrong => ApiError::RecoveryCodeWrong,
        error => error.into(),
    })?;
    for cookie in request::FORGOTTEN_COOKIES {
        set_cookie(&crate::cookies::forget(cookie));
    }
    forget_device();
    request.redirect(paths::goodbye(Zone::stored(&request.person.zone).date(due)));
    Ok(())
}
