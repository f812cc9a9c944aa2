//! The layer around server functions, and forms that a browser posts without WASM (`Accept: text/html`). Such a form
//! goes to the same URL as the page's fetch and runs the same server function. Then the browser gets 303, or on an
//! error the page it came from with the error's status, the sentence by the field and everything typed. Rules R87, R88,
//! R123.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;

use super::{
    bodies::{self, Bodies},
    form_page,
    insecure::wants_html,
    keep,
    listener::Peer,
    pages,
};
use crate::{
    api::{
        ApiError, AskedHandOver, BeginPasskey, BeginPasskeyProof, BeginPasskeySignIn, EndOtherSessions, EndReturn,
        EndSession, PushKey, ReadInbox, Receipt, RefuseHandOver, RefuseOtherDevice, RefuseRecovery, Refused,
        RegisterDevice, RemoveDevice, SeenLive, ShowPresence, SignOut, Subscribe, Today, Unsubscribe, WithdrawHandOver,
    },
    domain::Locale,
    paths::{HasVerb, Verb},
    request::Visitor,
    server::{
        budget::{Bucket, Spender},
        security::SecurityEvent,
        services::guard,
        state::AppState,
        turns::Turn,
    },
};

/// Server functions that only read.
pub const READS: [Verb; 7] = [
    AskedHandOver::VERB,
    BeginPasskey::VERB,
    BeginPasskeyProof::VERB,
    BeginPasskeySignIn::VERB,
    PushKey::VERB,
    ShowPresence::VERB,
    Today::VERB,
];
/// Server functions that a page, a service worker or a shell calls by itself.
pub const AUTOMATIC: [Verb; 6] =
    [ReadInbox::VERB, Receipt::VERB, RegisterDevice::VERB, SeenLive::VERB, Subscribe::VERB, Unsubscribe::VERB];
/// Server functions that end a session, a device or the move of a seat, for a person whose session somebody else holds.
pub const ESCAPES: [Verb; 9] = [
    EndOtherSessions::VERB,
    EndReturn::VERB,
    EndSession::VERB,
    RefuseHandOver::VERB,
    RefuseOtherDevice::VERB,
    RefuseRecovery::VERB,
    RemoveDevice::VERB,
    SignOut::VERB,
    WithdrawHandOver::VERB,
];

/// Runs posts to `/api/…`: limits the body, gives errors their status, and answers browsers with pages.
pub async fn answer(State(state): State<Arc<AppState>>, request: Request, next: Next) -> Response {
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
    if !is_for_current_person(&parts, &held.bytes) {
        return refuse_other_person(next, original, is_browser).await;
    }
    // With this header the function answers with a code and a header, not with a redirect to the Referer.
    parts.headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    let response = match begin(&state, &parts).await {
        Ok(_turn) => next.clone().run(Request::from_parts(parts, Body::from(held.bytes.clone()))).await,
        Err(error) => (status_of(error), axum::Json(error)).into_response(),
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

/// A field of a form; `None` when absent, which differs from empty.
fn field_of(body: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Whether the form's page was rendered for the person who is signed in now. A page of an earlier release has no
/// `whose`.
fn is_for_current_person(parts: &Parts, body: &[u8]) -> bool {
    let here = parts.extensions.get::<Visitor>().and_then(Visitor::person).map(|person| person.to_string());
    field_of(body, "whose").is_none_or(|whose| whose == here.unwrap_or_default())
}

/// Answers a form of a page that was rendered for another person. Nothing is done and nothing typed is shown. A browser
/// gets the home page of the person who is signed in now.
async fn refuse_other_person(next: Next, parts: Parts, is_browser: bool) -> Response {
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

/// The error page for a post whose body cannot be read.
pub fn refuse(error: ApiError, locale: Locale) -> Response {
    pages::refused(status_of(error), locale, error.page_sentence(crate::text::page_words(locale))).into_response()
}

/// Reads a form's body, within the limit of its path.
pub async fn read(parts: &Parts, body: Body) -> Result<bodies::Held, ApiError> {
    let peer = parts.extensions.get::<ConnectInfo<Peer>>().ok_or(ApiError::Broken)?;
    let bodies: &Bodies = &peer.0.bodies;
    bodies.read(body, bodies::limit_of(parts.uri.path())).await
}

/// Takes one request from the budget of the server function's bucket, and waits for the person's turn to write.
async fn begin(state: &AppState, parts: &Parts) -> Result<Option<Turn>, ApiError> {
    let bucket = bucket_of(parts.uri.path());
    let Some(visitor) = parts.extensions.get::<Visitor>() else { return Ok(None) };
    if !take_budget(state, visitor, bucket).await {
        guard::note(state, SecurityEvent::Flood { person: visitor.person() });
        return Err(ApiError::TooMuch);
    }
    match (bucket, visitor.person()) {
        (Bucket::Write | Bucket::Automatic, Some(person)) => {
            state.turns.take(person).await.map(Some).ok_or(ApiError::Unavailable)
        }
        // What only reads waits for no row. An intruder's requests must not delay an escape.
        (Bucket::Read | Bucket::Escape, _) | (_, None) => Ok(None),
    }
}

fn bucket_of(path: &str) -> Bucket {
    let is_one_of = |verbs: &[Verb]| verbs.iter().any(|verb| verb.url() == path);
    if is_one_of(&READS) {
        Bucket::Read
    } else if is_one_of(&AUTOMATIC) {
        Bucket::Automatic
    } else if is_one_of(&ESCAPES) {
        Bucket::Escape
    } else {
        Bucket::Write
    }
}

/// `false` when the budget is used up.
async fn take_budget(state: &AppState, visitor: &Visitor, bucket: Bucket) -> bool {
    let (bucket, spender) = match (&visitor.session, bucket) {
        (Some(found), Bucket::Escape) => (bucket, Spender::Session(found.session.id)),
        (Some(found), _) => (bucket, Spender::Person(found.person.id)),
        // Many people share an address, so it gets the largest bucket. Sign-ups and wrong codes have their own limits,
        // counted in the database.
        (None, _) => (Bucket::Read, Spender::Address(guard::network(visitor.client))),
    };
    state.budget.take(bucket, spender, state.clock.moment())
        && match (bucket, spender) {
            (Bucket::Write, Spender::Person(person)) => guard::takes_write(state, person).await,
            _ => true,
        }
}

fn status_of(error: ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Gives an error of a server function the status of the code in its body, and adds the code as an extension.
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
        // The body is not one of our codes: there is no such function, or the request is not a form.
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
    let page = form_page::page_of(state, &parts, &fields).await;
    let Ok(uri) = page.parse::<Uri>() else {
        return status_of(error).into_response();
    };
    let mut response = render(next, parts, uri, Refused { endpoint, error, fields }).await;
    // The function may set a cookie although it refuses: the mark under which failures are counted.
    for value in refused.get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, value.clone());
    }
    response
}

/// Renders the page at `uri` in answer to a refused post, with the error's status.
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
