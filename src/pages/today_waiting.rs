//! The card while only this person has answered: the answer, its edit form, the nudge, and moving on.

use leptos::prelude::*;

use super::today_state::place_of;
use crate::{
    api::{AnswersView, ApiError, MoveOn, Nudge, QuestionView, SubmitAnswer, TodayView},
    browser::drafts::Sent,
    components::{
        answer_form::{AnswerForm, AnswerSender},
        context::{use_refused, use_words},
        fields::html,
        form::Form,
        leaves::Revisions,
        question::QuestionMeta,
    },
    domain::{DailyQuestionId, PairPhase},
    paths::HasVerb,
    text,
};

/// The card while only this person has answered.
#[component]
pub fn WaitingCard(
    view: RwSignal<TodayView>,
    sender: AnswerSender,
    question: QuestionView,
    draft: RwSignal<String>,
    error: Signal<Option<ApiError>>,
    is_first: bool,
) -> impl IntoView {
    let words = use_words();
    let id = question.id;
    let first = place_of(view.with_untracked(|today| today.pair.id), &question);
    let place = Memo::new(move |_| {
        let now = view.with(|today| today.question.as_ref().map(|question| place_of(today.pair.id, question)));
        now.filter(|now| now.question == id).unwrap_or(first)
    });
    let own = move || {
        view.with(|today| match today.question.as_ref().map(|question| &question.answers) {
            Some(AnswersView::Waiting { own }) => own.clone(),
            _ => String::new(),
        })
    };
    let saved = move || {
        view.with(|today| match today.pair.phase {
            PairPhase::Alone => words.answer_saved_alone.to_owned(),
            PairPhase::Together | PairPhase::Closed => {
                text::fill(words.answer_saved, &[("other", &today.pair.call_other(words))])
            }
        })
    };
    let is_sealed = question.is_sealed;
    if !is_sealed && draft.with_untracked(String::is_empty) {
        draft.set(untrack(own));
    }
    let is_refused = use_refused(SubmitAnswer::VERB).is_some();
    // A saved edit closes the drawer.
    let drawer = NodeRef::<leptos::html::Details>::new();
    Effect::new(move |_| {
        if sender.last.with(|last| matches!(last, Some((_, Ok(Sent::Taken)))))
            && let Some(drawer) = drawer.get_untracked()
        {
            drawer.set_open(false);
        }
    });
    // A plain HTML form: the browser submits it and loads the page again.
    let nudge = move || {
        let other = view.with(|today| today.pair.call_other(words));
        match view.with(|today| (today.may_nudge, today.has_nudged)) {
            (true, _) => Some(
                view! {
                    <Form verb=Nudge::VERB>
                        <input type="hidden" name="daily_question" value=id.to_string()/>
                        <button class="button ghost" type="submit">
                            {text::fill(words.nudge_button, &[("other", &other)])}
                        </button>
                    </Form>
                }
                .into_any(),
            ),
            (false, true) => Some(view! { <p class="hint">{words.nudged_today}</p> }.into_any()),
            (false, false) => None,
        }
    };
    let revisions = move || {
        let revisions = view.with(|today| today.question.as_ref().map(|question| question.revisions.clone()));
        view! { <Revisions revisions=revisions.unwrap_or_default()/> }
    };
    view! {
        <QuestionMeta question=question.clone()/>
        <h1 class="question">{question.wording}</h1>
        <article class="leaf mine">
            <h2>{if is_sealed { words.leaf_of_me } else { words.own_leaf_editable }}</h2>
            <p class="answer-text" inner_html=move || html(&own())></p>
        </article>
        <p class="notice warm">
            <span><b>{words.answer_sent}</b> " " <span inner_html=move || html(&saved())></span></span>
        </p>
        {nudge}
        <details class="drawer" open=is_refused node_ref=drawer hidden=is_sealed>
            <summary>{words.edit_summary}</summary>
            <AnswerForm place sender draft is_first label=words.answer_label button=words.edit_button
                hint=words.answer_hint_open.to_owned() error/>
        </details>
        {revisions}
        <MoveOnPart view id/>
    }
}

/// The form that asks for a new question (R33). It is a plain HTML form, which needs no script.
#[component]
fn MoveOnPart(view: RwSignal<TodayView>, id: DailyQuestionId) -> impl IntoView {
    let words = use_words();
    move || match view
        .with(|today| today.question.as_ref().map(|question| (question.may_move_on, question.has_moved_on)))
    {
        Some((_, true)) => Some(view! { <p class="notice">{words.moved_on}</p> }.into_any()),
        Some((true, false)) => Some(
            view! {
                <Form verb=MoveOn::VERB>
                    <input type="hidden" name="daily_question" value=id.to_string()/>
                    <button class="button ghost" type="submit" aria-describedby="move-on-hint">
                        {words.move_on_button}
                    </button>
                    <p class="hint" id="move-on-hint">{words.move_on_hint}</p>
                </Form>
            }
            .into_any(),
        ),
        Some((false, false)) | None => None,
    }
}
