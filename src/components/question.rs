//! The line above a question: its date, number and section.

use leptos::prelude::*;

use super::context::{use_locale, use_words};
use crate::{api::QuestionView, text};

/// The line above a question, for example "11월 22일 · 열두 번째 질문 · 학교".
#[component]
pub fn QuestionMeta(question: QuestionView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let parts = [
        question.local_date.map(|date| text::date(locale, date)),
        Some(text::question_number(locale, question.number)),
        Some(text::section(words, question.section).to_owned()),
    ];
    let line = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    view! { <p class="meta">{line}</p> }
}
