//! Tests of waits in which somebody can refuse, when the service is away or its clock jumps meanwhile: the return of a
//! seat, and a recovery code of the operator. Rule R202.

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair},
    seat_returns::{invite_back, join_new, lived_in},
};
use crate::{
    api::ApiError,
    domain::{Millis, PersonId, RETURN_WAITS_MS},
    paths,
    server::{jobs::housekeeping, services::operator_codes, storage::seeds::CHILDREN},
};

const ASKED: &str = "내 자리를 새 기기로 옮기려고 해요";
const YEAR: i64 = 365 * Millis::DAY;

/// A person who waits for the parent's seat, from 21:00 on 23 November.
async fn waiting(app: &TestApp) -> (TestPair, Browser) {
    let (pair, _) = lived_in(app).await;
    let code = invite_back(&pair.child, pair.id).await;
    let newcomer = join_new(app, &code).await;
    (pair, newcomer)
}

async fn is_moved(pair: &TestPair, newcomer: &Browser) -> bool {
    let is_gone = pair.parent.get(&paths::today(pair.id)).await.status() == StatusCode::GONE;
    let page = newcomer.page(&paths::today(pair.id)).await;
    assert_eq!(is_gone, !page.contains("자리가 열리기를 기다리고 있어요"), "{page}");
    is_gone
}

/// How often the seat's person was told that somebody waits.
async fn told(pair: &TestPair) -> usize {
    pair.parent.page(&paths::inbox()).await.matches(ASKED).count()
}

async fn sweep(app: &TestApp) {
    housekeeping::sweep(&app.state).await.expect("a sweep");
}

#[tokio::test]
async fn hours_in_which_the_service_was_away_do_not_count() {
    let mut app = TestApp::start().await;
    let (pair, newcomer) = waiting(&app).await;
    assert!(pair.parent.page(&paths::seat_return(pair.id)).await.contains("11월 25일 밤 9시"));
    app.wait(2 * Millis::HOUR).await;
    app.restart(40 * Millis::HOUR).await;
    for browser in [&pair.parent, &pair.child] {
        let page = browser.page(&paths::seat_return(pair.id)).await;
        assert!(page.contains("11월 27일 오후 12시"), "also before the next sweep: {page}");
    }

    // The third and fourth hour in which anybody could refuse.
    app.wait(2 * Millis::HOUR).await;

    assert!(!is_moved(&pair, &newcomer).await);
    assert!(pair.parent.page(&paths::seat_return(pair.id)).await.contains("11월 27일 오후 1시"));
    app.wait(44 * Millis::HOUR - 1).await;
    assert!(!is_moved(&pair, &newcomer).await);
    assert_eq!(told(&pair).await, 1, "nobody is told anew");
    app.wait(1).await;
    assert!(is_moved(&pair, &newcomer).await);
}

#[tokio::test]
async fn many_short_absences_count_as_one() {
    let app = TestApp::start().await;
    let (pair, newcomer) = waiting(&app).await;
    for _ in 0..47 {
        app.advance(2 * Millis::HOUR);
        app.wait(Millis::HOUR).await;
    }
    assert!(!is_moved(&pair, &newcomer).await, "forty-seven hours in six days");
    app.wait(Millis::HOUR).await;
    assert!(is_moved(&pair, &newcomer).await);
}

#[tokio::test]
async fn an_absence_of_one_of_two_nodes_is_none() {
    let app = TestApp::start().await;
    let other = app.second_node().await;
    let (pair, newcomer) = waiting(&app).await;
    for hour in 1..=48 {
        assert!(!is_moved(&pair, &newcomer).await, "{hour}");
        app.advance(Millis::HOUR);
        sweep(if hour % 12 < 6 { &app } else { &other }).await;
    }
    assert!(is_moved(&pair, &newcomer).await);
}

#[tokio::test]
async fn when_the_time_comes_during_an_absence_the_48_hours_begin_again_and_all_are_told() {
    let past = |hours: i64| (0, RETURN_WAITS_MS + hours * Millis::HOUR);
    for (ran, away) in [(2 * Millis::HOUR, 46 * Millis::HOUR), past(1), past(4), past(10 * 24)] {
        let app = TestApp::start().await;
        let (pair, newcomer) = waiting(&app).await;
        app.wait(ran).await;
        app.state.clock.jump(away);
        sweep(&app).await;
        assert_eq!(told(&pair).await, 2, "{away}");

        app.wait(RETURN_WAITS_MS - 1).await;
        assert!(!is_moved(&pair, &newcomer).await, "{away}");
        app.wait(1).await;
        assert!(is_moved(&pair, &newcomer).await, "{away}");
    }
}

#[tokio::test]
async fn a_clock_that_jumps_makes_no_seat_move_faster() {
    for jump in [2 * Millis::HOUR, Millis::DAY, YEAR, -Millis::HOUR, -Millis::DAY, -YEAR] {
        let app = TestApp::start().await;
        let (pair, newcomer) = waiting(&app).await;
        let mut hours = 0;
        let mut hour = async || {
            app.wait(Millis::HOUR).await;
            hours += 1;
            let is_moved = is_moved(&pair, &newcomer).await;
            assert!(!is_moved || hours >= 48, "{jump}: moved after {hours} hours");
            is_moved
        };
        for _ in 0..10 {
            hour().await;
        }
        app.state.clock.jump(jump);
        for _ in 0..10 {
            hour().await;
        }
        app.state.clock.jump(-jump);
        let mut more = 0;
        while !hour().await {
            more += 1;
            assert!(more <= 48, "{jump}: the seat does not move");
        }
    }
}

#[tokio::test]
async fn a_return_from_an_earlier_release_moves_later_and_not_at_once() {
    let app = TestApp::start().await;
    let (pair, newcomer) = waiting(&app).await;
    app.advance(40 * Millis::HOUR);
    app.run_sql("UPDATE seat_returns SET swept_at = NULL").await;
    app.wait(47 * Millis::HOUR).await;
    assert!(!is_moved(&pair, &newcomer).await);
    app.wait(Millis::HOUR).await;
    assert!(is_moved(&pair, &newcomer).await);
}

#[tokio::test]
async fn a_code_of_the_operator_waits_as_long() {
    let mut app = TestApp::start().await;
    let owner = app.person(CHILDREN[0].0).await;
    let person: PersonId = app.read_sql("SELECT id FROM persons").await.remove(0).parse().expect("an id");
    let (code, _) = operator_codes::make(&app.state, person).await.expect("a code");
    let code = code.grouped();
    assert!(owner.page("/settings/sign-in").await.contains("11월 24일부터"));
    app.wait(2 * Millis::HOUR).await;
    app.restart(50 * Millis::HOUR).await;

    let early = async || app.visitor().refused("sign_in", &[("code", &code)]).await == (409, ApiError::CodeTooEarly);
    assert!(early().await, "nobody could refuse it in two days");
    assert!(owner.page("/settings/sign-in").await.contains("11월 26일부터"));
    app.wait(46 * Millis::HOUR - 1).await;
    assert!(early().await);
    app.wait(1).await;
    app.advance(10 * Millis::DAY);
    assert_eq!(app.visitor().post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
}
