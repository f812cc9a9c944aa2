//! Tests that unknown words of a later release in the database break no page, feed or job after a rollback to this
//! release.

use reqwest::StatusCode;

use super::{
    app::{TestApp, TestPair},
    push_service::PushService,
};
use crate::{
    domain::{EventKind, Millis},
    server::storage::seeds::CHILDREN,
};

/// Every column that holds a word of a fixed list, and the statement that writes an unknown word into all of its rows.
const WORDS: [(&str, &str); 19] = [
    ("an event's kind", "UPDATE events SET kind = 'photo_added'"),
    ("a notification's kind", "UPDATE notifications SET kind = 'photo_added'"),
    ("a language", "UPDATE persons SET locale = 'ja'"),
    ("a text size", "UPDATE persons SET text_size = 'huge'"),
    ("a relation", "UPDATE members SET relation = 'aunt'"),
    ("an invited relation", "UPDATE invitations SET relation = 'aunt'"),
    ("muted channels", "UPDATE members SET muted = 'photos nudge'"),
    ("what a person mutes", "UPDATE persons SET muted = 'photos announcement'"),
    ("a call to FCM", "UPDATE fcm_calls SET act = 'resting'"),
    ("a section", "UPDATE daily_questions SET section = 'travels'"),
    ("a question's section", "UPDATE questions SET section = 'travels'"),
    ("a delivery's state", "UPDATE deliveries SET state = 'resting'"),
    ("a delivery's reason", "UPDATE deliveries SET reason = 'resting'"),
    ("a device's provider", "UPDATE push_subscriptions SET provider = 'carrier'"),
    ("an APNs environment", "UPDATE push_subscriptions SET environment = 'beta'"),
    ("a hand-over's stage", "UPDATE hand_overs SET stage = 'resting'"),
    ("a proof's stage", "UPDATE proof_requests SET stage = 'resting'"),
    ("what becomes of words", "UPDATE deletion_pairs SET words = 'lend'"),
    ("a hand-over's kind", "UPDATE hand_overs SET kind = 'badge'"),
];

async fn lived_in() -> (TestApp, PushService, TestPair) {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    pair.child.subscribe(&service, "child").await;
    pair.parent.subscribe(&service, "parent").await;
    pair.answer_both("골목에서 고무줄을 했지.").await;
    app.advance(Millis::DAY);
    app.tick_at(21, 0).await;
    pair.parent.answer(pair.id, "라디오에서 나오던 노래.").await;
    pair.child.post("make_hand_over", &[]).await;
    (app, service, pair)
}

#[tokio::test]
async fn no_page_feed_or_job_breaks_on_a_word_of_a_later_release() {
    for (what, statement) in WORDS {
        let (app, _service, pair) = lived_in().await;
        let alone = app.person(CHILDREN[1].0).await;
        let waiting = alone.start_pair("child").await;
        alone.post("invite", &[("pair", &waiting.to_string()), ("relation", "mother"), ("name", "")]).await;
        let (question, _) = pair.child.question(pair.id).await;

        app.run_sql(statement).await;

        let mut pages: Vec<String> =
            ["/", "/inbox", "/settings", "/devices", "/hand-over", "/recovery"].map(str::to_owned).to_vec();
        pages.extend(
            ["today", "archive", "archive?section=travels", "settings", "seasons/1"]
                .map(|page| format!("/p/{}/{page}", pair.id)),
        );
        pages.push(format!("/p/{}/cards/{question}", pair.id));
        for browser in [&pair.child, &pair.parent] {
            for page in &pages {
                let status = browser.get(page).await.status().as_u16();
                assert!(status < 500, "{what}: {page} answers {status}");
            }
        }
        for page in ["invite", "today"] {
            assert_eq!(alone.get(&format!("/p/{waiting}/{page}")).await.status(), 200, "{what}: {page} of who waits");
        }
        assert_eq!(pair.child.page(&format!("/p/{}/today", pair.id)).await.matches("<main").count(), 1, "{what}");
        app.deliver().await;
        app.tick().await;
        let mut line = pair.child.listen_after(0).await;
        let answered = pair.child.answer(pair.id, "엄마가 부르던 노래.").await;
        assert_eq!(answered.status(), 200, "{what}: an answer is taken");
        while line.next_event().await.kind != EventKind::CardOpened {}
        app.advance(Millis::DAY);
        assert!(app.tick_at(21, 0).await > 0, "{what}: the next question opens");
    }
}

#[tokio::test]
async fn saving_something_else_keeps_the_words_of_a_later_release() {
    let (app, _service, pair) = lived_in().await;
    app.run_sql("UPDATE persons SET locale = 'ja', text_size = 'huge'; UPDATE daily_questions SET section = 'travels'")
        .await;
    app.run_sql("UPDATE members SET muted = 'photos', relation = 'aunt', relation_word = ''").await;

    assert_eq!(pair.child.post("change_name", &[("name", CHILDREN[2].0)]).await.status(), 200);
    let switches =
        [("pair", pair.id.to_string()), ("question", "on".into()), ("answer", "on".into()), ("news", "on".into())];
    pair.child.post("change_switches", &switches.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    pair.child.answer(pair.id, "엄마가 부르던 노래.").await;

    let stored = app.stored().await;
    let holds = |word: &str| stored.windows(word.len()).any(|bytes| bytes == word.as_bytes());
    for word in ["huge", "travels", "photos", "aunt"] {
        assert!(holds(word), "{word}");
    }
    for (kept, of) in [
        ("ja huge", "locale || ' ' || text_size FROM persons"),
        ("travels", "section FROM daily_questions WHERE completed_at IS NOT NULL"),
        ("photos", "CASE WHEN muted LIKE '%photos%' THEN 'photos' ELSE muted END FROM members"),
    ] {
        assert_eq!(app.read_sql(&format!("SELECT DISTINCT {of}")).await, [kept]);
    }
}

#[tokio::test]
async fn a_push_of_a_later_kind_waits_for_its_release() {
    let (app, service, _pair) = lived_in().await;
    app.advance(Millis::MINUTE);
    app.run_sql("UPDATE notifications SET kind = 'photo_added' WHERE kind = 'answered'").await;
    app.deliver().await;
    service.take();

    app.run_sql("UPDATE notifications SET kind = 'answered' WHERE kind = 'photo_added'").await;
    app.advance(Millis::HOUR);
    app.deliver().await;

    assert_eq!(service.arrived().len(), 1, "the release that knows the kind sends it");
}

#[tokio::test]
async fn the_badge_of_a_push_counts_what_the_inbox_shows() {
    let (app, service, pair) = lived_in().await;
    app.deliver().await;
    service.take();
    app.run_sql("UPDATE notifications SET kind = 'photo_added', read_at = NULL").await;
    assert_eq!(pair.child.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    app.deliver().await;

    let arrived = service.arrived();
    assert!(!arrived.is_empty());
    for push in arrived {
        assert_eq!(push.json["app_badge"], 1, "the renewal alone: {}", push.json);
    }
}

#[tokio::test]
async fn a_database_that_the_release_after_this_one_has_migrated_is_opened() {
    let (mut app, _service, pair) = lived_in().await;
    app.run_sql(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         SELECT 9999, 'of later', TRUE, checksum, 1 FROM _sqlx_migrations WHERE version = 1;
         ALTER TABLE persons ADD COLUMN of_later TEXT NOT NULL DEFAULT ''",
    )
    .await;

    app.restart(0).await;

    assert_eq!(pair.child.get("/settings").await.status(), 200);
}

/// Text columns without words of a fixed list: row ids, dates, hashes, addresses, texts of people, and values that are
/// parsed by their format.
const NO_WORDS: &str = "announcements.en announcements.id announcements.ko announcements.told_up_to \
    answer_revisions.body answer_revisions.daily_question_id answer_revisions.role answer_revisions.submission \
    answers.body answers.daily_question_id answers.person_id answers.role answers.submission asked.pair_id \
    asked.question_key attempts.key_hash attempts.person_id attempts.session_id attempts.step attempts.target \
    daily_questions.copied_from daily_questions.counted_from daily_questions.id daily_questions.kept_fields \
    daily_questions.local_date daily_questions.move_on \
    daily_questions.pair_id daily_questions.question_key daily_questions.wordings deletion_pairs.pair_id \
    deletion_pairs.person_id deletions.person_id deliveries.notification_id deliveries.subscription_id \
    events.daily_question_id events.pair_id events.person_id former_members.pair_id former_members.person_id \
    failures.bucket fcm_calls.address fcm_calls.announcement_id fcm_calls.call_key fcm_calls.topic \
    hand_overs.code_hash hand_overs.device hand_overs.id hand_overs.person_id hand_overs.session_id \
    hand_overs.ticket_hash identities.id identities.issuer identities.person_id identities.provider identities.subject \
    identity_sign_ups.handle_hash identity_sign_ups.issuer identity_sign_ups.provider identity_sign_ups.subject \
    installation.name installation.value invitations.code_hash invitations.id \
    invitations.name invitations.pair_id invitations.relation_word invitations.returns_role members.left_name \
    members.pair_id members.person_id members.relation_word members.role notifications.daily_question_id \
    notifications.detail notifications.id notifications.pair_id notifications.person_id notifications.slot \
    pairs.copied_from pairs.id pairs.inviter_id pairs.kept_fields passkeys.credential_id \
    passkeys.id passkeys.name passkeys.person_id \
    passkeys.public_key passkeys.rp_id passkeys.transports passkeys.user_handle pending_recoveries.code_hash \
    pending_recoveries.person_id pairs.last_opened_date pairs.paused_until pairs.swapped_date pairs.zone \
    persons.consent_version persons.earlier_recovery_hash persons.id persons.name persons.recovery_hash \
    persons.recovery_made_by persons.zone push_subscriptions.auth push_subscriptions.endpoint \
    push_subscriptions.id push_subscriptions.key_id push_subscriptions.name push_subscriptions.origin \
    push_subscriptions.p256dh push_subscriptions.person_id push_subscriptions.session_id \
    push_subscriptions.topic proof_requests.id proof_requests.person_id \
    proof_requests.session_id proof_requests.shown_to \
    questions.question_key questions.tags questions.wordings seat_returns.pair_id \
    seat_returns.person_id seat_returns.role sessions.address_hash sessions.device sessions.id \
    sessions.person_id sessions.previous_hash sessions.token_hash sweeps.swept write_budgets.person_id";

#[tokio::test]
async fn every_column_of_text_is_walked_through_or_holds_no_word_of_a_list() {
    let app = TestApp::start().await;
    let sql = if app.is_postgres() {
        "SELECT table_name || '.' || column_name FROM information_schema.columns
         WHERE table_schema = 'public' AND data_type = 'text' AND table_name NOT LIKE '\\_sqlx%' ORDER BY 1"
    } else {
        "SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_table_info(t.name) c
         WHERE t.type = 'table' AND c.type = 'TEXT' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY 1"
    };
    let columns = app.read_sql(sql).await;
    let is_walked = |name: &str| {
        name.split_once('.').is_some_and(|(table, column)| {
            WORDS.iter().any(|(_, statement)| statement.starts_with(&format!("UPDATE {table} SET {column} = ")))
        })
    };
    let unknown: Vec<_> =
        columns.iter().filter(|name| !is_walked(name) && !NO_WORDS.split(' ').any(|other| other == *name)).collect();
    assert!(columns.len() > 60 && unknown.is_empty(), "words of a list, or not? {unknown:?}");
}
