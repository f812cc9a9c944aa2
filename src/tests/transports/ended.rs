//! Tests of who may open a feed, and how a connection ends.

use super::*;
use crate::reads;

over_every_transport! {
    a_revoked_session_hears_nothing_more
    signing_out_ends_it
    without_a_session_there_is_no_way_in
    somebody_elses_page_hears_nothing_of_the_person_who_signed_in_since
    a_ninth_connection_takes_the_place_of_the_oldest
    shutting_down_ends_it
    a_bad_cursor_is_refused_with_a_reason
    reconnecting_again_and_again_leaves_nothing_behind
}

async fn a_revoked_session_hears_nothing_more(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, _) = somebody(&app).await;
    let device = another_browser(&app, &browser).await;
    let account: crate::reads::WaysInView = browser.read(reads::ways_in()).await.expect("the ways in");
    let session = account.sessions.iter().find(|session| !session.is_this).expect("the other device").id.to_string();
    let mut client = FeedClient::open(&device, transport, 0).await;
    client.told().await;
    let listening = listen_to_the_end(client);

    assert_eq!(browser.post("end_session", &[("session", &session)]).await.status(), 200);
    tell(&app, person, 1).await;

    let (client, last) = listening.await.expect("the line ends");
    assert!(!matches!(last, Some(FeedMessage::Told(Event { kind: EventKind::SettingsChanged, .. }))), "{last:?}");
    match transport {
        Transport::WebSocket => assert_eq!(client.end, Some((4001, "signed_out".into()))),
        Transport::LongPoll | Transport::Poll => assert_eq!(client.end, Some((401, "\"SignedOut\"".into()))),
        Transport::Sse | Transport::Ndjson => {}
    }
    assert_eq!(
        FeedClient::try_open(&device, Transport::Sse, 0, false).await.err(),
        Some((401, "\"SignedOut\"".into()))
    );
    no_line_is_left(&app).await;
}

async fn signing_out_ends_it(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    let client = FeedClient::open(&browser, transport, last).await;
    let listening = listen_to_the_end(client);

    assert_eq!(browser.post("sign_out", &[]).await.status(), 200);

    listening.await.expect("the line ends");
    no_line_is_left(&app).await;
}

async fn without_a_session_there_is_no_way_in(transport: Transport) {
    let app = TestApp::start().await;
    let refused = match FeedClient::try_open(&app.visitor(), transport, 0, false).await {
        Err(refused) => refused,
        Ok(mut client) => {
            assert_eq!(client.next().await, None);
            client.end.expect("a status")
        }
    };
    assert_eq!(refused, (401, "\"SignedOut\"".into()));
}

async fn somebody_elses_page_hears_nothing_of_the_person_who_signed_in_since(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    let (_, other, _) = somebody(&app).await;
    let ask = async |whose: &str| {
        let query = format!("{}&whose={whose}", transport.query(last));
        if transport == Transport::WebSocket {
            return feed_clients::socket(&browser, &query, &[]).await.map(drop).err().unwrap_or_default();
        }
        let response = browser.events(&query, &[("accept", transport.accept())]).await.expect("an answer");
        if response.status() == 200 {
            (0, String::new())
        } else {
            (response.status().as_u16(), response.text().await.expect("a code"))
        }
    };

    assert_eq!(ask(&other.to_string()).await, (401, "\"SignedOut\"".into()));
    assert_eq!(ask("x").await, (400, "\"Malformed\"".into()));
    // Without an event, a long poll would wait.
    tell(&app, person, 1).await;
    assert_eq!(ask(&person.to_string()).await, (0, String::new()));
}

async fn a_ninth_connection_takes_the_place_of_the_oldest(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    let notifier = app.state.database.notifier();
    let oldest = tokio::spawn({
        let mut client = FeedClient::open(&browser, transport, last).await;
        async move {
            // A poll holds no connection open, so it receives the mark as well.
            let mut heard = client.next().await;
            while matches!(heard, Some(FeedMessage::Hello(_) | FeedMessage::Ping)) {
                heard = client.next().await;
            }
            (client, heard)
        }
    });
    let held = usize::from(transport != Transport::Poll);
    until("the oldest line is open", || notifier.count_connections() == held).await;

    let mut others = Vec::new();
    for at in 0..connections::PER_SESSION {
        others.push(
            FeedClient::open(&browser, [Transport::Sse, Transport::Ndjson, Transport::WebSocket][at % 3], last).await,
        );
    }
    let heard = if transport == Transport::Poll { None } else { Some(oldest.await.expect("an client")) };
    until("eight lines are open", || notifier.count_connections() == connections::PER_SESSION).await;
    tell(&app, person, 1).await;

    for client in &mut others {
        assert_eq!(client.told().await.seq, last + 1, "the newer lines stay");
    }
    if let Some((mut client, heard)) = heard {
        assert_eq!(heard, Some(FeedMessage::Replaced));
        assert_eq!(client.next().await, None, "it is the last frame");
        match transport {
            Transport::WebSocket => assert_eq!(client.end, Some((4000, "replaced".into()))),
            Transport::Sse => assert!(
                client.raw.contains("retry: 600000"),
                "a page that does not know the frame comes back late: {}",
                client.raw
            ),
            Transport::Ndjson | Transport::LongPoll | Transport::Poll => {}
        }
    }
}

async fn shutting_down_ends_it(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    let client = FeedClient::open(&browser, transport, last).await;
    let listening = listen_to_the_end(client);
    until("the line is open", || {
        transport == Transport::Poll || app.state.database.notifier().count_connections() == 1
    })
    .await;

    app.state.lifecycle.end();

    let (client, _) = listening.await.expect("the line ends");
    match transport {
        Transport::WebSocket => assert_eq!(client.end, Some((1001, "ending".into()))),
        Transport::LongPoll => assert_eq!(client.end, Some((503, "\"Unavailable\"".into()))),
        Transport::Sse | Transport::Ndjson | Transport::Poll => {}
    }
    assert!(app.state.lifecycle.drained(PATIENCE).await, "nothing holds the process");
}

async fn a_bad_cursor_is_refused_with_a_reason(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, ..) = somebody(&app).await;
    let wait = if transport == Transport::LongPoll { "&wait=1" } else { "" };
    for (after, id) in
        [("x", None), ("-1", None), ("", None), ("99999999999999999999", None), ("3", Some("x")), ("3", Some("-3"))]
    {
        let query = format!("after={after}{wait}");
        let headers: Vec<(&'static str, &str)> = id.map(|id| ("last-event-id", id)).into_iter().collect();
        let refused = if transport == Transport::WebSocket {
            feed_clients::socket(&browser, &query, &headers).await.expect_err("a refusal")
        } else {
            let response = browser
                .events(&query, &[&headers[..], &[("accept", transport.accept())]].concat())
                .await
                .expect("an answer");
            assert_eq!(response.status(), 400, "{query} {id:?}");
            (response.status().as_u16(), response.text().await.expect("a code"))
        };
        assert_eq!(refused, (400, "\"CursorInvalid\"".into()), "{query} {id:?}");
    }
}

async fn reconnecting_again_and_again_leaves_nothing_behind(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    tell(&app, person, 1).await;
    for _ in 0..10 {
        let opening = (0..20).map(|_| async {
            let mut client = FeedClient::open(&browser, transport, first).await;
            // Sometimes a newer connection replaces this one before it receives anything.
            client.next().await;
        });
        futures::future::join_all(opening).await;
        assert!(app.state.database.notifier().count_connections() <= connections::PER_SESSION);
    }
    no_line_is_left(&app).await;
}

#[tokio::test]
async fn a_person_holds_twenty_lines_over_all_browsers() {
    let app = TestApp::start().await;
    let (first, ..) = somebody(&app).await;
    let mut browsers = vec![first.clone()];
    for _ in 0..2 {
        browsers.push(another_browser(&app, &first).await);
    }
    let mut clients = Vec::new();
    for at in 0..=connections::PER_PERSON {
        let mut client = FeedClient::open(&browsers[at % 3], Transport::Ndjson, 0).await;
        assert!(matches!(client.next().await, Some(FeedMessage::Hello(_))));
        clients.push(client);
    }
    assert_eq!(app.state.database.notifier().count_connections(), connections::PER_PERSON);
    assert_eq!(clients[0].ends().await, Some(FeedMessage::Replaced));
}

#[tokio::test]
async fn what_is_asked_for_wrongly_is_refused_with_a_reason() {
    let app = TestApp::start().await;
    let (browser, ..) = somebody(&app).await;
    for (query, accept, expected) in [
        ("wait=0", "application/json", (400, "\"WaitInvalid\"")),
        ("wait=56", "application/json", (400, "\"WaitInvalid\"")),
        ("wait=soon", "application/json", (400, "\"WaitInvalid\"")),
        ("wait=5", "text/event-stream", (406, "\"NotAcceptable\"")),
        ("after=0", "image/png", (406, "\"NotAcceptable\"")),
        ("after=0", "text/html", (406, "\"NotAcceptable\"")),
        ("after=0&after=1", "*/*", (400, "\"Malformed\"")),
        ("after=%FF", "*/*", (400, "\"CursorInvalid\"")),
    ] {
        let response = browser.events(query, &[("accept", accept)]).await.expect("an answer");
        assert_eq!(response.status(), expected.0, "{query} {accept}");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
        let refused = (response.status().as_u16(), response.text().await.expect("a code"));
        assert_eq!(refused, (expected.0, expected.1.to_owned()), "{query} {accept}");
    }
    let anything = browser.events("after=0", &[("accept", "*/*")]).await.expect("a stream");
    assert_eq!(anything.headers()["content-type"], "text/event-stream");
    assert_eq!(app.state.database.notifier().count_connections(), 1);
}
