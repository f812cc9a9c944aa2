//! Tests that eight digits sign a new device in after its person has confirmed it.

use reqwest::StatusCode;

use super::{
    IPHONE, OVER, ask, asked_of, confirm, cookie, end_session_of, location, make, post_as, read, second_browser,
    sessions, stage,
};
use crate::{
    api::{ApiError, AskedStage},
    domain::{ENTER_LIFE_MS, EventKind, HAND_OVER_LIFE_MS, HandOverId, Millis},
    reads::{self, HandOverView, InboxView},
    server::storage::seeds::CHILDREN,
    tests::app::{TestApp, rounds},
};

#[tokio::test]
async fn a_new_device_comes_in_once_its_person_says_that_it_is_theirs() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut line = pair.child.listen(pair.id).await;
    let code = make(&pair.child).await;
    let shown = pair.child.page("/hand-over").await;
    assert!(
        shown.contains(&code[..4]) && shown.contains(&code[4..]) && shown.contains("<svg viewBox"),
        "digits and a picture"
    );

    let phone = ask(&app, &format!("{} {}", &code[..4], &code[4..])).await;

    line.hears(EventKind::HandOverAsked).await;
    assert!(pair.child.page("/hand-over").await.contains("아이폰 · Safari에서 들어오려고 해요. 내 기기가 맞나요?"));
    let waiting = phone.page("/signin/wait").await;
    assert!(
        waiting.contains("쓰던 기기에서 확인해 주세요")
            && waiting.contains("아이폰 · Safari")
            && waiting.contains("http-equiv=\"refresh\"")
    );
    assert_eq!(phone.refused("enter_hand_over", &[]).await, OVER, "not before the yes");
    assert_eq!(phone.get("/settings").await.status(), 401, "right digits sign nobody in");

    confirm(&pair.child, asked_of(&pair.child).await).await;
    assert!(phone.page("/signin/wait").await.contains("들어가기"));
    let entered = post_as(&phone, "enter_hand_over", "", IPHONE).await;

    assert_eq!((entered.status(), location(&entered)), (StatusCode::OK, "/today".to_owned()));
    line.hears(EventKind::HandOverUsed).await;
    assert_eq!(phone.today(pair.id).await.pair.id, pair.id);
    assert_ne!(cookie(&phone, "__Host-session"), cookie(&pair.child, "__Host-session"), "a session of its own");
    assert!(sessions(&pair.child).await.contains(&"iPhone · Safari".to_owned()));
    let inbox: InboxView = pair.child.read(reads::inbox()).await.expect("the inbox");
    assert_eq!(inbox.entries[0].title, "다른 기기에서 이어 쓰기 시작했어요");
    assert!(inbox.entries[0].body.starts_with("아이폰 · Safari에서 들어왔어요."));
    assert!(pair.child.page("/hand-over").await.contains("아이폰 · Safari에서 이어 쓰기 시작했어요."));
}

#[tokio::test]
async fn of_two_devices_with_the_same_digits_exactly_one_may_ask() {
    for _ in 0..rounds().div_ceil(4) {
        let app = TestApp::start().await;
        let person = app.person(CHILDREN[0].0).await;
        let code = make(&person).await;
        let (one, two) = (app.visitor(), app.visitor());

        let fields = [("code", code.as_str())];
        let asked = tokio::join!(one.post("ask_hand_over", &fields), two.post("ask_hand_over", &fields));

        let (won, lost) = if asked.0.status().is_success() {
            ((one, asked.0), (two, asked.1))
        } else {
            ((two, asked.1), (one, asked.0))
        };
        assert_eq!((won.1.status().as_u16(), lost.1.status().as_u16()), (200, 422));
        assert_eq!(read::<ApiError>(lost.1).await, ApiError::CodeWrong, "as wrong digits");
        confirm(&person, asked_of(&person).await).await;
        assert_eq!(lost.0.refused("enter_hand_over", &[]).await, OVER);
        assert_eq!(won.0.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_yes_lets_in_one_session_however_many_tabs_go_in() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let phone = ask(&app, &make(&person).await).await;
    confirm(&person, asked_of(&person).await).await;

    let tabs = futures::future::join_all((0..6).map(|_| phone.post("enter_hand_over", &[]))).await;

    assert_eq!(tabs.iter().filter(|tab| tab.status().is_success()).count(), 6);
    assert_eq!(sessions(&person).await.len(), 2);
}

#[tokio::test]
async fn wrong_used_replaced_withdrawn_and_expired_digits_say_the_same() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let used = make(&person).await;
    let phone = ask(&app, &used).await;
    confirm(&person, asked_of(&person).await).await;
    phone.post("enter_hand_over", &[]).await;
    let replaced = make(&person).await;
    let withdrawn = make(&person).await;
    assert_eq!(person.post("withdraw_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(cookie(&person, "__Host-hand-over"), None);
    let expired = make(&person).await;
    app.advance(HAND_OVER_LIFE_MS);

    for code in ["00000000", &used, &replaced, &withdrawn, &expired, "12345678"] {
        let response = app.visitor().submit("ask_hand_over", &[("code", code)]).await;
        assert_eq!(response.status(), 422, "{code}");
        let page = response.text().await.expect("a page");
        assert!(page.contains("숫자가 맞지 않거나 이미 쓰였거나 10분이 지났어요.") && page.contains(code), "{code}");
    }
}

#[tokio::test]
async fn digits_last_ten_minutes_and_a_late_yes_two_more() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let code = make(&person).await;
    app.advance(HAND_OVER_LIFE_MS - 1);
    let late = ask(&app, &code).await;
    let id = asked_of(&person).await;
    app.advance(1);
    assert_eq!(stage(&late).await, AskedStage::Over);
    assert_eq!(person.refused("confirm_hand_over", &[("hand_over", &id.to_string())]).await, OVER);
    assert!(late.page("/signin/wait").await.contains("확인할 시간이 지났어요"));

    for (waits, is_in) in [(ENTER_LIFE_MS - 1, true), (ENTER_LIFE_MS, false)] {
        let code = make(&person).await;
        let phone = ask(&app, &code).await;
        app.advance(HAND_OVER_LIFE_MS - 1);
        confirm(&person, asked_of(&person).await).await;
        app.advance(waits);
        assert_eq!(phone.post("enter_hand_over", &[]).await.status().is_success(), is_in, "{waits} ms after the yes");
    }
}

#[tokio::test]
async fn what_is_said_or_done_twice_is_done_once() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let phone = ask(&app, &make(&pair.child).await).await;
    let id = asked_of(&pair.child).await;
    confirm(&pair.child, id).await;
    confirm(&pair.child, id).await;
    let fields = [("hand_over", &*id.to_string())];
    assert_eq!(pair.child.refused("refuse_hand_over", &fields).await, OVER, "a yes is no no");
    let ticket = cookie(&phone, "__Host-asked").expect("a ticket");
    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), 200);
    phone.cookies.lock().expect("cookies").insert("__Host-asked".into(), ticket.clone());
    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), 200, "here already");
    assert_eq!(sessions(&pair.child).await.len(), 2);
    confirm(&pair.child, id).await;
    // Another browser cannot sign in with the ticket.
    pair.parent.cookies.lock().expect("cookies").insert("__Host-asked".into(), ticket);
    assert_eq!(pair.parent.refused("enter_hand_over", &[]).await, OVER);
}

#[tokio::test]
async fn digits_in_the_field_of_the_recovery_code_are_shown_the_way_and_cost_no_try() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let code = make(&person).await;
    let phone = app.visitor();
    for _ in 0..12 {
        let sent = phone.post("sign_in", &[("code", &code)]).await;
        assert_eq!(
            (sent.status(), location(&sent)),
            (StatusCode::OK, format!("/signin/digits/{}-{}", &code[..4], &code[4..]))
        );
    }
    assert_eq!(phone.get("/settings").await.status(), 401);
    assert_eq!(phone.post("ask_hand_over", &[("code", &code)]).await.status(), 200);
}

#[tokio::test]
async fn nobody_but_the_person_can_say_yes() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let phone = ask(&app, &make(&pair.child).await).await;
    let id = asked_of(&pair.child).await.to_string();

    for endpoint in ["confirm_hand_over", "refuse_hand_over"] {
        assert_eq!(
            pair.parent.refused(endpoint, &[("hand_over", &id)]).await,
            (404, ApiError::NotFound),
            "{endpoint} by the other member"
        );
        assert_eq!(
            phone.refused(endpoint, &[("hand_over", &id)]).await,
            (401, ApiError::SignedOut),
            "{endpoint} by the device itself"
        );
    }
    assert_eq!(pair.parent.read(reads::hand_over()).await, Ok(HandOverView::None));
    assert_eq!(stage(&phone).await, AskedStage::Waiting);
    assert_eq!(phone.refused("enter_hand_over", &[]).await, OVER);
}

#[tokio::test]
async fn another_browser_of_the_same_person_says_yes_and_never_sees_the_digits() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let second = second_browser(&app, &person).await;
    let code = make(&person).await;
    let page = second.page("/hand-over").await;
    let grouped = format!("{} {}", &code[..4], &code[4..]);
    assert!(page.contains("숫자는 만든 기기에서만 보여요.") && !page.contains(&grouped));
    assert!(person.page("/hand-over").await.contains(&grouped), "it is there where it was made");

    let phone = ask(&app, &code).await;
    confirm(&second, asked_of(&second).await).await;

    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(sessions(&person).await.len(), 3);
}

#[tokio::test]
async fn a_no_ends_it_and_the_new_device_is_told() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let code = make(&person).await;
    let phone = ask(&app, &code).await;
    let id = asked_of(&person).await.to_string();

    assert_eq!(person.post("refuse_hand_over", &[("hand_over", &id)]).await.status(), StatusCode::OK);

    assert!(phone.page("/signin/wait").await.contains("쓰던 기기에서 막았어요"));
    assert_eq!(phone.refused("enter_hand_over", &[]).await, OVER);
    assert_eq!(person.refused("confirm_hand_over", &[("hand_over", &id)]).await, OVER, "a no is not taken back");
    assert_eq!(phone.refused("ask_hand_over", &[("code", &code)]).await, OVER, "and the digits are used");
    assert!(person.page("/hand-over").await.contains("막았어요."));
}

#[tokio::test]
async fn what_an_ended_session_made_is_worth_nothing_at_any_stage() {
    let app = TestApp::start().await;
    let keeper = app.person(CHILDREN[0].0).await;
    for reached in [AskedStage::Over, AskedStage::Waiting, AskedStage::Confirmed] {
        let lost = second_browser(&app, &keeper).await;
        let code = make(&lost).await;
        let phone = if reached == AskedStage::Over { app.visitor() } else { ask(&app, &code).await };
        let id = if reached == AskedStage::Over { HandOverId(0) } else { asked_of(&keeper).await };
        if reached == AskedStage::Confirmed {
            confirm(&keeper, id).await;
        }
        assert_eq!(stage(&phone).await, reached);

        end_session_of(&lost, &keeper).await;

        assert_eq!(stage(&phone).await, AskedStage::Over, "{reached:?}");
        assert_eq!(phone.refused("enter_hand_over", &[]).await, OVER, "{reached:?}");
        assert_eq!(phone.refused("ask_hand_over", &[("code", &code)]).await, OVER, "{reached:?}");
        assert_eq!(
            keeper.refused("confirm_hand_over", &[("hand_over", &id.to_string())]).await,
            (404, ApiError::NotFound),
            "{reached:?}"
        );
    }
}

#[tokio::test]
async fn a_restart_between_typing_and_yes_loses_nothing() {
    let mut app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let phone = ask(&app, &make(&person).await).await;
    app.restart(Millis::MINUTE).await;
    confirm(&person, asked_of(&person).await).await;
    app.restart(Millis::MINUTE).await;
    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_browser_of_somebody_else_becomes_this_person_s_and_their_own_gets_no_second_session() {
    let app = TestApp::start().await;
    let (one, two) = (app.person(CHILDREN[0].0).await, app.person(CHILDREN[1].0).await);
    let code = make(&one).await;
    assert_eq!(two.post("ask_hand_over", &[("code", &code)]).await.status(), StatusCode::OK);
    confirm(&one, asked_of(&one).await).await;

    assert_eq!(two.post("enter_hand_over", &[]).await.status(), StatusCode::OK);

    assert!(two.page("/").await.contains(CHILDREN[0].0), "as with the recovery code");
    assert_eq!(sessions(&one).await.len(), 2);
    let code = make(&one).await;
    assert_eq!(two.post("ask_hand_over", &[("code", &code)]).await.status(), StatusCode::OK);
    confirm(&one, asked_of(&one).await).await;
    assert_eq!(two.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(sessions(&one).await.len(), 2, "it was in already");
}

#[tokio::test]
async fn the_other_member_hears_nothing_of_it() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let mut line = pair.parent.listen(pair.id).await;
    let phone = ask(&app, &make(&pair.child).await).await;
    confirm(&pair.child, asked_of(&pair.child).await).await;
    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    pair.parent.post("change_name", &[("name", "하나")]).await;
    line.hears_only(EventKind::NameChanged).await;
}
