//! The example of RFC 8292, checks of our own tokens by the same receiver, the key file, and the subjects that push
//! services accept.

use std::path::PathBuf;

use ring::{
    rand::SecureRandom,
    signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey},
};
use serde_json::Value;

use super::{super::subject::check_subject, *};

/// RFC 8292 §2.4.
const EXAMPLE: &str = "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9\
    .eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0\
    .i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, \
    k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs";

const NOW: i64 = 1_767_225_600_123;
const SUBJECT: &str = "mailto:operator@umbba.kr";
const ORIGIN: &str = "https://push.example.net:8443";

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let mut name = [0; 8];
        SystemRandom::new().fill(&mut name).expect("random bytes");
        let folder = std::env::temp_dir().join(format!("umbba-vapid-{:x}", u64::from_be_bytes(name)));
        fs::create_dir_all(&folder).expect("a temporary folder");
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE)
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).expect("the key file")
    }

    fn mode(&self) -> u32 {
        fs::metadata(self.file()).expect("the key file").permissions().mode() & 0o777
    }

    fn make(&self, now_ms: i64) -> VapidKeys {
        VapidKeys::make(&self.0, now_ms).expect("a key")
    }

    fn load(&self) -> VapidKeys {
        VapidKeys::load(&self.0).expect("a good file").expect("a file")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

/// Returns the claims of a header if its signature is valid, as a push service checks it.
fn verified(header: &str) -> Option<Value> {
    let (token, public) = header.strip_prefix("vapid t=")?.split_once(", k=")?;
    let (signed, signature) = token.rsplit_once('.')?;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, bytes(public))
        .verify(signed.as_bytes(), &bytes(signature))
        .ok()?;
    let (head, claims) = signed.split_once('.')?;
    assert_eq!(bytes(head), br#"{"typ":"JWT","alg":"ES256"}"#);
    serde_json::from_slice(&bytes(claims)).ok()
}

fn signer() -> (Signer, VapidKeys) {
    let folder = Folder::new();
    let keys = folder.make(NOW);
    (Signer::new(keys.clone(), SUBJECT.into()), keys)
}

fn sign(signer: &Signer, origin: &str, key_id: &str, now_ms: i64) -> String {
    signer.authorization(&SystemRandom::new(), origin, key_id, now_ms).expect("a key of ours")
}

#[test]
fn the_token_of_the_rfc_is_good_and_a_changed_one_is_not() {
    let claims = serde_json::json!({
        "aud": "https://push.example.net", "exp": 1_453_523_768, "sub": "mailto:push@example.com",
    });
    assert_eq!(verified(EXAMPLE), Some(claims));
    assert_eq!(verified(&EXAMPLE.replace(".i3CY", ".i3CZ")), None);
}

#[test]
fn our_token_names_origin_subject_and_an_end_within_twelve_hours() {
    let (signer, keys) = signer();
    let header = sign(&signer, ORIGIN, keys.current().id(), NOW);
    let claims = serde_json::json!({ "aud": ORIGIN, "exp": 1_767_225_600 + 12 * 3600, "sub": SUBJECT });
    assert_eq!(verified(&header), Some(claims));
    assert!(header.ends_with(&format!(", k={}", keys.current().public_text())));
    assert_eq!(
        signer.authorization(&SystemRandom::new(), ORIGIN, "0123456789abcdef", NOW),
        None,
        "a key that is not ours"
    );
}

#[test]
fn a_subject_with_quotes_stays_one_claim() {
    let folder = Folder::new();
    let signer = Signer::new(folder.make(NOW), r#"https://umbba.kr/","exp":9e9"#.into());
    let key_id = folder.load().current().id().to_owned();
    let claims = verified(&sign(&signer, ORIGIN, &key_id, NOW)).expect("a good token");
    assert_eq!(claims["sub"], r#"https://umbba.kr/","exp":9e9"#);
}

#[test]
fn a_token_is_kept_until_its_last_hour_for_its_origin_alone() {
    let (signer, keys) = signer();
    let id = keys.current().id();
    let first = sign(&signer, ORIGIN, id, NOW);
    assert_eq!(sign(&signer, ORIGIN, id, NOW), first);
    assert_eq!(sign(&signer.clone(), ORIGIN, id, NOW + 11 * HOUR_MS), first, "an hour is left");

    let other = sign(&signer, "https://other.example.net", id, NOW);
    assert_ne!(other, first);
    assert_eq!(verified(&other).expect("a good token")["aud"], "https://other.example.net");

    let second = sign(&signer, ORIGIN, id, NOW + 11 * HOUR_MS + 1);
    assert_ne!(second, first, "less than an hour is left");
    assert_eq!(sign(&signer, ORIGIN, id, NOW + 12 * HOUR_MS), second);
}

#[test]
fn a_clock_moved_back_gets_a_token_of_its_own_time() {
    let (signer, keys) = signer();
    let id = keys.current().id();
    let ahead = sign(&signer, ORIGIN, id, NOW);
    let back = sign(&signer, ORIGIN, id, NOW - 1000);
    assert_ne!(back, ahead);
    assert_eq!(verified(&back).expect("a good token")["exp"], 1_767_225_599 + 12 * 3600);
}

#[test]
fn made_up_origins_fill_no_memory() {
    let (signer, keys) = signer();
    for at in 0..=MOST_TOKENS {
        sign(&signer, &format!("https://{at}.example.net"), keys.current().id(), NOW);
    }
    assert_eq!(signer.0.tokens.lock().expect("unharmed").len(), 1);
}

#[test]
fn the_first_key_makes_a_file_for_its_owner_alone() {
    let folder = Folder::new();
    assert!(VapidKeys::load(&folder.0).expect("no file is no error").is_none());

    let keys = folder.make(NOW);

    assert_eq!(folder.mode(), 0o600);
    assert_eq!((keys.export(), folder.load().export()), (folder.text(), folder.text()));
    let stored: Value = serde_json::from_str(&folder.text()).expect("JSON");
    assert_eq!((stored[0]["created_at"].as_i64(), stored.as_array().map(Vec::len)), (Some(NOW), Some(1)));
    let current = keys.current();
    assert_eq!((current.id().len(), current.public_text().len()), (16, 87));
    assert_eq!(bytes(current.public_text())[0], 4, "an uncompressed point");
    assert_eq!(format!("{keys:?}"), format!("[\"{}\"]", current.id()), "a log line shows no key");
}

#[test]
fn first_starts_at_the_same_time_have_one_key() {
    let folder = Folder::new();
    let start = || VapidKeys::load_or_make(&folder.0, NOW).expect("a key");
    let started: Vec<_> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().expect("no panic")).collect()
    });
    assert_eq!(folder.load().list().count(), 1);
    assert!(started.iter().all(|keys| keys.export() == folder.text()));
}

#[test]
fn of_many_rotations_at_the_same_time_each_keeps_its_key() {
    let folder = Folder::new();
    folder.make(NOW);
    let rotate = || folder.make(NOW).current().public_text().to_owned();
    let keys: Vec<String> = std::thread::scope(|scope| {
        let rotations: Vec<_> = (0..8).map(|_| scope.spawn(rotate)).collect();
        rotations.into_iter().map(|rotation| rotation.join().expect("no panic")).collect()
    });
    assert_eq!(folder.load().list().count(), 9);
    assert!(keys.iter().all(|key| folder.load().list().any(|(_, public, _)| public == key)), "{keys:?}");
}

#[test]
fn a_new_key_goes_first_and_the_old_one_still_signs() {
    let folder = Folder::new();
    let old = folder.make(NOW);
    fs::write(folder.0.join("vapid.json.new"), "cut off").expect("a file left behind");

    let keys = folder.make(NOW + 5);

    assert_ne!(keys.current().id(), old.current().id());
    assert_eq!(keys.by_id(old.current().id()).map(VapidKey::public_text), Some(old.current().public_text()));
    let listed: Vec<(String, i64)> =
        folder.load().list().map(|(id, _, created_at)| (id.to_owned(), created_at)).collect();
    assert_eq!(listed, [(keys.current().id().to_owned(), NOW + 5), (old.current().id().to_owned(), NOW)]);
    assert!(keys.by_id("").is_none());
    assert_eq!((folder.mode(), folder.text()), (0o600, keys.export()));
    assert_eq!(fs::read_dir(&folder.0).expect("the folder").count(), 1, "nothing is left beside the key file");

    let signer = Signer::new(keys, SUBJECT.into());
    let header = sign(&signer, ORIGIN, old.current().id(), NOW);
    assert!(header.ends_with(old.current().public_text()) && verified(&header).is_some());
}

#[test]
fn a_file_open_to_others_is_closed() {
    let folder = Folder::new();
    folder.make(NOW);
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o644)).expect("our own file");
    folder.load();
    assert_eq!(folder.mode(), 0o600);
}

#[test]
fn a_broken_file_says_what_to_do_and_is_left_alone() {
    let folder = Folder::new();
    let good = folder.make(NOW).export();
    let other_key = URL_SAFE_NO_PAD.encode([7; 138]);
    for broken in [
        "",
        "[]",
        "{}",
        "[{}]",
        &good[..good.len() / 2],
        &good.replace("MIGH", "AAAA"),
        &format!(r#"[{{"created_at":1,"pkcs8":"{other_key}"}}]"#),
    ] {
        fs::write(folder.file(), broken).expect("our own file");
        let sentence = VapidKeys::load(&folder.0).expect_err("a broken file").to_string();
        assert_eq!(
            sentence,
            format!(
                "{} does not hold VAPID keys; restore it from your backup, or remove it, and every device has to \
                 allow notifications again",
                folder.file().display()
            )
        );
        assert_eq!(VapidKeys::make(&folder.0, NOW).expect_err("nothing is written over it").to_string(), sentence);
        assert_eq!(folder.text(), broken);
    }
    fs::write(folder.file(), [0xFF, 0xFE]).expect("our own file");
    assert!(VapidKeys::load(&folder.0).is_err());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = Folder::new().0.join("gone");
    let sentence = VapidKeys::make(&folder, NOW).expect_err("no folder").to_string();
    assert!(sentence.starts_with(&format!("cannot write {}: ", folder.join(FILE).display())), "{sentence}");
}

#[test]
fn a_subject_is_an_address_that_a_push_service_can_use() {
    const GOOD: [&str; 7] = [
        "mailto:operator@umbba.kr",
        "mailto:umma.push+web@mail.umbba.kr",
        "mailto:a@umbba.kr",
        "mailto:a@notexample.com",
        "https://umbba.kr",
        "https://push.umbba.kr:8443/contact?from=push",
        "https://xn--o39ap8k.kr/",
    ];
    for subject in GOOD {
        assert_eq!(check_subject(Some(subject), true), Ok(subject.to_owned()));
        assert_eq!(check_subject(Some(&format!(" {subject}\n")), true), Ok(subject.to_owned()));
    }

    for placeholder in [
        "mailto:operator@localhost",
        "mailto:me@push.localhost",
        "mailto:me@family",
        "mailto:me@example.com",
        "mailto:me@mail.EXAMPLE.org",
        "mailto:me@example.net",
        "mailto:me@family.example",
        "mailto:me@family.invalid",
        "mailto:me@family.test",
        "mailto:me@nas.local",
        "https://localhost",
        "https://localhost:3000/contact",
        "https://example.com./",
        "https://www.example.org",
        "https://127.0.0.1",
        "https://[::1]/",
    ] {
        let sentence = check_subject(Some(placeholder), true).expect_err("a placeholder");
        assert_eq!(
            sentence,
            format!(
                "VAPID_SUBJECT is a placeholder, to which Apple answers 403: give an address of yours instead of \
                 {placeholder}"
            )
        );
        assert_eq!(check_subject(Some(placeholder), false), Ok(placeholder.to_owned()));
    }

    for nonsense in [
        "operator@umbba.kr",
        "mailto:",
        "mailto:operator",
        "mailto:@umbba.kr",
        "mailto:operator@",
        "mailto: operator@umbba.kr",
        "mailto:<operator@umbba.kr>",
        "mailto:one@umbba.kr,two@umbba.kr",
        "mailto:operator@umbba.kr?subject=push",
        "mailto:.operator@umbba.kr",
        "mailto:operator@192.0.2.1",
        "mailto:엄마@umbba.kr",
        "http://umbba.kr",
        "https://",
        "https://me:secret@umbba.kr",
        "ftp://umbba.kr",
    ] {
        for is_production in [true, false] {
            let sentence = check_subject(Some(nonsense), is_production).expect_err("not an address");
            assert_eq!(
                sentence,
                format!("VAPID_SUBJECT must be mailto: with one mail address, or an https address: {nonsense}")
            );
        }
    }

    for unset in [None, Some(""), Some("  ")] {
        let sentence = check_subject(unset, true).expect_err("production needs one");
        assert_eq!(
            sentence,
            "VAPID_SUBJECT is not set: give a mailto: or https: address of yours where a push service can reach you"
        );
        assert_eq!(check_subject(unset, false), Ok("mailto:operator@localhost".to_owned()));
    }
}
