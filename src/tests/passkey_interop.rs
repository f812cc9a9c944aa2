//! Two independent verifiers of passkeys judge as we do (`end2end/interop`): npm `@simplewebauthn/server` and PyPI
//! `fido2`. Node's keys make passkeys of all three algorithms, good and spoilt.

use std::path::Path;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::push_interop::{python, run};
use crate::server::webauthn::{Assertion, PublicKey, Registration, Site, check_assertion, check_registration};

/// PyPI `fido2` does not compare the backup flags (W3C Web Authentication §7.1 step 18, §7.2 step 19). Neither verifier
/// compares the eligibility of a use with that of the new passkey (§7.2 step 20), as `services::passkey_uses` does.
const NOT_IN_FIDO2: &str = "backed up and not eligible";

fn judge(site: Site<'_>, case: &Value) -> bool {
    let text = |name: &str| case[name].as_str().unwrap_or_default();
    let bytes = |name: &str| URL_SAFE_NO_PAD.decode(text(name)).expect("base64url");
    let (client_data, data, key) = (bytes("client_data"), bytes("authenticator_data"), bytes("public_key"));
    if text("ceremony") == "create" {
        let made = Registration {
            client_data: &client_data,
            authenticator_data: &data,
            credential_id: &bytes("credential_id"),
            public_key: &key,
        };
        return check_registration(site, text("challenge"), &made).is_ok();
    }
    let signature = bytes("signature");
    let used = Assertion { client_data: &client_data, authenticator_data: &data, signature: &signature };
    check_assertion(site, text("challenge"), &PublicKey::parse(&key).expect("a key"), &used).is_ok()
}

#[test]
fn two_other_verifiers_judge_passkeys_as_we_do() {
    let made = run(Path::new("node"), "end2end/interop/passkeys.mjs", &[], "");
    let by_python = run(python(), "end2end/interop/passkeys.py", &[], &made);
    let by_python: Vec<bool> = serde_json::from_str(&by_python).expect("verdicts");
    let made: Value = serde_json::from_str(&made).expect("cases");
    let site = Site {
        origin: made["site"]["origin"].as_str().expect("an origin"),
        rp_id: made["site"]["rpId"].as_str().expect("a host"),
    };
    let cases = made["cases"].as_array().expect("cases");
    assert_eq!((cases.len(), by_python.len()), (78, 78));
    for (case, by_python) in cases.iter().zip(by_python) {
        let name = format!("{} {}", case["ceremony"], case["name"]);
        let ours = judge(site, case);
        assert_eq!(Some(ours), case["is_good"].as_bool(), "{name}");
        assert_eq!(Some(ours), case["verdict"].as_bool(), "{name}: @simplewebauthn/server");
        assert!(ours == by_python || name.contains(NOT_IN_FIDO2), "{name}: fido2");
    }
}
