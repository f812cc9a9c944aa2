//! A Google for tests: the token endpoint (RFC 7523), HTTP v1 `messages:send` and topic subscriptions. It checks what
//! the documentation asks for and answers as a test tells it.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rsa::KeyPair as RsaKeyPair,
    signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};

use super::h2_server::{Answers, Asked, FakeClock, H2Server, Reply};

pub const PROJECT: &str = "umbba-test";
pub const EMAIL: &str = "push@umbba-test.iam.gserviceaccount.com";
pub const KEY_PEM: &str = include_str!("rsa_test_key.pem");

/// A message that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// `fid`, `token` or `topic`, and its value.
    pub target: (String, String),
    pub message: Value,
}

#[derive(Default)]
struct Inside {
    /// Epoch seconds of Google's clock.
    now_s: i64,
    /// Asked instead of `now_s`.
    clock: Option<FakeClock>,
    exchanges: usize,
    grants: BTreeSet<String>,
    lives_s: i64,
    token_replies: VecDeque<Reply>,
    replies: VecDeque<Reply>,
    always: Option<Reply>,
    accepted: Vec<Accepted>,
    trials: usize,
    topics: HashMap<String, BTreeSet<String>>,
    /// What a well-behaved client never does.
    violations: Vec<String>,
}

#[derive(Clone, Default)]
pub struct FakeGoogle {
    inside: Arc<Mutex<Inside>>,
}

impl FakeGoogle {
    /// Google whose clock stands at `now_s` (epoch seconds).
    pub fn new(now_s: i64) -> Self {
        let google = Self::default();
        {
            let mut inside = google.inside();
            inside.now_s = now_s;
            inside.lives_s = 3_600;
        }
        google
    }

    pub async fn start(now_s: i64) -> (Self, H2Server) {
        let google = Self::new(now_s);
        let server = H2Server::start(Arc::new(google.clone())).await;
        (google, server)
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes it ask for the time from now on.
    pub fn follow(&self, clock: FakeClock) {
        self.inside().clock = Some(clock);
    }

    pub fn set_clock(&self, now_s: i64) {
        self.inside().now_s = now_s;
    }

    /// How long the access tokens of the next exchanges live.
    pub fn set_token_life(&self, seconds: i64) {
        self.inside().lives_s = seconds;
    }

    /// Forgets every access token it gave.
    pub fn revoke_tokens(&self) {
        self.inside().grants.clear();
    }

    pub fn exchanges(&self) -> usize {
        self.inside().exchanges
    }

    pub fn answer_next_exchange(&self, reply: Reply) {
        self.inside().token_replies.push_back(reply);
    }

    pub fn answer_next(&self, reply: Reply) {
        self.inside().replies.push_back(reply);
    }

    pub fn answer_always(&self, reply: Option<Reply>) {
        self.inside().always = reply;
    }

    /// The messages accepted since the last call.
    pub fn take(&self) -> Vec<Accepted> {
        std::mem::take(&mut self.inside().accepted)
    }

    pub fn trials(&self) -> usize {
        self.inside().trials
    }

    pub fn subscribers(&self, topic: &str) -> Vec<String> {
        self.inside().topics.get(topic).into_iter().flatten().cloned().collect()
    }

    /// Empty for a client that keeps to the documentation.
    pub fn violations(&self) -> Vec<String> {
        self.inside().violations.clone()
    }

    /// The key file that Google's console would give.
    pub fn account_json() -> String {
        json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "k1",
            "private_key": KEY_PEM,
            "client_email": EMAIL,
            "token_uri": "https://oauth2.googleapis.com/token",
        })
        .to_string()
    }
}

/// An error as `google.rpc.Status` with FCM's own code.
pub fn fcm_error(http: u16, status: &str, code: &str) -> Reply {
    let kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError";
    let details = json!([{ "@type": kind, "errorCode": code }]);
    let error = json!({ "error": { "code": http, "status": status, "message": code, "details": details } });
    Reply::status(http, error.to_string())
}

impl Answers for FakeGoogle {
    fn answer(&self, asked: Asked) -> Reply {
        let mut inside = self.inside();
        let path = asked.uri.path().to_owned();
        if path == "/token" {
            return inside.exchange(&asked);
        }
        let bearer = asked.headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if !bearer.is_some_and(|token| inside.grants.contains(token)) {
            return fcm_less(401, "UNAUTHENTICATED");
        }
        let Some(rest) = path.strip_prefix(&format!("/v1/projects/{PROJECT}/")) else {
            return fcm_less(404, "NOT_FOUND");
        };
        if rest == "messages:send" {
            return inside.send(&asked);
        }
        match rest.strip_prefix("registrations/") {
            Some(rest) => inside.subscription(&asked, rest),
            None => fcm_less(404, "NOT_FOUND"),
        }
    }
}

/// An error without FCM's own code.
fn fcm_less(http: u16, status: &str) -> Reply {
    Reply::status(http, json!({ "error": { "code": http, "status": status, "message": status } }).to_string())
}

impl Inside {
    fn now_s(&self) -> i64 {
        self.clock.as_ref().map_or(self.now_s, |clock| clock())
    }

    fn exchange(&mut self, asked: &Asked) -> Reply {
        self.exchanges += 1;
        if let Some(reply) = self.token_replies.pop_front() {
            return reply;
        }
        let form: HashMap<String, String> = url::form_urlencoded::parse(&asked.body).into_owned().collect();
        let refused =
            |why: &str| Reply::status(400, json!({ "error": "invalid_grant", "error_description": why }).to_string());
        if form.get("grant_type").map(String::as_str) != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return Reply::status(400, json!({ "error": "unsupported_grant_type" }).to_string());
        }
        let Some(claims) = form.get("assertion").and_then(|assertion| verified(assertion)) else {
            return refused("Invalid JWT Signature.");
        };
        let number = |name: &str| claims[name].as_i64().unwrap_or_default();
        let is_right = claims["iss"] == EMAIL
            && claims["aud"] == "https://oauth2.googleapis.com/token"
            && claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging";
        if !is_right {
            return refused("Invalid issuer, audience or scope.");
        }
        let is_timely = number("exp") - number("iat") <= 3_600
            && (number("iat") - self.now_s()).abs() <= 300
            && number("exp") > self.now_s();
        if !is_timely {
            return refused("Invalid JWT: Token must be a short-lived token and in a reasonable timeframe.");
        }
        let token = format!("ya29.{}", self.exchanges);
        self.grants.insert(token.clone());
        let granted = json!({ "access_token": token, "expires_in": self.lives_s, "token_type": "Bearer" });
        Reply::status(200, granted.to_string())
    }

    fn send(&mut self, asked: &Asked) -> Reply {
        let Ok(body) = serde_json::from_slice::<Value>(&asked.body) else {
            self.violations.push("a body that is no JSON".to_owned());
            return fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT");
        };
        let message = &body["message"];
        let targets = ["fid", "token", "topic", "condition"];
        let named: Vec<(String, String)> =
            targets.iter().filter_map(|name| Some(((*name).to_owned(), message[*name].as_str()?.to_owned()))).collect();
        if let Some(problem) = problem(message, &named, asked.body.len()) {
            self.violations.push(problem);
            return fcm_error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT");
        }
        if let Some(reply) = self.replies.pop_front().or_else(|| self.always.clone()) {
            let is_accepted =
                matches!(&reply, Reply::Answer { status: 200, .. } | Reply::LastAnswer { status: 200, .. });
            if !is_accepted {
                return reply;
            }
        }
        if body["validate_only"] == true {
            self.trials += 1;
        } else {
            self.accepted.push(Accepted { target: named[0].clone(), message: message.clone() });
        }
        let name = format!("projects/{PROJECT}/messages/{}", self.accepted.len());
        Reply::status(200, json!({ "name": name }).to_string())
    }

    fn subscription(&mut self, asked: &Asked, rest: &str) -> Reply {
        if let Some(reply) = self.replies.pop_front().or_else(|| self.always.clone()) {
            return reply;
        }
        let decoded = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let query: HashMap<String, String> =
            url::form_urlencoded::parse(asked.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let parts: Vec<&str> = rest.split('/').collect();
        match (asked.method.as_str(), parts.as_slice()) {
            ("POST", [registration, "topicSubscriptions"]) => {
                let Some(topic) = query.get("topic_name").filter(|topic| is_topic(topic)) else {
                    self.violations.push("a topic with other letters".to_owned());
                    return fcm_less(400, "INVALID_ARGUMENT");
                };
                let is_new = self.topics.entry(topic.clone()).or_default().insert(decoded(registration));
                if is_new { Reply::status(200, "{}") } else { fcm_less(409, "ALREADY_EXISTS") }
            }
            ("DELETE", [registration, "topicSubscriptions", topic]) => {
                let was_there =
                    self.topics.get_mut(&decoded(topic)).is_some_and(|topic| topic.remove(&decoded(registration)));
                let may_miss = query.get("allow_missing").is_some_and(|value| value == "true");
                if was_there || may_miss { Reply::status(200, "{}") } else { fcm_less(404, "NOT_FOUND") }
            }
            _ => fcm_less(404, "NOT_FOUND"),
        }
    }
}

fn is_topic(topic: &str) -> bool {
    (1..=900).contains(&topic.len())
        && topic.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~%".contains(&byte))
}

/// What the documentation of `messages:send` forbids.
fn problem(message: &Value, named: &[(String, String)], length: usize) -> Option<String> {
    let data = message["data"].as_object();
    let ttl = message["android"]["ttl"].as_str();
    let is_ttl = |ttl: &str| {
        let seconds = ttl.strip_suffix('s').and_then(|digits| digits.parse::<u32>().ok());
        seconds.is_some_and(|seconds| seconds <= 2_419_200)
    };
    if named.len() != 1 {
        return Some(format!("{} targets", named.len()));
    }
    if data.is_some_and(|data| data.values().any(|value| !value.is_string())) {
        return Some("data that is no string".to_owned());
    }
    let is_reserved = |key: &String| key == "from" || key.starts_with("gcm") || key.starts_with("google");
    if data.is_some_and(|data| data.keys().any(is_reserved)) {
        return Some("a reserved key".to_owned());
    }
    if ttl.is_some_and(|ttl| !is_ttl(ttl)) {
        return Some(format!("a ttl of {ttl:?}"));
    }
    let most = if named[0].0 == "topic" { 2_048 } else { 4_096 };
    (length > most + 1_024).then(|| format!("{length} bytes"))
}

/// The claims of a token signed with our test key; `None` where the signature is another's.
fn verified(token: &str) -> Option<Value> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    if header["alg"] != "RS256" || header["typ"] != "JWT" {
        return None;
    }
    let der = PrivatePkcs8KeyDer::from_pem_slice(KEY_PEM.as_bytes()).expect("the test key");
    let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("the test key");
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
    public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}
