//! Server functions that start, change, pause and close a pair.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::PairId;

/// Starts a pair with the signed-in person in one seat.
#[server(endpoint = "start_pair")]
pub async fn start_pair(
    #[server(default)] role: String,
    #[server(default)] parent_relation: String,
    #[server(default)] child_relation: String,
    #[server(default)] relation_word: String,
    #[server(default)] push_time: String,
    #[server(default)] zone: String,
    #[server(default)] attempt: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::{PushTime, Relation, Role, ZoneName},
        paths, request,
        server::services::{
            attempts::Step,
            pairs::{self, Start},
        },
    };

    let request = request::current().await?;
    let role = Role::from_word(&role).ok_or(ApiError::RelationMissing)?;
    let choice = match role {
        Role::Parent => parent_relation,
        Role::Child => child_relation,
    };
    let relation = Relation::parse(role, &choice, &relation_word)?;
    let start = Start { role, relation, push_time: PushTime::parse(&push_time)?, zone: ZoneName::parse(&zone)? };
    let pair = pairs::start(&request.state, request.attempt(Step::StartPair, &attempt), &request.person, start).await?;
    request.redirect(paths::today(pair));
    Ok(())
}

#[server(endpoint = "change_push_time")]
pub async fn change_push_time(
    pair: PairId,
    #[server(default)] push_time: String,
    #[server(default)] zone: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::{PushTime, ZoneName},
        paths::{self, HasVerb},
        request,
        server::services::pairs,
    };

    let request = request::current().await?;
    let (push_time, zone) = (PushTime::parse(&push_time)?, ZoneName::parse(&zone)?);
    pairs::change_push_time(&request.state, &request.person, pair, push_time, zone).await?;
    request.redirect(paths::saved(&paths::place(Some(pair), paths::Place::Us), ChangePushTime::VERB));
    Ok(())
}

#[server(endpoint = "change_relation")]
pub async fn change_relation(
    pair: PairId,
    #[server(default)] relation: String,
    #[server(default)] relation_word: String,
) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::pairs,
    };

    let request = request::current().await?;
    pairs::change_relation(&request.state, &request.person, pair, &relation, &relation_word).await?;
    request.redirect(paths::saved(&paths::place(Some(pair), paths::Place::Us), ChangeRelation::VERB));
    Ok(())
}

#[server(endpoint = "pause_pair")]
pub async fn pause_pair(pair: PairId, #[server(default)] until: String) -> Result<(), ApiError> {
    use crate::{domain::LocalDate, paths, request, server::services::pairs};

    let request = request::current().await?;
    let until: LocalDate = until.parse()?;
    pairs::pause(&request.state, &request.person, pair, until).await?;
    request.redirect(paths::place(Some(pair), paths::Place::Us));
    Ok(())
}

#[server(endpoint = "resume_pair")]
pub async fn resume_pair(pair: PairId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::pairs};

    let request = request::current().await?;
    pairs::resume(&request.state, &request.person, pair).await?;
    request.redirect(paths::place(Some(pair), paths::Place::Us));
    Ok(())
}

/// Closes a pair permanently. `confirmed` is the value of a check box that has to be checked.
#[server(endpoint = "leave_pair")]
pub async fn leave_pair(pair: PairId, #[server(default)] confirmed: String) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::pairs};

    let request = request::current().await?;
    if confirmed != "yes" {
        return Err(ApiError::LeaveUnconfirmed);
    }
    pairs::leave(&request.state, &request.person, pair).await?;
    request.redirect(paths::today(pair));
    Ok(())
}

/// Closes a pair that the wrong person joined, and starts a new pair for the inviter.
#[server(endpoint = "start_again")]
pub async fn start_again(pair: PairId, #[server(default)] confirmed: String) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::pairs};

    let request = request::current().await?;
    if confirmed != "yes" {
        return Err(ApiError::LeaveUnconfirmed);
    }
    let fresh = pairs::start_again(&request.state, &request.person, pair).await?;
    request.redirect(paths::invite(fresh));
    Ok(())
}
