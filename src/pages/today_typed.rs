//! What somebody has typed and not sent: it survives a refusal, a swap, and a card that opens over an edit.

use leptos::prelude::*;

use super::today_kind::Kind;
use crate::{
    api::{AnswersView, ApiError, Phase, TodayView},
    browser::drafts,
    components::{
        answer_form::draft_key,
        context::{use_refused, use_words},
    },
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
    let Some(refused) = use_refused("submit_answer") else { return };
    let today = view.get_untracked();
    let text = refused.field("body").to_owned();
    let is_on_shelf = today.later.iter().any(|question| question.id.to_string() == refused.field("daily_question"));
    if is_on_shelf && today.pair.phase != Phase::Closed {
        return;
    }
    let is_same = today.question.as_ref().is_some_and(|question| {
        question.id.to_string() == refused.field("daily_question")
            && question.version.to_string() == refused.field("version")
            && !question.is_complete()
    });
    if is_same && today.pair.phase != Phase::Closed {
        draft.set(text);
    } else if !text.trim().is_empty() {
        let title = if refused.error == ApiError::Swapped { words.draft_before_swap } else { refused.error.sentence(words) };
        kept.set(Some(Kept { title, text }));
    }
}

/// What was typed for the wording before a swap: the page that swapped it was left by a form.
pub fn take_swapped(view: RwSignal<TodayView>, kept: RwSignal<Option<Kept>>) {
    let words = use_words();
    Effect::new(move |_| {
        let before = view.with_untracked(|today| {
            let question = today.question.as_ref().filter(|question| question.version > 1 && !question.has_answered())?;
            drafts::load(&draft_key(question.id, question.version - 1))
        });
        if let Some(text) = before {
            kept.set(Some(Kept { title: words.draft_before_swap, text }));
        }
    });
}

/// When the question changes under somebody who is writing, their text stays on screen, never under the new question.
/// Called before the new state is drawn; `before` is the state that is going.
pub fn settle_typed_text(view: RwSignal<TodayView>, before: Kind, now: Kind, draft: RwSignal<String>, kept: RwSignal<Option<Kept>>) {
    let words = use_words();
    let text = draft.get_untracked();
    draft.set(String::new());
    let own = view.with_untracked(|today| match today.question.as_ref().map(|question| &question.answers) {
        Some(AnswersView::Waiting { own } | AnswersView::Both { own, .. }) => own.clone(),
        _ => String::new(),
    });
    let is_unsent = !text.trim().is_empty() && text.trim() != own.trim();
    let title = match (before, now) {
        // Sent: it is an answer now, or the card opened over an edit.
        (Kind::ToAnswer { id, version } | Kind::Waiting { id, version }, Kind::Waiting { id: same, .. } | Kind::Open { id: same }) if id == same => {
            drafts::save(&draft_key(id, version), "");
            (matches!(before, Kind::Waiting { .. }) && matches!(now, Kind::Open { .. })).then_some(words.opened_while_editing)
        }
        (Kind::ToAnswer { id, .. } | Kind::Waiting { id, .. }, Kind::ToAnswer { id: same, .. }) if id == same => Some(words.draft_before_swap),
        // Another question has come; the draft waits with the old one on the shelf.
        (Kind::ToAnswer { .. } | Kind::Waiting { .. }, Kind::Closed) => Some(words.draft_kept),
        _ => None,
    };
    if let Some(title) = title.filter(|_| is_unsent) {
        kept.set(Some(Kept { title, text }));
    }
}
