//! Reads of a person's own account: settings, sessions, recovery code.

use crate::{
    api::{ApiError, PairLink, ZoneChoice, convert},
    domain::{LocalDate, Locale, PairId, SessionId, TextSize},
    request,
    server::{
        calendar::{self, Zone},
        services::{ServiceError, deletions, operator_codes, reader, reading, recovery, sessions},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    pub id: SessionId,
    pub device: String,
    pub is_this: bool,
    pub last_used: LocalDate,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierCodeView {
    /// The last day on which the code signs in, in the person's zone.
    pub until: LocalDate,
    /// Whether this session may end the code now.
    pub may_end: bool,
}

/// What a person changes of themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeView {
    pub name: String,
    pub locale: Locale,
    pub text_size: TextSize,
    pub zone: String,
    /// The zones that the form offers, the person's own zone first.
    pub zone_choices: Vec<ZoneChoice>,
}

/// The ways into the person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaysInView {
    pub sessions: Vec<SessionView>,
    /// The recovery code from before a renewal, while it still signs in.
    pub earlier_code: Option<EarlierCodeView>,
    /// From which day a code works that the operator made, in the person's zone.
    pub operator_code_from: Option<LocalDate>,
}

/// Reads the settings of the person who is signed in.
pub async fn me() -> Result<MeView, ApiError> {
    let request = request::current().await?;
    let (person, now) = (&request.person, request.state.clock.now());
    let zones = calendar::zone_choices(Some(&person.zone), person.locale, now);
    Ok(MeView {
        name: person.name.as_str().to_owned(),
        locale: person.locale,
        text_size: person.text_size,
        zone: person.zone.as_str().to_owned(),
        zone_choices: convert::zone_choices(zones),
    })
}

/// Reads the person's sessions and the state of the recovery code.
pub async fn ways_in() -> Result<WaysInView, ApiError> {
    let request = request::current().await?;
    let zone = Zone::stored(&request.person.zone);
    let sessions = sessions::find_of(&request.state, &request.person).await?.into_iter().map(|session| SessionView {
        id: session.id,
        is_this: session.id == request.session,
        last_used: zone.date(session.last_used_at),
        device: session.device,
    });
    let found = request.visitor.session.as_ref().ok_or(ServiceError::SignedOut)?;
    let earlier = recovery::earlier(&request.state, &request.reader(), &found.session).await?;
    let waiting = operator_codes::waiting(&request.state, request.person.id).await?;
    Ok(WaysInView {
        earlier_code: earlier
            .map(|earlier| EarlierCodeView { until: zone.date(earlier.until), may_end: earlier.may_end }),
        operator_code_from: waiting.map(|works_from| zone.date(works_from)),
        sessions: sessions.collect(),
    })
}

/// Returns the pair if it is one of the person's. A pair of others is not found.
pub async fn own_pair(pair: Option<PairId>) -> Result<Option<PairId>, ApiError> {
    match pair {
        Some(id) => {
            let request = request::current().await?;
            reading::pair(&request.state, &request.reader(), id).await?;
        }
        None => drop(own_pairs().await?),
    }
    Ok(pair)
}

/// Reads the person's pairs, running ones first.
pub async fn own_pairs() -> Result<Vec<PairLink>, ApiError> {
    let request = request::current().await?;
    let home = reader::home_of(&request.state, &request.reader()).await?;
    Ok(home.pairs.iter().map(|pair| convert::pair_link(pair, request.person.id)).collect())
}

/// Reads the person's pairs, and for each whether somebody else can read it too.
pub async fn pairs_to_delete() -> Result<Vec<(PairLink, bool)>, ApiError> {
    let request = request::current().await?;
    let shared = deletions::find_shared(&request.state, request.person.id).await?;
    Ok(own_pairs().await?.into_iter().map(|link| (link.clone(), shared.contains(&link.id))).collect())
}

/// How many days a backup of the server is kept.
pub fn backup_keep_days() -> u32 {
    request::anybody().map(|request| request.state.site.backup_keep_days).unwrap_or_default()
}

/// Reads the zones that a form offers to a visitor without an account.
pub async fn zones() -> Result<Vec<ZoneChoice>, ApiError> {
    let request = request::anybody()?;
    Ok(convert::zone_choices(calendar::zone_choices(None, request.visitor.locale, request.state.clock.now())))
}

/// Reads the recovery code that was just made, if this browser still holds it.
pub async fn recovery_code() -> Result<Option<String>, ApiError> {
    let request = request::current().await?;
    let held = request.visitor.recovery_code(request.person.id);
    Ok(recovery::shown(&request.state, &request.person, held).await?.map(|code| code.grouped()))
}
