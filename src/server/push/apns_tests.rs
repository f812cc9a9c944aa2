//! When a 410 counts, and the life of a provider token. The error table is tried in `tests/native/apns_errors.rs`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use serde_json::json;

use super::{super::apns_token::TOKEN_STEP_MS, *};

/// A 410 for a device that registered last at 1 000 000 ms.
fn gone(reason: &str, timestamp: i64) -> PushOutcome {
    let body = json!({ "reason": reason, "timestamp": timestamp }).to_string();
    answered(410, &HeaderMap::new(), body.as_bytes(), Millis(1_000_000))
}

#[test]
fn a_410_from_before_the_last_registration_removes_nothing() {
    let since = Some(Millis(1_000_001));
    assert_eq!(gone("ExpiredToken", 1_000_001), PushOutcome::Gone { status: 410, since });
    for timestamp in [1_000_000, 1] {
        let outcome = gone("Unregistered", timestamp);
        assert!(matches!(outcome, PushOutcome::RetryAfter { status: Some(410), .. }), "{outcome:?}");
    }
}

/// A fresh key as Apple's console gives it.
fn pem() -> String {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).expect("a key");
    let text = base64::engine::general_purpose::STANDARD.encode(pkcs8.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

fn minter() -> Minter {
    let account = ApnsAccount::parse(&pem(), "ABC123DEFG", "DEF123GHIJ", "family.umbba.app").expect("an account");
    Minter::new(account)
}

fn issued_at(minted: &Minted) -> i64 {
    let token = minted.header.to_str().expect("ASCII").strip_prefix("bearer ").expect("a bearer token").to_owned();
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("base64url");
    serde_json::from_slice::<Value>(&claims).expect("JSON")["iat"].as_i64().expect("a number")
}

#[test]
fn nodes_sign_the_same_half_hour_and_no_token_is_older_than_45_minutes() {
    let half_hour = TOKEN_STEP_MS * 1_000_000;
    let (first, second) = (minter(), minter());
    assert_eq!(issued_at(&first.get(half_hour + 15 * MINUTE_MS)), half_hour / 1_000);
    assert_eq!(issued_at(&second.get(half_hour + 44 * MINUTE_MS)), half_hour / 1_000, "started later, the same claims");

    let token = first.get(half_hour + 15 * MINUTE_MS).header;
    assert_eq!(first.get(half_hour + 44 * MINUTE_MS).header, token, "signed once");
    assert_eq!(issued_at(&first.get(half_hour + 45 * MINUTE_MS)), (half_hour + TOKEN_STEP_MS) / 1_000);
    // After a clock was moved back, a token from the future is not kept.
    assert_eq!(issued_at(&first.get(half_hour + 15 * MINUTE_MS)), half_hour / 1_000);
}

#[test]
fn an_expired_token_is_renewed_only_when_apple_allows_another() {
    let minter = minter();
    let now = 1_800_000 * 1_000_000;
    let held = minter.get(now);
    assert!(minter.renew(&held, now + 19 * MINUTE_MS).is_none(), "Apple would answer TooManyProviderTokenUpdates");
    let fresh = minter.renew(&held, now + 21 * MINUTE_MS).expect("a fresh token");
    assert_ne!(fresh.header, held.header);
    let again = minter.renew(&held, now + 21 * MINUTE_MS).expect("the token of the other send");
    assert_eq!(again.header, fresh.header, "two sends renew once");
}

#[test]
fn ids_that_are_none_are_named() {
    for (key, team, topic, word) in [
        ("short", "DEF123GHIJ", "family.umbba.app", "APNS_KEY_ID"),
        ("ABC123DEFG", "DEF/23GHIJ", "family.umbba.app", "APNS_TEAM_ID"),
        ("ABC123DEFG", "DEF123GHIJ", "umbba", "APNS_TOPIC"),
        ("ABC123DEFG", "DEF123GHIJ", "family.umbba app", "APNS_TOPIC"),
    ] {
        let error = ApnsAccount::parse(&pem(), key, team, topic).expect_err("refused");
        assert!(error.contains(word), "{error}");
    }
}
