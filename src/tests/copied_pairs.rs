//! Tests of a pair whose copies are imported by several persons, or by one person several times.

use std::io::Cursor;

use super::{
    app::{Browser, TestApp},
    imports::{bytes_of, id_of, json_of, zip_of},
};
use crate::{
    paths,
    server::{
        keepsake::reading::{self, CopyError},
        services::imports::{self, ImportError},
        storage::seeds::{CHILDREN, PARENTS},
    },
};

async fn import(app: &TestApp, name: &str, copy: &[u8]) -> Result<(usize, usize), ImportError> {
    let read = reading::read(Cursor::new(copy)).expect("a copy");
    imports::import(&app.state, id_of(app, name).await, None, &read).await
}

/// The pairs of a person that a path may name.
async fn pairs_of(app: &TestApp, name: &str) -> Vec<String> {
    let person = id_of(app, name).await;
    app.read_sql(&format!("SELECT pair_id FROM members WHERE person_id = '{person}'")).await
}

async fn next_copy(app: &TestApp, browser: &Browser, name: &str) -> Vec<u8> {
    let pairs = pairs_of(app, name).await;
    assert_eq!(pairs.len(), 1, "{name}");
    bytes_of(browser, &format!("/keep/copy/{}", pairs[0])).await
}

#[tokio::test]
async fn both_members_move_to_a_new_server_and_each_keeps_what_they_had() {
    const OF_CHILD: &str = "아이만 쓴 글";
    const OF_PARENT: &str = "엄마만 쓴 글";
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    for _ in 0..2 {
        app.tick_at(21, 0).await;
    }
    pair.child.answer(pair.id, OF_CHILD).await;
    let of_child = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    // The parent has not answered that question, and has an unopened answer in an own pair.
    let alone = pair.parent.start_pair("parent").await;
    pair.parent.answer(alone, OF_PARENT).await;
    let of_parent = bytes_of(&pair.parent, paths::COPY_OF_ALL).await;

    let other = TestApp::start_with(99).await;
    let (child, parent) = (other.person(CHILDREN[0].0).await, other.person(PARENTS[0].0).await);
    import(&other, CHILDREN[0].0, &of_child).await.expect("the child's copy");
    import(&other, PARENTS[0].0, &of_parent).await.expect("the parent's copy");

    assert!(next_copy(&other, &child, CHILDREN[0].0).await == of_child);
    assert!(bytes_of(&parent, paths::COPY_OF_ALL).await == of_parent);
    for (browser, name, hidden) in [(&child, CHILDREN[0].0, OF_PARENT), (&parent, PARENTS[0].0, OF_CHILD)] {
        for pair in pairs_of(&other, name).await {
            for page in ["today", "archive", "settings"] {
                assert!(!browser.page(&format!("/p/{pair}/{page}")).await.contains(hidden), "{name}: {page}");
            }
        }
        assert!(!json_of(&bytes_of(browser, paths::COPY_OF_ALL).await).contains(hidden), "{name}");
    }
    for pair in pairs_of(&other, CHILDREN[0].0).await {
        assert_eq!(parent.get(&format!("/p/{pair}/archive")).await.status(), 404, "each has a pair of their own");
    }
}

#[tokio::test]
async fn a_person_imports_a_copy_once_also_at_the_same_instant() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let copies =
        [bytes_of(&pair.child, &paths::copy_of(pair.id)).await, bytes_of(&pair.parent, &paths::copy_of(pair.id)).await];
    let other = TestApp::start_with(99).await;
    let name = CHILDREN[3].0;
    let browser = other.person(name).await;

    let (one, two) = tokio::join!(import(&other, name, &copies[0]), import(&other, name, &copies[1]));

    assert_ne!(one.is_ok(), two.is_ok(), "{one:?} {two:?}");
    let refused = if one.is_ok() { two } else { one };
    assert!(matches!(refused, Err(ImportError::Here)), "{refused:?}");
    let again = next_copy(&other, &browser, name).await;
    for copy in copies.iter().chain([&again]) {
        assert!(matches!(import(&other, name, copy).await, Err(ImportError::Here)));
    }
    assert_eq!(pairs_of(&other, name).await.len(), 1);
}

#[tokio::test]
async fn a_copy_that_has_a_pair_or_a_card_twice_is_refused() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let json = json_of(&bytes_of(&pair.child, &paths::copy_of(pair.id)).await);
    let of_pair = json.split_once("\"pairs\":[").and_then(|(_, rest)| rest.rsplit_once("]}")).expect("a pair").0;
    let twice = json.replace(of_pair, &format!("{of_pair},{of_pair}"));
    let zip = zip_of(&[("archive.json", twice.as_bytes())]);
    assert!(matches!(reading::read(Cursor::new(zip)), Err(CopyError::Wrong("an id twice"))));

    // A hand-made list goes the same way.
    let other = TestApp::start_with(99).await;
    other.person(CHILDREN[3].0).await;
    let mut read = reading::read(Cursor::new(zip_of(&[("archive.json", json.as_bytes())]))).expect("a copy");
    read.extend(reading::read(Cursor::new(zip_of(&[("archive.json", json.as_bytes())]))).expect("a copy"));
    let refused = imports::import(&other.state, id_of(&other, CHILDREN[3].0).await, None, &read).await;
    assert!(matches!(refused, Err(ImportError::Here)));
    assert!(other.read_sql("SELECT id FROM pairs").await.is_empty(), "whole or not at all");
}

#[tokio::test]
async fn nobody_learns_which_pairs_others_have() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let copy = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let stranger = app.person(PARENTS[4].0).await;
    let before = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;

    import(&app, PARENTS[4].0, &copy).await.expect("as on a server without the pair");

    assert!(next_copy(&app, &stranger, PARENTS[4].0).await == copy);
    assert!(bytes_of(&pair.child, &paths::copy_of(pair.id)).await == before, "the pair itself is as it was");
    for page in ["today", "archive"] {
        assert_eq!(stranger.get(&format!("/p/{}/{page}", pair.id)).await.status(), 404);
    }
}

#[tokio::test]
async fn a_copy_beside_the_pair_that_it_came_from_has_each_id_once() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("함께 연 글").await;
    let copy = bytes_of(&pair.child, &paths::copy_of(pair.id)).await;
    let name = CHILDREN[3].0;
    let browser = app.person(name).await;
    import(&app, name, &copy).await.expect("imported");
    // The person gets the seat itself later (R177).
    let person = id_of(&app, name).await;
    let seat = format!("UPDATE members SET person_id = '{person}' WHERE pair_id = '{}' AND role = 'child'", pair.id);
    app.run_sql(&seat).await;

    let both = bytes_of(&browser, paths::COPY_OF_ALL).await;

    let other = TestApp::start_with(99).await;
    let elsewhere = other.person(name).await;
    assert_eq!(import(&other, name, &both).await.expect("imported"), (2, 2));
    assert!(bytes_of(&elsewhere, paths::COPY_OF_ALL).await == both);
}
