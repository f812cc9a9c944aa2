//! Each refusal of an ID token, of a description and of the file; no bytes panic.

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value, json};

use super::{Discovery, Expected, Keys, Kind, Refusal, check, config};
use crate::server::push::PushHosts;

const NOW_S: i64 = 1_780_000_000;
const YEAR_S: i64 = 365 * 24 * 60 * 60;
const EXPECTED: Expected<'static> =
    Expected { issuer: "https://issuer.example", client_id: "client", nonce: "the nonce" };
const RSA_PEM: &str = include_str!("../../tests/native/rsa_test_key.pem");

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

struct Signer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
}

impl Signer {
    fn new() -> Self {
        let der = PrivatePkcs8KeyDer::from_pem_slice(RSA_PEM.as_bytes()).expect("a key");
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("key");
        let p256 = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &SystemRandom::new());
        Self { rsa: RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("RSA"), p256: p256.expect("P-256") }
    }

    fn keys(&self) -> Value {
        let rsa = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(self.rsa.public());
        let point = self.p256.public_key().as_ref();
        json!({ "keys": [
            { "kty": "RSA", "kid": "r", "use": "sig", "alg": "RS256", "n": encoded(&rsa.n), "e": encoded(&rsa.e) },
            { "kty": "EC", "kid": "p", "crv": "P-256", "x": encoded(&point[1..33]), "y": encoded(&point[33..]) },
            { "kty": "oct", "kid": "o", "k": "c2VjcmV0" },
        ] })
    }

    fn parsed_keys(&self) -> Keys {
        Keys::parse(self.keys().to_string().as_bytes()).expect("keys")
    }

    fn sign(&self, header: &Value, claims: &str) -> String {
        let signed = format!("{}.{}", encoded(header.to_string()), encoded(claims));
        let signature = if header["alg"] == "RS256" {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            let signs = self.rsa.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
            signs.expect("signed");
            signature
        } else {
            self.p256.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed").as_ref().to_vec()
        };
        format!("{signed}.{}", encoded(signature))
    }
}

fn claims() -> Value {
    json!({
        "iss": "https://issuer.example", "sub": "somebody", "aud": "client", "exp": NOW_S + 3_600, "iat": NOW_S,
        "nonce": "the nonce", "email": "not@read.example",
    })
}

fn checked(claims: &Value) -> Result<String, Refusal> {
    let signer = Signer::new();
    let token = signer.sign(&json!({ "alg": "ES256", "kid": "p" }), &claims.to_string());
    check(&token, &signer.parsed_keys(), &EXPECTED, NOW_S)
}

#[test]
fn a_token_of_either_algorithm_gives_its_subject() {
    let signer = Signer::new();
    for header in [
        json!({ "alg": "RS256", "kid": "r" }),
        json!({ "alg": "ES256", "kid": "p", "typ": "JWT" }),
        json!({ "alg": "RS256" }),
    ] {
        let token = signer.sign(&header, &claims().to_string());
        assert_eq!(check(&token, &signer.parsed_keys(), &EXPECTED, NOW_S).as_deref(), Ok("somebody"), "{header}");
    }
}

#[test]
fn each_wrong_claim_is_refused_with_its_reason() {
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    for (name, value, expected) in [
        ("iss", json!("https://issuer.example/"), Err(Refusal::Issuer)),
        ("iss", json!("https://other.example"), Err(Refusal::Issuer)),
        ("iss", json!(null), Err(Refusal::Malformed)),
        ("aud", json!("another client"), Err(Refusal::Audience)),
        ("aud", json!([]), Err(Refusal::Audience)),
        ("aud", json!(["client"]), Ok(())),
        ("aud", json!(["client", "another client"]), Err(Refusal::Audience)),
        ("azp", json!("another client"), Err(Refusal::Audience)),
        ("azp", json!("client"), Ok(())),
        ("exp", json!(NOW_S - 301), Err(Refusal::Expired)),
        ("exp", json!(NOW_S - YEAR_S), Err(Refusal::Expired)),
        ("exp", json!(NOW_S - 60), Ok(())),
        ("exp", json!(-1e300), Err(Refusal::Expired)),
        ("exp", json!("tomorrow"), Err(Refusal::Malformed)),
        ("iat", json!(NOW_S + 301), Err(Refusal::IssuedAt)),
        ("iat", json!(NOW_S + YEAR_S), Err(Refusal::IssuedAt)),
        ("iat", json!(NOW_S - YEAR_S), Err(Refusal::IssuedAt)),
        ("iat", json!(1e300), Err(Refusal::IssuedAt)),
        ("iat", json!(NOW_S as f64 + 0.5), Ok(())),
        ("nonce", json!("another nonce"), Err(Refusal::Nonce)),
        ("nonce", json!(null), Err(Refusal::Nonce)),
        ("sub", json!(""), Err(Refusal::Subject)),
        ("sub", json!("한글"), Err(Refusal::Subject)),
        ("sub", json!("s".repeat(256)), Err(Refusal::Subject)),
        ("sub", json!(1), Err(Refusal::Malformed)),
    ] {
        let claims = with(name, value);
        assert_eq!(checked(&claims).map(|_| ()), expected, "{claims}");
    }
    let mut several = with("aud", json!(["client", "another client"]));
    several["azp"] = json!("client");
    assert_eq!(checked(&several).as_deref(), Ok("somebody"));
}

#[test]
fn a_claim_that_stands_twice_is_refused() {
    let signer = Signer::new();
    let twice = claims().to_string().replacen('{', "{\"sub\":\"another\",", 1);
    let token = signer.sign(&json!({ "alg": "ES256", "kid": "p" }), &twice);
    assert_eq!(check(&token, &signer.parsed_keys(), &EXPECTED, NOW_S), Err(Refusal::Malformed));
}

#[test]
fn no_other_algorithm_and_no_other_key_is_accepted() {
    let signer = Signer::new();
    let keys = signer.parsed_keys();
    for (header, expected) in [
        (json!({ "alg": "none" }), Refusal::Algorithm),
        (json!({ "alg": "None", "kid": "p" }), Refusal::Algorithm),
        (json!({ "alg": "HS256", "kid": "o" }), Refusal::Algorithm),
        (json!({ "alg": "RS512", "kid": "r" }), Refusal::Algorithm),
        (json!({ "alg": "ES256", "kid": "another" }), Refusal::KeyUnknown),
        // The key has this id and is for the other algorithm.
        (json!({ "alg": "ES256", "kid": "r" }), Refusal::KeyUnknown),
        (json!({ "alg": "RS256", "kid": "p" }), Refusal::KeyUnknown),
        (json!({ "alg": "ES256", "kid": "p", "crit": ["b64"] }), Refusal::Malformed),
        (json!({ "kid": "p" }), Refusal::Malformed),
    ] {
        let token = signer.sign(&header, &claims().to_string());
        assert_eq!(check(&token, &keys, &EXPECTED, NOW_S), Err(expected), "{header}");
    }
    let token = signer.sign(&json!({ "alg": "ES256", "kid": "p" }), &claims().to_string());
    let unsigned = format!("{}.", token.rsplit_once('.').expect("three parts").0);
    assert_eq!(check(&unsigned, &keys, &EXPECTED, NOW_S), Err(Refusal::Signature));
    // The same key id at a provider that has rotated its key.
    assert_eq!(check(&token, &Signer::new().parsed_keys(), &EXPECTED, NOW_S), Err(Refusal::Signature));
    assert_eq!(check(&token, &Keys::default(), &EXPECTED, NOW_S), Err(Refusal::KeyUnknown));
    for malformed in ["", ".", "..", "a.b", "a.b.c.d", "=.=.=", &"a".repeat(20_000), &token.replace('.', " ")] {
        assert_eq!(check(malformed, &keys, &EXPECTED, NOW_S), Err(Refusal::Malformed));
    }
}

#[test]
fn a_key_for_encryption_or_another_algorithm_signs_nothing() {
    let signer = Signer::new();
    let token = signer.sign(&json!({ "alg": "ES256", "kid": "p" }), &claims().to_string());
    for (name, value) in [("use", "enc"), ("alg", "ES384"), ("crv", "P-384"), ("x", "AA")] {
        let mut set = signer.keys();
        set["keys"][1][name] = value.into();
        let keys = Keys::parse(set.to_string().as_bytes()).expect("keys");
        assert_eq!(check(&token, &keys, &EXPECTED, NOW_S), Err(Refusal::KeyUnknown), "{name}");
    }
    // Two keys that fit decide nothing.
    let mut set = signer.keys();
    let key = set["keys"][1].clone();
    set["keys"].as_array_mut().expect("keys").push(key);
    let keys = Keys::parse(set.to_string().as_bytes()).expect("keys");
    assert_eq!(check(&token, &keys, &EXPECTED, NOW_S), Err(Refusal::KeyUnknown));
}

#[test]
fn a_description_is_of_exactly_the_issuer_that_was_asked() {
    let description = json!({
        "issuer": "https://issuer.example", "authorization_endpoint": "https://issuer.example/auth",
        "token_endpoint": "https://issuer.example/token", "jwks_uri": "https://issuer.example/keys",
    });
    let bytes = description.to_string();
    let found = Discovery::parse(bytes.as_bytes(), "https://issuer.example").expect("a description");
    assert!(!found.takes_secret_in_body() && !found.names_issuer());
    for issuer in ["https://issuer.example/", "https://ISSUER.example", "http://issuer.example", ""] {
        assert!(Discovery::parse(bytes.as_bytes(), issuer).is_err(), "{issuer}");
    }
    assert_eq!(
        Discovery::address("https://issuer.example/realm/"),
        "https://issuer.example/realm/.well-known/openid-configuration"
    );
}

fn hosts() -> PushHosts {
    PushHosts::parse("", "127.0.0.1:4000", false).expect("hosts")
}

#[test]
fn ready_entries_fill_in_the_issuer_and_the_file_quotes_no_secret() {
    let parse = |text: &str| config::parse(text, Path::new("."), &hosts());
    let entries = parse(
        "[[provider]]\nid = \"kakao\"\nkind = \"kakao\"\nclient_id = \"a\"\nclient_secret = \"hush\"\n
         [[provider]]\nid = \"club\"\nname = \"모임\"\nissuer = \"http://127.0.0.1:4000\"\nclient_id = \"b\"
         client_secret = \"hush\"",
    )
    .expect("entries");
    assert_eq!((entries[0].kind, entries[0].issuer.as_str()), (Kind::Kakao, "https://kauth.kakao.com"));
    assert_eq!((entries[1].kind, entries[1].name.as_str()), (Kind::Other, "모임"));
    assert!(!format!("{entries:?}").contains("hush"));
    for (text, part) in [
        ("[[provider]]\nid = \"a\"\nclient_secret = hush", "line 3"),
        ("secret = \"hush\"", "line 1"),
        ("[[provider]]\nid = \"A\"\nkind = \"kakao\"\nclient_id = \"a\"\nclient_secret = \"hush\"", "small letters"),
        ("[[provider]]\nid = \"a\"\nclient_id = \"a\"\nclient_secret = \"hush\"", "issuer is missing"),
        (
            "[[provider]]\nid = \"a\"\nname = \"a\"\nissuer = \"http://a.example\"\nclient_id = \"a\"
             client_secret = \"hush\"",
            "its issuer cannot be used",
        ),
        (
            "[[provider]]\nid = \"a\"\nname = \"a\"\nissuer = \"https://10.0.0.1\"\nclient_id = \"a\"
             client_secret = \"hush\"",
            "its issuer cannot be used",
        ),
        ("[[provider]]\nid = \"a\"\nkind = \"apple\"\nclient_id = \"a\"\nclient_secret = \"hush\"", "key_file"),
        ("[[provider]]\nid = \"a\"\nkind = \"kakao\"\nclient_id = \"a\"", "client_secret"),
        (
            "[[provider]]\nid = \"a\"\nkind = \"kakao\"\nclient_id = \"a\"\nclient_secret = \"hush\"\n
             [[provider]]\nid = \"a\"\nkind = \"google\"\nclient_id = \"a\"\nclient_secret = \"hush\"",
            "an earlier one",
        ),
    ] {
        let problem = parse(text).expect_err(text);
        assert!(problem.contains(part) && !problem.contains("hush"), "{problem}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, header in ".{0,40}", claims in ".{0,80}", signature in ".{0,40}") {
        let keys = Keys::parse(&bytes).unwrap_or_default();
        let _ = Discovery::parse(&bytes, "https://issuer.example");
        let _ = check(&String::from_utf8_lossy(&bytes), &keys, &EXPECTED, NOW_S);
        let _ = config::parse(&String::from_utf8_lossy(&bytes), Path::new("."), &hosts());
        let token = format!("{}.{}.{}", encoded(&header), encoded(&claims), encoded(&signature));
        prop_assert!(check(&token, &keys, &EXPECTED, NOW_S).is_err());
    }

    #[test]
    fn no_changed_letter_passes(at in 0usize..400, letter in 0u8..128) {
        let signer = Signer::new();
        let token = signer.sign(&json!({ "alg": "ES256", "kid": "p" }), &claims().to_string());
        let mut changed = token.clone().into_bytes();
        let at = at % changed.len();
        prop_assume!(changed[at] != letter);
        changed[at] = letter;
        let changed = String::from_utf8(changed).expect("ASCII");
        prop_assert!(check(&changed, &signer.parsed_keys(), &EXPECTED, NOW_S).is_err());
    }
}
