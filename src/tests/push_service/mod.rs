//! A push service for tests: it checks requests as a real service does, decrypts them as a browser does, and answers as
//! the test tells it. The receiver of RFC 8291 is written here separately from the sender's code.

pub mod http_server;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{aead, hkdf};

use http_server::{HttpServer, Reply, Request};

/// A push that arrived, as the browser reads it.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub device: String,
    pub ttl_s: u32,
    pub urgency: String,
    pub topic: String,
    /// The whole `Authorization` header (RFC 8292 §3).
    pub authorization: String,
    pub title: String,
    pub body: String,
    pub json: serde_json::Value,
}

/// How the service answers the next requests.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    Later(u16, u64),
    Hang,
    Drip,
    Redirect(String),
    Huge,
}

#[derive(Default)]
struct Inside {
    arrived: Vec<Arrived>,
    answers: VecDeque<Answer>,
    always: Option<Answer>,
    requests: usize,
}

/// A running push service.
#[derive(Clone)]
pub struct PushService {
    pub host: String,
    inside: Arc<Mutex<Inside>>,
}

/// The keys that a browser sends to subscribe.
pub struct Keys {
    pub p256dh: String,
    pub auth: String,
}

impl PushService {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0").await
    }

    /// Starts it at an address, where nobody listened before.
    pub async fn start_at(address: &str) -> Self {
        let inside: Arc<Mutex<Inside>> = Arc::default();
        let receiving = inside.clone();
        let server = HttpServer::start(address, move |request| receive(&receiving, &request)).await;
        Self { host: server.expect("a free port").address.to_string(), inside }
    }

    pub fn endpoint(&self, device: &str) -> String {
        format!("http://{}/push/{device}", self.host)
    }

    fn inside(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the pushes accepted so far.
    pub fn arrived(&self) -> Vec<Arrived> {
        self.inside().arrived.clone()
    }

    /// Returns the pushes accepted since the last call.
    pub fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut self.inside().arrived)
    }

    /// Returns the number of requests so far.
    pub fn requests(&self) -> usize {
        self.inside().requests
    }

    /// Sets the answer to the next request.
    pub fn answer_next(&self, answer: Answer) {
        self.inside().answers.push_back(answer);
    }

    /// Sets the answer to every request. `None` removes it.
    pub fn answer_always(&self, answer: Option<Answer>) {
        self.inside().always = answer;
    }
}

fn receive(inside: &Mutex<Inside>, request: &Request) -> Reply {
    // This service never issued such an endpoint.
    let Some(device) = request.path().strip_prefix("/push/").filter(|device| !device.is_empty()) else {
        return Reply::status(404, "");
    };
    let lock = || inside.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = {
        let mut inside = lock();
        inside.requests += 1;
        inside.answers.pop_front().or_else(|| inside.always.clone()).unwrap_or(Answer::Status(201))
    };
    if matches!(answer, Answer::Status(201)) {
        let arrived = read(device, request);
        lock().arrived.push(arrived);
    }
    match answer {
        Answer::Status(status) => Reply::status(status, ""),
        Answer::Later(status, seconds) => Reply::status(status, &format!("retry-after: {seconds}\r\n")),
        Answer::Hang => Reply::Hang,
        Answer::Drip => Reply::Drip("HTTP/1.1 500 x\r\ncontent-length: 1000000\r\n\r\n".into()),
        Answer::Redirect(to) => Reply::status(307, &format!("location: {to}\r\n")),
        Answer::Huge => {
            let length = 8 << 20;
            Reply::Text(format!("HTTP/1.1 400 x\r\ncontent-length: {length}\r\n\r\n{}", "x".repeat(length)))
        }
    }
}

/// Checks and decrypts a push. An invalid push ends the connection and fails the test.
fn read(device: &str, request: &Request) -> Arrived {
    let text = |name: &str| request.header(name).to_owned();
    assert_eq!(text("content-encoding"), "aes128gcm");
    assert!(text("authorization").starts_with("vapid t="), "RFC 8292 §3");
    let plain = open(&request.body).expect("a message for this browser");
    let json: serde_json::Value = serde_json::from_slice(&plain).expect("a JSON payload");
    let said = |name: &str| json["notification"][name].as_str().unwrap_or_default().to_owned();
    Arrived {
        device: device.to_owned(),
        ttl_s: text("ttl").parse().expect("a TTL"),
        urgency: text("urgency"),
        topic: text("topic"),
        authorization: text("authorization"),
        title: said("title"),
        body: said("body"),
        json,
    }
}

/// The receiver of RFC 8291 Appendix A, whose private key is published.
const PRIVATE: &str = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94";
const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

/// Returns the keys that every test browser has.
pub fn keys() -> Keys {
    Keys { p256dh: PUBLIC.into(), auth: AUTH.into() }
}

fn b64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// Decrypts as the receiver of RFC 8188 §2 and RFC 8291 §3. `None` when the message is for another receiver or was
/// changed.
fn open(message: &[u8]) -> Option<Vec<u8>> {
    let (salt, rest) = message.split_at_checked(16)?;
    let (_record_size, rest) = rest.split_at_checked(4)?;
    let (length, rest) = rest.split_first()?;
    let (sender, sealed) = rest.split_at_checked(usize::from(*length))?;
    let private = p256::SecretKey::from_slice(&b64(PRIVATE)).ok()?;
    let sender_key = p256::PublicKey::from_sec1_bytes(sender).ok()?;
    let secret = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), sender_key.as_affine());
    let mut info = b"WebPush: info\0".to_vec();
    info.extend_from_slice(&b64(PUBLIC));
    info.extend_from_slice(sender);
    let material: [u8; 32] = expand(&b64(AUTH), secret.raw_secret_bytes(), &info);
    let key: [u8; 16] = expand(salt, &material, b"Content-Encoding: aes128gcm\0");
    let nonce: [u8; 12] = expand(salt, &material, b"Content-Encoding: nonce\0");
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_128_GCM, &key).ok()?);
    let mut sealed = sealed.to_vec();
    let plain = key.open_in_place(aead::Nonce::assume_unique_for_key(nonce), aead::Aad::empty(), &mut sealed).ok()?;
    let end = plain.iter().rposition(|byte| *byte != 0)?;
    (plain[end] == 2).then(|| plain[..end].to_vec())
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand<const N: usize>(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    let key = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    key.expand(&[info], Length(N)).and_then(|okm| okm.fill(&mut out)).expect("a short output");
    out
}

#[test]
fn the_receiver_reads_the_message_of_the_paper() {
    let message = concat!(
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w",
        "EqKK6PBru3jl7A_yl95bQpu6cVPT",
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    );
    assert_eq!(open(&b64(message)).as_deref(), Some(b"When I grow up, I want to be a watermelon".as_slice()));
}
