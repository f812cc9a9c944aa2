//! Tests of deleting an account.

use std::path::Path;

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair},
    authenticator::Authenticator,
};
use crate::{
    api::ApiError,
    domain::{DELETION_WAITS_MS, EventKind, Millis, PairPhase, PersonId, WordsOnDeletion},
    paths,
    server::{
        jobs::housekeeping,
        services::{deletions, operator_codes, pair_deletions},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

pub(super) const EARLIER: &str = "고치기전의이야기";
pub(super) const ON_CARD: &str = "카드에적은이야기";
const EDITED: &str = "마흔번고친이야기";
const DEVICE: &str = "열쇠를담은기기";
const SUBJECT: &str = "subject-of-the-person-0123";
pub(super) const CLOSED: &str = "아직닫힌이야기";

/// A pair with an open card, which the child had revised an answer for, and a question that only the child answered.
pub(super) async fn lived_in(app: &TestApp) -> TestPair {
    let pair = app.pair().await;
    for text in [EARLIER, ON_CARD] {
        pair.child.answer(pair.id, text).await;
    }
    pair.parent.answer(pair.id, "엄마의이야기").await;
    app.advance(Millis::DAY);
    app.tick_at(21, 0).await;
    assert_eq!(pair.child.answer(pair.id, CLOSED).await.status(), StatusCode::OK);
    pair
}

pub(super) async fn delete(browser: &Browser, code: &str, choices: &[(&TestPair, &str)]) -> StatusCode {
    let choices: Vec<(String, &str)> =
        choices.iter().map(|(pair, words)| (format!("words[pair-{}]", pair.id), *words)).collect();
    let mut fields: Vec<(&str, &str)> = choices.iter().map(|(name, words)| (name.as_str(), *words)).collect();
    fields.extend([("code", code), ("confirmed", "yes")]);
    browser.post("delete_account", &fields).await.status()
}

async fn passkey_id(app: &TestApp) -> String {
    app.read_sql("SELECT id FROM passkeys").await.remove(0)
}

async fn sign_in(app: &TestApp, code: &str) -> Browser {
    let browser = app.visitor();
    assert_eq!(browser.post("sign_in", &[("code", code)]).await.status(), StatusCode::OK);
    browser
}

pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The bytes of the database's files and of a fresh backup; on PostgreSQL the rows.
pub(super) async fn raw(app: &TestApp) -> Vec<u8> {
    if app.is_postgres() {
        return app.stored().await;
    }
    let mut bytes = Vec::new();
    let copy = app.folder().join("copy.db");
    app.state.database.backup_into(&copy).await.expect("a backup");
    let is_of_a_database = |path: &Path| path.to_string_lossy().contains(".db");
    for entry in std::fs::read_dir(app.folder()).expect("the folder").map(|entry| entry.expect("an entry").path()) {
        if is_of_a_database(&entry) {
            bytes.extend(std::fs::read(entry).expect("a file"));
        }
    }
    std::fs::remove_file(copy).expect("removed");
    bytes
}

#[tokio::test]
async fn asking_signs_out_everywhere_closes_the_pairs_and_tells_the_other_once() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let code = pair.child.recovery_code();
    let phone = sign_in(&app, &code).await;
    let mut line = pair.parent.listen(pair.id).await;

    assert_eq!(delete(&phone, &code, &[(&pair, "leave")]).await, StatusCode::OK);

    line.hears(EventKind::PairClosed).await;
    for browser in [&phone, &pair.child] {
        assert_eq!(browser.get("/inbox").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(pair.parent.today(pair.id).await.pair.phase, PairPhase::Closed);
    let told = pair.parent.page(&paths::inbox()).await;
    assert_eq!(told.matches("계정을 지우기로 했어요").count(), 1, "{told}");
    assert_eq!(app.tick_at(21, 0).await, 0, "nothing opens");
    let archive = pair.parent.page(&paths::archive(pair.id)).await;
    assert!(archive.contains("/cards/"), "the archive stays");
}

#[tokio::test]
async fn signing_in_within_seven_days_takes_it_back() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let code = pair.child.recovery_code();
    assert_eq!(delete(&pair.child, &code, &[(&pair, "erase")]).await, StatusCode::OK);
    app.advance(DELETION_WAITS_MS - 1);
    housekeeping::sweep(&app.state).await.expect("a sweep");

    let back = sign_in(&app, &code).await;

    let today = back.today(pair.id).await;
    assert_eq!(today.pair.phase, PairPhase::Together);
    assert_eq!(today.question.expect("the open question").own(), Some(CLOSED));
    assert_eq!(pair.parent.page(&paths::inbox()).await.matches("돌아왔어요").count(), 1);
    app.advance(2 * DELETION_WAITS_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert!(holds(&app.stored().await, ON_CARD), "nothing is deleted later");
    assert!(app.tick_at(21, 0).await > 0, "the pair goes on");
}

#[tokio::test]
async fn after_seven_days_no_byte_of_the_person_is_left() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    // Texts of many lengths move about in the file before they are deleted.
    for round in 0..40 {
        pair.child.answer(pair.id, &format!("{EDITED}{}", "가".repeat(round * 37 % 400))).await;
    }
    pair.child.answer(pair.id, CLOSED).await;
    let name = "떠나는사람의이름";
    assert_eq!(pair.child.post("change_name", &[("name", name)]).await.status(), StatusCode::OK);
    let code = pair.child.recovery_code();
    sign_in(&app, &code).await;
    pair.child.post("make_hand_over", &[]).await;
    assert_eq!(pair.child.post("prove", &[("code", &code)]).await.status(), StatusCode::OK);
    let mut passkey = Authenticator::add(&pair.child).await;
    let credential = passkey.sign("").iter().find(|(name, _)| *name == "credential_id").expect("an id").1.clone();
    assert_eq!(
        pair.child.post("rename_passkey", &[("passkey", &passkey_id(&app).await), ("name", DEVICE)]).await.status(),
        StatusCode::OK
    );
    app.run_sql(&format!(
        "INSERT INTO identities (id, person_id, provider, issuer, subject, created_at)
         SELECT '018f3c1a-7b2d-7abc-8def-0123456789ab', person_id, 'club', 'https://club.example', '{SUBJECT}', 1
         FROM passkeys;
         INSERT INTO proof_requests (person_id, id, session_id, shown_to, stage, number, decoy_one, decoy_two,
         expires_at)
         SELECT p.person_id, '018f3c1a-7b2d-7abc-8def-0123456789ac', MIN(s.id), '', 'open', 11, 22, 33, 9000000000000
         FROM passkeys p JOIN sessions s ON s.person_id = p.person_id GROUP BY p.person_id"
    ))
    .await;
    let of_ways = [credential.as_str(), DEVICE, SUBJECT];
    let before = raw(&app).await;
    for text in [name, EARLIER, ON_CARD, CLOSED].into_iter().chain(of_ways) {
        assert!(holds(&before, text), "{text}");
    }
    assert_eq!(delete(&pair.child, &code, &[(&pair, "erase")]).await, StatusCode::OK);
    app.advance(DELETION_WAITS_MS);

    housekeeping::sweep(&app.state).await.expect("a sweep");

    let after = raw(&app).await;
    for text in [name, EARLIER, EDITED, ON_CARD, CLOSED].into_iter().chain(of_ways) {
        assert!(!holds(&after, text), "{text}");
    }
    assert!(holds(&after, "엄마의이야기"), "the other's words stay");
    let rows = |table: &str| {
        format!(
            "SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE person_id IN
        (SELECT id FROM persons WHERE deleted_at IS NOT NULL)"
        )
    };
    for table in [
        "sessions",
        "notifications",
        "events",
        "push_subscriptions",
        "hand_overs",
        "attempts",
        "deletions",
        "passkeys",
        "identities",
        "proof_requests",
    ] {
        assert_eq!(app.read_sql(&rows(table)).await, ["0"], "{table}");
    }
    assert_eq!(app.visitor().refused("sign_in", &[("code", &code)]).await, (422, ApiError::RecoveryCodeWrong));
    for page in [paths::today(pair.id), paths::archive(pair.id), paths::inbox(), paths::settings(pair.id)] {
        pair.parent.page(&page).await;
    }
    let archive = pair.parent.page(&paths::archive(pair.id)).await;
    let card = archive.split("/cards/").nth(1).and_then(|rest| rest.get(..36)).expect("a card");
    let card = pair.parent.page(&format!("/p/{}/cards/{card}", pair.id)).await;
    assert!(card.contains("딸의 이야기") && card.contains("이 답은 지워졌어요"), "{card}");
}

#[tokio::test]
async fn words_that_are_left_to_the_family_stay_on_the_cards_and_nowhere_else() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let code = pair.child.recovery_code();
    assert_eq!(delete(&pair.child, &code, &[(&pair, "leave")]).await, StatusCode::OK);
    app.advance(DELETION_WAITS_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");

    let after = raw(&app).await;
    assert!(holds(&after, ON_CARD), "the words of the card");
    for text in [EARLIER, CLOSED] {
        assert!(!holds(&after, text), "{text}: only its author could read it");
    }
    let archive = pair.parent.page(&paths::archive(pair.id)).await;
    let card = archive.split("/cards/").nth(1).and_then(|rest| rest.get(..36)).expect("a card");
    let card = pair.parent.page(&format!("/p/{}/cards/{card}", pair.id)).await;
    assert!(card.contains(ON_CARD) && card.contains(CHILDREN[0].0), "{card}");
}

#[tokio::test]
async fn it_takes_the_own_code_a_choice_for_each_pair_and_a_tick() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let second = app.pair_of(pair.child.clone(), app.person(PARENTS[1].0).await).await;
    let (code, others) = (pair.child.recovery_code(), pair.parent.recovery_code());
    let chosen = format!("words[pair-{}]", pair.id);
    let missing = [(&*chosen, "leave"), ("code", &*code), ("confirmed", "yes")];
    assert_eq!(pair.child.refused("delete_account", &missing).await, (422, ApiError::DeletionChoice));
    let unticked = [("code", &*code)];
    assert_eq!(pair.child.refused("delete_account", &unticked).await, (422, ApiError::DeletionUnconfirmed));
    let choices = [(&pair, "leave"), (&second, "erase")];
    for wrong in [&*others, "AAAA-AAAA-AAAA-AAAA", ""] {
        assert_eq!(delete(&pair.child, wrong, &choices).await, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    assert_eq!(delete(&pair.child, &code, &[(&pair, "lend"), (&second, "erase")]).await, StatusCode::BAD_REQUEST);
    assert_eq!(delete(&app.visitor(), &code, &choices).await, StatusCode::UNAUTHORIZED);
    assert_eq!(pair.child.today(pair.id).await.pair.phase, PairPhase::Together, "nothing has changed");
    assert_eq!(delete(&pair.child, &code, &choices).await, StatusCode::OK);
}

#[tokio::test]
async fn a_code_that_a_session_has_just_made_deletes_nothing() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let earlier = pair.child.recovery_code();
    assert_eq!(pair.child.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    let made = pair.child.recovery_code();
    assert_ne!(made, earlier);
    let chosen = format!("words[pair-{}]", pair.id);
    let fields = [(&*chosen, "erase"), ("code", &*made), ("confirmed", "yes")];
    assert_eq!(pair.child.refused("delete_account", &fields).await, (409, ApiError::CodeTooNew));
    assert_eq!(delete(&pair.child, &earlier, &[(&pair, "erase")]).await, StatusCode::OK);
}

#[tokio::test]
async fn what_the_operator_deletes_now_comes_back_by_no_code() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let code = pair.child.recovery_code();
    let person: PersonId =
        app.read_sql("SELECT person_id FROM members WHERE role = 'child'").await[0].parse().expect("an id");
    deletions::ask_by_operator(&app.state, person, WordsOnDeletion::Erase, true).await.expect("asked");
    assert_eq!(app.visitor().refused("sign_in", &[("code", &code)]).await, (422, ApiError::RecoveryCodeWrong));
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert!(operator_codes::make(&app.state, person).await.is_err(), "nobody gets a way into a deleted account");
    let events = "SELECT CAST(COUNT(*) AS TEXT) FROM events WHERE person_id IN
        (SELECT id FROM persons WHERE deleted_at IS NOT NULL)";
    let card = app.read_sql("SELECT id FROM daily_questions WHERE completed_at IS NOT NULL").await;
    assert_eq!(pair.parent.post("take_back_answer", &[("daily_question", &card[0])]).await.status(), StatusCode::OK);
    assert_eq!(app.read_sql(events).await, ["0"], "and no feed");
}

#[tokio::test]
async fn a_pair_that_the_operator_deleted_stays_closed_and_restores_nothing() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let code = pair.child.recovery_code();
    assert_eq!(delete(&pair.child, &code, &[(&pair, "leave")]).await, StatusCode::OK);
    pair_deletions::delete_pair_by_operator(&app.state, pair.id).await.expect("deleted");
    let back = sign_in(&app, &code).await;
    assert_eq!(back.today(pair.id).await.pair.phase, PairPhase::Closed);
    let card = app.read_sql("SELECT id FROM daily_questions WHERE completed_at IS NOT NULL").await;
    let refused = back.refused("restore_answer", &[("daily_question", &card[0])]).await;
    assert_eq!(refused, (409, ApiError::TakenBackForGood));
    assert!(!back.page(&format!("/p/{}/cards/{}", pair.id, card[0])).await.contains("restore_answer"));
}

#[tokio::test]
async fn two_who_both_leave_go_on_when_both_come_back() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let (child, parent) = (pair.child.recovery_code(), pair.parent.recovery_code());
    assert_eq!(delete(&pair.child, &child, &[(&pair, "leave")]).await, StatusCode::OK);
    assert_eq!(delete(&pair.parent, &parent, &[(&pair, "leave")]).await, StatusCode::OK);
    let child = sign_in(&app, &child).await;
    assert_eq!(child.today(pair.id).await.pair.phase, PairPhase::Closed, "the other is still leaving");
    let parent = sign_in(&app, &parent).await;
    for browser in [&child, &parent] {
        assert_eq!(browser.today(pair.id).await.pair.phase, PairPhase::Together);
    }
}

#[tokio::test]
async fn an_answer_of_the_other_at_the_same_moment_is_kept_or_refused() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    let code = pair.child.recovery_code();
    let choices = [(&pair, "erase")];
    let (deleted, answered) =
        tokio::join!(delete(&pair.child, &code, &choices), pair.parent.answer(pair.id, "같은 순간의 답"));
    assert_eq!(deleted, StatusCode::OK);
    let is_kept = holds(&app.stored().await, "같은 순간의 답");
    assert_eq!(is_kept, answered.status() == StatusCode::OK, "{}", answered.status());
    if !is_kept {
        assert_eq!(answered.text().await.expect("a code"), "\"PairClosed\"");
    }
}
