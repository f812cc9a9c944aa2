//! The read of the page about the copy that a person keeps.

use crate::{
    api::{ApiError, InApp, InAppBrowser, PairLink, Shell, convert},
    domain::LocalDate,
    request,
    server::{
        calendar::Zone,
        services::{keepsakes, reader},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeepView {
    pub pairs: Vec<PairLink>,
    /// The day of the last backup, in the person's zone.
    pub backup_made: Option<LocalDate>,
    /// The day of the last backup that was restored and compared.
    pub backup_verified: Option<LocalDate>,
    /// Whether the page is open inside another app, where choosing a file may do nothing.
    pub is_inside_app: bool,
}

/// Reads what there is to keep.
pub async fn keep() -> Result<KeepView, ApiError> {
    let request = request::current().await?;
    let zone = Zone::stored(&request.person.zone);
    let home = reader::home_of(&request.state, &request.reader()).await?;
    let backups = keepsakes::backups(&request.state).await?;
    let (agent, url) = (&request.visitor.user_agent, request.state.site.public_url.as_str());
    let is_inside_app = InAppBrowser::of(agent, url, "/").in_app != InApp::No || Shell::of(agent).is_some();
    Ok(KeepView {
        pairs: home.pairs.iter().map(|pair| convert::pair_link(pair, request.person.id)).collect(),
        backup_made: backups.made_at.map(|at| zone.date(at)),
        backup_verified: backups.verified_at.map(|at| zone.date(at)),
        is_inside_app,
    })
}
