//! Sign-in with an account at an OpenID Connect provider (OpenID Connect Core 1.0, Discovery 1.0): authorization code
//! flow with PKCE (RFC 7636), with the signatures of `ring`. Requests to providers go through the guarded client of
//! `push`. Nothing of an account is asked for but its subject; no e-mail address is read.

mod config;
mod discovery;
mod document;
mod flights;
mod id_token;
mod keys;
mod provider;
mod refusal;
#[cfg(test)]
mod tests;

pub use config::{CONFIG_FILE, ConfigProblem, Entry, Kind, Secret, read};
pub use discovery::Discovery;
pub use flights::{Begun, Flight};
pub use id_token::{Expected, check};
pub use keys::Keys;
pub use provider::{Asking, Provider};
pub use refusal::{Failure, Refusal};

use std::sync::Arc;

use super::push::{PushHosts, SenderError};

/// The providers of this installation. Clones share them.
#[derive(Clone, Default)]
pub struct Oidc {
    providers: Arc<Vec<Provider>>,
}

impl Oidc {
    pub fn new(entries: Vec<Entry>, hosts: &PushHosts) -> Result<Self, SenderError> {
        let providers: Result<_, _> = entries.into_iter().map(|entry| Provider::new(entry, hosts.clone())).collect();
        Ok(Self { providers: Arc::new(providers?) })
    }

    pub fn list(&self) -> &[Provider] {
        &self.providers
    }

    pub fn lookup(&self, id: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.entry().id == id)
    }
}
