//! Today's question in each of its states.

use leptos::prelude::*;

use super::{
    today_state::{CardState, place_of, state_of},
    today_typed::{Kept, take_refused},
    today_waiting::WaitingCard,
};
use crate::{
    api::{ApiError, QuestionView, SubmitAnswer, SwapQuestion, TodayView},
    components::{
        answer_form::{AnswerForm, AnswerSender},
        context::{use_locale, use_refused, use_words},
        fields::html,
        form::Form,
        leaves::Leaves,
        question::QuestionMeta,
    },
    domain::{DailyQuestionId, PairPhase},
    paths::{self, HasVerb},
    text,
};

#[component]
pub fn TodayCard(view: RwSignal<TodayView>, sender: AnswerSender) -> impl IntoView {
    let words = use_words();
    let kind = Memo::new(move |_| view.with(state_of));
    let (draft, kept) = (RwSignal::new(String::new()), RwSignal::new(None::<Kept>));
    take_refused(view, draft, kept);
    let drawn = StoredValue::new(None::<CardState>);
    let error = submit_error(sender, view);
    let body = move || {
        let shown = kind.get();
        let is_first = drawn.get_value().is_none();
        // A new state empties the field. The text typed before is stored on this device and is shown where it belongs.
        if drawn.get_value().is_some_and(|before| before != shown) {
            draft.set(String::new());
        }
        drawn.set_value(Some(shown));
        let Some(question) = view.with_untracked(|today| today.question.clone()) else {
            return view! { <NothingYet view/> }.into_any();
        };
        match shown {
            CardState::Nothing => view! { <NothingYet view/> }.into_any(),
            CardState::Closed => ().into_any(),
            CardState::Open { .. } => view! { <OpenCard view question/> }.into_any(),
            CardState::ToAnswer { id, version } => {
                let hint = Signal::derive(move || view.with(|today| hint_of(today, words)));
                let place = place_of(view.with_untracked(|today| today.pair.id), &question);
                view! {
                    <QuestionMeta question=question.clone()/>
                    <h1 class="question">{question.wording}</h1>
                    <AnswerForm place sender draft is_first label=words.answer_label button=words.answer_button
                        hint error/>
                    <SwapPart view id version/>
                }
                .into_any()
            }
            CardState::Waiting { .. } => view! { <WaitingCard view sender question draft error is_first/> }.into_any(),
        }
    };
    view! {
        {body}
        {move || kept.get().map(|kept| view! {
            <div class="notice warn">
                <p><b>{kept.title}</b></p>
                <p class="answer-text">{kept.text}</p>
            </div>
        })}
    }
}

fn hint_of(today: &TodayView, words: &text::Words) -> String {
    let other_has_answered = today.question.as_ref().is_some_and(QuestionView::other_has_answered);
    match (today.pair.phase, other_has_answered) {
        (PairPhase::Alone, _) => words.answer_hint_alone.to_owned(),
        (_, true) => text::fill(words.answer_hint_waiting, &[("other", &today.pair.call_other(words))]),
        (_, false) => words.answer_hint_open.to_owned(),
    }
}

/// The error of the last answer that this page sent, or of the refused post that the server answered with this page.
fn submit_error(sender: AnswerSender, view: RwSignal<TodayView>) -> Signal<Option<ApiError>> {
    let current = move || view.with_untracked(|today| today.question.as_ref().map(|question| question.id));
    let refused = use_refused(SubmitAnswer::VERB)
        .filter(|refused| current().is_some_and(|current| current.to_string() == refused.field("daily_question")))
        .map(|refused| refused.error);
    Signal::derive(move || match current().and_then(|current| sender.error_of(current)) {
        Some(error) => error.filter(|error| error.is_by_the_field()),
        None => refused,
    })
}

#[component]
fn NothingYet(view: RwSignal<TodayView>) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let lead = move || {
        text::fill(words.nothing_yet_lead, &[("time", &text::time(locale, view.with(|today| today.pair.push_time)))])
    };
    view! {
        <h1>{words.nothing_yet_title}</h1>
        <p class="lead" inner_html=move || html(&lead())></p>
    }
}

/// The card after both members have answered.
#[component]
fn OpenCard(view: RwSignal<TodayView>, question: QuestionView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let today = view.get_untracked();
    let pair = today.pair.id;
    let card = paths::card(pair, question.id);
    let pair_now = move || view.with(|today| today.pair.clone());
    let season = move || {
        view.with(|today| today.closed_season).map(|number| {
            view! {
                <div class="notice warm season">
                    <p><b>{text::fill(words.season_title, &[("number", &number.to_string())])}</b></p>
                    <p>{words.season_lead}</p>
                    <a class="button ghost" href=paths::season(pair, number)>{words.season_link}</a>
                </div>
            }
        })
    };
    let next = move || {
        let pair = pair_now();
        let is_coming = pair.phase == PairPhase::Together && pair.paused_until.is_none();
        let line = text::fill(words.next_question_at, &[("time", &text::time(locale, pair.push_time))]);
        is_coming.then(|| view! { <p class="meta" inner_html=html(&line)></p> })
    };
    let leaves = {
        let question = question.clone();
        move || view! { <Leaves question=question.clone() pair=pair_now()/> }
    };
    view! {
        <QuestionMeta question=question.clone()/>
        <h1 class="question">{question.wording}</h1>
        <p class="lead">{words.card_opened_lead}</p>
        {leaves}
        {season}
        {next}
        <p><a class="button quiet" href=card>{words.to_card}</a></p>
    }
}

/// The form that swaps the question. The browser submits it and loads the page again; a text typed so far stays on this
/// device (`browser::drafts`).
#[component]
fn SwapPart(view: RwSignal<TodayView>, id: DailyQuestionId, version: u32) -> impl IntoView {
    let words = use_words();
    move || {
        view.with(|today| today.may_swap).then(|| {
            view! {
                <Form verb=SwapQuestion::VERB>
                    <input type="hidden" name="daily_question" value=id.to_string()/>
                    <input type="hidden" name="version" value=version/>
                    <button class="button quiet" type="submit" aria-describedby="swap-hint">{words.swap_button}</button>
                    <p class="hint" id="swap-hint">{words.swap_hint}</p>
                </Form>
            }
        })
    }
}
