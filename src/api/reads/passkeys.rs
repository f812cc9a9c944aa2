//! Reads of the ways into an account that change only after a proof.

use super::{IdentityView, ProviderView, own_identities, providers};
use crate::{
    api::{ApiError, InApp, InAppBrowser, Shell},
    domain::{LocalDate, PasskeyId},
    request::{self, Visitor},
    server::{
        calendar::Zone,
        services::{ServiceError, passkeys, proofs},
        state::AppState,
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyView {
    pub id: PasskeyId,
    /// A device's name in the stored form, or what the person has typed.
    pub name: String,
    pub made: LocalDate,
    pub used: Option<LocalDate>,
    /// It may be on several devices of the person.
    pub is_synced: bool,
    /// It was made under the present address, so that it signs in.
    pub is_here: bool,
}

/// The passkeys that sign the person in here (W3C Web Authentication §5.1.10.3). All are base64url but the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedView {
    pub rp_id: String,
    pub user_handle: String,
    /// With spaces between.
    pub credential_ids: String,
}

/// The ways into the person's account that change only after a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherWaysView {
    /// Whether this session was proved within the last ten minutes, so that it may change them.
    pub is_proved: bool,
    /// Whether passkeys can work in this browser.
    pub offers_passkeys: bool,
    pub passkeys: Vec<PasskeyView>,
    /// What the browser is told of them; `None` where it has none.
    pub accepted: Option<AcceptedView>,
    /// The providers to link an account of.
    pub providers: Vec<ProviderView>,
    pub identities: Vec<IdentityView>,
}

pub async fn other_ways() -> Result<OtherWaysView, ApiError> {
    let request = request::current().await?;
    let found = request.visitor.session.as_ref().ok_or(ServiceError::SignedOut)?;
    let zone = Zone::stored(&request.person.zone);
    let held = passkeys::find_of(&request.state, request.person.id).await?;
    let offers_passkeys = can_use_passkeys(&request.state, &request.visitor);
    let accepted = passkeys::accepted(&request.state, request.person.id, &held).filter(|_| offers_passkeys);
    let held = held.into_iter().map(|(passkey, is_here)| PasskeyView {
        id: passkey.id,
        made: zone.date(passkey.created_at),
        used: passkey.last_used_at.map(|at| zone.date(at)),
        is_synced: passkey.is_synced(),
        is_here,
        name: passkey.name,
    });
    Ok(OtherWaysView {
        is_proved: proofs::is_fresh(found.session.proved_at, request.state.clock.now()),
        offers_passkeys,
        accepted: accepted.map(|accepted| AcceptedView {
            rp_id: accepted.rp_id,
            user_handle: accepted.user_handle,
            credential_ids: accepted.credential_ids.join(" "),
        }),
        passkeys: held.collect(),
        providers: providers(),
        identities: own_identities(&request).await?,
    })
}

/// Whether the page may offer passkeys: not under an address without a domain name, and not in in-app browsers and
/// native shells, whose WebViews have no passkeys of other apps.
fn can_use_passkeys(state: &AppState, visitor: &Visitor) -> bool {
    let url = &state.site.public_url;
    let browser = InAppBrowser::of(&visitor.user_agent, url.as_str(), "/");
    url.domain().is_some() && browser.in_app == InApp::No && Shell::of(&visitor.user_agent).is_none()
}

/// Whether the sign-in page may offer passkeys.
pub fn offers_passkeys() -> bool {
    request::anybody().is_ok_and(|request| can_use_passkeys(&request.state, &request.visitor))
}

/// Reads whether this session was proved within the last ten minutes.
pub async fn is_proved() -> Result<bool, ApiError> {
    let request = request::current().await?;
    let found = request.visitor.session.as_ref().ok_or(ServiceError::SignedOut)?;
    Ok(proofs::is_fresh(found.session.proved_at, request.state.clock.now()))
}
