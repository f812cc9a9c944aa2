//! What is asked of a provider: its description, its keys, and the exchange of a code for an ID token.

use std::{sync::Arc, time::Duration};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use reqwest::{Client, RequestBuilder, StatusCode, header};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, de::DeserializeOwned};
use url::{Url, form_urlencoded};

use super::{
    config::Entry,
    discovery::Discovery,
    document::Document,
    flights::Flights,
    id_token::{self, Expected},
    keys::Keys,
    refusal::{Failure, Refusal},
};
use crate::server::push::{PushHosts, SenderError, client, outward_url};

/// The most that one request takes. A person waits for it.
const TOTAL: Duration = Duration::from_secs(8);
const LONGEST_ANSWER: usize = 128 * 1024;
const DESCRIPTION_LIFE_MS: u64 = 24 * 60 * 60 * 1_000;
/// After this long a key that the provider took back is unknown here too.
const KEYS_LIFE_MS: u64 = 60 * 60 * 1_000;
/// A token with an unknown key makes the keys load again at most this often: anybody can send such a token.
const KEYS_PAUSE_MS: u64 = 60 * 1_000;
pub struct Provider {
    entry: Entry,
    hosts: PushHosts,
    client: Client,
    description: Document<Discovery>,
    keys: Document<Keys>,
    answers: Flights<Failure>,
}

#[derive(Deserialize)]
struct Granted {
    id_token: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// A request for a sign-in, as the browser is led to the provider with it.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    pub redirect_uri: &'a str,
    pub state: &'a str,
    pub nonce: &'a str,
    /// RFC 7636 §4.1.
    pub verifier: &'a str,
}

impl Provider {
    pub(super) fn new(entry: Entry, hosts: PushHosts) -> Result<Self, SenderError> {
        let client = client::outward(hosts.clone(), TOTAL)?;
        let (description, keys, answers) = (Document::default(), Document::default(), Flights::default());
        Ok(Self { entry, hosts, client, description, keys, answers })
    }

    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The answers of this provider that are being worked on, each by the handle of its browser.
    pub fn answers(&self) -> &Flights<Failure> {
        &self.answers
    }

    /// The address that the browser is led to (OpenID Connect Core 1.0 §3.1.2.1).
    pub async fn address(&self, asking: &Asking<'_>, now_ms: i64) -> Result<String, Failure> {
        let description = self.description(now_ms).await?;
        let mut url = self.url(&description.authorization_endpoint)?;
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, asking.verifier.as_bytes()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.entry.client_id)
            .append_pair("redirect_uri", asking.redirect_uri)
            .append_pair("scope", "openid")
            .append_pair("state", asking.state)
            .append_pair("nonce", asking.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    /// Exchanges a code for an ID token and returns the subject. `named` is the issuer that the answer named
    /// (RFC 9207).
    pub async fn subject(
        &self,
        code: &str,
        named: Option<&str>,
        asking: &Asking<'_>,
        now_ms: i64,
    ) -> Result<String, Failure> {
        let description = self.description(now_ms).await?;
        let is_named = named.map_or(!description.names_issuer(), |named| named == self.entry.issuer);
        if !is_named {
            return Err(Refusal::Issuer.into());
        }
        let granted = self.exchange(&description, code, asking, now_ms).await?;
        let expected = Expected { issuer: &self.entry.issuer, client_id: &self.entry.client_id, nonce: asking.nonce };
        let now_s = now_ms.div_euclid(1_000);
        let check = |keys: Arc<Keys>| id_token::check(&granted.id_token, &keys, &expected, now_s);
        match check(self.keys(&description, now_ms, KEYS_LIFE_MS).await?) {
            // The provider may have begun to use a new key.
            Err(Refusal::KeyUnknown) => Ok(check(self.keys(&description, now_ms, KEYS_PAUSE_MS).await?)?),
            checked => Ok(checked?),
        }
    }

    /// The provider's description, for `umbba doctor` and the two steps above.
    pub async fn description(&self, now_ms: i64) -> Result<Arc<Discovery>, Failure> {
        let address = Discovery::address(&self.entry.issuer);
        let load = || self.load(&address, |body| Discovery::parse(body, &self.entry.issuer));
        self.description.get(now_ms, DESCRIPTION_LIFE_MS, load).await
    }

    async fn keys(&self, description: &Discovery, now_ms: i64, life_ms: u64) -> Result<Arc<Keys>, Failure> {
        self.keys.get(now_ms, life_ms, || self.load(&description.jwks_uri, Keys::parse)).await
    }

    async fn load<T>(&self, address: &str, parse: impl FnOnce(&[u8]) -> Result<T, &'static str>) -> Result<T, Failure> {
        let request = self.client.get(self.url(address)?).header(header::CONNECTION, "close");
        let response = request.send().await.map_err(|_| NO_ANSWER)?;
        let status = response.status();
        let body = client::read_at_most(response, LONGEST_ANSWER).await;
        if status != StatusCode::OK || body.len() > LONGEST_ANSWER {
            return Err(Failure::Unavailable("its answer is not a document"));
        }
        parse(&body).map_err(Failure::Unavailable)
    }

    async fn exchange(
        &self,
        description: &Discovery,
        code: &str,
        asking: &Asking<'_>,
        now_ms: i64,
    ) -> Result<Granted, Failure> {
        let request = self.token_request(description, code, asking, now_ms)?;
        let response = request.send().await.map_err(|_| NO_ANSWER)?;
        let status = response.status();
        let body = client::read_at_most(response, LONGEST_ANSWER).await;
        match status {
            StatusCode::OK => read(&body).ok_or(Failure::Unavailable("its answer holds no ID token")),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(match read::<Refused>(&body) {
                    Some(refused) if refused.error == "invalid_grant" => Failure::Code,
                    _ => Failure::Client,
                })
            }
            _ => Err(Failure::Unavailable("its token endpoint fails")),
        }
    }

    /// The request of RFC 6749 §4.1.3 with the verifier of RFC 7636 §4.5.
    fn token_request(
        &self,
        description: &Discovery,
        code: &str,
        asking: &Asking<'_>,
        now_ms: i64,
    ) -> Result<RequestBuilder, Failure> {
        let id = &self.entry.client_id;
        let secret = self.entry.secret.at(id, now_ms.div_euclid(1_000));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", asking.redirect_uri)
            .append_pair("code_verifier", asking.verifier);
        // A connection that waited may be closed by the provider at this moment, and a code is sent once only.
        let mut request = self.client.post(self.url(&description.token_endpoint)?).header(header::CONNECTION, "close");
        if description.takes_secret_in_body() {
            form.append_pair("client_id", id).append_pair("client_secret", &secret);
        } else {
            // Both parts are form-encoded first (RFC 6749 §2.3.1).
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = STANDARD.encode(format!("{}:{}", encoded(id), encoded(&secret)));
            request = request.header("authorization", format!("Basic {pair}"));
        }
        Ok(request.header("content-type", "application/x-www-form-urlencoded").body(form.finish()))
    }

    fn url(&self, text: &str) -> Result<Url, Failure> {
        outward_url(text, &self.hosts).map_err(|_| Failure::Unavailable("one of its addresses may not be used"))
    }
}

const NO_ANSWER: Failure = Failure::Unavailable("it does not answer");

fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    if body.len() > LONGEST_ANSWER { None } else { serde_json::from_slice(body).ok() }
}
