//! Tests of the events a feed delivers: all of them, in order, once, to the right person.

use super::*;
use crate::server::{jobs::housekeeping, random::Random};

over_every_transport! {
    the_backlog_comes_first_and_then_what_is_new
    random_disconnects_leave_no_gap_and_no_double
    what_is_written_while_the_line_opens_is_heard
    an_expired_cursor_gets_one_reset
    a_cursor_from_the_future_gets_one_reset
    a_stranger_hears_nothing
    a_restart_in_mid_stream_loses_nothing
    twenty_thousand_events_come_in_order
}

async fn the_backlog_comes_first_and_then_what_is_new(transport: Transport) {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let as_of = pair.child.today(pair.id).await.as_of;
    pair.parent.answer(pair.id, "골목").await;

    let mut client = FeedClient::open(&pair.child, transport, as_of).await;

    let Some(FeedMessage::Told(Event { seq, kind, pair: told, .. })) = client.after_hello().await else {
        panic!("the backlog at {transport:?}")
    };
    assert_eq!((seq, kind, told), (as_of + 1, EventKind::AnswerSubmitted, Some(pair.id)));
    pair.child.answer(pair.id, "골목").await;
    let mut told = Vec::new();
    while told.last() != Some(&EventKind::CardOpened) {
        told.push(client.told().await.kind);
    }
    assert!(!client.raw.contains("골목"), "ids and kinds only");
}

async fn random_disconnects_leave_no_gap_and_no_double(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    let random = Random::seeded(u64::from(rounds()));
    let (rounds, total) = (rounds(), i64::from(rounds()) * 3);
    let writing = async {
        for _ in 0..rounds {
            tell(&app, person, 3).await;
            tokio::task::yield_now().await;
        }
    };
    let reading = async {
        let (mut cursor, mut seen) = (first, Vec::new());
        while (seen.len() as i64) < total {
            let by_header = random.number().is_multiple_of(2);
            let mut client = if by_header {
                FeedClient::reopen(&browser, transport, cursor).await
            } else {
                FeedClient::open(&browser, transport, cursor).await
            };
            // Cut the connection after zero to four events, at any byte.
            for _ in 0..(random.number() % 5).min((total - seen.len() as i64).unsigned_abs()) {
                seen.push(client.told().await.seq);
            }
            cursor = client.cursor;
        }
        seen
    };

    let ((), seen) = tokio::join!(writing, reading);

    assert_eq!(seen, seqs(first + 1, first + total));
    no_line_is_left(&app).await;
}

async fn what_is_written_while_the_line_opens_is_heard(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, mut cursor) = somebody(&app).await;
    for _ in 0..rounds() {
        let opening = async {
            let mut client = FeedClient::open(&browser, transport, cursor).await;
            loop {
                match client.next().await.expect("an open line") {
                    FeedMessage::Told(event) => break event.seq,
                    FeedMessage::Hello(_) => {}
                    // Only a poll returns without an event.
                    FeedMessage::Ping if transport == Transport::Poll => {}
                    other => panic!("the event at once, not {other:?} first"),
                }
            }
        };
        let ((), seq) = tokio::join!(tell(&app, person, 1), opening);
        cursor += 1;
        assert_eq!(seq, cursor);
    }
}

async fn an_expired_cursor_gets_one_reset(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, before) = somebody(&app).await;
    tell(&app, person, 5).await;
    app.advance(housekeeping::FEED_KEPT_MS + Millis::DAY);
    housekeeping::sweep(&app.state).await.expect("a sweep");

    let mut client = FeedClient::open(&browser, transport, before + 2).await;

    assert_eq!(client.after_hello().await, Some(FeedMessage::Reset(before + 5)));
    tell(&app, person, 1).await;
    assert_eq!(client.told().await.seq, before + 6);
}

async fn a_cursor_from_the_future_gets_one_reset(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    for cursor in [last + 1, i64::MAX] {
        let mut client = FeedClient::open(&browser, transport, cursor).await;
        assert_eq!(client.after_hello().await, Some(FeedMessage::Reset(last)), "{cursor}");
    }
    let mut client = FeedClient::open(&browser, transport, i64::MAX).await;
    assert_eq!(client.after_hello().await, Some(FeedMessage::Reset(last)));
    tell(&app, person, 1).await;
    assert_eq!(client.told().await.seq, last + 1);
}

async fn a_stranger_hears_nothing(transport: Transport) {
    let app = TestApp::start().await;
    let TestPair { id, parent, child } = app.pair().await;
    let (stranger, marked, last) = somebody(&app).await;
    let mut client = FeedClient::open(&stranger, transport, last).await;
    let mut own = FeedClient::open(&child, transport, child.today(id).await.as_of).await;

    parent.answer(id, "글").await;

    assert_eq!(own.told().await.kind, EventKind::AnswerSubmitted);
    tell(&app, marked, 1).await;
    let event = client.told().await;
    assert_eq!(
        (event.seq, event.kind, event.pair),
        (last + 1, EventKind::SettingsChanged, None),
        "nothing came before the mark"
    );
}

async fn a_restart_in_mid_stream_loses_nothing(transport: Transport) {
    let mut app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    tell(&app, person, 150).await;
    let mut client = FeedClient::open(&browser, transport, first).await;
    let mut seen = Vec::new();
    for _ in 0..120 {
        seen.push(client.told().await.seq);
    }

    app.restart(0).await;
    tell(&app, person, 50).await;

    // Events already sent still arrive. Then the connection ends, and the next one continues from the cursor.
    while seen.len() < 200 {
        match client.next().await {
            Some(FeedMessage::Told(event)) => seen.push(event.seq),
            Some(_) => {}
            None => client = FeedClient::reopen(&browser, transport, client.cursor).await,
        }
    }
    assert_eq!(seen, seqs(first + 1, first + 200));
}

async fn twenty_thousand_events_come_in_order(transport: Transport) {
    let app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    for _ in 0..20 {
        tell(&app, person, 1_000).await;
    }
    let mut client = FeedClient::open(&browser, transport, first).await;
    for seq in first + 1..=first + 20_000 {
        assert_eq!(client.told().await.seq, seq);
    }
}

#[tokio::test]
async fn a_silent_line_is_alive_at_every_door() {
    let app = TestApp::start_with_heartbeat(Duration::from_millis(50)).await;
    let (browser, _, last) = somebody(&app).await;
    let pings = Transport::ALL.map(|transport| {
        let browser = &browser;
        async move {
            if transport == Transport::LongPoll {
                let (query, accept) = (format!("after={last}&wait=1"), [("accept", "application/json")]);
                let answer = browser.events(&query, &accept).await.expect("an answer");
                let body = answer.bytes().await.expect("a body");
                let answer: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                assert_eq!(
                    answer,
                    serde_json::json!({
                        "build": "test", "seq": last, "reset": false, "replaced": false, "more": false, "events": []
                    })
                );
                return;
            }
            assert_eq!(
                FeedClient::open(browser, transport, last).await.after_hello().await,
                Some(FeedMessage::Ping),
                "{transport:?}"
            );
        }
    });
    futures::future::join_all(pings).await;
}
