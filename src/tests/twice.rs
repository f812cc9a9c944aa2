//! Tests steps that may be done only once, when their response was lost or the button was tapped twice: the step is
//! done once, and both requests get the same response.

use reqwest::{Response, StatusCode};

use super::app::{Browser, TICKET_LIFE, TestApp, rounds};
use crate::{
    api::{ApiError, AskedStage, AskedView},
    domain::{PairId, PairPhase},
    reads::{self, HandOverView, WaysInView},
    server::{
        jobs::housekeeping,
        storage::seeds::{CHILDREN, PARENTS},
    },
};

const KEY: &str = "5f1c7b0d9a3e64825f1c7b0d9a3e64825f1c7b0d9a3e64825f1c7b0d9a3e6482";
const NEW: [(&str, &str); 4] =
    [("name", PARENTS[0].0), ("consent", "yes"), ("relation", "mother"), ("zone", "Asia/Seoul")];

/// Copies a browser with its current cookies, as it is before the response to a post arrives.
fn copy(app: &TestApp, of: &Browser) -> Browser {
    let copy = app.visitor();
    *copy.cookies.lock().expect("cookies") = of.cookies.lock().expect("cookies").clone();
    copy
}

fn session(browser: &Browser) -> Option<String> {
    browser.cookies.lock().expect("cookies").get("__Host-session").cloned()
}

fn location(response: &Response) -> &str {
    response.headers()["location"].to_str().expect("a path")
}

async fn account(browser: &Browser) -> WaysInView {
    browser.read(reads::ways_in()).await.expect("the ways in")
}

/// Reads the key from the form of a page.
async fn key_of(browser: &Browser, path: &str) -> String {
    let page = browser.page(path).await;
    let (_, rest) =
        page.split_once("name=\"attempt\" value=\"").unwrap_or_else(|| panic!("{path} holds a form with a key"));
    rest[..64].to_owned()
}

/// Makes an invited browser with a ticket. Returns the browser, the inviter's browser and the inviter's pair.
async fn invited(app: &TestApp) -> (Browser, Browser, PairId) {
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let code = child.invite(pair).await;
    let newcomer = app.visitor();
    assert_eq!(newcomer.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    (newcomer, child, pair)
}

// ---- joining

#[tokio::test]
async fn who_joins_and_never_hears_the_answer_joins_again_and_is_in() {
    let app = TestApp::start().await;
    let (newcomer, child, pair) = invited(&app).await;
    let unheard = copy(&app, &newcomer);
    assert_eq!(unheard.submit("join", &NEW).await.status(), StatusCode::SEE_OTHER);

    let joined = newcomer.submit("join", &NEW).await;

    assert_eq!((joined.status(), location(&joined)), (StatusCode::SEE_OTHER, "/recovery"));
    assert_eq!(session(&newcomer), session(&unheard), "the same session");
    assert_eq!(newcomer.recovery_code(), unheard.recovery_code(), "the same code");
    assert_eq!(newcomer.today(pair).await.pair.phase, PairPhase::Together);
    assert_eq!(child.today(pair).await.pair.other.expect("the other").name, PARENTS[0].0);
    assert_eq!(account(&newcomer).await.sessions.len(), 1);
    assert_eq!(app.visitor().post("sign_in", &[("code", &newcomer.recovery_code())]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_double_tap_on_join_is_one_person_with_one_session() {
    for _ in 0..rounds().div_ceil(4) {
        let app = TestApp::start().await;
        let (newcomer, ..) = invited(&app).await;

        let tapped = tokio::join!(newcomer.submit("join", &NEW), newcomer.submit("join", &NEW));

        assert_eq!((tapped.0.status(), tapped.1.status()), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
        assert_eq!((location(&tapped.0), location(&tapped.1)), ("/recovery", "/recovery"));
        assert_eq!(account(&newcomer).await.sessions.len(), 1);
    }
}

#[tokio::test]
async fn a_copied_ticket_opens_nothing_once_the_session_is_used() {
    let app = TestApp::start().await;
    let (newcomer, child, pair) = invited(&app).await;
    let copied = copy(&app, &newcomer);
    assert_eq!(newcomer.post("join", &NEW).await.status(), StatusCode::OK);
    newcomer.today(pair).await;

    let late = copied.submit("join", &NEW).await;

    assert_eq!((late.status(), location(&late)), (StatusCode::SEE_OTHER, "/signin"));
    assert_eq!(session(&copied), None);
    assert!(!copied.cookies.lock().expect("cookies").contains_key("__Host-recovery"));
    // The browser that joined is led on to the next page; another person's browser is not.
    let again = newcomer.submit("join", &NEW).await;
    assert_eq!((again.status(), location(&again)), (StatusCode::SEE_OTHER, "/recovery"));
    let stranger = app.person(PARENTS[1].0).await;
    let ticket = copied.cookies.lock().expect("cookies")["__Host-ticket"].clone();
    stranger.cookies.lock().expect("cookies").insert("__Host-ticket".into(), ticket);
    assert_eq!(stranger.refused("join", &[("relation", "mother")]).await, (422, ApiError::CodeWrong));
    assert_eq!(child.today(pair).await.pair.other.expect("the other").name, PARENTS[0].0);
}

#[tokio::test]
async fn a_ticket_is_over_after_its_minutes_even_for_who_joined_with_it() {
    let app = TestApp::start().await;
    let (newcomer, ..) = invited(&app).await;
    let copied = copy(&app, &newcomer);
    assert_eq!(newcomer.post("join", &NEW).await.status(), StatusCode::OK);
    app.advance(TICKET_LIFE);
    assert_eq!(copied.refused("join", &NEW).await, (422, ApiError::CodeWrong));
}

#[tokio::test]
async fn of_two_browsers_with_the_same_code_neither_is_given_the_other_s_session() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let code = child.invite(child.start_pair("child").await).await;
    let (one, two) = (app.visitor(), app.visitor());
    for browser in [&one, &two] {
        assert_eq!(
            browser.post("check_invitation", &[("code", &code)]).await.status(),
            StatusCode::OK,
            "in the same millisecond"
        );
    }
    assert_eq!(one.post("join", &NEW).await.status(), StatusCode::OK);
    assert_eq!(two.refused("join", &NEW).await, (422, ApiError::CodeWrong));
    assert_eq!(session(&two), None);
}

#[tokio::test]
async fn somebody_who_is_signed_in_joins_twice_and_sits_there_once() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let code = child.invite(pair).await;
    let parent = app.person(PARENTS[0].0).await;
    assert_eq!(parent.post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);
    for _ in 0..2 {
        let joined = parent.submit("join", &[("relation", "mother")]).await;
        assert_eq!((joined.status(), location(&joined)), (StatusCode::SEE_OTHER, &*format!("/p/{pair}/today")));
    }
}

// ---- signing up and in

#[tokio::test]
async fn a_sign_up_posted_twice_is_one_person() {
    let app = TestApp::start().await;
    let (browser, unheard) = (app.visitor(), app.visitor());
    let key = key_of(&browser, "/start").await;
    let fields = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Seoul"), ("attempt", &key)];
    let posted = tokio::join!(unheard.submit("sign_up", &fields), browser.submit("sign_up", &fields));

    assert_eq!((location(&posted.0), location(&posted.1)), ("/recovery", "/recovery"));
    assert_eq!((session(&browser), browser.recovery_code()), (session(&unheard), unheard.recovery_code()));
    assert!(browser.page("/recovery").await.contains("복구 코드"));

    let copied = app.visitor();
    let late = copied.submit("sign_up", &fields).await;
    assert_eq!((location(&late), session(&copied)), ("/signin", None), "somebody uses that session");
    let stranger = app.person(PARENTS[0].0).await;
    let before = session(&stranger);
    let late = stranger.submit("sign_up", &fields).await;
    assert_eq!((location(&late), session(&stranger)), ("/", before));
}

#[tokio::test]
async fn a_double_tap_on_a_signed_in_browser_leaves_it_signed_in() {
    let app = TestApp::start().await;
    let before = app.person(PARENTS[0].0).await;
    let (browser, unheard) = (copy(&app, &before), copy(&app, &before));
    let code = app.person(CHILDREN[0].0).await.recovery_code();
    let key = key_of(&app.visitor(), "/signin").await;
    let fields = [("code", &*code), ("attempt", &key)];
    let posted = tokio::join!(unheard.post("sign_in", &fields), browser.post("sign_in", &fields));

    assert_eq!((posted.0.status(), posted.1.status()), (StatusCode::OK, StatusCode::OK));
    assert_eq!(session(&browser), session(&unheard));
    assert_eq!(browser.read(reads::me()).await.expect("the person").name, CHILDREN[0].0);
}

#[tokio::test]
async fn the_keys_of_two_pages_are_two_persons_and_a_refused_form_keeps_its_own() {
    let app = TestApp::start().await;
    let (one, two) = (app.visitor(), app.visitor());
    let key = key_of(&one, "/start").await;
    assert_ne!(key, key_of(&two, "/start").await);
    let refused = one.submit("sign_up", &[("name", CHILDREN[0].0), ("attempt", &key)]).await;
    assert_eq!(refused.status(), 422, "no consent");
    assert!(refused.text().await.expect("a page").contains(&key));
    for browser in [&one, &two] {
        // A value that is not one of our keys is ignored, like a form from a release without keys.
        let fields = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Seoul"), ("attempt", "1")];
        assert_eq!(browser.post("sign_up", &fields).await.status(), StatusCode::OK);
    }
    assert_ne!(session(&one), session(&two));
}

#[tokio::test]
async fn a_session_that_was_ended_is_not_opened_by_the_old_form() {
    let app = TestApp::start().await;
    let (browser, unheard) = (app.visitor(), app.visitor());
    let fields = [("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Seoul"), ("attempt", KEY)];
    browser.post("sign_up", &fields).await;
    assert_eq!(browser.post("sign_out", &[]).await.status(), StatusCode::OK);
    let late = unheard.submit("sign_up", &fields).await;
    assert_eq!((location(&late), session(&unheard)), ("/signin", None));
    // After the ticket has expired, the same page makes a new person with other secrets.
    app.advance(TICKET_LIFE);
    assert_eq!(unheard.post("sign_up", &fields).await.status(), StatusCode::OK);
    assert_eq!(account(&unheard).await.sessions.len(), 1);
    housekeeping::sweep(&app.state).await.expect("a sweep");
}

#[tokio::test]
async fn a_recovery_code_posted_twice_opens_one_session() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let (phone, code) = (app.visitor(), person.recovery_code());
    let key = key_of(&phone, "/signin").await;
    for browser in [app.visitor(), phone.clone()] {
        assert_eq!(browser.post("sign_in", &[("code", &code), ("attempt", &key)]).await.status(), StatusCode::OK);
    }
    assert_eq!(account(&phone).await.sessions.len(), 2);
}

// ---- hand-overs

#[tokio::test]
async fn digits_whose_answer_was_lost_ask_once_and_cost_no_try() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    assert_eq!(person.post("make_hand_over", &[]).await.status(), StatusCode::OK);
    let code =
        person.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    let (phone, unheard) = (app.visitor(), app.visitor());
    let key = key_of(&phone, "/signin/digits").await;
    let fields = [("code", code.as_str()), ("attempt", &key)];
    assert_eq!(unheard.post("ask_hand_over", &fields).await.status(), StatusCode::OK);
    for _ in 0..12 {
        assert_eq!(phone.post("ask_hand_over", &fields).await.status(), StatusCode::OK);
    }
    assert_eq!(phone.ask::<AskedView>("asked_hand_over", &[]).await.expect("a view").stage, AskedStage::Waiting);

    let Ok(HandOverView::Asked { id, .. }) = person.read(reads::hand_over()).await else { panic!("nobody asks") };
    assert_eq!(person.post("confirm_hand_over", &[("hand_over", &id.to_string())]).await.status(), StatusCode::OK);
    let unheard = copy(&app, &phone);
    assert_eq!(unheard.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
    assert_eq!(session(&phone), session(&unheard));
    assert_eq!(account(&phone).await.sessions.len(), 2);
}

#[tokio::test]
async fn a_link_out_of_an_app_whose_answer_was_lost_is_taken_again_until_its_session_is_used() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let link = person.post("lead_out", &[]).await;
    let token = location(&link).trim_start_matches("/hand-over/").to_owned();
    let (phone, unheard) = (app.visitor(), app.visitor());
    let key = key_of(&phone, &format!("/hand-over/{token}")).await;
    let fields = [("token", token.as_str()), ("attempt", &key)];
    for browser in [&unheard, &phone] {
        assert_eq!(browser.post("take_hand_over", &fields).await.status(), StatusCode::OK);
    }
    assert_eq!(
        app.visitor().refused("take_hand_over", &[("token", &token)]).await,
        (422, ApiError::CodeWrong),
        "another who knows the link"
    );
    assert_eq!(session(&phone), session(&unheard));
    assert_eq!(account(&phone).await.sessions.len(), 2);
    assert_eq!(app.visitor().refused("take_hand_over", &fields).await, (422, ApiError::CodeWrong));
}

// ---- pairs, invitations, codes

#[tokio::test]
async fn a_pair_is_started_once_and_another_relation_is_another_pair() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let key = key_of(&child, "/start").await;
    let start = async |relation: &str| {
        let fields = [
            ("role", "child"),
            ("child_relation", relation),
            ("push_time", "21:00"),
            ("zone", "Asia/Seoul"),
            ("attempt", &key),
        ];
        let done = child.submit("start_pair", &fields).await;
        assert_eq!(done.status(), StatusCode::SEE_OTHER);
        location(&done).to_owned()
    };
    let (one, two) = tokio::join!(start("daughter"), start("daughter"));
    assert_eq!(one, two);
    assert_ne!(start("son").await, one);
    assert_eq!(child.read(reads::own_pairs()).await.expect("the pairs").len(), 2);
}

#[tokio::test]
async fn an_invitation_posted_twice_is_one_and_its_code_opens() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let pair = child.start_pair("child").await;
    let key = key_of(&child, &format!("/p/{pair}/invite")).await;
    let fields = [("pair", &*pair.to_string()), ("attempt", &key)];
    let made = async || {
        assert_eq!(child.post("invite", &fields).await.status(), StatusCode::OK);
        child.cookies.lock().expect("cookies")["__Host-invitation"].clone()
    };
    let first = made().await;
    assert_eq!(made().await, first);
    let code = first.split_once('.').expect("id.code").1.to_owned();
    assert_eq!(app.visitor().post("check_invitation", &[("code", &code)]).await.status(), StatusCode::OK);

    child.post("withdraw_invitation", &[("pair", &pair.to_string())]).await;
    assert_eq!(child.post("invite", &fields).await.status(), StatusCode::OK, "led back to the page");
    assert_eq!(
        app.visitor().refused("check_invitation", &[("code", &code)]).await,
        (422, ApiError::CodeWrong),
        "and what was withdrawn stays so"
    );
}

#[tokio::test]
async fn a_recovery_code_is_renewed_once() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let key = key_of(&person, "/settings/sign-in").await;
    let renew = async || {
        assert_eq!(person.post("renew_recovery", &[("attempt", &key)]).await.status(), StatusCode::OK);
        person.recovery_code()
    };
    let first = person.recovery_code();
    let code = renew().await;
    assert_eq!(renew().await, code);
    // The same page with the previous code typed in as well: that code ends.
    let fields = [("attempt", &*key), ("code", &first)];
    assert_eq!(person.post("renew_recovery", &fields).await.status(), StatusCode::OK);
    assert_eq!(app.visitor().post("sign_in", &[("code", &first)]).await.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let code = person.recovery_code();
    assert_eq!(app.visitor().post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_pair_is_taken_back_once() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let fields = [("pair", &*pair.id.to_string()), ("confirmed", "yes")];
    let posted = tokio::join!(pair.child.submit("start_again", &fields), pair.child.submit("start_again", &fields));
    assert_eq!((posted.0.status(), location(&posted.0)), (StatusCode::SEE_OTHER, location(&posted.1)));
}

#[tokio::test]
async fn no_secret_of_an_answer_lies_in_the_database() {
    let app = TestApp::start().await;
    let browser = app.visitor();
    browser
        .post("sign_up", &[("name", CHILDREN[0].0), ("consent", "yes"), ("zone", "Asia/Seoul"), ("attempt", KEY)])
        .await;
    let pair = browser.start_pair("child").await;
    let code = browser.invite(pair).await;
    let stored = app.stored().await;
    for secret in [KEY, &session(&browser).expect("a session"), &browser.recovery_code(), &code] {
        assert!(!stored.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn every_form_of_a_step_brings_its_key() {
    let folders = ["src/pages", "src/pages/served"].map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let files = folders.into_iter().flatten().map(|file| file.expect("an entry").path()).filter(|path| path.is_file());
    let mut found = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a source file");
        for step in ["SignUp", "SignIn", "AskHandOver", "TakeHandOver", "StartPair", "Invite", "RenewRecovery"] {
            for (at, form) in text.match_indices(&format!("<Form verb={step}::VERB")) {
                let inside = text[at + form.len()..].split("</Form>").next().unwrap_or_default();
                assert!(inside.contains(&format!("<AttemptKey verb={step}::VERB/>")), "{}: {step}", file.display());
                found += 1;
            }
        }
    }
    assert!(found >= 9, "{found}");
}
