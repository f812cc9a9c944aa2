//! Tests that a sweep under a wrong clock deletes nothing that is still needed.

use crate::{
    domain::Millis,
    server::jobs::{housekeeping, sweep_guard::AGREED},
    tests::app::{SESSION_IDLE, TestApp},
};

#[tokio::test]
async fn one_sweep_in_a_wrong_year_ends_nobody_s_session() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    app.state.clock.jump(10 * 365 * Millis::DAY);

    housekeeping::sweep(&app.state).await.expect("a sweep");
    app.state.clock.jump(-10 * 365 * Millis::DAY);

    assert_eq!(pair.child.get("/settings").await.status(), 200);
    assert_eq!(pair.parent.get("/settings").await.status(), 200);
}

#[tokio::test]
async fn a_sweep_that_waited_for_three_days_goes_ahead() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    app.advance(SESSION_IDLE);

    for _ in 1..AGREED {
        housekeeping::sweep(&app.state).await.expect("a sweep");
    }
    let count = async || {
        let mut tx = app.state.database.read().await.expect("a read");
        crate::server::storage::sweeps::count_all(&mut tx, crate::server::storage::sweeps::Swept::Sessions)
            .await
            .expect("a count")
    };
    assert_eq!(count().await, 2);
    housekeeping::sweep(&app.state).await.expect("a sweep");

    assert_eq!(count().await, 0);
    assert_eq!(pair.child.get("/settings").await.status(), 401);
}

#[tokio::test]
async fn a_clock_set_right_makes_the_sweeps_start_to_count_anew() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for _ in 0..3 {
        app.state.clock.jump(10 * 365 * Millis::DAY);
        for _ in 0..AGREED / 2 {
            housekeeping::sweep(&app.state).await.expect("a sweep");
        }
        app.state.clock.jump(-10 * 365 * Millis::DAY);
        housekeeping::sweep(&app.state).await.expect("a sweep");
    }
    assert_eq!(pair.child.get("/settings").await.status(), 200);
}
