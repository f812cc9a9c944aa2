//! One open card: both wordings, both answers.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::use_pair;
use crate::{
    api::{self, ApiError, CardView},
    components::{
        context::{LiveFeed, use_words},
        leaves::Leaves,
        problem::Problem,
        question::QuestionMeta,
        site_header::{SiteHeader, TabNotices},
        tabs::{Tab, Tabs},
    },
    domain::DailyQuestionId,
    paths, text,
};

#[component]
pub fn CardPage() -> impl IntoView {
    let (pair, params) = (use_pair(), use_params_map());
    let id = Memo::new(move |_| params.read().get("card").and_then(|id| id.parse::<DailyQuestionId>().ok()));
    let found = Resource::new(
        move || (pair.get(), id.get()),
        |asked| async move {
            match asked {
                (Some(pair), Some(id)) => api::card(pair, id).await,
                _ => Err(ApiError::NotFound),
            }
        },
    );
    let body = move || {
        Suspend::new(async move {
            match found.await {
                Ok(card) => view! { <Card card/> }.into_any(),
                Err(error) => view! { <Problem error/> }.into_any(),
            }
        })
    };
    view! { <Transition>{body}</Transition> }
}

#[component]
fn Card(card: CardView) -> impl IntoView {
    let words = use_words();
    let (pair, question) = (card.pair.id, card.question);
    let live = expect_context::<LiveFeed>();
    Effect::new(move |_| live.open(card.as_of));
    let twin = question.other_wording.clone().map(|wording| {
        let lead = text::fill(words.question_of_other, &[("other", &card.pair.call_other(words))]);
        view! { <p class="question-twin">{lead} " " {wording}</p> }
    });
    view! {
        <Title text=question.topic.clone()/>
        <SiteHeader pair=Some(pair)/>
        <main id="main" class="page page-card">
            <TabNotices/>
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
