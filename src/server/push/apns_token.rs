//! What APNs knows us by: the operator's key and ids, and the provider tokens that the key signs. Facts: Apple's
//! "Establishing a token-based connection to APNs".

use std::{
    fmt,
    path::Path,
    sync::{Mutex, PoisonError},
};

use reqwest::header::HeaderValue;
use ring::rand::SystemRandom;
use serde_json::json;

use super::{
    credentials::{self, CredentialError},
    jwt::JwtKey,
};

/// `iat` is a full half hour, so that several nodes sign the same claims and change them at the same time.
pub(super) const TOKEN_STEP_MS: i64 = 30 * MINUTE_MS;
/// A token is used at the age of 15 to 45 minutes. Apple refuses tokens older than an hour.
const TOKEN_YOUNGEST_MS: i64 = 15 * MINUTE_MS;
/// Apple refuses a second token within 20 minutes (`TooManyProviderTokenUpdates`).
pub(super) const TOKEN_MIN_USE_MS: i64 = 20 * MINUTE_MS;
pub(super) const MINUTE_MS: i64 = 60 * 1_000;

/// What APNs knows us by: the operator's `.p8` key and its ids.
pub struct ApnsAccount {
    key: JwtKey,
    team: String,
    /// The bundle id of the shell.
    pub topic: String,
}

impl ApnsAccount {
    /// Reads the key file and checks the three ids. The error is one sentence for the operator.
    pub fn read(path: &Path, key_id: &str, team: &str, topic: &str) -> Result<Self, CredentialError> {
        let text = credentials::read("APNS_KEY", path)?;
        Self::parse(&text, key_id, team, topic).map_err(|problem| CredentialError::new("APNS_KEY", path, &problem))
    }

    pub(crate) fn parse(pem: &str, key_id: &str, team: &str, topic: &str) -> Result<Self, String> {
        let is_id = |id: &str| id.len() == 10 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_id(key_id) {
            return Err("APNS_KEY_ID is not the 10 letters and digits of a key id".to_owned());
        }
        if !is_id(team) {
            return Err("APNS_TEAM_ID is not the 10 letters and digits of a team id".to_owned());
        }
        let is_topic = topic.contains('.')
            && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        if !is_topic {
            return Err("APNS_TOPIC is not a bundle id such as com.example.app".to_owned());
        }
        let key = JwtKey::es256(pem, key_id).map_err(|error| error.to_string())?;
        Ok(Self { key, team: team.to_owned(), topic: topic.to_owned() })
    }

    /// Signs a provider token that was issued at `issued_s` (epoch seconds).
    pub fn provider_token(&self, random: &SystemRandom, issued_s: i64) -> String {
        self.key.sign(random, &json!({ "iss": self.team, "iat": issued_s }))
    }
}

/// Prints the topic alone.
impl fmt::Debug for ApnsAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApnsAccount").field("topic", &self.topic).finish_non_exhaustive()
    }
}

/// A provider token.
#[derive(Clone)]
pub(super) struct Minted {
    pub header: HeaderValue,
    /// Its `iat` and when it was signed, in epoch ms.
    issued_ms: i64,
    made_ms: i64,
}

/// Signs provider tokens. One token serves all connections and changes every 30 minutes.
pub(super) struct Minter {
    pub account: ApnsAccount,
    random: SystemRandom,
    held: Mutex<Option<Minted>>,
}

impl Minter {
    pub fn new(account: ApnsAccount) -> Self {
        Self { account, random: SystemRandom::new(), held: Mutex::default() }
    }

    /// The token of this half hour.
    pub fn get(&self, now_ms: i64) -> Minted {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let due = scheduled(now_ms);
        if let Some(minted) = held.as_ref().filter(|minted| (due..=now_ms).contains(&minted.issued_ms)) {
            return minted.clone();
        }
        held.insert(self.mint(due, now_ms)).clone()
    }

    /// A token issued now, where Apple calls one expired that our clock calls good. `None` while Apple would refuse
    /// another token.
    pub fn renew(&self, refused: &Minted, now_ms: i64) -> Option<Minted> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_ref() {
            // Another send renewed it meanwhile.
            Some(minted) if minted.header != refused.header => Some(minted.clone()),
            _ if now_ms - refused.made_ms < TOKEN_MIN_USE_MS => None,
            _ => Some(held.insert(self.mint(now_ms, now_ms)).clone()),
        }
    }

    fn mint(&self, issued_ms: i64, now_ms: i64) -> Minted {
        let token = self.account.provider_token(&self.random, issued_ms.div_euclid(1_000));
        let mut header = HeaderValue::from_str(&format!("bearer {token}")).expect("base64url and dots");
        header.set_sensitive(true);
        Minted { header, issued_ms, made_ms: now_ms }
    }
}

/// The `iat` that every node uses at this time.
pub(super) fn scheduled(now_ms: i64) -> i64 {
    let latest = now_ms - TOKEN_YOUNGEST_MS;
    latest - latest.rem_euclid(TOKEN_STEP_MS)
}
