//! Tests answering: an answer is saved once, both answers are revealed together, and no answer is lost.

use super::app::{Browser, PATIENCE, TestApp};
use crate::{
    api::{AnswersView, ApiError},
    domain::{DailyQuestionId, EventKind},
    server::storage::seeds::PARENTS,
};

#[tokio::test]
async fn the_other_hears_of_an_answer_and_a_stranger_does_not() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let stranger = app.pair().await;
    let (mut child, mut strange) = (pair.child.listen(pair.id).await, stranger.child.listen(stranger.id).await);

    pair.parent.answer(pair.id, "골목에서 고무줄을 했지").await;

    child.hears(EventKind::AnswerSubmitted).await;
    stranger
        .child
        .post("change_push_time", &[("pair", &stranger.id.to_string()), ("push_time", "20:00"), ("zone", "Asia/Seoul")])
        .await;
    strange.hears_only(EventKind::PushTimeChanged).await;
}

#[tokio::test]
async fn the_card_opens_for_both_when_both_have_answered() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut parent = pair.parent.listen(pair.id).await;

    pair.parent.answer(pair.id, "부모의 글").await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").answers, AnswersView::OtherIsWaiting);
    pair.child.answer(pair.id, "아이의 글").await;

    parent.hears(EventKind::AnswerSubmitted).await;
    parent.hears(EventKind::CardOpened).await;
    let answers = pair.parent.today(pair.id).await.question.expect("a question").answers;
    assert!(matches!(answers, AnswersView::Both { own, other, .. } if own == "부모의 글" && other == "아이의 글"));
}

#[tokio::test]
async fn the_inviter_answers_before_anybody_joins() {
    let app = TestApp::start().await;
    let child = app.person("민지").await;
    let id = child.start_pair("child").await;
    assert_eq!(child.answer(id, "먼저 쓴 글").await.status(), 200);

    let parent = app.person(PARENTS[0].0).await;
    parent.join(&child.invite(id).await, "mother").await;

    assert_eq!(parent.today(id).await.question.expect("a question").answers, AnswersView::OtherIsWaiting);
}

#[tokio::test]
async fn a_double_tap_is_one_answer() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, version) = pair.parent.question(pair.id).await;
    let before = pair.parent.today(pair.id).await.as_of;

    let taps = futures::future::join_all((0..8).map(|_| pair.parent.answer_to(id, version, "한 번"))).await;

    assert!(taps.iter().all(|tap| tap.status() == 200));
    let today = pair.parent.today(pair.id).await;
    assert_eq!(today.as_of, before + 1, "one fact");
    assert!(today.question.expect("a question").revisions.is_empty());
}

#[tokio::test]
async fn two_answers_at_once_open_the_card_exactly_once() {
    for _ in 0..super::app::rounds() {
        let app = TestApp::start().await;
        let pair = app.pair().await;
        let (id, version) = pair.parent.question(pair.id).await;
        let mut child = pair.child.listen(pair.id).await;

        let both = tokio::join!(pair.parent.answer_to(id, version, "부모"), pair.child.answer_to(id, version, "아이"));

        assert_eq!((both.0.status().as_u16(), both.1.status().as_u16()), (200, 200));
        child.hears(EventKind::AnswerSubmitted).await;
        child.hears(EventKind::CardOpened).await;
        pair.child
            .post("change_push_time", &[("pair", &pair.id.to_string()), ("push_time", "20:00"), ("zone", "Asia/Seoul")])
            .await;
        child.hears_only(EventKind::PushTimeChanged).await;
    }
}

#[tokio::test]
async fn of_two_devices_of_mine_the_later_wins_and_the_earlier_stays_in_my_history() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.parent.answer(pair.id, "전화기로 쓴 글").await;
    pair.parent.answer(pair.id, "태블릿으로 쓴 글").await;

    let mine = pair.parent.today(pair.id).await.question.expect("a question");
    assert_eq!(mine.answers, AnswersView::Waiting { own: "태블릿으로 쓴 글".into() });
    assert_eq!(mine.revisions, ["전화기로 쓴 글"]);

    pair.child.answer(pair.id, "아이의 글").await;
    let theirs = pair.child.today(pair.id).await.question.expect("a question");
    assert!(theirs.revisions.is_empty(), "earlier revisions are seen by their author alone");
    let page = pair.child.page(&format!("/p/{}/cards/{}", pair.id, theirs.id)).await;
    assert!(page.contains("태블릿으로 쓴 글") && !page.contains("전화기로 쓴 글"));
}

#[tokio::test]
async fn an_open_card_is_final() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, version) = pair.parent.question(pair.id).await;
    pair.answer_both("글").await;

    let fields = [("daily_question", id.to_string()), ("version", version.to_string()), ("body", "고친 글".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.parent.refused("submit_answer", &fields).await, (409, ApiError::AlreadyOpen));
    let page = pair.parent.submit("submit_answer", &fields).await;
    assert_eq!(page.status(), 409);
    let html = page.text().await.expect("a page");
    assert!(html.contains("카드가 이미 열려서") && html.contains("고친 글"), "the sentence and the text");
}

#[tokio::test]
async fn graceful_shutdown_with_streams_open_loses_no_answer() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut lines = Vec::new();
    for _ in 0..20 {
        lines.push(pair.child.listen(pair.id).await);
    }
    let (id, version) = pair.parent.question(pair.id).await;

    let answer = tokio::spawn({
        let parent = pair.parent.clone();
        async move { parent.answer_to(id, version, "마지막 글").await.status().as_u16() }
    });
    assert_eq!(answer.await.expect("an answer"), 200);
    app.state.lifecycle.end();
    for line in &mut lines {
        line.ends().await;
    }

    assert!(app.state.lifecycle.drained(PATIENCE).await, "streams end, so the drain does");
    let mut tx = app.state.database.read().await.expect("a transaction");
    let person = crate::server::storage::pairs::lookup(&mut tx, pair.id)
        .await
        .expect("a pair")
        .and_then(|pair| pair.parent)
        .expect("a parent")
        .person_id;
    let kept = crate::server::storage::daily_questions::lookup_for(&mut tx, person, id)
        .await
        .expect("a question")
        .expect("a question");
    assert_eq!(kept.parent.expect("an answer").body.as_str(), "마지막 글");
}

/// Posts an answer as a browser's outbox does.
async fn send(
    browser: &Browser,
    question: (DailyQuestionId, u32),
    text: &str,
    more: &[(&str, &str)],
) -> (u16, Option<ApiError>) {
    let (id, version) = (question.0.to_string(), question.1.to_string());
    let fields = [&[("daily_question", id.as_str()), ("version", &version), ("body", text)], more].concat();
    let response = browser.post("submit_answer", &fields).await;
    let status = response.status().as_u16();
    (status, serde_json::from_slice(&response.bytes().await.expect("a body")).ok())
}

const KEY: &str = "0b6f1c1e-52c1-4d7e-9a53-0c2f8f6d2a11";
const OTHER_KEY: &str = "7e0d5b0a-8a3c-4c8e-8a39-5a1d6fbb0c22";

#[tokio::test]
async fn a_sending_is_taken_once_however_late_its_repeat_comes() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let question = pair.child.question(pair.id).await;
    assert_eq!(send(&pair.child, question, "지하철에서 쓴 글", &[("key", KEY)]).await.0, 200);
    pair.child.answer(pair.id, "집에서 고친 글").await;
    let before = pair.child.today(pair.id).await;

    assert_eq!(send(&pair.child, question, "지하철에서 쓴 글", &[("key", KEY), ("base", "0")]).await, (200, None));
    let after = pair.child.today(pair.id).await;
    assert_eq!(after.as_of, before.as_of, "nobody is told anything");
    assert_eq!(after.question.expect("a question").answers, AnswersView::Waiting { own: "집에서 고친 글".to_owned() });

    pair.parent.answer(pair.id, "부모의 글").await;
    assert_eq!(
        send(&pair.child, question, "지하철에서 쓴 글", &[("key", KEY), ("base", "0")]).await,
        (200, None),
        "the card is open"
    );
    assert_eq!(
        send(&pair.parent, question, "지하철에서 쓴 글", &[("key", KEY)]).await,
        (409, Some(ApiError::AlreadyOpen)),
        "the key is the child's"
    );
}

#[tokio::test]
async fn what_waited_never_goes_over_what_was_answered_meanwhile() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let question = pair.child.question(pair.id).await;
    pair.child.answer(pair.id, "다른 기기의 답").await;

    assert_eq!(
        send(&pair.child, question, "기다리던 글", &[("key", KEY), ("base", "0")]).await,
        (409, Some(ApiError::AnsweredElsewhere))
    );
    let own = pair.child.today(pair.id).await.question.expect("a question");
    assert_eq!((own.answers, own.revision), (AnswersView::Waiting { own: "다른 기기의 답".to_owned() }, 1));
    assert_eq!(
        send(&pair.child, question, "다른 기기의 답", &[("key", KEY), ("base", "0")]).await,
        (200, None),
        "the same words are no quarrel"
    );
    assert_eq!(
        send(&pair.child, question, "기다리던 글", &[("key", OTHER_KEY), ("base", "1")]).await,
        (200, None),
        "an edit of what was seen"
    );
    assert_eq!(send(&pair.child, question, "지금 쓴 글", &[]).await, (200, None), "what is written now wins");
    let own = pair.child.today(pair.id).await.question.expect("a question");
    assert_eq!((own.answers, own.revision), (AnswersView::Waiting { own: "지금 쓴 글".to_owned() }, 3));
}

#[tokio::test]
async fn other_words_for_a_sending_whose_receipt_was_lost_are_an_edit_of_it() {
    const THIRD_KEY: &str = "3c9d2f40-6a1b-4a55-8f0e-2b7c1d9e0a33";
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let question = pair.child.question(pair.id).await;
    assert_eq!(send(&pair.child, question, "먼저 쓴 글", &[("key", KEY)]).await, (200, None));

    // The sender got no receipt for the first text. `earlier` also names a key that never arrived; that key changes
    // nothing.
    let earlier = format!("{THIRD_KEY},{KEY}");
    assert_eq!(
        send(&pair.child, question, "고쳐 쓴 글", &[("key", OTHER_KEY), ("base", "0"), ("earlier", &earlier)]).await,
        (200, None)
    );
    let own = pair.child.today(pair.id).await.question.expect("a question");
    assert_eq!((own.answers, own.revision), (AnswersView::Waiting { own: "고쳐 쓴 글".to_owned() }, 2));

    pair.child.answer(pair.id, "다른 기기의 답").await;
    let late = [("key", THIRD_KEY), ("base", "0"), ("earlier", KEY)];
    assert_eq!(
        send(&pair.child, question, "또 고친 글", &late).await,
        (409, Some(ApiError::AnsweredElsewhere)),
        "another device's answer stays"
    );
    let nonsense = [("key", THIRD_KEY), ("base", "3"), ("earlier", "x,,y")];
    assert_eq!(send(&pair.child, question, "또 고친 글", &nonsense).await, (200, None));
}

#[tokio::test]
async fn a_text_is_never_sent_as_somebody_else() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let question = pair.child.question(pair.id).await;
    let page = pair.child.page("/").await;
    let child = page
        .split_once("data-person=\"")
        .and_then(|(_, rest)| rest.split('"').next())
        .expect("whose page it is")
        .to_owned();

    assert_eq!(send(&pair.parent, question, "아이의 글", &[("whose", &child)]).await, (401, Some(ApiError::SignedOut)));
    assert_eq!(pair.parent.today(pair.id).await.question.expect("a question").answers, AnswersView::Open);
    assert_eq!(send(&pair.child, question, "아이의 글", &[("whose", &child)]).await, (200, None));
    for bad in ["1", "not-a-key"] {
        assert_eq!(
            send(&pair.child, question, "아이의 글", &[("key", bad)]).await,
            (400, Some(ApiError::Malformed)),
            "{bad:?}"
        );
    }
}
