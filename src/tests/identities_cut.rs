//! A provider's answer whose post the browser cuts off or repeats. The provider takes a code once.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use super::{
    app::{Browser, NOON, PATIENCE, TestApp},
    identities::{agreed, finish},
    issuer::Issuer,
    storage::databases::{TestDatabase, on_postgres},
};
use crate::{
    api::ApiError,
    server::{clock::Clock, state::LOOK_AT_LINES, storage::seeds::CHILDREN},
};

const BEGIN: &str = "/signin/with/club";

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("{what}"));
}

/// Posts an answer whose code the provider has used up when this returns, and cuts the connection off.
async fn cut_off(browser: &Browser, issuer: &Issuer, back: &(String, String)) -> Arc<Semaphore> {
    let held = Arc::new(Semaphore::new(0));
    issuer.behave(|provider| provider.held = Some(held.clone()));
    tokio::select! {
        finished = finish(browser, back) => panic!("the provider has not answered: {finished:?}"),
        () = until("the code is used", || issuer.exchanges() == 1) => {}
    }
    held
}

#[tokio::test]
async fn a_post_that_is_cut_off_goes_on_and_the_next_one_gets_its_outcome() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let browser = app.visitor();
    let back = agreed(&browser, &issuer, BEGIN).await;
    let held = cut_off(&browser, &issuer, &back).await;
    // The server learns of the closed connection at some time; the job goes on in any case.
    let (second, ()) = tokio::join!(finish(&browser, &back), async { held.add_permits(9) });
    assert_eq!(second.as_deref(), Ok("/signin/with/club/new"));
    assert_eq!(issuer.exchanges(), 1);
}

#[tokio::test]
async fn a_sign_in_is_done_although_its_browser_is_away() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let person = app.person(CHILDREN[0].0).await;
    let link = agreed(&person, &issuer, "/signin/with/club?link=yes").await;
    finish(&person, &link).await.expect("linked");
    let phone = app.visitor();
    let back = agreed(&phone, &issuer, BEGIN).await;
    let held = Arc::new(Semaphore::new(0));
    issuer.behave(|provider| provider.held = Some(held.clone()));
    tokio::select! {
        finished = finish(&phone, &back) => panic!("the provider has not answered: {finished:?}"),
        () = until("the code is used", || issuer.exchanges() == 2) => {}
    }
    issuer.behave(|provider| provider.is_down = true);
    held.add_permits(9);
    assert_eq!(finish(&phone, &back).await.as_deref(), Ok("/"), "the job has signed in, and the cookie is given again");
}

#[tokio::test]
async fn a_failure_ends_the_flight_and_a_later_try_may_succeed() {
    let (app, issuer) = TestApp::start_with_issuer().await;
    let browser = app.visitor();
    let back = agreed(&browser, &issuer, BEGIN).await;
    issuer.behave(|provider| provider.is_down = true);
    let (first, second) = tokio::join!(finish(&browser, &back), finish(&browser, &back));
    assert_eq!((first, second), (Err((503, ApiError::ProviderDown)), Err((503, ApiError::ProviderDown))));
    issuer.behave(|provider| provider.is_down = false);
    app.advance(20_000);
    assert_eq!(finish(&browser, &back).await.as_deref(), Ok("/signin/with/club/new"));
}

#[tokio::test]
async fn the_post_at_another_node_waits_for_the_node_that_has_used_the_code() {
    on_postgres(async |db: TestDatabase| {
        let issuer = Issuer::start(&Clock::manual(NOON)).await;
        let first = TestApp::start_on_with_issuer(&*db.url, LOOK_AT_LINES, &issuer).await;
        let second = TestApp::start_on_with_issuer(&*db.url, LOOK_AT_LINES, &issuer).await;
        let browser = first.visitor();
        let back = agreed(&browser, &issuer, BEGIN).await;
        let held = cut_off(&browser, &issuer, &back).await;
        let mut elsewhere = browser.clone();
        elsewhere.url = second.url.clone();
        issuer.behave(|provider| provider.held = None);
        let release = async {
            until("the code is refused at the other node", || issuer.exchanges() == 2).await;
            held.add_permits(9);
        };
        let (finished, ()) = tokio::join!(finish(&elsewhere, &back), release);
        assert_eq!(finished.as_deref(), Ok("/signin/with/club/new"));
    })
    .await;
}
