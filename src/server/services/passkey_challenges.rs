//! Challenges for passkeys, and what the steps with passkeys have in common. Rules R192, R193.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::ServiceError;
use crate::{
    domain::{Millis, SessionId},
    server::{
        state::AppState,
        storage::passkeys::Passkey,
        webauthn::{self, Site},
    },
};

/// How long a browser may take to answer a challenge.
pub const CHALLENGE_LIFE_MS: i64 = 5 * Millis::MINUTE;

/// The purpose that a challenge was made for. A challenge for a session is of use to that session alone.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    SignIn,
    Add(SessionId),
    Prove(SessionId),
}

impl Purpose {
    fn word(self) -> String {
        match self {
            Self::SignIn => "sign-in".to_owned(),
            Self::Add(session) => format!("add {session}"),
            Self::Prove(session) => format!("prove {session}"),
        }
    }
}

pub(super) fn bytes(text: &str) -> Result<Vec<u8>, ServiceError> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| ServiceError::PasskeyRefused)
}

pub(super) fn site(state: &AppState) -> Result<Site<'_>, ServiceError> {
    let url = &state.site.public_url;
    let rp_id = url.domain().ok_or(ServiceError::PasskeyRefused)?;
    Ok(Site { origin: url.as_str(), rp_id })
}

/// A challenge in base64url. It carries its time and a MAC, so that one nobody answers takes no row. The step that it
/// is used for is recorded (`attempts`), so that it is used once.
pub fn challenge(state: &AppState, purpose: Purpose) -> String {
    let challenge = state.secrets.challenge(&purpose.word(), state.clock.now(), state.random.bytes());
    URL_SAFE_NO_PAD.encode(challenge)
}

/// The challenge that the browser has answered, if it was made here for this purpose less than five minutes ago.
pub(super) fn answered(state: &AppState, purpose: Purpose, client_data: &[u8]) -> Result<String, ServiceError> {
    let challenge = webauthn::challenge_of(client_data).map_err(|_| ServiceError::PasskeyRefused)?;
    let made_at = state.secrets.read_challenge(&purpose.word(), &bytes(&challenge)?);
    let made_at = made_at.ok_or(ServiceError::PasskeyRefused)?;
    let is_running = (0..CHALLENGE_LIFE_MS).contains(&state.clock.now().since(made_at));
    if is_running { Ok(challenge) } else { Err(ServiceError::ChallengeOver) }
}

pub(super) fn refused(refusal: webauthn::Refusal) -> ServiceError {
    tracing::info!(%refusal, "a passkey is refused");
    ServiceError::PasskeyRefused
}

/// What a browser needs to make or use a passkey.
#[derive(Debug)]
pub struct Begun {
    pub challenge: String,
    pub rp_id: String,
    /// The credential ids of the passkeys that the person has under this address, each with its transports.
    pub credentials: Vec<(String, String)>,
}

/// The credentials of passkeys that were made under this host.
pub(super) fn credentials(held: Vec<Passkey>, rp_id: &str) -> Vec<(String, String)> {
    let is_here = |passkey: &Passkey| passkey.rp_id == rp_id;
    held.into_iter().filter(is_here).map(|passkey| (passkey.credential_id, passkey.transports)).collect()
}
