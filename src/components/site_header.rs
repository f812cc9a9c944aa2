//! The top of every page: the name, the switcher between pairs, and the lines that concern the whole tab.

use leptos::prelude::*;

use super::context::{LiveFeed, use_words};
use crate::{
    api::{self, ApiError, HomeView, PairLink, Phase},
    browser,
    domain::{EventKind, PairId},
    paths,
    text::{self, Words},
};

/// Who is here and with whom, fetched once for the whole tab.
#[derive(Clone, Copy)]
pub struct People(pub Resource<Result<HomeView, ApiError>>);

impl People {
    pub fn provide() {
        let live = expect_context::<LiveFeed>();
        let changes = Memo::new(move |before: Option<&u64>| {
            let is_about_people = live.event.get().is_some_and(|event| {
                matches!(
                    event.kind,
                    EventKind::MemberJoined | EventKind::PairClosed | EventKind::RelationChanged | EventKind::NameChanged | EventKind::InvitationChanged
                )
            });
            before.copied().unwrap_or(0) + u64::from(is_about_people)
        });
        provide_context(Self(Resource::new(move || changes.get(), |_| api::home())));
    }
}

/// What a pair is called in lists: "엄마와 나".
pub fn pair_title(words: &Words, link: &PairLink) -> String {
    let title = match &link.other {
        Some(other) => text::fill(words.pair_with, &[("other", &other.call(words))]),
        None => words.pair_waiting.to_owned(),
    };
    if link.phase == Phase::Closed { format!("{title} ({})", words.closed_mark) } else { title }
}

#[component]
pub fn SiteHeader(#[prop(optional_no_strip)] pair: Option<PairId>) -> impl IntoView {
    let words = use_words();
    let People(people) = expect_context();
    let switcher = move || {
        Suspend::new(async move {
            let home = people.await.ok()?;
            let current = pair?;
            (home.pairs.len() > 1).then(|| switcher(words, &home.pairs, current))
        })
    };
    view! {
        <header class="site-header">
            <a class="brand" href=paths::home()>{words.brand}</a>
            <Transition>{switcher}</Transition>
        </header>
    }
}

fn switcher(words: &'static Words, pairs: &[PairLink], current: PairId) -> impl IntoView + use<> {
    let title = pairs.iter().find(|link| link.id == current).map(|link| pair_title(words, link));
    let items = pairs
        .iter()
        .map(|link| {
            let mark = (link.id == current).then_some("page");
            view! { <li><a href=paths::today(link.id) aria-current=mark>{pair_title(words, link)}</a></li> }
        })
        .collect_view();
    view! {
        <details class="switcher">
            <summary aria-label=words.switcher_label>{title}</summary>
            <ul>
                {items}
                <li><a class="add" href=paths::start()>{words.new_pair}</a></li>
            </ul>
        </details>
    }
}

/// Lines that concern the whole tab: a newer build, a used recovery code, a lost line.
#[component]
pub fn TabNotices() -> impl IntoView {
    let words = use_words();
    let live = expect_context::<LiveFeed>();
    view! {
        <Show when=move || live.has_newer_build.get()>
            <div class="update-bar" role="status">
                <span>{words.update_ready}</span>
                <button class="button" type="button" on:click=|_| browser::page::reload()>{words.update_now}</button>
            </div>
        </Show>
        <Show when=move || live.recovery_used.get()>
            <div class="notice warn" role="alert">{words.recovery_used_elsewhere}</div>
        </Show>
        <Show when=move || live.is_lost.get()>
            <p class="status" role="status">{words.live_lost}</p>
        </Show>
    }
}
