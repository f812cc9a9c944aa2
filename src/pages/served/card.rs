//! One open card: both wordings, both answers.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, pair_param, param};
use crate::{
    api::{ApiError, RestoreAnswer, TakeBackAnswer},
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::FieldError,
        form::Form,
        leaves::Leaves,
        live_page::Shows,
        question::QuestionMeta,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    domain::DailyQuestionId,
    paths::{self, HasVerb},
    reads::{self, CardView, OwnAnswer},
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
    let id = question.id;
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
                <OwnAnswerPanel id own=card.own/>
                {card.offers_passkey.then(|| view! { <PasskeyOffer/> })}
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

/// The offer of a passkey, when cards begin to add up.
#[component]
fn PasskeyOffer() -> impl IntoView {
    let words = use_page_words();
    view! {
        <aside class="notice">
            <p><b>{words.passkey_offer}</b></p>
            <p>{words.passkey_offer_lead}</p>
            <div class="actions"><a class="button ghost" href=paths::ways_in()>{words.ways_in_link}</a></div>
        </aside>
    }
}

/// Taking one's own answer back from the card, and restoring it.
#[component]
fn OwnAnswerPanel(id: DailyQuestionId, own: OwnAnswer) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let hidden = move || view! { <input type="hidden" name="daily_question" value=id.to_string()/> };
    match own {
        OwnAnswer::Given => view! {
            <details class="drawer" open=use_refused(TakeBackAnswer::VERB).is_some()>
                <summary>{words.take_back_summary}</summary>
                <p>{words.take_back_lead}</p>
                <Form verb=TakeBackAnswer::VERB class="form">
                    {hidden()}
                    <FieldError id="take-back-error" sentence=use_sentence(TakeBackAnswer::VERB, &[])/>
                    <div class="actions">
                        <button class="button danger" type="submit">{words.take_back_button}</button>
                    </div>
                </Form>
            </details>
        }
        .into_any(),
        OwnAnswer::TakenBack { until } => view! {
            <div class="notice">
                <p>{text::fill(words.taken_back_until, &[("date", &text::date(locale, until))])}</p>
                <Form verb=RestoreAnswer::VERB class="form">
                    {hidden()}
                    <FieldError id="restore-error" sentence=use_sentence(RestoreAnswer::VERB, &[])/>
                    <div class="actions">
                        <button class="button ghost" type="submit">{words.restore_button}</button>
                    </div>
                </Form>
            </div>
        }
        .into_any(),
        OwnAnswer::Erased => ().into_any(),
    }
}
