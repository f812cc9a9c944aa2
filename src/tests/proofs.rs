//! Proofs that a session is used by its person.

use reqwest::StatusCode;

use super::app::{Browser, TestApp};
use crate::{
    api::ApiError,
    domain::Millis,
    reads,
    server::{services::proofs::FRESH_MS, storage::seeds::CHILDREN},
};

async fn is_proved(browser: &Browser) -> bool {
    browser.read(reads::other_ways()).await.expect("the ways in").is_proved
}

#[tokio::test]
async fn a_proof_counts_for_ten_minutes() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    assert!(is_proved(&person).await, "whoever has just signed up has shown who it is");
    app.advance(FRESH_MS - 1);
    assert!(is_proved(&person).await);
    app.advance(1);
    assert!(!is_proved(&person).await);
    let code = person.recovery_code();
    assert_eq!(person.refused("prove", &[("code", "AAAA-AAAA-AAAA-AAAA")]).await, (422, ApiError::RecoveryCodeWrong));
    assert_eq!(person.refused("prove", &[("code", "")]).await, (422, ApiError::CodeMissing));
    assert_eq!(app.visitor().refused("prove", &[("code", &code)]).await, (401, ApiError::SignedOut));
    let stranger = app.person(CHILDREN[1].0).await;
    assert_eq!(stranger.refused("prove", &[("code", &code)]).await, (422, ApiError::RecoveryCodeWrong));
    assert!(!is_proved(&person).await);
    assert_eq!(person.post("prove", &[("code", &code)]).await.status(), StatusCode::OK);
    assert!(is_proved(&person).await);
    app.advance(-365 * Millis::DAY);
    assert!(!is_proved(&person).await, "a proof by a clock that was a year fast does not count for a year");
}

#[tokio::test]
async fn what_a_copied_cookie_can_make_is_no_proof() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let earlier = person.recovery_code();
    app.advance(FRESH_MS);
    assert_eq!(person.post("renew_recovery", &[]).await.status(), StatusCode::OK);
    let made = person.recovery_code();
    assert_eq!(person.refused("prove", &[("code", &made)]).await, (409, ApiError::CodeTooNew));
    let other = app.visitor();
    assert_eq!(other.post("sign_in", &[("code", &made)]).await.status(), StatusCode::OK);
    assert!(!is_proved(&other).await, "the code that a session has just made");
    let third = app.visitor();
    assert_eq!(third.post("sign_in", &[("code", &earlier)]).await.status(), StatusCode::OK);
    assert!(is_proved(&third).await, "the code from before");
}
