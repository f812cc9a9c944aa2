//! Tests of what one person can make the server write: nothing without a change, and a limited amount otherwise.

use super::app::TestApp;
use crate::{
    api::ApiError,
    domain::Millis,
    server::{budget::Budget, storage::answers::KEPT_REVISIONS},
};

/// Every endpoint that can be called twice with the same fields, and its fields. `PAIR` and `DEVICE` stand for ids.
const SAID_TWICE: [(&str, &[(&str, &str)]); 15] = [
    ("unsubscribe", &[]),
    ("read_inbox", &[("seq", "1000000")]),
    ("seen_live", &[("seq", "1000000")]),
    ("change_name", &[("name", "하나")]),
    ("change_display", &[("locale", "ko"), ("text_size", "large"), ("zone", "Asia/Seoul")]),
    ("change_quiet_hours", &[("quiet", "yes"), ("quiet_from", "23:00"), ("quiet_to", "07:00")]),
    ("change_switches", &[("pair", "PAIR"), ("question", "yes")]),
    ("change_announcements", &[("announcements", "")]),
    ("change_presence", &[("pair", "PAIR"), ("shows_presence", "")]),
    ("change_relation", &[("pair", "PAIR"), ("relation", "other"), ("relation_word", "조카")]),
    ("change_push_time", &[("pair", "PAIR"), ("push_time", "20:30"), ("zone", "Asia/Seoul")]),
    ("keep_recovery", &[]),
    ("withdraw_hand_over", &[]),
    ("pause_pair", &[("pair", "PAIR"), ("until", "2026-12-24")]),
    ("resume_pair", &[("pair", "PAIR")]),
];

#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    pair.child.subscribe(&service, "child").await;
    let id = pair.id.to_string();
    for (endpoint, fields) in SAID_TWICE {
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.replace("PAIR", &id).leak() as &str)).collect();
        let first = pair.child.post(endpoint, &fields).await;
        assert!(first.status().is_success(), "{endpoint}: {}", first.text().await.unwrap_or_default());
        let before = pair.child.today(pair.id).await.as_of;
        for _ in 0..3 {
            pair.child.post(endpoint, &fields).await;
        }
        assert_eq!(pair.child.today(pair.id).await.as_of, before, "{endpoint} said again told somebody");
    }
    let keys = pair.child.subscribe(&service, "child").await;
    assert!(keys.status().is_success());
}

#[tokio::test]
async fn no_verb_is_without_a_limit_and_ending_a_session_never_waits_for_another() {
    let (app, _service) = TestApp::start_with_push_and_budget(Budget::default()).await;
    let pair = app.pair().await;
    for endpoint in ["unsubscribe", "read_inbox", "seen_live", "today"] {
        let fields = [("seq", "1"), ("pair", &pair.id.to_string())];
        let mut asked = 0;
        while pair.child.post(endpoint, &fields).await.status() != 429 {
            asked += 1;
            assert!(asked <= 700, "{endpoint} has no limit");
        }
        app.advance(Millis::HOUR);
    }
    while pair.child.post("change_name", &[("name", "하나")]).await.status() != 429 {}
    assert_eq!(pair.child.refused("change_name", &[("name", "하나")]).await, (429, ApiError::TooMuch));
    assert_eq!(pair.child.post("sign_out", &[]).await.status(), 200);
}

#[tokio::test]
async fn of_many_edits_the_last_fifty_are_kept() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let edits = KEPT_REVISIONS + 20;
    for edit in 0..edits {
        assert_eq!(pair.child.answer(pair.id, &format!("고친 글 {edit}")).await.status(), 200);
    }
    let rows_and_oldest = app.read_sql("SELECT COUNT(*) || ' ' || MIN(revision) FROM answer_revisions").await;
    assert_eq!(rows_and_oldest, [format!("{KEPT_REVISIONS} {}", edits - KEPT_REVISIONS)]);
}
