//! Tests of several nodes on one PostgreSQL: what one node commits reaches the open lines at another.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{
    app::{Browser, FeedStream, PATIENCE, TestApp, TestPair},
    postgres::relay::{Relay, Relays},
    push_service::PushService,
    storage::databases::{TestDatabase, on_postgres},
};
use crate::{
    domain::{EventKind, Millis, PersonId, Presence, SessionId},
    reads,
    server::{
        jobs::open_lines,
        storage::{
            Database, Opening, Source,
            events::{self, NewEvent},
        },
    },
};

/// So long that the look finds nothing within a test.
const NEVER: Duration = Duration::from_secs(3_600);

/// Two nodes that look at their lines on demand only, and a pair that is signed in at the first.
async fn nodes(url: &str) -> (TestApp, TestApp, TestPair) {
    let (first, second) = (TestApp::start_on(url, NEVER, "").await, TestApp::start_on(url, NEVER, "").await);
    let pair = first.pair().await;
    (first, second, pair)
}

/// The same browser, which a proxy leads to another node.
fn at(node: &TestApp, browser: &Browser) -> Browser {
    let mut browser = browser.clone();
    browser.url = node.url.clone();
    browser
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

async fn listens(node: &TestApp) {
    until("the node listens", || node.state.database.notifier().heard_ago().is_some()).await;
}

/// Opens the feed of the child at a node. The line has read everything and waits when this returns.
async fn idle_line(node: &TestApp, child: &Browser, pair: &TestPair) -> FeedStream {
    let mut line = at(node, child).listen(pair.id).await;
    line.next_frame().await.expect("a greeting");
    until("the line has read its feed", || {
        node.state.database.notifier().open_lines().iter().any(|line| line.seq != i64::MAX)
    })
    .await;
    line
}

async fn session_of(app: &TestApp, browser: &Browser) -> (PersonId, SessionId) {
    let found = app.session_of(browser).await;
    (found.person.id, found.session.id)
}

/// Waits until a node knows, or no longer knows, that the browser has an open line somewhere.
async fn knows_line(node: &TestApp, browser: &Browser, is_open: bool) {
    let (person, session) = session_of(node, browser).await;
    let notifier = node.state.database.notifier();
    until("the node knows the line", || notifier.has_connection(person, session) == is_open).await;
}

/// Writes an event as a process does that tells no other: one that dies right after the commit.
async fn tell_in_silence(url: &str, app: &TestApp, person: PersonId) {
    let silent = Database::open(url, Opening::AsIs).await.expect("the database");
    let mut tx = silent.begin().await.expect("a transaction");
    let event = NewEvent { person, kind: EventKind::SettingsChanged, pair: None, daily_question: None };
    events::append(&mut tx, &[event], None, app.state.clock.now()).await.expect("an event");
    tx.commit().await.expect("a commit");
    silent.close().await;
}

/// Cuts the connections of all listeners. Returns how many there were.
async fn cut_listeners(url: &str) -> usize {
    let mut connection = PgConnection::connect(url).await.expect("the database");
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND application_name = 'umbba listener'";
    let cut: Vec<bool> = sqlx::query_scalar(AssertSqlSafe(cut)).fetch_all(&mut connection).await.expect("an answer");
    cut.len()
}

#[tokio::test]
async fn an_answer_at_one_node_reaches_a_line_at_another_without_a_look() {
    on_postgres(async |db: TestDatabase| {
        let (first, second, pair) = nodes(&db.url).await;
        listens(&second).await;
        let mut line = idle_line(&second, &pair.child, &pair).await;

        pair.parent.answer(pair.id, "글").await;

        assert_eq!(line.next_event().await.kind, EventKind::AnswerSubmitted);
        drop(first);
    })
    .await;
}

#[tokio::test]
async fn a_session_ended_at_one_node_ends_its_line_at_another_without_a_look() {
    on_postgres(async |db: TestDatabase| {
        let (first, second, pair) = nodes(&db.url).await;
        listens(&second).await;
        let device = first.visitor();
        assert_eq!(device.post("sign_in", &[("code", &pair.child.recovery_code())]).await.status(), 200);
        let account: reads::WaysInView = pair.child.read(reads::ways_in()).await.expect("the ways in");
        let session = account.sessions.iter().find(|session| !session.is_this).expect("the other device").id;
        let mut line = idle_line(&second, &device, &pair).await;

        assert_eq!(pair.child.post("end_session", &[("session", &session.to_string())]).await.status(), 200);

        tokio::time::timeout(PATIENCE, line.ends()).await.expect("the line ends");
    })
    .await;
}

#[tokio::test]
async fn a_commit_wakes_the_loops_of_the_other_nodes() {
    on_postgres(async |db: TestDatabase| {
        let (first, second, pair) = nodes(&db.url).await;
        listens(&second).await;
        let notifier = second.state.database.notifier().clone();
        // A listener that begins wakes the loops as well.
        tokio::time::timeout(PATIENCE, notifier.scheduler_woken()).await.expect("a look at the beginning");

        let fields = [("pair", &*pair.id.to_string()), ("push_time", "20:00"), ("zone", "Asia/Seoul")];
        assert!(pair.parent.post("change_push_time", &fields).await.status().is_success());

        tokio::time::timeout(PATIENCE, notifier.scheduler_woken()).await.expect("a due minute was written");
        drop(first);
    })
    .await;
}

#[tokio::test]
async fn a_listener_that_was_cut_connects_again_and_looks_for_what_it_missed() {
    on_postgres(async |db: TestDatabase| {
        let (first, second, pair) = nodes(&db.url).await;
        listens(&second).await;
        let mut line = idle_line(&second, &pair.child, &pair).await;
        let (person, _) = session_of(&first, &pair.child).await;

        tell_in_silence(&db.url, &first, person).await;
        assert_eq!(cut_listeners(&db.url).await, 2);
        assert_eq!(line.next_event().await.kind, EventKind::SettingsChanged, "nobody told, but the node looked");

        listens(&second).await;
        pair.parent.answer(pair.id, "글").await;
        assert_eq!(line.next_event().await.kind, EventKind::AnswerSubmitted, "it listens again");
    })
    .await;
}

#[tokio::test]
async fn a_listener_whose_connection_is_open_and_silent_is_replaced() {
    on_postgres(async |db: TestDatabase| {
        let relay = Relay::start(&db.url).await;
        let through = Source { direct_url: Some(relay.url.clone()), ..Source::from(&db.url) };
        let (first, second) =
            (TestApp::start_on(&db.url, NEVER, "").await, TestApp::start_on(through, NEVER, "").await);
        let pair = first.pair().await;
        listens(&second).await;
        let mut line = idle_line(&second, &pair.child, &pair).await;
        let notifier = second.state.database.notifier().clone();

        relay.set(Relays::Nothing);
        // A listener hears the bulletins of its own node every five seconds, so it notices within twelve.
        until("the silent connection is given up", || notifier.heard_ago().is_none()).await;
        pair.parent.answer(pair.id, "글").await;
        relay.set(Relays::All);

        let event =
            tokio::time::timeout(PATIENCE, line.next_event()).await.expect("the node looks when it listens again");
        assert_eq!(event.kind, EventKind::AnswerSubmitted);
        drop(first);
    })
    .await;
}

#[tokio::test]
async fn the_look_alone_suffices_on_postgresql() {
    on_postgres(async |db: TestDatabase| {
        let (first, second, pair) = nodes(&db.url).await;
        let mut line = idle_line(&second, &pair.child, &pair).await;
        let (person, _) = session_of(&first, &pair.child).await;
        assert_eq!(open_lines::pass(&second.state).await.expect("a look"), 0, "the line is not behind");

        tell_in_silence(&db.url, &first, person).await;
        open_lines::pass(&second.state).await.expect("a look");

        assert_eq!(line.next_event().await.kind, EventKind::SettingsChanged);
    })
    .await;
}

#[tokio::test]
async fn a_push_waits_for_a_page_that_is_open_at_another_node() {
    on_postgres(async |db: TestDatabase| {
        let service = PushService::start().await;
        let first = TestApp::start_on(&db.url, NEVER, &service.host).await;
        let second = TestApp::start_on(&db.url, NEVER, "").await;
        let pair = first.pair().await;
        listens(&first).await;
        pair.child.subscribe(&service, "child").await;
        first.deliver().await;
        service.take();
        let mut line = idle_line(&second, &pair.child, &pair).await;
        knows_line(&first, &pair.child, true).await;

        pair.parent.answer(pair.id, "글").await;
        let event = line.next_event().await;
        first.deliver().await;
        assert!(service.take().is_empty(), "the page has five seconds to say that it was seen");
        let seen = at(&second, &pair.child).post("seen_live", &[("seq", &event.seq.to_string())]).await;
        assert_eq!(seen.status(), 200);
        first.advance(6 * Millis::SECOND);
        first.deliver().await;
        assert!(service.take().is_empty(), "and it has said so");

        drop(line);
        knows_line(&first, &pair.child, false).await;
    })
    .await;
}

#[tokio::test]
async fn a_node_that_starts_later_or_was_deaf_learns_of_the_lines_that_are_open() {
    on_postgres(async |db: TestDatabase| {
        let (first, _second, pair) = nodes(&db.url).await;
        let _line = idle_line(&first, &pair.child, &pair).await;

        let third = TestApp::start_on(&db.url, NEVER, "").await;
        knows_line(&third, &pair.child, true).await;

        assert_eq!(cut_listeners(&db.url).await, 3);
        let _other = idle_line(&first, &pair.parent, &pair).await;
        knows_line(&third, &pair.parent, true).await;
    })
    .await;
}

#[tokio::test]
async fn presence_is_seen_at_another_node_and_expires_there() {
    on_postgres(async |db: TestDatabase| {
        let (first, second, pair) = nodes(&db.url).await;
        let mut line = idle_line(&second, &pair.child, &pair).await;
        knows_line(&first, &pair.child, true).await;

        let fields = [("pair", &*pair.id.to_string()), ("what", "here")];
        assert_eq!(pair.parent.post("presence", &fields).await.status(), 200);

        let (frame, signal) = line.next_frame().await.expect("an open line");
        assert_eq!((&*frame, signal.contains("here")), ("presence", true), "{signal}");
        let notifier = second.state.database.notifier();
        assert_eq!(notifier.count_presence_signals(), 1);
        second.advance(Presence::LIFE_MS);
        until("it expires", || notifier.count_presence_signals() == 0).await;
    })
    .await;
}
