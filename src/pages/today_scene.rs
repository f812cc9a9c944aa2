//! The two windows on the today page, whose light shows who has answered, and the same in words.

use leptos::prelude::*;

use crate::{
    api::{ShowPresence, TodayView},
    browser::presence,
    components::{
        context::{use_origin, use_words},
        fields::html,
        live_page::use_live,
        windows::{Seat, Windows},
    },
    domain::Role,
    paths::HasVerb,
    text,
};

#[component]
pub fn TodayScene(view: RwSignal<TodayView>) -> impl IntoView {
    let words = use_words();
    let (time_of_year, hour) = view.with_untracked(|today| (today.time_of_year, today.hour));
    let seat = move |role: Role| {
        Signal::derive(move || {
            view.with(|today| {
                let is_me = today.pair.me.role == role;
                let question = today.question.as_ref();
                let is_lit =
                    question.is_some_and(
                        |question| if is_me { question.has_answered() } else { question.other_has_answered() },
                    );
                let relation = if is_me {
                    Some(today.pair.me.relation.clone())
                } else {
                    today.pair.other.as_ref().map(|other| other.relation.clone())
                };
                Seat { relation, is_lit }
            })
        })
    };
    let label = Signal::derive(move || {
        view.with(|today| {
            let other = today.pair.call_other(words);
            let question = today.question.as_ref();
            match (
                question.is_some_and(|question| question.has_answered()),
                question.is_some_and(|question| question.other_has_answered()),
            ) {
                (false, false) => words.windows_none.to_owned(),
                (true, false) => words.windows_mine.to_owned(),
                (false, true) => text::fill(words.windows_other, &[("other", &other)]),
                (true, true) => words.windows_both.to_owned(),
            }
        })
    });
    let who = move |role: Role| {
        let name = move || {
            view.with(|today| match (&today.pair.other, today.pair.me.role == role) {
                (_, true) => words.me.to_owned(),
                (Some(other), false) => other.call(words),
                (None, false) => if role == Role::Parent { words.role_parent } else { words.role_child }.to_owned(),
            })
        };
        let seat = seat(role);
        let state = move || {
            let seat = seat.get();
            if seat.relation.is_none() {
                words.state_vacant
            } else if seat.is_lit {
                words.state_answered
            } else {
                words.state_not_yet
            }
        };
        view! {
            <div class="who-seat" class:lit=move || seat.get().is_lit>
                <dt inner_html=move || html(&name())></dt>
                <dd inner_html=state></dd>
            </div>
        }
    };
    view! {
        <div class="today-scene">
            <figure class="scene">
                <Windows left=seat(Role::Parent) right=seat(Role::Child) time_of_year hour label/>
            </figure>
            <dl class="who">{who(Role::Parent)} {who(Role::Child)}</dl>
            <PresenceLine view/>
        </div>
    }
}

/// What the other member is doing. The element exists before the sentence, so that a screen reader announces it.
#[component]
fn PresenceLine(view: RwSignal<TodayView>) -> impl IntoView {
    let live = use_live();
    let whose = use_origin().whose;
    let (sentence, is_said) = (RwSignal::new(String::new()), RwSignal::new(true));
    let pair = view.with_untracked(|today| today.pair.id);
    Effect::new(move |_| {
        if live.has_presence.get() {
            presence::start(ShowPresence::VERB, pair, whose.clone(), move |text, says| {
                // An empty text announces nothing, so `is_said` keeps its value of the last sentence.
                if !text.is_empty() {
                    is_said.set(says);
                }
                sentence.set(text);
            });
        }
    });
    let politeness = move || if is_said.get() { "polite" } else { "off" };
    // The element has its class only while presence is known: a stored copy of the page shows no current presence.
    let is_on = move || live.has_presence.get();
    view! {
        <p class:presence=is_on role="status" aria-live=politeness inner_html=move || html(&sentence.get())></p>
    }
}
