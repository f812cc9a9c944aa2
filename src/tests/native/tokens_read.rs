//! Two independent implementations read our tokens (`end2end/interop`): npm `jsonwebtoken` and PyPI `PyJWT`. They get
//! the private keys and derive the public keys themselves.

use std::path::Path;

use ring::rand::SystemRandom;
use serde_json::{Value, json};

use super::{
    apple_key,
    fake_apple::{KEY_ID, TEAM, TOPIC},
    fake_google::{EMAIL, FakeGoogle, KEY_PEM},
};
use crate::{
    server::{
        clock::Clock,
        push::{apns_token::ApnsAccount, fcm_account::ServiceAccount},
    },
    tests::push_interop::{python, run},
};

/// Enough for signatures whose numbers begin with zeros: about one ES256 signature in 128 has such a number.
const EACH: i64 = 12;

/// Assertions for Google and provider tokens for Apple, each with what must be read from it.
fn tokens() -> Value {
    let random = SystemRandom::new();
    let now_s = Clock::System.now().0 / 1_000;
    let account = ServiceAccount::parse(&FakeGoogle::account_json()).expect("an account");
    let assertions = (0..EACH).map(|age| {
        let issued = now_s - age * 60;
        json!({
            "token": account.assertion(&random, issued), "private_key": KEY_PEM,
            "header": { "alg": "RS256", "typ": "JWT", "kid": "k1" },
            "claims": {
                "iss": EMAIL, "scope": "https://www.googleapis.com/auth/firebase.messaging",
                "aud": "https://oauth2.googleapis.com/token", "iat": issued, "exp": issued + 3_600,
            },
        })
    });
    let provider_tokens = (0..EACH).map(|age| {
        let ((key, _), issued) = (apple_key(), now_s - age * 60);
        let account = ApnsAccount::parse(&key, KEY_ID, TEAM, TOPIC).expect("an account");
        json!({
            "token": account.provider_token(&random, issued), "private_key": key,
            "header": { "alg": "ES256", "typ": "JWT", "kid": KEY_ID },
            "claims": { "iss": TEAM, "iat": issued },
        })
    });
    assertions.chain(provider_tokens).collect()
}

fn reads_our_tokens(program: &Path, script: &str) {
    let said = run(program, script, &[], &tokens().to_string());
    assert!(said.contains("24 tokens read, 24 altered tokens refused"), "{said}");
}

#[test]
fn jsonwebtoken_of_npm_reads_our_tokens() {
    reads_our_tokens(Path::new("node"), "end2end/interop/tokens.mjs");
}

#[test]
fn pyjwt_of_python_reads_them_too() {
    reads_our_tokens(python(), "end2end/interop/tokens.py");
}
