//! The read of a seat's return, for the members of the pair and for the person who waits.

use super::CodeView;
use crate::{
    api::{ApiError, MemberView},
    domain::{LocalDate, PairId, PairPhase, PushTime},
    paths, request,
    server::{
        calendar::Zone,
        services::{ServiceError, invitations, seat_returns},
    },
};

/// Who looks at the return of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnPart {
    /// The seat is theirs, and they can refuse.
    Holder,
    /// The member across, who gives the seat back.
    Giver,
    /// The person who joined and waits.
    Waiter,
}

/// A return that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnView {
    pub pair: PairId,
    pub part: ReturnPart,
    /// The member across from the seat.
    pub giver: MemberView,
    /// The member who has the seat.
    pub holder: MemberView,
    /// The name of the person who waits.
    pub name: String,
    /// When the seat moves, in the zone of the person who reads.
    pub date: LocalDate,
    pub time: PushTime,
}

/// The page of a pair about the return of a seat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnPageView {
    pub pair: PairId,
    pub phase: PairPhase,
    pub other: Option<MemberView>,
    pub waiting: Option<ReturnView>,
    /// The last day of the running return invitation, in the pair's zone, and whether it gives the reader's own seat.
    pub until: Option<(LocalDate, bool)>,
    /// The code, in the browser that made the invitation.
    pub code: Option<CodeView>,
}

/// Reads the return that waits in a pair.
pub async fn seat_return(pair: PairId) -> Result<Option<ReturnView>, ApiError> {
    let request = request::current().await?;
    let found = seat_returns::lookup(&request.state, &request.reader(), pair).await?;
    let Some(returning) = &found.returning else { return Ok(None) };
    let (holder, giver) = (found.pair.seat(returning.role), found.pair.seat(returning.role.other()));
    let zone = Zone::stored(&request.person.zone);
    // After an absence the next sweep moves the end, and this page says so before.
    let moves_at = seat_returns::swept(returning.wait, request.state.clock.now()).0.until;
    Ok(Some(ReturnView {
        pair,
        part: match found.role {
            None => ReturnPart::Waiter,
            Some(role) if role == returning.role => ReturnPart::Holder,
            Some(_) => ReturnPart::Giver,
        },
        giver: giver.ok_or(ServiceError::NotFound)?.into(),
        holder: holder.ok_or(ServiceError::NotFound)?.into(),
        name: returning.name.as_str().to_owned(),
        date: zone.date(moves_at),
        time: PushTime::from_minute(zone.minute(moves_at)).unwrap_or_default(),
    }))
}

/// Reads the page of a member about the return of a seat: the return that waits, or the invitation to one.
pub async fn return_page(pair: PairId) -> Result<ReturnPageView, ApiError> {
    let request = request::current().await?;
    let (found, role, running) = invitations::lookup_running(&request.state, &request.reader(), pair).await?;
    let running = running.filter(|running| running.returns.is_some());
    let zone = Zone::stored(&found.zone);
    let code = running.as_ref().and_then(|running| request.visitor.invitation_code(running.id)).map(|code| {
        let code = code.grouped();
        let link = format!("{}{}", request.state.site.public_url.as_str(), paths::join_with(&code));
        CodeView::new(code, link)
    });
    Ok(ReturnPageView {
        pair,
        phase: found.phase(),
        other: found.seat(role.other()).map(MemberView::from),
        waiting: seat_return(pair).await?,
        until: running.map(|running| (zone.date(running.expires_at), running.returns == Some(role))),
        code,
    })
}
