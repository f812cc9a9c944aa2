//! The operator's settings for FCM and APNs: each mistake gets one sentence that says what to do.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use super::{Data, folder, refused, umbba};

/// A P-256 key in PKCS #8 of no use to anybody.
const P8: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ7czrPA30C4cNkPF
kGLboyOjXXdllNvXSKvPrAuK4xChRANCAAQdzw6N2EYzHyYBZsLFGVtgxuS/dZNT
+lHQ/2p79ai9Hn4MmXkUd6vERRzlwsdhf04yNOdxHjzvlE714dr7onJL
-----END PRIVATE KEY-----
";

fn write(path: &Path, text: &str, mode: u32) -> String {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    path.display().to_string()
}

/// Runs `umbba push check` with more arguments and returns its sentence.
fn check(data: &Data, more: &[&str]) -> String {
    refused(&umbba(data, "development", &[&["push", "check"], more].concat()))
}

#[test]
fn nothing_configured_is_no_fault() {
    let data = folder("providers-none");
    let output = umbba(&data, "development", &["push", "check"]);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("FCM: disabled") && said.contains("APNs: disabled"), "{said}");
}

#[test]
fn every_mistake_with_a_service_account_is_named() {
    let data = folder("providers-fcm");
    let file = data.join("account.json");
    let says = |path: &str| check(&data, &["--fcm-service-account", path]);
    assert!(says("/nowhere/account.json").contains("FCM_SERVICE_ACCOUNT names /nowhere/account.json"));
    assert!(says(&data.display().to_string()).contains("it is a folder"));
    assert!(says(&write(&file, "{}", 0o644)).contains("chmod 600"));
    assert!(says(&write(&file, "no JSON", 0o600)).contains("not the JSON key file of a service account"));
    let account = |kind: &str, project: &str, key: &str| {
        format!(r#"{{"type":"{kind}","project_id":"{project}","client_email":"a@b","private_key":"{key}"}}"#)
    };
    let p8 = P8.replace('\n', "\\n");
    assert!(says(&write(&file, &account("authorized_user", "family", &p8), 0o600)).contains("service_account"));
    assert!(says(&write(&file, &account("service_account", "a/../b", &p8), 0o600)).contains("project_id"));
    assert!(says(&write(&file, &account("service_account", "family", "secret words"), 0o600)).contains("private key"));
    let wrong = says(&write(&file, &account("service_account", "family", &p8), 0o600));
    assert!(wrong.contains("not RSA") && !wrong.contains("MIGH"), "{wrong}");
}

#[test]
fn every_mistake_with_an_apns_key_is_named() {
    let data = folder("providers-apns");
    let file = data.join("key.p8");
    let says = |path: &str, key_id: &str, team: &str, topic: &str| {
        let settings = ["--apns-key", path, "--apns-key-id", key_id, "--apns-team-id", team, "--apns-topic", topic];
        check(&data, &settings)
    };
    let (key_id, team, topic) = ("ABC123DEFG", "DEF123GHIJ", "family.umbba.app");
    assert!(says("/nowhere/key.p8", key_id, team, topic).contains("APNS_KEY names /nowhere/key.p8"));
    assert!(says(&write(&file, P8, 0o640), key_id, team, topic).contains("chmod 600"));
    assert!(says(&write(&file, "no key", 0o600), key_id, team, topic).contains("private key"));
    let path = write(&file, P8, 0o600);
    assert!(says(&path, "short", team, topic).contains("APNS_KEY_ID"));
    assert!(says(&path, key_id, "team id!!!", topic).contains("APNS_TEAM_ID"));
    assert!(says(&path, key_id, team, "no bundle").contains("APNS_TOPIC"));
    assert!(check(&data, &["--apns-key", &path]).contains("set all four, or none"));
}

#[test]
fn a_provider_on_this_machine_is_for_development_alone_and_one_that_is_away_is_no_verdict() {
    let data = folder("providers-url");
    let path = write(&data.join("key.p8"), P8, 0o600);
    let keys = ["--apns-key-id", "ABC123DEFG", "--apns-team-id", "DEF123GHIJ", "--apns-topic", "family.umbba.app"];
    let arguments = |url| [&["push", "check", "--apns-key", path.as_str(), "--apns-url", url][..], &keys].concat();
    let says = |env, url| refused(&umbba(&data, env, &arguments(url)));
    assert!(says("production", "http://127.0.0.1:9").contains("APNS_URL is for development"));
    for url in ["https://127.0.0.1:9", "http://apple.example", "http://127.0.0.1:9/path", "no URL"] {
        assert!(says("development", url).contains("APNS_URL must be like"), "{url}");
    }
    assert!(says("development", "http://127.0.0.1:9").contains("no answer"), "nobody listens there");
}

#[test]
fn the_doctor_says_what_is_configured() {
    let data = folder("providers-doctor");
    assert!(umbba(&data, "development", &["migrate"]).status.success());
    let output = umbba(&data, "development", &["doctor"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && said.contains("web_push: configured") && said.contains("fcm: disabled"),
        "{said}"
    );
}
