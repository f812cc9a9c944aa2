//! Server functions for passkeys. A script (`src/scripts/passkey.ts`) calls those with the answers of an authenticator.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::PasskeyId;

/// What a script needs for `navigator.credentials.get` (W3C Web Authentication §5.5). Bytes are base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyRequest {
    pub challenge: String,
    pub rp_id: String,
    /// The passkeys that may answer, each with its transports; empty for any.
    pub allowed: Vec<(String, String)>,
}

/// What a script needs for `navigator.credentials.create` (§5.4). Bytes are base64url.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyCreation {
    pub challenge: String,
    pub rp_id: String,
    pub brand: String,
    pub user_handle: String,
    /// All that a device's list of passkeys shows of the person, for example `지은 · 엄마`.
    pub user_name: String,
    pub excluded: Vec<(String, String)>,
}

/// Begins a sign-in with a passkey.
#[server(endpoint = "begin_passkey_sign_in")]
pub async fn begin_passkey_sign_in() -> Result<PasskeyRequest, ApiError> {
    use crate::{request, server::services::passkey_uses};

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let (challenge, rp_id) = passkey_uses::begin_sign_in(&request.state)?;
    Ok(PasskeyRequest { challenge, rp_id, allowed: Vec::new() })
}

/// Signs in with what the authenticator answered.
#[server(endpoint = "sign_in_by_passkey")]
pub async fn sign_in_by_passkey(
    #[server(default)] credential_id: String,
    #[server(default)] client_data: String,
    #[server(default)] authenticator_data: String,
    #[server(default)] signature: String,
    #[server(default)] user_handle: String,
) -> Result<(), ApiError> {
    use crate::{
        cookies, paths,
        request::{self, set_cookie},
        server::services::passkey_uses::{self, Used},
    };

    let request = request::anybody()?;
    request.visitor.refuse_insecure()?;
    let used = Used { credential_id, client_data, authenticator_data, signature, user_handle };
    let (trier, caller) = (request.visitor.trier(), request.visitor.caller());
    let Some(opened) = passkey_uses::sign_in(&request.state, &used, trier, &caller).await? else {
        request.redirect_done();
        return Ok(());
    };
    set_cookie(&cookies::session(&opened.token));
    request.redirect(paths::home());
    Ok(())
}

/// Begins to prove with a passkey that the session is used by its person.
#[server(endpoint = "begin_passkey_proof")]
pub async fn begin_passkey_proof() -> Result<PasskeyRequest, ApiError> {
    use crate::{request, server::services::passkey_uses};

    let request = request::current().await?;
    let begun = passkey_uses::begin_proof(&request.state, &request.person, request.session).await?;
    Ok(PasskeyRequest { challenge: begun.challenge, rp_id: begun.rp_id, allowed: begun.credentials })
}

/// Proves it with what the authenticator answered.
#[server(endpoint = "prove_by_passkey")]
pub async fn prove_by_passkey(
    #[server(default)] credential_id: String,
    #[server(default)] client_data: String,
    #[server(default)] authenticator_data: String,
    #[server(default)] signature: String,
    #[server(default)] user_handle: String,
) -> Result<(), ApiError> {
    use crate::{
        paths, request,
        server::services::passkey_uses::{self, Used},
    };

    let request = request::current().await?;
    let used = Used { credential_id, client_data, authenticator_data, signature, user_handle };
    passkey_uses::prove(&request.state, &request.person, request.session, &used, request.visitor.trier()).await?;
    request.redirect(paths::ways_in());
    Ok(())
}

/// Begins to make a passkey. The session has shown within ten minutes whose it is.
#[server(endpoint = "begin_passkey")]
pub async fn begin_passkey() -> Result<PasskeyCreation, ApiError> {
    use crate::{
        api::convert,
        request,
        server::services::{passkeys, reader},
        text,
    };

    let request = request::current().await?;
    let (begun, user_handle) = passkeys::begin(&request.state, &request.person, request.session).await?;
    let home = reader::home_of(&request.state, &request.reader()).await?;
    let words = text::page_words(request.person.locale);
    let links = home.pairs.iter().map(|pair| convert::pair_link(pair, request.person.id)).collect::<Vec<_>>();
    Ok(PasskeyCreation {
        challenge: begun.challenge,
        rp_id: begun.rp_id,
        brand: words.brand.to_owned(),
        user_handle,
        user_name: convert::passkey_user(words, request.person.name.as_str(), &links),
        excluded: begun.credentials,
    })
}

/// Adds the passkey that the authenticator made.
#[server(endpoint = "add_passkey")]
pub async fn add_passkey(
    #[server(default)] credential_id: String,
    #[server(default)] client_data: String,
    #[server(default)] authenticator_data: String,
    #[server(default)] public_key: String,
    #[server(default)] transports: String,
) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::passkeys::{self, Made},
    };

    let request = request::current().await?;
    let made = Made { credential_id, client_data, authenticator_data, public_key, transports };
    passkeys::add(&request.state, &request.person, request.session, &made, &request.visitor.device).await?;
    request.redirect(paths::saved(&paths::ways_in(), AddPasskey::VERB));
    Ok(())
}

#[server(endpoint = "rename_passkey")]
pub async fn rename_passkey(passkey: PasskeyId, #[server(default)] name: String) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::passkeys,
    };

    let request = request::current().await?;
    passkeys::rename(&request.state, &request.person, passkey, &name).await?;
    request.redirect(paths::saved(&paths::ways_in(), RenamePasskey::VERB));
    Ok(())
}

/// Removes a passkey. The session has shown within ten minutes whose it is.
#[server(endpoint = "remove_passkey")]
pub async fn remove_passkey(passkey: PasskeyId) -> Result<(), ApiError> {
    use crate::{
        paths::{self, HasVerb},
        request,
        server::services::passkeys,
    };

    let request = request::current().await?;
    passkeys::remove(&request.state, &request.person, request.session, passkey).await?;
    request.redirect(paths::saved(&paths::ways_in(), RemovePasskey::VERB));
    Ok(())
}
