//! The today page as the server renders it, around an island that runs in the browser (`pages::TodayIsland`).

use leptos::prelude::*;
use leptos_meta::Title;

use super::{hand_over::LeadOut, loaded, pair_param};
use crate::{
    api::{self, ApiError, KeepRecovery, MoveOn, Nudge, RenewRecovery, SwapQuestion, TodayView},
    components::{
        context::{FreshKey, use_any_refused, use_home, use_locale, use_origin, use_page_words, use_sentence},
        fields::FieldError,
        install_cards::InstallCards,
        push_cards::PushCards,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    pages::{TodayIsland, TodayProps},
    paths::HasVerb,
};

#[component]
pub fn TodayPage() -> impl IntoView {
    let pair = pair_param();
    let found = async move { api::today(pair.ok_or(ApiError::NotFound)?, None).await };
    loaded(found, |today| view! { <Served today/> }.into_any())
}

#[component]
fn Served(today: TodayView) -> impl IntoView {
    let words = use_page_words();
    let (pair, given) = (today.pair.id, Some(use_home().answers));
    let other = today.pair.other.as_ref().map(|other| other.call(words));
    let props = TodayProps {
        locale: use_locale(),
        today,
        refused: use_any_refused(),
        origin: use_origin(),
        attempt: use_context::<FreshKey>().unwrap_or_default(),
    };
    view! {
        <Title text=words.tab_today/>
        <SiteHeader pair=Some(pair)/>
        <HiddenNotices/>
        {[Nudge::VERB, MoveOn::VERB, SwapQuestion::VERB, KeepRecovery::VERB, RenewRecovery::VERB].map(|act| view! {
            <FieldError id=format!("{}-error", act.name()) sentence=use_sentence(act, &[])/>
        })}
        <main id="main" class="page page-today"><TodayIsland props/></main>
        <div class="page page-push"><LeadOut/><PushCards given other/><InstallCards given/></div>
        <Tabs pair current=Tab::Today/>
    }
}
