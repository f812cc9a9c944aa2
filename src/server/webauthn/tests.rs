//! Tests of the verification of passkeys with keys of `ring` in place of an authenticator.

use proptest::prelude::*;
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};

use super::{
    Assertion, PublicKey, Refusal, Registration, Site, Standing, challenge_of, check_assertion, check_registration,
    is_counter_back,
};

const SITE: Site<'static> = Site { origin: "https://family.example", rp_id: "family.example" };
const CHALLENGE: &str = "dG9kYXk";
const ID: &[u8] = b"credential";
/// UP, UV, BE, BS and AT.
const MADE: u8 = 0b0101_1101;
const USED: u8 = 0b0001_1101;

fn client_data(kind: &str, challenge: &str, origin: &str, more: &str) -> Vec<u8> {
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}"{more}}}"#).into_bytes()
}

fn authenticator_data(rp_id: &str, flags: u8, count: u32, credential: &[u8]) -> Vec<u8> {
    let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
    data.push(flags);
    data.extend(count.to_be_bytes());
    data.extend(credential);
    data
}

/// Attested credential data (§6.5.1) with a key that nobody reads.
fn attested(id: &[u8]) -> Vec<u8> {
    let mut data = vec![0; 16];
    data.extend(u16::try_from(id.len()).expect("a length").to_be_bytes());
    data.extend(id);
    data.push(0xA0);
    data
}

struct Signing {
    pair: EcdsaKeyPair,
}

impl Signing {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).expect("a key");
        Self { pair }
    }

    fn spki(&self) -> Vec<u8> {
        let head =
            b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\0";
        [&head[..], self.pair.public_key().as_ref()].concat()
    }

    fn sign(&self, authenticator_data: &[u8], client_data: &[u8]) -> Vec<u8> {
        let message = [authenticator_data, digest(&SHA256, client_data).as_ref()].concat();
        self.pair.sign(&SystemRandom::new(), &message).expect("a signature").as_ref().to_vec()
    }
}

fn register(client_data: &[u8], authenticator_data: &[u8], key: &[u8]) -> Result<(Standing, PublicKey), Refusal> {
    let registration = Registration { client_data, authenticator_data, credential_id: ID, public_key: key };
    check_registration(SITE, CHALLENGE, &registration)
}

#[test]
fn a_passkey_is_made_and_used() {
    let signing = Signing::new();
    let made = client_data("webauthn.create", CHALLENGE, SITE.origin, r#","crossOrigin":false,"later":{"a":[1]}"#);
    assert_eq!(challenge_of(&made), Ok(CHALLENGE.to_owned()));
    let data = authenticator_data(SITE.rp_id, MADE, 0, &attested(ID));
    let (standing, key) = register(&made, &data, &signing.spki()).expect("a passkey");
    assert_eq!(standing, Standing { sign_count: 0, is_synced: true, is_backed_up: true });

    let used = client_data("webauthn.get", CHALLENGE, SITE.origin, "");
    let data = authenticator_data(SITE.rp_id, USED, 7, &[]);
    let signature = signing.sign(&data, &used);
    let assertion = Assertion { client_data: &used, authenticator_data: &data, signature: &signature };
    let standing = check_assertion(SITE, CHALLENGE, &key, &assertion).expect("a sign-in");
    assert_eq!(standing.sign_count, 7);
    let others = PublicKey::parse(&Signing::new().spki()).expect("a key");
    assert_eq!(check_assertion(SITE, CHALLENGE, &others, &assertion), Err(Refusal::Signature));
    let spoilt = Assertion { signature: &signature[1..], ..assertion };
    assert_eq!(check_assertion(SITE, CHALLENGE, &key, &spoilt), Err(Refusal::Signature));
}

#[test]
fn an_edwards_key_signs_too() {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("a key");
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).expect("a key");
    let head = b"\x30\x2A\x30\x05\x06\x03\x2B\x65\x70\x03\x21\0";
    let key = PublicKey::parse(&[&head[..], pair.public_key().as_ref()].concat()).expect("a key");
    let used = client_data("webauthn.get", CHALLENGE, SITE.origin, "");
    let data = authenticator_data(SITE.rp_id, USED, 0, &[]);
    let signature = pair.sign(&[&data[..], digest(&SHA256, &used).as_ref()].concat());
    let assertion = Assertion { client_data: &used, authenticator_data: &data, signature: signature.as_ref() };
    assert!(check_assertion(SITE, CHALLENGE, &key, &assertion).is_ok());
}

#[test]
fn each_step_of_a_registration_refuses() {
    let spki = Signing::new().spki();
    let good = client_data("webauthn.create", CHALLENGE, SITE.origin, "");
    let data = authenticator_data(SITE.rp_id, MADE, 0, &attested(ID));
    let with_flags = |flags| authenticator_data(SITE.rp_id, flags, 0, &attested(ID));
    type Case = (Vec<u8>, Vec<u8>, Vec<u8>, Refusal);
    let cases: Vec<Case> = vec![
        (b"{".to_vec(), data.clone(), spki.clone(), Refusal::ClientData),
        (b"{}".to_vec(), data.clone(), spki.clone(), Refusal::ClientData),
        (b"\xFF".to_vec(), data.clone(), spki.clone(), Refusal::ClientData),
        (client_data("webauthn.get", CHALLENGE, SITE.origin, ""), data.clone(), spki.clone(), Refusal::Type),
        (client_data("webauthn.create", "bm8", SITE.origin, ""), data.clone(), spki.clone(), Refusal::Challenge),
        (
            client_data("webauthn.create", CHALLENGE, "http://family.example", ""),
            data.clone(),
            spki.clone(),
            Refusal::Origin,
        ),
        (
            client_data("webauthn.create", CHALLENGE, "https://family.example.evil", ""),
            data.clone(),
            spki.clone(),
            Refusal::Origin,
        ),
        (
            client_data("webauthn.create", CHALLENGE, SITE.origin, r#","crossOrigin":true"#),
            data.clone(),
            spki.clone(),
            Refusal::CrossOrigin,
        ),
        (
            client_data("webauthn.create", CHALLENGE, SITE.origin, r#","topOrigin":"https://evil.example""#),
            data.clone(),
            spki.clone(),
            Refusal::CrossOrigin,
        ),
        (good.clone(), data[..36].to_vec(), spki.clone(), Refusal::AuthenticatorData),
        (good.clone(), data[..data.len() - 1].to_vec(), spki.clone(), Refusal::AuthenticatorData),
        (good.clone(), authenticator_data("other.example", MADE, 0, &attested(ID)), spki.clone(), Refusal::RpId),
        (good.clone(), with_flags(MADE & !1), spki.clone(), Refusal::NoPresence),
        (good.clone(), with_flags(MADE & !4), spki.clone(), Refusal::NoVerification),
        (good.clone(), with_flags(MADE & !8), spki.clone(), Refusal::Backup),
        (good.clone(), authenticator_data(SITE.rp_id, USED, 0, &[]), spki.clone(), Refusal::CredentialId),
        (
            good.clone(),
            authenticator_data(SITE.rp_id, MADE, 0, &attested(b"another")),
            spki.clone(),
            Refusal::CredentialId,
        ),
        (good.clone(), data.clone(), spki[1..].to_vec(), Refusal::Key),
        (good.clone(), data.clone(), [&spki[..], b"\0"].concat(), Refusal::Key),
        (good.clone(), data.clone(), Vec::new(), Refusal::Key),
    ];
    for (client_data, data, key, refusal) in cases {
        assert_eq!(register(&client_data, &data, &key).map(|_| ()), Err(refusal));
    }
    assert!(register(&good, &data, &spki).is_ok());
}

#[test]
fn a_counter_that_goes_back_is_seen() {
    for (known, now, is_back) in [(0, 0, false), (0, 1, false), (5, 6, false), (5, 5, true), (5, 4, true), (5, 0, true)]
    {
        assert_eq!(is_counter_back(known, now), is_back, "{known} {now}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_taken_for_a_passkey(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        key in proptest::collection::vec(any::<u8>(), 0..200),
        text in ".{0,100}",
    ) {
        let good = client_data("webauthn.create", CHALLENGE, SITE.origin, "");
        prop_assert!(register(&good, &data, &key).is_err());
        let _ = challenge_of(text.as_bytes());
        prop_assert!(PublicKey::parse(&key).is_none());
    }

    /// A changed byte anywhere in what was signed is found.
    #[test]
    fn no_byte_of_an_assertion_can_be_changed(at in 0_usize..37, to in 1_u8..) {
        let signing = Signing::new();
        let key = PublicKey::parse(&signing.spki()).expect("a key");
        let used = client_data("webauthn.get", CHALLENGE, SITE.origin, "");
        let mut data = authenticator_data(SITE.rp_id, USED, 7, &[]);
        let signature = signing.sign(&data, &used);
        data[at] ^= to;
        let assertion = Assertion { client_data: &used, authenticator_data: &data, signature: &signature };
        prop_assert!(check_assertion(SITE, CHALLENGE, &key, &assertion).is_err());
    }
}
