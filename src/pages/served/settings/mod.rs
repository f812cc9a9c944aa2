//! The settings: a list of places, each a page of its own. Every page exists with a pair, whose tabs it then shows, and
//! without one.

mod help;
mod me;
mod notifications;
mod sign_in;
mod us;

pub use help::HelpPage;
pub use me::MePage;
pub use notifications::NotificationsPage;
pub use sign_in::SignInPlacePage;
pub use us::UsPage;

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, param};
use crate::{
    api::ApiError,
    components::{
        context::use_page_words,
        live_page::Shows,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    domain::PairId,
    paths::{self, Place},
    reads,
};

/// The pair in the address; `None` in the settings without a pair.
fn asked_pair() -> Result<Option<PairId>, ApiError> {
    match param::<String>("pair") {
        Some(pair) => Ok(Some(pair.parse().map_err(|_| ApiError::NotFound)?)),
        None => Ok(None),
    }
}

/// What all settings pages have around them.
#[component]
pub(super) fn Frame(
    pair: Option<PairId>,
    title: &'static str,
    #[prop(default = true)] has_way_back: bool,
    children: Children,
) -> impl IntoView {
    let words = use_page_words();
    let list = pair.map_or_else(paths::account, paths::settings);
    view! {
        <Title text=title/>
        <SiteHeader pair shows=Shows::Settings/>
        <main id="main" class="page page-settings">
            <HiddenNotices/>
            {has_way_back.then(|| view! { <p class="way-back"><a href=list>{words.settings_title}</a></p> })}
            <h1>{title}</h1>
            {children()}
        </main>
        {pair.map(|pair| view! { <Tabs pair current=Tab::Settings/> })}
    }
}

/// `/settings` and `/p/{pair}/settings`
#[component]
pub fn SettingsPage() -> impl IntoView {
    let found = async move { reads::own_pair(asked_pair()?).await };
    loaded(found, |pair| view! { <Settings pair/> }.into_any())
}

#[component]
fn Settings(pair: Option<PairId>) -> impl IntoView {
    let words = use_page_words();
    let place = move |place: Place, name: &'static str, hint: &'static str| {
        view! {
            <li>
                <a class="card-link" href=paths::place(pair, place)>
                    <span class="topic">{name}</span>
                    <span class="card-meta">{hint}</span>
                </a>
            </li>
        }
    };
    view! {
        <Frame pair title=words.settings_title has_way_back=false>
            <ul class="card-list places">
                {place(Place::Us, words.place_us, words.place_us_hint)}
                {place(Place::Me, words.place_me, words.place_me_hint)}
                {place(Place::Notifications, words.place_notifications, words.place_notifications_hint)}
                {place(Place::SignIn, words.place_sign_in, words.place_sign_in_hint)}
                <li>
                    <a class="card-link" href=paths::keep()>
                        <span class="topic">{words.keep_title}</span>
                        <span class="card-meta">{words.keep_link}</span>
                    </a>
                </li>
                {place(Place::Help, words.place_help, words.place_help_hint)}
            </ul>
        </Frame>
    }
}
