//! The content of the today page, for every state of a pair.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{
    live_view::{self, LiveView},
    today_card::TodayCard,
    today_later::LaterQuestions,
    today_scene::TodayScene,
    today_state::answerable,
};
use crate::{
    api::{self, AnswersView, KeepRecovery, RenewRecovery, StartAgain, TodayView},
    browser::{
        self,
        drafts::{self, PairDrafts, Sent},
    },
    components::{
        answer_form::AnswerSender,
        context::{use_locale, use_origin, use_refused, use_words},
        fields::{AttemptKey, html},
        form::Form,
        live_page::use_live,
        shown_when::use_offers,
        unsent::UnsentTexts,
    },
    domain::{DailyQuestionId, EventKind, PairPhase},
    paths::{self, HasVerb},
    text,
};

/// The event of an action of this page arrives within this time before or after the response to that action.
const ECHO_MS: f64 = 1_000.0;

/// The content of `<main>` on the today page.
#[component]
pub fn Today(today: TodayView) -> impl IntoView {
    let pair = today.pair.id;
    let whose = use_origin().whose;
    let kept = live_view::keep(today, move || api::today(pair, Some(whose.clone())));
    let sender = AnswerSender::default();
    // A sent answer appears at once, also while the connection is down. On a prompt connection the event of the answer
    // triggers the request, and the page fetches the view itself only if no new view was shown by then.
    let live = use_live();
    Effect::new(move |_| {
        drafts::on_settled(move || {
            sender.settled.update(|settled| *settled += 1);
            let ask = move || kept.asked.update(|asked| *asked += 1);
            if live.is_prompt() {
                // The event may have arrived before the response to the post.
                let since = browser::page::now_ms() - ECHO_MS;
                set_timeout(
                    move || {
                        if !kept.is_shown_since(since) {
                            ask()
                        }
                    },
                    Duration::from_millis(ECHO_MS as u64),
                );
            } else {
                ask();
            }
        });
    });
    // A draft for a question that can no longer be answered is put aside and shown with the reason.
    Effect::new(move |_| {
        let drafts = kept.view.with(|today| PairDrafts {
            pair,
            is_closed: today.pair.phase == PairPhase::Closed,
            places: answerable(today),
            own: today.question.as_ref().and_then(|question| Some((question.id, question.own()?.to_owned()))),
        });
        spawn_local(drafts::settle(drafts, kept.is_fetched()));
    });
    // The page offers notifications after the first saved answer and the home screen after the second. The server has
    // already counted an answer that came with the page.
    let offers = use_offers();
    let own = move || kept.view.with(own_answers);
    let came_with = untrack(own);
    Effect::new(move |_| offers.count_answers(if came_with > 0 { 0 } else { own() }));
    view! { <Shown kept sender/> }
}

/// The number of the person's own answers that the page shows.
fn own_answers(today: &TodayView) -> i64 {
    today.question.iter().chain(&today.later).filter(|question| question.has_answered()).count() as i64
}

#[component]
fn Shown(kept: LiveView<TodayView>, sender: AnswerSender) -> impl IntoView {
    let view = kept.view;
    view! {
        <div class="today">
            <TodayScene view/>
            <div class="today-card">
                <Taken sender/>
                // News stands below the answer field: above the field, it would move the field while somebody types
                // (`pages/today.css`).
                <TodayCard view sender/>
                <LiveLine view/>
                <PairNotices view/>
                <UnsentTexts/>
                <LaterQuestions view sender/>
                <AloneNotice view/>
                <RecoveryQuestion view/>
                <WrongPerson view/>
            </div>
        </div>
    }
}

/// Tells screen readers that an answer was accepted. The element exists before the sentence, because a screen reader
/// may ignore a live region that is added together with its text.
#[component]
fn Taken(sender: AnswerSender) -> impl IntoView {
    let words = use_words();
    let line = move || {
        if sender.last.with(|last| matches!(last, Some((_, Ok(Sent::Taken))))) { words.answer_sent } else { "" }
    };
    view! { <p class="visually-hidden" role="status" inner_html=line></p> }
}

/// The last event as a sentence, which screen readers announce. An event alone is not announced: it may come from this
/// person's own action, and it arrives before the view that shows its result. The sentence appears when the view
/// includes the event and confirms it.
#[component]
fn LiveLine(view: RwSignal<TodayView>) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    let live = use_live();
    let event = move || view.with(|today| live.of_pair(today.pair.id).filter(|event| event.seq <= today.as_of));
    let is_opened = move || event().is_some_and(|event| event.kind == EventKind::CardOpened);
    let line = move || {
        let event = event()?;
        let today = view.get();
        let about = |template: &str| text::fill(template, &[("other", &today.pair.call_other(words))]);
        match event.kind {
            EventKind::CardOpened => Some(words.card_opened.to_owned()),
            EventKind::AnswerSubmitted if waits_for_me(&today, event.daily_question) => {
                Some(about(words.live_answered))
            }
            // Only the inviter is told: the member who joined knows it.
            EventKind::MemberJoined if today.pair.is_inviter => Some(about(words.live_joined)),
            EventKind::QuestionSwapped => Some(words.swapped_notice.to_owned()),
            EventKind::PushTimeChanged => {
                Some(text::fill(words.live_time_changed, &[("time", &text::time(locale, today.pair.push_time))]))
            }
            _ => None,
        }
    };
    view! {
        <p class="status" class:opened=is_opened role="status" inner_html=move || html(&line().unwrap_or_default())></p>
    }
}

/// Whether the other has answered this question and this person has not.
fn waits_for_me(today: &TodayView, question: Option<DailyQuestionId>) -> bool {
    let mut questions = today.question.iter().chain(&today.later);
    questions.any(|shown| Some(shown.id) == question && matches!(shown.answers, AnswersView::OtherIsWaiting))
}

/// The notice of a paused or closed pair.
#[component]
fn PairNotices(view: RwSignal<TodayView>) -> impl IntoView {
    let (locale, words) = (use_locale(), use_words());
    move || match view.with(|today| (today.pair.phase, today.pair.paused_until)) {
        (PairPhase::Closed, _) => Some(
            view! {
                <div class="notice">
                    <p><b>{words.closed_title}</b></p>
                    <p>{words.closed_lead}</p>
                    <a class="button ghost" href=paths::archive(view.with_untracked(|today| today.pair.id))>
                        {words.to_archive}
                    </a>
                </div>
            }
            .into_any(),
        ),
        (_, Some(until)) => Some(
            view! {
                <div class="notice">
                    <p><b
                        inner_html=html(&text::fill(words.paused_title, &[("date", &text::date(locale, until))]))
                    ></b></p>
                    <p>{words.paused_lead}</p>
                </div>
            }
            .into_any(),
        ),
        (PairPhase::Alone | PairPhase::Together, None) => None,
    }
}

/// The link to the invitation, until the second member has joined.
#[component]
fn AloneNotice(view: RwSignal<TodayView>) -> impl IntoView {
    let words = use_words();
    move || {
        let alone =
            view.with(|today| (today.pair.phase == PairPhase::Alone).then_some((today.pair.id, today.has_invitation)));
        alone.map(|(pair, has_invitation)| {
            view! {
                <div class="notice warm">
                    <p>{if has_invitation { words.invite_running_on_today } else { words.invite_on_today }}</p>
                    <a class="button" href=paths::invite(pair)>{words.invite_link_on_today}</a>
                </div>
            }
        })
    }
}

/// Asks from the third answer on whether the person still has their recovery code (R80).
#[component]
fn RecoveryQuestion(view: RwSignal<TodayView>) -> impl IntoView {
    let words = use_words();
    move || {
        view.with(|today| today.asks_for_recovery).then(|| {
            view! {
                <section class="panel">
                    <h2>{words.recovery_ask_title}</h2>
                    <p>{words.recovery_ask_lead}</p>
                    <div class="actions">
                        <Form verb=KeepRecovery::VERB>
                            <button class="button ghost" type="submit">{words.recovery_ask_yes}</button>
                        </Form>
                        <Form verb=RenewRecovery::VERB>
                            <AttemptKey verb=RenewRecovery::VERB/>
                            <button class="button quiet" type="submit">{words.recovery_renew_button}</button>
                        </Form>
                    </div>
                </section>
            }
        })
    }
}

/// Lets the inviter take the pair back until the first card opens (R67).
#[component]
fn WrongPerson(view: RwSignal<TodayView>) -> impl IntoView {
    let words = use_words();
    let refused = use_refused(StartAgain::VERB).map(|refused| refused.error.sentence(words));
    move || {
        let state = view.with(|today| today.may_start_again.then(|| (today.pair.id, today.pair.other.clone())));
        state.map(|(pair, other)| {
            let name = other.map(|other| other.name).unwrap_or_default();
            view! {
                <details class="drawer" open=refused.is_some()>
                    <summary>{words.wrong_person_summary}</summary>
                    <p><b>{name}</b></p>
                    <p>{words.wrong_person_lead}</p>
                    {refused.map(|sentence| view! {
                        <p class="field-error" role="alert" tabindex="-1" autofocus>{sentence}</p>
                    })}
                    <Form verb=StartAgain::VERB class="form">
                        <input type="hidden" name="pair" value=pair.to_string()/>
                        <label class="check">
                            <input type="checkbox" name="confirmed" value="yes"/><span>{words.leave_confirm}</span>
                        </label>
                        <div class="actions">
                            <button class="button danger" type="submit">{words.wrong_person_button}</button>
                        </div>
                    </Form>
                </details>
            }
        })
    }
}
