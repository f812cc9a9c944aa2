//! `GET /events`: a person's feed, told over five doors. One way in for all of them: who asks, from which cursor, and
//! how it wants to hear; then each file here writes the same frames in its own way. Ids and kinds only.

mod asked;
mod ndjson;
mod poll;
mod refusal;
mod sse;
mod streamed;
mod websocket;

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};

use super::port::Peer;
use crate::{
    request::Visitor,
    server::{live::Feed, state::AppState},
};
use asked::{Asked, Door};
use refusal::Refusal;
use streamed::Way;

pub async fn events(State(state): State<AppState>, request: Request) -> Response {
    let answer = match answer(state, request).await {
        Ok(answer) => answer,
        Err(refusal) => refusal.into_response(),
    };
    unstored(answer)
}

async fn answer(state: AppState, request: Request) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    // A page of another site on this host's domain sends our cookie along (SameSite looks at the site alone), and a few
    // of its lines would take the places of the person's own.
    if is_of_another_site(&parts.headers) {
        return Err(Refusal::CrossSite);
    }
    let Some(found) = parts.extensions.get::<Visitor>().and_then(|visitor| visitor.session.clone()) else {
        return Err(Refusal::SignedOut);
    };
    let (person, session) = (found.person.id, found.session.id);
    let Asked { cursor, whose, door } = Asked::parse(&parts.headers, &parts.uri)?;
    // A page that was open when somebody else signed in to this browser hears nothing of theirs.
    if whose.is_some_and(|whose| whose != person) {
        return Err(Refusal::SignedOut);
    }
    if door == Door::Poll {
        return poll::answer(Feed::glance(state, person, session, cursor).await?.batch().await);
    }
    if door != Door::WebSocket {
        // Three to eight seconds, so that a restart does not bring all browsers at one moment.
        let retry = 3_000 + state.random.number() % 5_000;
        let way =
            Way::of(parts.extensions.get::<ConnectInfo<Peer>>().map(|info| &info.0), parts.version, &state.lifecycle);
        // A head may weigh as much as the rest of a line, and a long poll waits for a minute.
        drop(parts);
        let feed = Feed::open(state, person, session, cursor).await?;
        return match door {
            Door::LongPoll(wait) => poll::answer(feed.batch_within(wait).await),
            Door::Ndjson => Ok(streamed::answer(feed, ndjson::WRITING, String::new(), way)),
            Door::Sse | Door::Poll | Door::WebSocket => {
                Ok(streamed::answer(feed, sse::WRITING, sse::opening(retry), way))
            }
        };
    }
    // A page of another site may open a socket to us, and the browser sends our cookie along: CORS does not hold it
    // back.
    if !is_ours(&parts.headers, state.site.public_url.as_str()) {
        return Err(Refusal::CrossSite);
    }
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &state).await.map_err(|_| Refusal::Malformed)?;
    let lifecycle = state.lifecycle.clone();
    let feed = Feed::open(state, person, session, cursor).await?;
    Ok(websocket::answer(upgrade, feed, lifecycle))
}

/// Whether the browser says that a page of another origin asks (Fetch Metadata §2.3). Programs that are no browsers say
/// nothing.
fn is_of_another_site(headers: &HeaderMap) -> bool {
    headers.get_all("sec-fetch-site").iter().any(|site| matches!(site.as_bytes(), b"same-site" | b"cross-site"))
}

/// Whether the page that asks is one of ours (RFC 6455 §10.2). Every browser names its origin.
fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    headers.get(header::ORIGIN).is_some_and(|value| value.as_bytes() == origin.as_bytes())
}

/// What is told belongs to one person and one moment, the refusals too.
fn unstored(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    response
}
