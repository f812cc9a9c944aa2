//! The secret that Apple takes from this installation.

use std::{fs, os::unix::fs::PermissionsExt};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey},
};
use serde_json::{Value, json};

use crate::server::{key_file, oidc, push::PushHosts};

/// Apple's `client_secret` (Sign in with Apple REST API, "Creating a client secret").
#[test]
fn apple_gets_a_secret_that_its_key_signs_for_five_minutes() {
    let folder = std::env::temp_dir().join(format!("umbba-apple-{}", std::process::id()));
    let hosts = PushHosts::parse("", "", true).expect("hosts");
    fs::create_dir_all(&folder).expect("a folder");
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a key");
    let file = folder.join("apple.p8");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(pkcs8.as_ref()));
    fs::write(&file, pem).expect("a file");
    let text = "[[provider]]\nid = \"apple\"\nkind = \"apple\"\nclient_id = \"kr.umbba.web\"\nteam_id = \"TEAM012345\"
                key_id = \"KEY0123456\"\nkey_file = \"apple.p8\"";
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    key_file::write_new(&folder.join(oidc::CONFIG_FILE), text).expect("a file");
    let problem = oidc::read(&folder, &hosts).expect_err("others may read the key").to_string();
    assert!(problem.contains("chmod 600"), "{problem}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a mode");
    let entries = oidc::read(&folder, &hosts).expect("an entry");
    fs::remove_dir_all(&folder).expect("removed");
    assert_eq!(entries[0].issuer, "https://appleid.apple.com");

    for now_s in [1_780_000_000, 1_811_536_000] {
        let secret = entries[0].secret.at(&entries[0].client_id, now_s);
        let parts: Vec<&str> = secret.split('.').collect();
        let decoded = |at: usize| URL_SAFE_NO_PAD.decode(parts[at]).expect("base64url");
        let read = |at: usize| serde_json::from_slice::<Value>(&decoded(at)).expect("JSON");
        assert_eq!(parts.len(), 3);
        assert_eq!(read(0), json!({ "alg": "ES256", "typ": "JWT", "kid": "KEY0123456" }));
        let claims = json!({
            "iss": "TEAM012345", "iat": now_s, "exp": now_s + 300, "aud": "https://appleid.apple.com",
            "sub": "kr.umbba.web",
        });
        assert_eq!(read(1), claims);
        let signed = format!("{}.{}", parts[0], parts[1]);
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref())
            .verify(signed.as_bytes(), &decoded(2))
            .expect("the key of the file has signed it");
    }
}
