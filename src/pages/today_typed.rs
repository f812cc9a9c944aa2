//! What was typed in a browser without the browser half and refused: it survives. (With it, `browser::drafts` has it.)

use leptos::prelude::*;

use crate::{
    api::{ApiError, SubmitAnswer, TodayView},
    components::context::{use_refused, use_words},
    domain::PairPhase,
    paths::HasVerb,
};

/// Text that could not become an answer any more, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub title: &'static str,
    pub text: String,
}

/// A refused post of a browser without the browser half: its text goes back into the form, or, if the question is not
/// to be answered any more, beside it.
pub fn take_refused(view: RwSignal<TodayView>, draft: RwSignal<String>, kept: RwSignal<Option<Kept>>) {
    let words = use_words();
    let Some(refused) = use_refused(SubmitAnswer::VERB) else { return };
    let today = view.get_untracked();
    let text = refused.field("body").to_owned();
    let is_on_shelf = today.later.iter().any(|question| question.id.to_string() == refused.field("daily_question"));
    if is_on_shelf && today.pair.phase != PairPhase::Closed {
        return;
    }
    let is_same = today.question.as_ref().is_some_and(|question| {
        question.id.to_string() == refused.field("daily_question")
            && question.version.to_string() == refused.field("version")
            && !question.is_complete()
    });
    if is_same && today.pair.phase != PairPhase::Closed {
        draft.set(text);
    } else if !text.trim().is_empty() {
        let title =
            if refused.error == ApiError::Swapped { words.draft_before_swap } else { refused.error.sentence(words) };
        kept.set(Some(Kept { title, text }));
    }
}
