//! Tests of guessed digits: the limits per browser and address, and the stored form of a code.

use reqwest::StatusCode;

use super::{OVER, SHUT, ask, cookie, lead_out, make, take};
use crate::{
    api::ApiError,
    domain::{HAND_OVER_LIFE_MS, Millis},
    server::{
        jobs::housekeeping,
        storage::{prune, seeds::CHILDREN},
    },
    tests::app::{Browser, TestApp},
};

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
        // Posts as a browser without WASM: the page of the refusal also sets the cookie that marks the browser.
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
    let bytes = app.stored().await;

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
        // The transaction is dropped, so the deletion is rolled back.
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
