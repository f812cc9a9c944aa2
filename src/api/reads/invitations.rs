//! Reads of an invitation, for the inviter and for the invited person.

use super::CodeView;
use crate::{
    api::{ApiError, InAppBrowser, MemberView, PairView, convert},
    domain::{LocalDate, PairId, Relation, Role},
    paths, request,
    server::{
        calendar::Zone,
        services::{ServiceError, invitations},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InviteView {
    pub pair: PairView,
    /// The last day of the running invitation, in the pair's zone.
    pub until: Option<LocalDate>,
    /// The code, in the browser that made the invitation. `None` in all others.
    pub code: Option<CodeView>,
    pub name: String,
}

/// What a person sees who has entered a valid invitation code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinView {
    pub inviter: MemberView,
    pub role: Role,
    pub relation: Option<Relation>,
    pub name: String,
    /// The name of the person who is signed in on this browser, if any.
    pub me: Option<String>,
    /// The member who has the seat, when it is given back.
    pub returns: Option<MemberView>,
}

/// Reads the running invitation of a pair. Only the browser that made the invitation knows its code.
pub async fn invitation(pair: PairId) -> Result<InviteView, ApiError> {
    let request = request::current().await?;
    let (found, role, running) = invitations::lookup_running(&request.state, &request.reader(), pair).await?;
    let zone = Zone::stored(&found.zone);
    let view = convert::pair_view(&found, role, zone.date(request.state.clock.now())).ok_or(ServiceError::NotFound)?;
    let code = running.as_ref().and_then(|running| request.visitor.invitation_code(running.id)).map(|code| {
        let code = code.grouped();
        let link = format!("{}{}", request.state.site.public_url.as_str(), paths::join_with(&code));
        CodeView::new(code, link)
    });
    let name = running.as_ref().map(|running| running.name.clone()).unwrap_or_default();
    Ok(InviteView { pair: view, until: running.map(|running| zone.date(running.expires_at)), code, name })
}

/// Reads the invitation that the ticket of this browser belongs to.
pub async fn welcome() -> Result<JoinView, ApiError> {
    let request = request::anybody()?;
    let ticket = request.visitor.ticket.clone().ok_or(ServiceError::CodeWrong)?;
    let welcome = invitations::welcome(&request.state, &ticket).await?;
    Ok(JoinView {
        returns: welcome.returns.as_ref().map(MemberView::from),
        inviter: MemberView::from(&welcome.inviter),
        role: welcome.role,
        relation: welcome.relation,
        name: welcome.name,
        me: request.visitor.session.map(|found| found.person.name.as_str().to_owned()),
    })
}

/// Tells whether the page is open in an in-app browser, and how to leave that browser. No code is looked up. `path` is
/// the path of the page.
pub async fn in_app_browser(path: String) -> Result<InAppBrowser, ApiError> {
    let request = request::anybody()?;
    Ok(InAppBrowser::of(&request.visitor.user_agent, request.state.site.public_url.as_str(), &path))
}
