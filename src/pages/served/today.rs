//! The today page as the server renders it, around an island that runs in the browser (`pages::TodayIsland`).

use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    ProblemPage,
    hand_over::LeadOut,
    loaded, pair_param,
    seat_return::{ReturnNotice, WaitingForSeat},
};
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
    reads::{self, ReturnView},
};

#[component]
pub fn TodayPage() -> impl IntoView {
    let pair = pair_param();
    let found = async move {
        let pair = pair.ok_or(ApiError::NotFound)?;
        match api::today(pair, None).await {
            Err(ApiError::SeatWaits) => Ok((None, reads::seat_return(pair).await?)),
            today => Ok((Some(today?), reads::seat_return(pair).await?)),
        }
    };
    loaded(found, |found| match found {
        (Some(today), waiting) => view! { <Served today waiting/> }.into_any(),
        (None, Some(waiting)) => view! { <WaitingForSeat waiting/> }.into_any(),
        (None, None) => view! { <ProblemPage error=ApiError::NotFound/> }.into_any(),
    })
}

#[component]
fn Served(today: TodayView, waiting: Option<ReturnView>) -> impl IntoView {
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
        {waiting.map(|waiting| view! { <div class="page"><ReturnNotice waiting/></div> })}
        <main id="main" class="page page-today"><TodayIsland props/></main>
        <div class="page page-push"><LeadOut/><PushCards given other/><InstallCards given/></div>
        <Tabs pair current=Tab::Today/>
    }
}
