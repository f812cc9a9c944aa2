//! Tests of the look at all open lines, which alone suffices: the events and ended sessions that nobody told this
//! process of. Another process on the same database writes them, as a command of the operator does.

use std::time::Duration;

use super::{
    app::{Browser, PATIENCE, TestApp},
    feed_clients::{FeedClient, FeedMessage, Transport},
};
use crate::{
    domain::{EventKind, PersonId, SessionId},
    server::{
        jobs::open_lines,
        storage::{
            Database, Opening,
            events::{self, NewEvent},
        },
    },
};

const WAITING: [Transport; 4] = [Transport::Sse, Transport::Ndjson, Transport::WebSocket, Transport::LongPoll];

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

async fn session_of(app: &TestApp, browser: &Browser) -> (PersonId, SessionId) {
    let found = app.session_of(browser).await;
    (found.person.id, found.session.id)
}

/// Another process on the same data.
async fn another_process(app: &TestApp) -> Database {
    Database::open(app.database_url(), Opening::AsIs).await.expect("the database")
}

/// Opens a line that waits: it has read its feed. Returns what it hears next.
async fn waiting_line(
    app: &TestApp,
    browser: &Browser,
    transport: Transport,
) -> tokio::task::JoinHandle<(FeedClient, Option<FeedMessage>)> {
    let (person, session) = session_of(app, browser).await;
    let mut tx = app.state.database.read().await.expect("a read");
    let last = events::last_seq(&mut tx, person).await.expect("a number");
    drop(tx);
    let mut client = FeedClient::open(browser, transport, last).await;
    let line = tokio::spawn(async move {
        let mut heard = client.next().await;
        while matches!(heard, Some(FeedMessage::Hello(_) | FeedMessage::Ping)) {
            heard = client.next().await;
        }
        (client, heard)
    });
    until("the line waits", || {
        let lines = app.state.database.notifier().open_lines();
        lines.iter().any(|line| line.session == session && line.seq == last)
    })
    .await;
    line
}

#[tokio::test]
async fn a_look_wakes_the_lines_that_are_behind_and_no_other() {
    let app = TestApp::start().await;
    for transport in WAITING {
        let (behind, idle) = (app.person("민지").await, app.person("영호").await);
        let (person, _) = session_of(&app, &behind).await;
        let line = waiting_line(&app, &behind, transport).await;
        let other = waiting_line(&app, &idle, transport).await;
        assert_eq!(open_lines::pass(&app.state).await.expect("a look"), 0);

        let process = another_process(&app).await;
        let mut tx = process.begin().await.expect("a transaction");
        let event = NewEvent { person, kind: EventKind::SettingsChanged, pair: None, daily_question: None };
        events::append(&mut tx, &[event], None, app.state.clock.now()).await.expect("an event");
        tx.commit().await.expect("a commit");
        open_lines::pass(&app.state).await.expect("a look");

        let (_client, heard) = line.await.expect("a line");
        assert!(
            matches!(&heard, Some(FeedMessage::Told(event)) if event.kind == EventKind::SettingsChanged),
            "{transport:?}: {heard:?}"
        );
        assert!(!other.is_finished(), "{transport:?}: the other line had nothing to hear");
        other.abort();
    }
}

#[tokio::test]
async fn a_look_ends_the_lines_of_sessions_that_have_ended() {
    let app = TestApp::start().await;
    for transport in WAITING {
        let browser = app.person("민지").await;
        let (_, session) = session_of(&app, &browser).await;
        let line = waiting_line(&app, &browser, transport).await;

        app.run_sql(&format!("DELETE FROM sessions WHERE id = '{session}'")).await;
        open_lines::pass(&app.state).await.expect("a look");

        let (client, heard) = line.await.expect("a line");
        assert_eq!(heard, None, "{transport:?}");
        match transport {
            Transport::WebSocket => assert_eq!(client.end, Some((4001, "signed_out".into()))),
            Transport::LongPoll => assert_eq!(client.end, Some((401, "\"SignedOut\"".into()))),
            Transport::Sse | Transport::Ndjson | Transport::Poll => {}
        }
    }
    until("every line is gone", || app.state.database.notifier().count_connections() == 0).await;
    assert_eq!(open_lines::pass(&app.state).await.expect("a look"), 0);
}

#[tokio::test]
async fn more_lines_than_one_statement_takes_are_all_looked_at() {
    let app = TestApp::start().await;
    let notifier = app.state.database.notifier();
    let gone: Vec<_> = (1..=4_500).map(|at| notifier.open_connection(PersonId(at), SessionId(at))).collect();
    assert_eq!(open_lines::pass(&app.state).await.expect("a look"), gone.len());
}
