//! The form for an answer: a new answer, an edit, or an answer to a shelved question. The form is not an `ActionForm`,
//! because this device stores an answer before sending it (`client/send_queue.ts`).

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{context::use_words, fields::html, form::Form};
use crate::{
    api::{ApiError, SubmitAnswer},
    browser::drafts::{self, Place, Sent},
    domain::{AnswerBody, DailyQuestionId, is_blank, mended},
    letters,
    paths::HasVerb,
};

/// The time after which a screen reader has noticed that a sentence is gone.
const GONE: Duration = Duration::from_millis(100);

/// Sends the answers of a page, one at a time, and holds the result of the last one.
#[derive(Clone, Copy, Default)]
pub struct AnswerSender {
    pub is_sending: RwSignal<bool>,
    pub last: RwSignal<Option<(DailyQuestionId, Result<Sent, ApiError>)>>,
    /// A counter that increments whenever an answer was taken or refused.
    pub settled: RwSignal<u64>,
}

/// The number of letters of a text as it would be stored.
fn length(text: &str) -> usize {
    letters::count(mended(text).trim())
}

impl AnswerSender {
    /// Why the last answer to this question was refused. `Some(None)`: the answer was not refused. `None`: there is no
    /// last answer, or it was to another question.
    pub fn error_of(self, question: DailyQuestionId) -> Option<Option<ApiError>> {
        self.last.with(|last| {
            last.as_ref().filter(|(id, _)| *id == question).map(|(_, result)| result.as_ref().err().copied())
        })
    }

    fn send(self, place: Place, text: String) {
        if self.is_sending.get_untracked() {
            return;
        }
        // A screen reader reads the same sentence again only if the sentence was gone in between.
        self.last.set(Some((place.question, Ok(Sent::Sending))));
        let is_empty = is_blank(&text);
        if is_empty || length(&text) > AnswerBody::MAX_GRAPHEMES {
            let error = if is_empty { ApiError::AnswerEmpty } else { ApiError::AnswerTooLong };
            set_timeout(move || self.last.set(Some((place.question, Err(error)))), GONE);
            return;
        }
        self.is_sending.set(true);
        spawn_local(async move {
            let result = match drafts::submit(place, text).await {
                Sent::Refused(error) => Err(ApiError::named(&error)),
                sent => Ok(sent),
            };
            self.is_sending.set(false);
            self.last.set(Some((place.question, result)));
        });
    }
}

/// What this device has stored of the text in the field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DraftState {
    Unsaved,
    Saved,
    /// The text was sent and waits for the network.
    Queued,
}

#[component]
pub fn AnswerForm(
    /// The question that the form answers. The number of seen revisions may rise while the form is shown.
    #[prop(into)]
    place: Signal<Place>,
    sender: AnswerSender,
    /// The text in the field, which the page keeps when the form is removed.
    draft: RwSignal<String>,
    /// Whether the form came with the page and not with a later view.
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
    let draft_state = RwSignal::new(DraftState::Unsaved);
    let given = StoredValue::new(draft.get_untracked());
    let keep = move |text: String| {
        draft.set(text.clone());
        draft_state.set(DraftState::Unsaved);
        let place = place.get_untracked();
        spawn_local(async move {
            // A text that was changed back to the given answer is not a draft.
            let kept = if given.try_with_value(|given| *given == text).unwrap_or_default() {
                String::new()
            } else {
                text.clone()
            };
            let is_kept = drafts::save(place, kept.clone()).await && !kept.is_empty();
            if is_kept && draft.try_with_untracked(|now| *now == text).unwrap_or_default() {
                draft_state.try_set(DraftState::Saved);
            }
        });
    };
    Effect::new(move |_| {
        let Some(area) = area.get() else { return };
        // A text that was typed before hydration is newer than any draft. Only the first form is checked: a later form
        // may reuse the element of another form, which still contains the text of that form.
        if is_first && area.default_value().is_ok_and(|given| given != area.value()) {
            keep(area.value());
            return;
        }
        let shown = draft.get_untracked();
        area.set_value(&shown);
        spawn_local(async move {
            let Some(found) = drafts::load(place.get_untracked(), area.clone()).await else { return };
            if draft.try_with_untracked(|now| *now == shown).unwrap_or_default() && area.value() == shown {
                area.set_value(&found.text());
                if found.is_new() {
                    keep(found.text());
                    return;
                }
                draft.set(found.text());
                draft_state.set(if found.is_queued() { DraftState::Queued } else { DraftState::Saved });
            }
        });
    });
    Effect::new(move |_| {
        if sender.last.with(|last| matches!(last, Some((id, Ok(Sent::Queued))) if *id == question)) {
            draft_state.set(DraftState::Queued);
        }
    });
    Effect::new(move |before: Option<u64>| {
        let now = sender.settled.get();
        if before.is_some() && draft_state.get_untracked() == DraftState::Queued {
            let Some(area) = area.get_untracked() else { return now };
            spawn_local(async move {
                if drafts::load(place.get_untracked(), area).await.is_none() {
                    draft_state.try_set(DraftState::Unsaved);
                }
            });
        }
        now
    });
    // Never set the value of a field while the person types in it: that would break a Korean input method.
    let written = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlTextAreaElement>| {
        keep(event.target().value())
    };
    let send = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        sender.send(place.get_untracked(), draft.get_untracked());
    };
    let count = move || {
        let count = draft.with(|text| length(text));
        format!("{count} / {}", "2,000")
    };
    let is_too_long = move || draft.with(|text| length(text) > AnswerBody::MAX_GRAPHEMES);
    let sentence = move || {
        error.get().map(|error| error.sentence(words)).or_else(|| is_too_long().then_some(words.err_answer_too_long))
    };
    let error_line = move || html(sentence().unwrap_or_default());
    let is_sending = move || sender.is_sending.get().then_some("true");
    let is_queued = move || draft_state.get() == DraftState::Queued;
    let saved = move || if draft_state.get() == DraftState::Saved { words.draft_saved_here } else { "" };
    let queued = move || if is_queued() { words.answer_waits_here } else { "" };
    let described = format!("{hint_id} {error_id}");
    view! {
        <Form verb=SubmitAnswer::VERB class="form" attr:data-answer=question.to_string() on:submit=send>
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
                <p class="field-error" role="alert" id=error_id inner_html=error_line></p>
                <p class="counter">
                    <span inner_html=saved></span>
                    <span inner_html=count></span>
                </p>
                <p class=move || if is_queued() { "notice warm" } else { "status" } role="status" inner_html=queued></p>
                <p class="hint" id=hint_id inner_html=move || html(&hint.get())></p>
            </div>
            <div class="actions">
                <button class="button" type="submit" aria-disabled=is_sending>{button}</button>
            </div>
        </Form>
    }
}
