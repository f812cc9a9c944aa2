//! Server functions for a proof by another device of the same person.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::ProofRequestId;

/// Asks the person's other devices to confirm this one.
#[server(endpoint = "ask_other_device")]
pub async fn ask_other_device(#[server(default)] attempt: String) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::proof_requests,
    };

    let request = request::current().await?;
    let token = proof_requests::ask(&request.state, &request.person, request.session, &attempt).await?;
    if let Some(token) = token {
        set_cookie(&cookies::proof(&token));
    }
    request.redirect(paths::other_device());
    Ok(())
}

/// Confirms another device by the number that it shows.
#[server(endpoint = "confirm_other_device")]
pub async fn confirm_other_device(proof: ProofRequestId, number: i64) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::proof_requests};

    let request = request::current().await?;
    proof_requests::answer(&request.state, &request.person, request.session, proof, number).await?;
    request.redirect(paths::other_device());
    Ok(())
}

/// Says that another device does not ask for its person.
#[server(endpoint = "refuse_other_device")]
pub async fn refuse_other_device(proof: ProofRequestId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::proof_requests};

    let request = request::current().await?;
    proof_requests::refuse(&request.state, &request.person, request.session, proof).await?;
    request.redirect(paths::other_device());
    Ok(())
}
