//! Tests of the WebSocket transport: the origin, incoming messages, and pongs.

use futures::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;

use super::*;

#[tokio::test]
async fn a_socket_opened_by_another_site_is_refused() {
    let app = TestApp::start().await;
    let (browser, ..) = somebody(&app).await;
    let (scheme, alike) = (browser.url.replace("http", "https"), format!("{}.evil.example", browser.url));
    for origin in ["https://evil.example", "null", "", &scheme, &alike] {
        let refused = feed_clients::socket(&browser, "after=0", &[("origin", origin)]).await.err();
        assert_eq!(refused, Some((403, "\"CrossSite\"".into())), "{origin}");
    }
    let broken =
        browser.events("after=0", &[("upgrade", "websocket"), ("origin", &browser.url)]).await.expect("an answer");
    assert_eq!((broken.status().as_u16(), broken.text().await.expect("a code")), (400, "\"Malformed\"".into()));
    assert_eq!(app.state.database.notifier().count_connections(), 0);
}

#[tokio::test]
async fn a_socket_that_is_talked_to_closes_with_a_reason() {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    let query = format!("after={last}");
    let close_of = async |messages: Vec<Message>| {
        let mut socket = feed_clients::socket(&browser, &query, &[]).await.expect("a socket");
        for message in messages {
            // The server may have closed the connection already.
            let _ = socket.send(message).await;
        }
        let closing = async {
            loop {
                if let Message::Close(frame) = socket.next().await.expect("a close").expect("a clean one") {
                    break frame.map(|frame| (u16::from(frame.code), frame.reason.to_string()));
                }
            }
        };
        tokio::time::timeout(PATIENCE, closing).await.expect("a close")
    };

    assert_eq!(close_of(vec![Message::text("?"); 17]).await, Some((1008, "nothing is read here".into())));
    assert_eq!(close_of(vec![Message::binary(vec![0; 9]); 1_000]).await, Some((1008, "nothing is read here".into())));
    assert_eq!(
        close_of(vec![Message::Ping(Vec::new().into()); 1_000]).await,
        Some((1008, "nothing is read here".into())),
        "pings count"
    );
    assert_eq!(
        close_of(vec![Message::Pong(Vec::new().into()); 1_000]).await,
        Some((1008, "nothing is read here".into())),
        "and pongs"
    );
    assert_eq!(close_of(vec![Message::text("?".repeat(2_000))]).await, Some((1009, "a message is too long".into())));
    no_line_is_left(&app).await;

    // A few messages are ignored, and pings are answered.
    let mut socket = feed_clients::socket(&browser, &query, &[]).await.expect("a socket");
    for _ in 0..16 {
        socket.send(Message::text("?")).await.expect("an open socket");
    }
    socket.send(Message::Ping(b"here?".to_vec().into())).await.expect("an open socket");
    let (mut was_answered, mut was_told) = (false, false);
    tell(&app, person, 1).await;
    while !(was_answered && was_told) {
        match tokio::time::timeout(PATIENCE, socket.next())
            .await
            .expect("something")
            .expect("an open socket")
            .expect("a message")
        {
            Message::Pong(data) => was_answered = &data[..] == b"here?",
            Message::Text(text) => was_told |= text.contains("\"frame\":\"told\""),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_socket_that_answers_no_ping_is_closed_with_a_reason() {
    let app = TestApp::start_with_heartbeat(Duration::from_millis(20)).await;
    let (browser, _, last) = somebody(&app).await;

    let mut silent = raw(&browser, &head(&browser, Transport::WebSocket, last)).await;
    let bytes = to_the_end(&mut silent).await;

    // Unmasked frames, as a server sends them: two pings, then instead of the third the close with its code (RFC 6455
    // §5.5).
    let close = [&[0x88, 2 + 7][..], &4002_u16.to_be_bytes(), b"no pong"].concat();
    assert!(bytes.ends_with(&close), "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(bytes.windows(2).filter(|frame| *frame == [0x89, 0]).count(), 2);
    no_line_is_left(&app).await;

    // A client that answers pings stays connected.
    let mut socket = feed_clients::socket(&browser, &format!("after={last}"), &[]).await.expect("a socket");
    let mut pings = 0;
    while pings < 10 {
        let message = tokio::time::timeout(PATIENCE, socket.next())
            .await
            .expect("something")
            .expect("an open socket")
            .expect("a message");
        pings += i32::from(matches!(message, Message::Ping(_)));
    }
}
