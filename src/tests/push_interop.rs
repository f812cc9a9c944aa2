//! Two independent implementations read our messages and tokens (`end2end/interop`): npm `http_ece`, and PyPI
//! `http-ece` with `py-vapid`. Each makes a dozen receivers, gets a message and a token for each, and decrypts and
//! verifies them.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::{Value, json};

use crate::server::{
    clock::Clock,
    push::{
        Signer, VapidKeys,
        web_push::{MAX_PLAINTEXT, ReceiverKeys, encrypt},
    },
};

const SUBJECT: &str = "mailto:operator@umbba.kr";
const ORIGINS: [&str; 4] = [
    "https://fcm.googleapis.com",
    "https://updates.push.services.mozilla.com",
    "https://web.push.apple.com",
    "https://push.example.net:8443",
];
const SYLLABLES: u32 = 0xD7A3 - 0xAC00 + 1;

fn number(random: &SystemRandom, below: u32) -> u32 {
    let mut bytes = [0; 4];
    random.fill(&mut bytes).expect("random bytes");
    u32::from_be_bytes(bytes) % below
}

/// Returns a random text. The first is empty, the second has the maximum length.
fn plaintext(random: &SystemRandom, at: usize) -> String {
    let length = match at {
        0 => 0,
        1 => MAX_PLAINTEXT,
        _ => number(random, MAX_PLAINTEXT as u32 + 1) as usize,
    };
    let syllables = std::iter::repeat_with(|| char::from_u32(0xAC00 + number(random, SYLLABLES)).expect("a syllable"));
    let mut text: String = syllables.take(length / 3).collect();
    text.push_str(&"x".repeat(length - text.len()));
    text
}

/// Makes two keys, used in turn: the current one, and one that was current when some of the devices subscribed.
fn keys(now_ms: i64) -> VapidKeys {
    let folder = std::env::temp_dir().join(format!(
        "umbba-interop-{}-{:x}",
        std::process::id(),
        number(&SystemRandom::new(), u32::MAX)
    ));
    fs::create_dir_all(&folder).expect("a folder");
    VapidKeys::make(&folder, now_ms - 1).expect("a key");
    let keys = VapidKeys::make(&folder, now_ms).expect("another key");
    let _ = fs::remove_dir_all(&folder);
    keys
}

fn messages(receivers: &[Value]) -> Value {
    let random = SystemRandom::new();
    let now_ms = Clock::System.now().0;
    let keys = keys(now_ms);
    let key_ids: Vec<String> = keys.list().map(|(id, ..)| id.to_owned()).collect();
    let signer = Signer::new(keys, SUBJECT.into());
    let message = |(at, receiver): (usize, &Value)| {
        let field = |name: &str| receiver[name].as_str().expect("a field");
        let origin = ORIGINS[at % ORIGINS.len()];
        let plaintext = plaintext(&random, at);
        let body =
            encrypt(&random, &ReceiverKeys::parse(field("p256dh"), field("auth")).expect("keys"), plaintext.as_bytes())
                .expect("a message");
        let authorization =
            signer.authorization(&random, origin, &key_ids[at / ORIGINS.len() % 2], now_ms).expect("a key of ours");
        json!({
            "private": field("private"), "p256dh": field("p256dh"), "auth": field("auth"),
            "body": URL_SAFE_NO_PAD.encode(body), "plaintext": URL_SAFE_NO_PAD.encode(plaintext),
            "authorization": authorization, "origin": origin, "subject": SUBJECT, "now_s": now_ms / 1_000,
        })
    };
    receivers.iter().enumerate().map(message).collect()
}

/// The Python that `make interop` sets up.
pub fn python() -> &'static Path {
    Path::new("target/tools/interop-venv/bin/python")
}

/// Runs a script of `end2end/interop` and returns what it prints. A script that fails fails the test with its sentence.
pub fn run(program: &Path, script: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program)
        .arg(script)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be run ({error}): make test sets it up", program.display()));
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("a reader");
    let done = child.wait_with_output().expect("an end");
    assert!(done.status.success(), "{script}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

fn reads_our_messages(program: &Path, script: &str) {
    let receivers: Vec<Value> = serde_json::from_str(&run(program, script, &["keys"], "")).expect("receivers");
    assert_eq!(receivers.len(), 12);
    let said = run(program, script, &[], &messages(&receivers).to_string());
    assert!(said.contains("12 messages read, 12 tokens verified"), "{said}");
}

#[test]
fn http_ece_of_npm_reads_our_messages_and_node_verifies_our_tokens() {
    reads_our_messages(Path::new("node"), "end2end/interop/check.mjs");
}

#[test]
fn http_ece_and_py_vapid_of_python_read_them_too() {
    reads_our_messages(python(), "end2end/interop/check.py");
}
