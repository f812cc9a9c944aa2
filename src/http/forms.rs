//! A browser's own form post, without WASM (`Accept: text/html`), to the same URL as the page's fetch.
//! The server function runs as always; then the browser gets what a browser can use: 303 on success, on refusal the
//! page it came from, rendered again with the right status, the sentence by the field and everything typed in it.
//! (DESIGN §7 draws this for the answer alone; one mechanism for all forms is smaller and loses nothing anywhere.)

use std::time::Duration;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{insecure::wants_html, pages};
use crate::{
    api::{ApiError, Refused},
    domain::{DailyQuestionId, Locale},
    paths,
    server::{
        request::Visitor,
        security::SecurityEvent,
        services::{guard, reading},
        state::AppState,
    },
};

/// What a form may weigh.
pub const FORM_BYTES: usize = 256 * 1024;
/// How long it may take to come, on the real clock: slow enough for 256 KiB over a bad line.
const FORM_PATIENCE: Duration = Duration::from_secs(30);
/// What counts against the wide budget and not against the person's own: what only reads, what a page does by itself, and what one
/// does to be rid of somebody who holds one's session, and may be spending the budget.
pub const FREE: [&str; 29] = [
    "account",
    "archive",
    "asked_hand_over",
    "card",
    "devices",
    "end_other_sessions",
    "end_session",
    "hand_over",
    "inbox",
    "invite_page",
    "join_door",
    "join_welcome",
    "pair_settings",
    "presence",
    "push_key",
    "quiet_settings",
    "read_inbox",
    "receipt",
    "recovery_page",
    "refuse_hand_over",
    "remove_device",
    "season",
    "seen_live",
    "sign_out",
    "subscribe",
    "switches",
    "today",
    "unsubscribe",
    "withdraw_hand_over",
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
    let bytes = match read(body).await {
        Ok(bytes) => bytes,
        Err(error) if is_browser => return refuse(error, visitor_locale),
        Err(error) => return (status_of(error), axum::Json(error)).into_response(),
    };
    // The function answers a fetch: a code and a header, not a redirect back to the Referer.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let response = if has_budget(&state, &parts) {
        next.clone().run(Request::from_parts(parts, Body::from(bytes.clone()))).await
    } else {
        (status_of(ApiError::TooMuch), axum::Json(ApiError::TooMuch)).into_response()
    };
    let response = with_status(response).await;
    if !is_browser {
        return response;
    }
    match refusal(response).await {
        Ok(response) => see_other(response),
        Err((error, refused)) => render_again(&state, next, original, &bytes, error, refused).await,
    }
}

/// A page of its own, for a post that cannot even be read.
pub fn refuse(error: ApiError, locale: Locale) -> Response {
    pages::refused(status_of(error), locale, error.page_sentence(crate::text::page_words(locale))).into_response()
}

/// A form's body, up to `FORM_BYTES`.
pub async fn read(body: Body) -> Result<Bytes, ApiError> {
    read_within(FORM_PATIENCE, body).await
}

async fn read_within(patience: Duration, body: Body) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(patience, Limited::new(body, FORM_BYTES).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::TooLarge),
        Ok(Err(_)) => Err(ApiError::Malformed),
        // A device whose line is that slow tries again.
        Err(_) => Err(ApiError::Unavailable),
    }
}

/// Whether this person may write once more just now.
fn has_budget(state: &AppState, parts: &Parts) -> bool {
    let endpoint = parts.uri.path().trim_start_matches("/api/");
    let Some(visitor) = parts.extensions.get::<Visitor>() else { return true };
    let now = state.clock.now();
    let has_one = match visitor.person().filter(|_| !FREE.contains(&endpoint)) {
        Some(person) => state.budget.take(person, now),
        None => state.limits.wide.take((visitor.person(), guard::network(visitor.client)), now),
    };
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

async fn render_again(state: &AppState, next: Next, mut parts: Parts, body: &Bytes, error: ApiError, refused: HeaderMap) -> Response {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(body).into_owned().collect();
    let endpoint = parts.uri.path().trim_start_matches("/api/").to_owned();
    let page = page_of(state, &parts, &endpoint, &fields).await;
    let Ok(uri) = page.parse::<Uri>() else {
        return status_of(error).into_response();
    };
    parts.method = Method::GET;
    parts.uri = uri;
    for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::TRANSFER_ENCODING] {
        parts.headers.remove(name);
    }
    parts.extensions.insert(Refused { endpoint, error, fields });
    let mut response = next.run(Request::from_parts(parts, Body::empty())).await;
    if response.status().is_success() {
        *response.status_mut() = status_of(error);
    }
    // What the function gave the browser although it refused: the mark its failures are counted by.
    for value in refused.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, value.clone());
    }
    response
}

/// The page a form stands on: the Referer's path, else where such a form is at home.
async fn page_of(state: &AppState, parts: &Parts, endpoint: &str, fields: &[(String, String)]) -> String {
    let referer = parts.headers.get(header::REFERER).and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<Uri>().ok());
    let host = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    if let Some(referer) = referer
        && referer.authority().map(|authority| authority.as_str()) == host
        && let Some(path) = referer.path_and_query()
        && !path.path().starts_with("/api/")
    {
        return path.to_string();
    }
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match endpoint {
        "sign_in" => return paths::sign_in(),
        "check_invitation" => return paths::join(),
        "join" => return paths::join_confirm(),
        "sign_up" | "start_pair" => return paths::start(),
        "ask_hand_over" => return paths::digits(),
        "enter_hand_over" => return paths::wait(),
        "make_hand_over" | "withdraw_hand_over" | "confirm_hand_over" | "refuse_hand_over" => return paths::hand_over(),
        "take_hand_over" => return paths::hand_over_with("over"),
        _ => {}
    }
    let person = parts.extensions.get::<Visitor>().and_then(|visitor| visitor.session.as_ref()).map(|found| found.person.clone());
    let question = field("daily_question").and_then(|id| id.parse::<DailyQuestionId>().ok());
    if let (Some(person), Some(question)) = (person, question)
        && let Ok(pair) = reading::pair_of_question(state, &person, question).await
    {
        return paths::today(pair);
    }
    paths::home()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_that_never_comes_to_its_end_is_not_waited_for() {
        let never = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read_within(Duration::from_millis(1), never).await, Err(ApiError::Unavailable));
    }
}
