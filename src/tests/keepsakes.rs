//! Tests of the copy that a person keeps: what is in it, what never is, and who gets it.

use std::io::{Cursor, Read};

use reqwest::Response;
use serde_json::Value;
use zip::ZipArchive;

use super::app::{Browser, TestApp, TestPair};
use crate::{
    paths,
    server::{
        keepsake::script,
        storage::seeds::{CHILDREN, PARENTS},
    },
};

const HIDDEN: &str = "아직 보여 주지 않을 글이에요";

/// The entries of a copy: name and text, in order.
pub(super) async fn entries(response: Response) -> Vec<(String, String)> {
    assert_eq!(response.status(), 200);
    let bytes = response.bytes().await.expect("a whole copy").to_vec();
    let mut zip = ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut found = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).expect("an entry");
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("text");
        found.push((entry.name().expect("a name").to_string(), text));
    }
    found
}

async fn copy_of(browser: &Browser, pair: &TestPair) -> Vec<(String, String)> {
    entries(browser.get(&paths::copy_of(pair.id)).await).await
}

fn text_of<'a>(copy: &'a [(String, String)], name: &str) -> &'a str {
    &copy.iter().find(|(found, _)| found == name).expect(name).1
}

fn archive(copy: &[(String, String)]) -> Value {
    serde_json::from_str(text_of(copy, "archive.json")).expect("JSON")
}

/// A pair with eight cards, of which the parent edited their last answer, and a question that the child answered.
async fn world() -> (TestApp, TestPair) {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for day in 0..8 {
        if day == 7 {
            pair.parent.answer(pair.id, "고치기 전의 글").await;
        }
        pair.answer_both(&format!("{day}번째 <글> & \"이야기\"")).await;
        // The first question is not followed on its own day.
        for _ in 0..if day == 0 { 2 } else { 1 } {
            assert_eq!(app.tick_at(21, 0).await, 1, "day {day}");
        }
    }
    pair.child.answer(pair.id, HIDDEN).await;
    (app, pair)
}

#[tokio::test]
async fn a_copy_holds_every_card_with_both_wordings_and_answers() {
    let (_app, pair) = world().await;

    let response = pair.parent.get(&paths::copy_of(pair.id)).await;
    let header = |name: &str| response.headers()[name].to_str().expect("text").to_owned();
    assert!(header("content-disposition").starts_with("attachment; filename=\"umbba-20"));
    assert_eq!(header("cache-control"), "private, no-store");
    assert_eq!(header("content-type"), "application/zip");
    let copy = entries(response).await;

    let names = copy.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let expected = ["index.html", "data/archive.js", "archive.json", "style.css", "search.js", "schema.json"];
    assert_eq!(names, [&expected[..], &["README.txt"]].concat());
    let archive = archive(&copy);
    assert_eq!((&archive["format"], &archive["version"]), (&"umbba-archive".into(), &1.into()));
    let found = &archive["pairs"][0];
    assert_eq!((found["you"].as_str(), found["seasons"].as_array().map(Vec::len)), (Some("parent"), Some(1)));
    let cards = found["cards"].as_array().expect("cards");
    assert_eq!(cards.len(), 8);
    for (day, card) in cards.iter().enumerate() {
        let text = format!("{day}번째 <글> & \"이야기\"");
        assert_eq!((card["parent"]["text"].as_str(), card["child"]["text"].as_str()), (Some(&*text), Some(&*text)));
        assert!(card["asked"]["parent"].as_str().is_some_and(|asked| !asked.contains('{')), "{card}");
        assert_eq!(card["card"], day + 1);
        assert_eq!(card["opened"]["zone"], "Asia/Seoul");
    }
    assert_eq!(cards[7]["your_revisions"][0]["text"], "고치기 전의 글");
    let page = text_of(&copy, "index.html");
    assert_eq!(page.matches("<article").count(), 8);
    assert!(page.contains("3번째 &lt;글&gt; &amp; &quot;이야기&quot;") && page.contains("고치기 전의 글"));
    assert!(!page.contains("<script>") && !page.contains("style=\""), "nothing is inline");
    let script = text_of(&copy, "data/archive.js");
    let expected = [script::BEGINNING, &script::part(text_of(&copy, "archive.json")), script::END].concat();
    assert!(script == expected && script.contains("\\x3C글>"), "{script}");
}

#[tokio::test]
async fn a_copy_never_holds_what_only_the_other_may_read() {
    let (_app, pair) = world().await;

    for (_, text) in copy_of(&pair.parent, &pair).await {
        assert!(!text.contains(HIDDEN), "the other's answer before mine");
    }
    for (name, text) in copy_of(&pair.child, &pair).await {
        assert!(!text.contains("고치기 전의 글"), "{name}: the other's earlier texts are theirs");
        assert_eq!(text.contains(HIDDEN), matches!(name.as_str(), "index.html" | "data/archive.js" | "archive.json"));
    }
    let child = archive(&copy_of(&pair.child, &pair).await);
    let unopened = &child["pairs"][0]["unopened"][0];
    assert_eq!((&unopened["parent"], &unopened["asked"]["parent"]), (&Value::Null, &Value::Null));
    assert_eq!(unopened["wordings"]["ko"]["parent"], "", "the other's question is shown with the card");
}

#[tokio::test]
async fn a_copy_is_the_same_bytes_whatever_the_other_has_written_unseen() {
    let mut copies = Vec::new();
    for texts in [&["하나"][..], &["아주 길고 다른 글이에요.", "또 고친 글", "세 번째로 고친 글"][..]]
    {
        let app = TestApp::start_with(7).await;
        let pair = app.pair().await;
        pair.answer_both("함께 연 글").await;
        for _ in 0..2 {
            app.tick_at(21, 0).await;
        }
        for text in texts {
            pair.parent.answer(pair.id, text).await;
        }
        let waiting = pair.child.get(&paths::copy_of(pair.id)).await.bytes().await.expect("a copy");
        pair.child.answer(pair.id, "나의 답").await;
        copies.push((waiting, pair.child.get(&paths::copy_of(pair.id)).await.bytes().await.expect("a copy")));
    }
    assert!(copies[0].0 == copies[1].0, "before my answer");
    assert!(copies[0].1 != copies[1].1, "else the line above would prove nothing");
}

#[tokio::test]
async fn no_secret_of_the_account_is_in_a_copy() {
    let (app, pair) = world().await;
    pair.parent.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await;
    let copy = entries(pair.parent.get(paths::COPY_OF_ALL).await).await;

    let mut secrets = Vec::new();
    for sql in [
        "SELECT token_hash FROM sessions",
        "SELECT id FROM sessions",
        "SELECT COALESCE(recovery_hash, '') FROM persons",
        "SELECT id FROM persons",
        "SELECT code_hash FROM invitations",
        "SELECT device FROM sessions",
    ] {
        secrets.extend(app.read_sql(sql).await.into_iter().filter(|value| value.len() > 3));
    }
    assert!(secrets.len() > 6, "{secrets:?}");
    for (name, text) in &copy {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{name}: {secret}");
        }
    }
}

#[tokio::test]
async fn only_members_get_a_copy_and_former_ones_keep_theirs() {
    let (app, pair) = world().await;
    let other = app.pair_of(app.person(CHILDREN[1].0).await, app.person(PARENTS[1].0).await).await;
    other.answer_both("남의 글").await;
    let path = paths::copy_of(pair.id);

    assert_eq!(app.visitor().get(&path).await.status(), 401);
    assert_eq!(app.visitor().get(paths::COPY_OF_ALL).await.status(), 401);
    for path in [&path, "/keep/copy/1", "/keep/copy/01a20359-39ae-7b93-921b-5f70d4c4f248"] {
        assert_eq!(other.child.get(path).await.status(), 404, "{path}");
    }
    for (_, text) in entries(other.child.get(paths::COPY_OF_ALL).await).await {
        assert!(!text.contains("이야기\\\"") && !text.contains(&pair.id.to_string()), "a stranger's copy");
    }
    pair.child.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await;
    for member in [&pair.child, &pair.parent] {
        let left = archive(&copy_of(member, &pair).await);
        assert_eq!(left["pairs"][0]["cards"].as_array().map(Vec::len), Some(8));
    }
    assert!(!copy_of(&pair.parent, &pair).await.iter().any(|(_, text)| text.contains(HIDDEN)));
    pair.child.post("sign_out", &[]).await;
    assert_eq!(pair.child.get(&path).await.status(), 401, "an ended session");
}

#[tokio::test]
async fn the_page_offers_a_copy_and_says_when_the_last_backup_was_made() {
    let (app, pair) = world().await;
    let page = pair.parent.page("/keep").await;
    assert!(page.contains(&format!("href=\"{}\"", paths::copy_of(pair.id))) && !page.contains("href=\"/keep/copy\""));
    assert!(page.contains("아직 백업한 기록이 없어요."));
    assert!(pair.parent.page("/settings").await.contains("href=\"/keep\""));

    app.run_sql("INSERT INTO installation (name, value) VALUES ('backup_made_at', '1796000000000')").await;

    assert!(pair.parent.page("/keep").await.contains("마지막 백업: 2026년 11월 30일"));
    assert_eq!(app.visitor().get("/keep").await.status(), 401);
}

#[tokio::test]
async fn an_answer_that_was_taken_back_is_in_no_copy() {
    let (_app, pair) = world().await;
    let (before, first) = (archive(&copy_of(&pair.child, &pair).await), "0번째");
    let card = before["pairs"][0]["cards"][0]["id"].as_str().expect("a card").to_owned();
    assert_eq!(pair.child.post("take_back_answer", &[("daily_question", &card)]).await.status(), 200);

    for member in [&pair.child, &pair.parent] {
        let copy = copy_of(member, &pair).await;
        let found = &archive(&copy)["pairs"][0]["cards"][0];
        assert_eq!((&found["child"]["text"], &found["child"]["taken_back"]), (&"".into(), &true.into()));
        assert!(found["parent"]["text"].as_str().is_some_and(|text| text.contains(first)));
        assert_eq!(text_of(&copy, "index.html").matches(first).count(), 1);
    }
}
