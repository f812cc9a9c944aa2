//! Tests of one feed over five transports: each case runs over every transport, through real HTTP. `events` tests what
//! is sent, `ended` how a connection ends, and `stalled` readers that read nothing. `streams` and `sockets` test the
//! features that only those transports have, and `direct` the answers without the HTTP library.

mod direct;
mod ended;
mod events;
mod sockets;
mod stalled;
mod streams;

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::{
    app::{Browser, PATIENCE, TestApp, TestPair, rounds},
    feed_clients::{self, FeedClient, FeedMessage, Transport},
};
use crate::{
    domain::{Event, EventKind, Millis, PersonId},
    server::{
        notifier::connections,
        storage::{
            events::{self as stored_events, NewEvent},
            seeds::CHILDREN,
        },
    },
};

/// Makes a test of each case for every transport: `case::sse`, `case::ndjson` and so on.
macro_rules! over_every_transport {
    ($($case:ident)*) => { $(
        mod $case {
            use super::Transport;

            #[tokio::test]
            async fn sse() { super::$case(Transport::Sse).await }
            #[tokio::test]
            async fn ndjson() { super::$case(Transport::Ndjson).await }
            #[tokio::test]
            async fn websocket() { super::$case(Transport::WebSocket).await }
            #[tokio::test]
            async fn long_poll() { super::$case(Transport::LongPoll).await }
            #[tokio::test]
            async fn poll() { super::$case(Transport::Poll).await }
        }
    )* };
}
use over_every_transport;

/// Appends events to a person's feed, as services do.
async fn tell(app: &TestApp, person: PersonId, count: usize) {
    let mut tx = app.state.database.begin().await.expect("a transaction");
    let fact = NewEvent { person, kind: EventKind::SettingsChanged, pair: None, daily_question: None };
    stored_events::append(&mut tx, &vec![fact; count], None, app.state.clock.now()).await.expect("facts");
    tx.commit().await.expect("a commit");
}

/// Makes a signed-in browser. Returns it with its person's id and the last number of the feed.
async fn somebody(app: &TestApp) -> (Browser, PersonId, i64) {
    let browser = app.person(CHILDREN[0].0).await;
    let person = app.session_of(&browser).await.person.id;
    let mut tx = app.state.database.read().await.expect("a transaction");
    let last = stored_events::last_seq(&mut tx, person).await.expect("a number");
    (browser, person, last)
}

/// Waits until the condition holds. The interval of the checks does not affect the result.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

async fn no_line_is_left(app: &TestApp) {
    let notifier = app.state.database.notifier();
    until("every line is gone", || notifier.count_connections() == 0).await;
}

fn seqs(from: i64, to: i64) -> Vec<i64> {
    (from..=to).collect()
}

/// Signs the same person in on another browser.
async fn another_browser(app: &TestApp, browser: &Browser) -> Browser {
    let code = browser.recovery_code();
    let device = app.visitor();
    assert_eq!(device.post("sign_in", &[("code", &code)]).await.status(), 200);
    device
}

/// Reads a connection until it is replaced or has ended.
fn listen_to_the_end(mut client: FeedClient) -> tokio::task::JoinHandle<(FeedClient, Option<FeedMessage>)> {
    tokio::spawn(async move {
        let last = client.ends().await;
        (client, last)
    })
}

// ---- readers without a library

fn port_of(browser: &Browser) -> u16 {
    browser.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
}

/// Builds the head of a request for the feed, ready to send.
fn head(browser: &Browser, transport: Transport, cursor: i64) -> String {
    let upgrade = if transport == Transport::WebSocket {
        format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \
             dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {}\r\n",
            browser.url
        )
    } else {
        String::new()
    };
    format!(
        "GET /events?{} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nAccept: {}\r\n{upgrade}\r\n",
        transport.query(cursor),
        browser.url.trim_start_matches("http://"),
        browser.cookie_line(),
        transport.accept()
    )
}

/// Opens a connection and sends the head on it.
async fn raw(browser: &Browser, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port_of(browser))).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("a request");
    stream
}

/// Reads until the other end closes the connection.
async fn to_the_end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("an end").expect("a clean one");
    bytes
}

/// Reads until the received text ends with the mark.
async fn to_the_mark(stream: &mut TcpStream, mark: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while !bytes.ends_with(mark.as_bytes()) {
            bytes.push(stream.read_u8().await.expect("an open line"));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the mark");
    String::from_utf8(bytes).expect("UTF-8")
}
