//! Tests of which responses set a cookie, and which cookies of a request belong to this app.

use std::{fs, path::Path};

use reqwest::{
    Client, Response,
    header::{self, HeaderMap, HeaderValue},
};

use super::{
    app::{Browser, TestApp},
    architecture::ENDPOINTS,
};
use crate::{
    cookies::{SESSION, TICKET},
    domain::Millis,
    served::PAGES,
    server::storage::seeds::CHILDREN,
};

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// Copies `public/` below the site's root. Appends the URL paths of its files to `paths`.
fn publish(from: &Path, to: &Path, below: &str, paths: &mut Vec<String>) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("public files") {
        let entry = entry.expect("a file");
        let name = entry.file_name().into_string().expect("a name");
        let path = format!("{below}/{name}");
        if entry.path().is_dir() {
            publish(&entry.path(), &to.join(name), &path, paths);
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a copy");
            paths.push(path);
        }
    }
}

/// Returns whether the response sets a cookie. Checks that such a response may not be stored.
fn sets_cookie(what: &str, headers: &HeaderMap) -> bool {
    let is_set = headers.contains_key(header::SET_COOKIE);
    let kept = headers.get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(!is_set || kept.contains("no-store"), "{what} sets a cookie and may be stored: {kept:?}");
    let is_shared = ["public", "immutable", "max-age"].iter().any(|word| kept.contains(word));
    assert!(!(is_set && is_shared), "{what} sets a cookie and is for everybody: {kept:?}");
    is_set
}

#[tokio::test]
async fn a_cookie_is_on_no_answer_that_may_be_stored() {
    let app = TestApp::start().await;
    let mut files = Vec::new();
    publish(&Path::new(env!("CARGO_MANIFEST_DIR")).join("public"), app.folder(), "", &mut files);
    fs::create_dir_all(app.folder().join("pkg")).expect("a folder");
    fs::write(app.folder().join("pkg/umbba.js"), "").expect("a file");
    files.extend(
        ["/pkg/test/umbba.js", "/pkg/test/files.json", "/pkg/test/none.js", "/livez", "/readyz"].map(str::to_owned),
    );
    let pair = app.pair().await;
    let (question, _) = pair.child.question(pair.id).await;
    let due = pair.child.cookies.lock().expect("cookies")[SESSION].clone();
    app.advance(31 * Millis::DAY);
    // Each response with the new token is lost: put the old cookie back before every request.
    let browser = || {
        pair.child.cookies.lock().expect("cookies").insert(SESSION.into(), due.clone());
        &pair.child
    };

    for file in &files {
        let response = browser().get(file).await;
        assert!(!sets_cookie(file, response.headers()), "{file} is the same for everybody");
        assert!(response.headers().contains_key(header::CACHE_CONTROL), "{file}");
    }
    let pages = PAGES.iter().map(|(path, _)| *path);
    let others = [
        "/today",
        "/archive",
        "/events?after=0&wait=1",
        "/events?after=0",
        "/keep/copy",
        "/keep/copy/{pair}",
        "/signin/with/nobody",
        "/nowhere",
        "/worker/none.js",
        "/fonts/none.woff2",
    ];
    for path in pages.chain(others) {
        let path = path
            .replace("{pair}", &pair.id.to_string())
            .replace("{card}", &question.to_string())
            .replace("{number}", "1");
        let response = browser().get(&path.replace("{code}", "ABCDE-12345").replace("{token}", "0a1b")).await;
        assert!(sets_cookie(&path, response.headers()), "{path}");
    }
    let upgrade = [("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-version", "13")];
    let upgrade =
        [&upgrade[..], &[("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="), ("origin", app.url.as_str())]].concat();
    for headers in
        [&[("accept", "text/event-stream")][..], &[("accept", "application/x-ndjson")], &[("accept", JSON)], &upgrade]
    {
        let response = browser().events("after=0", headers).await.expect("an answer");
        assert!(matches!(response.status().as_u16(), 200 | 101), "{headers:?}");
        assert!(sets_cookie("/events", response.headers()), "{headers:?}");
    }
    let response = browser().upload("", b"").await;
    assert!(sets_cookie("/keep/upload", response.headers()));
    let verbs = ENDPOINTS.split(' ').filter(|endpoint| *endpoint != "sign_out").chain(["no_such_verb", "sign_out"]);
    for (verb, accept) in verbs.flat_map(|verb| [(verb, HTML), (verb, JSON)]) {
        let response = browser().send_body(verb, Vec::new(), accept, &[]).await;
        // After the first `sign_out` (HTML), the second (JSON) has no session.
        assert!(sets_cookie(verb, response.headers()) || verb == "sign_out", "{verb}");
    }
    let shared = app.visitor().send_to("/share", b"text=a".to_vec(), HTML, &[]).await;
    sets_cookie("/share", shared.headers());
    let routes = crate::http::count_endpoints();
    assert_eq!(routes, 11, "a route was added: walk it here too");
}

/// Gets a page with these bytes as `Cookie` header lines.
async fn get_with(browser: &Browser, path: &str, lines: &[&[u8]]) -> Response {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(header::COOKIE, HeaderValue::from_bytes(line).expect("a header"));
    }
    let request = Client::new().get(format!("{}{path}", browser.url)).header(header::ACCEPT, HTML).headers(headers);
    request.send().await.expect("an answer")
}

#[tokio::test]
async fn cookies_of_others_sign_nobody_out_and_drop_no_kept_page() {
    let app = TestApp::start().await;
    let person = app.person(CHILDREN[0].0).await;
    let other = app.person(CHILDREN[1].0).await;
    let whose = |response: &Response| response.headers()["x-whose"].to_str().expect("an id").to_owned();
    let expected = whose(&person.get("/").await);
    let token = |browser: &Browser| browser.cookies.lock().expect("cookies")[SESSION].clone();
    let (own, others) = (format!("{SESSION}={}", token(&person)), token(&other));
    let over = format!("{SESSION}={}", "0".repeat(64));
    let similar = format!("x{SESSION}={others}; {}={others}; {SESSION}2={others}", SESSION.to_lowercase());
    for lines in [
        vec![format!("이름=하나; {own}").into_bytes()],
        vec![[b"theme=\xff\xfe; ".as_slice(), own.as_bytes(), b"; a=\xed\xa0\x80"].concat()],
        vec!["다른=것".as_bytes().to_vec(), own.clone().into_bytes()],
        vec![format!(";;=; nonsense;{own};").into_bytes()],
        vec![format!("{similar}; {own}").into_bytes()],
        vec![format!("{over}; {own}").into_bytes()],
        vec![format!("{SESSION}=; {own}").into_bytes()],
        vec![over.clone().into_bytes(), [format!("{SESSION}=").as_bytes(), b"\xff"].concat(), own.clone().into_bytes()],
    ] {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let response = get_with(&person, "/settings", &lines).await;
        assert_eq!(
            (response.status().as_u16(), whose(&response)),
            (200, expected.clone()),
            "{:?}",
            String::from_utf8_lossy(&lines.concat())
        );
    }
    let nobody = get_with(&person, "/settings", &[similar.as_bytes()]).await;
    assert_eq!((nobody.status().as_u16(), whose(&nobody).as_str()), (401, "nobody"));
    // A request cannot cause as many lookups as cookies fit into a head.
    let many = format!("{over}1; {over}2; {over}3; {over}4; {own}");
    assert_eq!(get_with(&person, "/settings", &[many.as_bytes()]).await.status(), 401);
}

#[tokio::test]
async fn of_two_tickets_the_good_one_counts() {
    let app = TestApp::start().await;
    let child = app.person(CHILDREN[0].0).await;
    let code = child.invite(child.start_pair("child").await).await;
    let visitor = app.visitor();
    assert_eq!(visitor.post("check_invitation", &[("code", &code)]).await.status(), 200);
    let ticket = visitor.cookies.lock().expect("cookies")[TICKET].clone();
    let both = format!("{TICKET}=old.1.00; {TICKET}={ticket}");
    let page = get_with(&visitor, "/join/confirm", &[both.as_bytes()]).await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a page").contains(CHILDREN[0].0), "who invites");
}
