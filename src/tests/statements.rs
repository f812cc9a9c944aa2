//! How many statements and transactions a page and a write take. A number that rises is a change of the hot path: the
//! table says what is allowed, and the failure names what ran.

use super::app::{TestApp, TestPair};
use crate::{
    http::routes::{ROUTES, Target},
    server::storage::journal::{Entry, Journal},
};

/// The most statements of each page, for a signed-in member whose session was used a moment ago. None runs twice, and
/// all run in one transaction.
const PAGES: &[(&str, usize)] = &[
    ("/", 1),
    ("/start", 2),
    ("/signin", 1),
    ("/signin/digits", 1),
    ("/signin/digits/{code}", 1),
    ("/signin/wait", 1),
    ("/signin/with/{provider}/callback", 1),
    ("/signin/with/{provider}/new", 2),
    ("/hand-over", 2),
    ("/hand-over/{token}", 1),
    ("/recovery", 2),
    ("/settings", 1),
    ("/settings/us", 1),
    ("/settings/me", 1),
    ("/settings/notifications", 2),
    ("/settings/sign-in", 3),
    ("/settings/help", 1),
    ("/settings/ways-in", 3),
    ("/settings/other-device", 3),
    ("/settings/delete", 2),
    ("/goodbye", 1),
    ("/inbox", 2),
    ("/keep", 3),
    ("/devices", 3),
    ("/share", 1),
    ("/terms", 1),
    ("/privacy", 1),
    ("/join", 1),
    ("/join/confirm", 1),
    ("/join/{code}", 1),
    ("/p/{pair}", 2),
    ("/p/{pair}/today", 2),
    ("/p/{pair}/invite", 2),
    ("/p/{pair}/return", 2),
    ("/p/{pair}/archive", 3),
    ("/p/{pair}/cards/{card}", 3),
    ("/p/{pair}/seasons/{number}", 2),
    ("/p/{pair}/settings", 1),
    ("/p/{pair}/settings/us", 3),
    ("/p/{pair}/settings/me", 1),
    ("/p/{pair}/settings/notifications", 2),
    ("/p/{pair}/settings/sign-in", 3),
    ("/p/{pair}/settings/help", 1),
];

/// The most statements of each write, with its session, on SQLite and on PostgreSQL, which also locks rows. Several
/// that go to SQLite in one text count as one, and those that go with the end of the transaction do not count. The
/// session is one transaction and the write another.
const WRITES: &[(&str, usize, usize)] = &[
    ("the first answer", 3, 9),
    ("a revision", 2, 7),
    ("the second answer", 3, 10),
    ("the same answer again", 2, 4),
    ("change_push_time", 5, 10),
    ("change_relation", 3, 6),
    ("change_name", 3, 5),
    ("read_inbox", 2, 4),
];

/// The number of statements, of transactions, and all of it to be shown.
fn shown(entries: &[Entry]) -> (usize, usize, String) {
    let transactions = entries.iter().filter(|entry| **entry == Entry::Transaction).count();
    let lines = entries.iter().map(|entry| match entry {
        Entry::Transaction => "BEGIN".to_owned(),
        Entry::Statement(sql) => sql.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(150).collect(),
    });
    (entries.len() - transactions, transactions, lines.collect::<Vec<String>>().join("\n  "))
}

/// A pair with seven cards and an answer of the child's to the eighth question that was revised once.
async fn world() -> (TestApp, Journal, TestPair) {
    let (app, journal) = TestApp::start_recorded().await;
    let pair = app.pair().await;
    for day in 0..7 {
        pair.answer_both(&format!("day {day}")).await;
        // The first question is not followed on its own day.
        let ticks = if day == 0 { 2 } else { 1 };
        for _ in 0..ticks {
            assert_eq!(app.tick_at(21, 0).await, 1, "day {day}");
        }
    }
    for text in ["the eighth", "the eighth again"] {
        assert!(pair.child.answer(pair.id, text).await.status().is_success());
    }
    (app, journal, pair)
}

#[tokio::test]
async fn every_page_takes_few_statements() {
    let (_app, journal, pair) = world().await;
    let cards = pair.child.page(&format!("/p/{}/archive", pair.id)).await;
    let card = cards.split("/cards/").nth(1).and_then(|rest| rest.get(..36)).expect("a card in the archive");
    let mut wrong = Vec::new();
    for route in ROUTES.iter().filter(|route| matches!(route.target, Target::Page | Target::Share)) {
        let row = PAGES.iter().find(|(path, ..)| *path == route.path);
        let Some((path, allowed)) = row else {
            wrong.push(format!("{} has no row in PAGES", route.path));
            continue;
        };
        let filled = path.replace("{pair}", &pair.id.to_string()).replace("{card}", card).replace("{number}", "1");
        let filled = filled.replace("{code}", "1234-5678").replace("{token}", "over");
        // The first request may record the use of the session.
        pair.child.get(&filled).await;
        journal.take();
        let status = pair.child.get(&filled).await.status();
        let entries = journal.take();
        let (found, begun, all) = shown(&entries);
        let is_repeated = (1..entries.len()).any(|at| entries[..at].contains(&entries[at]));
        if found > *allowed || begun > 1 || is_repeated {
            wrong.push(format!("{path} ({status}): {found} statements, {begun} transactions\n  {all}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_write_takes_few_statements() {
    let (app, journal, pair) = world().await;
    pair.parent.page("/").await;
    let id = pair.id.to_string();
    let (question, version) = pair.parent.question(pair.id).await;
    let (question, version) = (question.to_string(), version.to_string());
    let answer = |text: &'static str| [("daily_question", &*question), ("version", &*version), ("body", text)];
    let mut found = Vec::new();
    let post = async |name, endpoint: &str, fields: &[(&str, &str)]| {
        journal.take();
        let status = pair.parent.post(endpoint, fields).await.status();
        assert!(status.is_success(), "{name}: {status}");
        (name, shown(&journal.take()))
    };
    found.push(post("the second answer", "submit_answer", &answer("mine")).await);
    found.push(post("the same answer again", "submit_answer", &answer("mine")).await);
    found.push(
        post("change_push_time", "change_push_time", &[("pair", &id), ("push_time", "20:30"), ("zone", "Asia/Seoul")])
            .await,
    );
    found.push(post("change_relation", "change_relation", &[("pair", &id), ("relation", "father")]).await);
    found.push(post("change_name", "change_name", &[("name", "Ann"), ("back", "/settings")]).await);
    found.push(post("read_inbox", "read_inbox", &[("seq", "100000")]).await);
    assert_eq!(app.tick_at(20, 30).await, 1, "the ninth question");
    let (question, version) = pair.parent.question(pair.id).await;
    let (question, version) = (question.to_string(), version.to_string());
    let answer = |text: &'static str| [("daily_question", &*question), ("version", &*version), ("body", text)];
    pair.parent.page("/").await;
    found.push(post("the first answer", "submit_answer", &answer("mine")).await);
    found.push(post("a revision", "submit_answer", &answer("mine again")).await);
    let allowed = |name: &str| {
        let row = WRITES.iter().find(|(row, ..)| *row == name);
        row.map_or(0, |(_, sqlite, postgres)| if app.is_postgres() { *postgres } else { *sqlite })
    };
    let wrong = found.into_iter().filter(|(name, (count, begun, _))| *count > allowed(name) || *begun > 2);
    let wrong =
        wrong.map(|(name, (count, begun, all))| format!("{name}: {count} statements, {begun} transactions\n  {all}"));
    let wrong = wrong.collect::<Vec<_>>();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
