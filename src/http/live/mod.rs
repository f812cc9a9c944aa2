//! `GET /events`: a person's feed over five transports. `FeedRequest` reads from the request the cursor and the
//! transport, and each file here encodes the same frames for one transport. Frames hold ids and kinds only.

pub mod direct;
mod error;
mod feed_request;
pub mod head;
mod ndjson;
mod poll;
mod sse;
mod streamed;
mod websocket;

use std::sync::Arc;

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};

use uuid::Uuid;

use super::listener::Peer;
use crate::{
    request::Visitor,
    server::{counters, live::Feed, state::AppState},
};
use error::FeedError;
use feed_request::{FeedRequest, Transport};
use streamed::StreamConnection;

pub async fn events(State(state): State<AppState>, request: Request) -> Response {
    let answer = match answer(state, request).await {
        Ok(answer) => answer,
        Err(error) => error.into_response(),
    };
    forbid_storing(answer)
}

async fn answer(state: AppState, request: Request) -> Result<Response, FeedError> {
    let (mut parts, _) = request.into_parts();
    // A page of another origin on the same domain sends our cookie too (SameSite compares sites, not origins). A few
    // connections of such a page would use up the limit of the person.
    if is_of_another_site(&parts.headers) {
        return Err(FeedError::CrossSite);
    }
    let Some(found) = parts.extensions.get::<Visitor>().and_then(|visitor| visitor.session.clone()) else {
        return Err(FeedError::SignedOut);
    };
    let (person, session, id) = (found.person.id, found.session.id, request_id(&parts.headers));
    let FeedRequest { cursor, whose, transport } = FeedRequest::parse(&parts.headers, &parts.uri)?;
    // A page that was open when another person signed in to this browser must not get that person's events.
    if whose.is_some_and(|whose| whose != person) {
        return Err(FeedError::SignedOut);
    }
    if transport == Transport::Poll {
        return poll::answer(Feed::glance(Arc::new(state), person, session, cursor).await?.batch().await);
    }
    if transport != Transport::WebSocket {
        let retry = retry_ms(&state);
        let connection = StreamConnection::of(
            parts.extensions.get::<ConnectInfo<Peer>>().map(|info| &info.0),
            parts.version,
            &state.lifecycle,
        );
        // The head is freed here: it may take as much memory as the rest of a connection, for up to a minute.
        drop(parts);
        let feed = Feed::open(Arc::new(state), person, session, cursor).await?.asked_by(id);
        return match transport {
            Transport::LongPoll(wait) => poll::answer(feed.counted_in(&counters::LONG_POLL).batch_within(wait).await),
            Transport::Ndjson => {
                let feed = feed.counted_in(&counters::NDJSON);
                Ok(streamed::answer(feed, ndjson::ENCODING, String::new(), connection))
            }
            Transport::Sse | Transport::Poll | Transport::WebSocket => {
                let feed = feed.counted_in(&counters::SSE);
                Ok(streamed::answer(feed, sse::ENCODING, sse::opening(retry), connection))
            }
        };
    }
    // A page of another site may open a WebSocket with our cookie: CORS does not apply to WebSockets.
    if !is_ours(&parts.headers, state.site.public_url.as_str()) {
        return Err(FeedError::CrossSite);
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &state).await.map_err(|_| FeedError::Malformed)?;
    let lifecycle = state.lifecycle.clone();
    let feed = Feed::open(Arc::new(state), person, session, cursor).await?.asked_by(id);
    Ok(websocket::answer(upgrade, feed.counted_in(&counters::WEB_SOCKET), lifecycle))
}

/// How long a browser waits before it connects again: 3 to 8 s at random, so that not all of them come at once after a
/// restart.
fn retry_ms(state: &AppState) -> u64 {
    3_000 + state.random.number() % 5_000
}

/// The id that the router gave this request.
fn request_id(headers: &HeaderMap) -> Uuid {
    let id = headers.get("x-request-id").and_then(|id| id.to_str().ok()?.parse().ok());
    id.unwrap_or_default()
}

/// Whether the request comes from a page of another origin (Fetch Metadata §2.3). Programs other than browsers send no
/// such header.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().any(|site| matches!(site.as_bytes(), b"same-site" | b"cross-site"))
}

/// Whether the request comes from a page of ours (RFC 6455 §10.2). Every browser sends `Origin`.
fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    headers.get(header::ORIGIN).is_some_and(|value| value.as_bytes() == origin.as_bytes())
}

/// Forbids caches to store or change an answer: it belongs to one person and one moment, errors too.
const NOT_STORED: &str = "no-store, no-transform";

fn forbid_storing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(NOT_STORED));
    response
}
