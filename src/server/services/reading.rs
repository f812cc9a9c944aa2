//! What pages show, read on one snapshot. `as_of` is the feed's number in that snapshot.
//! Rules R24, R25, R54, R130, R131.

use super::{ServiceError, nudges, pairs::lookup as lookup_pair, recovery};
use crate::{
    domain::{
        DailyQuestion, DailyQuestionId, LocalDate, Pair, PairId, PairPhase, Person, Role, SEASON_LENGTH, Section,
        Status,
    },
    server::{
        calendar::Zone,
        state::AppState,
        storage::{
            answers::{self, Revision},
            daily_questions, entries, events,
            invitations::{self, Invitation},
            pairs, persons, schedule,
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
    pub invitation: Option<Invitation>,
    pub asks_for_recovery: bool,
    /// Earlier revisions of my own answer to the current question.
    pub revisions: Vec<Revision>,
    pub may_nudge: bool,
    pub has_nudged: bool,
}

pub async fn today(state: &AppState, person: &Person, id: PairId) -> Result<Today, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let as_of = events::last_seq(&mut tx, person.id).await?;
    let (pair, role) = lookup_pair(&mut tx, person, id).await?;
    let zone = Zone::stored(&pair.zone);
    let today = zone.date(now);
    let is_closed = pair.phase() == PairPhase::Closed;
    let current = daily_questions::lookup_current(&mut tx, id).await?;
    // A closed pair shows the answers that its members gave to incomplete questions.
    let shelved = if is_closed {
        daily_questions::find_incomplete(&mut tx, id).await?
    } else {
        daily_questions::find_shelved(&mut tx, id).await?
    };
    let completed = daily_questions::count_complete(&mut tx, id, None).await?;
    let swapped_today = schedule::lookup_state(&mut tx, id).await?.swapped_on(today);
    let may_swap = current.as_ref().is_some_and(|question| question.check_swap(pair.phase(), swapped_today).is_ok());
    let closed_season = match &current {
        Some(question) if question.status() == Status::Complete => {
            let number = daily_questions::card_number(&mut tx, question.id).await?;
            number
                .filter(|number| number % i64::from(SEASON_LENGTH) == 0)
                .map(|number| number / i64::from(SEASON_LENGTH))
        }
        _ => None,
    };
    let revisions = match &current {
        Some(question) => answers::find_revisions(&mut tx, question.id, role).await?,
        None => Vec::new(),
    };
    let invitation =
        if pair.phase() == PairPhase::Alone { invitations::lookup_running(&mut tx, id, now).await? } else { None };
    let (may_nudge, has_nudged) = match &current {
        Some(question) => nudges::state_of(&mut tx, &pair, role, question, today).await?,
        None => (false, false),
    };
    let asks_for_recovery = recovery::asks_again(persons::recovery_state(&mut tx, person.id).await?);
    Ok(Today {
        as_of,
        minute: zone.minute(now),
        today,
        pair,
        role,
        current,
        shelved,
        completed,
        closed_season,
        may_swap,
        invitation,
        asks_for_recovery,
        revisions,
        may_nudge,
        has_nudged,
    })
}

fn today_of(state: &AppState, pair: &Pair) -> LocalDate {
    Zone::stored(&pair.zone).date(state.clock.now())
}

/// One page of the archive.
pub struct Archive {
    /// The pair's local date.
    pub today: LocalDate,
    pub as_of: i64,
    pub pair: Pair,
    pub role: Role,
    pub cards: Vec<DailyQuestion>,
    /// From 1.
    pub page: i64,
    pub pages: i64,
    pub seasons: i64,
}

/// Reads one page of the archive. `page` counts from 1; a page that does not exist is not found.
pub async fn archive(
    state: &AppState,
    person: &Person,
    id: PairId,
    section: Option<Section>,
    page: i64,
) -> Result<Archive, ServiceError> {
    let mut tx = state.database.read().await?;
    let as_of = events::last_seq(&mut tx, person.id).await?;
    let (pair, role) = lookup_pair(&mut tx, person, id).await?;
    let count = daily_questions::count_complete(&mut tx, id, section).await?;
    let all = daily_questions::count_complete(&mut tx, id, None).await?;
    let pages = ((count + PAGE_CARDS - 1) / PAGE_CARDS).max(1);
    if page < 1 || page > pages {
        return Err(ServiceError::NotFound);
    }
    let cards = daily_questions::find_complete(&mut tx, id, section, PAGE_CARDS, (page - 1) * PAGE_CARDS).await?;
    Ok(Archive {
        today: today_of(state, &pair),
        as_of,
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
    pub as_of: i64,
    pub pair: Pair,
    pub role: Role,
    pub question: DailyQuestion,
    pub earlier: Option<DailyQuestionId>,
    pub later: Option<DailyQuestionId>,
    pub revisions: Vec<Revision>,
}

/// Reads an open card. Open and shelved questions are on the today page and not found here.
pub async fn card(state: &AppState, person: &Person, pair: PairId, id: DailyQuestionId) -> Result<Card, ServiceError> {
    let mut tx = state.database.read().await?;
    let as_of = events::last_seq(&mut tx, person.id).await?;
    let (pair, role) = lookup_pair(&mut tx, person, pair).await?;
    let question = daily_questions::lookup_for(&mut tx, person.id, id)
        .await?
        .filter(|question| question.pair_id == pair.id && question.status() == Status::Complete)
        .ok_or(ServiceError::NotFound)?;
    let number = daily_questions::card_number(&mut tx, id).await?.ok_or(ServiceError::NotFound)?;
    let neighbours = daily_questions::find_cards(&mut tx, pair.id, number - 1, number + 1).await?;
    let revisions = answers::find_revisions(&mut tx, id, role).await?;
    let at = neighbours.iter().position(|neighbour| neighbour.id == id).unwrap_or(0);
    let earlier = at.checked_sub(1).and_then(|at| neighbours.get(at)).map(|question| question.id);
    let later = neighbours.get(at + 1).map(|question| question.id);
    Ok(Card { today: today_of(state, &pair), as_of, pair, role, question, earlier, later, revisions })
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

pub async fn season(state: &AppState, person: &Person, id: PairId, number: i64) -> Result<SeasonCards, ServiceError> {
    let mut tx = state.database.read().await?;
    let (pair, role) = lookup_pair(&mut tx, person, id).await?;
    let length = i64::from(SEASON_LENGTH);
    let last = number.checked_mul(length).filter(|last| *last > 0).ok_or(ServiceError::NotFound)?;
    let cards = daily_questions::find_cards(&mut tx, id, last - length + 1, last).await?;
    if cards.len() != SEASON_LENGTH as usize {
        return Err(ServiceError::NotFound);
    }
    Ok(SeasonCards { today: today_of(state, &pair), pair, role, number, cards })
}

/// A pair with the person's seat, for settings.
pub async fn pair(state: &AppState, person: &Person, id: PairId) -> Result<(i64, Pair, Role, LocalDate), ServiceError> {
    let mut tx = state.database.read().await?;
    let as_of = events::last_seq(&mut tx, person.id).await?;
    let (pair, role) = lookup_pair(&mut tx, person, id).await?;
    let today = today_of(state, &pair);
    Ok((as_of, pair, role, today))
}

/// All pairs of a person, running ones first, and the feed's number.
pub async fn pairs_of(state: &AppState, person: &Person) -> Result<(i64, Vec<Pair>), ServiceError> {
    let mut tx = state.database.read().await?;
    let as_of = events::last_seq(&mut tx, person.id).await?;
    Ok((as_of, pairs::find_of(&mut tx, person.id).await?))
}

/// The data of the frame around every page.
pub struct Home {
    pub as_of: i64,
    pub pairs: Vec<Pair>,
    pub unread: i64,
    pub answers: i64,
}

pub async fn home(state: &AppState, person: &Person) -> Result<Home, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(Home {
        as_of: events::last_seq(&mut tx, person.id).await?,
        pairs: pairs::find_of(&mut tx, person.id).await?,
        unread: entries::count_unread(&mut tx, person.id).await?,
        answers: persons::recovery_state(&mut tx, person.id).await?.answers_given,
    })
}

/// The pair a question of this person belongs to.
pub async fn pair_of_question(state: &AppState, person: &Person, id: DailyQuestionId) -> Result<PairId, ServiceError> {
    let mut tx = state.database.read().await?;
    let question = daily_questions::lookup_for(&mut tx, person.id, id).await?;
    question.map(|question| question.pair_id).ok_or(ServiceError::NotFound)
}
