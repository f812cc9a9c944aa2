//! Tests of presence: sent only to members who listen at that moment, with no more detail than needed, and then
//! deleted.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use reqwest::StatusCode;

use super::{
    app::{Browser, PATIENCE, TestApp, TestPair},
    feed_clients::{FeedClient, FeedMessage, Transport},
};
use crate::{
    api::{ApiError, PresenceView},
    domain::{Event, EventKind, PairId, Presence, PresenceSignal},
    reads::{self, SwitchesView},
    server::{
        services::sessions::recognise,
        storage::{persons, seeds::CHILDREN, sessions},
    },
};

const STREAMS: [Transport; 3] = [Transport::Sse, Transport::Ndjson, Transport::WebSocket];

async fn show(browser: &Browser, pair: PairId, what: &str) {
    assert_eq!(browser.post("presence", &[("pair", &pair.to_string()), ("what", what)]).await.status(), StatusCode::OK);
}

async fn switch(browser: &Browser, pair: PairId, is_on: bool) {
    let on = if is_on { "yes" } else { "" };
    assert_eq!(
        browser.post("change_presence", &[("pair", &pair.to_string()), ("shows_presence", on)]).await.status(),
        StatusCode::OK
    );
}

/// Opens a client and waits for its greeting, so that the connection is open.
async fn listen(browser: &Browser, pair: PairId, transport: Transport) -> FeedClient {
    let mut client = FeedClient::open(browser, transport, browser.today(pair).await.as_of).await;
    assert!(matches!(client.next().await, Some(FeedMessage::Hello(_))), "{transport:?}");
    client
}

fn signal(pair: PairId, what: Presence) -> FeedMessage {
    FeedMessage::Presence(PresenceSignal { pair, what })
}

/// Checks that nothing was received before an event that this person causes in their own feed.
async fn hears_nothing(client: &mut FeedClient, browser: &Browser) {
    // Each call sets another minute, because a post that changes nothing sends no event.
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let from = format!("22:{:02}", CALLS.fetch_add(1, Ordering::Relaxed) % 60);
    let fields = [("quiet", "yes"), ("quiet_from", &from), ("quiet_to", "06:30")];
    assert_eq!(browser.post("change_quiet_hours", &fields).await.status(), StatusCode::OK);
    let heard = client.news().await;
    assert!(matches!(heard, FeedMessage::Told(Event { kind: EventKind::SettingsChanged, .. })), "{heard:?}");
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

#[tokio::test]
async fn it_is_told_at_the_doors_that_stay_open_and_moves_no_cursor() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for transport in STREAMS {
        let mut client = listen(&pair.child, pair.id, transport).await;
        let mut own = listen(&pair.parent, pair.id, transport).await;
        let cursor = client.cursor;

        show(&pair.parent, pair.id, "here").await;
        assert_eq!(client.news().await, signal(pair.id, Presence::Here), "{transport:?}");
        app.advance(Presence::GAP_MS);
        show(&pair.parent, pair.id, "writing").await;
        assert_eq!(client.news().await, signal(pair.id, Presence::Writing), "{transport:?}");

        assert_eq!(client.cursor, cursor);
        hears_nothing(&mut own, &pair.parent).await;
        app.advance(Presence::LIFE_MS);
    }
}

#[tokio::test]
async fn nobody_else_hears_of_it() {
    let app = TestApp::start().await;
    let first = app.pair().await;
    let second = app.pair_of(first.child.clone(), app.person(CHILDREN[1].0).await).await;
    let mut child = listen(&first.child, first.id, Transport::Sse).await;
    let mut stranger = listen(&second.parent, second.id, Transport::Sse).await;

    show(&first.parent, first.id, "here").await;
    assert_eq!(child.news().await, signal(first.id, Presence::Here));
    hears_nothing(&mut stranger, &second.parent).await;

    show(&first.child, second.id, "writing").await;
    let mut other = listen(&first.parent, first.id, Transport::Sse).await;
    assert_eq!(stranger.news().await, signal(second.id, Presence::Writing));
    hears_nothing(&mut other, &first.parent).await;
}

#[tokio::test]
async fn one_comes_through_every_three_seconds() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut client = listen(&pair.child, pair.id, Transport::Ndjson).await;

    for what in ["here", "writing", "here", "writing"] {
        show(&pair.parent, pair.id, what).await;
    }
    assert_eq!(client.news().await, signal(pair.id, Presence::Here), "the first");
    hears_nothing(&mut client, &pair.child).await;

    app.advance(Presence::GAP_MS - 1);
    show(&pair.parent, pair.id, "writing").await;
    hears_nothing(&mut client, &pair.child).await;
    app.advance(1);
    show(&pair.parent, pair.id, "writing").await;
    assert_eq!(client.news().await, signal(pair.id, Presence::Writing));
}

#[tokio::test]
async fn who_comes_later_hears_nothing_of_it() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut early = listen(&pair.child, pair.id, Transport::Sse).await;
    show(&pair.parent, pair.id, "here").await;
    assert_eq!(early.news().await, signal(pair.id, Presence::Here));

    for transport in STREAMS {
        let mut late = listen(&pair.child, pair.id, transport).await;
        hears_nothing(&mut late, &pair.child).await;
    }
}

#[tokio::test]
async fn nothing_of_it_is_kept_longer_than_ten_seconds_however_often_it_is_sent() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let notifier = app.state.database.notifier();
    show(&pair.parent, pair.id, "here").await;
    assert_eq!(notifier.count_presence_signals(), 0, "nobody listens: there is nothing to keep");

    let mut client = listen(&pair.child, pair.id, Transport::Sse).await;
    for _ in 0..200 {
        show(&pair.parent, pair.id, "here").await;
    }
    assert_eq!((client.news().await, notifier.count_presence_signals()), (signal(pair.id, Presence::Here), 1));
    app.advance(Presence::LIFE_MS - 1);
    show(&pair.child, pair.id, "here").await;
    assert_eq!(notifier.count_presence_signals(), 1, "to a parent who does not listen");
    app.advance(1);
    until("it is forgotten", || notifier.count_presence_signals() == 0).await;

    // The next signal gets a new lifetime.
    show(&pair.parent, pair.id, "here").await;
    assert_eq!((client.news().await, notifier.count_presence_signals()), (signal(pair.id, Presence::Here), 1));
    app.advance(Presence::LIFE_MS);
    until("it is forgotten again", || notifier.count_presence_signals() == 0).await;
}

#[tokio::test]
async fn a_member_who_has_answered_is_not_seen_writing_and_edits_at_no_other_pace() {
    let app = TestApp::start().await;
    let TestPair { id, parent, child } = app.pair().await;
    let mut client = listen(&child, id, Transport::Sse).await;
    show(&parent, id, "writing").await;
    assert_eq!(client.news().await, signal(id, Presence::Writing));
    parent.answer(id, "골목").await;
    assert_eq!(client.told().await.kind, EventKind::AnswerSubmitted);
    app.advance(Presence::GAP_MS);

    show(&parent, id, "writing").await;
    hears_nothing(&mut client, &child).await;
    // The signal that was not sent does not block one that may be sent.
    show(&parent, id, "here").await;
    assert_eq!(client.news().await, signal(id, Presence::Here));

    // `writing` is not sent once the card is open, because both members have answered.
    app.advance(Presence::GAP_MS);
    child.answer(id, "등나무").await;
    while client.told().await.kind != EventKind::CardOpened {}
    let mut own = listen(&parent, id, Transport::Sse).await;
    for browser in [&parent, &child] {
        show(browser, id, "writing").await;
    }
    hears_nothing(&mut client, &child).await;
    hears_nothing(&mut own, &parent).await;
}

#[tokio::test]
async fn switched_off_by_one_it_is_off_for_both() {
    let app = TestApp::start().await;
    let TestPair { id, parent, child } = app.pair().await;
    let (mut to_child, mut to_parent) =
        (listen(&child, id, Transport::Sse).await, listen(&parent, id, Transport::Sse).await);
    let words = async |browser: &Browser| {
        browser
            .ask::<Option<PresenceView>>("presence", &[("pair", &id.to_string()), ("what", "here")])
            .await
            .expect("an answer")
    };

    switch(&parent, id, false).await;

    assert_eq!(to_parent.told().await.kind, EventKind::SettingsChanged, "the person's other tabs hear of it");
    show(&parent, id, "here").await;
    hears_nothing(&mut to_child, &child).await;
    show(&child, id, "writing").await;
    hears_nothing(&mut to_parent, &parent).await;
    assert_eq!(words(&parent).await, None, "the page has nothing to show");
    assert_eq!(
        words(&child).await.map(|words| words.writing),
        Some("엄마가 답을 쓰고 있어요".into()),
        "whose doing it is, is not told"
    );
    let (switches, _): (SwitchesView, _) = parent.read(reads::pair_switches(id)).await.expect("the switches");
    assert!(!switches.shows_presence);

    switch(&parent, id, true).await;
    show(&child, id, "writing").await;
    assert_eq!(to_parent.told().await.kind, EventKind::SettingsChanged);
    assert_eq!(to_parent.news().await, signal(id, Presence::Writing));
}

#[tokio::test]
async fn the_switch_is_a_form_of_the_pair_s_settings() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let settings = format!("/p/{}/settings/us", pair.id);
    let is_on = async || {
        let page = pair.child.page(&settings).await;
        let field = page
            .split("name=\"shows_presence\"")
            .nth(1)
            .and_then(|rest| rest.split('>').next())
            .expect("the switch")
            .to_owned();
        assert!(page.contains("함께 있음 알리기") && page.contains("엄마가 보고 있는지도 보이지 않아요"));
        field.contains("checked")
    };
    assert!(is_on().await);
    let done = pair.child.submit("change_presence", &[("pair", &pair.id.to_string())]).await;
    assert_eq!(
        (done.status().as_u16(), done.headers()["location"].to_str().expect("a path")),
        (303, format!("{settings}?saved=change_presence#saved").as_str())
    );
    assert!(!is_on().await);
    let stranger = app.person(CHILDREN[1].0).await;
    assert_eq!(stranger.refused("change_presence", &[("pair", &pair.id.to_string())]).await, (404, ApiError::NotFound));
}

#[tokio::test]
async fn only_members_of_a_running_pair_with_both_seats_taken_may() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let id = pair.id.to_string();
    let stranger = app.person(CHILDREN[1].0).await;
    let fields = |pair: &str| [("pair", pair.to_owned()), ("what", "here".to_owned())];
    let refused = async |browser: &Browser, pair: &str| {
        browser.refused("presence", &fields(pair).each_ref().map(|(k, v)| (*k, v.as_str()))).await
    };
    assert_eq!(refused(&stranger, &id).await, (404, ApiError::NotFound));
    assert_eq!(
        refused(&stranger, "01890000-0000-7000-8000-000000000000").await,
        (404, ApiError::NotFound),
        "the same as one that never was"
    );
    assert_eq!(refused(&app.visitor(), &id).await, (401, ApiError::SignedOut));
    let alone = stranger.start_pair("child").await;
    let nobody = async |browser: &Browser, pair: &str| {
        let answer = browser
            .ask::<Option<PresenceView>>("presence", &fields(pair).each_ref().map(|(k, v)| (*k, v.as_str())))
            .await;
        assert_eq!(answer, Ok(None), "nobody sits across: an answer, no error");
    };
    nobody(&stranger, &alone.to_string()).await;
    for (pair, what) in [("nonsense", "here"), (id.as_str(), "reading"), (id.as_str(), ""), (id.as_str(), "Here")] {
        let status = stranger.post("presence", &[("pair", pair), ("what", what)]).await.status();
        assert!(status.is_client_error(), "{pair} {what}: {status}");
    }

    assert_eq!(pair.child.post("leave_pair", &[("pair", &id), ("confirmed", "yes")]).await.status(), StatusCode::OK);
    for browser in [&pair.parent, &pair.child] {
        nobody(browser, &id).await;
    }
}

#[tokio::test]
async fn nothing_is_written_neither_to_the_database_nor_to_a_feed() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut client = listen(&pair.child, pair.id, Transport::Sse).await;
    let seq = async |browser: &Browser| browser.today(pair.id).await.as_of;
    let before = (seq(&pair.child).await, seq(&pair.parent).await, app.stored().await);
    for what in ["here", "writing"] {
        show(&pair.parent, pair.id, what).await;
        assert!(matches!(client.news().await, FeedMessage::Presence(_)));
        app.advance(Presence::GAP_MS);
    }
    assert_eq!((seq(&pair.child).await, seq(&pair.parent).await), (before.0, before.1));
    assert!(app.stored().await == before.2, "not a byte of it");
    pair.parent.answer(pair.id, "골목").await;
    assert!(app.stored().await != before.2, "what is written shows");
}

#[tokio::test]
async fn a_long_poll_carries_it_and_is_not_answered_by_it_and_a_poll_knows_nothing_of_it() {
    let app = TestApp::start().await;
    let TestPair { id, parent, child } = app.pair().await;
    let as_of = child.today(id).await.as_of;
    let json = [("accept", "application/json")];
    let asking = tokio::spawn({
        let (child, query) = (child.clone(), format!("after={as_of}&wait=25"));
        async move { child.events(&query, &json).await.expect("an answer").text().await.expect("JSON") }
    });
    until("the long poll waits", || app.state.database.notifier().count_connections() == 1).await;

    for _ in 0..3 {
        show(&parent, id, "writing").await;
        app.advance(Presence::GAP_MS);
    }
    let poll = child.events(&format!("after={as_of}"), &json).await.expect("an answer").text().await.expect("JSON");
    assert!(!asking.is_finished(), "it would be asked anew at once");
    parent.answer(id, "골목").await;

    let answer: serde_json::Value = serde_json::from_str(&asking.await.expect("an answer")).expect("JSON");
    assert_eq!(
        (answer["events"][0]["kind"].as_str(), answer["events"][1].as_null()),
        (Some("answer_submitted"), Some(()))
    );
    assert_eq!(answer["presence"], serde_json::json!({ "pair": id, "what": "writing" }));
    assert!(!poll.contains("writing"));
}

#[tokio::test]
async fn a_long_poll_that_is_answered_when_it_no_longer_applies_leaves_it_out() {
    let app = TestApp::start().await;
    let TestPair { id, parent, child } = app.pair().await;
    let query = format!("after={}&wait=25", child.today(id).await.as_of);
    let asking = tokio::spawn({
        let child = child.clone();
        async move { child.events(&query, &[("accept", "application/json")]).await.expect("an answer").text().await }
    });
    let notifier = app.state.database.notifier();
    until("the long poll waits", || notifier.count_connections() == 1).await;

    show(&parent, id, "here").await;
    app.advance(Presence::LIFE_MS);
    until("the signal expires", || notifier.count_presence_signals() == 0).await;
    parent.answer(id, "골목").await;

    let answer = asking.await.expect("an answer").expect("JSON");
    assert!(answer.contains("answer_submitted") && !answer.contains("presence"), "{answer}");
}

#[tokio::test]
async fn a_feed_that_ended_with_its_session_hears_nothing_of_it() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let code = pair.child.recovery_code();
    let device = app.visitor();
    assert_eq!(device.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
    let mut client = listen(&device, pair.id, Transport::Sse).await;
    let token = device.cookies.lock().expect("cookies")["__Host-session"].clone();
    let found = recognise(&app.state, &token, [127, 0, 0, 1].into()).await.expect("a look").expect("a session").found;
    // No event tells of it: the end of the session itself wakes the connection.
    let mut tx = app.state.database.begin().await.expect("a transaction");
    persons::lock(&mut tx, [found.person.id]).await.expect("the person's row");
    assert!(sessions::delete(&mut tx, found.person.id, found.session.id).await.expect("an answer"));
    tx.commit().await.expect("a commit");

    show(&pair.parent, pair.id, "here").await;

    assert_eq!(client.ends().await, None, "not even that");
}
