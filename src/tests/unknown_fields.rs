//! Tests that fields of a later release survive an import, and that they go with the words that they belong to.

use std::io::Cursor;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    app::{Browser, TestApp, TestPair, rounds},
    deletions::{delete, holds, raw},
    imports::{bytes_of, id_of, json_of, zip_of},
    keepsakes::entries,
};
use crate::{
    domain::{DELETION_WAITS_MS, Millis},
    paths,
    server::{
        jobs::housekeeping,
        keepsake::reading::{self, CopyError},
        random::Random,
        services::imports,
        storage::seeds::CHILDREN,
    },
};

const LATER: &str = "나중에나온판의글";

/// A copy of the child: two cards, of which one was edited, an unopened question, and a second pair.
async fn copy() -> Vec<u8> {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for text in ["고치기 전", "함께 연 글"] {
        pair.child.answer(pair.id, text).await;
    }
    pair.parent.answer(pair.id, "엄마의 글").await;
    for _ in 0..2 {
        app.tick_at(21, 0).await;
    }
    pair.answer_both("두 번째 글").await;
    app.advance(Millis::DAY);
    app.tick_at(21, 0).await;
    pair.child.answer(pair.id, "혼자 쓴 글").await;
    let second = pair.child.start_pair("child").await;
    pair.child.answer(second, "둘째 짝의 글").await;
    bytes_of(&pair.child, paths::COPY_OF_ALL).await
}

/// Adds fields at random, or at every place.
fn add(value: &mut Value, random: Option<&Random>, count: &mut usize) {
    match value {
        Value::Object(fields) => {
            fields.values_mut().for_each(|value| add(value, random, count));
            if random.is_none_or(|random| random.number().is_multiple_of(3)) {
                let odd = [json!(LATER), json!([1.5, null, {"글": "\"\\\u{2028}</script>"}]), json!({}), json!(-1e300)];
                let odd = &odd[*count % odd.len()];
                fields.insert(format!("later \"{count}\""), odd.clone());
                *count += 1;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| add(item, random, count)),
        _ => {}
    }
}

async fn import(app: &TestApp, json: &str) -> Browser {
    let browser = app.person(CHILDREN[3].0).await;
    let read = reading::read(Cursor::new(zip_of(&[("archive.json", json.as_bytes())]))).expect("a copy");
    imports::import(&app.state, id_of(app, CHILDREN[3].0).await, None, &read).await.expect("imported");
    browser
}

/// The unknown fields of a document with the places where they are.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.starts_with("later") {
                    found.push(format!("{at}/{name}: {value}"));
                } else {
                    places(value, &format!("{at}/{name}"), found);
                }
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(at_item, item)| {
            places(item, &format!("{at}/{at_item}"), found);
        }),
        _ => {}
    }
}

#[tokio::test]
async fn fields_of_a_later_release_are_in_the_next_copy_and_it_in_the_one_after() {
    let json: Value = serde_json::from_str(&json_of(&copy().await)).expect("JSON");
    for seed in 0..u64::from(rounds().div_ceil(5)) {
        let (mut changed, mut count) = (json.clone(), 0);
        add(&mut changed, (seed > 0).then(|| Random::seeded(seed)).as_ref(), &mut count);
        let app = TestApp::start_with(99).await;

        let browser = import(&app, &changed.to_string()).await;

        let next = bytes_of(&browser, paths::COPY_OF_ALL).await;
        let text = json_of(&next);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        places(&changed, "", &mut before);
        places(&serde_json::from_str(&text).expect("JSON"), "", &mut after);
        before.sort();
        after.sort();
        assert_eq!(before, after, "seed {seed}");
        assert!(seed > 0 || count > 50, "{count}");
        let elsewhere = TestApp::start_with(98).await;
        let again = bytes_of(&import(&elsewhere, &text).await, paths::COPY_OF_ALL).await;
        assert!(again == next, "seed {seed}");
        for (name, text) in entries(browser.get(paths::COPY_OF_ALL).await).await {
            let is_data = ["archive.json", "data/archive.js"].contains(&name.as_str());
            assert!(is_data || !text.contains(LATER), "{name}");
        }
    }
}

#[tokio::test]
async fn known_fields_win_and_more_than_a_copy_may_have_is_refused() {
    let json = json_of(&copy().await);
    let read = |json: &str| reading::read(Cursor::new(zip_of(&[("archive.json", json.as_bytes())])));
    let with = |fields: &str| json.replacen("\"you\":", &format!("{fields},\"you\":"), 1);
    assert!(matches!(read(&with("\"a\":1,\"a\":2")), Err(CopyError::Wrong("a field twice"))));
    let many: Vec<String> = (0..100).map(|at| format!("\"a{at}\":{at}")).collect();
    let deep = format!("\"a\":{}{}", "[".repeat(40), "]".repeat(40));
    let long = format!("\"a\":\"{}\"", "x".repeat(256 * 1024));
    for fields in [many.join(","), deep, long] {
        assert!(matches!(read(&with(&fields)), Err(CopyError::Unknown)));
    }
    let above = json.replacen('{', &format!("{{\"a\":\"{}\",", "x".repeat(64 * 1024)), 1);
    assert!(matches!(read(&above), Err(CopyError::Unknown)));
    // Fields that this release leaves out when they say nothing are no unknown ones.
    let said = json.replace("{\"text\":", "{\"taken_back\":false,\"text\":");
    assert!(read(&said).expect("a copy").iter().all(|pair| pair.cards.iter().all(|card| card.fields.is_none())));
}

#[tokio::test]
async fn a_copy_with_more_earlier_texts_than_the_app_keeps_is_refused() {
    let json = json_of(&copy().await);
    let earlier = json.split_once("\"your_revisions\":[{").and_then(|(_, rest)| rest.split_once("}}]")).expect("one").0;
    let with = |count: u32| {
        let texts =
            (1..=count).map(|at| format!("{{{}}}}}", earlier.replace("\"revision\":1", &format!("\"revision\":{at}"))));
        let all = texts.collect::<Vec<_>>().join(",");
        let json = json.replacen(&format!("{{{earlier}}}}}"), &all, 1).replacen("\"revision\":2", "\"revision\":99", 1);
        reading::read(Cursor::new(zip_of(&[("archive.json", json.as_bytes())])))
    };
    assert!(matches!(with(51), Err(CopyError::Revisions)));
    assert!(with(50).is_ok());
}

/// An imported pair with an unknown field in each of its objects.
async fn imported_with_fields() -> (TestApp, TestPair, Vec<String>) {
    let mut json: Value = serde_json::from_str(&json_of(&copy().await)).expect("JSON");
    let pairs = json["pairs"].as_array_mut().expect("pairs");
    pairs.truncate(1);
    add(&mut json, None, &mut 0);
    let app = TestApp::start_with(99).await;
    let browser = import(&app, &json.to_string()).await;
    let id = app.read_sql("SELECT id FROM pairs").await[0].parse().expect("an id");
    let cards = app.read_sql("SELECT id FROM daily_questions WHERE completed_at IS NOT NULL ORDER BY number").await;
    (app, TestPair { id, child: browser.clone(), parent: browser }, cards)
}

#[tokio::test]
async fn unknown_fields_go_with_the_deletion_of_who_imported_them() {
    let (app, pair, _) = imported_with_fields().await;
    assert!(holds(&raw(&app).await, LATER));
    let code = pair.child.recovery_code();
    assert_eq!(delete(&pair.child, &code, &[(&pair, "leave")]).await, StatusCode::OK);
    app.advance(DELETION_WAITS_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert!(!holds(&raw(&app).await, LATER));
}

#[tokio::test]
async fn unknown_fields_of_a_card_go_with_an_answer_that_is_taken_back() {
    let (app, pair, cards) = imported_with_fields().await;
    let path = paths::copy_of(pair.id);
    let count = || async { json_of(&bytes_of(&pair.child, &path).await).matches("later").count() };
    let before = bytes_of(&pair.child, &path).await;
    let all = count().await;
    assert_eq!(pair.child.post("take_back_answer", &[("daily_question", &cards[0])]).await.status(), StatusCode::OK);

    let left = count().await;

    assert!(left > 0 && left < all, "{left} of {all}");
    assert_eq!(pair.child.post("restore_answer", &[("daily_question", &cards[0])]).await.status(), StatusCode::OK);
    assert!(bytes_of(&pair.child, &path).await == before, "restored with its fields");
    assert_eq!(pair.child.post("take_back_answer", &[("daily_question", &cards[0])]).await.status(), StatusCode::OK);
    app.advance(DELETION_WAITS_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");
    let kept = "SELECT id FROM daily_questions WHERE kept_fields IS NOT NULL AND completed_at IS NOT NULL";
    assert_eq!(app.read_sql(kept).await, cards[1..]);
}
