//! Tests of a pair's days (Rules R10–R56), through the scheduler and over HTTP.

use super::app::{Browser, TestApp, TestPair};
use crate::{
    api::{AnswersView, ApiError},
    domain::{EventKind, Millis, PairId, PairPhase},
    server::storage::seeds::{CHILDREN, PARENTS},
};

async fn topic(browser: &Browser, pair: PairId) -> String {
    browser.today(pair).await.question.expect("a question").topic
}

/// Makes a pair that has answered the first question and has the second one open.
async fn second_question(app: &TestApp) -> TestPair {
    let pair = app.pair().await;
    pair.answer_both("첫 글").await;
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
    pair
}

#[tokio::test]
async fn the_next_question_opens_for_both_at_the_push_time_of_the_next_day() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글").await;
    let mut parent = pair.parent.listen(pair.id).await;

    app.tick_at(21, 0).await;
    assert_eq!(
        pair.child.today(pair.id).await.question.expect("a question").number,
        1,
        "one opening per local date: joining was today's"
    );
    app.tick_at(20, 59).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 1);
    app.tick_at(21, 0).await;

    parent.hears(EventKind::QuestionOpened).await;
    let today = pair.child.today(pair.id).await;
    let question = today.question.expect("a question");
    assert_eq!((question.number, question.answers), (2, AnswersView::Open));
    assert_eq!(question.local_date.map(|date| date.to_string()).as_deref(), Some("2026-11-23"));
}

#[tokio::test]
async fn two_ticks_at_once_open_once() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글").await;
    app.tick_at(21, 0).await;
    app.advance(Millis::DAY);

    let ticks = tokio::join!(app.tick(), app.tick(), app.tick());

    assert_eq!(ticks.0 + ticks.1 + ticks.2, 1, "one due pair was handled");
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
}

#[tokio::test]
async fn alone_nothing_opens() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let id = child.start_pair("child").await;
    child.answer(id, "글").await;

    for _ in 0..10 {
        assert_eq!(app.tick_at(21, 0).await, 0);
    }

    let today = child.today(id).await;
    assert_eq!(today.pair.phase, PairPhase::Alone);
    assert_eq!(today.question.expect("a question").number, 1);
}

#[tokio::test]
async fn a_swap_changes_the_question_of_both_once_a_day() {
    let app = TestApp::start().await;
    let pair = second_question(&app).await;
    let before = topic(&pair.parent, pair.id).await;
    let (id, version) = pair.child.question(pair.id).await;
    let mut parent = pair.parent.listen(pair.id).await;
    let (id_text, version_text) = (id.to_string(), version.to_string());

    assert_eq!(
        pair.child.post("swap_question", &[("daily_question", &id_text), ("version", &version_text)]).await.status(),
        200
    );

    parent.hears(EventKind::QuestionSwapped).await;
    assert_ne!(topic(&pair.parent, pair.id).await, before);
    assert_eq!(pair.parent.question(pair.id).await, (id, version + 1));
    let again = [("daily_question", id_text.as_str()), ("version", "2")];
    assert_eq!(pair.parent.refused("swap_question", &again).await, (409, ApiError::SwappedToday));
    let late = [("daily_question", id_text.as_str()), ("version", version_text.as_str()), ("body", "바뀌기 전 글")];
    assert_eq!(pair.parent.refused("submit_answer", &late).await, (409, ApiError::Swapped));
    let page = pair.parent.submit("submit_answer", &late).await;
    assert_eq!(page.status(), 409);
    let html = page.text().await.expect("a page");
    assert!(html.contains("바꾸기 전 질문에 쓰던 글") && html.contains("바뀌기 전 글"));

    app.advance(Millis::DAY);
    assert_eq!(pair.parent.post("swap_question", &again).await.status(), 200, "tomorrow again");
}

#[tokio::test]
async fn the_first_question_cannot_be_swapped() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, version) = pair.child.question(pair.id).await;
    assert_eq!(
        pair.child
            .refused("swap_question", &[("daily_question", &id.to_string()), ("version", &version.to_string())])
            .await,
        (409, ApiError::FirstQuestion)
    );
}

#[tokio::test]
async fn on_day_seven_a_question_is_shelved_and_still_completes() {
    let app = TestApp::start().await;
    let pair = second_question(&app).await;
    pair.child.answer(pair.id, "기다리는 글").await;
    let (shelved, version) = pair.parent.question(pair.id).await;

    for day in 1..=6 {
        app.tick_at(21, 0).await;
        assert_eq!(pair.parent.question(pair.id).await.0, shelved, "day {day}");
    }
    app.tick_at(21, 0).await;

    let today = pair.parent.today(pair.id).await;
    assert_eq!(today.question.expect("a question").number, 3);
    assert_eq!(today.later.iter().map(|question| question.id).collect::<Vec<_>>(), [shelved]);
    let swap = [("daily_question", shelved.to_string()), ("version", version.to_string())];
    let swap = swap.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.parent.refused("swap_question", &swap).await, (409, ApiError::Shelved));
    assert_eq!(pair.parent.answer_to(shelved, version, "늦은 글").await.status(), 200);
    assert!(pair.parent.today(pair.id).await.later.is_empty());
    let archive = pair.child.page(&format!("/p/{}/archive", pair.id)).await;
    assert!(archive.contains(&shelved.to_string()), "it joined the archive");
}

#[tokio::test]
async fn moving_on_brings_a_new_question_at_the_next_due_minute_and_no_reproach() {
    let app = TestApp::start().await;
    let pair = second_question(&app).await;
    pair.child.answer(pair.id, "글").await;
    let (id, _) = pair.child.question(pair.id).await;
    let fields = [("daily_question", id.to_string())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.child.refused("move_on", &fields).await, (409, ApiError::NotYet));
    let mut child = pair.child.listen(pair.id).await;

    app.tick_at(21, 0).await;
    child.hears(EventKind::DuePassed).await;
    let mut parent = pair.parent.listen(pair.id).await;
    assert!(pair.child.today(pair.id).await.question.expect("a question").may_move_on);
    assert_eq!(pair.parent.refused("move_on", &fields).await, (409, ApiError::NotYet), "only who has answered");
    assert_eq!(pair.child.post("move_on", &fields).await.status(), 200);
    app.tick_at(21, 0).await;

    parent.hears(EventKind::QuestionShelved).await;
    parent.hears(EventKind::QuestionOpened).await;
    let today = pair.parent.today(pair.id).await;
    assert_eq!((today.question.expect("a question").number, today.later.len()), (3, 1));
}

#[tokio::test]
async fn a_pause_rests_the_pair_and_its_day_count_until_its_date() {
    let app = TestApp::start().await;
    let pair = second_question(&app).await;
    let (current, _) = pair.child.question(pair.id).await;
    for _ in 0..3 {
        app.tick_at(21, 0).await;
    }
    let until = pair.child.today(pair.id).await.today.plus_days(10);
    let fields = [("pair", pair.id.to_string()), ("until", until.to_string())];
    assert_eq!(
        pair.child.post("pause_pair", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await.status(),
        200
    );
    assert_eq!(pair.parent.today(pair.id).await.pair.paused_until, Some(until), "the other sees the date");

    for _ in 0..9 {
        app.tick_at(21, 0).await;
        assert_eq!(pair.child.question(pair.id).await.0, current);
    }
    assert_eq!(pair.parent.today(pair.id).await.pair.paused_until, Some(until));
    // Three days passed before the pause. After it, the question is shelved on the fourth day.
    for _ in 0..3 {
        app.tick_at(21, 0).await;
        assert_eq!(pair.child.question(pair.id).await.0, current);
    }
    app.tick_at(21, 0).await;
    assert_ne!(pair.child.question(pair.id).await.0, current);
}

#[tokio::test]
async fn a_node_that_was_down_for_a_week_catches_up_one_opening() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글").await;
    app.tick_at(21, 0).await;
    app.advance(7 * Millis::DAY + 3 * Millis::HOUR);

    assert_eq!(app.tick().await, 1);
    assert_eq!(app.tick().await, 0);

    let question = pair.child.today(pair.id).await.question.expect("a question");
    assert_eq!(question.number, 2);
    assert_eq!(
        question.local_date.map(|date| date.to_string()).as_deref(),
        Some("2026-11-29"),
        "the due minute's local date"
    );
}

#[tokio::test]
async fn a_node_that_was_down_too_long_skips_the_day() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글").await;
    app.tick_at(21, 0).await;
    app.advance(Millis::DAY + 13 * Millis::HOUR);

    app.tick().await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 1, "eleven hours before the next");
    app.tick_at(21, 0).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
}

#[tokio::test]
async fn a_new_push_time_is_told_and_counts_at_once() {
    let app = TestApp::start().await;
    let pair = second_question(&app).await;
    pair.answer_both("글").await;
    let mut parent = pair.parent.listen(pair.id).await;
    let fields = [("pair", pair.id.to_string()), ("push_time", "07:30".to_owned()), ("zone", "Asia/Seoul".to_owned())];

    pair.child.post("change_push_time", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;

    parent.hears(EventKind::PushTimeChanged).await;
    app.tick_at(7, 30).await;
    assert_eq!(
        pair.child.today(pair.id).await.question.expect("a question").number,
        2,
        "ten and a half hours after the last: skipped, not moved"
    );
    app.tick_at(21, 0).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
    app.tick_at(7, 30).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 3);
}

#[tokio::test]
async fn seven_cards_close_a_season_that_blocks_nothing() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글 1").await;
    app.tick_at(21, 0).await;
    for day in 2..=7 {
        app.tick_at(21, 0).await;
        assert_eq!(pair.child.today(pair.id).await.closed_season, None, "day {day}");
        pair.answer_both(&format!("글 {day}")).await;
    }

    assert_eq!(pair.child.today(pair.id).await.closed_season, Some(1));
    let page = pair.child.page(&format!("/p/{}/seasons/1", pair.id)).await;
    for day in 1..=7 {
        assert!(page.contains(&format!("글 {day}")));
    }
    assert_eq!(pair.child.get(&format!("/p/{}/seasons/2", pair.id)).await.status(), 404);
    app.tick_at(21, 0).await;
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 8);
}

#[tokio::test]
async fn when_nothing_is_left_the_pair_gets_a_free_question() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut tx = app.state.database.begin().await.expect("a transaction");
    for question in app.state.catalogue.questions() {
        crate::server::storage::questions::set_asked(&mut tx, pair.id, &question.key).await.expect("asked");
    }
    tx.commit().await.expect("a commit");
    pair.answer_both("글").await;
    app.tick_at(21, 0).await;

    for number in 2..=4 {
        app.tick_at(21, 0).await;
        let question = pair.child.today(pair.id).await.question.expect("a question");
        assert_eq!(question.number, number);
        assert!(question.wording.contains("무엇이든 물어보세요"), "{}", question.wording);
        pair.answer_both("글").await;
    }
}

#[tokio::test]
async fn leaving_closes_the_pair_and_both_keep_what_is_theirs() {
    let app = TestApp::start().await;
    let pair = second_question(&app).await;
    pair.parent.answer(pair.id, "닫히기 전 글").await;
    let (id, version) = pair.child.question(pair.id).await;
    let mut parent = pair.parent.listen(pair.id).await;
    let pair_text = pair.id.to_string();
    assert_eq!(pair.child.refused("leave_pair", &[("pair", &pair_text)]).await, (422, ApiError::LeaveUnconfirmed));

    assert_eq!(pair.child.post("leave_pair", &[("pair", &pair_text), ("confirmed", "yes")]).await.status(), 200);

    parent.hears(EventKind::PairClosed).await;
    let today = pair.parent.today(pair.id).await;
    assert_eq!(today.pair.phase, PairPhase::Closed);
    assert_eq!(
        today.later.iter().map(|question| question.answers.clone()).collect::<Vec<_>>(),
        [AnswersView::Waiting { own: "닫히기 전 글".into() }]
    );
    assert!(pair.parent.page(&format!("/p/{}/archive", pair.id)).await.contains("/cards/"));
    let late = [("daily_question", id.to_string()), ("version", version.to_string()), ("body", "늦은 글".to_owned())];
    let late = late.each_ref().map(|(name, value)| (*name, value.as_str()));
    let page = pair.child.submit("submit_answer", &late).await;
    assert_eq!(page.status(), 409);
    assert!(page.text().await.expect("a page").contains("늦은 글"));
    for _ in 0..10 {
        assert_eq!(app.tick_at(21, 0).await, 0, "nothing opens any more");
    }
    let again = app.pair_of(pair.child.clone(), pair.parent.clone()).await;
    assert_ne!(again.id, pair.id, "pairing anew makes a new pair");
}

#[tokio::test]
async fn a_child_with_both_parents_has_two_pairs_of_their_own() {
    let app = TestApp::start().await;
    let first = app.pair().await;
    let second = app.pair_of(first.child.clone(), app.person(PARENTS[1].0).await).await;

    first.parent.answer(first.id, "엄마의 글").await;

    assert_eq!(second.child.today(second.id).await.question.expect("a question").answers, AnswersView::Open);
    assert_eq!(first.child.today(first.id).await.question.expect("a question").answers, AnswersView::OtherIsWaiting);
    let page = first.child.page(&format!("/p/{}/today", first.id)).await;
    assert!(page.contains("switcher") && page.contains(&second.id.to_string()));
}
