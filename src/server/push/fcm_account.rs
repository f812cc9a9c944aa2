//! The service account that FCM knows us by: its key file, and the access tokens that its key is exchanged for
//! (RFC 7523 §2.1: a JWT as the authorization grant).

use std::{
    fmt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use reqwest::{Client, StatusCode, Url};
use ring::rand::SystemRandom;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{
    credentials::{self, CredentialError},
    jwt::JwtKey,
};

/// The audience that Google expects, whatever address the token is asked from.
const AUDIENCE: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Google refuses assertions that live longer.
const ASSERTION_LIFE_S: i64 = 3_600;
/// A token with less than this left is renewed, so that none runs out on its way.
const RENEW_BEFORE_MS: i64 = 5 * 60 * 1_000;
/// After a refused exchange nobody asks again for so long: a wrong key or clock does not mend itself by asking.
const PAUSE_AFTER_REFUSAL_MS: u64 = 60 * 1_000;
const LONGEST_ANSWER: usize = 64 * 1024;

/// What the operator's `FCM_SERVICE_ACCOUNT` file holds, as far as it is used.
pub struct ServiceAccount {
    pub project: String,
    email: String,
    key: JwtKey,
}

#[derive(Deserialize)]
struct StoredAccount {
    #[serde(rename = "type")]
    kind: String,
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: Option<String>,
}

impl ServiceAccount {
    /// Reads the JSON file that Google's console gives. The error is one sentence for the operator and quotes nothing
    /// of the file.
    pub fn read(path: &Path) -> Result<Self, CredentialError> {
        Self::parse(&credentials::read("FCM_SERVICE_ACCOUNT", path)?)
            .map_err(|problem| CredentialError::new("FCM_SERVICE_ACCOUNT", path, &problem))
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let stored: StoredAccount =
            serde_json::from_str(text).map_err(|_| "it is not the JSON key file of a service account".to_owned())?;
        if stored.kind != "service_account" {
            return Err("its \"type\" is not \"service_account\": make a key of a service account".to_owned());
        }
        // A project id: 6 to 30 letters, digits and hyphens; it becomes part of a URL.
        let is_project = (4..=64).contains(&stored.project_id.len())
            && stored.project_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':'));
        if !is_project {
            return Err("its \"project_id\" is not the id of a project".to_owned());
        }
        let key =
            JwtKey::rs256(&stored.private_key, stored.private_key_id.as_deref()).map_err(|error| error.to_string())?;
        Ok(Self { project: stored.project_id, email: stored.client_email, key })
    }

    /// The signed assertion of RFC 7523 §2.1, valid from `now_s` (epoch seconds) on for an hour.
    pub fn assertion(&self, random: &SystemRandom, now_s: i64) -> String {
        let claims = json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": now_s,
            "exp": now_s + ASSERTION_LIFE_S,
        });
        self.key.sign(random, &claims)
    }
}

/// Prints the project alone.
impl fmt::Debug for ServiceAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccount").field("project", &self.project).finish_non_exhaustive()
    }
}

/// Why there is no access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// Google refuses the key: it was deleted, its account is disabled, or our clock is wrong (`invalid_grant`).
    Refused { status: u16, cause: &'static str },
    /// The token endpoint does not answer, or not as it should.
    Unavailable { status: Option<u16> },
}

struct Held {
    token: String,
    renew_at: i64,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The outcome of the last exchange, if it failed, and when it began (epoch ms).
    failed: Option<(TokenError, i64)>,
}

/// Access tokens, one at a time: many sends that need a new one wait for the same exchange and share its outcome.
pub struct AccessTokens {
    account: ServiceAccount,
    endpoint: Url,
    state: Mutex<State>,
    /// How many exchanges have failed.
    failures: AtomicU64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl AccessTokens {
    pub fn new(account: ServiceAccount, endpoint: Url) -> Self {
        Self { account, endpoint, state: Mutex::default(), failures: AtomicU64::new(0) }
    }

    pub fn project(&self) -> &str {
        &self.account.project
    }

    /// The access token, exchanged anew five minutes before it runs out. `now_ms` is epoch ms.
    pub async fn get(&self, client: &Client, random: &SystemRandom, now_ms: i64) -> Result<String, TokenError> {
        let failures = self.failures.load(Ordering::Acquire);
        let mut state = self.state.lock().await;
        if let Some(held) = state.held.as_ref().filter(|held| now_ms < held.renew_at) {
            return Ok(held.token.clone());
        }
        if let Some((error, at)) = state.failed {
            // Else all sends of a batch would wait for a token endpoint that hangs, one after the other.
            let has_waited = self.failures.load(Ordering::Acquire) != failures;
            // After a refusal under a wrong clock the right time is far from `at`, and the pause is over.
            let is_paused = matches!(error, TokenError::Refused { .. }) && now_ms.abs_diff(at) < PAUSE_AFTER_REFUSAL_MS;
            if has_waited || is_paused {
                return Err(error);
            }
        }
        match self.exchange(client, random, now_ms).await {
            Ok(granted) => {
                let renew_at = now_ms + granted.expires_in.saturating_mul(1_000) - RENEW_BEFORE_MS;
                state.failed = None;
                state.held = Some(Held { token: granted.access_token.clone(), renew_at });
                Ok(granted.access_token)
            }
            Err(error) => {
                state.failed = Some((error, now_ms));
                self.failures.fetch_add(1, Ordering::Release);
                Err(error)
            }
        }
    }

    /// FCM refused this token: the next `get` exchanges a new one, unless somebody did meanwhile.
    pub async fn drop_token(&self, refused: &str) {
        let mut state = self.state.lock().await;
        if state.held.as_ref().is_some_and(|held| held.token == refused) {
            state.held = None;
        }
    }

    async fn exchange(&self, client: &Client, random: &SystemRandom, now_ms: i64) -> Result<Granted, TokenError> {
        let assertion = self.account.assertion(random, now_ms.div_euclid(1_000));
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &assertion)
            .finish();
        let request =
            client.post(self.endpoint.clone()).header("content-type", "application/x-www-form-urlencoded").body(form);
        let response = request.send().await.map_err(|_| TokenError::Unavailable { status: None })?;
        let status = response.status();
        let body = super::client::read_at_most(response, LONGEST_ANSWER).await;
        match status {
            StatusCode::OK => {
                serde_json::from_slice(&body).map_err(|_| TokenError::Unavailable { status: Some(status.as_u16()) })
            }
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let error = serde_json::from_slice::<Refused>(&body).map(|refused| refused.error);
                let cause = match error.as_deref() {
                    Ok("invalid_grant") => "the key or the clock is wrong (invalid_grant)",
                    Ok("invalid_client" | "unauthorized_client") => "the service account is not allowed",
                    _ => "the token endpoint refuses the service account",
                };
                Err(TokenError::Refused { status: status.as_u16(), cause })
            }
            _ => Err(TokenError::Unavailable { status: Some(status.as_u16()) }),
        }
    }
}
