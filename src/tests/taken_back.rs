//! Tests of an answer that is taken back from an opened card.

use reqwest::StatusCode;

use super::app::{TestApp, TestPair};
use crate::{
    api::ApiError,
    domain::{Answer, EventKind, Millis},
    paths,
    server::{jobs::housekeeping, storage::seeds::CHILDREN},
};

const SECRET: &str = "아무에게도말하지않은이야기";
const EARLIER: &str = "고치기전의이야기";

/// A pair with one open card. The parent had revised the answer.
async fn with_card() -> (TestApp, TestPair, String) {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, _) = pair.parent.question(pair.id).await;
    for text in [EARLIER, SECRET] {
        assert_eq!(pair.parent.answer(pair.id, text).await.status(), StatusCode::OK);
    }
    assert_eq!(pair.child.answer(pair.id, "딸의 이야기").await.status(), StatusCode::OK);
    (app, pair, id.to_string())
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Everything that the pair's pages say to both.
async fn pages(pair: &TestPair, id: &str) -> String {
    let card = paths::card(pair.id, id.parse().expect("an id"));
    let mut all = String::new();
    for browser in [&pair.parent, &pair.child] {
        for page in [card.clone(), paths::today(pair.id), paths::archive(pair.id), paths::inbox()] {
            all += &browser.page(&page).await;
        }
        all += &format!("{:?}", browser.today(pair.id).await);
    }
    all
}

#[tokio::test]
async fn it_disappears_for_both_at_once_and_the_other_is_told_once() {
    let (_app, pair, id) = with_card().await;
    let mut line = pair.child.listen(pair.id).await;
    assert!(pages(&pair, &id).await.contains(SECRET), "before");

    for _ in 0..2 {
        assert_eq!(pair.parent.post("take_back_answer", &[("daily_question", &id)]).await.status(), StatusCode::OK);
    }

    line.hears(EventKind::CardChanged).await;
    let after = pages(&pair, &id).await;
    assert!(!after.contains(SECRET) && !after.contains(EARLIER), "{after}");
    assert!(after.contains("이 답은 지워졌어요") && after.contains("내가 지운 답이에요"));
    assert!(after.contains("딸의 이야기"), "the other's words stay");
    let told = pair.child.page(&paths::inbox()).await;
    assert_eq!(told.matches("답 하나를 지웠어요").count(), 1, "{told}");
    assert_eq!(pair.parent.page(&paths::inbox()).await.matches("답 하나를 지웠어요").count(), 0);
}

#[tokio::test]
async fn it_is_restored_within_seven_days_and_gone_after() {
    let (app, pair, id) = with_card().await;
    let post = async |verb: &str| pair.parent.post(verb, &[("daily_question", &id)]).await.status();
    assert_eq!(post("restore_answer").await, StatusCode::OK, "nothing to restore is no mistake");
    assert_eq!(post("take_back_answer").await, StatusCode::OK);
    app.advance(Answer::RESTORED_FOR_MS - 1);
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert_eq!(post("restore_answer").await, StatusCode::OK);
    assert!(pages(&pair, &id).await.contains(SECRET), "restored");

    assert_eq!(post("take_back_answer").await, StatusCode::OK);
    app.advance(Answer::RESTORED_FOR_MS);
    let refused = pair.parent.refused("restore_answer", &[("daily_question", &id)]).await;
    assert_eq!(refused, (409, ApiError::TakenBackForGood));
    housekeeping::sweep(&app.state).await.expect("a sweep");

    let stored = app.stored().await;
    assert!(!holds(&stored, SECRET) && !holds(&stored, EARLIER), "the words are deleted");
    let after = pages(&pair, &id).await;
    assert!(after.contains("이 답은 지워졌어요") && !after.contains("restore_answer"));
}

#[tokio::test]
async fn only_its_author_takes_it_back_and_only_from_an_open_card() {
    let (app, pair, id) = with_card().await;
    let fields = [("daily_question", &*id)];
    let stranger = app.person(CHILDREN[1].0).await;
    for verb in ["take_back_answer", "restore_answer"] {
        assert_eq!(stranger.refused(verb, &fields).await, (404, ApiError::NotFound), "{verb}");
        assert_eq!(app.visitor().refused(verb, &fields).await, (401, ApiError::SignedOut), "{verb}");
    }
    // What the other posts is about their own answer.
    assert_eq!(pair.child.post("take_back_answer", &fields).await.status(), StatusCode::OK);
    let seen = pages(&pair, &id).await;
    assert!(seen.contains(SECRET) && !seen.contains("딸의 이야기"));

    app.advance(Millis::DAY);
    app.tick_at(21, 0).await;
    let (next, _) = pair.parent.question(pair.id).await;
    pair.parent.answer(pair.id, "아직 닫힌 답").await;
    let refused = pair.parent.refused("take_back_answer", &[("daily_question", &next.to_string())]).await;
    assert_eq!(refused, (409, ApiError::StillClosed));
}
