//! After a step back to an earlier release the database holds words that this one does not know. Every stored word is walked
//! through: each has a neutral reading, and no page, feed or job of either member fails.

use reqwest::StatusCode;
use sqlx::Connection;

use super::{
    app::{TestApp, TestPair},
    push_service::PushService,
};
use crate::{
    domain::{EventKind, Millis},
    server::jobs::{future_rows, housekeeping, zones},
};

/// Every column that holds one word of a list, with a word of a later release.
const WORDS: [(&str, &str, &str); 18] = [
    ("persons", "locale", "ja"),
    ("persons", "text_size", "gigantic"),
    ("persons", "consent_version", "2030-01-01"),
    ("members", "relation", "godmother"),
    ("members", "muted", "seasons"),
    ("invitations", "relation", "godmother"),
    ("questions", "section", "dreams"),
    ("questions", "tags", "a,later,form"),
    ("questions", "wordings", "{}"),
    ("daily_questions", "section", "dreams"),
    ("daily_questions", "move_on", "sibling"),
    ("events", "kind", "season_closed"),
    ("notifications", "kind", "season_closed"),
    ("notifications", "detail", "{later}"),
    ("deliveries", "state", "bounced"),
    ("deliveries", "reason", "bounced"),
    ("hand_overs", "kind", "passkey"),
    ("hand_overs", "stage", "pondered"),
];

/// The other columns of text: names of rows, dates, hashes, addresses, people's own words, and what is read by its form.
const OTHERS: &str = "answer_revisions.body answer_revisions.daily_question_id answer_revisions.role answer_revisions.submission answers.body \
    answers.daily_question_id answers.person_id answers.role answers.submission asked.pair_id asked.question_key \
    daily_questions.counted_from daily_questions.id daily_questions.local_date daily_questions.pair_id daily_questions.question_key \
    daily_questions.wordings deliveries.notification_id deliveries.subscription_id events.daily_question_id events.pair_id events.person_id \
    failures.bucket hand_overs.code_hash hand_overs.device hand_overs.id hand_overs.person_id hand_overs.session_id hand_overs.ticket_hash \
    invitations.code_hash invitations.id invitations.name invitations.pair_id invitations.relation_word members.left_name members.pair_id members.person_id \
    members.relation_word members.role notifications.daily_question_id notifications.id notifications.pair_id notifications.person_id \
    notifications.slot pairs.id pairs.inviter_id pairs.last_opened_date pairs.paused_until pairs.swapped_date pairs.zone persons.id persons.name \
    persons.recovery_hash persons.zone push_subscriptions.auth push_subscriptions.endpoint push_subscriptions.id push_subscriptions.key_id \
    push_subscriptions.name push_subscriptions.origin push_subscriptions.p256dh push_subscriptions.person_id push_subscriptions.session_id \
    questions.question_key sessions.device sessions.id sessions.person_id sessions.previous_hash sessions.token_hash sweeps.swept";

async fn lived() -> (TestApp, PushService, TestPair) {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    pair.child.subscribe(&service, "child").await;
    pair.parent.subscribe(&service, "parent").await;
    pair.answer_both("첫 기억").await;
    app.deliver().await;
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    assert_eq!(pair.child.answer(pair.id, "오늘의 글").await.status(), StatusCode::OK);
    let alone = pair.parent.start_pair("child").await;
    pair.parent.invite(alone).await;
    assert_eq!(pair.child.post("make_hand_over", &[]).await.status(), StatusCode::OK);
    (app, service, pair)
}

/// Everything that both see, hear and do, and every job.
async fn everything_works(app: &TestApp, pair: &TestPair, at: &str) {
    for browser in [&pair.child, &pair.parent] {
        let id = pair.id;
        let own = ["/", "/settings", "/inbox", "/devices", "/recovery", "/start", "/hand-over", "/join", "/terms"].map(str::to_owned);
        let of_pair = ["today", "archive", "settings"].map(|page| format!("/p/{id}/{page}"));
        for page in own.into_iter().chain(of_pair) {
            let status = browser.get(&page).await.status();
            assert!(status.is_success() || status.is_redirection(), "{at}: {page}: {status}");
        }
        let archive = browser.page(&format!("/p/{id}/archive")).await;
        let card = archive.split("/cards/").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_else(|| panic!("{at}: a card")).to_owned();
        assert_eq!(browser.get(&format!("/p/{id}/cards/{card}")).await.status(), StatusCode::OK, "{at}: a card");
        for section in ["childhood", "now_and_ahead"] {
            assert!(browser.get(&format!("/p/{id}/archive?section={section}")).await.status().is_success(), "{at}: {section}");
        }
        let last = browser.today(id).await.as_of;
        let mut line = browser.listen_after(0).await;
        while line.next_event().await.seq < last {}
    }
    let alone = pair.parent.page("/").await;
    for link in alone.split("/p/").skip(1).filter_map(|rest| rest.split('/').next()) {
        for page in ["today", "invite", "settings"] {
            let status = pair.parent.get(&format!("/p/{link}/{page}")).await.status();
            assert!(status.is_success() || status.is_redirection(), "{at}: {page}: {status}");
        }
    }
    app.tick().await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    housekeeping::sweep(&app.state).await.expect(at);
    future_rows::bring_back(&app.state).await.expect(at);
    zones::look(&app.state).await.expect(at);
}

#[tokio::test]
async fn one_unknown_word_stops_nobody_and_neither_do_all_of_them() {
    let (app, service, pair) = lived().await;
    everything_works(&app, &pair, "before").await;
    for (table, column, word) in WORDS {
        app.run_sql(format!("UPDATE {table} SET {column} = '{word}'").leak()).await;
        everything_works(&app, &pair, &format!("{table}.{column}")).await;
    }
    // Days go on, are answered and told.
    service.take();
    assert_eq!(pair.parent.answer(pair.id, "그래도 쓰는 글").await.status(), StatusCode::OK);
    assert_eq!(app.tick_at(21, 0).await, 1);
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 3);
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(service.take().iter().filter(|push| push.title.contains("오늘의 질문이 왔어요")).count(), 2);
}

#[tokio::test]
async fn a_word_of_a_later_release_is_still_there_after_the_step_forward() {
    let (app, _service, pair) = lived().await;
    app.run_sql("UPDATE persons SET text_size = 'gigantic'; UPDATE daily_questions SET section = 'dreams'").await;
    assert_eq!(pair.child.post("change_name", &[("name", "서연")]).await.status(), StatusCode::OK);
    assert_eq!(pair.parent.answer(pair.id, "글").await.status(), StatusCode::OK);

    let one = async |sql: &'static str| app.read_sql(sql).await;
    assert_eq!(one("SELECT COUNT(*) FROM persons WHERE text_size <> 'gigantic'").await, 0);
    assert_eq!(one("SELECT COUNT(*) FROM daily_questions WHERE section <> 'dreams'").await, 0);
}

#[tokio::test]
async fn an_unknown_event_moves_the_cursor_on_and_asks_pages_to_look_again() {
    let (app, _service, pair) = lived().await;
    app.run_sql("UPDATE events SET kind = 'season_closed'").await;
    let mut line = pair.child.listen_after(0).await;
    assert_eq!((line.next_event().await.kind, line.next_event().await.seq), (EventKind::SettingsChanged, 2));
}

#[tokio::test]
async fn a_database_that_the_release_after_this_one_has_migrated_is_opened() {
    let (mut app, _service, pair) = lived().await;
    app.run_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'of later', TRUE, x'00', 1);
         ALTER TABLE persons ADD COLUMN of_later TEXT NOT NULL DEFAULT ''",
    )
    .await;
    app.restart(0).await;
    assert_eq!(pair.child.get("/settings").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn every_column_of_text_is_walked_through_or_is_no_word_of_a_list() {
    let app = TestApp::start().await;
    let mut connection = sqlx::SqliteConnection::connect_with(&app.database_file()).await.expect("a connection");
    let columns: Vec<(String,)> = sqlx::query_as(
        "SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.type = 'TEXT' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY 1",
    )
    .fetch_all(&mut connection)
    .await
    .expect("the columns");
    let is_known =
        |name: &str| WORDS.iter().any(|(table, column, _)| name == format!("{table}.{column}")) || OTHERS.split(' ').any(|other| other == name);
    let unknown: Vec<_> = columns.iter().map(|(name,)| name).filter(|name| !is_known(name)).collect();
    assert!(columns.len() > 60 && unknown.is_empty(), "a word of a list, or not? {unknown:?}");
}
