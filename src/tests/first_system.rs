//! Tests that no notification defect of the first system exists in this one; one test per defect.

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair},
    push_service::{Answer, PushService},
};
use crate::{
    api::AnswersView,
    domain::{Millis, PairId, PairPhase},
    reads::{self, DevicesView},
    server::{
        services::openings,
        storage::{
            deliveries::{self, State},
            seeds::{CHILDREN, PARENTS},
        },
    },
};

/// Makes a pair with one device each. Both have answered the first question; the next due minute opens the second.
async fn ready() -> (TestApp, PushService, TestPair) {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    pair.child.subscribe(&service, "child").await;
    pair.parent.subscribe(&service, "parent").await;
    pair.answer_both("첫 기억").await;
    app.tick_at(21, 0).await;
    app.deliver().await;
    service.take();
    (app, service, pair)
}

async fn number(browser: &Browser, pair: PairId) -> u32 {
    browser.today(pair).await.question.expect("a question").number
}

async fn sent(app: &TestApp, service: &PushService) -> Vec<String> {
    app.advance(Millis::MINUTE);
    app.deliver().await;
    let mut told: Vec<String> =
        service.take().into_iter().map(|push| format!("{}: {}", push.device, push.title)).collect();
    told.sort();
    told
}

fn question() -> Vec<String> {
    ["child", "parent"].map(|device| format!("{device}: 오늘의 질문이 왔어요")).to_vec()
}

#[tokio::test]
async fn d1_a_restart_loses_no_day() {
    let (mut app, service, pair) = ready().await;
    app.tick_at(20, 50).await;
    app.restart(20 * Millis::MINUTE).await;
    assert_eq!(app.tick().await, 1, "the due minute passed while nobody was there");
    assert_eq!(sent(&app, &service).await, question());
    assert_eq!(number(&pair.child, pair.id).await, 2);

    // An unsent push also survives a restart.
    pair.answer_both("둘").await;
    app.deliver().await;
    service.take();
    app.tick_at(21, 0).await;
    app.restart(Millis::MINUTE).await;
    assert_eq!(sent(&app, &service).await, question());
}

#[tokio::test]
async fn d2_however_many_nights_go_by_a_due_minute_comes_once() {
    let (app, service, pair) = ready().await;
    for night in 2..=6 {
        app.tick_at(0, 0).await;
        assert_eq!(app.tick_at(21, 0).await, 1, "night {night}");
        assert_eq!(app.tick().await, 0);
        assert_eq!(sent(&app, &service).await, question());
        pair.answer_both("글").await;
        app.deliver().await;
        service.take();
    }
}

#[tokio::test]
async fn d3_a_person_who_joins_disturbs_nobody() {
    let (app, service, pair) = ready().await;
    app.tick_at(20, 59).await;
    let (child, parent) = (app.person(CHILDREN[1].0).await, app.person(PARENTS[1].0).await);
    let second = app.pair_of(child, parent).await;
    app.tick_at(21, 0).await;
    assert_eq!(sent(&app, &service).await, question());
    assert_eq!((number(&pair.child, pair.id).await, number(&second.child, second.id).await), (2, 1));
}

#[tokio::test]
async fn d4_a_failing_push_holds_back_no_question() {
    let (app, service, pair) = ready().await;
    for answer in [Answer::Status(500), Answer::Hang, Answer::Status(400)] {
        service.answer_always(Some(answer));
        let before = number(&pair.child, pair.id).await;
        app.tick_at(21, 0).await;
        app.advance(Millis::MINUTE);
        app.deliver().await;
        assert_eq!(number(&pair.parent, pair.id).await, before + 1);
        pair.answer_both("글").await;
    }
}

#[tokio::test]
async fn d5_a_pair_that_cannot_be_opened_stops_itself_alone_and_holds_no_transaction() {
    let (app, _service, pair) = ready().await;
    let (child, parent) = (app.person(CHILDREN[1].0).await, app.person(PARENTS[1].0).await);
    let second = app.pair_of(child, parent).await;
    second.answer_both("글").await;
    // An index makes the second question of this one pair fail. It is not partial: with a partial index, statements
    // that SQLite had prepared for this pair at times did not find the questions of the other.
    let of_second = format!("daily_questions ((CASE WHEN pair_id = '{}' THEN 1 END))", second.id);
    app.run_sql(&format!("CREATE UNIQUE INDEX in_the_way ON {of_second}")).await;

    app.advance(Millis::DAY);
    assert!(openings::open_due(&app.state, 500, None).await.is_err(), "together they fail");
    for _ in 0..3 {
        app.tick().await;
    }
    assert_eq!(
        (number(&pair.child, pair.id).await, number(&second.child, second.id).await),
        (2, 1),
        "the others go on"
    );
    for browser in [&pair.child, &pair.parent] {
        assert_eq!(browser.answer(pair.id, "글").await.status(), StatusCode::OK, "nothing is held");
    }
    app.run_sql("DROP INDEX in_the_way").await;
    app.tick_at(21, 0).await;
    assert_eq!(
        (number(&pair.child, pair.id).await, number(&second.child, second.id).await),
        (3, 2),
        "and a day later it goes on too"
    );
}

#[tokio::test]
async fn d6_a_service_that_takes_nothing_any_more_is_seen_by_the_operator_and_stops_nothing() {
    let (app, service, pair) = ready().await;
    service.answer_always(Some(Answer::Status(400)));
    app.tick_at(21, 0).await;
    assert_eq!(sent(&app, &service).await, Vec::<String>::new());
    assert_eq!(number(&pair.child, pair.id).await, 2);
    let mut tx = app.state.database.read().await.expect("a read");
    let dead = deliveries::find_in(&mut tx, State::Dead, 10).await.expect("dead letters");
    assert_eq!(
        dead.iter().map(|found| (found.kind.as_str(), found.status)).collect::<Vec<_>>(),
        [("question", Some(400)); 2]
    );
}

#[tokio::test]
async fn d7_what_fails_is_tried_again_and_what_comes_twice_is_one() {
    let (mut app, service, _pair) = ready().await;
    for _ in 0..2 {
        service.answer_next(Answer::Status(503));
    }
    app.tick_at(21, 0).await;
    assert_eq!(sent(&app, &service).await, Vec::<String>::new());
    assert_eq!(sent(&app, &service).await, question(), "again, and both came");
    app.restart(Millis::MINUTE).await;
    assert_eq!(sent(&app, &service).await, Vec::<String>::new(), "and never once more");
}

#[tokio::test]
async fn d8_an_answer_is_read_and_a_token_is_kept() {
    let (app, service, pair) = ready().await;
    service.answer_next(Answer::Status(410));
    app.tick_at(21, 0).await;
    assert_eq!(sent(&app, &service).await.len(), 1);
    let mut left = 0;
    for browser in [&pair.child, &pair.parent] {
        let devices: DevicesView = browser.read(reads::devices()).await.expect("devices");
        left += devices.devices.len();
    }
    assert_eq!(left, 1, "only what is gone was removed");
    let (now, key) = (app.state.clock.now().0, app.state.push.key_id(app.state.push.public_key()).expect("a key"));
    let token = |at: i64| app.state.push.authorization("https://push.example", &key, at);
    assert_eq!(token(now), token(now + Millis::HOUR), "one token serves all messages to an origin for hours");
}

#[tokio::test]
async fn d9_several_nodes_open_once_and_send_once() {
    let (app, service, pair) = ready().await;
    let second = app.second_node().await;
    for day in 2..=5 {
        let next = app.tick_at(20, 59).await;
        assert_eq!(next, 0);
        app.advance(Millis::MINUTE);
        let (one, two) = tokio::join!(app.tick(), second.tick());
        assert_eq!(one + two, 1, "day {day}: one node took it");
        app.advance(Millis::MINUTE);
        tokio::join!(app.deliver(), second.deliver());
        let mut devices: Vec<String> = service.take().into_iter().map(|push| push.device).collect();
        devices.sort();
        assert_eq!(devices, ["child", "parent"], "day {day}");
        assert_eq!(number(&pair.child, pair.id).await, day);
        pair.answer_both("글").await;
        app.deliver().await;
        service.take();
    }
}

#[tokio::test]
async fn d10_a_slow_service_keeps_no_database_and_pairs_are_opened_together() {
    let (app, service, pair) = ready().await;
    let mut pairs = vec![pair];
    for at in 1..8 {
        let (child, parent) = (app.person(CHILDREN[at].0).await, app.person(PARENTS[at].0).await);
        let pair = app.pair_of(child, parent).await;
        pair.child.subscribe(&service, &format!("child-{at}")).await;
        pair.answer_both("글").await;
        pairs.push(pair);
    }
    app.advance(Millis::MINUTE);
    app.deliver().await;
    service.take();
    assert_eq!(app.tick_at(21, 0).await, 8, "all of a minute in one pass");
    app.advance(Millis::MINUTE);
    service.answer_always(Some(Answer::Hang));
    // While nine sends wait for an answer, everybody can still answer.
    let answering = async {
        for pair in &pairs {
            assert_eq!(pair.child.answer(pair.id, "글").await.status(), StatusCode::OK);
        }
    };
    let (handled, ()) = tokio::join!(app.deliver(), answering);
    assert!(handled >= 9, "{handled} were tried at the same time");
}

#[tokio::test]
async fn d11_nothing_is_sent_of_what_was_not_written() {
    let (app, service, pair) = ready().await;
    app.tick_at(21, 0).await;
    sent(&app, &service).await;
    let (id, version) = pair.child.question(pair.id).await;
    assert_eq!(pair.child.answer_to(id, version, "  \n ").await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(pair.child.answer_to(id, version + 1, "글").await.status(), StatusCode::CONFLICT);
    assert_eq!(sent(&app, &service).await, Vec::<String>::new());
    // The event is written in one transaction with the answer: a client that receives the event finds the answer.
    assert_eq!(pair.child.answer(pair.id, "글").await.status(), StatusCode::OK);
    assert_eq!(sent(&app, &service).await, ["parent: 민지가 답했어요"]);
    assert_eq!(pair.parent.today(pair.id).await.question.expect("a question").answers, AnswersView::OtherIsWaiting);
}

#[tokio::test]
async fn d12_every_pair_has_its_minute_and_zone_and_every_person_their_switches() {
    let (app, service, pair) = ready().await;
    let fields =
        [("pair", pair.id.to_string()), ("push_time", "08:15".to_owned()), ("zone", "America/New_York".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(pair.parent.post("change_push_time", &fields).await.status(), StatusCode::OK);
    sent(&app, &service).await;
    // 08:15 in New York is 22:15 in Seoul.
    app.tick_at(22, 14).await;
    assert_eq!(number(&pair.child, pair.id).await, 1);
    app.tick_at(22, 15).await;
    app.tick_at(22, 15).await;
    assert_eq!(number(&pair.child, pair.id).await, 2);
    sent(&app, &service).await;
    // Only the question's switch is turned off.
    let switches = [
        ("pair", pair.id.to_string()),
        ("answer", "yes".into()),
        ("nudge", "yes".into()),
        ("reminder", "yes".into()),
        ("news", "yes".into()),
    ];
    let switches: Vec<(&str, &str)> = switches.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(pair.child.post("change_switches", &switches).await.status(), StatusCode::OK);
    pair.answer_both("글").await;
    sent(&app, &service).await;
    app.tick_at(22, 15).await;
    assert_eq!(sent(&app, &service).await, ["parent: 오늘의 질문이 왔어요"]);
}

#[tokio::test]
async fn d13_nobody_waits_for_ever_and_nobody_is_reminded_who_is_not_there() {
    let (app, service) = TestApp::start_with_push().await;
    let child = app.person(CHILDREN[0].0).await;
    child.subscribe(&service, "child").await;
    let alone = child.start_pair("child").await;
    for _ in 0..9 {
        app.tick_at(21, 0).await;
        assert_eq!(sent(&app, &service).await, Vec::<String>::new());
    }
    assert_eq!(child.today(alone).await.pair.phase, PairPhase::Alone);

    let code = child.invite(alone).await;
    let parent = app.person(PARENTS[0].0).await;
    parent.join(&code, "mother").await;
    child.answer(alone, "글").await;
    sent(&app, &service).await;
    assert!(child.today(alone).await.may_nudge, "the one who waits can do something");
    for _ in 0..=7 {
        app.tick_at(21, 0).await;
    }
    assert_eq!(number(&child, alone).await, 2, "after a week the next one comes all the same");
}

#[tokio::test]
async fn d14_a_person_has_several_devices_and_a_device_is_never_somebody_else_s() {
    let (app, service, pair) = ready().await;
    let tablet = app.visitor();
    assert_eq!(pair.parent.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    let code = pair.parent.recovery_code();
    tablet.post("sign_in", &[("code", &code)]).await;
    tablet.subscribe(&service, "tablet").await;
    sent(&app, &service).await;
    // The empty token of the first system: a browser with an endpoint that its push service does not know.
    let spare = app.visitor();
    assert_eq!(pair.child.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    let code = pair.child.recovery_code();
    spare.post("sign_in", &[("code", &code)]).await;
    spare.subscribe(&service, "").await;
    sent(&app, &service).await;
    app.tick_at(21, 0).await;
    let devices = |told: Vec<String>| {
        told.iter().filter_map(|line| line.split_once(':')).map(|(device, _)| device.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        devices(sent(&app, &service).await),
        ["child", "parent", "tablet"],
        "all of them, and one that leads nowhere harms nobody"
    );

    // After signing out, the next account on the tablet gets its own pushes and no others.
    assert!(tablet.post("sign_out", &[]).await.status().is_success());
    let other = app.person(PARENTS[1].0).await;
    other.subscribe(&service, "tablet").await;
    pair.child.answer(pair.id, "글").await;
    assert_eq!(devices(sent(&app, &service).await), ["parent"]);
}

#[tokio::test]
async fn d15_every_push_leads_to_its_page_and_covers_only_its_own_kind() {
    let (app, service, pair) = ready().await;
    app.tick_at(21, 0).await;
    app.advance(Millis::MINUTE);
    app.deliver().await;
    pair.child.answer(pair.id, "글").await;
    app.deliver().await;
    pair.parent.answer(pair.id, "답").await;
    app.deliver().await;
    let arrived = service.take();
    let of = |device: &str| arrived.iter().filter(|push| push.device == device).collect::<Vec<_>>();
    let at = app.state.site.public_url.as_str();
    let path = |push: &super::push_service::Arrived| {
        push.json["notification"]["navigate"].as_str().unwrap_or_default().replace(at, "")
    };
    let parent = of("parent");
    assert_eq!(parent.iter().map(|push| path(push)).collect::<Vec<_>>(), vec![format!("/p/{}/today", pair.id); 2]);
    let tags: std::collections::BTreeSet<&str> = parent.iter().map(|push| push.topic.as_str()).collect();
    assert_eq!(tags.len(), 2, "the answer does not cover the question");
    let card = path(of("child").last().expect("the opened card"));
    assert!(card.starts_with(&format!("/p/{}/cards/", pair.id)), "{card}");
    assert!(pair.child.page(&card).await.contains("답"));
}
