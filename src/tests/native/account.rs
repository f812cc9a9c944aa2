//! What happens to a person's account, for the delivery matrix.

use reqwest::StatusCode;

use crate::{
    domain::Millis,
    reads::{self, HandOverView},
    tests::app::{Browser, TestApp},
};

/// Shows a session token that was replaced more than a minute ago.
pub async fn show_retired_token(app: &TestApp, person: &Browser) {
    let token = |browser: &Browser| browser.cookies.lock().expect("cookies")["__Host-session"].clone();
    let before = token(person);
    app.advance(31 * Millis::DAY);
    for _ in 0..2 {
        person.page("/settings").await;
        app.advance(2 * Millis::MINUTE);
    }
    assert_ne!(token(person), before);
    let late = app.visitor();
    late.cookies.lock().expect("cookies").insert("__Host-session".into(), before);
    assert_eq!(late.get("/settings").await.status(), StatusCode::UNAUTHORIZED);
}

/// The person signs in on another device by digits.
pub async fn hand_over(app: &TestApp, person: &Browser) {
    let phone = app.visitor();
    assert_eq!(person.post("make_hand_over", &[]).await.status(), StatusCode::OK);
    let code =
        person.cookies.lock().expect("cookies")["__Host-hand-over"].split_once('.').expect("id.code").1.to_owned();
    assert_eq!(phone.post("ask_hand_over", &[("code", &code)]).await.status(), StatusCode::OK);
    let Ok(HandOverView::Asked { id, .. }) = person.read(reads::hand_over()).await else { panic!("nobody asks") };
    assert_eq!(person.post("confirm_hand_over", &[("hand_over", &id.to_string())]).await.status(), StatusCode::OK);
    assert_eq!(phone.post("enter_hand_over", &[]).await.status(), StatusCode::OK);
}
