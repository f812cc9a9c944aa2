//! Today's question in each of its states, and the questions on the shelf.

use leptos::{form::ActionForm, prelude::*};

use super::today::Acts;
use crate::{
    api::{AnswersView, ApiError, Phase, QuestionView, TodayView},
    browser::drafts,
    components::{
        answer_form::{AnswerForm, draft_key},
        context::{use_locale, use_refused, use_words},
        leaves::{Leaves, Revisions},
        question::QuestionMeta,
    },
    domain::DailyQuestionId,
    paths, text,
};

/// What of a question decides which parts the page shows. While it stays the same nothing is drawn anew,
/// so nobody loses what they are typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    ToAnswer { id: DailyQuestionId, version: u32 },
    Waiting { id: DailyQuestionId, version: u32 },
    Open { id: DailyQuestionId },
    Closed,
}

fn kind_of(today: &TodayView) -> Kind {
    match &today.question {
        None => Kind::Nothing,
        Some(question) => match question.answers {
            AnswersView::Both { .. } => Kind::Open { id: question.id },
            _ if today.pair.phase == Phase::Closed => Kind::Closed,
            AnswersView::Waiting { .. } => Kind::Waiting { id: question.id, version: question.version },
            AnswersView::Open | AnswersView::OtherIsWaiting => Kind::ToAnswer { id: question.id, version: question.version },
        },
    }
}

/// Text that could not become an answer any more, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    title: &'static str,
    text: String,
}

#[component]
pub fn TodayCard(view: RwSignal<TodayView>, acts: Acts) -> impl IntoView {
    let words = use_words();
    let kind = Memo::new(move |_| view.with(kind_of));
    let (draft, kept) = (RwSignal::new(String::new()), RwSignal::new(None::<Kept>));
    take_refused(view, draft, kept);
    keep_typed_text(view, kind, draft, kept);
    let error = submit_error(acts, view);
    let body = move || {
        let shown = kind.get();
        let Some(question) = view.with_untracked(|today| today.question.clone()) else {
            return view! { <NothingYet view/> }.into_any();
        };
        match shown {
            Kind::Nothing => view! { <NothingYet view/> }.into_any(),
            Kind::Closed => ().into_any(),
            Kind::Open { .. } => view! { <OpenCard view question/> }.into_any(),
            Kind::ToAnswer { id, version } => {
                let hint = Signal::derive(move || view.with(|today| hint_of(today, words)));
                view! {
                    <QuestionMeta question=question.clone()/>
                    <h1 class="question">{question.wording}</h1>
                    <AnswerForm question=id version action=acts.submit draft label=words.answer_label button=words.answer_button hint error/>
                    <SwapPart view acts id version/>
                }
                .into_any()
            }
            Kind::Waiting { id, version } => view! { <WaitingCard view acts question draft error id version/> }.into_any(),
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
        (Phase::Alone, _) => words.answer_hint_alone.to_owned(),
        (_, true) => text::fill(words.answer_hint_waiting, &[("other", &today.pair.call_other(words))]),
        (_, false) => words.answer_hint_open.to_owned(),
    }
}

/// The error of the last answer sent from this page, or of the post this page answers.
fn submit_error(acts: Acts, view: RwSignal<TodayView>) -> Signal<Option<ApiError>> {
    let current = view.with_untracked(|today| today.question.as_ref().map(|question| question.id.to_string()));
    let refused = use_refused("submit_answer").filter(|refused| Some(refused.field("daily_question").to_owned()) == current).map(|refused| refused.error);
    Signal::derive(move || match acts.submit.value().get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => refused,
    })
}

/// A refused post of a browser without the browser half: its text goes back into the form, or, if the question is not
/// to be answered any more, beside it.
fn take_refused(view: RwSignal<TodayView>, draft: RwSignal<String>, kept: RwSignal<Option<Kept>>) {
    let words = use_words();
    let Some(refused) = use_refused("submit_answer") else { return };
    let today = view.get_untracked();
    let text = refused.field("body").to_owned();
    let is_on_shelf = today.later.iter().any(|question| question.id.to_string() == refused.field("daily_question"));
    if is_on_shelf && today.pair.phase != Phase::Closed {
        return;
    }
    let is_same = today.question.as_ref().is_some_and(|question| {
        question.id.to_string() == refused.field("daily_question") && question.version.to_string() == refused.field("version") && !question.is_complete()
    });
    if is_same && today.pair.phase != Phase::Closed {
        draft.set(text);
    } else if !text.trim().is_empty() {
        let title = if refused.error == ApiError::Swapped { words.draft_before_swap } else { refused.error.sentence(words) };
        kept.set(Some(Kept { title, text }));
    }
}

/// When the question changes under somebody who is writing, their text stays on screen, never under the new question.
fn keep_typed_text(view: RwSignal<TodayView>, kind: Memo<Kind>, draft: RwSignal<String>, kept: RwSignal<Option<Kept>>) {
    let words = use_words();
    Effect::new(move |before: Option<Kind>| {
        let now = kind.get();
        let Some(before) = before.filter(|before| *before != now) else { return now };
        let text = draft.get_untracked();
        let own = view.with_untracked(|today| match today.question.as_ref().map(|question| &question.answers) {
            Some(AnswersView::Waiting { own } | AnswersView::Both { own, .. }) => own.clone(),
            _ => String::new(),
        });
        let is_unsent = !text.trim().is_empty() && text.trim() != own.trim();
        let title = match (before, now) {
            // Sent: it is an answer now, or the card opened over an edit.
            (Kind::ToAnswer { id, version } | Kind::Waiting { id, version }, Kind::Waiting { id: same, .. } | Kind::Open { id: same }) if id == same => {
                drafts::save(&draft_key(id, version), "");
                (is_unsent && matches!(before, Kind::Waiting { .. }) && matches!(now, Kind::Open { .. })).then_some(words.opened_while_editing)
            }
            (Kind::ToAnswer { id, version } | Kind::Waiting { id, version }, Kind::ToAnswer { id: same, .. }) if id == same => {
                drafts::save(&draft_key(id, version), "");
                is_unsent.then_some(words.draft_before_swap)
            }
            // Another question has come; the draft waits with the old one on the shelf.
            (Kind::ToAnswer { .. } | Kind::Waiting { .. }, Kind::ToAnswer { .. } | Kind::Nothing) => None,
            (Kind::ToAnswer { .. } | Kind::Waiting { .. }, Kind::Closed) => is_unsent.then_some(words.draft_kept),
            _ => None,
        };
        if let Some(title) = title {
            kept.set(Some(Kept { title, text }));
        }
        draft.set(String::new());
        now
    });
}

#[component]
fn NothingYet(view: RwSignal<TodayView>) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let lead = move || text::fill(words.nothing_yet_lead, &[("time", &text::time(locale, view.with(|today| today.pair.push_time)))]);
    view! {
        <h1>{words.nothing_yet_title}</h1>
        <p class="lead">{lead}</p>
    }
}

/// I have answered, the other has not.
#[component]
fn WaitingCard(
    view: RwSignal<TodayView>,
    acts: Acts,
    question: QuestionView,
    draft: RwSignal<String>,
    error: Signal<Option<ApiError>>,
    id: DailyQuestionId,
    version: u32,
) -> impl IntoView {
    let words = use_words();
    let own = Memo::new(move |_| {
        view.with(|today| match today.question.as_ref().map(|question| (&question.answers, question.revisions.clone())) {
            Some((AnswersView::Waiting { own }, revisions)) => (own.clone(), revisions),
            _ => (String::new(), Vec::new()),
        })
    });
    let saved = move || {
        view.with(|today| match today.pair.phase {
            Phase::Alone => words.answer_saved_alone.to_owned(),
            Phase::Together | Phase::Closed => text::fill(words.answer_saved, &[("other", &today.pair.call_other(words))]),
        })
    };
    if draft.with_untracked(String::is_empty) {
        draft.set(own.get_untracked().0);
    }
    let is_refused = use_refused("submit_answer").is_some();
    let is_editing = RwSignal::new(is_refused);
    // A saved edit closes the drawer.
    Effect::new(move |before: Option<usize>| {
        let now = acts.submit.version().get();
        if before.is_some_and(|before| before != now) && acts.submit.value().with_untracked(|value| matches!(value, Some(Ok(())))) {
            is_editing.set(false);
        }
        now
    });
    let revisions = move || view! { <Revisions revisions=own.get().1/> };
    view! {
        <QuestionMeta question=question.clone()/>
        <h1 class="question">{question.wording}</h1>
        <article class="leaf mine">
            <h2>{words.own_leaf_editable}</h2>
            <p class="answer-text">{move || own.get().0}</p>
        </article>
        <p class="notice warm" role="status">{saved}</p>
        <details class="drawer" open=is_refused prop:open=move || is_editing.get()>
            <summary>{words.edit_summary}</summary>
            <AnswerForm question=id version action=acts.submit draft label=words.answer_label button=words.edit_button hint=words.answer_hint_open.to_owned() error/>
        </details>
        {revisions}
        <MoveOnPart view acts id/>
    }
}

/// Both have answered.
#[component]
fn OpenCard(view: RwSignal<TodayView>, question: QuestionView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let today = view.get_untracked();
    let pair = today.pair.id;
    let card = paths::card(pair, question.id);
    let pair_now = Memo::new(move |_| view.with(|today| today.pair.clone()));
    let closed_season = Memo::new(move |_| view.with(|today| today.closed_season));
    let season = move || {
        closed_season.get().map(|number| {
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
        let pair = pair_now.get();
        let is_coming = pair.phase == Phase::Together && pair.paused_until.is_none();
        is_coming.then(|| view! { <p class="meta">{text::fill(words.next_question_at, &[("time", &text::time(locale, pair.push_time))])}</p> })
    };
    let leaves = {
        let question = question.clone();
        move || view! { <Leaves question=question.clone() pair=pair_now.get()/> }
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

#[component]
fn SwapPart(view: RwSignal<TodayView>, acts: Acts, id: DailyQuestionId, version: u32) -> impl IntoView {
    let words = use_words();
    let may_swap = Memo::new(move |_| view.with(|today| today.may_swap));
    let refused = use_refused("swap_question").map(|refused| refused.error);
    let error = move || match acts.swap.value().get() {
        Some(Err(error)) => Some(error),
        Some(Ok(())) => None,
        None => refused,
    };
    view! {
        <Show when=move || may_swap.get()>
            <ActionForm action=acts.swap>
                <input type="hidden" name="daily_question" value=id.to_string()/>
                <input type="hidden" name="version" value=version/>
                <button class="button quiet" type="submit" aria-describedby="swap-hint" disabled=move || acts.swap.pending().get()>
                    {words.swap_button}
                </button>
                <p class="hint" id="swap-hint">{words.swap_hint}</p>
            </ActionForm>
        </Show>
        {move || error().map(|error| view! { <p class="field-error" role="alert">{error.sentence(words)}</p> })}
    }
}

#[component]
fn MoveOnPart(view: RwSignal<TodayView>, acts: Acts, id: DailyQuestionId) -> impl IntoView {
    let words = use_words();
    let state = Memo::new(move |_| view.with(|today| today.question.as_ref().map(|question| (question.may_move_on, question.has_moved_on))));
    let part = move || match state.get() {
        Some((_, true)) => Some(view! { <p class="notice">{words.moved_on}</p> }.into_any()),
        Some((true, false)) => Some(
            view! {
                <ActionForm action=acts.move_on>
                    <input type="hidden" name="daily_question" value=id.to_string()/>
                    <button class="button ghost" type="submit" aria-describedby="move-on-hint">{words.move_on_button}</button>
                    <p class="hint" id="move-on-hint">{words.move_on_hint}</p>
                </ActionForm>
            }
            .into_any(),
        ),
        Some((false, false)) | None => None,
    };
    let error = move || match acts.move_on.value().get() {
        Some(Err(error)) => Some(view! { <p class="field-error" role="alert">{error.sentence(words)}</p> }),
        Some(Ok(())) | None => None,
    };
    view! {
        {part}
        {error}
    }
}

/// "나중에 답할 질문". Of a closed pair: the answers I left.
#[component]
pub fn LaterQuestions(view: RwSignal<TodayView>, acts: Acts) -> impl IntoView {
    let words = use_words();
    let state = Memo::new(move |_| view.with(|today| (today.pair.phase == Phase::Closed, today.later.iter().map(later_key).collect::<Vec<_>>())));
    move || {
        let (is_closed, _) = state.get();
        let today = view.get_untracked();
        if is_closed {
            return own_answers(words, &today).into_any();
        }
        if today.later.is_empty() {
            return ().into_any();
        }
        let other = today.pair.call_other(words);
        let items = today.later.into_iter().map(|question| later_item(question, &other, acts)).collect_view();
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

fn later_key(question: &QuestionView) -> (DailyQuestionId, AnswersView) {
    (question.id, question.answers.clone())
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

fn later_item(question: QuestionView, other: &str, acts: Acts) -> impl IntoView + use<> {
    let words = use_words();
    let (id, version) = (question.id, question.version);
    let own = match &question.answers {
        AnswersView::Waiting { own } => Some(own.clone()),
        AnswersView::Open | AnswersView::OtherIsWaiting | AnswersView::Both { .. } => None,
    };
    let refused = use_refused("submit_answer").filter(|refused| refused.field("daily_question") == id.to_string());
    let typed = refused.as_ref().map(|refused| refused.field("body").to_owned());
    let draft = RwSignal::new(typed.or_else(|| own.clone()).unwrap_or_default());
    let state = if own.is_some() { text::fill(words.later_waiting, &[("other", other)]) } else { words.later_mine.to_owned() };
    let refused_error = refused.map(|refused| refused.error);
    let error = Signal::derive(move || {
        let is_mine = acts.submit.input().with(|input| input.as_ref().is_none_or(|input| input.daily_question == id));
        match acts.submit.value().get() {
            Some(Err(error)) if is_mine => Some(error),
            Some(_) => None,
            None => refused_error,
        }
    });
    let button = if own.is_some() { words.edit_button } else { words.answer_button };
    view! {
        <li>
            <details open=refused_error.is_some()>
                <summary><span class="topic">{question.topic}</span> <span class="card-meta">{state}</span></summary>
                <p class="question">{question.wording}</p>
                {own.map(|own| view! { <article class="leaf mine"><h2>{words.own_leaf_editable}</h2><p class="answer-text">{own}</p></article> })}
                <AnswerForm question=id version action=acts.submit draft label=words.answer_label button=button hint=words.answer_hint_open.to_owned() error/>
            </details>
        </li>
    }
}
