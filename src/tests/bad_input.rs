//! Tests of invalid input: a clear sentence beside the field, no typed text lost, the right status.

use std::time::Duration;

use reqwest::header;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::app::TestApp;
use crate::{api::ApiError, domain::Millis, http::forms_limit, server::storage::seeds::CHILDREN};

const HTML: &str = "text/html";

#[tokio::test]
async fn a_refused_name_keeps_what_was_typed_and_says_why() {
    let app = TestApp::start().await;
    let long = "가".repeat(21);
    for (name, sentence) in [
        ("", "이름을 적어 주세요."),
        ("   ", "이름을 적어 주세요."),
        (long.as_str(), "이름은 20자까지 적을 수 있어요."),
        ("엄마\u{202E}", "이름에 쓸 수 없는 글자가 들어 있어요."),
        ("\u{2800}\u{200E}", "이름을 적어 주세요."),
    ] {
        let response =
            app.visitor().submit("sign_up", &[("name", name), ("consent", "yes"), ("zone", "Asia/Seoul")]).await;
        assert_eq!(response.status(), 422, "{name:?}");
        let page = response.text().await.expect("a page");
        assert!(page.contains(sentence), "{name:?}");
        assert!(page.contains("checked"), "the consent stays ticked");
    }
    let response = app.visitor().submit("sign_up", &[("name", CHILDREN[0].0), ("zone", "Asia/Seoul")]).await;
    assert_eq!(response.status(), 422);
    let page = response.text().await.expect("a page");
    assert!(page.contains("동의해야 시작할 수 있어요.") && page.contains(&format!("value=\"{}\"", CHILDREN[0].0)));
}

#[tokio::test]
async fn lone_surrogates_and_broken_encodings_are_refused_not_stored() {
    let app = TestApp::start().await;
    for body in [&b"name=%ED%A0%80&consent=yes&zone=Asia/Seoul"[..], b"name=%FF%FE&consent=yes", b"\xff\xfe=1"] {
        let response = app.visitor().send_body("sign_up", body.to_vec(), "application/json", &[]).await;
        assert!(matches!(response.status().as_u16(), 400 | 422), "{}", response.status());
    }
}

#[tokio::test]
async fn bad_times_zones_relations_and_dates_are_refused() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let id = pair.id.to_string();
    type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, ApiError);
    let cases: [Case<'_>; 14] = [
        ("change_push_time", vec![("push_time", "24:00"), ("zone", "Asia/Seoul")], ApiError::TimeInvalid),
        ("change_push_time", vec![("push_time", ""), ("zone", "Asia/Seoul")], ApiError::TimeInvalid),
        ("change_push_time", vec![("push_time", "21:00"), ("zone", "Mars/Olympus")], ApiError::ZoneInvalid),
        ("change_push_time", vec![("push_time", "21:00"), ("zone", "../../etc/passwd")], ApiError::ZoneInvalid),
        ("change_push_time", vec![("push_time", "21:00"), ("zone", "")], ApiError::ZoneInvalid),
        ("change_relation", vec![("relation", "daughter")], ApiError::RelationMissing),
        ("change_relation", vec![("relation", "other")], ApiError::RelationWordMissing),
        (
            "change_relation",
            vec![("relation", "other"), ("relation_word", "열한글자나되는긴낱말이다")],
            ApiError::RelationWordTooLong,
        ),
        (
            "change_relation",
            vec![("relation", "other"), ("relation_word", "이\u{202E}모")],
            ApiError::RelationWordForbidden,
        ),
        ("pause_pair", vec![("until", "")], ApiError::DateInvalid),
        ("pause_pair", vec![("until", "2026-02-30")], ApiError::DateInvalid),
        ("pause_pair", vec![("until", "2026-11-22")], ApiError::PausePast),
        ("pause_pair", vec![("until", "2029-11-22")], ApiError::PauseTooLong),
        ("leave_pair", vec![], ApiError::LeaveUnconfirmed),
    ];
    for (endpoint, mut fields, error) in cases {
        fields.push(("pair", &id));
        assert_eq!(pair.parent.refused(endpoint, &fields).await, (422, error), "{endpoint} {fields:?}");
        let page = pair.parent.submit(endpoint, &fields).await;
        assert_eq!(page.status(), 422, "{endpoint}");
        let sentence = error.page_sentence(crate::text::page_words(crate::domain::Locale::Ko));
        if page.headers()[header::CONTENT_TYPE].to_str().is_ok_and(|kind| kind.starts_with(HTML)) {
            assert!(page.text().await.expect("a page").len() > 1_000, "a whole page: {sentence}");
        }
    }
    assert_eq!(pair.parent.today(pair.id).await.pair.push_time.to_string(), "21:00", "nothing changed");
}

#[tokio::test]
async fn a_refused_answer_keeps_the_text_in_the_form() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, version) = pair.child.question(pair.id).await;
    let long = format!("{}\n끝", "가".repeat(2_000));
    let heavy = "👨‍👩‍👧‍👦".repeat(1_000);
    for (body, sentence) in [
        ("  ", "답을 적어 주세요."),
        (long.as_str(), "답은 2,000자까지"),
        (heavy.as_str(), "자리를 많이 차지하는 글자"),
        ("글\u{202E}", "답에 쓸 수 없는 글자"),
    ] {
        let fields = [("daily_question", id.to_string()), ("version", version.to_string()), ("body", body.to_owned())];
        let response =
            pair.child.submit("submit_answer", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
        assert_eq!(response.status(), 422);
        let page = response.text().await.expect("a page");
        assert!(page.contains(sentence), "{sentence}");
        assert!(page.contains(body.trim()), "the typed text");
    }
    assert!(!pair.child.today(pair.id).await.question.expect("a question").has_answered());
}

#[tokio::test]
async fn a_browser_s_own_post_answers_with_see_other() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, version) = pair.child.question(pair.id).await;
    let fields =
        [("daily_question", id.to_string()), ("version", version.to_string()), ("body", "첫 줄\r\n둘째 줄".to_owned())];
    let response =
        pair.child.submit("submit_answer", &fields.each_ref().map(|(name, value)| (*name, value.as_str()))).await;
    assert_eq!(response.status(), 303);
    assert_eq!(response.headers()[header::LOCATION], format!("/p/{}/today", pair.id));
    assert!(pair.child.page(&format!("/p/{}/today", pair.id)).await.contains("첫 줄\n둘째 줄"), "line breaks are kept");
}

#[tokio::test]
async fn another_site_cannot_post_for_anybody() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let (id, version) = pair.child.question(pair.id).await;
    let body = format!("daily_question={id}&version={version}&body=attack").into_bytes();
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("origin", "https://evil.example")],
        vec![("sec-fetch-site", "same-site")],
    ] {
        let response = pair.child.send_body("submit_answer", body.clone(), "application/json", &headers).await;
        assert_eq!(response.status(), 403, "{headers:?}");
        let page = pair.child.send_body("submit_answer", body.clone(), HTML, &headers).await;
        assert_eq!(page.status(), 403);
        assert!(page.text().await.expect("a page").contains("다른 곳에서 보낸 요청"));
    }
    assert!(!pair.child.today(pair.id).await.question.expect("a question").has_answered());
    let same =
        pair.child.send_body("submit_answer", body, "application/json", &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(same.status(), 200);
}

#[tokio::test]
async fn a_get_changes_nothing_and_is_not_allowed() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for endpoint in ["submit_answer", "sign_out", "leave_pair", "today"] {
        assert_eq!(
            pair.child.get(&format!("/api/{endpoint}?pair={}&confirmed=yes", pair.id)).await.status(),
            405,
            "{endpoint}"
        );
    }
    assert_eq!(pair.child.get("/settings").await.status(), 200);
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let body = format!("daily_question=x&version=1&body={}", "a".repeat(forms_limit())).into_bytes();
    for accept in ["application/json", HTML] {
        let response = pair.child.send_body("submit_answer", body.clone(), accept, &[]).await;
        assert_eq!(response.status(), 413, "{accept}");
        assert!(!response.text().await.expect("a body").is_empty());
    }
}

#[tokio::test]
async fn a_share_shows_its_text_and_nothing_of_another_site_s() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let text = "<b>옛날</b> 이야기 ".repeat(1_000);
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("title", "  ")
        .append_pair("text", &text)
        .append_pair("url", "u")
        .finish();
    let share = async |body: &str, site: &str| {
        pair.child.send_to("/share", body.as_bytes().to_vec(), HTML, &[("sec-fetch-site", site)]).await
    };

    // The request of the system's share sheet does not come from a page of any site.
    let shown = share(&body, "none").await;
    assert_eq!(shown.status(), 200);
    assert_eq!(shown.headers()["cache-control"], "no-cache, no-store, private");
    assert!(!shown.headers().contains_key("x-keep"));
    let page = shown.text().await.expect("a page");
    assert!(page.contains(&format!("data-shared>{}\nu</textarea>", text.trim().replace('<', "&lt;"))));
    assert!(!pair.child.today(pair.id).await.question.expect("a question").has_answered());

    assert_eq!(share(&body, "cross-site").await.status(), 403);
    assert_eq!(share(&"a".repeat(forms_limit() + 1), "none").await.status(), 413);
    assert_eq!(share("%ff%00=&text", "none").await.status(), 200);
    let stranger = app.visitor().send_to("/share", body.into_bytes(), HTML, &[("sec-fetch-site", "none")]).await;
    assert_eq!(stranger.status(), 401);
}

#[tokio::test]
async fn too_much_at_once_is_said_loses_nothing_and_stops_nobody_else() {
    let app = TestApp::start_with_budget(20).await;
    let pair = app.pair().await;
    let name = [("name", CHILDREN[1].0)];
    let mut done = 0;
    while pair.child.post("change_name", &name).await.status() == 200 {
        done += 1;
        assert!(done <= 20);
    }
    assert_eq!(pair.child.refused("change_name", &name).await, (429, ApiError::TooMuch));
    let (question, version) = pair.child.question(pair.id).await;
    let (question, version) = (question.to_string(), version.to_string());
    let page = pair
        .child
        .submit("submit_answer", &[("daily_question", &question), ("version", &version), ("body", "쓰던 글")])
        .await;
    assert_eq!(page.status(), 429);
    let page = page.text().await.expect("a page");
    assert!(page.contains("너무 많이 보냈어요.") && page.contains(">쓰던 글</textarea>"));
    assert_eq!(pair.child.get(&format!("/p/{}/today", pair.id)).await.status(), 200, "reading costs nothing");
    assert_eq!(pair.parent.answer(pair.id, "그네").await.status(), 200);

    app.advance(Millis::MINUTE);
    assert_eq!(pair.child.answer(pair.id, "쓰던 글").await.status(), 200);
    while pair.child.post("change_name", &name).await.status() == 200 {}
    assert_eq!(pair.child.post("sign_out", &[]).await.status(), 200, "and signing out always works");
}

#[tokio::test]
async fn a_history_without_end_does_not_fill_a_page() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for revision in 0..30 {
        assert_eq!(pair.child.answer(pair.id, &format!("{revision}번째 글")).await.status(), 200);
    }
    let today = pair.child.today(pair.id).await.question.expect("a question");
    let shown = (9..29).rev().map(|revision| format!("{revision}번째 글")).collect::<Vec<_>>();
    assert_eq!(today.revisions, shown, "the last twenty");
}

#[tokio::test]
async fn a_connection_that_sends_nothing_more_is_held_for_a_while_only() {
    let app = TestApp::start_with_patience(Duration::from_millis(200)).await;
    let address = app.url.rsplit_once('/').expect("an address").1.replace("localhost", "127.0.0.1");
    for said in ["", "GET / HTT", "POST /api/sign_up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\nname="] {
        let mut stream = tokio::net::TcpStream::connect(&address).await.expect("a connection");
        stream.write_all(said.as_bytes()).await.expect("sent");
        let mut heard = Vec::new();
        let ended = tokio::time::timeout(super::app::PATIENCE, stream.read_to_end(&mut heard)).await;
        assert!(ended.is_ok(), "{said:?}");
    }
}

#[tokio::test]
async fn a_hop_that_is_no_text_buys_no_tries() {
    let app = TestApp::start().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let guess = async |forwarded: &[u8]| {
        let hops = header::HeaderValue::from_bytes(forwarded).expect("a header");
        let request = client.post(format!("{}/api/check_invitation", app.url)).header("x-forwarded-for", hops);
        let request = request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json");
        request.body("code=AAAAA-BBBBB").send().await.expect("an answer").status().as_u16()
    };
    for _ in 0..10 {
        assert_eq!(guess(b"203.0.113.9").await, 422);
    }
    assert_eq!(guess(b"203.0.113.9").await, 429);
    assert_eq!(guess(b"\xff, 203.0.113.9").await, 429);
    assert_eq!(guess(b"\xff, 203.0.113.10").await, 422, "of each address its own");
}

#[tokio::test]
async fn missing_and_forged_cookies_open_nothing() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for token in
        [None, Some(""), Some("forged"), Some("0000000000000000000000000000000000000000000000000000000000000000")]
    {
        let visitor = app.visitor();
        if let Some(token) = token {
            visitor.cookies.lock().expect("cookies").insert("__Host-session".into(), token.into());
        }
        let page = visitor.get(&format!("/p/{}/today", pair.id)).await;
        assert_eq!(page.status(), 401);
        assert!(page.text().await.expect("a page").contains("먼저 들어와 주세요"));
        assert_eq!(visitor.refused("today", &[("pair", &pair.id.to_string())]).await, (401, ApiError::SignedOut));
    }
}

#[tokio::test]
async fn unreadable_arguments_and_unknown_functions_are_said_so() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    assert_eq!(pair.child.refused("today", &[("pair", "17")]).await, (400, ApiError::Malformed));
    assert_eq!(pair.child.refused("submit_answer", &[("body", "글")]).await.0, 400);
    assert_eq!(pair.child.refused("no_such_function", &[]).await, (404, ApiError::NotFound));
    assert_eq!(pair.child.get("/p/17/today").await.status(), 404);
    assert_eq!(pair.child.get("/nowhere").await.status(), 404);
    assert_eq!(pair.child.get(&format!("/p/{}/archive?page=0", pair.id)).await.status(), 404);
    assert_eq!(pair.child.get(&format!("/p/{}/archive?page=99999999999999999999", pair.id)).await.status(), 404);
    assert_eq!(pair.child.get(&format!("/p/{}/archive?section=nowhere", pair.id)).await.status(), 404);
}

#[tokio::test]
async fn pages_carry_a_strict_policy() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    for path in ["/".to_owned(), format!("/p/{}/today", pair.id)] {
        let response = pair.child.get(&path).await;
        let headers = response.headers().clone();
        let policy = headers["content-security-policy"].to_str().expect("a policy").to_owned();
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
        for part in ["frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'", "'wasm-unsafe-eval'"] {
            assert!(policy.contains(part), "{part}");
        }
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "same-origin");
        let nonce =
            policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
        let page = response.text().await.expect("a page");
        assert!(page.contains(&format!("nonce=\"{nonce}\"")));
        assert!(!page.contains(" style=") && !page.contains(" onclick="));
    }
}

#[tokio::test]
async fn a_text_that_looks_like_markup_stays_text() {
    let app = TestApp::start().await;
    let pair = app.pair().await;
    let text = "</script></textarea><script>alert(1)</script><img src=x onerror=alert(2)> &amp; so on";
    let (question, version) = pair.child.question(pair.id).await;
    let (question, version) = (question.to_string(), version.to_string());
    let too_long = format!("{text}{}", "가".repeat(2_000));
    let refused = pair
        .child
        .submit("submit_answer", &[("daily_question", &question), ("version", &version), ("body", &too_long)])
        .await;
    assert_eq!(refused.status(), 422);
    let typed = refused.text().await.expect("a page");
    pair.child.answer(pair.id, text).await;
    let own = pair.child.page(&format!("/p/{}/today", pair.id)).await;
    for page in [typed, own] {
        let (_, field) = page.split_once("<textarea").and_then(|(_, field)| field.split_once('>')).expect("a field");
        assert!(field.starts_with(
            "&lt;/script>&lt;/textarea>&lt;script>alert(1)&lt;/script>&lt;img src=x onerror=alert(2)> &amp;amp; so on"
        ));
        assert!(!page.contains("<script>alert(1)") && !page.contains("<img src=x"));
    }
    pair.parent.answer(pair.id, text).await;
    for browser in [&pair.child, &pair.parent] {
        let page = browser.page(&format!("/p/{}/today", pair.id)).await;
        assert!(!page.contains("<script>alert(1)") && !page.contains("<img src=x"));
    }
}

#[tokio::test]
async fn over_http_from_another_device_the_page_says_what_is_missing() {
    let app = TestApp::start().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let ask = |path: &'static str| {
        client.get(format!("{}{path}", app.url)).header(header::HOST, "192.168.0.7:3000").header(header::ACCEPT, HTML)
    };
    for path in ["/", "/start", "/join"] {
        let response = ask(path).send().await.expect("an answer");
        assert_eq!(response.status(), 403);
        assert!(response.text().await.expect("a page").contains("안전한 연결(https)이 필요해요"));
    }
}

#[tokio::test]
async fn health_is_told_and_turns_at_the_end() {
    let app = TestApp::start().await;
    assert_eq!(app.visitor().get("/livez").await.status(), 200);
    assert_eq!(app.visitor().get("/readyz").await.status(), 200);
}
