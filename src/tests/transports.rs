//! One feed, five doors, one suite: each case is run at every door, through real HTTP.

use futures::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    app::{Browser, PATIENCE, TestApp, TestPair, rounds},
    doors::{self, Door, Ear, Heard},
};
use crate::{
    domain::{Event, EventKind, Millis, PersonId},
    server::{
        jobs::housekeeping,
        random::Random,
        services::accounts,
        storage::{
            events::{self, NewEvent},
            lines,
            seeds::CHILDREN,
        },
    },
};

/// A case at every door, as tests `case::sse`, `case::ndjson` and so on.
macro_rules! at_every_door {
    ($($case:ident)*) => { $(
        mod $case {
            use super::Door;

            #[tokio::test]
            async fn sse() { super::$case(Door::Sse).await }
            #[tokio::test]
            async fn ndjson() { super::$case(Door::Ndjson).await }
            #[tokio::test]
            async fn websocket() { super::$case(Door::WebSocket).await }
            #[tokio::test]
            async fn long_poll() { super::$case(Door::LongPoll).await }
            #[tokio::test]
            async fn poll() { super::$case(Door::Poll).await }
        }
    )* };
}

at_every_door! {
    the_backlog_comes_first_and_then_what_is_new
    random_disconnects_leave_no_gap_and_no_double
    what_is_written_while_the_line_opens_is_heard
    an_expired_cursor_gets_one_reset
    a_cursor_from_the_future_gets_one_reset
    a_stranger_hears_nothing
    a_revoked_session_hears_nothing_more
    signing_out_ends_it
    without_a_session_there_is_no_way_in
    a_restart_in_mid_stream_loses_nothing
    twenty_thousand_events_come_in_order
    a_reader_that_takes_nothing_is_dropped_and_goes_on
    a_ninth_line_takes_the_place_of_the_oldest
    shutting_down_ends_it
    a_bad_cursor_is_refused_with_a_reason
    reconnecting_again_and_again_leaves_nothing_behind
}

// ---- helpers

/// Writes facts into a person's feed, as services do.
async fn tell(app: &TestApp, person: PersonId, count: usize) {
    let mut tx = app.state.database.begin().await.expect("a transaction");
    let fact = NewEvent { person, kind: EventKind::SettingsChanged, pair: None, daily_question: None };
    events::append(&mut tx, &vec![fact; count], app.state.clock.now()).await.expect("facts");
    tx.commit().await.expect("a commit");
}

async fn person_of(app: &TestApp, browser: &Browser) -> PersonId {
    let token = browser.cookies.lock().expect("cookies")["__Host-session"].clone();
    accounts::recognise(&app.state, &token).await.expect("a look").expect("a session").found.person.id
}

/// Somebody who is signed in, their id, and the last number of their feed.
async fn somebody(app: &TestApp) -> (Browser, PersonId, i64) {
    let browser = app.person(CHILDREN[0].0).await;
    let person = person_of(app, &browser).await;
    let mut tx = app.state.database.read().await.expect("a transaction");
    let last = events::last_seq(&mut tx, person).await.expect("a number");
    (browser, person, last)
}

/// Waits until it is so; the pace decides nothing.
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
    until("every line is gone", || notifier.count_lines() == 0).await;
}

fn seqs(from: i64, to: i64) -> Vec<i64> {
    (from..=to).collect()
}

/// Another browser of the same person.
async fn another_browser(app: &TestApp, browser: &Browser) -> Browser {
    let code = browser.cookies.lock().expect("cookies")["__Host-recovery"].clone();
    let device = app.visitor();
    assert_eq!(device.post("sign_in", &[("code", &code)]).await.status(), 200);
    device
}

/// A line that is being listened to, until it is replaced or has ended.
fn listen_to_the_end(mut ear: Ear) -> tokio::task::JoinHandle<(Ear, Option<Heard>)> {
    tokio::spawn(async move {
        let last = ear.ends().await;
        (ear, last)
    })
}

// ---- cases

async fn the_backlog_comes_first_and_then_what_is_new(door: Door) {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let as_of = pair.child.today(pair.id).await.as_of;
    pair.parent.answer(pair.id, "골목").await;

    let mut ear = Ear::open(&pair.child, door, as_of).await;

    let Some(Heard::Told(Event { seq, kind, pair: told, .. })) = ear.after_hello().await else { panic!("the backlog at {door:?}") };
    assert_eq!((seq, kind, told), (as_of + 1, EventKind::AnswerSubmitted, Some(pair.id)));
    pair.child.answer(pair.id, "골목").await;
    let mut told = Vec::new();
    while told.last() != Some(&EventKind::CardOpened) {
        told.push(ear.told().await.kind);
    }
    assert!(!ear.raw.contains("골목"), "ids and kinds only");
}

async fn random_disconnects_leave_no_gap_and_no_double(door: Door) {
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
            let mut ear = if by_header { Ear::reopen(&browser, door, cursor).await } else { Ear::open(&browser, door, cursor).await };
            // Cut off after none to four, wherever the bytes are just then.
            for _ in 0..(random.number() % 5).min((total - seen.len() as i64).unsigned_abs()) {
                seen.push(ear.told().await.seq);
            }
            cursor = ear.cursor;
        }
        seen
    };

    let ((), seen) = tokio::join!(writing, reading);

    assert_eq!(seen, seqs(first + 1, first + total));
    no_line_is_left(&app).await;
}

async fn what_is_written_while_the_line_opens_is_heard(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, mut cursor) = somebody(&app).await;
    for _ in 0..rounds() {
        let opening = async {
            let mut ear = Ear::open(&browser, door, cursor).await;
            loop {
                match ear.next().await.expect("an open line") {
                    Heard::Told(event) => break event.seq,
                    Heard::Hello(_) => {}
                    // Only a poll looks without being woken.
                    Heard::Ping if door == Door::Poll => {}
                    other => panic!("the event at once, not {other:?} first"),
                }
            }
        };
        let ((), seq) = tokio::join!(tell(&app, person, 1), opening);
        cursor += 1;
        assert_eq!(seq, cursor);
    }
}

async fn an_expired_cursor_gets_one_reset(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, before) = somebody(&app).await;
    tell(&app, person, 5).await;
    app.advance(housekeeping::FEED_KEPT_MS + Millis::DAY);
    housekeeping::sweep(&app.state).await.expect("a sweep");

    let mut ear = Ear::open(&browser, door, before + 2).await;

    assert_eq!(ear.after_hello().await, Some(Heard::Reset(before + 5)));
    tell(&app, person, 1).await;
    assert_eq!(ear.told().await.seq, before + 6);
}

async fn a_cursor_from_the_future_gets_one_reset(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    for cursor in [last + 1, i64::MAX] {
        let mut ear = Ear::open(&browser, door, cursor).await;
        assert_eq!(ear.after_hello().await, Some(Heard::Reset(last)), "{cursor}");
    }
    let mut ear = Ear::open(&browser, door, i64::MAX).await;
    assert_eq!(ear.after_hello().await, Some(Heard::Reset(last)));
    tell(&app, person, 1).await;
    assert_eq!(ear.told().await.seq, last + 1);
}

async fn a_stranger_hears_nothing(door: Door) {
    let app = TestApp::start().await;
    let TestPair { id, parent, child } = app.pair().await;
    let (stranger, marked, last) = somebody(&app).await;
    let mut ear = Ear::open(&stranger, door, last).await;
    let mut own = Ear::open(&child, door, child.today(id).await.as_of).await;

    parent.answer(id, "글").await;

    assert_eq!(own.told().await.kind, EventKind::AnswerSubmitted);
    tell(&app, marked, 1).await;
    let event = ear.told().await;
    assert_eq!((event.seq, event.kind, event.pair), (last + 1, EventKind::SettingsChanged, None), "nothing came before the mark");
}

async fn a_revoked_session_hears_nothing_more(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, _) = somebody(&app).await;
    let device = another_browser(&app, &browser).await;
    let account: crate::api::AccountView = browser.ask("account", &[]).await.expect("the account");
    let session = account.sessions.iter().find(|session| !session.is_this).expect("the other device").id.to_string();
    let mut ear = Ear::open(&device, door, 0).await;
    ear.told().await;
    let listening = listen_to_the_end(ear);

    assert_eq!(browser.post("end_session", &[("session", &session)]).await.status(), 200);
    tell(&app, person, 1).await;

    let (ear, last) = listening.await.expect("the line ends");
    assert!(!matches!(last, Some(Heard::Told(Event { kind: EventKind::SettingsChanged, .. }))), "{last:?}");
    match door {
        Door::WebSocket => assert_eq!(ear.end, Some((4001, "signed_out".into()))),
        Door::LongPoll | Door::Poll => assert_eq!(ear.end, Some((401, "\"SignedOut\"".into()))),
        Door::Sse | Door::Ndjson => {}
    }
    assert_eq!(Ear::try_open(&device, Door::Sse, 0, false).await.err(), Some((401, "\"SignedOut\"".into())));
    no_line_is_left(&app).await;
}

async fn signing_out_ends_it(door: Door) {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    let ear = Ear::open(&browser, door, last).await;
    let listening = listen_to_the_end(ear);

    assert_eq!(browser.post("sign_out", &[]).await.status(), 200);

    listening.await.expect("the line ends");
    no_line_is_left(&app).await;
}

async fn without_a_session_there_is_no_way_in(door: Door) {
    let app = TestApp::start().await;
    let refused = match Ear::try_open(&app.visitor(), door, 0, false).await {
        Err(refused) => refused,
        Ok(mut ear) => {
            assert_eq!(ear.next().await, None);
            ear.end.expect("a status")
        }
    };
    assert_eq!(refused, (401, "\"SignedOut\"".into()));
}

async fn a_restart_in_mid_stream_loses_nothing(door: Door) {
    let mut app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    tell(&app, person, 150).await;
    let mut ear = Ear::open(&browser, door, first).await;
    let mut seen = Vec::new();
    for _ in 0..120 {
        seen.push(ear.told().await.seq);
    }

    app.restart(0).await;
    tell(&app, person, 50).await;

    // What was on its way still comes; then the line ends, and the next one goes on.
    while seen.len() < 200 {
        match ear.next().await {
            Some(Heard::Told(event)) => seen.push(event.seq),
            Some(_) => {}
            None => ear = Ear::reopen(&browser, door, ear.cursor).await,
        }
    }
    assert_eq!(seen, seqs(first + 1, first + 200));
}

async fn twenty_thousand_events_come_in_order(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    for _ in 0..20 {
        tell(&app, person, 1_000).await;
    }
    let mut ear = Ear::open(&browser, door, first).await;
    for seq in first + 1..=first + 20_000 {
        assert_eq!(ear.told().await.seq, seq);
    }
}

async fn a_reader_that_takes_nothing_is_dropped_and_goes_on(door: Door) {
    let app = TestApp::start_with_patience(Duration::from_millis(300)).await;
    let (browser, person, first) = somebody(&app).await;
    for _ in 0..20 {
        tell(&app, person, 1_000).await;
    }
    // Warm, so that what is measured is the reader's.
    let mut swift = Ear::open(&browser, door, first).await;
    for _ in 0..20_000 {
        swift.told().await;
    }
    drop(swift);
    no_line_is_left(&app).await;
    forget_peak();
    let before = peak_memory();

    let mut stalled = Vec::new();
    for _ in 0..lines::PER_SESSION {
        stalled.push(stalled_request(&browser, door, first).await);
    }
    if door.is_stream() {
        until("the lines are open", || app.state.database.notifier().count_lines() > 0).await;
        no_line_is_left(&app).await;
    } else {
        for stream in &mut stalled {
            refuses_more(stream).await;
        }
    }

    // Processes of their own are measured; threads of one would measure one another.
    if std::env::var_os("NEXTEST").is_some() {
        let grown = peak_memory() - before;
        assert!(grown < 8 * 1_024, "{grown} KiB for {} readers that take nothing", lines::PER_SESSION);
    }
    let mut cursor = first + last_event_in(&mut stalled[0], door).await;
    let mut ear = Ear::reopen(&browser, door, cursor).await;
    while cursor < first + 20_000 {
        cursor += 1;
        assert_eq!(ear.told().await.seq, cursor);
    }
}

async fn a_ninth_line_takes_the_place_of_the_oldest(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    let notifier = app.state.database.notifier();
    let oldest = tokio::spawn({
        let mut ear = Ear::open(&browser, door, last).await;
        async move {
            // A poll holds no line: it hears the mark like everybody else.
            let mut heard = ear.next().await;
            while matches!(heard, Some(Heard::Hello(_) | Heard::Ping)) {
                heard = ear.next().await;
            }
            (ear, heard)
        }
    });
    let held = usize::from(door != Door::Poll);
    until("the oldest line is open", || notifier.count_lines() == held).await;

    let mut others = Vec::new();
    for at in 0..lines::PER_SESSION {
        others.push(Ear::open(&browser, [Door::Sse, Door::Ndjson, Door::WebSocket][at % 3], last).await);
    }
    let heard = if door == Door::Poll { None } else { Some(oldest.await.expect("an ear")) };
    until("eight lines are open", || notifier.count_lines() == lines::PER_SESSION).await;
    tell(&app, person, 1).await;

    for ear in &mut others {
        assert_eq!(ear.told().await.seq, last + 1, "the newer lines stay");
    }
    if let Some((mut ear, heard)) = heard {
        assert_eq!(heard, Some(Heard::Replaced));
        assert_eq!(ear.next().await, None, "it is the last frame");
        match door {
            Door::WebSocket => assert_eq!(ear.end, Some((4000, "replaced".into()))),
            Door::Sse => assert!(ear.raw.contains("retry: 600000"), "a page that does not know the frame comes back late: {}", ear.raw),
            Door::Ndjson | Door::LongPoll | Door::Poll => {}
        }
    }
}

async fn shutting_down_ends_it(door: Door) {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    let ear = Ear::open(&browser, door, last).await;
    let listening = listen_to_the_end(ear);
    until("the line is open", || door == Door::Poll || app.state.database.notifier().count_lines() == 1).await;

    app.state.lifecycle.end();

    let (ear, _) = listening.await.expect("the line ends");
    match door {
        Door::WebSocket => assert_eq!(ear.end, Some((1001, "ending".into()))),
        Door::LongPoll => assert_eq!(ear.end, Some((503, "\"Unavailable\"".into()))),
        Door::Sse | Door::Ndjson | Door::Poll => {}
    }
    assert!(app.state.lifecycle.drained(PATIENCE).await, "nothing holds the process");
}

async fn a_bad_cursor_is_refused_with_a_reason(door: Door) {
    let app = TestApp::start().await;
    let (browser, ..) = somebody(&app).await;
    let wait = if door == Door::LongPoll { "&wait=1" } else { "" };
    for (after, id) in [("x", None), ("-1", None), ("", None), ("99999999999999999999", None), ("3", Some("x")), ("3", Some("-3"))] {
        let query = format!("after={after}{wait}");
        let headers: Vec<(&'static str, &str)> = id.map(|id| ("last-event-id", id)).into_iter().collect();
        let refused = if door == Door::WebSocket {
            doors::socket(&browser, &query, &headers).await.expect_err("a refusal")
        } else {
            let response = browser.events(&query, &[&headers[..], &[("accept", door.accept())]].concat()).await.expect("an answer");
            assert_eq!(response.status(), 400, "{query} {id:?}");
            (response.status().as_u16(), response.text().await.expect("a code"))
        };
        assert_eq!(refused, (400, "\"CursorInvalid\"".into()), "{query} {id:?}");
    }
}

async fn reconnecting_again_and_again_leaves_nothing_behind(door: Door) {
    let app = TestApp::start().await;
    let (browser, person, first) = somebody(&app).await;
    tell(&app, person, 1).await;
    for _ in 0..10 {
        let opening = (0..20).map(|_| async {
            let mut ear = Ear::open(&browser, door, first).await;
            // Sometimes the place is taken before anything is heard.
            ear.next().await;
        });
        futures::future::join_all(opening).await;
        assert!(app.state.database.notifier().count_lines() <= lines::PER_SESSION);
    }
    no_line_is_left(&app).await;
}

// ---- readers that take nothing

/// The highest this process's memory has been since `forget_peak`, in KiB.
fn peak_memory() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a Linux");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|rest| rest.trim().strip_suffix(" kB")?.parse().ok());
    peak.expect("a number")
}

fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("the peak can be put back");
}

/// A connection with a small buffer on which the feed is asked for; a poll is asked for often enough to fill it.
async fn stalled_request(browser: &Browser, door: Door, cursor: i64) -> TcpStream {
    let host = browser.url.trim_start_matches("http://");
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4 * 1_024).expect("a small buffer");
    let mut stream = socket.connect(([127, 0, 0, 1], port).into()).await.expect("a connection");
    let upgrade = if door == Door::WebSocket {
        format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: {}\r\n",
            browser.url
        )
    } else {
        String::new()
    };
    let head = format!(
        "GET /events?{} HTTP/1.1\r\nHost: {host}\r\nCookie: {}\r\nAccept: {}\r\n{upgrade}\r\n",
        door.query(cursor),
        browser.cookie_line(),
        door.accept()
    );
    stream.write_all(head.as_bytes()).await.expect("a request");
    if !door.is_stream() {
        stream.write_all(head.repeat(99).as_bytes()).await.expect("more of them");
    }
    stream
}

/// Writes until the other end has hung up.
async fn refuses_more(stream: &mut TcpStream) {
    let writing = async {
        while stream.write_all(b"\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, writing).await.expect("the connection is given up");
}

/// How many whole events arrived before the end, numbered from 1.
async fn last_event_in(stream: &mut TcpStream, door: Door) -> i64 {
    if !door.is_stream() {
        return 0; // the answers of one question, asked a hundred times
    }
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // What was still on its way comes, and then the end or a reset.
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("the connection is given up");
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.matches("\"seq\":").count() as i64 - 1;
    assert!((0..20_000).contains(&whole), "{whole} events arrived");
    whole.max(0)
}

// ---- what only some doors have

#[tokio::test]
async fn a_silent_line_is_alive_at_every_door() {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    let pings = Door::ALL.map(|door| {
        let browser = &browser;
        async move {
            if door == Door::LongPoll {
                let answer = browser.events(&format!("after={last}&wait=1"), &[("accept", "application/json")]).await.expect("an answer");
                let answer: serde_json::Value = serde_json::from_slice(&answer.bytes().await.expect("a body")).expect("JSON");
                assert_eq!(
                    answer,
                    serde_json::json!({ "build": "test", "seq": last, "reset": false, "replaced": false, "more": false, "events": [] })
                );
                return;
            }
            assert_eq!(Ear::open(browser, door, last).await.after_hello().await, Some(Heard::Ping), "{door:?}");
        }
    });
    futures::future::join_all(pings).await;
}

#[tokio::test]
async fn a_person_holds_twenty_lines_over_all_browsers() {
    let app = TestApp::start().await;
    let (first, ..) = somebody(&app).await;
    let mut browsers = vec![first.clone()];
    for _ in 0..2 {
        browsers.push(another_browser(&app, &first).await);
    }
    let mut ears = Vec::new();
    for at in 0..=lines::PER_PERSON {
        let mut ear = Ear::open(&browsers[at % 3], Door::Ndjson, 0).await;
        assert!(matches!(ear.next().await, Some(Heard::Hello(_))));
        ears.push(ear);
    }
    assert_eq!(app.state.database.notifier().count_lines(), lines::PER_PERSON);
    assert_eq!(ears[0].ends().await, Some(Heard::Replaced));
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
    assert_eq!(app.state.database.notifier().count_lines(), 1);
}

#[tokio::test]
async fn a_socket_opened_by_another_site_is_refused() {
    let app = TestApp::start().await;
    let (browser, ..) = somebody(&app).await;
    let (scheme, alike) = (browser.url.replace("http", "https"), format!("{}.evil.example", browser.url));
    for origin in ["https://evil.example", "null", "", &scheme, &alike] {
        let refused = doors::socket(&browser, "after=0", &[("origin", origin)]).await.err();
        assert_eq!(refused, Some((403, "\"CrossSite\"".into())), "{origin}");
    }
    let broken = browser.events("after=0", &[("upgrade", "websocket"), ("origin", &browser.url)]).await.expect("an answer");
    assert_eq!((broken.status().as_u16(), broken.text().await.expect("a code")), (400, "\"Malformed\"".into()));
    assert_eq!(app.state.database.notifier().count_lines(), 0);
}

#[tokio::test]
async fn a_socket_that_is_talked_to_closes_with_a_reason() {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    let query = format!("after={last}");
    let close_of = async |messages: Vec<Message>| {
        let mut socket = doors::socket(&browser, &query, &[]).await.expect("a socket");
        for message in messages {
            // It may have hung up already.
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
    assert_eq!(close_of(vec![Message::text("?".repeat(2_000))]).await, Some((1009, "a message is too long".into())));
    no_line_is_left(&app).await;

    // A little is ignored, and pings are answered.
    let mut socket = doors::socket(&browser, &query, &[]).await.expect("a socket");
    for _ in 0..16 {
        socket.send(Message::text("?")).await.expect("an open socket");
    }
    socket.send(Message::Ping(b"here?".to_vec().into())).await.expect("an open socket");
    let (mut was_answered, mut was_told) = (false, false);
    tell(&app, person, 1).await;
    while !(was_answered && was_told) {
        match tokio::time::timeout(PATIENCE, socket.next()).await.expect("something").expect("an open socket").expect("a message") {
            Message::Pong(data) => was_answered = &data[..] == b"here?",
            Message::Text(text) => was_told |= text.contains("\"frame\":\"told\""),
            other => panic!("{other:?}"),
        }
    }
}
