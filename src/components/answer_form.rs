//! Where an answer is written: for a new one, an edit, or a question from the shelf. Not an `ActionForm`: what is sent
//! lies in this device's outbox first, and goes from there.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{context::use_words, fields::html, form::Form};
use crate::{
    api::ApiError,
    browser::drafts::{self, Place, Sent},
    domain::{AnswerBody, DailyQuestionId, is_blank, mended},
    letters,
};

/// Long enough for a screen reader to see that a sentence is gone.
const GONE: Duration = Duration::from_millis(100);

/// The answers sent from this page: one at a time, and what became of the last.
#[derive(Clone, Copy, Default)]
pub struct Outbox {
    pub is_sending: RwSignal<bool>,
    pub last: RwSignal<Option<(DailyQuestionId, Result<Sent, ApiError>)>>,
    /// Rises whenever something that waited was taken or refused.
    pub settled: RwSignal<u64>,
}

/// The letters of a text as it would be stored.
fn length(text: &str) -> usize {
    letters::count(mended(text).trim())
}

impl Outbox {
    /// Why the last answer to this question was not taken; `Some(None)` when it was.
    pub fn error_of(self, question: DailyQuestionId) -> Option<Option<ApiError>> {
        self.last.with(|last| {
            last.as_ref().filter(|(id, _)| *id == question).map(|(_, result)| result.as_ref().err().copied())
        })
    }

    fn send(self, place: Place, text: String) {
        if self.is_sending.get_untracked() {
            return;
        }
        // The same sentence is only heard again when it was gone in between.
        self.last.set(Some((place.question, Ok(Sent::Going))));
        let is_empty = is_blank(&text);
        if is_empty || length(&text) > AnswerBody::MAX_GRAPHEMES {
            let error = if is_empty { ApiError::AnswerEmpty } else { ApiError::AnswerTooLong };
            set_timeout(move || self.last.set(Some((place.question, Err(error)))), GONE);
            return;
        }
        self.is_sending.set(true);
        spawn_local(async move {
            let result = match drafts::submit(place, text).await {
                Sent::Refused(code) => Err(serde_json::from_str(&code).unwrap_or(ApiError::Broken)),
                sent => Ok(sent),
            };
            self.is_sending.set(false);
            self.last.set(Some((place.question, result)));
        });
    }
}

/// Where what is typed lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DraftState {
    Nowhere,
    Here,
    /// Here, and on its way.
    Waiting,
}

#[component]
pub fn AnswerForm(
    /// What it answers; the revisions seen may rise while it stands.
    #[prop(into)]
    place: Signal<Place>,
    outbox: Outbox,
    /// What is being written; the page keeps it when the form goes.
    draft: RwSignal<String>,
    /// Drawn with the page, not after something changed.
    is_first: bool,
    label: &'static str,
    button: &'static str,
    #[prop(into)] hint: Signal<String>,
    #[prop(into)] error: Signal<Option<ApiError>>,
) -> impl IntoView {
    let words = use_words();
    let question = place.get_untracked().question;
    let field = format!("body-{question}");
    let (hint_id, error_id) = (format!("{field}-hint"), format!("{field}-error"));
    let area = NodeRef::<leptos::html::Textarea>::new();
    let draft_state = RwSignal::new(DraftState::Nowhere);
    let given = StoredValue::new(draft.get_untracked());
    let keep = move |text: String| {
        draft.set(text.clone());
        draft_state.set(DraftState::Nowhere);
        let place = place.get_untracked();
        spawn_local(async move {
            // An edit taken back is no draft.
            let kept = if given.try_with_value(|given| *given == text).unwrap_or_default() {
                String::new()
            } else {
                text.clone()
            };
            let is_kept = drafts::save(place, kept.clone()).await && !kept.is_empty();
            if is_kept && draft.try_with_untracked(|now| *now == text).unwrap_or_default() {
                draft_state.try_set(DraftState::Here);
            }
        });
    };
    Effect::new(move |_| {
        let Some(area) = area.get() else { return };
        // What was typed before the browser half woke up is newer than any draft. Later an element may be one that
        // another form used before, with that form's text in it.
        if is_first && area.default_value().is_ok_and(|given| given != area.value()) {
            keep(area.value());
            return;
        }
        let shown = draft.get_untracked();
        area.set_value(&shown);
        spawn_local(async move {
            // Text that was written on this device before and not sent.
            let Some((text, is_waiting, is_new)) = drafts::load(place.get_untracked()).await else { return };
            if draft.try_with_untracked(|now| *now == shown).unwrap_or_default() && area.value() == shown {
                area.set_value(&text);
                if is_new {
                    keep(text);
                    return;
                }
                draft.set(text);
                draft_state.set(if is_waiting { DraftState::Waiting } else { DraftState::Here });
            }
        });
    });
    Effect::new(move |_| {
        if outbox.last.with(|last| matches!(last, Some((id, Ok(Sent::Waiting))) if *id == question)) {
            draft_state.set(DraftState::Waiting);
        }
    });
    Effect::new(move |before: Option<u64>| {
        let now = outbox.settled.get();
        if before.is_some() && draft_state.get_untracked() == DraftState::Waiting {
            spawn_local(async move {
                if drafts::load(place.get_untracked()).await.is_none() {
                    draft_state.try_set(DraftState::Nowhere);
                }
            });
        }
        now
    });
    // The field is never written to while somebody writes in it: that would break a Korean input method.
    let written = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlTextAreaElement>| {
        keep(event.target().value())
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        outbox.send(place.get_untracked(), draft.get_untracked());
    };
    let count = move || {
        let count = draft.with(|text| length(text));
        format!("{count} / {}", "2,000")
    };
    let is_too_long = move || draft.with(|text| length(text) > AnswerBody::MAX_GRAPHEMES);
    let sentence = move || {
        error.get().map(|error| error.sentence(words)).or_else(|| is_too_long().then_some(words.err_answer_too_long))
    };
    let described = format!("{hint_id} {error_id}");
    view! {
        <Form endpoint="submit_answer" class="form" attr:data-answer=question.to_string() on:submit=send>
            <input type="hidden" name="daily_question" value=question.to_string()/>
            <input type="hidden" name="version" value=place.get_untracked().version/>
            <div class="field">
                <label for=field.clone()>{label}</label>
                <textarea
                    id=field
                    name="body"
                    node_ref=area
                    placeholder=words.answer_placeholder
                    aria-describedby=described
                    aria-invalid=move || sentence().map(|_| "true")
                    on:input:target=written
                    inner_html=html(&draft.get_untracked())
                ></textarea>
                <p class="field-error" role="alert" id=error_id inner_html=move || html(sentence().unwrap_or_default())></p>
                <p class="counter">
                    <span class="lies" inner_html=move || if draft_state.get() == DraftState::Here { words.draft_lies_here } else { "" }></span>
                    <span inner_html=count></span>
                </p>
                <p
                    class=move || if draft_state.get() == DraftState::Waiting { "notice warm" } else { "status" }
                    role="status"
                    inner_html=move || if draft_state.get() == DraftState::Waiting { words.answer_waits_here } else { "" }
                ></p>
                <p class="hint" id=hint_id inner_html=move || html(&hint.get())></p>
            </div>
            <div class="actions">
                <button class="button" type="submit" aria-disabled=move || outbox.is_sending.get().then_some("true")>{button}</button>
            </div>
        </Form>
    }
}
