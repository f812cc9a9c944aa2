//! The shelved questions, and in a closed pair the person's answers that the other did not answer.

use leptos::prelude::*;

use super::today_state::place_of;
use crate::{
    api::{AnswersView, QuestionView, SubmitAnswer, TodayView},
    components::{
        answer_form::{AnswerForm, AnswerSender},
        context::{use_refused, use_words},
    },
    domain::{DailyQuestionId, PairId, PairPhase},
    paths::HasVerb,
    text,
};

/// The shelved questions ("나중에 답할 질문"), or in a closed pair the person's answers that the other did not answer.
#[component]
pub fn LaterQuestions(view: RwSignal<TodayView>, sender: AnswerSender) -> impl IntoView {
    let words = use_words();
    let state = Memo::new(move |_| {
        view.with(|today| {
            (today.pair.phase == PairPhase::Closed, today.later.iter().map(later_key).collect::<Vec<_>>())
        })
    });
    let drawn = StoredValue::new(false);
    move || {
        let (is_closed, _) = state.get();
        let is_first = !drawn.get_value();
        drawn.set_value(true);
        let today = view.get_untracked();
        if is_closed {
            return own_answers(words, &today).into_any();
        }
        if today.later.is_empty() {
            return ().into_any();
        }
        let other = today.pair.call_other(words);
        let items = today
            .later
            .into_iter()
            .map(|question| later_item(today.pair.id, question, &other, sender, is_first))
            .collect_view();
        view! {
            <section class="later">
                <h2>{words.later_title}</h2>
                <p class="hint">{words.later_lead}</p>
                <ul class="later-list">{items}</ul>
            </section>
        }
        .into_any()
    }
}

/// The parts of a shelved question whose change draws the list again. The other's answer is not among them, so that an
/// answer that arrives does not interrupt typing.
fn later_key(question: &QuestionView) -> (DailyQuestionId, Option<String>) {
    let own = match &question.answers {
        AnswersView::Waiting { own } => Some(own.clone()),
        AnswersView::Open | AnswersView::OtherIsWaiting | AnswersView::Both { .. } => None,
    };
    (question.id, own)
}

fn own_answers(words: &'static text::Words, today: &TodayView) -> impl IntoView + use<> {
    let own = today
        .later
        .iter()
        .filter_map(|question| match &question.answers {
            AnswersView::Waiting { own } => Some(view! {
                <article class="leaf mine">
                    <h2>{question.topic.clone()}</h2>
                    <p class="answer-text">{own.clone()}</p>
                </article>
            }),
            AnswersView::Open | AnswersView::OtherIsWaiting | AnswersView::Both { .. } => None,
        })
        .collect::<Vec<_>>();
    (!own.is_empty()).then(|| view! { <section class="later"><h2>{words.closed_own_title}</h2>{own}</section> })
}

fn later_item(
    pair: PairId,
    question: QuestionView,
    other: &str,
    sender: AnswerSender,
    is_first: bool,
) -> impl IntoView + use<> {
    let words = use_words();
    let (id, place) = (question.id, place_of(pair, &question));
    let own = match &question.answers {
        AnswersView::Waiting { own } => Some(own.clone()),
        AnswersView::Open | AnswersView::OtherIsWaiting | AnswersView::Both { .. } => None,
    };
    let refused = use_refused(SubmitAnswer::VERB).filter(|refused| refused.field("daily_question") == id.to_string());
    let typed = refused.as_ref().map(|refused| refused.field("body").to_owned());
    let is_sealed = question.is_sealed;
    let draft = RwSignal::new(typed.or_else(|| own.clone().filter(|_| !is_sealed)).unwrap_or_default());
    let state =
        if own.is_some() { text::fill(words.later_waiting, &[("other", other)]) } else { words.later_mine.to_owned() };
    let refused_error = refused.map(|refused| refused.error);
    let error = Signal::derive(move || match sender.error_of(id) {
        Some(error) => error.filter(|error| error.is_by_the_field()),
        None => refused_error,
    });
    let button = if own.is_some() { words.edit_button } else { words.answer_button };
    view! {
        <li>
            <details open=refused_error.is_some()>
                <summary><span class="topic">{question.topic}</span> <span class="card-meta">{state}</span></summary>
                <p class="question">{question.wording}</p>
                {own.map(|own| view! {
                    <article class="leaf mine">
                        <h2>{if is_sealed { words.leaf_of_me } else { words.own_leaf_editable }}</h2>
                        <p class="answer-text">{own}</p>
                    </article>
                })}
                <div hidden=is_sealed>
                    <AnswerForm place sender draft is_first label=words.answer_label button=button
                        hint=words.answer_hint_open.to_owned() error/>
                </div>
            </details>
        </li>
    }
}
