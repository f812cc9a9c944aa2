//! Tests of the feeds that are answered without the HTTP library (`http/live/direct.rs`): they are the same answers,
//! and a connection changes between both from one request to the next.

use std::collections::BTreeMap;

use super::*;
use crate::server::{counters, storage::journal::Entry};

/// A request that only the library answers.
fn by_library(head: &str) -> String {
    head.replacen("\r\n", "\r\nTE: trailers\r\nConnection: TE\r\n", 1)
}

fn with(head: &str, line: &str) -> String {
    head.replacen("\r\n", &format!("\r\n{line}\r\n"), 1)
}

/// Status line and headers, without those that differ from one answer to the next.
async fn answered(stream: &mut TcpStream) -> BTreeMap<String, String> {
    let head = to_the_mark(stream, "\r\n\r\n").await;
    let mut lines = head.trim_end().split("\r\n");
    let mut found = BTreeMap::from([(String::new(), lines.next().expect("a status").to_owned())]);
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        let value = match name {
            "date" => httpdate::parse_http_date(value).map(|_| "a date".to_owned()).expect("a date"),
            "x-request-id" => uuid::Uuid::parse_str(value).map(|_| "an id".to_owned()).expect("an id"),
            _ => value.to_owned(),
        };
        assert!(found.insert(name.to_owned(), value).is_none(), "{name} comes once");
    }
    found
}

/// Reads an answer of known length from a connection that stays open.
async fn body(stream: &mut TcpStream) -> (BTreeMap<String, String>, String) {
    let head = answered(stream).await;
    let mut body = vec![0; head["content-length"].parse().expect("a length")];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut body)).await.expect("in time").expect("a body");
    (head, String::from_utf8(body).expect("UTF-8"))
}

#[tokio::test]
async fn an_answer_has_the_same_head_with_and_without_the_library() {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    for transport in [Transport::Sse, Transport::Ndjson] {
        let request = head(&browser, transport, last);
        let direct = answered(&mut raw(&browser, &request).await).await;
        let library = answered(&mut raw(&browser, &by_library(&request)).await).await;
        assert_eq!(direct, library, "{transport:?}");
    }
    tell(&app, person, 1).await;
    let request = head(&browser, Transport::LongPoll, last);
    let (direct, told) = body(&mut raw(&browser, &request).await).await;
    let (library, same) = body(&mut raw(&browser, &by_library(&request)).await).await;
    assert_eq!((direct, told), (library, same));
}

#[tokio::test]
async fn a_rotated_token_comes_with_a_feed_too() {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    app.advance(31 * Millis::DAY);
    let request = head(&browser, Transport::Sse, last);
    let direct = answered(&mut raw(&browser, &request).await).await;
    let library = answered(&mut raw(&browser, &by_library(&request)).await).await;
    assert!(direct["set-cookie"].starts_with("__Host-session="), "{direct:?}");
    assert_eq!(direct, library);
}

#[tokio::test]
async fn opening_a_stream_takes_one_statement() {
    let (app, journal) = TestApp::start_recorded().await;
    let (browser, person, last) = somebody(&app).await;
    // The first request records the use of the session.
    to_the_mark(&mut raw(&browser, &head(&browser, Transport::Sse, last)).await, "}\n").await;
    for transport in [Transport::Sse, Transport::Ndjson, Transport::LongPoll] {
        no_line_is_left(&app).await;
        journal.take();
        let mut stream = raw(&browser, &head(&browser, transport, last)).await;
        until("the line is open", || app.state.database.notifier().count_connections() == 1).await;
        if transport.is_stream() {
            to_the_mark(&mut stream, "}\n").await;
        }
        let statements = |entry: &Entry| matches!(entry, Entry::Statement(_));
        let ran = journal.take().into_iter().filter(statements).collect::<Vec<_>>();
        assert_eq!(ran.len(), 1, "{transport:?}: {ran:?}");
        drop(stream);
    }
    // What was missed is read as before.
    tell(&app, person, 2).await;
    let mut stream = raw(&browser, &head(&browser, Transport::Sse, last)).await;
    to_the_mark(&mut stream, &format!("id: {}\n", last + 2)).await;
}

#[tokio::test]
async fn a_wake_up_takes_no_statement_for_a_line_that_waits() {
    let (app, journal) = TestApp::start_recorded().await;
    let (browser, person, last) = somebody(&app).await;
    let statements = || journal.take().iter().filter(|entry| matches!(entry, Entry::Statement(_))).count();
    statements();
    tell(&app, person, 1).await;
    let writing = statements();
    let mut stream = raw(&browser, &head(&browser, Transport::Sse, last + 1)).await;
    to_the_mark(&mut stream, "}\n").await;
    statements();
    tell(&app, person, 1).await;
    to_the_mark(&mut stream, "settings_changed").await;
    // PostgreSQL is asked by the line.
    assert_eq!(statements(), writing + usize::from(app.is_postgres()));
}

#[tokio::test]
async fn a_long_poll_that_waits_keeps_nothing_of_the_library() {
    let app = TestApp::start().await;
    let (browser, person, mut last) = somebody(&app).await;
    let other = format!("GET /livez HTTP/1.1\r\nHost: {}\r\n\r\n", browser.url.trim_start_matches("http://"));
    // The browser keeps connections of its own. Threads of one process would share one number, so it is only looked at
    // under nextest, which runs each test in its own process.
    let others = counters::BY_LIBRARY.count();
    let is_held = |more| std::env::var_os("NEXTEST").is_none() || counters::BY_LIBRARY.count() == others + more;
    let mut stream = raw(&browser, "").await;
    for _ in 0..3 {
        stream.write_all(other.as_bytes()).await.expect("an open connection");
        let (answer, _) = body(&mut stream).await;
        assert!(answer[""].contains("200") && is_held(1), "the library has it: {answer:?}");
        for _ in 0..2 {
            let request = head(&browser, Transport::LongPoll, last);
            stream.write_all(request.as_bytes()).await.expect("an open connection");
            until("it waits", || app.state.database.notifier().count_connections() == 1).await;
            until("the library is gone", || is_held(0)).await;
            tell(&app, person, 1).await;
            last += 1;
            let (answer, told) = body(&mut stream).await;
            assert!(answer[""].contains("200") && told.contains(&format!("\"seq\":{last}")), "{answer:?} {told}");
            assert!(!answer.contains_key("connection"), "it stays open: {answer:?}");
            no_line_is_left(&app).await;
        }
    }
}

#[tokio::test]
async fn requests_that_come_together_are_answered_one_after_the_other() {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    tell(&app, person, 1).await;
    let request = head(&browser, Transport::LongPoll, last);
    let mut stream = raw(&browser, &request.repeat(3)).await;
    for _ in 0..3 {
        let (_, told) = body(&mut stream).await;
        assert!(told.contains(&format!("\"seq\":{}", last + 1)), "{told}");
    }
    // A request that comes while a long poll waits is answered after it.
    let waiting = head(&browser, Transport::LongPoll, last + 1);
    stream.write_all(waiting.as_bytes()).await.expect("an open connection");
    until("it waits", || app.state.database.notifier().count_connections() == 1).await;
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    tell(&app, person, 1).await;
    for first in [last + 2, last + 1] {
        let (_, told) = body(&mut stream).await;
        assert!(told.contains(&format!("\"events\":[{{\"seq\":{first}")), "{told}");
    }
    stream.write_all(with(&waiting, "Connection: close").as_bytes()).await.expect("an open connection");
    let end = String::from_utf8(to_the_end(&mut stream).await).expect("UTF-8");
    assert!(end.contains("\r\nconnection: close\r\n"), "{end}");
}

#[tokio::test]
async fn a_head_may_come_in_pieces() {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    tell(&app, person, 1).await;
    let request = head(&browser, Transport::LongPoll, last);
    let mut stream = raw(&browser, "").await;
    for at in [1, 11, 12, 40, request.len() - 3] {
        for part in [&request[..at], &request[at..]] {
            stream.write_all(part.as_bytes()).await.expect("an open connection");
            tokio::task::yield_now().await;
        }
        let (_, told) = body(&mut stream).await;
        assert!(told.contains(&format!("\"seq\":{}", last + 1)), "{at}: {told}");
    }
}
