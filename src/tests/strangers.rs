//! Tests of requests that no page of ours sends: from other sites, with two hosts, with a request id of their own, or
//! over a transport that pages do not use.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    app::{PATIENCE, TestApp},
    feed_clients::{self, Transport},
};
use crate::{domain::EventKind, server::storage::seeds::CHILDREN};

const HTML: &str = "text/html";

#[tokio::test]
async fn pages_of_other_sites_open_no_line_and_close_none_of_ours() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut line = pair.child.listen(pair.id).await;
    for site in ["same-site", "cross-site"] {
        for transport in Transport::ALL {
            for _ in 0..4 {
                let refused = if transport == Transport::WebSocket {
                    feed_clients::socket(&pair.child, &transport.query(0), &[("sec-fetch-site", site)])
                        .await
                        .map(drop)
                        .expect_err("a refusal")
                } else {
                    let headers = [("accept", transport.accept()), ("sec-fetch-site", site)];
                    let response = pair.child.events(&transport.query(0), &headers).await.expect("an answer");
                    assert_eq!(response.status(), 403, "{site} {transport:?}");
                    (response.status().as_u16(), response.text().await.expect("a code"))
                };
                assert_eq!(refused, (403, "\"CrossSite\"".to_owned()), "{site} {transport:?}");
            }
        }
    }
    for site in ["same-origin", "none"] {
        let response = pair
            .child
            .events("after=0", &[("accept", "application/json"), ("sec-fetch-site", site)])
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200, "{site}");
    }
    assert_eq!(app.state.database.notifier().count_connections(), 1);

    pair.parent.answer(pair.id, "골목에서 고무줄을 했지.").await;

    line.hears(EventKind::AnswerSubmitted).await;
}

/// Sends a head. Returns everything until the end of the connection.
async fn ask(app: &TestApp, head: &str) -> String {
    let address = app.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut heard = Vec::new();
    let reading = stream.read_to_end(&mut heard);
    tokio::time::timeout(PATIENCE, reading).await.expect("an end").expect("a clean one");
    String::from_utf8_lossy(&heard).to_lowercase()
}

#[tokio::test]
async fn a_request_names_one_host() {
    let app = TestApp::start().await;
    for (line, hosts, expected) in [
        ("GET /livez HTTP/1.1", "Host: localhost\r\n", "http/1.1 200"),
        ("GET /livez HTTP/1.1", "", "http/1.1 400"),
        ("GET / HTTP/1.1", "Host: localhost\r\nHost: evil.example\r\n", "http/1.1 400"),
        ("GET / HTTP/1.1", "Host: localhost\r\nhost: localhost\r\n", "http/1.1 400"),
        ("GET http://localhost/livez HTTP/1.1", "", "http/1.1 400"),
        ("GET /livez HTTP/1.0", "", "http/1.0 200"),
        ("GET /livez HTTP/1.0", "Host: localhost\r\nHost: evil.example\r\n", "http/1.0 400"),
    ] {
        let heard = ask(&app, &format!("{line}\r\n{hosts}Connection: close\r\n\r\n")).await;
        assert!(heard.starts_with(expected), "{line} {hosts:?}: {heard}");
    }
}

#[tokio::test]
async fn the_id_of_a_request_is_ours() {
    let app = TestApp::start().await;
    let given = "a-name-that-a-stranger-made-up";
    for path in ["/livez", "/", "/nowhere"] {
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {given}\r\nX-Request-Id: {given}\r\nConnection: \
             close\r\n\r\n"
        );
        let heard = ask(&app, &head).await;
        assert!(!heard.contains(given), "{heard}");
        assert_eq!(heard.matches("x-request-id: ").count(), 1, "{heard}");
    }
}

#[tokio::test]
async fn a_refused_post_is_answered_with_a_page_wherever_it_says_it_comes_from() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let transports = [
        "/events",
        "/events?after=0",
        "/events?after=0&wait=55",
        "/livez",
        "/readyz",
        "/api/today",
        "/pkg/test/files.json",
        "/today",
        "/archive",
    ];
    for transport in transports.into_iter().chain(["/settings", "/nowhere", "/", ""]) {
        let referer = format!("{}{transport}", app.url);
        let headers = [("referer", referer.as_str())];
        let response = person.send_body("change_name", b"name=".to_vec(), HTML, &headers).await;
        assert_eq!(response.status().as_u16(), if transport == "/nowhere" { 404 } else { 422 }, "{transport}");
        let kind = response.headers()["content-type"].to_str().expect("a type").to_owned();
        assert!(kind.starts_with(HTML), "{transport}: {kind}");
        let page = tokio::time::timeout(PATIENCE, response.text()).await.expect("a page with an end").expect("a page");
        assert!(page.contains("</html>"), "{transport}");
    }
    assert_eq!(app.state.database.notifier().count_connections(), 0);
}
