//! Tests of the return of a seat when something else happens meanwhile: the pair is closed, an account is deleted, two
//! act at once, and callers who have no business with it.

use reqwest::StatusCode;

use super::{
    app::{Browser, TestApp, TestPair, rounds},
    seat_returns::{invite_back, join_new, lived_in, moved},
};
use crate::{
    api::ApiError,
    domain::{DELETION_WAITS_MS, Millis, PairPhase, RETURN_WAITS_MS},
    paths,
    server::{jobs::housekeeping, services::seat_returns, storage::seeds::CHILDREN},
};

async fn sweep(app: &TestApp) {
    housekeeping::sweep(&app.state).await.expect("a sweep");
}

async fn delete(browser: &Browser, code: &str, pairs: &[(&TestPair, &str)]) -> StatusCode {
    let words: Vec<(String, &str)> =
        pairs.iter().map(|(pair, words)| (format!("words[pair-{}]", pair.id), *words)).collect();
    let mut fields: Vec<(&str, &str)> = words.iter().map(|(name, words)| (name.as_str(), *words)).collect();
    fields.extend([("code", code), ("confirmed", "yes")]);
    browser.post("delete_account", &fields).await.status()
}

#[tokio::test]
async fn a_pair_that_closes_ends_the_return() {
    for who in 0..3 {
        let app = TestApp::start().await;
        let (pair, elsewhere) = lived_in(&app).await;
        let code = invite_back(&pair.child, pair.id).await;
        let newcomer = join_new(&app, &code).await;
        let id = pair.id.to_string();
        let (parent_code, child_code) = (pair.parent.recovery_code(), pair.child.recovery_code());

        let status = match who {
            0 => pair.parent.post("leave_pair", &[("pair", &id), ("confirmed", "yes")]).await.status(),
            1 => delete(&pair.parent, &parent_code, &[(&pair, "leave"), (&elsewhere, "leave")]).await,
            _ => delete(&pair.child, &child_code, &[(&pair, "leave")]).await,
        };

        assert_eq!(status, StatusCode::OK, "{who}");
        app.wait(RETURN_WAITS_MS).await;
        assert_eq!(newcomer.get(&paths::today(pair.id)).await.status(), 404, "{who}");
        assert!(newcomer.page(&paths::inbox()).await.contains("자리를 옮기지 않기로 했어요"), "{who}");
        assert_eq!(app.read_sql("SELECT COUNT(*) || '' FROM seat_returns").await, ["0"], "{who}");
        if who == 1 {
            // Coming back opens the pair again, without the return.
            let back = app.visitor();
            assert_eq!(back.post("sign_in", &[("code", &parent_code)]).await.status(), StatusCode::OK);
            assert_eq!(back.today(pair.id).await.pair.phase, PairPhase::Together);
        }
    }
}

#[tokio::test]
async fn the_deletion_of_who_waits_ends_the_return_and_tells_the_two() {
    let app = TestApp::start().await;
    let (pair, _) = lived_in(&app).await;
    let code = invite_back(&pair.child, pair.id).await;
    let newcomer = join_new(&app, &code).await;
    let recovery = newcomer.recovery_code();

    assert_eq!(delete(&newcomer, &recovery, &[]).await, StatusCode::OK);

    for browser in [&pair.parent, &pair.child] {
        assert!(browser.page(&paths::inbox()).await.contains("자리를 옮기지 않기로 했어요"));
    }
    app.advance(DELETION_WAITS_MS);
    sweep(&app).await;
    assert_eq!(pair.parent.today(pair.id).await.pair.phase, PairPhase::Together);
}

#[tokio::test]
async fn deleting_the_account_before_leaves_the_words_that_moved() {
    let app = TestApp::start().await;
    let (pair, elsewhere, newcomer) = moved(&app).await;
    let code = pair.parent.recovery_code();
    assert_eq!(delete(&pair.parent, &code, &[(&elsewhere, "erase")]).await, StatusCode::OK);
    app.advance(DELETION_WAITS_MS);
    sweep(&app).await;

    assert_eq!(app.read_sql("SELECT COUNT(*) || '' FROM former_members").await, ["0"]);
    pair.child.answer(pair.id, "딸의 둘째 이야기").await;
    let today = newcomer.page(&paths::today(pair.id)).await;
    assert!(today.contains("아직닫힌이야기") && today.contains("딸의 둘째 이야기"));
    let stored = app.stored().await;
    assert!(!stored.windows(21).any(|bytes| bytes == "다른짝의이야기".as_bytes()), "their own words are gone");
}

#[tokio::test]
async fn deleting_the_new_account_deletes_the_seats_words() {
    let app = TestApp::start().await;
    let (pair, _, newcomer) = moved(&app).await;
    let code = newcomer.recovery_code();
    assert_eq!(delete(&newcomer, &code, &[(&pair, "erase")]).await, StatusCode::OK);
    app.advance(DELETION_WAITS_MS);
    sweep(&app).await;
    let stored = app.stored().await;
    for text in ["카드에적은이야기", "고치기전의이야기", "아직닫힌이야기", "열리기전에고친이야기"]
    {
        assert!(!stored.windows(text.len()).any(|bytes| bytes == text.as_bytes()), "{text}");
    }
}

#[tokio::test]
async fn nobody_else_has_anything_to_do_with_it() {
    let app = TestApp::start().await;
    let (pair, elsewhere) = lived_in(&app).await;
    let id = pair.id.to_string();
    let revoked = app.visitor();
    revoked.post("sign_in", &[("code", &pair.child.recovery_code())]).await;
    let kept = revoked.cookie_line();
    app.advance(2 * Millis::DAY);
    assert!(pair.child.post("end_other_sessions", &[]).await.status().is_success());
    let stranger = app.person(CHILDREN[2].0).await;
    let code = invite_back(&pair.child, pair.id).await;
    join_new(&app, &code).await;

    for verb in ["invite_back", "end_return"] {
        for other in [&stranger, &elsewhere.child] {
            assert_eq!(other.refused(verb, &[("pair", &id)]).await, (404, ApiError::NotFound), "{verb}");
            assert_eq!(other.get(&paths::seat_return(pair.id)).await.status(), 404);
        }
        assert_eq!(app.visitor().refused(verb, &[("pair", &id)]).await, (401, ApiError::SignedOut), "{verb}");
        assert_eq!(revoked.refused(verb, &[("pair", &id)]).await, (401, ApiError::SignedOut), "{verb} {kept}");
        assert_eq!(revoked.get(&paths::seat_return(pair.id)).await.status(), 401);
    }
    app.wait(RETURN_WAITS_MS).await;
    for verb in ["invite_back", "end_return"] {
        assert_eq!(pair.parent.refused(verb, &[("pair", &id)]).await, (410, ApiError::SeatMoved), "{verb}");
    }
}

#[tokio::test]
async fn two_nodes_at_once_move_it_once_and_a_refusal_at_once_wins_or_loses_whole() {
    for _ in 0..rounds().div_ceil(4) {
        let app = TestApp::start().await;
        let (pair, _) = lived_in(&app).await;
        let code = invite_back(&pair.child, pair.id).await;
        let newcomer = join_new(&app, &code).await;
        app.wait(RETURN_WAITS_MS - Millis::HOUR).await;
        app.advance(Millis::HOUR);
        let (state, now, id) = (&app.state, app.state.clock.now(), pair.id.to_string());
        let fields = [("pair", id.as_str())];

        let done = tokio::join!(
            seat_returns::carry_out(state, now),
            pair.parent.post("end_return", &fields),
            seat_returns::carry_out(state, now),
        );

        let moves = done.0.expect("one node") + done.2.expect("the other");
        let refused = done.1.status().as_u16();
        let is_moved = newcomer.get(&paths::today(pair.id)).await.status() == StatusCode::OK;
        assert_eq!((moves, refused), if is_moved { (1, 410) } else { (0, 200) });
        let seats = "SELECT COUNT(*) || '' FROM members WHERE pair_id IN (SELECT pair_id FROM members)
                     GROUP BY pair_id";
        assert!(app.read_sql(seats).await.iter().all(|seats| seats == "2"));
    }
}

#[tokio::test]
async fn posted_twice_at_once_each_step_is_done_once() {
    let app = TestApp::start().await;
    let (pair, _) = lived_in(&app).await;
    let id = pair.id.to_string();
    let key = "0".repeat(64);
    let fields = [("pair", id.as_str()), ("attempt", key.as_str())];
    let made = tokio::join!(pair.child.post("invite_back", &fields), pair.child.post("invite_back", &fields));
    assert_eq!((made.0.status(), made.1.status()), (StatusCode::OK, StatusCode::OK));
    assert_eq!(app.read_sql("SELECT COUNT(*) || '' FROM invitations WHERE returns_role = 'parent'").await, ["1"]);

    let code = invite_back(&pair.child, pair.id).await;
    let (one, two) = (app.visitor(), app.visitor());
    for browser in [&one, &two] {
        assert_eq!(browser.post("check_invitation", &[("code", &code)]).await.status(), 200);
    }
    let join = [("name", "순이"), ("consent", "yes"), ("zone", "Asia/Seoul")];
    let joined = tokio::join!(one.post("join", &join), two.post("join", &join));
    let mut statuses = [joined.0.status().as_u16(), joined.1.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    assert_eq!(app.read_sql("SELECT COUNT(*) || '' FROM seat_returns").await, ["1"]);
    let ended = [("pair", id.as_str())];
    let ended = tokio::join!(pair.parent.post("end_return", &ended), pair.child.post("end_return", &ended));
    assert_eq!((ended.0.status(), ended.1.status()), (StatusCode::OK, StatusCode::OK));
    let told = pair.parent.page(&paths::inbox()).await;
    assert_eq!(told.matches("자리를 옮기지 않기로 했어요").count(), 1);
}
