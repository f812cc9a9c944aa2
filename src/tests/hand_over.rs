//! Handing over to another device of one's own: once, with its person's yes, and never by guessing.

use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::app::{Browser, TestApp, rounds};
use crate::{
    api::{AccountView, ApiError, AskedStage, AskedView, HandOverView, InboxView},
    domain::{ENTER_LIFE_MS, EventKind, HAND_OVER_LIFE_MS, HandOverId, Millis, WAY_OUT_LIFE_MS},
    server::{
        jobs::housekeeping,
        storage::{
            prune,
            seeds::{CHILDREN, PARENTS},
        },
    },
};

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1";
const KAKAOTALK: &str = "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 Version/4.0 Chrome/130.0 Mobile Safari/537.36 KAKAOTALK 2410910";

const OVER: (u16, ApiError) = (422, ApiError::CodeWrong);
const SHUT: (u16, ApiError) = (429, ApiError::TooManyTries);

fn cookie(browser: &Browser, name: &str) -> Option<String> {
    browser.cookies.lock().expect("cookies").get(name).cloned()
}

async fn post_as(browser: &Browser, endpoint: &str, body: &str, agent: &str) -> Response {
    browser.send_body(endpoint, body.as_bytes().to_vec(), "application/json", &[("user-agent", agent)]).await
}

async fn read<T: DeserializeOwned>(response: Response) -> T {
    serde_json::from_slice(&response.bytes().await.expect("a body")).expect("JSON")
}

fn location(response: &Response) -> String {
    response.headers()["location"].to_str().expect("a path").to_owned()
}

/// Makes digits.
async fn make(browser: &Browser) -> String {
    assert_eq!(browser.post("make_hand_over", &[]).await.status(), StatusCode::OK);
    cookie(browser, "__Host-hand-over")
        .and_then(|value| value.split_once('.').map(|(_, code)| code.to_owned()))
        .expect("id.code")
}

/// A new phone types them.
async fn ask(app: &TestApp, code: &str) -> Browser {
    let phone = app.visitor();
    let asked = post_as(&phone, "ask_hand_over", &format!("code={code}"), IPHONE).await;
    assert_eq!(asked.status(), StatusCode::OK, "right digits");
    assert_eq!(location(&asked), "/signin/wait");
    phone
}

/// Which hand-over waits for an answer here.
async fn asked_of(browser: &Browser) -> HandOverId {
    match browser.ask("hand_over", &[]).await {
        Ok(HandOverView::Asked { id, .. }) => id,
        other => panic!("nobody asks: {other:?}"),
    }
}

async fn confirm(browser: &Browser, id: HandOverId) {
    assert_eq!(browser.post("confirm_hand_over", &[("hand_over", &id.to_string())]).await.status(), StatusCode::OK);
}

async fn stage(phone: &Browser) -> AskedStage {
    phone.ask::<AskedView>("asked_hand_over", &[]).await.expect("a view").stage
}

async fn sessions(browser: &Browser) -> Vec<String> {
    let account: AccountView = browser.ask("account", &[]).await.expect("the account");
    account.sessions.into_iter().map(|session| session.device).collect()
}

/// Another browser of the same person.
async fn second_browser(app: &TestApp, of: &Browser) -> Browser {
    let second = app.visitor();
    let code = of.recovery_code();
    assert_eq!(second.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
    second
}

async fn end_session_of(browser: &Browser, by: &Browser) {
    let account: AccountView = browser.ask("account", &[]).await.expect("the account");
    let own = account.sessions.iter().find(|session| session.is_this).expect("this session");
    assert_eq!(by.post("end_session", &[("session", &own.id.to_string())]).await.status(), StatusCode::OK);
}

/// Makes the link out of an app and gives its path.
async fn lead_out(browser: &Browser) -> String {
    location(&post_as(browser, "lead_out", "", KAKAOTALK).await)
}

async fn take(browser: &Browser, link: &str) -> Response {
    browser.post("take_hand_over", &[("token", link.trim_start_matches("/hand-over/"))]).await
}

// ---- digits

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
    let inbox: InboxView = pair.child.ask("inbox", &[]).await.expect("the inbox");
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
    // Nobody else comes in by it.
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
    assert_eq!(pair.parent.ask("hand_over", &[]).await, Ok(HandOverView::None));
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

// ---- guessing

#[tokio::test]
async fn five_wrong_tries_shut_a_browser_and_ten_its_address() {
    let mut app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let elsewhere = |browser: Browser| {
        *browser.address.lock().expect("an address") = "198.51.100.40".into();
        browser
    };
    let guesser = elsewhere(app.visitor());
    for at in 0..5 {
        // As a browser without the WASM: the mark comes with the refused page too.
        assert_eq!(guesser.submit("ask_hand_over", &[("code", &format!("0000000{at}"))]).await.status(), 422);
    }
    let code = make(&person).await;
    assert_eq!(guesser.refused("ask_hand_over", &[("code", &code)]).await, SHUT, "right digits too");
    *guesser.address.lock().expect("an address") = "198.51.100.30".into();
    assert_eq!(guesser.refused("ask_hand_over", &[("code", &code)]).await, SHUT, "wherever the browser goes");

    let cleared = elsewhere(app.visitor());
    elsewhere(guesser.clone());
    for at in 5..10 {
        assert_eq!(
            cleared.refused("ask_hand_over", &[("code", &format!("0000000{at}"))]).await,
            OVER,
            "a cleared browser has five more"
        );
    }
    let again = elsewhere(app.visitor());
    assert_eq!(again.refused("ask_hand_over", &[("code", &code)]).await, SHUT, "and then its address is shut");
    app.restart(0).await;
    assert_eq!(again.refused("ask_hand_over", &[("code", &code)]).await, SHUT, "a restart forgives nothing");
    assert_eq!(
        guesser.refused("sign_in", &[("code", "0000-0000-0000-0000")]).await,
        (422, ApiError::RecoveryCodeWrong),
        "the recovery code has its own count"
    );

    let neighbour = app.visitor();
    *neighbour.address.lock().expect("an address") = "198.51.100.20".into();
    assert_eq!(neighbour.post("ask_hand_over", &[("code", &code)]).await.status(), StatusCode::OK);
    app.advance(Millis::HOUR);
    let code = make(&person).await;
    assert_eq!(guesser.post("ask_hand_over", &[("code", &code)]).await.status(), StatusCode::OK, "an hour later");
}

#[tokio::test]
async fn guesses_at_once_count_like_guesses_in_a_row() {
    let app = TestApp::start().await;
    let marked = app.visitor();
    marked.refused("ask_hand_over", &[("code", "00000000")]).await;
    let tries =
        futures::future::join_all((0..20).map(|_| marked.refused("ask_hand_over", &[("code", "00000001")]))).await;
    assert_eq!(tries.iter().filter(|answer| **answer == OVER).count(), 4);
    assert_eq!(tries.iter().filter(|answer| **answer == SHUT).count(), 16);
}

#[tokio::test]
async fn what_is_not_eight_digits_costs_no_try() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let phone = app.visitor();
    for typed in
        ["", "1234567", "123456789", "숫자가 뭐예요?", "1234567a", "0".repeat(500).as_str(), "1", "2", "3", "4", "5"]
    {
        assert_eq!(phone.refused("ask_hand_over", &[("code", typed)]).await, (422, ApiError::CodeMissing), "{typed}");
    }
    let code = make(&person).await;
    assert_eq!(phone.post("ask_hand_over", &[("code", &code)]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn opening_an_address_looks_nothing_up_and_names_nobody() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (code, link) = (make(&person).await, lead_out(&person).await);
    let digits = format!("/signin/digits/{}-{}", &code[..4], &code[4..]);

    for path in [&digits, &link] {
        for _ in 0..30 {
            let page = app.visitor().page(path).await;
            assert!(!page.contains(CHILDREN[0].0) && page.contains("content=\"noindex\""), "{path}");
        }
    }
    let filled = app.visitor().page(&digits).await;
    assert!(filled.contains(&format!("value=\"{}-{}\"", &code[..4], &code[4..])), "the digits stand in the field");
    assert!(filled.contains("inputmode=\"numeric\"") && filled.contains("autocomplete=\"one-time-code\""));
    assert_eq!(app.visitor().get("/signin/digits/00000000").await.status(), 200, "wrong ones look the same");
    assert_eq!(app.visitor().get("/hand-over/0").await.status(), 200);

    ask(&app, &code).await;
    assert_eq!(take(&app.visitor(), &link).await.status(), StatusCode::OK, "thirty previews used nothing up");
}

#[tokio::test]
async fn neither_digits_nor_tickets_nor_links_are_in_the_database() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (code, link) = (make(&person).await, lead_out(&person).await);
    let typed = make(&app.person(CHILDREN[1].0).await).await;
    let ticket = cookie(&ask(&app, &typed).await, "__Host-asked").expect("a ticket");
    let file = std::env::temp_dir().join(format!("umbba-hand-over-{}.db", std::process::id()));
    app.state.database.backup_into(&file).await.expect("a copy");
    let bytes = std::fs::read(&file).expect("the copy");
    std::fs::remove_file(&file).expect("removed");

    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("iPhone · Safari"), "the rows are in it");
    for secret in [&code, &typed, &ticket, link.trim_start_matches("/hand-over/")] {
        assert!(!holds(secret), "{secret}");
    }
}

#[tokio::test]
async fn housekeeping_forgets_what_is_over() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    make(&person).await;
    ask(&app, &make(&person).await).await;
    lead_out(&person).await;
    let left = async |at: Millis| {
        // Dropped, so that it never happened.
        let mut tx = app.state.database.begin().await.expect("a transaction");
        prune::batch(&mut tx, &prune::HAND_OVERS, at).await.expect("a number")
    };
    let end = app.state.clock.now().plus(HAND_OVER_LIFE_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");
    assert_eq!(left(end).await, 3, "nothing goes before its time");

    app.advance(HAND_OVER_LIFE_MS);
    housekeeping::sweep(&app.state).await.expect("a sweep");

    assert_eq!(left(end).await, 0);
}

// ---- out of an app's own browser

#[tokio::test]
async fn in_an_app_s_browser_the_way_out_takes_the_person_along() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let today = format!("/p/{}/today", pair.id);
    assert!(!pair.child.page(&today).await.contains("기본 브라우저로 열기"), "an ordinary browser has no need of it");
    let inside = async |path: &str| pair.child.get_as(path, KAKAOTALK).await.text().await.expect("a page");
    for path in [today.as_str(), "/settings"] {
        assert!(inside(path).await.contains("기본 브라우저로 열기"), "{path}");
    }
    let mut line = pair.child.listen(pair.id).await;

    let made = post_as(&pair.child, "lead_out", "", KAKAOTALK).await;
    let link = location(&made);
    let way: String = read(made).await;

    let escaped: String = url::form_urlencoded::byte_serialize(format!("{}{link}", app.url).as_bytes()).collect();
    assert_eq!(way, format!("kakaotalk://web/openExternal?url={escaped}"));
    assert!(inside(&link).await.contains(&way), "without a script it is a link on the next page");
    let browser = app.visitor();
    assert!(browser.page(&link).await.contains("여기서 이어 쓰기"));
    let taken = take(&browser, &link).await;
    assert_eq!((taken.status(), location(&taken)), (StatusCode::OK, "/".to_owned()));
    assert!(browser.page("/").await.contains(&format!("{} 님, 어서 오세요", CHILDREN[0].0)), "whose it is, afterwards");
    line.hears(EventKind::HandOverUsed).await;
    assert_eq!(sessions(&pair.child).await.len(), 2);
    assert_eq!(take(&browser, &lead_out(&pair.child).await).await.status(), StatusCode::OK);
    assert_eq!(sessions(&pair.child).await.len(), 2, "whoever is in already gets no second session");
}

#[tokio::test]
async fn a_way_out_is_good_once_for_two_minutes_and_the_last_one_only() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let refused = async |link: &str| {
        let response = take(&app.visitor(), link).await;
        let status = response.status().as_u16();
        (status, read::<ApiError>(response).await)
    };
    let expired = lead_out(&person).await;
    app.advance(WAY_OUT_LIFE_MS);
    assert_eq!(refused(&expired).await, OVER);
    let replaced = lead_out(&person).await;
    let link = lead_out(&person).await;
    assert_eq!(refused(&replaced).await, OVER);
    app.advance(WAY_OUT_LIFE_MS - 1);

    let both = [app.visitor(), app.visitor()];
    let (one, two) = tokio::join!(take(&both[0], &link), take(&both[1], &link));

    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "of two at once exactly one");
    for wrong in [link.as_str(), "/hand-over/", "/hand-over/zz", "/hand-over/12345678"] {
        assert_eq!(refused(wrong).await, OVER, "{wrong}");
    }
    let page = app.visitor().submit("take_hand_over", &[("token", "zz")]).await;
    assert_eq!(page.status(), 422);
    assert!(page.text().await.expect("a page").contains("이미 쓰였거나 2분이 지났어요."));
}

#[tokio::test]
async fn digits_are_no_link_and_a_link_is_no_digits() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (code, link) = (make(&person).await, lead_out(&person).await);
    assert_eq!(take(&app.visitor(), &code).await.status(), 422);
    assert_eq!(person.post("withdraw_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(take(&app.visitor(), &link).await.status(), StatusCode::OK, "each runs by itself");
    let dead = lead_out(&person).await;
    let keeper = second_browser(&app, &person).await;
    end_session_of(&person, &keeper).await;
    assert_eq!(take(&app.visitor(), &dead).await.status(), 422, "and ends with the session that made it");
}

// ---- whose device

#[tokio::test]
async fn somebody_else_s_phone_is_sent_to_the_invitation_which_has_name_and_relation_ready() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let page = child.page("/hand-over").await;
    assert!(page.contains("다른 사람의 휴대폰인가요?") && page.contains(&format!("/p/{pair}/invite")));

    let fields = [("pair", pair.to_string()), ("relation", "mother".into()), ("name", PARENTS[0].0.into())];
    child.post("invite", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    let code = cookie(&child, "__Host-invitation")
        .and_then(|value| value.split_once('.').map(|(_, code)| code.to_owned()))
        .expect("a code");
    let phone = app.visitor();
    assert_eq!(phone.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    let page = phone.page("/join/confirm").await;
    let mother = page.split("<input").find(|input| input.contains("value=\"mother\"")).expect("the choice");
    assert!(mother.split('>').next().is_some_and(|tag| tag.contains("checked")), "the relation is chosen");
    assert!(page.contains(&format!("value=\"{}\"", PARENTS[0].0)), "the name is filled in");
    assert_eq!(phone.get("/settings").await.status(), 401, "and nobody is signed in as the child");
}

#[tokio::test]
async fn a_stranger_has_no_hand_over_and_signing_out_forgets_the_digits() {
    let app = TestApp::start().await;
    assert_eq!(app.visitor().get("/hand-over").await.status(), 401);
    for endpoint in ["hand_over", "make_hand_over", "withdraw_hand_over", "lead_out"] {
        assert_eq!(app.visitor().refused(endpoint, &[]).await, (401, ApiError::SignedOut), "{endpoint}");
    }
    assert!(app.visitor().page("/signin").await.contains("/signin/digits"));
    let person = app.person(CHILDREN[0].0).await;
    make(&person).await;
    assert_eq!(person.post("sign_out", &[]).await.status(), StatusCode::OK);
    assert_eq!(cookie(&person, "__Host-hand-over"), None);
}
