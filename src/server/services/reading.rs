//! What pages show, read on one snapshot. `as_of` is the feed's number in that snapshot.
//! Rules R24, R25, R54, R130, R131.

use super::{ServiceError, nudges, reader::Reader, recovery};
use crate::{
    domain::{
        DailyQuestion, DailyQuestionId, LocalDate, Pair, PairId, PairPhase, Person, Role, SEASON_LENGTH, Section,
        Status,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            answers::Revision,
            cards::{self, CardLine},
            daily_questions, schedule,
        },
    },
};

/// Cards on one page of the archive.
pub const PAGE_CARDS: i64 = 20;

/// Everything the today page needs.
pub struct Today {
    pub as_of: i64,
    pub pair: Pair,
    pub role: Role,
    /// The pair's local date and minute of the day.
    pub today: LocalDate,
    pub minute: i64,
    pub current: Option<DailyQuestion>,
    pub shelved: Vec<DailyQuestion>,
    pub completed: i64,
    /// The number of the season that the current card closed.
    pub closed_season: Option<i64>,
    pub may_swap: bool,
    pub has_invitation: bool,
    pub asks_for_recovery: bool,
    /// Earlier revisions of my own answer to the current question.
    pub revisions: Vec<Revision>,
    pub may_nudge: bool,
    pub has_nudged: bool,
}

pub async fn today(state: &AppState, reader: &Reader, id: PairId) -> Result<Today, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let home = reader.home(&mut tx).await?;
    let (pair, role) = reader.seat(&mut tx, id).await?;
    let zone = Zone::stored(&pair.zone);
    let today = zone.date(now);
    let is_closed = pair.phase() == PairPhase::Closed;
    let notified = (pair.seat(role.other()).map(|other| other.person_id), nudges::slot_around(today));
    tx.end_with_next();
    let found = cards::today(&mut tx, id, (role, is_closed), notified, now).await?.ok_or(ServiceError::NotFound)?;
    let current = found.questions.iter().rfind(|question| question.shelved_at.is_none()).cloned();
    // A closed pair shows the answers that its members gave to incomplete questions.
    let is_later = |question: &DailyQuestion| match is_closed {
        true => question.completed_at.is_none() && question.answer_of(role).is_none_or(|own| !own.is_sealed),
        false => question.completed_at.is_none() && question.shelved_at.is_some(),
    };
    let shelved = found.questions.into_iter().filter(is_later).collect();
    let may_nudge = current.as_ref().is_some_and(|question| nudges::is_possible(&pair, role, question, today));
    let may_swap = current.as_ref().is_some_and(|question| {
        question.check_swap(pair.phase(), schedule::is_swapped(found.swapped_date, today)).is_ok()
    });
    let length = i64::from(SEASON_LENGTH);
    let number = found.card_number.filter(|number| number % length == 0);
    let closed_season = match &current {
        Some(question) if question.status() == Status::Complete => number.map(|number| number / length),
        _ => None,
    };
    Ok(Today {
        as_of: home.as_of,
        minute: zone.minute(now),
        today,
        has_invitation: pair.phase() == PairPhase::Alone && found.has_invitation,
        pair,
        role,
        current,
        shelved,
        completed: found.completed,
        closed_season,
        may_swap,
        asks_for_recovery: recovery::asks_again(home.recovery),
        revisions: found.revisions,
        may_nudge: may_nudge && !found.was_notified,
        has_nudged: may_nudge && found.was_notified,
    })
}

fn today_of(state: &AppState, pair: &Pair) -> LocalDate {
    Zone::stored(&pair.zone).date(state.clock.now())
}

/// One page of the archive.
pub struct Archive {
    /// The pair's local date.
    pub today: LocalDate,
    pub pair: Pair,
    pub role: Role,
    pub cards: Vec<CardLine>,
    /// From 1.
    pub page: i64,
    pub pages: i64,
    pub seasons: i64,
}

/// Reads one page of the archive. `page` counts from 1; a page that does not exist is not found.
pub async fn archive(
    state: &AppState,
    reader: &Reader,
    id: PairId,
    section: Option<Section>,
    page: i64,
) -> Result<Archive, ServiceError> {
    let mut tx = state.database.read().await?;
    let (pair, role) = reader.seat(&mut tx, id).await?;
    let (count, all) = cards::count(&mut tx, id, section).await?;
    let pages = ((count + PAGE_CARDS - 1) / PAGE_CARDS).max(1);
    if page < 1 || page > pages {
        return Err(ServiceError::NotFound);
    }
    tx.end_with_next();
    let cards = cards::find(&mut tx, id, section, PAGE_CARDS, (page - 1) * PAGE_CARDS).await?;
    Ok(Archive {
        today: today_of(state, &pair),
        pair,
        role,
        cards,
        page,
        pages,
        seasons: all / i64::from(SEASON_LENGTH),
    })
}

/// An open card with its neighbours in the order they opened.
pub struct Card {
    /// The pair's local date.
    pub today: LocalDate,
    pub pair: Pair,
    pub role: Role,
    pub question: DailyQuestion,
    pub earlier: Option<DailyQuestionId>,
    pub later: Option<DailyQuestionId>,
    pub revisions: Vec<Revision>,
}

/// Reads an open card. Open and shelved questions are on the today page and not found here.
pub async fn card(state: &AppState, reader: &Reader, pair: PairId, id: DailyQuestionId) -> Result<Card, ServiceError> {
    let mut tx = state.database.read().await?;
    let (pair, role) = reader.seat(&mut tx, pair).await?;
    let question = daily_questions::lookup_for(&mut tx, reader.person.id, id)
        .await?
        .filter(|question| question.pair_id == pair.id && question.status() == Status::Complete)
        .ok_or(ServiceError::NotFound)?;
    tx.end_with_next();
    let (neighbours, revisions) = cards::neighbours(&mut tx, id, role).await?.ok_or(ServiceError::NotFound)?;
    let (earlier, later) = (neighbours.earlier, neighbours.later);
    Ok(Card { today: today_of(state, &pair), pair, role, question, earlier, later, revisions })
}

/// A closed season: seven cards in the order they opened.
pub struct SeasonCards {
    /// The pair's local date.
    pub today: LocalDate,
    pub pair: Pair,
    pub role: Role,
    pub number: i64,
    pub cards: Vec<DailyQuestion>,
}

pub async fn season(state: &AppState, reader: &Reader, id: PairId, number: i64) -> Result<SeasonCards, ServiceError> {
    let mut tx = state.database.read().await?;
    let (pair, role) = reader.seat(&mut tx, id).await?;
    let length = i64::from(SEASON_LENGTH);
    let last = number.checked_mul(length).filter(|last| *last > 0).ok_or(ServiceError::NotFound)?;
    let cards = daily_questions::find_cards(&mut tx, id, last - length + 1, last).await?;
    if cards.len() != SEASON_LENGTH as usize {
        return Err(ServiceError::NotFound);
    }
    Ok(SeasonCards { today: today_of(state, &pair), pair, role, number, cards })
}

/// A pair with the person's seat, for settings.
pub async fn pair(state: &AppState, reader: &Reader, id: PairId) -> Result<(Pair, Role, LocalDate), ServiceError> {
    let mut tx = state.database.read().await?;
    let (pair, role) = reader.seat(&mut tx, id).await?;
    let today = today_of(state, &pair);
    Ok((pair, role, today))
}

/// The pair a question of this person belongs to.
pub async fn pair_of_question(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let mut tx = state.database.read().await?;
    let question = daily_questions::lookup_for(&mut tx, person.id, id).await?;
    question.map(|question| question.pair_id).ok_or(ServiceError::NotFound)
}
