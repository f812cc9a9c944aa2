//! The check of an ID token (OpenID Connect Core 1.0 §2, §3.1.3.7).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    keys::{Algorithm, Keys},
    refusal::Refusal,
};

/// Tokens of all known providers are shorter.
const MOST_BYTES: usize = 16 * 1024;
/// A subject has at most 255 ASCII characters (§2).
const LONGEST_SUBJECT: usize = 255;
/// How far the clocks of provider and server may be apart.
const SKEW_S: i64 = 5 * 60;
/// A sign-in takes at most ten minutes, and its token is made at its end.
const OLDEST_S: i64 = 10 * 60;

/// What the token must say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client_id: &'a str,
    pub nonce: &'a str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A field that is not here, an e-mail address among them, is never read.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nonce: Option<String>,
}

/// Checks a token and returns its subject. `now_s` is epoch seconds.
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>, now_s: i64) -> Result<String, Refusal> {
    if token.len() > MOST_BYTES {
        return Err(Refusal::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refusal::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Refusal::Malformed)?;
    let header: Header = parsed(header)?;
    // An extension that must be understood is not (RFC 7515 §4.1.11).
    if header.crit.is_some() {
        return Err(Refusal::Malformed);
    }
    let algorithm = Algorithm::parse(&header.alg).ok_or(Refusal::Algorithm)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Refusal::Malformed)?;
    keys.verify(algorithm, header.kid.as_deref(), signed.as_bytes(), &signature)?;
    parsed::<Claims>(claims)?.check(expected, now_s)
}

impl Claims {
    fn check(self, expected: &Expected<'_>, now_s: i64) -> Result<String, Refusal> {
        if self.iss != expected.issuer {
            return Err(Refusal::Issuer);
        }
        let is_for_us = match &self.aud {
            Audience::One(client) => client == expected.client_id,
            // A token for several clients names the one that asked for it (§3.1.3.7, steps 4 and 5).
            Audience::Many(clients) => {
                clients.iter().any(|client| client == expected.client_id) && (clients.len() == 1 || self.azp.is_some())
            }
        };
        if !is_for_us || self.azp.as_deref().is_some_and(|azp| azp != expected.client_id) {
            return Err(Refusal::Audience);
        }
        // A cast of a float saturates, so no number overflows.
        if (self.exp as i64).saturating_add(SKEW_S) <= now_s {
            return Err(Refusal::Expired);
        }
        let age_s = now_s.saturating_sub(self.iat as i64);
        if !(-SKEW_S..=OLDEST_S + SKEW_S).contains(&age_s) {
            return Err(Refusal::IssuedAt);
        }
        if self.nonce.as_deref() != Some(expected.nonce) {
            return Err(Refusal::Nonce);
        }
        let is_subject = (1..=LONGEST_SUBJECT).contains(&self.sub.len())
            && self.sub.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if is_subject { Ok(self.sub) } else { Err(Refusal::Subject) }
    }
}

fn parsed<T: DeserializeOwned>(part: &str) -> Result<T, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Malformed)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Malformed)
}
