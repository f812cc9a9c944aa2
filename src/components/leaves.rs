//! The two answers of a card, side by side.

use leptos::prelude::*;

use super::context::{use_locale, use_words};
use crate::{
    api::{AnswersView, PairView, QuestionView},
    text,
};

/// The answers of an open card. A closed card renders nothing.
#[component]
pub fn Leaves(question: QuestionView, pair: PairView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let AnswersView::Both { own, other, own_date, other_date } = question.answers else {
        return ().into_any();
    };
    let title = text::fill(words.leaf_of_other, &[("other", &pair.call_other(words))]);
    view! {
        <div class="leaves">
            <article class="leaf other">
                <h2>{title}</h2>
                <p class="answer-text">{other}</p>
                <p class="leaf-date">{text::full_date(locale, other_date)}</p>
            </article>
            <article class="leaf mine">
                <h2>{words.leaf_of_me}</h2>
                <p class="answer-text">{own}</p>
                <p class="leaf-date">{text::full_date(locale, own_date)}</p>
            </article>
        </div>
        <Revisions revisions=question.revisions/>
    }
    .into_any()
}

/// Earlier revisions of the person's own answer, which nobody else sees.
#[component]
pub fn Revisions(revisions: Vec<String>) -> impl IntoView {
    let words = use_words();
    (!revisions.is_empty()).then(|| {
        let items =
            revisions.into_iter().map(|text| view! { <li><p class="answer-text">{text}</p></li> }).collect_view();
        view! {
            <details class="drawer">
                <summary>{words.earlier_revisions}</summary>
                <ul class="rows">{items}</ul>
            </details>
        }
    })
}
