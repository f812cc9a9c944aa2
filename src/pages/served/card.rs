//! One open card: both wordings, both answers.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, pair_param, param};
use crate::{
    api::ApiError,
    components::{
        context::use_page_words,
        leaves::Leaves,
        live_page::Shows,
        question::QuestionMeta,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    domain::DailyQuestionId,
    paths,
    reads::{self, CardView},
    text,
};

#[component]
pub fn CardPage() -> impl IntoView {
    let (pair, id) = (pair_param(), param::<DailyQuestionId>("card"));
    let found = async move { reads::card(pair.ok_or(ApiError::NotFound)?, id.ok_or(ApiError::NotFound)?).await };
    loaded(found, |card| view! { <Card card/> }.into_any())
}

#[component]
fn Card(card: CardView) -> impl IntoView {
    let words = use_page_words();
    let (pair, question) = (card.pair.id, card.question);
    let shows = Shows::Card(question.id);
    let twin = question.other_wording.clone().map(|wording| {
        let lead = text::fill(words.question_of_other, &[("other", &card.pair.call_other(words))]);
        view! { <p class="question-twin">{lead} " " {wording}</p> }
    });
    view! {
        <Title text=question.topic.clone()/>
        <SiteHeader pair=Some(pair) shows/>
        <main id="main" class="page page-card">
            <HiddenNotices/>
            <div class="card">
                <QuestionMeta question=question.clone()/>
                <h1 class="question">{question.wording.clone()}</h1>
                {twin}
                <Leaves question pair=card.pair/>
                <nav class="pager" aria-label=words.pager_label>
                    {card.earlier.map(|id| view! { <a rel="prev" href=paths::card(pair, id)>{words.card_earlier}</a> })}
                    <a href=paths::archive(pair)>{words.to_archive}</a>
                    {card.later.map(|id| view! { <a rel="next" href=paths::card(pair, id)>{words.card_later}</a> })}
                </nav>
            </div>
        </main>
        <Tabs pair current=Tab::Archive/>
    }
}
