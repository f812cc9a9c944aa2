//! An authenticator in software, which makes and uses passkeys as a browser hands them on.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};

use super::app::Browser;
use crate::{
    api::{ApiError, PasskeyCreation, PasskeyRequest},
    server::random::Random,
};

/// SubjectPublicKeyInfo of a P-256 key, before its point (RFC 5480 §2).
const SPKI: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\0";

const ATTESTED: u8 = 1 << 6;

/// Names and values of a form.
pub type Fields = Vec<(&'static str, String)>;

/// One passkey.
pub struct Authenticator {
    pair: EcdsaKeyPair,
    id: Vec<u8>,
    user_handle: String,
    origin: String,
    pub rp_id: String,
    pub count: u32,
    /// UP, UV, BE and BS (W3C Web Authentication §6.1).
    pub flags: u8,
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn referenced(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// Posts fields of an authenticator. Returns the refusal.
pub async fn post(browser: &Browser, endpoint: &str, fields: &Fields) -> Result<(), (u16, ApiError)> {
    let answer = browser.post(endpoint, &referenced(fields)).await;
    let status = answer.status().as_u16();
    if status == 200 {
        return Ok(());
    }
    Err((status, serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("a code")))
}

impl Authenticator {
    /// A passkey that no server knows yet. `origin` is the address of the page.
    pub fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).expect("a key");
        Self {
            pair,
            id: Random::system().bytes::<16>().to_vec(),
            user_handle: String::new(),
            origin: origin.to_owned(),
            rp_id: "localhost".to_owned(),
            count: 0,
            flags: 0b0001_1101,
        }
    }

    /// Makes a passkey of the browser's person.
    pub async fn add(browser: &Browser) -> Self {
        let mut made = Self::new(&browser.url);
        let fields = made.made(browser).await.expect("a challenge");
        post(browser, "add_passkey", &fields).await.expect("a passkey");
        made
    }

    /// The fields of `add_passkey`, for a challenge that the browser asks for.
    pub async fn made(&mut self, browser: &Browser) -> Result<Fields, ApiError> {
        let asked: PasskeyCreation = browser.ask("begin_passkey", &[]).await?;
        self.user_handle = asked.user_handle;
        let mut credential = vec![0; 16];
        credential.extend(u16::try_from(self.id.len()).expect("a length").to_be_bytes());
        credential.extend(&self.id);
        credential.push(0xA0);
        Ok(vec![
            ("credential_id", text(&self.id)),
            ("client_data", text(&self.client_data("webauthn.create", &asked.challenge))),
            ("authenticator_data", text(&self.data(self.flags | ATTESTED, &credential))),
            ("public_key", text(&[SPKI, self.pair.public_key().as_ref()].concat())),
            ("transports", "internal hybrid".to_owned()),
        ])
    }

    /// The fields of `sign_in_by_passkey` or `prove_by_passkey`. `begin` asks for the challenge.
    pub async fn used(&mut self, browser: &Browser, begin: &str) -> Result<Fields, ApiError> {
        let asked: PasskeyRequest = browser.ask(begin, &[]).await?;
        Ok(self.sign(&asked.challenge))
    }

    pub fn sign(&mut self, challenge: &str) -> Fields {
        self.count += 1;
        let (client_data, data) = (self.client_data("webauthn.get", challenge), self.data(self.flags, &[]));
        let message = [&data[..], digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.pair.sign(&SystemRandom::new(), &message).expect("a signature");
        vec![
            ("credential_id", text(&self.id)),
            ("client_data", text(&client_data)),
            ("authenticator_data", text(&data)),
            ("signature", text(signature.as_ref())),
            ("user_handle", self.user_handle.clone()),
        ]
    }

    pub async fn sign_in(&mut self, browser: &Browser) -> Result<(), (u16, ApiError)> {
        let fields = self.used(browser, "begin_passkey_sign_in").await.expect("a challenge");
        post(browser, "sign_in_by_passkey", &fields).await
    }

    pub async fn prove(&mut self, browser: &Browser) -> Result<(), (u16, ApiError)> {
        let fields = self.used(browser, "begin_passkey_proof").await.expect("a challenge");
        post(browser, "prove_by_passkey", &fields).await
    }

    fn client_data(&self, kind: &str, challenge: &str) -> Vec<u8> {
        let origin = &self.origin;
        format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#).into_bytes()
    }

    fn data(&self, flags: u8, credential: &[u8]) -> Vec<u8> {
        let hash = digest(&SHA256, self.rp_id.as_bytes());
        [hash.as_ref(), &[flags], &self.count.to_be_bytes(), credential].concat()
    }
}
