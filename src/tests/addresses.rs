//! Addresses as people and programs write them: each leads to its page, or to the page that says there is none.

use reqwest::header;

use super::app::TestApp;

#[tokio::test]
async fn every_spelling_of_an_address_leads_to_a_page() {
    let app = TestApp::start().await;
    for (path, status, shown) in [
        ("/terms", 200, "<title>이용약관"),
        ("/terms/", 200, "<title>이용약관"),
        ("/terms?saved=nothing", 200, "<title>이용약관"),
        ("/join/AB%20C", 200, "value=\"AB C\""),
        ("/join/a%2Fb/", 200, "value=\"a/b\""),
        ("/join/%EA%B0%80", 200, "value=\"가\""),
        // Bytes that are no text are no code.
        ("/join/%FF", 200, "name=\"code\" type=\"text\" value=\"\""),
        ("/settings/", 401, "<title>먼저 들어와 주세요"),
        ("/p/1/today/", 404, "<title>찾는 화면이 없어요"),
        ("/terms/more", 404, "<title>찾는 화면이 없어요"),
        ("//terms", 404, "<title>찾는 화면이 없어요"),
    ] {
        let response = app.visitor().get(path).await;
        assert_eq!(response.status(), status, "{path}");
        let length = response.headers()[header::CONTENT_LENGTH].to_str().expect("a number").to_owned();
        let page = response.text().await.expect("a page");
        assert!(page.contains(shown), "{path}: {shown}");
        assert_eq!(length, page.len().to_string(), "{path} is sent with its length");
    }
}
