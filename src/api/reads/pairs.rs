//! The read of a pair's settings.

use crate::{
    api::{ApiError, PairView, ZoneChoice, convert},
    domain::{LocalDate, PairId},
    request,
    server::{
        calendar,
        services::{ServiceError, reading},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairSettingsView {
    pub pair: PairView,
    /// The pair's local date, from which the length of a pause counts.
    pub today: LocalDate,
    /// The zones that the form offers, the pair's own zone first.
    pub zone_choices: Vec<ZoneChoice>,
}

/// Reads the settings of a pair.
pub async fn pair_settings(pair: PairId) -> Result<PairSettingsView, ApiError> {
    let request = request::current().await?;
    let (pair, role, today) = reading::pair(&request.state, &request.reader(), pair).await?;
    let view = convert::pair_view(&pair, role, today).ok_or(ServiceError::NotFound)?;
    let zones = calendar::zone_choices(Some(&pair.zone), request.person.locale, request.state.clock.now());
    Ok(PairSettingsView { pair: view, today, zone_choices: convert::zone_choices(zones) })
}
