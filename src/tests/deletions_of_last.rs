//! Tests that the words of a pair go with the deletion of its last reader, whatever was chosen.

use std::io::Cursor;

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair},
    deletions::{CLOSED, EARLIER, ON_CARD, delete, holds, lived_in, raw},
    imports::{bytes_of, id_of},
};
use crate::{
    domain::{DELETION_WAITS_MS, PersonId, WordsOnDeletion},
    paths,
    server::{
        jobs::housekeeping,
        keepsake::reading,
        services::{deletions, imports},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

const OF_PARENT: &str = "엄마의이야기";
const NAME: &str = "남겨진사람의이름";

async fn rename(browser: &Browser, name: &str) {
    assert_eq!(browser.post("change_name", &[("name", name)]).await.status(), StatusCode::OK);
}

async fn sweep_after_seven_days(app: &TestApp) {
    app.advance(DELETION_WAITS_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");
}

/// The child's copy of a pair, imported by a new person of another installation, and what of it is in the database.
pub(super) async fn imported() -> (TestApp, Browser) {
    let first = TestApp::start().await;
    let pair = lived_in(&first).await;
    rename(&pair.parent, NAME).await;
    let copy = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let app = TestApp::start_with(99).await;
    let browser = app.person(CHILDREN[3].0).await;
    let read = reading::read(Cursor::new(&copy)).expect("a copy");
    imports::import(&app.state, id_of(&app, CHILDREN[3].0).await, None, &read).await.expect("imported");
    let before = raw(&app).await;
    for text in [EARLIER, ON_CARD, CLOSED, OF_PARENT, NAME] {
        assert!(holds(&before, text), "{text}");
    }
    (app, browser)
}

async fn nothing_is_left(app: &TestApp) {
    let after = raw(app).await;
    for text in [EARLIER, ON_CARD, CLOSED, OF_PARENT, NAME, CHILDREN[0].0, CHILDREN[3].0] {
        assert!(!holds(&after, text), "{text}");
    }
    assert_eq!(app.read_sql("SELECT id FROM persons WHERE deleted_at IS NULL").await.len(), 0);
}

#[tokio::test]
async fn an_imported_pair_goes_with_the_person_who_imported_it() {
    let (app, browser) = imported().await;
    let id = app.read_sql("SELECT id FROM pairs").await[0].parse().expect("an id");
    let pair = TestPair { id, child: browser.clone(), parent: browser.clone() };
    assert_eq!(delete(&browser, &browser.recovery_code(), &[(&pair, "leave")]).await, StatusCode::OK);

    sweep_after_seven_days(&app).await;

    nothing_is_left(&app).await;
}

#[tokio::test]
async fn an_imported_pair_goes_with_a_person_whom_the_operator_deletes() {
    let (app, _browser) = imported().await;
    let person: PersonId = id_of(&app, CHILDREN[3].0).await;
    deletions::ask_by_operator(&app.state, person, WordsOnDeletion::Leave, true).await.expect("asked");

    housekeeping::sweep(&app.state).await.expect("a sweep");

    nothing_is_left(&app).await;
}

#[tokio::test]
async fn words_that_were_left_to_the_other_go_with_the_other() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    rename(&pair.parent, NAME).await;
    rename(&pair.child, CHILDREN[3].0).await;
    let (child, parent) = (pair.child.recovery_code(), pair.parent.recovery_code());
    assert_eq!(delete(&pair.child, &child, &[(&pair, "leave")]).await, StatusCode::OK);
    sweep_after_seven_days(&app).await;
    assert!(holds(&raw(&app).await, ON_CARD), "left to the parent");
    assert_eq!(delete(&pair.parent, &parent, &[(&pair, "leave")]).await, StatusCode::OK);
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert!(holds(&raw(&app).await, ON_CARD), "the parent may come back for seven days");

    sweep_after_seven_days(&app).await;

    nothing_is_left(&app).await;
}

#[tokio::test]
async fn both_who_go_at_the_same_time_leave_nothing_behind() {
    let app = TestApp::start().await;
    let pair = lived_in(&app).await;
    rename(&pair.parent, NAME).await;
    rename(&pair.child, CHILDREN[3].0).await;
    let (child, parent) = (pair.child.recovery_code(), pair.parent.recovery_code());
    assert_eq!(delete(&pair.child, &child, &[(&pair, "leave")]).await, StatusCode::OK);
    assert_eq!(delete(&pair.parent, &parent, &[(&pair, "leave")]).await, StatusCode::OK);

    sweep_after_seven_days(&app).await;

    nothing_is_left(&app).await;
}

/// Deletes the child with all choices, and the parent as a release did that left the words of the last reader.
async fn left_by_an_earlier_release(app: &TestApp, is_blank: bool) {
    let pair = lived_in(app).await;
    rename(&pair.parent, NAME).await;
    rename(&pair.child, CHILDREN[3].0).await;
    let (code, parent) = (pair.child.recovery_code(), id_of(app, NAME).await);
    assert_eq!(delete(&pair.child, &code, &[(&pair, "leave")]).await, StatusCode::OK);
    sweep_after_seven_days(app).await;
    // The statements below overwrite nothing. The name that the seat keeps stays.
    rename(&pair.parent, "새이름").await;
    for table in ["sessions", "notifications", "events"] {
        app.run_sql(&format!("DELETE FROM {table} WHERE person_id = '{parent}'")).await;
    }
    let gone = if is_blank { "name = '', consent_version = '', deleted_at = 1," } else { "" };
    app.run_sql(&format!("UPDATE persons SET {gone} recovery_hash = NULL WHERE id = '{parent}'")).await;
    app.run_sql("DELETE FROM installation WHERE name = 'unread_pairs_cleared'").await;
    assert!(holds(&raw(app).await, ON_CARD));
}

#[tokio::test]
async fn words_that_an_earlier_release_left_to_nobody_are_cleared_once() {
    let app = TestApp::start().await;
    left_by_an_earlier_release(&app, true).await;

    housekeeping::sweep(&app.state).await.expect("a sweep");

    nothing_is_left(&app).await;
    let reached = "SELECT value FROM installation WHERE name = 'unread_pairs_cleared'";
    assert_eq!(app.read_sql(reached).await, ["done"]);
    housekeeping::sweep(&app.state).await.expect("a sweep");
}

#[tokio::test]
async fn words_of_a_person_who_lost_every_way_in_are_not_cleared() {
    let app = TestApp::start().await;
    left_by_an_earlier_release(&app, false).await;
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert!(holds(&raw(&app).await, ON_CARD), "the operator can still make a code");
}

#[tokio::test]
async fn an_imported_pair_that_an_earlier_release_left_is_cleared() {
    let (app, _browser) = imported().await;
    let person = id_of(&app, CHILDREN[3].0).await;
    for table in ["sessions", "notifications", "events"] {
        app.run_sql(&format!("DELETE FROM {table} WHERE person_id = '{person}'")).await;
    }
    app.run_sql(&format!(
        "UPDATE persons SET name = '', consent_version = '', deleted_at = 1, recovery_hash = NULL
         WHERE id = '{person}'"
    ))
    .await;

    housekeeping::sweep(&app.state).await.expect("a sweep");

    nothing_is_left(&app).await;
}

#[tokio::test]
async fn a_pair_that_nobody_joined_goes_with_the_person_who_began_it() {
    let app = TestApp::start().await;
    let alone = app.person(CHILDREN[3].0).await;
    let id = alone.start_pair("child").await;
    let pair = TestPair { id, child: alone.clone(), parent: alone.clone() };
    assert_eq!(alone.answer(id, CLOSED).await.status(), StatusCode::OK);
    assert_eq!(delete(&alone, &alone.recovery_code(), &[(&pair, "leave")]).await, StatusCode::OK);

    sweep_after_seven_days(&app).await;

    nothing_is_left(&app).await;
}

#[tokio::test]
async fn the_page_offers_no_choice_for_a_pair_that_only_its_reader_can_read_and_a_posted_one_does_not_count() {
    let (app, browser) = imported().await;
    let (own, other) = (browser.start_pair("child").await, app.person(PARENTS[3].0).await);
    other.join(&browser.invite(own).await, "mother").await;
    let id = app.read_sql("SELECT id FROM pairs WHERE copied_from IS NOT NULL").await[0].parse().expect("an id");
    let page = browser.page("/settings/delete").await;
    assert!(!page.contains(&format!("words[pair-{id}]")) && page.contains(&paths::copy_of(id)), "{page}");
    assert!(page.contains(&format!("words[pair-{own}]")) && !page.contains(&paths::copy_of(own)));

    let [imported, shared] = [id, own].map(|id| TestPair { id, child: browser.clone(), parent: other.clone() });
    let code = browser.recovery_code();
    assert_eq!(delete(&browser, &code, &[(&imported, "leave")]).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(delete(&browser, &code, &[(&imported, "leave"), (&shared, "leave")]).await, StatusCode::OK);

    let stored = app.read_sql("SELECT words FROM deletion_pairs ORDER BY words").await;
    assert_eq!(stored, ["erase", "leave"]);
    assert_eq!(app.read_sql("SELECT kind FROM notifications WHERE kind = 'deleting'").await.len(), 1);
}
