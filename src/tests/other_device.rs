//! Tests of a proof by another device of the same person.

use futures::future::join_all;
use reqwest::StatusCode;

use super::app::{Browser, TestApp};
use crate::{
    api::ApiError,
    domain::{KNOWN_AFTER_MS, Locale, Millis, PROOF_REQUEST_LIFE_MS, ProofStage},
    reads::{self, HandOverView, OtherDeviceView},
    server::{
        services::proofs::FRESH_MS,
        storage::seeds::{CHILDREN, PARENTS},
    },
    text::page_words,
};

const TOO_NEW: (u16, ApiError) = (409, ApiError::SessionTooNew);
const OVER: (u16, ApiError) = (409, ApiError::ProofOver);
const WRONG: (u16, ApiError) = (422, ApiError::ProofNumberWrong);

async fn look(browser: &Browser) -> OtherDeviceView {
    browser.read(reads::other_device()).await.expect("the other device")
}

async fn is_proved(browser: &Browser) -> bool {
    browser.read(reads::other_ways()).await.expect("the ways in").is_proved
}

/// Signs the person in on one more browser with the recovery code.
async fn by_code(app: &TestApp, of: &Browser) -> Browser {
    let browser = app.visitor();
    assert_eq!(browser.post("sign_in", &[("code", &of.recovery_code())]).await.status(), StatusCode::OK);
    browser
}

/// Signs the person in on one more browser by a hand-over.
async fn by_hand_over(app: &TestApp, of: &Browser) -> Browser {
    assert_eq!(of.post("make_hand_over", &[]).await.status(), StatusCode::OK);
    let digits = {
        let cookies = of.cookies.lock().expect("cookies");
        cookies["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned()
    };
    let browser = app.visitor();
    assert_eq!(browser.post("ask_hand_over", &[("code", &digits)]).await.status(), StatusCode::OK);
    let Ok(HandOverView::Asked { id, .. }) = of.read(reads::hand_over()).await else { panic!("nobody asks") };
    assert_eq!(of.post("confirm_hand_over", &[("hand_over", &id.to_string())]).await.status(), StatusCode::OK);
    assert_eq!(browser.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    browser
}

/// Asks, and returns the number that the browser then shows.
async fn ask(browser: &Browser) -> String {
    ask_with(browser, "one form").await
}

/// `form`: the key of the form on the page.
async fn ask_with(browser: &Browser, form: &str) -> String {
    assert_eq!(browser.post("ask_other_device", &[("attempt", form)]).await.status(), StatusCode::OK);
    match look(browser).await {
        OtherDeviceView::Asking { number, .. } => number.to_string(),
        other => panic!("no number: {other:?}"),
    }
}

/// What another browser is asked: the id of the request, the numbers to choose from, and whether it may choose.
async fn asked(browser: &Browser) -> (String, [i64; 3], bool) {
    match look(browser).await {
        OtherDeviceView::Asked { id, numbers, may_confirm, .. } => (id.to_string(), numbers, may_confirm),
        other => panic!("nobody asks: {other:?}"),
    }
}

async fn choose(browser: &Browser, id: &str, number: &str) -> (u16, Option<ApiError>) {
    let response = browser.post("confirm_other_device", &[("proof", id), ("number", number)]).await;
    let status = response.status().as_u16();
    let error = (status != 200).then(|| response.bytes());
    match error {
        None => (status, None),
        Some(body) => (status, serde_json::from_slice(&body.await.expect("a body")).ok()),
    }
}

/// A person with two browsers that have shown the code, two days ago.
async fn two_devices(app: &TestApp) -> (Browser, Browser) {
    let phone = app.person(CHILDREN[0].0).await;
    let tablet = by_code(app, &phone).await;
    app.advance(2 * Millis::DAY);
    (phone, tablet)
}

#[tokio::test]
async fn the_right_number_on_another_device_is_a_proof_of_the_one_that_asks() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    app.run_sql("DELETE FROM notifications").await;
    let number = ask(&phone).await;
    assert_eq!(ask(&phone).await, number, "the same request");
    assert_eq!(app.read_sql("SELECT kind FROM notifications").await, ["proof_asked"], "told once");
    let (id, numbers, may_confirm) = asked(&tablet).await;
    assert!(may_confirm && numbers.contains(&number.parse().expect("a number")));
    assert!(!is_proved(&phone).await);
    assert_eq!(choose(&phone, &id, &number).await, (409, Some(ApiError::ProofOver)), "not on the device that asks");
    assert_eq!(choose(&tablet, &id, &number).await, (200, None));
    assert_eq!(choose(&tablet, &id, &number).await, (200, None), "a second tap");
    assert!(is_proved(&phone).await && !is_proved(&tablet).await, "the one that asked, and no other");
    assert!(matches!(look(&tablet).await, OtherDeviceView::Confirmed { .. }));
    assert_eq!(look(&phone).await, OtherDeviceView::Proved);
    assert_eq!(tablet.refused("refuse_other_device", &[("proof", &id)]).await, OVER);
    app.advance(FRESH_MS);
    assert!(!is_proved(&phone).await, "for ten minutes, like every proof");
}

#[tokio::test]
async fn a_wrong_number_and_a_refusal_end_the_request() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let number: i64 = ask(&phone).await.parse().expect("a number");
    let (id, numbers, _) = asked(&tablet).await;
    let wrong = numbers.into_iter().find(|offered| *offered != number).expect("a decoy").to_string();
    let fields = [("proof", id.as_str()), ("number", wrong.as_str())];
    assert_eq!(tablet.refused("confirm_other_device", &fields).await, WRONG);
    assert_eq!(choose(&tablet, &id, &number.to_string()).await, (409, Some(ApiError::ProofOver)), "one try");
    assert_eq!(look(&phone).await, OtherDeviceView::None { ended: Some(ProofStage::Wrong) });
    let number = ask(&phone).await;
    assert_eq!(choose(&tablet, &id, &number).await, (409, Some(ApiError::ProofOver)), "the earlier request");
    let (id, ..) = asked(&tablet).await;
    assert_eq!(tablet.post("refuse_other_device", &[("proof", &id)]).await.status(), StatusCode::OK);
    assert_eq!(tablet.post("refuse_other_device", &[("proof", &id)]).await.status(), StatusCode::OK, "a second tap");
    assert_eq!(choose(&tablet, &id, &number).await, (409, Some(ApiError::ProofOver)));
    assert_eq!(look(&phone).await, OtherDeviceView::None { ended: Some(ProofStage::Refused) });
    assert!(!is_proved(&phone).await);
    let OtherDeviceView::Refused { session, .. } = look(&tablet).await else { panic!("an offer to end it") };
    assert_eq!(tablet.post("end_session", &[("session", &session.to_string())]).await.status(), StatusCode::OK);
    assert_eq!(phone.refused("ask_other_device", &[]).await, (401, ApiError::SignedOut));
}

#[tokio::test]
async fn of_what_is_chosen_at_once_one_counts() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let number = ask(&phone).await;
    let (id, ..) = asked(&tablet).await;
    for chosen in join_all((0..4).map(|_| choose(&tablet, &id, &number))).await {
        assert_eq!(chosen, (200, None));
    }
    app.advance(FRESH_MS);
    for first in join_all((0..4).map(|_| phone.post("ask_other_device", &[("attempt", "one form")]))).await {
        assert_eq!(first.status(), StatusCode::OK);
    }
    let counted = "SELECT CAST(COUNT(*) AS TEXT) FROM failures WHERE bucket LIKE 'proof-request:%'";
    assert_eq!(app.read_sql(counted).await, ["2"], "one request");
    let OtherDeviceView::Asking { number, .. } = look(&phone).await else { panic!("no number") };
    let (id, numbers, _) = asked(&tablet).await;
    let chosen = join_all(numbers.map(|number| {
        let (tablet, id) = (&tablet, &id);
        async move { choose(tablet, id, &number.to_string()).await }
    }));
    let right = numbers.iter().position(|offered| *offered == number).expect("the number");
    let chosen = chosen.await;
    assert_eq!(chosen[right] == (200, None), is_proved(&phone).await, "{chosen:?}");
    assert_eq!(chosen.iter().filter(|chosen| **chosen != (409, Some(ApiError::ProofOver))).count(), 1, "{chosen:?}");
}

#[tokio::test]
async fn a_request_is_good_for_five_minutes_and_five_times_a_day_of_a_session() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    for _ in 0..5 {
        let number = ask(&phone).await;
        let (id, ..) = asked(&tablet).await;
        app.advance(PROOF_REQUEST_LIFE_MS);
        assert_eq!(choose(&tablet, &id, &number).await, (409, Some(ApiError::ProofOver)), "expired");
        assert_eq!(look(&phone).await, OtherDeviceView::None { ended: None });
    }
    assert_eq!(phone.refused("ask_other_device", &[]).await, (429, ApiError::TooManyProofs));
    let third = by_code(&app, &phone).await;
    app.run_sql("UPDATE sessions SET proved_at = created_at").await;
    app.advance(FRESH_MS);
    for device in [&tablet, &third] {
        for _ in 0..5 {
            ask(device).await;
            app.advance(PROOF_REQUEST_LIFE_MS);
        }
    }
    let fourth = by_code(&app, &phone).await;
    app.advance(FRESH_MS);
    assert_eq!(fourth.refused("ask_other_device", &[]).await, (429, ApiError::TooManyProofs), "of the person");
    app.advance(Millis::DAY);
    ask(&phone).await;
    let (id, numbers, _) = asked(&tablet).await;
    assert_eq!(tablet.post("ask_other_device", &[]).await.status(), StatusCode::OK);
    assert_eq!(asked(&tablet).await, (id, numbers, true), "while one session asks, no other does");
    app.advance(-365 * Millis::DAY);
    assert_eq!(look(&phone).await, OtherDeviceView::None { ended: None }, "a request by a clock that was a year fast");
}

/// A hand-over and a renewed code of one cookie.
#[tokio::test]
async fn a_hand_over_by_a_copied_cookie_does_not_confirm_what_the_cookie_renewed() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let made = by_hand_over(&app, &phone).await;
    app.advance(2 * Millis::DAY);
    assert_eq!(phone.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    let too_young = (409, ApiError::SessionTooYoung);
    assert_eq!(made.refused("confirm_recovery", &[]).await, too_young, "both are of one cookie");
    assert!(!made.page("/settings/sign-in").await.contains("confirm_recovery"));
    assert!(tablet.page("/settings/sign-in").await.contains("confirm_recovery"));
    assert_eq!(tablet.post("confirm_recovery", &[]).await.status(), StatusCode::OK, "it came in with the code");
}

/// A person looks at their own device, and somebody asks with a copy of its cookie.
#[tokio::test]
async fn the_number_is_shown_to_the_browser_that_asked_alone() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let thief = app.visitor();
    let token = phone.cookies.lock().expect("cookies")["__Host-session"].clone();
    thief.cookies.lock().expect("cookies").insert("__Host-session".into(), token);
    let number = ask_with(&thief, "its form").await;
    let OtherDeviceView::AskedWithMine { id } = look(&phone).await else { panic!("it shows the number") };
    let (of_request, ..) = asked(&tablet).await;
    assert_eq!(choose(&phone, &of_request, &number).await, (409, Some(ApiError::ProofOver)), "it is the same session");
    assert_eq!(phone.post("refuse_other_device", &[("proof", &id.to_string())]).await.status(), StatusCode::OK);
    assert_eq!(choose(&tablet, &of_request, &number).await, (409, Some(ApiError::ProofOver)));
    assert!(!is_proved(&thief).await);

    let number = ask(&phone).await;
    assert!(matches!(look(&thief).await, OtherDeviceView::AskedWithMine { .. }));
    let (of_request, ..) = asked(&tablet).await;
    assert_eq!(
        tablet.refused("confirm_other_device", &[("proof", &of_request)]).await.0,
        400,
        "no number is no choice"
    );
    assert_eq!(choose(&tablet, &of_request, &number).await, (200, None));
}

/// Somebody holds a copy of the phone's cookie: `phone`. What they can open with it neither asks nor confirms.
#[tokio::test]
async fn a_copied_cookie_and_the_sessions_it_makes_do_not_confirm_each_other() {
    let app = TestApp::start().await;
    let phone = app.person(CHILDREN[0].0).await;
    app.advance(30 * Millis::DAY);
    assert_eq!(phone.refused("ask_other_device", &[]).await, (409, ApiError::NoOtherDevice), "alone");
    let handed = by_hand_over(&app, &phone).await;
    assert_eq!(phone.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    let of_new_code = by_code(&app, &phone).await;
    for wait in [0, Millis::DAY, 3 * Millis::DAY] {
        app.advance(wait);
        assert_eq!(phone.refused("ask_other_device", &[]).await, (409, ApiError::NoOtherDevice), "after {wait} ms");
        for made in [&handed, &of_new_code] {
            assert_eq!(made.refused("ask_other_device", &[]).await, TOO_NEW, "the old cookie would confirm it");
        }
    }
    // An owner's device that is old enough makes the request possible, and the new sessions still confirm nothing.
    let owner = by_code(&app, &phone).await;
    app.run_sql("UPDATE sessions SET proved_at = created_at WHERE created_at = (SELECT MAX(created_at) FROM sessions)")
        .await;
    app.advance(Millis::DAY - 1);
    assert_eq!(phone.refused("ask_other_device", &[]).await, (409, ApiError::NoOtherDevice), "a day less a moment");
    app.advance(1);
    let number = ask(&phone).await;
    for made in [&handed, &of_new_code] {
        let (id, _, may_confirm) = asked(made).await;
        assert!(!may_confirm);
        let fields = [("proof", id.as_str()), ("number", number.as_str())];
        assert_eq!(made.refused("confirm_other_device", &fields).await, TOO_NEW);
    }
    assert!(asked(&owner).await.2 && !is_proved(&phone).await);
    app.advance(KNOWN_AFTER_MS);
    ask(&phone).await;
    assert!(asked(&handed).await.2, "after a week in which every device could end it");
}

#[tokio::test]
async fn a_session_that_was_just_proved_confirms_and_one_of_a_provider_after_a_day() {
    let app = TestApp::start().await;
    let phone = app.person(CHILDREN[0].0).await;
    app.advance(2 * Millis::DAY);
    let laptop = by_code(&app, &phone).await;
    let number = ask(&phone).await;
    let (id, _, may_confirm) = asked(&laptop).await;
    assert!(may_confirm, "it has just shown the code");
    assert_eq!(choose(&laptop, &id, &number).await, (200, None));
    let handed = by_hand_over(&app, &phone).await;
    app.run_sql("UPDATE sessions SET is_of_provider = 1 WHERE proved_at IS NULL").await;
    app.advance(FRESH_MS);
    ask(&handed).await;
    app.advance(Millis::DAY);
    ask(&phone).await;
    assert!(asked(&handed).await.2);
}

#[tokio::test]
async fn a_request_is_its_persons_alone_and_ends_with_its_session() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let other = app.person(PARENTS[0].0).await;
    let pair = app.pair_of(phone, other).await;
    let (phone, other) = (&pair.child, &pair.parent);
    let stranger = app.person(CHILDREN[1].0).await;
    let former = app.person(CHILDREN[2].0).await;
    let with_former = former.start_pair("child").await;
    former.post("leave_pair", &[("pair", &with_former.to_string()), ("confirmed", "yes")]).await;
    let number = ask(phone).await;
    let (id, ..) = asked(&tablet).await;
    let fields = [("proof", id.as_str()), ("number", number.as_str())];
    let gone = by_code(&app, phone).await;
    assert_eq!(gone.post("sign_out", &[]).await.status(), StatusCode::OK);
    for verb in ["confirm_other_device", "refuse_other_device"] {
        for (who, name) in [(other, "the other"), (&stranger, "a stranger"), (&former, "a former member")] {
            assert_eq!(who.refused(verb, &fields).await, OVER, "{name}: {verb}");
        }
        for (who, name) in [(&app.visitor(), "nobody"), (&gone, "a revoked session")] {
            assert_eq!(who.refused(verb, &fields).await, (401, ApiError::SignedOut), "{name}: {verb}");
        }
    }
    assert_eq!(app.visitor().refused("ask_other_device", &[]).await, (401, ApiError::SignedOut));
    assert!(!is_proved(phone).await);
    assert_eq!(phone.post("sign_out", &[]).await.status(), StatusCode::OK);
    assert_eq!(choose(&tablet, &id, &number).await, (409, Some(ApiError::ProofOver)), "its session has ended");
    assert_eq!(look(&tablet).await, OtherDeviceView::None { ended: None });
}

#[tokio::test]
async fn the_pages_show_the_number_to_the_device_that_asks_and_a_choice_to_the_others() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let page = "/settings/other-device";
    assert!(phone.page(page).await.contains("/api/ask_other_device"));
    assert_eq!(phone.submit("ask_other_device", &[("from", page)]).await.headers()["location"], page);
    let OtherDeviceView::Asking { number, .. } = look(&phone).await else { panic!("no number") };
    let shown = phone.page(page).await;
    assert!(shown.contains(&format!(">{number}<")) && !shown.contains("/api/confirm_other_device"));
    let (id, numbers, _) = asked(&tablet).await;
    let choice = tablet.page(page).await;
    for number in numbers {
        assert!(choice.contains(&format!("value=\"{number}\"")), "{number}");
    }
    let number = number.to_string();
    let chosen = tablet.submit("confirm_other_device", &[("proof", &id), ("number", &number), ("from", page)]).await;
    assert_eq!(chosen.status(), StatusCode::SEE_OTHER);
    assert!(phone.page(page).await.contains("/settings/ways-in"));
    assert!(phone.page("/settings/ways-in").await.contains("data-passkey"), "a passkey can be made");
}

#[tokio::test]
async fn what_a_device_has_asked_does_not_count_for_another_and_one_that_confirmed_asks_too() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    for _ in 0..5 {
        ask(&phone).await;
        let (id, ..) = asked(&tablet).await;
        assert_eq!(tablet.post("refuse_other_device", &[("proof", &id)]).await.status(), StatusCode::OK);
    }
    assert_eq!(phone.refused("ask_other_device", &[]).await, (429, ApiError::TooManyProofs));
    assert!(tablet.page("/settings/other-device").await.contains("/api/ask_other_device"), "the refusal blocks nobody");
    let number = ask(&tablet).await;
    let (id, ..) = asked(&phone).await;
    assert_eq!(choose(&phone, &id, &number).await, (200, None));
    assert!(is_proved(&tablet).await);
    assert!(phone.page("/settings/other-device").await.contains("/api/ask_other_device"), "nor the confirmation");
}

#[tokio::test]
async fn the_notice_of_a_request_is_over_with_it() {
    let app = TestApp::start().await;
    let (phone, tablet) = two_devices(&app).await;
    let over = "에서 부탁한 확인은 이미 끝났어요";
    ask(&phone).await;
    let life = "SELECT CAST(expires_at - at AS TEXT) FROM notifications WHERE kind = 'proof_asked'";
    assert_eq!(app.read_sql(life).await, [PROOF_REQUEST_LIFE_MS.to_string()], "no push comes later");
    assert!(!tablet.page("/inbox").await.contains(over));
    let (from_notice, late) = ("/settings/other-device?asked=yes", page_words(Locale::Ko).other_device_over);
    assert!(tablet.page(from_notice).await.contains("/api/confirm_other_device"));
    let (id, ..) = asked(&tablet).await;
    assert_eq!(tablet.post("refuse_other_device", &[("proof", &id)]).await.status(), StatusCode::OK);
    let unread = "SELECT id FROM notifications WHERE kind = 'proof_asked' AND read_at IS NULL";
    assert_eq!(app.read_sql(unread).await.len(), 0, "answered");
    app.advance(PROOF_REQUEST_LIFE_MS);
    assert!(tablet.page("/inbox").await.contains(over));
    let page = tablet.page(from_notice).await;
    assert!(page.contains(late) && page.contains("/settings/sign-in") && !page.contains("/api/ask_other_device"));
}
