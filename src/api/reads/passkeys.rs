//! Reads of the ways into an account that are not the recovery code.

use crate::{
    api::ApiError,
    request,
    server::services::{ServiceError, proofs},
};

/// The ways into the person's account that change only after a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherWaysView {
    /// Whether this session was proved within the last ten minutes, so that it may change them.
    pub is_proved: bool,
}

pub async fn other_ways() -> Result<OtherWaysView, ApiError> {
    let request = request::current().await?;
    let found = request.visitor.session.as_ref().ok_or(ServiceError::SignedOut)?;
    Ok(OtherWaysView { is_proved: proofs::is_fresh(found.session.proved_at, request.state.clock.now()) })
}
