//! Server functions for the return of a seat to a member who lost every device and the recovery code.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::PairId;

/// Makes an invitation that gives the other member's seat back. An earlier invitation of the pair becomes invalid.
#[server(endpoint = "invite_back")]
pub async fn invite_back(pair: PairId, #[server(default)] attempt: String) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{attempts::Step, seat_returns},
    };

    let request = request::current().await?;
    let attempt = request.attempt(Step::Invite, &attempt);
    let made = seat_returns::invite(&request.state, attempt, &request.person, pair).await?;
    if let Some((id, code)) = made {
        set_cookie(&cookies::invitation(id, &code));
    }
    request.redirect(paths::seat_return(pair));
    Ok(())
}

/// Ends the return of a seat: the seat's person refuses it, the giver calls it off, or the person who waits steps back.
#[server(endpoint = "end_return")]
pub async fn end_return(pair: PairId) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::{reader, seat_returns},
    };

    let request = request::current().await?;
    seat_returns::end(&request.state, &request.person, pair).await?;
    let home = reader::home_of(&request.state, &request.reader()).await?;
    let is_member = home.pairs.iter().any(|own| own.id == pair);
    let next = if is_member { paths::seat_return(pair) } else { paths::home() };
    request.redirect(paths::saved(&next, EndReturn::VERB));
    Ok(())
}
