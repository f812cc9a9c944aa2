//! Pushes encrypted and signed per second on one core, compared with the limit set by the two curve operations
//! (`openssl speed`) and with npm `web-push`.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use umbba::server::clock::Clock;

use crate::minute;

const SECONDS: u64 = 3;
const ORIGIN: &str = "https://push.example.net";
/// The length of a typical payload of this app, including pair and topic.
const PAYLOAD_BYTES: usize = 600;
const PEER: &str = "end2end/bench/web-push.mjs";

pub struct Pushes {
    pub ours: f64,
    pub ecdh: f64,
    pub sign: f64,
    /// Messages per second that npm `web-push` prepares through its public API.
    pub npm_made: f64,
    /// Messages per second that npm `web-push` prepares and posts to the sink over 32 connections.
    pub npm_posted: f64,
}

impl Pushes {
    /// Returns the upper limit in messages per second: each message needs one key agreement and one new key, and a new
    /// key costs about as much as a signature.
    pub fn limit(&self) -> f64 {
        1.0 / (1.0 / self.ecdh + 1.0 / self.sign)
    }
}

pub async fn measure(folder: &Path) -> Result<Pushes, String> {
    let ours = ours(folder).await?;
    let ecdh = openssl("ecdhp256")?;
    let sign = openssl("ecdsap256")?;
    let sink = minute::Sink::start()?;
    let (npm_made, npm_posted) = npm(sink.port)?;
    Ok(Pushes { ours, ecdh, sign, npm_made, npm_posted })
}

async fn ours(folder: &Path) -> Result<f64, String> {
    let folder = folder.join("push");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let state = crate::state(&folder, Clock::System, "", 0).await?;
    let (p256dh, auth) = minute::receiver()?;
    let key = state.push.key_id(state.push.public_key()).ok_or("no key")?;
    let payload = vec![b'x'; PAYLOAD_BYTES];
    let now = state.clock.now().0;
    let begun = Instant::now();
    let mut made = 0_u64;
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        for _ in 0..100 {
            let body = state.push.encrypt(&p256dh, &auth, &payload)?;
            let token = state.push.authorization(ORIGIN, &key, now).ok_or("no token")?;
            std::hint::black_box((body, token));
        }
        made += 100;
    }
    Ok(made as f64 / begun.elapsed().as_secs_f64())
}

/// Returns the first number without a unit in the last P-256 line of `openssl speed`: operations per second
/// (signatures, for ECDSA).
fn openssl(what: &str) -> Result<f64, String> {
    let output = Command::new("openssl").args(["speed", "-seconds", &SECONDS.to_string(), what]).output();
    let output = output.map_err(|_| "install the Debian package openssl")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().rfind(|line| line.contains("nistp256")).ok_or_else(|| format!("openssl said:\n{text}"))?;
    // "… 256 bits ecdh (nistp256)   0.0001s  16550.0" and "… ecdsa (nistp256) 0.0000s 0.0001s 39400.0 13000.0"
    let numbers: Vec<f64> = line
        .split(')')
        .next_back()
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    numbers.first().copied().ok_or_else(|| format!("openssl said:\n{line}"))
}

fn npm(sink_port: u16) -> Result<(f64, f64), String> {
    let (p256dh, auth) = minute::receiver()?;
    let output = Command::new("node")
        .args([PEER, &sink_port.to_string(), &p256dh, &auth, &PAYLOAD_BYTES.to_string(), &SECONDS.to_string()])
        .output()
        .map_err(|_| "install node and npm")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [made, posted] = numbers[..] else {
        return Err(format!("{PEER} said: {text}{}", String::from_utf8_lossy(&output.stderr)));
    };
    Ok((made, posted))
}
