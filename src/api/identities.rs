//! Server functions for accounts at providers (OpenID Connect).

use leptos::prelude::*;

use super::ApiError;
use crate::domain::IdentityId;

/// Finishes a sign-in, or the linking of an account, with what the provider's redirect brought.
#[server(endpoint = "finish_sign_in_with")]
pub async fn finish_sign_in_with(
    #[server(default)] provider: String,
    #[server(default)] code: String,
    #[server(default)] state: String,
    #[server(default)] issuer: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies,
        paths::{self, HasVerb},
        request::{self, set_cookie},
        server::services::{
            guard,
            provider_sign_ins::{self, Finished, Returned},
        },
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    tokio::time::sleep(guard::brake(&request.state).await?).await;
    let (trier, caller) = (request.visitor.trier(), request.visitor.caller());
    let returned = Returned { code, state, issuer };
    let handle = request.visitor.provider.as_deref();
    match provider_sign_ins::finish(&request.state, &provider, handle, returned, trier, &caller).await? {
        Finished::SignedIn(Some(opened)) => {
            set_cookie(&cookies::session(&opened.token));
            request.redirect(paths::home());
        }
        Finished::SignedIn(None) => request.redirect_done(),
        Finished::Linked => request.redirect(paths::saved(&paths::ways_in(), FinishSignInWith::VERB)),
        Finished::New => request.redirect(paths::sign_in_with_new(&provider)),
    }
    Ok(())
}

/// Makes an account from a name, which the provider's account signs in to.
#[server(endpoint = "sign_up_with")]
pub async fn sign_up_with(
    #[server(default)] name: String,
    #[server(default)] consent: String,
    #[server(default)] zone: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::{ServiceError, identities},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let sign_up = request.visitor.sign_up(&name, &consent, &zone)?;
    let handle = request.visitor.provider.clone().ok_or(ServiceError::SignInOver)?;
    let Some(made) = identities::sign_up(&request.state, &handle, sign_up, &request.visitor.caller()).await? else {
        request.redirect_done();
        return Ok(());
    };
    set_cookie(&cookies::session(&made.opened.token));
    if let Some(code) = &made.code {
        set_cookie(&cookies::recovery(made.opened.person.id, code));
    }
    request.redirect(paths::recovery());
    Ok(())
}

/// Unlinks an account. The session has shown within ten minutes whose it is.
#[server(endpoint = "unlink_identity")]
pub async fn unlink_identity(identity: IdentityId) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::identities,
    };

    let request = request::current().await?;
    identities::unlink(&request.state, &request.person, request.session, identity).await?;
    request.redirect(paths::saved(&paths::ways_in(), UnlinkIdentity::VERB));
    Ok(())
}
