//! Tests of the limits on a connection: time, memory and the number of connections. The deadlines are short; the tests
//! check only that they end a connection.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    app::{PATIENCE, TestApp},
    feed_clients::{self, FeedClient, Transport},
};
use crate::{api::ApiError, http::limits::Limits, server::storage::seeds::CHILDREN};

const SHORT: Duration = Duration::from_millis(200);
/// A deadline far longer than any test, for the limits that a test does not check.
const LONG: Duration = Duration::from_secs(3_600);

fn limits() -> Limits {
    Limits { head: LONG, idle: LONG, body: LONG, write: LONG, ..Limits::default() }
}

async fn connect(app: &TestApp) -> TcpStream {
    let address = app.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    TcpStream::connect(address).await.expect("a connection")
}

async fn send(app: &TestApp, text: &str) -> TcpStream {
    let mut stream = connect(app).await;
    stream.write_all(text.as_bytes()).await.expect("sent");
    stream
}

/// Reads until the server closes the connection, with or without an error.
async fn to_the_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.expect("the server hangs up");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn to_the_mark(stream: &mut TcpStream, mark: &str) -> String {
    let mut bytes = Vec::new();
    let reading = async {
        while !bytes.ends_with(mark.as_bytes()) {
            bytes.push(stream.read_u8().await.expect("an open connection"));
        }
    };
    tokio::time::timeout(PATIENCE, reading).await.expect("the mark");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Sends one byte after another until the server closes the connection.
async fn trickle(stream: &mut TcpStream) {
    let (mut reading, mut writing) = stream.split();
    let sending = async {
        loop {
            for byte in b"a: b\r\n" {
                if writing.write_all(&[*byte]).await.is_err() {
                    std::future::pending::<()>().await;
                }
                // The interval between two bytes; it does not affect the result.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    let mut heard = Vec::new();
    let ending = async {
        tokio::select! {
            _ = reading.read_to_end(&mut heard) => {}
            () = sending => {}
        }
    };
    tokio::time::timeout(PATIENCE, ending).await.expect("the server hangs up");
}

const ASK: &str = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn a_connection_that_was_answered_and_says_no_more_is_ended() {
    let app = TestApp::start_with_limits(Limits { idle: SHORT, ..limits() }).await;
    for times in [1, 3] {
        let mut stream = connect(&app).await;
        for _ in 0..times {
            stream.write_all(ASK.as_bytes()).await.expect("an open connection");
            assert!(to_the_mark(&mut stream, "ok\n").await.contains("200 OK"));
        }
        assert_eq!(to_the_end(&mut stream).await, "");
    }
}

#[tokio::test]
async fn a_head_that_trickles_is_ended_the_first_on_a_connection_and_a_later_one() {
    let app = TestApp::start_with_limits(Limits { head: SHORT, ..limits() }).await;
    let mut stream = send(&app, "GET / HTTP/1.1\r\n").await;
    trickle(&mut stream).await;

    let mut stream = send(&app, ASK).await;
    to_the_mark(&mut stream, "ok\n").await;
    trickle(&mut stream).await;
}

#[tokio::test]
async fn the_deadline_of_a_head_ends_no_idle_connection_and_no_line() {
    let app = TestApp::start_with_limits(Limits { head: SHORT, ..limits() }).await;
    let pair = app.pair().await;
    let mut idle = send(&app, ASK).await;
    to_the_mark(&mut idle, "ok\n").await;
    let as_of = pair.child.today(pair.id).await.as_of;
    let mut client = FeedClient::open(&pair.child, Transport::Sse, as_of).await;
    client.next().await;
    // Messages of a socket are not a request head, so the deadline for heads does not apply.
    let mut socket =
        feed_clients::socket(&pair.child, &Transport::WebSocket.query(as_of), &[]).await.expect("a socket");
    socket.send(Message::text("a")).await.expect("an open socket");
    tokio::time::sleep(SHORT * 3).await;

    pair.parent.answer(pair.id, "골목에서 고무줄을 했지.").await;

    client.told().await;
    while !socket
        .next()
        .await
        .expect("an open socket")
        .expect("a frame")
        .into_text()
        .is_ok_and(|text| text.contains("told"))
    {}
    idle.write_all(ASK.as_bytes()).await.expect("an open connection");
    assert!(to_the_mark(&mut idle, "ok\n").await.contains("200 OK"));
}

#[tokio::test]
async fn a_head_of_more_than_32_kib_is_refused() {
    let app = TestApp::start_with_limits(limits()).await;
    let head = |bytes: usize| {
        let (start, end) = ("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nA: ", "\r\n\r\n");
        format!("{start}{}{end}", "a".repeat(bytes - start.len() - end.len()))
    };
    let mut fits = send(&app, &head(32 * 1024 - 1)).await;
    assert!(to_the_end(&mut fits).await.starts_with("HTTP/1.1 200"), "as much as we say");
    for bytes in [32 * 1024 + 1, 200 * 1024] {
        let mut stream = connect(&app).await;
        // The refusal may come before the whole head is written.
        let _ = stream.write_all(head(bytes).as_bytes()).await;
        let heard = to_the_end(&mut stream).await;
        assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 431"), "{heard}");
    }
    for (count, expected) in [(100, "HTTP/1.1 200"), (101, "HTTP/1.1 431")] {
        let headers = "a: b\r\n".repeat(count - 2);
        let mut stream =
            send(&app, &format!("GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")).await;
        assert!(to_the_end(&mut stream).await.starts_with(expected), "{count} headers");
    }
    let mut endless = connect(&app).await;
    let sending = async { while endless.write_all(&[b'a'; 1_024]).await.is_ok() {} };
    tokio::time::timeout(PATIENCE, sending).await.expect("it is not read for ever");
}

#[tokio::test]
async fn nothing_but_http_1_is_spoken() {
    let app = TestApp::start_with_limits(limits()).await;
    let mut stream = send(&app, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let heard = to_the_end(&mut stream).await;
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "no frame of HTTP/2: {heard:?}");
    let upgrade = "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
        HTTP2-Settings: AAMAAABk\r\n\r\n";
    let mut stream = send(&app, upgrade).await;
    assert!(to_the_mark(&mut stream, "ok\n").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn more_connections_than_there_are_places_are_told_to_come_back() {
    let app = TestApp::start_with_limits(Limits { connections: 3, ..limits() }).await;
    let person = app.person(CHILDREN[0].0).await;
    // The browser's own connection stays open. The stream's connection is taken over from the HTTP library.
    let mut line = FeedClient::open(&person, Transport::Sse, 0).await;
    line.next().await;
    let mut taken = vec![send(&app, ASK).await, send(&app, ASK).await];
    taken.push(connect(&app).await);
    let mut refused = send(&app, ASK).await;
    let heard = to_the_end(&mut refused).await;
    assert!(heard.starts_with("HTTP/1.1 503") && heard.contains("\r\nretry-after: 5\r\n"), "{heard}");

    drop(taken);
    let again = async {
        while !to_the_end(&mut send(&app, &ASK.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await)
            .await
            .starts_with("HTTP/1.1 200")
        {}
    };
    tokio::time::timeout(PATIENCE, again).await.expect("there is a place again");
}

#[tokio::test]
async fn bodies_have_a_common_limit_and_what_they_held_is_given_back() {
    let app = TestApp::start_with_limits(Limits { bodies: 20 * 1024, ..limits() }).await;
    let post = |body: &str, length: usize| {
        format!(
            "POST /api/sign_up HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
    };
    let stalled = send(&app, &post(&"a".repeat(15_000), 15_001)).await;
    let fields = "a".repeat(10_000);
    let answer = async || {
        let response = app.visitor().post("check_invitation", &[("code", &fields)]).await;
        let retry = response.headers().get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        (response.status().as_u16(), retry)
    };
    let refused = async { while answer().await.0 != 503 {} };
    tokio::time::timeout(PATIENCE, refused).await.expect("too much is being read");
    assert_eq!(answer().await, (503, Some("2".to_owned())));
    let small = app.visitor().post("check_invitation", &[("code", "AAAAA-AAAAA")]).await;
    assert_eq!(small.status(), 422, "a small one still fits");

    drop(stalled);

    let served = async { while answer().await.0 == 503 {} };
    tokio::time::timeout(PATIENCE, served).await.expect("it was given back");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let app = TestApp::start_with_limits(Limits { body: SHORT, ..limits() }).await;
    let head = "POST /api/sign_up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\nname=";
    let mut stream = send(&app, head).await;
    let heard = to_the_end(&mut stream).await;
    assert!(heard.starts_with("HTTP/1.1 503") && heard.contains("\r\nretry-after: 2\r\n"), "{heard}");
}

#[tokio::test]
async fn only_an_answer_and_a_shared_text_may_weigh_more_than_16_kib() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let long = "a".repeat(17 * 1024);
    for verb in ["change_name", "sign_up", "subscribe", "no_such_verb"] {
        assert_eq!(pair.child.refused(verb, &[("name", &long)]).await, (413, ApiError::TooLarge), "{verb}");
        assert_eq!(pair.child.submit(verb, &[("name", &long)]).await.status(), 413, "{verb}");
    }
    let (id, version) = pair.child.question(pair.id).await;
    let (status, error) = pair
        .child
        .refused(
            "submit_answer",
            &[("daily_question", &id.to_string()), ("version", &version.to_string()), ("body", &long)],
        )
        .await;
    assert!(status == 422 && error != ApiError::TooLarge, "{error:?}");
    let shared = pair.child.send_to("/share", format!("text={long}").into_bytes(), "text/html", &[]).await;
    assert_eq!(shared.status(), 200);
    let shared =
        pair.child.send_to("/share", format!("text={}", "a".repeat(256 * 1024)).into_bytes(), "text/html", &[]).await;
    assert_eq!(shared.status(), 413);
}
