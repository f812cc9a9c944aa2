//! Tests of which member gets which notification, and how often.

use reqwest::StatusCode;

use super::{inbox, next_opens, states, subscribed, told};
use crate::{
    api::ApiError,
    domain::Millis,
    reads::{self, DevicesView, Reached},
    tests::app::{Browser, TestApp},
};

#[tokio::test]
async fn at_the_pair_s_minute_both_get_the_question_on_their_devices_after_its_jitter() {
    let (app, service, pair) = subscribed().await;
    pair.answer_both("첫 기억이에요").await;
    app.deliver().await;
    service.take();

    next_opens(&app, 21).await;
    let topic = pair.child.today(pair.id).await.question.expect("a question").topic;
    // Nothing is sent before the pair's jitter within the minute has passed.
    let jitter = crate::domain::jitter_ms(pair.id);
    if jitter > 0 {
        app.deliver().await;
        assert_eq!(told(&service), Vec::<String>::new());
        app.advance(jitter);
    }
    app.deliver().await;

    let arrived = service.arrived();
    assert_eq!(
        told(&service),
        [
            format!("child: 오늘의 질문이 왔어요 / 엄마와의 오늘 질문: {topic}"),
            format!("parent: 오늘의 질문이 왔어요 / 민지와의 오늘 질문: {topic}"),
        ]
    );
    for push in &arrived {
        assert_eq!(push.urgency, "high");
        assert!(push.topic.len() == 32 && push.ttl_s <= 24 * 3_600 && push.ttl_s > 23 * 3_600, "{push:?}");
        assert_eq!(
            push.json["notification"]["navigate"],
            format!("{}/p/{}/today", app.state.site.public_url.as_str(), pair.id)
        );
        assert_eq!(
            push.json["app_badge"],
            push.json["notification"]["app_badge"].as_str().and_then(|n| n.parse::<i64>().ok()).expect("a number")
        );
    }
    app.deliver().await;
    app.advance(2 * Millis::MINUTE);
    app.deliver().await;
    assert!(told(&service).is_empty(), "told once");
}

#[tokio::test]
async fn the_other_is_told_of_an_answer_once_and_never_a_word_of_it() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "비밀의 다락방").await;
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 민지가 답했어요 / 한 줄만 적어 주시면 바로 카드가 열려요: 가장 오래된 기억"]);

    pair.child.answer(pair.id, "비밀의 다락방과 사다리").await;
    app.deliver().await;
    assert!(told(&service).is_empty(), "edits are nobody's news");

    pair.parent.answer(pair.id, "마당의 감나무").await;
    app.deliver().await;
    let arrived = service.arrived();
    assert_eq!(told(&service), ["child: 카드가 열렸어요 / 엄마의 이야기가 기다리고 있어요: 가장 오래된 기억"]);
    assert!(
        arrived
            .iter()
            .all(|push| !push.json.to_string().contains("감나무") && !push.json.to_string().contains("다락방"))
    );
    assert_eq!(inbox(&pair.parent).await, ["민지가 답했어요"]);
    assert_eq!(inbox(&pair.child).await, ["카드가 열렸어요", "엄마가 들어왔어요"]);
}

#[tokio::test]
async fn what_was_answered_before_the_push_left_is_not_pushed() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    pair.parent.answer(pair.id, "둘").await;
    app.deliver().await;
    assert_eq!(told(&service), ["child: 카드가 열렸어요 / 엄마의 이야기가 기다리고 있어요: 가장 오래된 기억"]);
    assert!(states(&app).await.contains(&("cancelled".into(), 1)));
}

#[tokio::test]
async fn a_member_who_has_not_answered_is_reminded_on_days_one_three_and_six_and_the_other_hears_of_it_once() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "놀이터요").await;
    app.deliver().await;
    service.take();
    let mut days = Vec::new();
    for day in 0..=6 {
        app.tick_at(21, 0).await;
        app.advance(Millis::MINUTE);
        app.deliver().await;
        days.push((day, told(&service)));
    }
    let reminder = "parent: 오늘의 질문이 기다려요 / 민지와의 질문이에요. 시간 나실 때 한 줄이면 충분해요.".to_owned();
    let waiting = "child: 엄마는 아직이에요 / 콕 두드려 볼까요? 가장 오래된 기억".to_owned();
    let expected: Vec<(i32, Vec<String>)> = vec![
        (0, vec![]),
        (1, vec![waiting, reminder.clone()]),
        (2, vec![]),
        (3, vec![reminder.clone()]),
        (4, vec![]),
        (5, vec![]),
        (6, vec![reminder]),
    ];
    assert_eq!(days, expected);
}

#[tokio::test]
async fn a_nudge_goes_once_a_day_from_a_member_who_has_answered() {
    let (app, service, pair) = subscribed().await;
    let (id, _) = pair.child.question(pair.id).await;
    let fields = [("daily_question", id.to_string())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.child.refused("nudge", &fields).await, (409, ApiError::NotAnswered));
    pair.child.answer(pair.id, "놀이터요").await;
    app.deliver().await;
    service.take();
    assert!(pair.child.today(pair.id).await.may_nudge);
    assert_eq!(pair.child.post("nudge", &fields).await.status(), StatusCode::OK);
    let today = pair.child.today(pair.id).await;
    assert!(!today.may_nudge && today.has_nudged);
    assert_eq!(pair.child.refused("nudge", &fields).await, (409, ApiError::NudgedToday));
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 콕! 민지가 두드렸어요 / 민지가 이야기를 기다리고 있어요: 가장 오래된 기억"]);

    app.advance(Millis::DAY);
    assert_eq!(pair.child.post("nudge", &fields).await.status(), StatusCode::OK);
    let stranger = app.person("서연").await;
    assert_eq!(stranger.refused("nudge", &fields).await, (404, ApiError::NotFound));
}

#[tokio::test]
async fn above_four_a_day_news_lies_in_the_inbox_alone_and_answers_still_come() {
    let (app, service, pair) = subscribed().await;
    for hour in 13..20 {
        let fields =
            [("pair", pair.id.to_string()), ("push_time", format!("{hour}:30")), ("zone", "Asia/Seoul".into())];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        app.advance(Millis::SECOND);
        assert_eq!(pair.parent.post("change_push_time", &fields).await.status(), StatusCode::OK);
        app.deliver().await;
    }
    // The notification "들어왔어요" was the first of the day.
    assert_eq!(told(&service).len(), 3);
    assert_eq!(inbox(&pair.child).await.len(), 8);
    pair.parent.answer(pair.id, "하나").await;
    app.deliver().await;
    assert_eq!(told(&service).len(), 1);
}

#[tokio::test]
async fn a_reminder_speaks_once_a_day_for_all_pairs_that_wait() {
    let (app, service, pair) = subscribed().await;
    app.advance(Millis::SECOND);
    let father = app.person("영호").await;
    let second = pair.child.start_pair("child").await;
    let code = pair.child.invite(second).await;
    father.join(&code, "father").await;
    app.deliver().await;
    service.take();
    app.tick_at(21, 0).await;
    app.tick_at(21, 0).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    let child: Vec<String> = told(&service).into_iter().filter(|line| line.starts_with("child")).collect();
    assert_eq!(child, ["child: 오늘의 질문이 기다려요 / 엄마, 아빠와의 질문이에요. 떠오르는 장면 하나면 충분해요."]);
    assert_eq!(inbox(&pair.child).await.iter().filter(|title| *title == "오늘의 질문이 기다려요").count(), 2);
}

#[tokio::test]
async fn leaving_a_pair_takes_its_pushes_back_and_tells_the_other() {
    let (app, service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    assert_eq!(
        pair.child.post("leave_pair", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await.status(),
        StatusCode::OK
    );
    app.deliver().await;
    assert_eq!(told(&service), ["parent: 민지와의 짝이 끝났어요 / 함께 연 카드는 보관함에 그대로 있어요."]);
}

#[tokio::test]
async fn neither_tests_nor_the_other_hide_what_one_must_know() {
    let (app, _service, pair) = subscribed().await;
    pair.child.answer(pair.id, "하나").await;
    let before = inbox(&pair.parent).await;
    assert!(!before.is_empty());
    let devices: DevicesView = pair.parent.read(reads::devices()).await.expect("devices");
    let device = devices.devices[0].id.to_string();
    for _ in 0..61 {
        app.advance(1);
        assert_eq!(pair.parent.post("test_device", &[("device", &device)]).await.status(), StatusCode::OK);
    }
    assert_eq!(inbox(&pair.parent).await, before);

    // The other member's notifications do not remove those about one's own account either.
    assert_eq!(pair.parent.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    for _ in 0..31 {
        for (act, fields) in [("pause_pair", vec![("until", "2026-12-01")]), ("resume_pair", vec![])] {
            app.advance(1);
            let pair_id = pair.id.to_string();
            let fields = [fields, vec![("pair", pair_id.as_str())]].concat();
            assert_eq!(pair.child.post(act, &fields).await.status(), StatusCode::OK);
        }
    }
    let after = inbox(&pair.parent).await;
    assert_eq!(after.len(), 61);
    assert!(after.last().is_some_and(|last| last.contains("복구 코드를 새로 만들었어요")), "{after:?}");
}

#[tokio::test]
async fn of_the_other_one_learns_only_whether_the_question_reached_them() {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    let reached = async |browser: &Browser| {
        let devices: DevicesView = browser.read(reads::devices()).await.expect("devices");
        devices.others[0].1
    };
    pair.answer_both("하나").await;
    next_opens(&app, 21).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(reached(&pair.child).await, Reached::SwitchedOff);
    pair.parent.subscribe(&service, "parent").await;
    assert_eq!(reached(&pair.child).await, Reached::NotYet);
    pair.answer_both("둘").await;
    app.tick_at(21, 0).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    assert_eq!(reached(&pair.child).await, Reached::Delivered);
}
