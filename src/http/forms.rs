//! A browser's own form post, without WASM (`Accept: text/html`), to the same URL as the page's fetch.
//! The server function runs as always; then the browser gets what a browser can use: 303 on success, on refusal the
//! page it came from, rendered again with the right status, the sentence by the field and everything typed in it.
//! One mechanism serves all forms. Rules R87, R88, R123.

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use leptos::server_fn::ServerFn;

use super::{
    bodies::{self, Bodies},
    insecure::wants_html,
    keep,
    listener::Peer,
    pages,
};
use crate::{
    api::{
        ApiError, AskHandOver, AskedHandOver, CheckInvitation, ConfirmHandOver, EndOtherSessions, EndSession,
        EnterHandOver, Join, MakeHandOver, PushKey, ReadInbox, Receipt, RefuseHandOver, Refused, RemoveDevice,
        SeenLive, ShowPresence, SignIn, SignOut, SignUp, StartPair, Subscribe, TakeHandOver, Today, Unsubscribe,
        WithdrawHandOver,
    },
    domain::{DailyQuestionId, Locale},
    paths::{self, HasVerb, Verb},
    request::Visitor,
    server::{
        budget::{Bucket, Spender},
        security::SecurityEvent,
        services::{guard, reading},
        state::AppState,
    },
};

/// Server functions that only read.
pub const READS: [Verb; 4] = [AskedHandOver::VERB, PushKey::VERB, ShowPresence::VERB, Today::VERB];
/// Server functions that a page or a service worker calls by itself.
pub const AUTOMATIC: [Verb; 5] = [ReadInbox::VERB, Receipt::VERB, SeenLive::VERB, Subscribe::VERB, Unsubscribe::VERB];
/// Server functions by which a person gets rid of somebody who holds a session of theirs.
pub const ESCAPES: [Verb; 6] = [
    EndOtherSessions::VERB,
    EndSession::VERB,
    RefuseHandOver::VERB,
    RemoveDevice::VERB,
    SignOut::VERB,
    WithdrawHandOver::VERB,
];

/// Runs posts to `/api/…`: limits the body, gives refusals their status, and answers browsers with pages.
pub async fn answer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/api/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let original = parts.clone();
    let is_browser = wants_html(&parts.headers);
    let visitor_locale = parts.extensions.get::<Visitor>().map(|visitor| visitor.locale).unwrap_or_default();
    if parts.method != Method::POST {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST")]).into_response();
    }
    let held = match read(&parts, body).await {
        Ok(held) => held,
        Err(error) if is_browser => return refuse(error, visitor_locale),
        Err(error) => return (status_of(error), axum::Json(error)).into_response(),
    };
    if !is_of_who_is_here(&parts, &held.bytes) {
        return of_somebody_else(next, original, is_browser).await;
    }
    // The function answers a fetch: a code and a header, not a redirect back to the Referer.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let response = if has_budget(&state, &parts) {
        next.clone().run(Request::from_parts(parts, Body::from(held.bytes.clone()))).await
    } else {
        (status_of(ApiError::TooMuch), axum::Json(ApiError::TooMuch)).into_response()
    };
    let response = with_status(response).await;
    if !is_browser {
        return response;
    }
    match refusal(response).await {
        Ok(response) => see_other(response),
        Err((error, refused)) => render_again(&state, next, original, &held.bytes, error, refused).await,
    }
}

/// A field of a form; absent and empty are not the same.
fn field_of(body: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Whether the page this was sent from was drawn for whoever is here now. A page of an earlier release does not say.
fn is_of_who_is_here(parts: &Parts, body: &[u8]) -> bool {
    let here = parts.extensions.get::<Visitor>().and_then(Visitor::person).map(|person| person.to_string());
    field_of(body, "whose").is_none_or(|whose| whose == here.unwrap_or_default())
}

/// Somebody else has come in since, or gone: nothing is done, and nothing of what was typed is shown. A browser gets
/// the page of who is here.
async fn of_somebody_else(next: Next, parts: Parts, is_browser: bool) -> Response {
    let error = ApiError::SignedOut;
    if is_browser {
        return render(
            next,
            parts,
            Uri::from_static("/"),
            Refused { endpoint: String::new(), error, fields: Vec::new() },
        )
        .await;
    }
    let person = parts.extensions.get::<Visitor>().and_then(Visitor::person);
    let mut response = (status_of(error), axum::Json(error)).into_response();
    keep::set_whose(&mut response, person);
    response
}

/// A page of its own, for a post that cannot even be read.
pub fn refuse(error: ApiError, locale: Locale) -> Response {
    pages::refused(status_of(error), locale, error.page_sentence(crate::text::page_words(locale))).into_response()
}

/// A form's body, as large as its path allows.
pub async fn read(parts: &Parts, body: Body) -> Result<bodies::Held, ApiError> {
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().ok_or(ApiError::Broken)?;
    let bodies: &Bodies = &peer.0.bodies;
    bodies.read(body, bodies::limit_of(parts.uri.path())).await
}

/// Whether the one who asks may do so once more just now. Every server function takes from a bucket.
fn has_budget(state: &AppState, parts: &Parts) -> bool {
    let is_one_of = |verbs: &[Verb]| verbs.iter().any(|verb| verb.url() == parts.uri.path());
    let bucket = if is_one_of(&READS) {
        Bucket::Read
    } else if is_one_of(&AUTOMATIC) {
        Bucket::Automatic
    } else if is_one_of(&ESCAPES) {
        Bucket::Escape
    } else {
        Bucket::Write
    };
    let Some(visitor) = parts.extensions.get::<Visitor>() else { return true };
    let (bucket, spender) = match (&visitor.session, bucket) {
        (Some(found), Bucket::Escape) => (bucket, Spender::Session(found.session.id)),
        (Some(found), _) => (bucket, Spender::Person(found.person.id)),
        // Many people share an address, so it has the widest bucket. What they could write is limited where it is
        // written: sign-ups and wrong codes are counted in the database.
        (None, _) => (Bucket::Read, Spender::Address(guard::network(visitor.client))),
    };
    let has_one = state.budget.take(bucket, spender, state.clock.moment());
    if !has_one {
        guard::note(state, SecurityEvent::Flood { person: visitor.person() });
    }
    has_one
}

fn status_of(error: ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The refusal in an answer of a server function; the code in its body decides the status.
async fn with_status(response: Response) -> Response {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    match serde_json::from_slice::<ApiError>(&bytes) {
        Ok(error) => {
            parts.status = status_of(error);
            parts.extensions.insert(error);
            Response::from_parts(parts, Body::from(bytes))
        }
        // Not a code of ours: a URL without a function, or a request that is no form.
        Err(_) => {
            let error = if parts.status == StatusCode::BAD_REQUEST { ApiError::NotFound } else { ApiError::Broken };
            let mut response = (status_of(error), axum::Json(error)).into_response();
            response.extensions_mut().insert(error);
            response
        }
    }
}

async fn refusal(response: Response) -> Result<Response, (ApiError, HeaderMap)> {
    match response.extensions().get::<ApiError>() {
        Some(error) => Err((*error, response.headers().clone())),
        None => Ok(response),
    }
}

/// Post, redirect, get (RFC 9110 §15.4.4).
fn see_other(response: Response) -> Response {
    let mut answer = StatusCode::SEE_OTHER.into_response();
    let location = response.headers().get(header::LOCATION).cloned().unwrap_or(HeaderValue::from_static("/"));
    answer.headers_mut().insert(header::LOCATION, location);
    for name in [header::SET_COOKIE, HeaderName::from_static("clear-site-data")] {
        for value in response.headers().get_all(&name) {
            answer.headers_mut().append(name.clone(), value.clone());
        }
    }
    answer
}

async fn render_again(
    state: &AppState,
    next: Next,
    parts: Parts,
    body: &Bytes,
    error: ApiError,
    refused: HeaderMap,
) -> Response {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let endpoint = parts.uri.path().trim_start_matches("/api/").to_owned();
    let page = page_of(state, &parts, &fields).await;
    let Ok(uri) = page.parse::<Uri>() else {
        return status_of(error).into_response();
    };
    let mut response = render(next, parts, uri, Refused { endpoint, error, fields }).await;
    // What the function gave the browser although it refused: the mark its failures are counted by.
    for value in refused.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, value.clone());
    }
    response
}

/// A page in answer to a post that was refused, with the refusal's status.
async fn render(next: Next, mut parts: Parts, uri: Uri, refused: Refused) -> Response {
    let status = status_of(refused.error);
    parts.method = Method::GET;
    parts.uri = uri;
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    parts.extensions.insert(refused);
    let mut response = next.run(Request::from_parts(parts, Body::empty())).await;
    if response.status().is_success() {
        *response.status_mut() = status;
    }
    response
}

/// The page a form stands on: as the form says, else the Referer's path, else where such a form is at home.
async fn page_of(state: &AppState, parts: &Parts, fields: &[(String, String)]) -> String {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if let Some(page) = field("from").and_then(own_page).or_else(|| referer(parts)) {
        return page;
    }
    match parts.uri.path() {
        SignIn::PATH => return paths::sign_in(),
        CheckInvitation::PATH => return paths::join(),
        Join::PATH => return paths::join_confirm(),
        SignUp::PATH | StartPair::PATH => return paths::start(),
        AskHandOver::PATH => return paths::digits(),
        EnterHandOver::PATH => return paths::wait(),
        MakeHandOver::PATH | WithdrawHandOver::PATH | ConfirmHandOver::PATH | RefuseHandOver::PATH => {
            return paths::hand_over();
        }
        TakeHandOver::PATH => return paths::hand_over_with("over"),
        _ => {}
    }
    let person = parts
        .extensions
        .get::<Visitor>()
        .and_then(|visitor| visitor.session.as_ref())
        .map(|found| found.person.clone());
    let question = field("daily_question").and_then(|id| id.parse::<DailyQuestionId>().ok());
    if let (Some(person), Some(question)) = (person, question)
        && let Ok(pair) = reading::pair_of_question(state, &person, question).await
    {
        return paths::today(pair);
    }
    paths::home()
}

/// A path of ours that is a page. It is rendered, never redirected to.
fn own_page(text: &str) -> Option<String> {
    const MOST: usize = 512;
    let is_path = text.starts_with('/') && !text.starts_with("//") && text.len() <= MOST;
    let uri = text.parse::<Uri>().ok().filter(|uri| is_path && uri.authority().is_none())?;
    let is_door = matches!(uri.path().split('/').nth(1), Some("api" | "events" | "livez" | "readyz" | "pkg"));
    // A redirect cannot show what was refused.
    let is_shortcut = [paths::SHORTCUT_TODAY, paths::SHORTCUT_ARCHIVE].contains(&uri.path());
    (!is_door && !is_shortcut).then(|| uri.to_string())
}

/// The page that the Referer names, where it is one of this very host.
fn referer(parts: &Parts) -> Option<String> {
    // A port that goes without saying may be left out on either side (RFC 9110 §4.2.3).
    let bare = |host: &str| host.trim_end_matches(":443").trim_end_matches(":80").to_ascii_lowercase();
    let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let referer = text(&header::REFERER)?.parse::<Uri>().ok()?;
    let host = text(&header::HOST).or_else(|| parts.uri.authority().map(|authority| authority.as_str()))?;
    // An origin alone is no page: browsers that keep the path to themselves send that.
    let path = referer.path_and_query().filter(|path| path.as_str() != "/")?;
    let is_ours = referer.authority().is_some_and(|authority| bare(authority.as_str()) == bare(host));
    own_page(path.as_str()).filter(|_| is_ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_own_path_that_is_a_page_is_come_back_to() {
        for page in
            ["/", "/start", "/join/ABCDE-12345", "/p/1/archive?section=school&page=2", "/settings?saved=change_name"]
        {
            assert_eq!(own_page(page).as_deref(), Some(page));
        }
        let long = format!("/{}", "a".repeat(600));
        let never = [
            "",
            "start",
            "//evil.example/p",
            "https://evil.example/p",
            "/api/sign_out",
            "/api",
            "/events?after=1",
            "/pkg/1/umbba.js",
            "/a b",
            "/a\r\nb",
            &long,
        ];
        for never in never {
            assert_eq!(own_page(never), None, "{never:?}");
        }
    }

    #[test]
    fn a_referer_counts_when_it_is_of_this_host_however_its_port_is_written() {
        let named = |uri: &str, host: Option<&str>, referer_is: &str| {
            let mut request = Request::post(uri).header(header::REFERER, referer_is);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            referer(&request.body(Body::empty()).expect("a request").into_parts().0)
        };
        let page = "https://family.example/settings";
        assert_eq!(named("/api/change_name", Some("family.example"), page).as_deref(), Some("/settings"));
        assert_eq!(named("/api/change_name", Some("family.example:443"), page).as_deref(), Some("/settings"));
        assert_eq!(
            named("https://family.example/api/change_name", None, page).as_deref(),
            Some("/settings"),
            "HTTP/2's :authority"
        );
        assert_eq!(
            named("/api/change_name", Some("localhost:3000"), "http://localhost:3000/start").as_deref(),
            Some("/start")
        );
        assert_eq!(
            named("/api/change_name", Some("family.example"), "https://family.example/"),
            None,
            "an origin alone"
        );
        assert_eq!(named("/api/change_name", Some("family.example"), "https://evil.example/settings"), None);
        assert_eq!(named("/api/change_name", Some("family.example:8443"), page), None);
    }
}
