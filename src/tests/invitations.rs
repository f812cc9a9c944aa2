//! Tests of inviting and joining: an invitation works once, for the right person, and its code cannot be guessed.

use super::app::{TICKET_LIFE, TestApp};
use crate::{
    api::{AnswersView, ApiError},
    domain::{EventKind, INVITATION_LIFE_MS, Millis, PairPhase},
    server::{
        services::guard,
        storage::seeds::{CHILDREN, PARENTS},
    },
};

#[tokio::test]
async fn of_two_who_join_at_once_exactly_one_does() {
    for _ in 0..super::app::rounds().div_ceil(4) {
        let app = TestApp::start().await;
        let child = app.person(CHILDREN[0].0).await;
        let id = child.start_pair("child").await;
        let code = child.invite(id).await;
        let (one, two) = (app.person(PARENTS[0].0).await, app.person(PARENTS[1].0).await);
        for browser in [&one, &two] {
            assert_eq!(browser.post("check_invitation", &[("code", &code)]).await.status(), 200);
        }

        let joined =
            tokio::join!(one.post("join", &[("relation", "mother")]), two.post("join", &[("relation", "father")]));

        let mut statuses = [joined.0.status().as_u16(), joined.1.status().as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 422]);
        assert_eq!(child.today(id).await.pair.phase, PairPhase::Together);
    }
}

#[tokio::test]
async fn the_inviter_s_page_hears_who_joined() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let id = child.start_pair("child").await;
    let mut line = child.listen(id).await;
    let code = child.invite(id).await;
    let newcomer = app.visitor();
    assert_eq!(newcomer.post("check_invitation", &[("code", &code.to_lowercase())]).await.status(), 200);
    let page = newcomer.page("/join/confirm").await;
    assert!(page.contains(CHILDREN[0].0), "name and relation of the inviter");

    let joined = newcomer
        .post("join", &[("name", PARENTS[0].0), ("consent", "yes"), ("relation", "mother"), ("zone", "Asia/Seoul")])
        .await;

    assert_eq!(joined.status(), 200);
    line.hears(EventKind::InvitationChanged).await;
    line.hears(EventKind::MemberJoined).await;
    assert_eq!(child.today(id).await.pair.other.expect("the other").name, PARENTS[0].0);
    assert!(newcomer.page("/recovery").await.contains("복구 코드"), "a new person gets a recovery code");
}

#[tokio::test]
async fn wrong_used_withdrawn_and_expired_codes_say_the_same() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let alone = app.person(CHILDREN[1].0).await;
    let id = alone.start_pair("child").await;
    let withdrawn = alone.invite(id).await;
    alone.post("withdraw_invitation", &[("pair", &id.to_string())]).await;
    let replaced = alone.invite(id).await;
    let used = alone.invite(id).await;
    app.person(PARENTS[2].0).await.join(&used, "mother").await;
    let other = app.person(CHILDREN[2].0).await;
    let expired = other.invite(other.start_pair("child").await).await;
    app.advance(INVITATION_LIFE_MS);

    for code in ["0000000000", &withdrawn, &replaced, &used, &expired] {
        assert_eq!(
            pair.parent.refused("check_invitation", &[("code", code)]).await,
            (422, ApiError::CodeWrong),
            "{code}"
        );
        pair.parent.cookies.lock().expect("cookies").remove("__Host-ticket");
    }
}

#[tokio::test]
async fn a_get_never_looks_a_code_up_and_shows_no_names() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let id = child.start_pair("child").await;
    let code = child.invite(id).await;

    for _ in 0..30 {
        let page = app.visitor().page(&format!("/join/{code}")).await;
        assert!(!page.contains(CHILDREN[0].0), "no names");
        assert!(page.contains("og:title") && page.contains("og:image"));
    }
    assert_eq!(app.visitor().get("/join/confirm").await.status(), 422, "no ticket, no names");

    app.person(PARENTS[0].0).await.join(&code, "mother").await;
    assert_eq!(child.today(id).await.pair.phase, PairPhase::Together, "thirty previews used nothing up");
}

#[tokio::test]
async fn only_failures_count_and_ten_an_hour_are_enough() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let code = child.invite(child.start_pair("child").await).await;
    let guesser = app.visitor();
    *guesser.address.lock().expect("an address") = "198.51.100.40".into();
    for _ in 0..20 {
        assert_eq!(
            guesser.post("check_invitation", &[("code", &code)]).await.status(),
            200,
            "a right code counts for nothing"
        );
    }
    for _ in 0..10 {
        assert_eq!(guesser.refused("check_invitation", &[("code", "0000000000")]).await, (422, ApiError::CodeWrong));
    }
    assert_eq!(
        guesser.refused("check_invitation", &[("code", &code)]).await,
        (429, ApiError::TooManyTries),
        "even a right one"
    );
    assert_eq!(
        guesser.refused("sign_in", &[("code", "0000-0000-0000-0000")]).await,
        (422, ApiError::RecoveryCodeWrong),
        "other codes, another count"
    );

    let neighbour = app.visitor();
    *neighbour.address.lock().expect("an address") = "198.51.100.20".into();
    assert_eq!(
        neighbour.post("check_invitation", &[("code", &code)]).await.status(),
        200,
        "another address is another count"
    );

    app.advance(Millis::HOUR);
    assert_eq!(guesser.post("check_invitation", &[("code", &code)]).await.status(), 200);
}

#[tokio::test]
async fn tries_at_once_count_like_tries_in_a_row() {
    let app = TestApp::start().await;
    let guesser = app.visitor();
    let tries =
        futures::future::join_all((0..30).map(|_| guesser.refused("check_invitation", &[("code", "0000000000")])))
            .await;
    assert_eq!(tries.iter().filter(|(status, _)| *status == 422).count(), 10);
    assert_eq!(tries.iter().filter(|(status, _)| *status == 429).count(), 20);
}

#[tokio::test]
async fn a_forged_forwarding_header_buys_no_tries() {
    let app = TestApp::start().await;
    let guesser = app.visitor();
    for at in 0..10 {
        *guesser.address.lock().expect("an address") = format!("10.9.8.{at}, 203.0.113.99");
        assert_eq!(guesser.refused("check_invitation", &[("code", "0000000000")]).await.0, 422);
    }
    *guesser.address.lock().expect("an address") = "10.9.8.77, 203.0.113.99".into();
    assert_eq!(guesser.refused("check_invitation", &[("code", "0000000000")]).await.0, 429);
}

#[tokio::test]
async fn many_failures_everywhere_slow_everybody_and_refuse_nobody() {
    let app = TestApp::start().await;
    assert!(guard::brake(&app.state).await.expect("a brake").is_zero());
    for at in 0..100u8 {
        let trier = guard::Trier { client: [192, 0, 2, at].into(), session: None, browser: None };
        let tx = app.state.database.begin().await.expect("a transaction");
        guard::fail(tx, &app.state, guard::Codes::Invitation, trier).await.expect("a failure");
    }
    assert_eq!(guard::brake(&app.state).await.expect("a brake").as_secs(), 2);
    app.advance(Millis::HOUR);
    assert!(guard::brake(&app.state).await.expect("a brake").is_zero());
}

#[tokio::test]
async fn joining_myself_and_a_pair_we_already_have_are_refused() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let second = pair.child.start_pair("child").await;
    let code = pair.child.invite(second).await;

    for (browser, error) in [(&pair.child, ApiError::JoiningMyself), (&pair.parent, ApiError::PairExists)] {
        assert_eq!(browser.post("check_invitation", &[("code", &code)]).await.status(), 200);
        assert_eq!(browser.refused("join", &[("relation", "mother")]).await, (409, error));
    }
    app.person(PARENTS[1].0).await.join(&code, "father").await;
}

#[tokio::test]
async fn a_ticket_lasts_a_quarter_of_an_hour_and_cannot_be_made() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let code = child.invite(child.start_pair("child").await).await;
    let parent = app.person(PARENTS[0].0).await;
    parent.post("check_invitation", &[("code", &code)]).await;
    app.advance(TICKET_LIFE);
    assert_eq!(parent.refused("join", &[("relation", "mother")]).await, (422, ApiError::CodeWrong));
    parent
        .cookies
        .lock()
        .expect("cookies")
        .insert("__Host-ticket".into(), "01a20359-39ae-7b93-921b-5f70d4c4f248.9999999999999.00".into());
    assert_eq!(parent.refused("join", &[("relation", "mother")]).await, (422, ApiError::CodeWrong));
}

#[tokio::test]
async fn the_wrong_person_is_left_behind_and_the_inviter_s_answer_moves() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.child.answer(pair.id, "처음 쓴 글").await;
    pair.child.answer(pair.id, "고쳐 쓴 글").await;
    let mut parent = pair.parent.listen(pair.id).await;
    assert_eq!(
        pair.parent.post("start_again", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await.status(),
        404,
        "only the inviter"
    );

    let done = pair.child.post("start_again", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await;

    assert_eq!(done.status(), 200);
    parent.hears(EventKind::PairClosed).await;
    let fresh = done.headers()["location"]
        .to_str()
        .expect("a path")
        .split('/')
        .nth(2)
        .and_then(|id| id.parse().ok())
        .expect("a pair");
    let today = pair.child.today(fresh).await;
    assert_eq!(today.pair.phase, PairPhase::Alone);
    let question = today.question.expect("a question");
    assert_eq!(question.answers, AnswersView::Waiting { own: "고쳐 쓴 글".into() });
    assert_eq!(question.revisions, ["처음 쓴 글"]);
    assert_eq!(pair.parent.today(pair.id).await.pair.phase, PairPhase::Closed);
}

#[tokio::test]
async fn once_a_card_is_open_nobody_is_taken_back() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    pair.answer_both("글").await;
    assert_eq!(
        pair.child.refused("start_again", &[("pair", &pair.id.to_string()), ("confirmed", "yes")]).await,
        (409, ApiError::CardOpen)
    );
    assert_eq!(pair.child.refused("invite", &[("pair", &pair.id.to_string())]).await, (409, ApiError::SeatTaken));
}

#[tokio::test]
async fn in_an_app_s_browser_the_way_out_is_offered_before_joining() {
    let app = TestApp::start().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let response = reqwest::Client::new()
        .get(format!("{}/join/ABCDE-12345", app.url))
        .header("accept", "text/html")
        .header("user-agent", "Mozilla/5.0 (Linux; Android 14) KAKAOTALK 11.2")
        .send()
        .await
        .expect("an answer");
    let page = response.text().await.expect("a page");
    assert!(page.contains("기본 브라우저로 열기") && page.contains("kakaotalk://web/openExternal?url="));
    assert!(!app.visitor().page("/join").await.contains("기본 브라우저로 열기"));
}

#[tokio::test]
async fn a_pasted_message_opens_and_a_text_without_a_code_costs_no_try() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let code = child.invite(child.start_pair("child").await).await;
    let newcomer = app.visitor();

    for text in ["", "초대 코드가 뭐예요?", "https://family.example/today"].into_iter().cycle().take(30) {
        assert_eq!(
            newcomer.refused("check_invitation", &[("code", text)]).await,
            (422, ApiError::CodeMissing),
            "{text}"
        );
        assert_eq!(newcomer.refused("sign_in", &[("code", text)]).await, (422, ApiError::CodeMissing), "{text}");
        assert_eq!(newcomer.refused("ask_hand_over", &[("code", text)]).await, (422, ApiError::CodeMissing), "{text}");
    }
    let message =
        format!("{}님이 초대했어요!\nhttps://family.example/join/{code}\n코드는 {code}이에요.", CHILDREN[0].0);
    assert_eq!(newcomer.post("check_invitation", &[("code", &message)]).await.status(), 200);
    assert!(newcomer.page("/join/confirm").await.contains(CHILDREN[0].0));
}
