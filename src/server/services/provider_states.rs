//! What this server makes of the random handle of a sign-in at a provider: nonce, verifier and state, each a MAC.
//! Rule R200.

use super::Caller;
use crate::{
    domain::{Millis, SessionId},
    paths,
    server::{
        oidc::{Asking, Provider},
        state::AppState,
    },
};

/// How long a sign-in at a provider may take.
pub const BEGUN_LIFE_MS: i64 = 10 * Millis::MINUTE;

/// What only this server makes of a handle.
pub(super) struct Derived {
    nonce: String,
    verifier: String,
    redirect_uri: String,
}

impl Derived {
    pub(super) fn of(state: &AppState, provider: &Provider, handle: &str) -> Self {
        let made = |purpose| state.secrets.attempt(purpose, "oidc", handle, &provider.entry().id);
        let path = paths::sign_in_with_callback(&provider.entry().id);
        Self {
            nonce: made("nonce"),
            verifier: made("verifier"),
            redirect_uri: format!("{}{path}", state.site.public_url.as_str()),
        }
    }

    pub(super) fn asking<'a>(&'a self, state: &'a str) -> Asking<'a> {
        Asking { redirect_uri: &self.redirect_uri, state, nonce: &self.nonce, verifier: &self.verifier }
    }
}

/// The state (RFC 6749 §10.12): `link` or `in`, the end in epoch ms, and a MAC of these, the handle, the provider and
/// the session that links.
pub(super) fn state_text(
    state: &AppState,
    provider: &Provider,
    handle: &str,
    link: Option<SessionId>,
    until: Millis,
) -> String {
    let word = if link.is_some() { "link" } else { "in" };
    let session = link.map(|session| session.to_string()).unwrap_or_default();
    let what = format!("{}\0{word}\0{session}\0{}", provider.entry().id, until.0);
    format!("{word}.{}.{}", until.0, state.secrets.attempt("state", "oidc", handle, &what))
}

/// Reads a state that this server made for this browser. Returns the session that links, if one does.
pub(super) fn read_state(
    state: &AppState,
    provider: &Provider,
    handle: &str,
    text: &str,
    caller: &Caller,
) -> Option<Option<SessionId>> {
    let (word, rest) = text.split_once('.')?;
    let until = Millis(rest.split_once('.')?.0.parse().ok()?);
    let link = match word {
        "link" => Some(caller.here?.1),
        "in" => None,
        _ => return None,
    };
    let now = state.clock.now();
    let is_running = now < until && until <= now.plus(BEGUN_LIFE_MS);
    // A handle has 256 random bits, so how long the comparison takes tells nothing of use.
    (is_running && text == state_text(state, provider, handle, link, until)).then_some(link)
}
