//! A closed season: its seven cards on one page. A season blocks nothing (R131).

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, pair_param, param};
use crate::{
    api::ApiError,
    components::{
        context::{use_locale, use_page_words},
        live_page::Shows,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
        windows::LittleHouse,
    },
    paths,
    reads::{self, SeasonView},
    text,
};

#[component]
pub fn SeasonPage() -> impl IntoView {
    let (pair, number) = (pair_param(), param::<i64>("number"));
    let found = async move { reads::season(pair.ok_or(ApiError::NotFound)?, number.ok_or(ApiError::NotFound)?).await };
    loaded(found, |season| view! { <Season season/> }.into_any())
}

#[component]
fn Season(season: SeasonView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let pair = season.pair.id;
    let title = text::fill(words.season_title, &[("number", &season.number.to_string())]);
    let date = |card: Option<&reads::SeasonCard>| {
        card.and_then(|card| card.link.local_date).map(|date| text::full_date(locale, date)).unwrap_or_default()
    };
    let lead = text::fill(
        words.season_page_lead,
        &[("first", &date(season.cards.first())), ("last", &date(season.cards.last()))],
    );
    let other = text::fill(words.leaf_of_other, &[("other", &season.pair.call_other(words))]);
    let cards = season
        .cards
        .into_iter()
        .map(|card| {
            view! {
                <section class="panel">
                    <h2><a href=paths::card(pair, card.link.id)>{card.link.topic}</a></h2>
                    <div class="leaves">
                        <article class="leaf other">
                            <h3>{other.clone()}</h3><p class="answer-text">{card.other}</p>
                        </article>
                        <article class="leaf mine">
                            <h3>{words.leaf_of_me}</h3><p class="answer-text">{card.own}</p>
                        </article>
                    </div>
                </section>
            }
        })
        .collect_view();
    view! {
        <Title text=title.clone()/>
        <SiteHeader pair=Some(pair) shows=Shows::Settings/>
        <main id="main" class="page page-season">
            <HiddenNotices/>
            <figure class="scene small"><LittleHouse lit_left=true lit_right=true/></figure>
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {cards}
            <p><a class="button ghost" href=paths::archive(pair)>{words.to_archive}</a></p>
        </main>
        <Tabs pair current=Tab::Archive/>
    }
}
