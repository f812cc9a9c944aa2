//! Opened cards: the list, a card, a season.

use leptos::prelude::*;

use super::{ApiError, ArchiveView, CardView, SeasonView};
use crate::domain::{DailyQuestionId, PairId, Section};

/// A page of the archive, newest first; `page` counts from 1.
#[server(endpoint = "archive")]
pub async fn archive(pair: PairId, section: Option<Section>, page: i64) -> Result<ArchiveView, ApiError> {
    use super::convert;
    use crate::{
        request,
        server::services::{ServiceError, reading},
    };

    let request = request::current().await?;
    let found = reading::archive(&request.state, &request.person, pair, section, page).await?;
    let locale = request.person.locale;
    Ok(ArchiveView {
        as_of: found.as_of,
        pair: convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?,
        section,
        cards: found.cards.iter().map(|card| convert::card_link(card, locale)).collect(),
        page: found.page,
        pages: found.pages,
        seasons: found.seasons,
    })
}

/// An open card of a pair.
#[server(endpoint = "card")]
pub async fn card(pair: PairId, daily_question: DailyQuestionId) -> Result<CardView, ApiError> {
    use super::convert;
    use crate::{
        request,
        server::{
            calendar::Zone,
            services::{ServiceError, reading},
        },
    };

    let request = request::current().await?;
    let found = reading::card(&request.state, &request.person, pair, daily_question).await?;
    let view = convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?;
    let zone = Zone::stored(&found.pair.zone);
    let revisions = found.revisions.into_iter().map(|revision| revision.body.as_str().to_owned()).collect();
    Ok(CardView {
        as_of: found.as_of,
        question: convert::question_view(&found.question, &view, request.person.locale, |at| zone.date(at), revisions),
        pair: view,
        earlier: found.earlier,
        later: found.later,
    })
}

/// A closed season of a pair; `number` counts from 1.
#[server(endpoint = "season")]
pub async fn season(pair: PairId, number: i64) -> Result<SeasonView, ApiError> {
    use super::{AnswersView, SeasonCard, convert};
    use crate::{
        request,
        server::{
            calendar::Zone,
            services::{ServiceError, reading},
        },
    };

    let request = request::current().await?;
    let found = reading::season(&request.state, &request.person, pair, number).await?;
    let view = convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?;
    let zone = Zone::stored(&found.pair.zone);
    let locale = request.person.locale;
    let cards = found.cards.iter().filter_map(|card| {
        let shown = convert::question_view(card, &view, locale, |at| zone.date(at), Vec::new());
        match shown.answers {
            AnswersView::Both { own, other, .. } => {
                Some(SeasonCard { link: convert::card_link(card, locale), own, other })
            }
            AnswersView::Open | AnswersView::OtherIsWaiting | AnswersView::Waiting { .. } => None,
        }
    });
    Ok(SeasonView { number: found.number, cards: cards.collect(), pair: view })
}
