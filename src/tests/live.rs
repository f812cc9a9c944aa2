//! Tests of the feed as the today pages read it, and of the events in it. The tests common to all five transports are
//! in `transports`.

use super::app::{PATIENCE, TestApp};
use crate::{domain::EventKind, reads, server::storage::seeds::CHILDREN};

#[tokio::test]
async fn the_line_says_hello_and_goes_on_from_the_cursor() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let as_of = pair.child.today(pair.id).await.as_of;
    pair.parent.answer(pair.id, "글").await;

    let mut line = pair.child.listen_after(as_of).await;

    assert_eq!(line.next_frame().await, Some(("hello".into(), "{\"build\":\"test\"}".into())));
    let event = line.next_event().await;
    assert_eq!((event.seq, event.kind, event.pair), (as_of + 1, EventKind::AnswerSubmitted, Some(pair.id)));
    assert!(!line.raw.contains('글'), "ids and kinds only");
    assert!(line.raw.starts_with("retry: "));
}

#[tokio::test]
async fn a_reader_that_comes_and_goes_misses_nothing() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut cursor = pair.child.today(pair.id).await.as_of;
    let first = cursor;
    let id = pair.id.to_string();
    let mut seen = Vec::new();

    let writer = tokio::spawn({
        let parent = pair.parent.clone();
        async move {
            for at in 0..40 {
                let time = format!("{:02}:00", at % 20);
                parent.post("change_push_time", &[("pair", &id), ("push_time", &time), ("zone", "Asia/Seoul")]).await;
            }
        }
    });
    while seen.len() < 40 {
        let mut line = pair.child.listen_after(cursor).await;
        for _ in 0..3.min(40 - seen.len()) {
            let event = line.next_event().await;
            cursor = event.seq;
            seen.push(event.seq);
        }
    }
    writer.await.expect("the writer");

    assert_eq!(seen, (first + 1..=first + 40).collect::<Vec<_>>());
}

#[tokio::test]
async fn revoking_a_session_ends_its_line_at_once() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (other_device, session) = {
        let code = pair.child.recovery_code();
        let device = app.visitor();
        assert_eq!(device.post("sign_in", &[("code", &code)]).await.status(), 200);
        let account: crate::reads::WaysInView = pair.child.read(reads::ways_in()).await.expect("the ways in");
        let other = account.sessions.iter().find(|session| !session.is_this).expect("the other device").id;
        (device, other)
    };
    let mut line = other_device.listen(pair.id).await;

    assert_eq!(pair.child.post("end_session", &[("session", &session.to_string())]).await.status(), 200);

    tokio::time::timeout(PATIENCE, line.ends()).await.expect("the line ends");
    assert_eq!(other_device.get("/settings").await.status(), 401);
    assert_eq!(pair.child.get("/settings").await.status(), 200);
}

#[tokio::test]
async fn signing_out_ends_the_line() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut line = pair.child.listen(pair.id).await;
    assert_eq!(pair.child.post("sign_out", &[]).await.status(), 200);
    tokio::time::timeout(PATIENCE, line.ends()).await.expect("the line ends");
    assert!(pair.child.cookie_line().is_empty());
}

#[tokio::test]
async fn one_line_serves_all_pairs_of_a_person() {
    let app = TestApp::start().await;
    let first = app.pair().await;
    let second = app.pair_of(first.child.clone(), app.person("영호").await).await;
    let mut line = first.child.listen(first.id).await;
    first.parent.answer(first.id, "글").await;
    second.parent.answer(second.id, "글").await;
    assert_eq!(line.next_event().await.pair, Some(first.id));
    assert_eq!(line.next_event().await.pair, Some(second.id));
    assert_eq!(CHILDREN[0].0, "민지");
}
