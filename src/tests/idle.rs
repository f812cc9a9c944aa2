//! Tests that the background loops take no writer when nothing is due, and that they wake up for what is due later.

use std::time::Duration;

use futures::FutureExt;

use super::app::{PATIENCE, TestApp, TestPair};
use crate::{
    domain::{EventKind, Millis},
    server::{
        jobs::{outbox, scheduler},
        storage::schedule,
    },
};

async fn change_time(pair: &TestPair, time: &str) {
    let fields = [("pair", pair.id.to_string()), ("push_time", time.to_owned()), ("zone", "Asia/Seoul".to_owned())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert!(pair.parent.post("change_push_time", &fields).await.status().is_success());
}

async fn next_due(app: &TestApp) -> Millis {
    let mut tx = app.state.database.read().await.expect("a read");
    schedule::next_due(&mut tx).await.expect("an answer").expect("a due minute")
}

#[tokio::test]
async fn a_look_that_finds_nothing_due_does_not_take_the_writer() {
    let app = TestApp::start().await;
    app.pair().await;
    app.deliver().await;
    let writing = app.state.database.begin().await.expect("the one writer of SQLite");

    let looking = async { (app.tick().await, app.deliver().await) };
    // A request that waits for the writer fails after ten seconds.
    let found = tokio::time::timeout(Duration::from_secs(8), looking).await;
    assert_eq!(found, Ok((0, 0)), "nothing is due, and nobody waits for the writer");

    drop(writing);
}

#[tokio::test]
async fn a_commit_wakes_the_scheduler_when_it_writes_a_due_minute_and_only_then() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let notifier = app.state.database.notifier().clone();
    assert!(notifier.scheduler_woken().now_or_never().is_some(), "joining gave the pair its due minute");

    pair.child.answer(pair.id, "하나").await;
    assert!(notifier.scheduler_woken().now_or_never().is_none(), "an answer changes none");

    change_time(&pair, "20:00").await;
    assert!(notifier.scheduler_woken().now_or_never().is_some());
}

#[tokio::test]
async fn the_sleeping_loops_open_and_send_at_a_minute_that_came_nearer() {
    let (app, service) = TestApp::start_with_push().await;
    let pair = app.pair().await;
    pair.parent.subscribe(&service, "parent").await;
    pair.answer_both("첫 기억").await;
    app.state.lifecycle.spawn(scheduler::run(app.state.clone()));
    app.state.lifecycle.spawn(outbox::run(app.state.clone()));
    let mut line = pair.child.listen(pair.id).await;

    // Today's due minute is skipped because it is less than twelve hours after the first question.
    app.advance(next_due(&app).await.since(app.state.clock.now()));
    let moved_on = async {
        while next_due(&app).await <= app.state.clock.now() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, moved_on).await.expect("the due minute moves on");
    change_time(&pair, "20:00").await;
    line.hears(EventKind::PushTimeChanged).await;
    app.advance(next_due(&app).await.since(app.state.clock.now()));
    line.hears(EventKind::QuestionOpened).await;

    app.advance(Millis::MINUTE);
    let sent = async {
        while !service.arrived().iter().any(|push| push.title == "오늘의 질문이 왔어요") {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, sent).await.expect("the push leaves when its pair's second has come");
}
