//! Tests of which pages the server lets a device store, and which it makes the device delete.

use super::app::{Browser, TestApp};
use crate::server::storage::seeds::CHILDREN;

/// Returns the marks of a page: its person, and the build it may be stored with.
async fn marks(browser: &Browser, path: &str) -> (Option<String>, Option<String>) {
    let response = browser.get(path).await;
    assert_eq!(response.headers()["cache-control"], "no-cache, no-store, private", "{path}");
    let mark = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("plain text").to_owned());
    (mark("x-whose"), mark("x-keep"))
}

#[tokio::test]
async fn pages_of_questions_may_be_kept_by_whose_they_are_and_nothing_else_may() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (question, _) = pair.child.question(pair.id).await;
    pair.answer_both("골목에서 고무줄을 했지.").await;
    let at = |page: &str| format!("/p/{}/{page}", pair.id);
    let (whose, _) = marks(&pair.child, "/").await;
    assert_ne!(whose.as_deref(), Some("nobody"));
    assert_ne!(marks(&pair.parent, "/").await.0, whose, "each has a mark of their own");

    for kept in ["/".to_owned(), at("today"), at("archive"), at(&format!("cards/{question}"))] {
        assert_eq!(marks(&pair.child, &kept).await, (whose.clone(), Some("test".to_owned())), "{kept}");
    }
    for never in [
        "/recovery",
        "/settings",
        "/devices",
        "/inbox",
        "/start",
        "/join",
        "/hand-over",
        "/hand-over/0a1b",
        "/signin/digits",
        "/signin/digits/1234-5678",
        "/signin/wait",
        "/terms",
        "/nowhere",
        &at("settings"),
        &at("invite"),
    ] {
        assert_eq!(marks(&pair.child, never).await, (whose.clone(), None), "{never}");
    }
    let stranger = app.person(CHILDREN[1].0).await;
    assert_eq!(marks(&stranger, &at("today")).await.1, None, "not found is not kept");
    assert_eq!(marks(&app.visitor(), &at("today")).await, (Some("nobody".to_owned()), None));
    assert_eq!(marks(&app.visitor(), "/").await, (Some("nobody".to_owned()), None));
}

#[tokio::test]
async fn signing_out_clears_what_scripts_stored_and_nothing_else_does() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let renamed = person.submit("change_name", &[("name", "하나")]).await;
    assert_eq!((renamed.status().as_u16(), renamed.headers().get("clear-site-data")), (303, None));

    let gone = person.submit("sign_out", &[]).await;

    assert_eq!(gone.status(), 303);
    assert_eq!(gone.headers()["clear-site-data"], "\"storage\"");
}

#[tokio::test]
async fn the_list_of_a_build_s_files_is_of_this_build_only() {
    let app = TestApp::start().await;
    let response = app.visitor().get("/pkg/test/files.json").await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
    let list = response.text().await.expect("a list");
    assert!(serde_json::from_str::<Vec<String>>(&list).is_ok(), "{list}");
    assert_eq!(app.visitor().get("/pkg/other/files.json").await.status(), 404);
}

#[tokio::test]
async fn shortcuts_lead_to_the_only_running_pair() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let leads = async |browser: &Browser, path: &str| {
        browser.get(path).await.headers()["location"].to_str().expect("a path").to_owned()
    };
    assert_eq!(leads(&pair.child, "/today").await, format!("/p/{}/today", pair.id));
    assert_eq!(leads(&pair.child, "/archive").await, format!("/p/{}/archive", pair.id));
    pair.child.start_pair("child").await;
    assert_eq!(leads(&pair.child, "/archive").await, "/", "where there is a choice");
    assert_eq!(leads(&app.visitor(), "/today").await, "/");
}
