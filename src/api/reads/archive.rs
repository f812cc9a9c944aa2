//! Reads of open cards: the list, one card, a season.

use super::offers_passkeys;
use crate::{
    api::{AnswersView, ApiError, PairView, QuestionView, convert},
    domain::{DailyQuestion, DailyQuestionId, LocalDate, Locale, PairId, Section},
    request,
    server::{
        calendar::Zone,
        services::{ServiceError, reader, reading},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLink {
    pub id: DailyQuestionId,
    pub topic: String,
    pub section: Section,
    pub local_date: Option<LocalDate>,
}

impl CardLink {
    fn new(question: &DailyQuestion, locale: Locale) -> Self {
        Self {
            id: question.id,
            topic: question.wordings.of(locale).topic.clone(),
            section: question.section,
            local_date: question.local_date,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveView {
    pub pair: PairView,
    pub section: Option<Section>,
    pub cards: Vec<CardLink>,
    pub page: i64,
    pub pages: i64,
    pub seasons: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardView {
    pub pair: PairView,
    pub question: QuestionView,
    pub earlier: Option<DailyQuestionId>,
    pub later: Option<DailyQuestionId>,
    pub own: OwnAnswer,
    /// The newest card, not the first one, of a person who has no passkey and could make one here.
    pub offers_passkey: bool,
}

/// What the member may do with their own answer of an open card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnAnswer {
    Given,
    /// Taken back; it can be restored until this date of the pair.
    TakenBack {
        until: LocalDate,
    },
    Erased,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonCard {
    pub link: CardLink,
    pub own: String,
    pub other: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeasonView {
    pub pair: PairView,
    pub number: i64,
    pub cards: Vec<SeasonCard>,
}

/// Reads a page of the archive, newest first. `page` counts from 1.
pub async fn archive(pair: PairId, section: Option<Section>, page: i64) -> Result<ArchiveView, ApiError> {
    let request = request::current().await?;
    let found = reading::archive(&request.state, &request.reader(), pair, section, page).await?;
    let locale = request.person.locale;
    Ok(ArchiveView {
        pair: convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?,
        section,
        cards: found
            .cards
            .into_iter()
            .map(|card| CardLink {
                id: card.id,
                topic: card.wordings.of(locale).topic.clone(),
                section: card.section,
                local_date: card.local_date,
            })
            .collect(),
        page: found.page,
        pages: found.pages,
        seasons: found.seasons,
    })
}

/// Reads an open card of a pair.
pub async fn card(pair: PairId, daily_question: DailyQuestionId) -> Result<CardView, ApiError> {
    let request = request::current().await?;
    let found = reading::card(&request.state, &request.reader(), pair, daily_question).await?;
    let home = reader::home_of(&request.state, &request.reader()).await?;
    let view = convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?;
    let zone = Zone::stored(&found.pair.zone);
    let answer = found.question.answer_of(found.role).ok_or(ServiceError::NotFound)?;
    let own = match (answer.taken_back_at, answer.restorable_until(request.state.clock.now())) {
        (None, _) => OwnAnswer::Given,
        (Some(_), Some(until)) => OwnAnswer::TakenBack { until: zone.date(until) },
        (Some(_), None) => OwnAnswer::Erased,
    };
    let revisions = found.revisions.into_iter().map(|revision| revision.body.as_str().to_owned()).collect();
    let is_newest_of_some = found.later.is_none() && found.earlier.is_some();
    Ok(CardView {
        offers_passkey: is_newest_of_some && home.passkeys == 0 && offers_passkeys(),
        question: convert::question_view(&found.question, &view, request.person.locale, |at| zone.date(at), revisions),
        pair: view,
        earlier: found.earlier,
        later: found.later,
        own,
    })
}

/// Reads a closed season of a pair. `number` counts from 1.
pub async fn season(pair: PairId, number: i64) -> Result<SeasonView, ApiError> {
    let request = request::current().await?;
    let found = reading::season(&request.state, &request.reader(), pair, number).await?;
    let view = convert::pair_view(&found.pair, found.role, found.today).ok_or(ServiceError::NotFound)?;
    let zone = Zone::stored(&found.pair.zone);
    let locale = request.person.locale;
    let cards = found.cards.iter().filter_map(|card| {
        let shown = convert::question_view(card, &view, locale, |at| zone.date(at), Vec::new());
        match shown.answers {
            AnswersView::Both { own, other, .. } => Some(SeasonCard { link: CardLink::new(card, locale), own, other }),
            AnswersView::Open | AnswersView::OtherIsWaiting | AnswersView::Waiting { .. } => None,
        }
    });
    Ok(SeasonView { number: found.number, cards: cards.collect(), pair: view })
}
