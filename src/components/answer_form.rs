//! Where an answer is written: for a new one, an edit, or a question from the shelf.

use leptos::prelude::*;

use super::context::use_words;
use crate::{
    api::{ApiError, SubmitAnswer},
    browser::drafts,
    domain::{AnswerBody, DailyQuestionId, graphemes},
};

/// The name a draft is kept under: the question and the wording it was written for.
pub fn draft_key(question: DailyQuestionId, version: u32) -> String {
    format!("draft:{question}:{version}")
}

#[component]
pub fn AnswerForm(
    question: DailyQuestionId,
    version: u32,
    action: ServerAction<SubmitAnswer>,
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
    let field = format!("body-{question}");
    let (hint_id, error_id) = (format!("{field}-hint"), format!("{field}-error"));
    let area = NodeRef::<leptos::html::Textarea>::new();
    Effect::new(move |_| {
        let Some(area) = area.get() else { return };
        // What was typed before the browser half woke up is newer than any draft. Later an element may be one that
        // another form used before, with that form's text in it.
        if is_first && !area.value().is_empty() {
            draft.set(area.value());
            return;
        }
        // Text that was written on this device before and not sent.
        let text = drafts::load(&draft_key(question, version)).unwrap_or_else(|| draft.get_untracked());
        area.set_value(&text);
        draft.set(text);
    });
    // The field is never written to while somebody writes in it: that would break a Korean input method.
    let written = move |event: leptos::ev::Targeted<leptos::ev::Event, web_sys::HtmlTextAreaElement>| {
        let text = event.target().value();
        drafts::save(&draft_key(question, version), &text);
        draft.set(text);
    };
    let count = move || {
        let count = draft.with(|text| graphemes(text.trim()));
        format!("{count} / {}", "2,000")
    };
    let is_too_long = move || draft.with(|text| graphemes(text.trim()) > AnswerBody::MAX_GRAPHEMES);
    let sentence = move || error.get().map(|error| error.sentence(words)).or_else(|| is_too_long().then_some(words.err_answer_too_long));
    let (described, error_slot) = (format!("{hint_id} {error_id}"), error_id.clone());
    view! {
        <ActionForm action=action attr:class="form">
            <input type="hidden" name="daily_question" value=question.to_string()/>
            <input type="hidden" name="version" value=version/>
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
                >
                    {draft.get_untracked()}
                </textarea>
                {move || sentence().map(|sentence| view! { <p class="field-error" role="alert" id=error_slot.clone()>{sentence}</p> })}
                <p class="counter">{count}</p>
                <p class="hint" id=hint_id>{move || hint.get()}</p>
            </div>
            <div class="actions">
                <button class="button" type="submit" disabled=move || action.pending().get()>{button}</button>
            </div>
        </ActionForm>
    }
}
