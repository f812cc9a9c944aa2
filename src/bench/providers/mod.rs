//! Messages per second that FCM and APNs get from us and from two libraries that people use for the same: npm
//! `@parse/node-apn`, and PyPI `google-auth` with `httpx`. All four send to one server of ours in a process of its own
//! (`sink`) over TLS and HTTP/2, because `node-apn` speaks nothing else and `httpx` offers HTTP/2 only by ALPN. Sender
//! and server share the machine's cores.
//!
//! Each sender makes a new message, sends it, reads the answer and counts what was accepted. A second that is not
//! counted comes first: it opens the connection and lets V8 compile. The server's own count must be the same.

mod keys;
mod ours;
pub mod sink;

use std::{path::Path, process::Command, time::Duration};

use umbba::server::push::{PushHosts, client};

use self::{keys::Keys, sink::Sink};

const WARM_UP: Duration = Duration::from_secs(1);
const MEASURED: Duration = Duration::from_secs(5);
/// The runs of each sender. They alternate, so that a busy moment of the machine does not hit one sender alone.
const ROUNDS: usize = 3;

/// The app's client for FCM and APNs, which trusts the benchmark's own authority.
fn client(keys: &Keys) -> Result<client::Http2, String> {
    let hosts = PushHosts::parse("", "", false)?;
    client::http2_trusting(hosts, client::TOTAL, keys.roots()?).map_err(|error| error.to_string())
}

/// What a sender says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Accepted messages per second of the measured time.
    pub per_second: f64,
    /// All accepted messages, with those of the warm-up.
    pub accepted: u64,
}

/// One line of the table.
pub struct Row {
    pub name: &'static str,
    /// Messages per second in each round.
    pub rounds: Vec<f64>,
    /// The mean length of a request's body in bytes.
    pub bytes: u64,
}

impl Row {
    pub fn median(&self) -> f64 {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds.get(rounds.len() / 2).copied().unwrap_or(0.0)
    }

    pub fn rounds_text(&self) -> String {
        self.rounds.iter().map(|round| format!("{round:.0}")).collect::<Vec<_>>().join(" · ")
    }
}

/// A provider: what we send to it in a second, and what the peer does.
pub struct Provider {
    pub name: &'static str,
    pub ours: Row,
    pub peer: Row,
}

pub async fn measure(folder: &Path) -> Result<Vec<Provider>, String> {
    let folder = folder.join("providers");
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    let keys = Keys::make(&folder)?;
    let mut sink = Sink::start(&folder)?;
    let port = sink.port;
    keys.write_account(port)?;
    let row = |name| Row { name, rounds: Vec::new(), bytes: 0 };
    let mut fcm = Provider { name: "FCM", ours: row("ours to FCM"), peer: row("PyPI google-auth and httpx to FCM") };
    let mut apns = Provider { name: "APNs", ours: row("ours to APNs"), peer: row("npm @parse/node-apn to APNs") };
    let fcm_sender = ours::fcm(&keys, port)?;
    let apns_sender = ours::apns(&keys, port)?;
    for _ in 0..ROUNDS {
        let sender = fcm_sender.clone();
        counted(&mut fcm.ours, &mut sink, async move { ours::run_fcm(sender).await }).await?;
        counted(&mut fcm.peer, &mut sink, async { run_peer(&keys, port, Peer::Httpx) }).await?;
        let sender = apns_sender.clone();
        counted(&mut apns.ours, &mut sink, async move { ours::run_apns(sender).await }).await?;
        counted(&mut apns.peer, &mut sink, async { run_peer(&keys, port, Peer::NodeApn) }).await?;
    }
    Ok(vec![fcm, apns])
}

/// Runs a sender and compares its count with the server's.
async fn counted(
    row: &mut Row,
    sink: &mut Sink,
    run: impl Future<Output = Result<Sent, String>>,
) -> Result<(), String> {
    let before = sink.count()?;
    let sent = run.await?;
    let after = sink.count()?;
    let (messages, bytes) = (after.messages - before.messages, after.bytes - before.bytes);
    if messages != sent.accepted || messages == 0 {
        return Err(format!("{}: {} were accepted, and {messages} arrived", row.name, sent.accepted));
    }
    row.rounds.push(sent.per_second);
    row.bytes = bytes / messages;
    Ok(())
}

#[derive(Clone, Copy)]
enum Peer {
    NodeApn,
    Httpx,
}

fn run_peer(keys: &Keys, port: u16, peer: Peer) -> Result<Sent, String> {
    let (program, script, key) = match peer {
        Peer::NodeApn => ("node", "end2end/bench/node-apn.mjs", &keys.apns_key),
        Peer::Httpx => ("target/tools/bench-venv/bin/python", "end2end/bench/fcm-httpx.py", &keys.account),
    };
    let seconds = [WARM_UP, MEASURED].map(|time| time.as_secs().to_string());
    let output = Command::new(program)
        .arg(script)
        .arg(port.to_string())
        .args([&keys.authority, key])
        .args(seconds)
        .output()
        .map_err(|error| format!("{program}: {error}; run .ci/bench-setup"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [per_second, accepted] = numbers[..] else {
        return Err(format!("{script} said: {text}{}", String::from_utf8_lossy(&output.stderr)));
    };
    Ok(Sent { per_second, accepted: accepted as u64 })
}
