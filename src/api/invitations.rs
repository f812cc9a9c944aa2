//! Server functions for inviting and joining.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::PairId;

/// Makes an invitation. An earlier invitation of the pair becomes invalid.
#[server(endpoint = "invite")]
pub async fn invite(
    pair: PairId,
    #[server(default)] relation: String,
    #[server(default)] relation_word: String,
    #[server(default)] name: String,
    #[server(default)] attempt: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{attempts::Step, invitations},
    };

    let request = request::current().await?;
    let attempt = request.attempt(Step::Invite, &attempt);
    let made =
        invitations::invite(&request.state, attempt, &request.person, pair, &relation, &relation_word, &name).await?;
    if let Some((id, code)) = made {
        set_cookie(&cookies::invitation(id, &code));
    }
    request.redirect(paths::invite(pair));
    Ok(())
}

#[server(endpoint = "withdraw_invitation")]
pub async fn withdraw_invitation(pair: PairId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::invitations};

    let request = request::current().await?;
    invitations::withdraw(&request.state, &request.person, pair).await?;
    request.redirect(paths::invite(pair));
    Ok(())
}

/// Checks an invitation code (the button "초대 확인"). A valid code gives this browser a ticket for 15 minutes.
#[server(endpoint = "check_invitation")]
pub async fn check_invitation(#[server(default)] code: String) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{guard, invitations},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    tokio::time::sleep(guard::brake(&request.state).await?).await;
    let ticket = invitations::check(&request.state, &code, request.visitor.trier()).await?;
    set_cookie(&cookies::ticket(&ticket));
    request.redirect(paths::join_confirm());
    Ok(())
}

/// Joins the pair that the ticket is for. A person without an account signs up in the same step.
#[server(endpoint = "join")]
pub async fn join(
    #[server(default)] name: String,
    #[server(default)] consent: String,
    #[server(default)] relation: String,
    #[server(default)] relation_word: String,
    #[server(default)] zone: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{
            ServiceError,
            invitations::{self, Joined, Joiner},
        },
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let ticket = request.visitor.ticket.clone().ok_or(ServiceError::CodeWrong)?;
    let joiner = match request.visitor.session.clone() {
        Some(found) => Joiner::Known(Box::new(found.person)),
        None => Joiner::New(request.visitor.sign_up(&name, &consent, &zone)?),
    };
    let joined =
        invitations::join(&request.state, &ticket, joiner, &relation, &relation_word, &request.visitor.caller())
            .await?;
    // Keep the ticket cookie until it expires: if this response is lost, the browser repeats the request with it.
    match joined {
        Some(Joined { new: Some(made), .. }) => {
            set_cookie(&cookies::session(&made.opened.token));
            if let Some(code) = &made.code {
                set_cookie(&cookies::recovery(made.opened.person.id, code));
            }
            request.redirect(paths::recovery());
        }
        Some(joined) => request.redirect(paths::today(joined.pair)),
        None => request.redirect_done(),
    }
    Ok(())
}
