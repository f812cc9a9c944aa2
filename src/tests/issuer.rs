//! A small OpenID Connect provider that gives right and spoilt answers. `end2end` signs in with a certified one.

use std::sync::{Arc, Mutex};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::form_urlencoded;

use super::push_service::http_server::{HttpServer, Reply, Request};
use crate::server::clock::Clock;

pub const CLIENT: &str = "family";
pub const SECRET: &str = "hush & quiet";

/// What the provider does.
#[derive(Clone)]
pub struct Behaviour {
    /// Who signs in at it.
    pub subject: String,
    /// Claims that replace the right ones.
    pub claims: Value,
    /// The key id of the token, which is also the one key that is published.
    pub kid: String,
    /// The key id in the token when it is not published.
    pub unpublished: Option<String>,
    pub is_down: bool,
    /// Answers to an exchange wait for a permit of it.
    pub held: Option<Arc<Semaphore>>,
}

struct Inner {
    behaviour: Behaviour,
    /// Codes that are good for one use: the code, and nonce and challenge of its request.
    codes: Vec<(String, String, String)>,
    key_loads: usize,
    exchanges: usize,
}

#[derive(Clone)]
pub struct Issuer {
    inner: Arc<Mutex<Inner>>,
    pub address: String,
}

impl Issuer {
    pub async fn start(clock: &Clock) -> Self {
        let behaviour = Behaviour {
            subject: "somebody".to_owned(),
            claims: json!({}),
            kid: "1".to_owned(),
            unpublished: None,
            is_down: false,
            held: None,
        };
        let inner = Arc::new(Mutex::new(Inner { behaviour, codes: Vec::new(), key_loads: 0, exchanges: 0 }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new());
        let (key, clock, held, own) = (key.expect("a key"), clock.clone(), inner.clone(), address.clone());
        HttpServer::serve(listener, move |request| {
            let mut inner = held.lock().expect("the provider");
            inner.answer(&request, &own, &key, clock.now().0.div_euclid(1_000))
        })
        .expect("a server");
        Self { inner, address }
    }

    /// The text of `oidc.toml`.
    pub fn config(&self) -> String {
        format!(
            "[[provider]]\nid = \"club\"\nname = \"모임\"\nissuer = \"http://{}\"\nclient_id = \"{CLIENT}\"\n\
             client_secret = \"{SECRET}\"\n",
            self.address
        )
    }

    pub fn behave(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.inner.lock().expect("the provider").behaviour);
    }

    pub fn key_loads(&self) -> usize {
        self.inner.lock().expect("the provider").key_loads
    }

    /// The requests to exchange a code.
    pub fn exchanges(&self) -> usize {
        self.inner.lock().expect("the provider").exchanges
    }

    /// The person agrees at the address that the app led to. Returns code and state, as the redirect brings them.
    pub fn agree(&self, address: &str) -> (String, String) {
        let url = url::Url::parse(address).expect("an address");
        let field = |name: &str| {
            url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        assert_eq!((field("client_id").as_str(), field("scope").as_str()), (CLIENT, "openid"));
        assert_eq!((field("code_challenge_method").as_str(), field("response_type").as_str()), ("S256", "code"));
        let mut inner = self.inner.lock().expect("the provider");
        let code = format!("code-{}-{}", inner.codes.len(), inner.behaviour.subject);
        inner.codes.push((code.clone(), field("nonce"), field("code_challenge")));
        (code, field("state"))
    }
}

fn json_answer(status: u16, body: &Value) -> Reply {
    let body = body.to_string();
    Reply::Text(format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))
}

impl Inner {
    fn answer(&mut self, request: &Request, own: &str, key: &EcdsaKeyPair, now_s: i64) -> Reply {
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        if self.behaviour.is_down {
            return Reply::status(502, "");
        }
        match request.path() {
            "/.well-known/openid-configuration" => json_answer(
                200,
                &json!({
                    "issuer": format!("http://{own}"), "authorization_endpoint": format!("http://{own}/auth"),
                    "token_endpoint": format!("http://{own}/token"), "jwks_uri": format!("http://{own}/keys"),
                }),
            ),
            "/keys" => {
                self.key_loads += 1;
                let point = key.public_key().as_ref();
                json_answer(
                    200,
                    &json!({ "keys": [{
                        "kty": "EC", "crv": "P-256", "kid": self.behaviour.kid, "x": encoded(&point[1..33]),
                        "y": encoded(&point[33..]),
                    }] }),
                )
            }
            "/token" => {
                self.exchanges += 1;
                match (self.token(request, own, key, now_s), &self.behaviour.held) {
                    (Reply::Text(text), Some(held)) => Reply::Held(Arc::clone(held), text),
                    (reply, _) => reply,
                }
            }
            _ => Reply::status(404, ""),
        }
    }

    fn token(&mut self, request: &Request, own: &str, key: &EcdsaKeyPair, now_s: i64) -> Reply {
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let form = form_urlencoded::parse(&request.body).into_owned().collect::<Vec<_>>();
        let field = |name: &str| form.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
        let expected = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:hush+%26+quiet"));
        if request.header("authorization") != format!("Basic {expected}") {
            return json_answer(401, &json!({ "error": "invalid_client" }));
        }
        let challenge = encoded(digest(&SHA256, field("code_verifier").as_bytes()).as_ref());
        let held = self.codes.iter().position(|(code, _, known)| code == field("code") && *known == challenge);
        let Some(at) = held else { return json_answer(400, &json!({ "error": "invalid_grant" })) };
        let nonce = std::mem::take(&mut self.codes[at].1);
        self.codes[at].0.clear();
        let mut claims = json!({
            "iss": format!("http://{own}"), "sub": self.behaviour.subject, "aud": CLIENT, "exp": now_s + 3_600,
            "iat": now_s, "nonce": nonce,
        });
        for (name, value) in self.behaviour.claims.as_object().expect("claims") {
            claims[name] = value.clone();
        }
        let kid = self.behaviour.unpublished.as_ref().unwrap_or(&self.behaviour.kid);
        let header = json!({ "alg": "ES256", "kid": kid }).to_string();
        let signed = format!("{}.{}", encoded(header.as_bytes()), encoded(claims.to_string().as_bytes()));
        let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed");
        let token = format!("{signed}.{}", encoded(signature.as_ref()));
        json_answer(200, &json!({ "id_token": token, "access_token": "unused", "token_type": "Bearer" }))
    }
}
