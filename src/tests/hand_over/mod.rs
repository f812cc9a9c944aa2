//! Tests of the hand-over of an account to another device of the same person: it works once, needs that person's
//! confirmation, and cannot be guessed.

mod digits;
mod guessing;
mod in_app_browsers;

use reqwest::{Response, StatusCode};
use serde::de::DeserializeOwned;

use super::app::{Browser, TestApp};
use crate::{
    api::{ApiError, AskedStage, AskedView},
    domain::HandOverId,
    reads::{self, HandOverView, WaysInView},
};

const IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
    Version/18.1 Mobile/15E148 Safari/604.1";
const KAKAOTALK: &str = "Mozilla/5.0 (Linux; Android 14; SM-S911N) AppleWebKit/537.36 Version/4.0 Chrome/130.0 Mobile \
    Safari/537.36 KAKAOTALK 2410910";
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

/// Makes a hand-over. Returns its digits.
async fn make(browser: &Browser) -> String {
    assert_eq!(browser.post("make_hand_over", &[]).await.status(), StatusCode::OK);
    cookie(browser, "__Host-hand-over")
        .and_then(|value| value.split_once('.').map(|(_, code)| code.to_owned()))
        .expect("id.code")
}

/// Types the digits on a new phone. Returns the phone's browser.
async fn ask(app: &TestApp, code: &str) -> Browser {
    let phone = app.visitor();
    let asked = post_as(&phone, "ask_hand_over", &format!("code={code}"), IPHONE).await;
    assert_eq!(asked.status(), StatusCode::OK, "right digits");
    assert_eq!(location(&asked), "/signin/wait");
    phone
}

/// Returns the id of the hand-over that waits for this browser's confirmation.
async fn asked_of(browser: &Browser) -> HandOverId {
    match browser.read(reads::hand_over()).await {
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
    let account: WaysInView = browser.read(reads::ways_in()).await.expect("the ways in");
    account.sessions.into_iter().map(|session| session.device).collect()
}

/// Signs the same person in on another browser.
async fn second_browser(app: &TestApp, of: &Browser) -> Browser {
    let second = app.visitor();
    let code = of.recovery_code();
    assert_eq!(second.post("sign_in", &[("code", &code)]).await.status(), StatusCode::OK);
    second
}

async fn end_session_of(browser: &Browser, by: &Browser) {
    let account: WaysInView = browser.read(reads::ways_in()).await.expect("the ways in");
    let own = account.sessions.iter().find(|session| session.is_this).expect("this session");
    assert_eq!(by.post("end_session", &[("session", &own.id.to_string())]).await.status(), StatusCode::OK);
}

/// Makes the link out of an app. Returns its path.
async fn lead_out(browser: &Browser) -> String {
    location(&post_as(browser, "lead_out", "", KAKAOTALK).await)
}

async fn take(browser: &Browser, link: &str) -> Response {
    browser.post("take_hand_over", &[("token", link.trim_start_matches("/hand-over/"))]).await
}
