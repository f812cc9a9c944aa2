//! Reads of accounts at providers.

use crate::{
    api::{ApiError, InApp, InAppBrowser, Shell},
    domain::{IdentityId, LocalDate},
    request::{self, Request},
    server::{calendar::Zone, oidc::Kind, services::identities},
};

/// A provider that people sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderView {
    pub id: String,
    pub name: String,
}

/// An account that signs the person in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityView {
    pub id: IdentityId,
    /// The name of its provider.
    pub name: String,
    pub made: LocalDate,
    pub used: Option<LocalDate>,
}

/// The providers that work in this browser. Google refuses the browsers of apps (403 `disallowed_useragent`).
pub fn providers() -> Vec<ProviderView> {
    let Ok(request) = request::anybody() else { return Vec::new() };
    let (agent, url) = (&request.visitor.user_agent, request.state.site.public_url.as_str());
    let is_in_app = InAppBrowser::of(agent, url, "/").in_app != InApp::No || Shell::of(agent).is_some();
    let shown =
        request.state.oidc.list().iter().filter(|provider| !(is_in_app && provider.entry().kind == Kind::Google));
    shown
        .map(|provider| ProviderView {
            id: provider.entry().id.clone(),
            name: identities::name_of(provider, request.visitor.locale),
        })
        .collect()
}

/// The name of a provider; `NotFound` when none has this id.
pub fn provider(id: &str) -> Result<ProviderView, ApiError> {
    let request = request::anybody()?;
    let found = request.state.oidc.lookup(id).ok_or(ApiError::NotFound)?;
    Ok(ProviderView { id: id.to_owned(), name: identities::name_of(found, request.visitor.locale) })
}

/// The provider whose new account waits for a sign-up in this browser.
pub async fn waiting_sign_up(id: &str) -> Result<ProviderView, ApiError> {
    let found = provider(id)?;
    let request = request::anybody()?;
    let handle = request.visitor.provider.as_deref().unwrap_or_default();
    let is_waiting = identities::waiting(&request.state, handle).await?.is_some_and(|waiting| waiting == found.id);
    if is_waiting { Ok(found) } else { Err(ApiError::SignInOver) }
}

pub(super) async fn own_identities(request: &Request) -> Result<Vec<IdentityView>, ApiError> {
    let zone = Zone::stored(&request.person.zone);
    let held = identities::find_of(&request.state, request.person.id).await?;
    let view = |identity: crate::server::storage::identities::Identity| IdentityView {
        id: identity.id,
        name: identities::name_of_id(&request.state, &identity.provider, request.person.locale),
        made: zone.date(identity.created_at),
        used: identity.last_used_at.map(|at| zone.date(at)),
    };
    Ok(held.into_iter().map(view).collect())
}
