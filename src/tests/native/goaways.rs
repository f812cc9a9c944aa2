//! Connections that a server ends with GOAWAY (RFC 9113 §6.8) and Apple's JSON reason as debug data. The server is
//! Node's (`end2end/interop/goaway.mjs`), because the tests' own one cannot send debug data.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use serde_json::json;

use super::{
    apns_sends::{NOW, message, no_hosts, sender, start},
    apple_key,
    h2_server::Reply,
};
use crate::server::push::{PushOutcome, client};

/// The Node server; it ends with this value.
struct Goaways {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
}

impl Goaways {
    fn start(endings: &[&str]) -> Self {
        let mut child = Command::new("node")
            .arg("end2end/interop/goaway.mjs")
            .args(endings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node: make test sets it up");
        let mut said = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        said.read_line(&mut port).expect("a line");
        Self { child, said, port: port.trim().parse().expect("a port") }
    }

    /// Ends the server and returns what it did: the number of a connection, and the deed.
    fn end(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("text");
        rest.lines().map(str::to_owned).collect()
    }
}

impl Drop for Goaways {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_goaway_with_a_reason_repeats_what_was_not_processed_and_nothing_else() {
    let server = Goaways::start(&["unprocessed", "lost", "failed", "answered"]);
    let client = client::http2(no_hosts(), Duration::from_secs(20)).expect("a client");
    let apns = sender(client, &apple_key().0, &format!("http://127.0.0.1:{}/", server.port));
    let payload = json!({ "aps": { "alert": "오늘의 질문" } });
    let send = async || apns.send(&message(&payload), NOW).await.outcome;
    let accepted = PushOutcome::Accepted { status: 200 };
    let lost = PushOutcome::RetryAfter { status: None, after_ms: None, cause: "connection" };

    // The unprocessed one goes to the next connection; those that may have been processed are left to the outbox.
    for expected in [accepted, accepted, lost, accepted, lost, accepted, accepted, accepted] {
        assert_eq!(send().await, expected);
    }

    let deeds = server.end();
    let expected =
        ["0 kept", "0 unprocessed", "1 kept", "1 lost", "2 kept", "2 failed", "3 kept", "3 answered", "4 kept"];
    assert_eq!(deeds, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sends_that_meet_the_end_of_a_connection_begin_the_next_with_one() {
    const SENDS: usize = 200;
    let apple = Arc::new(start().await);
    let accepted = PushOutcome::Accepted { status: 200 };
    assert_eq!(apple.outcome().await, accepted);
    apple.production.answer_next(Reply::LastAnswer { status: 200, body: String::new() });
    assert_eq!(apple.outcome().await, accepted);
    // Those that the old connection lost are sent again, as the outbox does.
    let mut left = SENDS;
    for _ in 0..5 {
        let mut sends = tokio::task::JoinSet::new();
        for _ in 0..left {
            let apple = apple.clone();
            sends.spawn(async move { apple.outcome().await });
        }
        left = sends.join_all().await.into_iter().filter(|outcome| *outcome != accepted).count();
    }
    assert_eq!(left, 0);
    assert!(apple.production.take().len() >= SENDS + 2);
    assert!(apple.production.violations().is_empty(), "{:?}", apple.production.violations());
}
