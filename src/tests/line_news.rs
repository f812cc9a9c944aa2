//! Tests of what a transaction reads for the lines of the feeds that it writes, and of the lines that it reads nothing
//! for: those read their feed on their own.

use std::{collections::BTreeSet, time::Duration};

use super::app::{Browser, NOON, PATIENCE, TestApp, rounds};
use crate::{
    domain::{Event, EventKind, PersonId, SessionId},
    server::{
        live::{End, Feed, Frame, Position},
        notifier::{
            bulletin::Work,
            news::{LineNews, News},
        },
        storage::{
            Database, Opening, entries,
            events::{self, NewEvent},
            journal::{Entry, Journal},
            persons, sessions,
        },
    },
};

/// A line that waits.
struct Line {
    feed: Feed,
    person: PersonId,
    session: SessionId,
}

impl Line {
    /// Opens a line that knows the number of the last event.
    async fn open(app: &TestApp, browser: &Browser) -> Self {
        let found = app.session_of(browser).await;
        Self::of(app, found.person.id, found.session.id).await
    }

    async fn of(app: &TestApp, person: PersonId, session: SessionId) -> Self {
        let mark = app.state.database.notifier().mark();
        let last_seq = last_seq(app, person).await;
        let position = Position { last_seq, mark };
        let feed = Feed::open_at(app.state.clone().into(), person, session, last_seq, position).await;
        let mut line = Self { feed: feed.expect("a line"), person, session };
        assert!(matches!(line.next().await, Some(Frame::Hello { .. })));
        line
    }

    async fn next(&mut self) -> Option<Frame> {
        tokio::time::timeout(PATIENCE, self.feed.next()).await.expect("a frame")
    }

    async fn event(&mut self) -> Event {
        match self.next().await {
            Some(Frame::Told(event)) => event,
            other => panic!("no event: {other:?}"),
        }
    }

    async fn says_nothing(&mut self) {
        let said = tokio::time::timeout(Duration::from_millis(20), self.feed.next()).await;
        assert!(said.is_err(), "{said:?}");
    }
}

async fn last_seq(app: &TestApp, person: PersonId) -> i64 {
    let mut tx = app.state.database.read().await.expect("a read");
    events::last_seq(&mut tx, person).await.expect("a number")
}

/// Writes events into the feeds, in one transaction.
async fn write(database: &Database, persons: &[PersonId], kinds: &[EventKind]) {
    let event = |kind: &EventKind, person: &PersonId| NewEvent {
        person: *person,
        kind: *kind,
        pair: None,
        daily_question: None,
    };
    let events: Vec<NewEvent> = kinds.iter().flat_map(|kind| persons.iter().map(move |one| event(kind, one))).collect();
    let mut tx = database.begin().await.expect("a transaction");
    events::append(&mut tx, &events, None, NOON).await.expect("events");
    tx.commit().await.expect("a commit");
}

/// How often a line asked the database for its news.
fn asked(journal: &Journal) -> usize {
    let is_asked = |entry: &Entry| matches!(entry, Entry::Statement(sql) if sql.contains("LEFT JOIN events e"));
    journal.take().into_iter().filter(is_asked).count()
}

#[tokio::test]
async fn lines_that_wait_ask_nothing_of_sqlite() {
    let (app, journal) = TestApp::start_recorded().await;
    let pair = app.pair().await;
    let (mut parent, mut child) = (Line::open(&app, &pair.parent).await, Line::open(&app, &pair.child).await);
    journal.take();

    assert!(pair.parent.answer(pair.id, "글").await.status().is_success());
    let (own, others) = (parent.event().await, child.event().await);
    assert_eq!((own.kind, others.kind), (EventKind::AnswerSubmitted, EventKind::AnswerSubmitted));
    assert_eq!((own.pair, own.daily_question), (Some(pair.id), others.daily_question));
    assert!(own.daily_question.is_some());
    let unread = others.unread.expect("the number of unread entries");
    assert!(pair.child.answer(pair.id, "말").await.status().is_success());
    let (parents, childs) = (parent.event().await, child.event().await);
    assert_eq!((parents.kind, childs.kind), (EventKind::CardOpened, EventKind::CardOpened));
    assert_eq!((parents.seq, childs.seq), (own.seq + 1, others.seq + 1));
    assert_eq!((parents.unread, childs.unread), (own.unread.map(|before| before + 1), Some(unread)));

    // PostgreSQL is asked by each line, because the transaction would have to wait for one more answer.
    assert_eq!(asked(&journal), if app.is_postgres() { 4 } else { 0 });
    parent.says_nothing().await;
    child.says_nothing().await;
}

#[tokio::test]
async fn every_line_hears_all_once_whatever_its_transaction_could_read() {
    let (app, journal) = TestApp::start_recorded().await;
    let browser = app.person("민지").await;
    let mut line = Line::open(&app, &browser).await;
    let another_process = Database::open(app.database_url(), Opening::AsIs).await.expect("the database");
    let mut last = last_seq(&app, line.person).await;
    let mut heard = async |line: &mut Line, count: i64| {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let event = line.event().await;
            last += 1;
            assert_eq!(event.seq, last);
            kinds.push(event.kind);
        }
        kinds
    };
    let person = [line.person];
    journal.take();

    // What nobody told this process of is read with the next one.
    write(&another_process, &person, &[EventKind::NameChanged]).await;
    write(&app.state.database, &person, &[EventKind::SettingsChanged]).await;
    assert_eq!(heard(&mut line, 2).await, [EventKind::NameChanged, EventKind::SettingsChanged]);
    let of_transactions = usize::from(app.is_postgres());
    assert_eq!(asked(&journal), of_transactions);

    // A line that is more than 20 behind reads on its own.
    for (unheard, asked_for) in [(19, of_transactions), (20, 1)] {
        write(&another_process, &person, &vec![EventKind::DeviceChanged; unheard]).await;
        write(&app.state.database, &person, &[EventKind::SettingsChanged]).await;
        heard(&mut line, unheard as i64 + 1).await;
        assert_eq!(asked(&journal), asked_for, "{unheard} before the transaction");
    }

    // So does one that slept through a wake-up, because the last transaction may not have read what came before.
    write(&app.state.database, &person, &[EventKind::NameChanged]).await;
    write(&app.state.database, &person, &[EventKind::SettingsChanged]).await;
    heard(&mut line, 2).await;
    assert_eq!(asked(&journal), 1);

    // A kind of a later release is told as one that is not known.
    write_kind(&app, line.person, "'of_tomorrow'").await;
    write(&app.state.database, &person, &[EventKind::NameChanged]).await;
    assert_eq!(heard(&mut line, 2).await, [EventKind::Other, EventKind::NameChanged]);
    assert_eq!(asked(&journal), of_transactions);
    line.says_nothing().await;
}

/// Writes an event as this release would not, and tells nobody.
async fn write_kind(app: &TestApp, person: PersonId, kind: &str) {
    app.run_sql(&format!("UPDATE persons SET last_seq = last_seq + 1 WHERE id = '{person}'")).await;
    let row = format!("SELECT id, last_seq, {kind}, 0 FROM persons WHERE id = '{person}'");
    app.run_sql(&format!("INSERT INTO events (person_id, seq, kind, at) {row}")).await;
}

#[tokio::test]
async fn what_cannot_be_read_breaks_off_no_transaction() {
    let app = TestApp::start().await;
    for kind in ["x'ff'", "CAST(x'ff' AS TEXT)"] {
        let browser = app.person("민지").await;
        let mut line = Line::open(&app, &browser).await;
        write_kind(&app, line.person, kind).await;

        write(&app.state.database, &[line.person], &[EventKind::NameChanged]).await;

        assert_eq!(line.next().await, None, "{kind}");
        assert_eq!(line.feed.end(), Some(End::Unavailable));
        let seq = last_seq(&app, line.person).await;
        let mut tx = app.state.database.read().await.expect("a read");
        let told = events::find_after(&mut tx, line.person, seq - 1, 9).await.expect("events");
        assert_eq!(told.into_iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::NameChanged]);
    }
}

#[tokio::test]
async fn the_last_event_says_how_many_entries_are_unread() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    assert!(pair.parent.answer(pair.id, "글").await.status().is_success());
    let mut line = Line::open(&app, &pair.child).await;
    // An entry of a later release is not counted.
    app.run_sql(
        "INSERT INTO notifications (id, slot, kind, person_id, detail, seq, is_pushed, at, expires_at)
         SELECT 'new', 'new', 'of_tomorrow', person_id, detail, seq, is_pushed, at, expires_at FROM notifications
         LIMIT 1",
    )
    .await;

    write(&app.state.database, &[line.person], &[EventKind::NameChanged, EventKind::SettingsChanged]).await;

    let mut tx = app.state.database.read().await.expect("a read");
    let unread = entries::count_unread(&mut tx, line.person).await.expect("a number");
    drop(tx);
    assert!(unread > 0);
    assert_eq!([line.event().await.unread, line.event().await.unread], [None, Some(unread)]);
}

#[tokio::test]
async fn wake_ups_in_any_order_tell_each_event_once() {
    let app = TestApp::start().await;
    let browser = app.person("민지").await;
    for order in [[1, 2], [2, 1]] {
        let mut line = Line::open(&app, &browser).await;
        let (person, session) = (line.person, line.session);
        let after = last_seq(&app, person).await;
        let event =
            |seq| Event { seq, kind: EventKind::NameChanged, pair: None, daily_question: None, unread: None, at: NOON };
        let mut heard = 0;
        for count in order {
            let events = (1..=count).map(|at| event(after + at)).collect();
            let news = News::from([(person, vec![LineNews { session, after, events }].into())]);
            app.state.database.notifier().committed(&BTreeSet::from([person]), Work::default(), &news);
            while heard < count {
                heard += 1;
                assert_eq!(line.event().await.seq, after + heard, "{order:?}");
            }
            line.says_nothing().await;
        }
    }
}

#[tokio::test]
async fn two_lines_of_a_session_go_on_from_their_own_cursors() {
    let (app, journal) = TestApp::start_recorded().await;
    let browser = app.person("민지").await;
    let (mut awake, mut asleep) = (Line::open(&app, &browser).await, Line::open(&app, &browser).await);
    journal.take();
    let mut seqs = Vec::new();
    for _ in 0..3 {
        write(&app.state.database, &[awake.person], &[EventKind::NameChanged]).await;
        seqs.push(awake.event().await.seq);
    }
    assert_eq!(asked(&journal), if app.is_postgres() { 3 } else { 0 });
    for seq in seqs {
        assert_eq!(asleep.event().await.seq, seq);
    }
    assert_eq!(asked(&journal), 1);
    awake.says_nothing().await;
}

#[tokio::test]
async fn a_line_whose_session_has_ended_hears_no_event() {
    let app = TestApp::start().await;
    let browser = app.person("민지").await;
    let mut line = Line::open(&app, &browser).await;

    app.run_sql(&format!("DELETE FROM sessions WHERE id = '{}'", line.session)).await;
    write(&app.state.database, &[line.person], &[EventKind::SettingsChanged]).await;

    assert_eq!(line.next().await, None);
    assert_eq!(line.feed.end(), Some(End::SignedOut));
}

#[tokio::test]
async fn a_transaction_that_ends_a_session_is_told_to_the_others_alone() {
    let app = TestApp::start().await;
    let browser = app.person("민지").await;
    let mut line = Line::open(&app, &browser).await;
    let person = line.person;
    let mut other = Line::of(&app, person, new_session(&app, person, 1).await).await;

    let mut tx = app.state.database.begin().await.expect("a transaction");
    persons::lock(&mut tx, [person]).await.expect("the person's row");
    assert!(sessions::delete(&mut tx, person, line.session).await.expect("the session"));
    let event = NewEvent { person, kind: EventKind::SessionsChanged, pair: None, daily_question: None };
    events::append(&mut tx, &[event], None, NOON).await.expect("an event");
    tx.commit().await.expect("a commit");

    assert_eq!(other.event().await.kind, EventKind::SessionsChanged);
    assert_eq!(line.next().await, None);
    assert_eq!(line.feed.end(), Some(End::SignedOut));
}

/// Signs the person in on another device.
async fn new_session(app: &TestApp, person: PersonId, number: u128) -> SessionId {
    let session = SessionId(number);
    let mut tx = app.state.database.begin().await.expect("a transaction");
    persons::lock(&mut tx, [person]).await.expect("the person's row");
    sessions::insert(&mut tx, session, person, &number.to_string(), "phone", NOON).await.expect("a session");
    tx.commit().await.expect("a commit");
    session
}

#[tokio::test]
async fn lines_that_are_too_many_for_a_transaction_read_on_their_own() {
    let (app, journal) = TestApp::start_recorded().await;
    let browser = app.person("민지").await;
    let mut lines = vec![Line::open(&app, &browser).await];
    let person = lines[0].person;
    for number in 1..=8 {
        let session = new_session(&app, person, number).await;
        lines.push(Line::of(&app, person, session).await);
    }
    for (count, asked_of_sqlite) in [(9, 9), (8, 0)] {
        lines.truncate(count);
        journal.take();
        write(&app.state.database, &[person], &[EventKind::SettingsChanged]).await;
        for line in &mut lines {
            assert_eq!(line.event().await.kind, EventKind::SettingsChanged);
        }
        assert_eq!(asked(&journal), if app.is_postgres() { count } else { asked_of_sqlite });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_once_leave_no_gap_and_no_double() {
    let app = TestApp::start().await;
    let [one, other] = [app.person("민지").await, app.person("영호").await];
    let mut lines = [Line::open(&app, &one).await, Line::open(&app, &other).await, Line::open(&app, &one).await];
    let persons = [lines[0].person, lines[1].person];
    let told = [&persons[..1], &persons[1..], &persons[..]];
    let mut last = [0; 3];
    for (last, line) in last.iter_mut().zip(&lines) {
        *last = last_seq(&app, line.person).await;
    }
    for round in 0..rounds() as usize {
        // Each writes one to three events to one of them, to the other, or to both.
        let written: Vec<(&[PersonId], usize)> =
            (0..2 + round % 4).map(|at| (told[(round + at) % 3], 1 + (round + at * at) % 3)).collect();
        let writing = written.iter().map(|(persons, count)| {
            let (database, persons, count) = (app.state.database.clone(), persons.to_vec(), *count);
            tokio::spawn(async move { write(&database, &persons, &vec![EventKind::SettingsChanged; count]).await })
        });
        for writer in writing.collect::<Vec<_>>() {
            // Every other round the lines listen while the writers write.
            if round % 2 == 0 {
                writer.await.expect("a writer");
            }
        }
        for (line, last) in lines.iter_mut().zip(&mut last) {
            let events = written.iter().filter(|(persons, _)| persons.contains(&line.person)).map(|(_, count)| *count);
            for _ in 0..events.sum::<usize>() {
                *last += 1;
                assert_eq!(line.event().await.seq, *last, "round {round}");
            }
        }
    }
    for line in &mut lines {
        line.says_nothing().await;
    }
}
