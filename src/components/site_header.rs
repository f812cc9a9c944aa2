//! The header of every page: the name of the app, the switcher between pairs, and the link to the inbox.

use leptos::prelude::*;

use super::{
    context::{use_build, use_home, use_origin, use_page_words},
    live_page::{PageContext, Shows, UnreadCount},
};
use crate::{
    api::PairLink,
    domain::{PairId, PairPhase},
    paths,
    text::{self, PageWords},
};

/// The name of a pair in lists, for example "엄마와 나".
pub fn pair_title(words: &PageWords, link: &PairLink) -> String {
    let title = match &link.other {
        Some(other) => text::fill(words.pair_with, &[("other", &other.call(words))]),
        None => words.pair_waiting.to_owned(),
    };
    if link.phase == PairPhase::Closed { format!("{title} ({})", words.closed_mark) } else { title }
}

#[component]
pub fn SiteHeader(
    #[prop(optional_no_strip)] pair: Option<PairId>,
    /// What this page shows, which decides the events that make the page load again.
    #[prop(optional)]
    shows: Shows,
) -> impl IntoView {
    let words = use_page_words();
    let home = use_home();
    let page = home.name.is_some().then(|| PageContext {
        person: use_origin().whose,
        build: use_build(),
        as_of: home.as_of,
        shows,
    });
    let switcher = pair.filter(|_| home.pairs.len() > 1).map(|current| switcher(words, &home.pairs, current));
    view! {
        <header class="site-header">
            <a class="brand" href=paths::home()>{words.brand}</a>
            {switcher}
            {page.map(|page| bell(words, home.unread, page))}
        </header>
    }
}

/// The link to the inbox, with the number of unread entries.
fn bell(words: &'static PageWords, unread: i64, page: PageContext) -> impl IntoView + use<> {
    view! {
        <a class="bell" href=paths::inbox()>
            <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                <path d="M12 3a6 6 0 0 0-6 6v4l-2 4h16l-2-4V9a6 6 0 0 0-6-6zM9.5 19.5a2.6 2.6 0 0 0 5 0"/>
            </svg>
            <span>{words.tab_inbox}</span>
            <UnreadCount unread page/>
        </a>
    }
}

fn switcher(words: &'static PageWords, pairs: &[PairLink], current: PairId) -> impl IntoView + use<> {
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
