//! Apple as APNs shows itself: one stream until a valid provider token was seen, then many; headers, sizes and tokens
//! are checked as the documentation says. A test decides further answers.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use super::h2_server::{Answers, Asked, FakeClock, H2Server, MostStreams, Reply};

pub const KEY_ID: &str = "ABC123DEFG";
pub const TEAM: &str = "DEF123GHIJ";
pub const TOPIC: &str = "family.umbba.app";

/// A notification that was accepted.
#[derive(Debug, Clone)]
pub struct Accepted {
    pub device: String,
    pub payload: Value,
    pub headers: BTreeMap<String, String>,
}

#[derive(Default)]
struct Inside {
    now_s: i64,
    /// Asked instead of `now_s`.
    clock: Option<FakeClock>,
    /// The public key of the account, an uncompressed point.
    public: Vec<u8>,
    proven: BTreeSet<usize>,
    /// The provider tokens seen, with the time of the first use.
    tokens: Vec<(String, i64)>,
    devices: Option<BTreeSet<String>>,
    /// Answers that belong to one device.
    by_device: BTreeMap<String, Reply>,
    replies: VecDeque<Reply>,
    always: Option<Reply>,
    accepted: Vec<Accepted>,
    violations: Vec<String>,
}

#[derive(Clone, Default)]
pub struct FakeApple {
    inside: Arc<Mutex<Inside>>,
}

impl FakeApple {
    /// Apple whose clock stands at `now_s` (epoch seconds) and who knows the public key of the account.
    pub fn new(now_s: i64, public: Vec<u8>) -> Self {
        let apple = Self::default();
        {
            let mut inside = apple.inside();
            inside.now_s = now_s;
            inside.public = public;
        }
        apple
    }

    pub async fn start(now_s: i64, public: Vec<u8>) -> (Self, H2Server) {
        let apple = Self::new(now_s, public);
        let server = H2Server::start(Arc::new(apple.clone())).await;
        (apple, server)
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

    /// Knows only these devices; all others are `BadDeviceToken`.
    pub fn know_only(&self, devices: &[&str]) {
        self.inside().devices = Some(devices.iter().map(|device| (*device).to_owned()).collect());
    }

    /// Answers every request for this device so.
    pub fn answer_for(&self, device: &str, reply: Reply) {
        self.inside().by_device.insert(device.to_owned(), reply);
    }

    pub fn answer_next(&self, reply: Reply) {
        self.inside().replies.push_back(reply);
    }

    pub fn answer_always(&self, reply: Option<Reply>) {
        self.inside().always = reply;
    }

    pub fn take(&self) -> Vec<Accepted> {
        std::mem::take(&mut self.inside().accepted)
    }

    /// How many provider tokens were shown so far.
    pub fn tokens(&self) -> usize {
        self.inside().tokens.len()
    }

    pub fn violations(&self) -> Vec<String> {
        self.inside().violations.clone()
    }
}

/// An error as APNs gives it.
pub fn apns_error(status: u16, reason: &str) -> Reply {
    Reply::status(status, json!({ "reason": reason }).to_string())
}

/// A 410 with the time (epoch ms) at which Apple last found the token invalid.
pub fn gone(since_ms: i64) -> Reply {
    Reply::status(410, json!({ "reason": "Unregistered", "timestamp": since_ms }).to_string())
}

impl Answers for FakeApple {
    fn most_streams(&self) -> MostStreams {
        1_000
    }

    /// Apple repeats the request's id in every answer, or gives it one.
    fn headers(&self, asked: &Asked) -> Vec<(&'static str, String)> {
        let id = asked.headers.get("apns-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        vec![("apns-id", id.unwrap_or_else(|| uuid::Uuid::now_v7().to_string()))]
    }

    fn answer(&self, asked: Asked) -> Reply {
        let mut inside = self.inside();
        let header =
            |name: &str| asked.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        if asked.method != http::Method::POST {
            return apns_error(405, "MethodNotAllowed");
        }
        let Some(device) = asked.uri.path().strip_prefix("/3/device/").map(str::to_owned) else {
            return apns_error(404, "BadPath");
        };
        if asked.open > 1 && !inside.proven.contains(&asked.connection) {
            inside.violations.push("a second stream before the first token was accepted".to_owned());
            return Reply::Refuse;
        }
        if let Err(reason) = inside.check_token(asked.connection, &header("authorization")) {
            let status = if reason == "TooManyProviderTokenUpdates" { 429 } else { 403 };
            return apns_error(status, reason);
        }
        if device.is_empty() || !device.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return apns_error(400, "BadDeviceToken");
        }
        if let Some(reason) = header_problem(&header) {
            inside.violations.push(reason.to_owned());
            return apns_error(400, reason);
        }
        if asked.body.len() > 4_096 {
            inside.violations.push(format!("{} bytes", asked.body.len()));
            return apns_error(413, "PayloadTooLarge");
        }
        let Ok(payload) = serde_json::from_slice::<Value>(&asked.body) else {
            return apns_error(400, "PayloadEmpty");
        };
        if !payload["aps"].is_object() {
            return apns_error(400, "PayloadEmpty");
        }
        if inside.devices.as_ref().is_some_and(|devices| !devices.contains(&device)) {
            return apns_error(400, "BadDeviceToken");
        }
        let of_device = inside.by_device.get(&device).cloned();
        let reply = of_device.or_else(|| inside.replies.pop_front()).or_else(|| inside.always.clone());
        let is_accepted = match &reply {
            None => true,
            Some(Reply::Answer { status, .. } | Reply::LastAnswer { status, .. }) => *status == 200,
            Some(_) => false,
        };
        if is_accepted {
            let names = ["apns-topic", "apns-push-type", "apns-priority", "apns-expiration", "apns-collapse-id"];
            let headers = names.iter().map(|name| ((*name).to_owned(), header(name))).collect();
            inside.accepted.push(Accepted { device, payload, headers });
        }
        reply.unwrap_or_else(|| Reply::status(200, ""))
    }
}

/// What a header may not be. All but the topic and, for alerts on new systems, the type may be left out: a priority is
/// then 10, an expiration none, an id made by Apple.
fn header_problem(header: &impl Fn(&str) -> String) -> Option<&'static str> {
    let is_absent_or = |name: &str, is_right: &dyn Fn(&str) -> bool| {
        let value = header(name);
        value.is_empty() || is_right(&value)
    };
    let checks = [
        ("MissingTopic", !header("apns-topic").is_empty()),
        ("BadTopic", header("apns-topic") == TOPIC),
        ("InvalidPushType", header("apns-push-type") == "alert"),
        ("BadPriority", is_absent_or("apns-priority", &|value| ["10", "5", "1"].contains(&value))),
        ("BadExpirationDate", is_absent_or("apns-expiration", &|value| value.parse::<u64>().is_ok())),
        ("BadCollapseId", header("apns-collapse-id").len() <= 64),
        ("BadMessageId", is_absent_or("apns-id", &|value| uuid::Uuid::try_parse(value).is_ok())),
    ];
    checks.into_iter().find(|(_, is_right)| !is_right).map(|(reason, _)| reason)
}

impl Inside {
    fn now_s(&self) -> i64 {
        self.clock.as_ref().map_or(self.now_s, |clock| clock())
    }

    fn check_token(&mut self, connection: usize, authorization: &str) -> Result<(), &'static str> {
        let token = authorization.strip_prefix("bearer ").ok_or("MissingProviderToken")?;
        let claims = self.verified(token).ok_or("InvalidProviderToken")?;
        let issued = claims["iat"].as_i64().unwrap_or_default();
        if claims["iss"] != TEAM {
            return Err("InvalidProviderToken");
        }
        if !(self.now_s() - 3_600..=self.now_s() + 60).contains(&issued) {
            return Err("ExpiredProviderToken");
        }
        if !self.tokens.iter().any(|(known, _)| known == token) {
            // Nodes that sign the same claims at the same time are one change of token.
            let is_early = self.tokens.last().is_some_and(|(last, at)| {
                (0..20 * 60).contains(&(self.now_s() - at))
                    && self.verified(last).is_none_or(|last| last["iat"] != claims["iat"])
            });
            if is_early {
                return Err("TooManyProviderTokenUpdates");
            }
            self.tokens.push((token.to_owned(), self.now_s()));
        }
        self.proven.insert(connection);
        Ok(())
    }

    fn verified(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header["alg"] != "ES256" || header["kid"] != KEY_ID {
            return None;
        }
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public);
        public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}
