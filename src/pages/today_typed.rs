//! Keeps the text of a refused post of a browser without WebAssembly. With WebAssembly, `browser::drafts` keeps the
//! text.

use leptos::prelude::*;

use crate::{
    api::{ApiError, SubmitAnswer, TodayView},
    components::context::{use_refused, use_words},
    domain::PairPhase,
    paths::HasVerb,
};

/// A text that can no longer become an answer, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub title: &'static str,
    pub text: String,
}

/// Keeps the text of a refused post: in `draft`, which fills the form, or, if the question can no longer be answered,
/// in `kept`, which is shown below the form.
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
