//! The navigation between the three parts of a pair: today's page, archive and settings.

use leptos::prelude::*;

use super::context::use_page_words;
use crate::{domain::PairId, paths};

/// The part of a pair that a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    Today,
    Archive,
    Settings,
}

#[component]
pub fn Tabs(pair: PairId, current: Tab) -> impl IntoView {
    let words = use_page_words();
    let link = |tab: Tab, href: String, name: &'static str| {
        view! { <a href=href aria-current=(tab == current).then_some("page")>{name}</a> }
    };
    view! {
        <nav class="tabs" aria-label=words.tabs_label>
            {link(Tab::Today, paths::today(pair), words.tab_today)}
            {link(Tab::Archive, paths::archive(pair), words.tab_archive)}
            {link(Tab::Settings, paths::settings(pair), words.tab_settings)}
        </nav>
    }
}
