//! What `umbba person delete --dry-run` counts is what the deletion then deletes.

use super::{app::TestApp, deletions::lived_in, deletions_of_last::imported, imports::id_of};
use crate::{
    domain::{PersonId, WordsOnDeletion},
    server::{
        jobs::housekeeping,
        services::{deletion_counts, deletions},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

async fn count(app: &TestApp, rows: &str) -> i64 {
    let found = app.read_sql(&format!("SELECT CAST(COUNT(*) AS TEXT) FROM {rows}")).await;
    found[0].parse().expect("a number")
}

/// Answers and revisions that hold words.
async fn words_in(app: &TestApp) -> (i64, i64) {
    (count(app, "answers WHERE body <> ''").await, count(app, "answer_revisions").await)
}

/// Counts and deletes these persons, and compares. Returns the pairs that went whole.
async fn deletes_as_counted(app: &TestApp, persons: &[PersonId], words: WordsOnDeletion) -> usize {
    let counted = deletion_counts::count_of_persons(&app.state, persons, words).await.expect("a look");
    let counted = counted.expect("they exist");
    for (person, counts) in persons.iter().zip(&counted) {
        for (table, expected) in [
            ("notifications", counts.own.notifications),
            ("push_subscriptions", counts.own.devices),
            ("sessions", counts.own.sessions),
        ] {
            assert_eq!(count(app, &format!("{table} WHERE person_id = '{person}'")).await, expected, "{table}");
        }
    }
    let before = words_in(app).await;
    for person in persons {
        deletions::ask_by_operator(&app.state, *person, words, true).await.expect("asked");
    }
    housekeeping::sweep(&app.state).await.expect("a sweep");
    let after = words_in(app).await;
    let sum = |of: fn(&deletion_counts::Counts) -> i64| counted.iter().map(of).sum::<i64>();
    let gone = (before.0 - after.0, before.1 - after.1);
    assert_eq!((sum(|counts| counts.words.answers), sum(|counts| counts.words.revisions)), gone);
    for person in persons {
        let rows = ["notifications", "push_subscriptions", "sessions"];
        for table in rows {
            assert_eq!(count(app, &format!("{table} WHERE person_id = '{person}'")).await, 0, "{table}");
        }
    }
    assert!(gone.0 > 0, "the test deletes something");
    counted.iter().map(|counts| counts.unread).sum()
}

#[tokio::test]
async fn what_is_left_to_the_other_is_not_counted() {
    for (words, left) in [(WordsOnDeletion::Leave, 2), (WordsOnDeletion::Erase, 1)] {
        let app = TestApp::start().await;
        lived_in(&app).await;
        let child = id_of(&app, CHILDREN[0].0).await;
        assert_eq!(deletes_as_counted(&app, &[child], words).await, 0);
        assert_eq!(words_in(&app).await.0, left);
    }
}

#[tokio::test]
async fn the_words_of_both_are_counted_when_nobody_else_can_read_them() {
    let (app, _browser) = imported().await;
    let person = id_of(&app, CHILDREN[3].0).await;
    assert_eq!(deletes_as_counted(&app, &[person], WordsOnDeletion::Leave).await, 1);
    assert_eq!(words_in(&app).await, (0, 0));
}

#[tokio::test]
async fn two_in_one_run_are_counted_one_after_the_other() {
    for words in [WordsOnDeletion::Leave, WordsOnDeletion::Erase] {
        let app = TestApp::start().await;
        lived_in(&app).await;
        let both = [id_of(&app, CHILDREN[0].0).await, id_of(&app, PARENTS[0].0).await];
        assert_eq!(deletes_as_counted(&app, &both, words).await, 1);
        assert_eq!(words_in(&app).await, (0, 0));
    }
}

#[tokio::test]
async fn choices_that_were_made_before_are_counted() {
    let app = TestApp::start().await;
    lived_in(&app).await;
    let child = id_of(&app, CHILDREN[0].0).await;
    deletions::ask_by_operator(&app.state, child, WordsOnDeletion::Leave, false).await.expect("asked");
    assert_eq!(deletes_as_counted(&app, &[child], WordsOnDeletion::Erase).await, 0);
    assert_eq!(words_in(&app).await.0, 2, "left, as was asked first");
}
