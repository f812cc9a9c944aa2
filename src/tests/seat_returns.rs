//! Tests of the return of a seat to a member who lost every device and the recovery code.

use reqwest::StatusCode;

use super::app::{Browser, TestApp, TestPair};
use crate::{
    api::{AnswersView, ApiError},
    domain::{EventKind, INVITATION_LIFE_MS, Millis, PairId, PairPhase, RETURN_WAITS_MS},
    paths,
    server::storage::seeds::{CHILDREN, PARENTS},
};

const EARLIER: &str = "고치기전의이야기";
const ON_CARD: &str = "카드에적은이야기";
const EDITED: &str = "열리기전에고친이야기";
const CLOSED: &str = "아직닫힌이야기";
const ELSEWHERE: &str = "다른짝의이야기";
const NEW_NAME: &str = "새순자";

/// A pair with an open card and a question that only the parent answered, both answers edited; the parent has another
/// pair as well.
pub async fn lived_in(app: &TestApp) -> (TestPair, TestPair) {
    let pair = app.pair().await;
    for text in [EARLIER, ON_CARD] {
        pair.parent.answer(pair.id, text).await;
    }
    pair.child.answer(pair.id, "딸의 이야기").await;
    app.advance(Millis::DAY);
    app.tick_at(21, 0).await;
    for text in [EDITED, CLOSED] {
        assert_eq!(pair.parent.answer(pair.id, text).await.status(), StatusCode::OK);
    }
    let elsewhere = app.pair_of(app.person(CHILDREN[1].0).await, pair.parent.clone()).await;
    elsewhere.parent.answer(elsewhere.id, ELSEWHERE).await;
    (pair, elsewhere)
}

async fn post(browser: &Browser, verb: &str, pair: PairId) -> StatusCode {
    browser.post(verb, &[("pair", &pair.to_string())]).await.status()
}

/// Makes a return invitation. Returns its code.
pub async fn invite_back(giver: &Browser, pair: PairId) -> String {
    assert_eq!(post(giver, "invite_back", pair).await, StatusCode::OK);
    let cookies = giver.cookies.lock().expect("cookies");
    cookies["__Host-invitation"].split_once('.').expect("id.code").1.to_owned()
}

/// Joins as somebody new.
pub async fn join_new(app: &TestApp, code: &str) -> Browser {
    let browser = app.visitor();
    assert_eq!(browser.post("check_invitation", &[("code", code)]).await.status(), StatusCode::OK);
    let fields = [("name", NEW_NAME), ("consent", "yes"), ("zone", "Asia/Seoul")];
    assert_eq!(browser.post("join", &fields).await.status(), StatusCode::OK);
    browser
}

/// A lived-in pair whose parent's seat moved.
pub async fn moved(app: &TestApp) -> (TestPair, TestPair, Browser) {
    let (pair, elsewhere) = lived_in(app).await;
    let code = invite_back(&pair.child, pair.id).await;
    let newcomer = join_new(app, &code).await;
    app.wait(RETURN_WAITS_MS).await;
    (pair, elsewhere, newcomer)
}

fn pages_of(pair: PairId) -> Vec<String> {
    let tails = ["", "/today", "/archive", "/seasons/1", "/settings", "/settings/us", "/invite", "/return"];
    tails.into_iter().map(|tail| format!("/p/{pair}{tail}")).collect()
}

#[tokio::test]
async fn the_seat_moves_after_48_hours_with_its_history_and_not_a_moment_before() {
    let app = TestApp::start().await;
    let (pair, elsewhere) = lived_in(&app).await;
    let code = invite_back(&pair.child, pair.id).await;
    let asked = pair.child.page(&paths::seat_return(pair.id)).await;
    assert!(asked.contains(&code[..5]), "the giver sees the code");
    let newcomer = join_new(&app, &code).await;

    app.wait(RETURN_WAITS_MS - 1).await;
    assert_eq!(newcomer.refused("today", &[("pair", &pair.id.to_string())]).await, (409, ApiError::SeatWaits));
    assert_eq!(pair.parent.today(pair.id).await.pair.phase, PairPhase::Together);
    app.wait(1).await;

    let today = newcomer.today(pair.id).await;
    assert_eq!((today.pair.me.name.as_str(), today.completed), (NEW_NAME, 1));
    let card = app.read_sql("SELECT id FROM daily_questions WHERE completed_at IS NOT NULL").await.remove(0);
    let card = newcomer.page(&paths::card(pair.id, card.parse().expect("an id"))).await;
    assert!(card.contains(ON_CARD) && card.contains(EARLIER) && card.contains("딸의 이야기"), "the seat's history");
    assert!(newcomer.page(&paths::archive(pair.id)).await.contains("/cards/"));
    assert_eq!(pair.child.today(pair.id).await.pair.other.expect("the other").name, NEW_NAME);
    // The account of the person before lives on, with its other pair.
    assert_eq!(pair.parent.today(elsewhere.id).await.question.expect("a question").own(), Some(ELSEWHERE));
    assert_eq!(newcomer.get(&paths::today(elsewhere.id)).await.status(), 404);
}

#[tokio::test]
async fn the_person_before_is_told_at_once_and_finds_the_pair_closed_with_the_reason() {
    let app = TestApp::start().await;
    let (pair, elsewhere) = lived_in(&app).await;
    let switches = [("pair", pair.id.to_string())];
    pair.parent.post("change_switches", &switches.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    let mut line = pair.parent.listen(pair.id).await;
    let code = invite_back(&pair.child, pair.id).await;
    join_new(&app, &code).await;

    line.hears(EventKind::InvitationChanged).await;
    let told = pair.parent.page(&paths::inbox()).await;
    assert_eq!(told.matches("내 자리를 새 기기로 옮기려고 해요").count(), 1, "{told}");
    for page in [paths::today(pair.id), paths::place(Some(pair.id), paths::Place::Us), paths::seat_return(pair.id)] {
        let page = pair.parent.page(&page).await;
        assert!(page.contains("end_return") && page.contains(NEW_NAME), "the refusal stands on {page}");
    }
    app.wait(RETURN_WAITS_MS).await;

    while line.next_event().await.kind != EventKind::PairClosed {}
    for page in pages_of(pair.id) {
        let response = pair.parent.get(&page).await;
        assert_eq!(response.status(), StatusCode::GONE, "{page}");
        let text = response.text().await.expect("a page");
        assert!(text.contains("이 자리는 새 기기로 옮겨졌어요") && !text.contains(ON_CARD), "{page}");
    }
    let id = pair.id.to_string();
    assert_eq!(pair.parent.refused("today", &[("pair", &id)]).await, (410, ApiError::SeatMoved));
    let told = pair.parent.page(&paths::inbox()).await;
    assert!(told.contains("내 자리가 새 기기로 옮겨졌어요") && !told.contains(&id), "{told}");
    assert_eq!(pair.parent.get(&paths::today(elsewhere.id)).await.status(), StatusCode::OK);
    assert!(!pair.parent.page("/").await.contains(&id));
}

#[tokio::test]
async fn what_no_card_opened_stays_sealed_until_the_other_answers() {
    let app = TestApp::start().await;
    let (pair, _, newcomer) = moved(&app).await;
    let view = newcomer.today(pair.id).await;
    let question = view.question.clone().expect("a question");
    assert!(question.is_sealed && question.revisions.is_empty(), "{question:?}");
    assert!(matches!(question.answers, AnswersView::Waiting { .. }));
    for own in ["고친 글", CLOSED, EDITED] {
        let refused = newcomer.answer_to(question.id, question.version, own).await;
        assert_eq!(refused.status(), StatusCode::CONFLICT, "neither edited nor replaced, nor guessed: {own}");
    }
    let page = newcomer.page(&paths::today(pair.id)).await;
    assert!(page.contains("전에 이 자리에서 쓴 답이 있어요"));
    assert!(!page.contains(CLOSED) && !page.contains(EDITED));
    assert!(!pair.child.page(&paths::today(pair.id)).await.contains(CLOSED), "nor does the giver read it");

    assert_eq!(pair.child.answer(pair.id, "딸의 둘째 이야기").await.status(), StatusCode::OK);

    for browser in [&newcomer, &pair.child] {
        let page = browser.page(&paths::today(pair.id)).await;
        assert!(page.contains(CLOSED) && page.contains("딸의 둘째 이야기"), "the card opened with the kept answer");
    }
    assert!(newcomer.page(&paths::card(pair.id, question.id)).await.contains(EDITED), "now it is the seat's history");
    assert!(!pair.child.page(&paths::card(pair.id, question.id)).await.contains(EDITED));
}

#[tokio::test]
async fn each_of_the_three_can_end_it_and_then_nothing_moves() {
    for who in 0..3 {
        let app = TestApp::start().await;
        let (pair, _) = lived_in(&app).await;
        let code = invite_back(&pair.child, pair.id).await;
        let newcomer = join_new(&app, &code).await;
        app.wait(RETURN_WAITS_MS - 1).await;

        let ender = [&pair.parent, &pair.child, &newcomer][who];
        for _ in 0..2 {
            let expected = if who == 2 { [200, 404] } else { [200, 200] };
            let status = post(ender, "end_return", pair.id).await.as_u16();
            assert!(expected.contains(&status), "{who}: {status}");
        }

        app.wait(Millis::DAY).await;
        assert_eq!(pair.parent.today(pair.id).await.question.expect("a question").own(), Some(CLOSED), "{who}");
        assert_eq!(newcomer.get(&paths::today(pair.id)).await.status(), 404, "{who}");
        for browser in [&pair.parent, &pair.child, &newcomer] {
            let told = browser.page(&paths::inbox()).await;
            assert_eq!(told.matches("자리를 옮기지 않기로 했어요").count(), 1, "{who}: never silently");
        }
        // It can be tried again.
        let again = invite_back(&pair.child, pair.id).await;
        join_new(&app, &again).await;
    }
}

#[tokio::test]
async fn the_seats_person_refuses_from_any_session_and_before_anybody_joined() {
    let app = TestApp::start().await;
    let (pair, _) = lived_in(&app).await;
    let phone = app.visitor();
    phone.post("sign_in", &[("code", &pair.parent.recovery_code())]).await;
    let code = invite_back(&pair.child, pair.id).await;
    assert!(phone.page(&paths::seat_return(pair.id)).await.contains("거절하기"));

    assert_eq!(post(&phone, "end_return", pair.id).await, StatusCode::OK);

    let newcomer = app.visitor();
    let refused = newcomer.refused("check_invitation", &[("code", &code)]).await;
    assert_eq!(refused, (422, ApiError::CodeWrong));
    let code = invite_back(&pair.child, pair.id).await;
    join_new(&app, &code).await;
    assert_eq!(post(&phone, "end_return", pair.id).await, StatusCode::OK);
    app.wait(RETURN_WAITS_MS).await;
    assert_eq!(phone.today(pair.id).await.completed, 1);
}

#[tokio::test]
async fn an_answer_of_the_seats_person_meanwhile_counts_and_refuses_nothing() {
    let app = TestApp::start().await;
    let (pair, _) = lived_in(&app).await;
    let code = invite_back(&pair.child, pair.id).await;
    let newcomer = join_new(&app, &code).await;
    pair.parent.answer(pair.id, "기다리는동안고친글").await;
    app.wait(RETURN_WAITS_MS).await;
    assert!(newcomer.today(pair.id).await.question.expect("a question").is_sealed);
    pair.child.answer(pair.id, "딸의 글").await;
    assert!(newcomer.page(&paths::today(pair.id)).await.contains("기다리는동안고친글"));
}

#[tokio::test]
async fn one_return_waits_at_a_time_and_its_invitation_ends_as_others_do() {
    let app = TestApp::start().await;
    let (pair, _) = lived_in(&app).await;
    let id = pair.id.to_string();
    let code = invite_back(&pair.child, pair.id).await;
    app.advance(INVITATION_LIFE_MS);
    assert_eq!(app.visitor().refused("check_invitation", &[("code", &code)]).await, (422, ApiError::CodeWrong));

    let replaced = invite_back(&pair.child, pair.id).await;
    let code = invite_back(&pair.child, pair.id).await;
    assert_eq!(app.visitor().refused("check_invitation", &[("code", &replaced)]).await, (422, ApiError::CodeWrong));
    for (browser, error) in [(&pair.child, ApiError::JoiningMyself), (&pair.parent, ApiError::PairExists)] {
        assert_eq!(browser.post("check_invitation", &[("code", &code)]).await.status(), 200);
        assert_eq!(browser.refused("join", &[]).await, (409, error));
    }
    join_new(&app, &code).await;

    assert_eq!(app.visitor().refused("check_invitation", &[("code", &code)]).await, (422, ApiError::CodeWrong));
    for browser in [&pair.child, &pair.parent] {
        assert_eq!(browser.refused("invite_back", &[("pair", &id)]).await, (409, ApiError::ReturnWaits));
    }
    let alone = app.person(CHILDREN[2].0).await;
    let waiting = alone.start_pair("child").await.to_string();
    assert_eq!(alone.refused("invite_back", &[("pair", &waiting)]).await, (409, ApiError::StillAlone));
    assert_eq!(post(&pair.child, "leave_pair", pair.id).await, StatusCode::UNPROCESSABLE_ENTITY);
    pair.child.post("leave_pair", &[("pair", &id), ("confirmed", "yes")]).await;
    assert_eq!(pair.child.refused("invite_back", &[("pair", &id)]).await, (409, ApiError::PairClosed));
}

#[tokio::test]
async fn somebody_who_is_known_joins_as_themselves_and_counts_as_in_the_pair() {
    let app = TestApp::start().await;
    let (pair, _) = lived_in(&app).await;
    let code = invite_back(&pair.child, pair.id).await;
    let known = app.person(PARENTS[2].0).await;
    assert_eq!(known.post("check_invitation", &[("code", &code)]).await.status(), 200);
    assert_eq!(known.post("join", &[]).await.status(), 200);

    // While they wait, they share no second pair with the giver.
    let second = pair.child.start_pair("child").await;
    let invitation = pair.child.invite(second).await;
    assert_eq!(known.post("check_invitation", &[("code", &invitation)]).await.status(), 200);
    assert_eq!(known.refused("join", &[("relation", "mother")]).await, (409, ApiError::PairExists));
    let own = known.start_pair("parent").await;
    let invitation = known.invite(own).await;
    assert_eq!(pair.child.post("check_invitation", &[("code", &invitation)]).await.status(), 200);
    assert_eq!(pair.child.refused("join", &[("relation", "daughter")]).await, (409, ApiError::PairExists));
    app.wait(RETURN_WAITS_MS).await;

    assert_eq!(known.today(pair.id).await.pair.me.name, PARENTS[2].0);
}

#[tokio::test]
async fn the_person_before_gets_the_seat_back_only_in_the_same_way() {
    let app = TestApp::start().await;
    let (pair, _, newcomer) = moved(&app).await;
    let code = invite_back(&pair.child, pair.id).await;
    assert_eq!(pair.parent.post("check_invitation", &[("code", &code)]).await.status(), 200);
    assert_eq!(pair.parent.post("join", &[]).await.status(), 200);
    let waiting = pair.parent.page(&paths::today(pair.id)).await;
    assert!(waiting.contains("자리가 열리기를 기다리고 있어요") && !waiting.contains(ON_CARD));
    assert!(newcomer.page(&paths::today(pair.id)).await.contains("end_return"), "whoever has the seat can refuse");
    app.wait(RETURN_WAITS_MS).await;

    let today = pair.parent.today(pair.id).await;
    assert_eq!(today.completed, 1);
    assert!(today.question.expect("a question").is_sealed, "until its card opens, as for everybody");
    assert_eq!(newcomer.get(&paths::today(pair.id)).await.status(), StatusCode::GONE);
}
