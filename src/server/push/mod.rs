//! The providers that notifications are sent through: Web Push with its payload, encryption (RFC 8291), identity
//! (RFC 8292) and endpoint check; FCM HTTP v1; APNs. `jobs::outbox` decides what is sent and when. This module does not
//! use the database.

mod address;
pub mod apns;
mod apns_service;
pub mod apns_token;
mod breaker;
pub mod client;
mod credentials;
mod endpoint;
pub mod fcm;
pub mod fcm_account;
mod jwt;
mod native;
pub mod native_payload;
mod one_connection;
mod outcome;
pub mod payload;
mod sender;
mod subject;
mod vapid;
pub mod web_push;

use std::sync::Arc;

use ring::rand::SystemRandom;

use native::Refusals;

pub use address::{AddressError, DeviceAddress, Registration};
pub use breaker::Breaker;
pub use client::SenderError;
pub use credentials::CredentialError;
pub use endpoint::{Endpoint, EndpointError, PushHosts, outward_url};
pub use jwt::JwtKey;
pub use native::Native;
pub use outcome::{GuardError, PushOutcome};
pub use sender::{PushMessage, PushSender};
pub use subject::check_subject;
pub use vapid::{Signer, VapidError, VapidKeys};
pub use web_push::{KeyError, ReceiverKeys};

/// Everything that sending needs. There is one per process; clones share it.
#[derive(Clone)]
pub struct Push {
    parts: Arc<Parts>,
}

struct Parts {
    sender: PushSender,
    hosts: PushHosts,
    keys: VapidKeys,
    signer: Signer,
    random: SystemRandom,
    breaker: Breaker,
    native: Native,
    refusals: Refusals,
}

impl Push {
    /// Makes the sender. `subject` is the contact that push services get (RFC 8292 §2.1).
    pub fn new(hosts: PushHosts, keys: VapidKeys, subject: String, native: Native) -> Result<Self, SenderError> {
        let sender = PushSender::new(hosts.clone())?;
        Ok(Self::with_sender(sender, hosts, keys, subject, native))
    }

    /// As `new`, with a given sender. Tests pass one with short timeouts.
    pub fn with_sender(sender: PushSender, hosts: PushHosts, keys: VapidKeys, subject: String, native: Native) -> Self {
        let signer = Signer::new(keys.clone(), subject);
        Self {
            parts: Arc::new(Parts {
                sender,
                hosts,
                keys,
                signer,
                random: SystemRandom::new(),
                breaker: Breaker::default(),
                native,
                refusals: Refusals::default(),
            }),
        }
    }

    pub fn hosts(&self) -> &PushHosts {
        &self.parts.hosts
    }

    pub fn sender(&self) -> &PushSender {
        &self.parts.sender
    }

    pub fn breaker(&self) -> &Breaker {
        &self.parts.breaker
    }

    /// The providers beside Web Push.
    pub fn native(&self) -> &Native {
        &self.parts.native
    }

    /// Remembers that a provider refuses our credentials or settings. Returns whether this cause is new.
    pub fn note_refusal(&self, origin: &str, cause: &'static str) -> bool {
        self.parts.refusals.note(origin, cause)
    }

    /// Forgets such a refusal, because the provider accepted a message.
    pub fn forget_refusal(&self, origin: &str) {
        self.parts.refusals.forget(origin);
    }

    pub fn keys(&self) -> &VapidKeys {
        &self.parts.keys
    }

    /// The application server key that browsers subscribe with, in base64url.
    pub fn public_key(&self) -> &str {
        self.parts.keys.current().public_text()
    }

    /// The id of the key with this public part; `None` if it is not ours.
    pub fn key_id(&self, public: &str) -> Option<String> {
        let public = public.trim_end_matches('=');
        self.parts.keys.list().find(|(_, text, _)| *text == public).map(|(id, ..)| id.to_owned())
    }

    /// The `Authorization` header for an origin under the key that the subscription was made with; `None` when that
    /// key no longer exists.
    pub fn authorization(&self, origin: &str, key_id: &str, now_ms: i64) -> Option<String> {
        self.parts.signer.authorization(&self.parts.random, origin, key_id, now_ms)
    }

    /// Encrypts a payload for a browser. The error is a word for the log.
    pub fn encrypt(&self, p256dh: &str, auth: &str, payload: &[u8]) -> Result<Vec<u8>, &'static str> {
        let keys = ReceiverKeys::stored(p256dh, auth).map_err(|_| "keys")?;
        web_push::encrypt(&self.parts.random, &keys, payload).map_err(|error| match error {
            web_push::EncryptError::TooLong => "payload too long",
            web_push::EncryptError::Point => "keys",
            web_push::EncryptError::Random => "no randomness",
        })
    }
}
