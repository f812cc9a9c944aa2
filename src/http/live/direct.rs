//! A feed without the HTTP library. A stream, or a long poll that waits, needs neither the library's buffers nor the
//! layers of the router: they took 0.4 ms of processor time to open one, and a waiting long poll kept 110 KiB of them
//! (measured). `accept` gives a plain request for a feed to this file. What is not the ordinary case, such as an
//! unknown session or a wrong cursor, goes on to the library with the bytes that were read, and is answered there.

use std::{fmt::Write, sync::Arc};

use axum::{
    body,
    extract::ConnectInfo,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::IntoResponse,
};
use httpdate::HttpDate;
use tower_http::request_id::{MakeRequestId, MakeRequestUuid};
use tracing::Instrument;

use super::{
    FeedRequest, NOT_STORED, Transport, head, is_of_another_site, ndjson, poll, retry_ms, sse,
    streamed::{self, Encoding},
};
use crate::{
    cookies,
    http::{client, fixed_headers::FIXED_HEADERS, listener::Peer, routes, session, takeover::Taken},
    server::{
        clock::Stopwatch,
        counters,
        live::{Feed, Position},
        state::AppState,
    },
};

/// A feed that was asked for and may be told.
pub struct Opened {
    feed: Feed,
    transport: Transport,
    answer: Answer,
    watch: Stopwatch,
    opening: String,
}

/// What the head of the answer needs.
struct Answer {
    state: Arc<AppState>,
    request_id: HeaderValue,
    new_token: Option<String>,
    is_kept: bool,
}

/// Opens the feed that the head asks for. `None` when the library has to answer.
pub async fn open(state: &Arc<AppState>, peer: &Peer, bytes: &[u8]) -> Option<Opened> {
    let watch = Stopwatch::start();
    let head::Head { mut parts, is_kept } = head::parse(bytes)?;
    if is_of_another_site(&parts.headers) {
        return None;
    }
    let FeedRequest { cursor, whose, transport } = FeedRequest::parse(&parts.headers, &parts.uri).ok()?;
    let (gauge, opening) = match transport {
        Transport::Sse => (&counters::SSE, sse::opening(retry_ms(state))),
        Transport::Ndjson => (&counters::NDJSON, String::new()),
        Transport::LongPoll(_) => (&counters::LONG_POLL, String::new()),
        Transport::WebSocket | Transport::Poll => return None,
    };
    parts.extensions.insert(ConnectInfo(peer.clone()));
    let client = client::address(&parts, &state.site);
    let request = axum::http::Request::new(());
    let request_id = MakeRequestUuid.make_request_id(&request)?.into_header_value();
    let id = request_id.to_str().ok();
    let span = tracing::info_span!("request", request.id = id, method = "GET", route = routes::name_of("/events"));
    let opening_feed = async {
        // Before the statement that reads the position.
        let mark = state.database.notifier().mark();
        let recognised = session::session(state, &parts.headers, client).await.ok()??;
        let (person, session) = (recognised.found.person.id, recognised.found.session.id);
        if whose.is_some_and(|whose| whose != person) {
            return None;
        }
        let position = Position { last_seq: recognised.found.last_seq, mark };
        let feed = Feed::open_at(Arc::clone(state), person, session, cursor, position).await.ok()?;
        Some((feed.asked_by(id.and_then(|id| id.parse().ok()).unwrap_or_default()), recognised.new_token))
    };
    let (feed, new_token) = opening_feed.instrument(span).await?;
    let answer = Answer { state: Arc::clone(state), request_id, new_token, is_kept };
    Some(Opened { feed: feed.counted_in(gauge), transport, answer, watch, opening })
}

/// Tells the feed until it ends. Returns whether the connection may serve another request.
pub async fn tell(opened: Opened, taken: &Taken) -> bool {
    let Opened { feed, transport, answer, watch, opening } = opened;
    match transport {
        Transport::LongPoll(wait) => {
            let batch = tokio::select! {
                batch = feed.batch_within(wait) => batch,
                () = taken.gone() => return false,
            };
            let response = poll::answer(batch).unwrap_or_else(IntoResponse::into_response);
            counters::request(routes::name_of("/events"), response.status().as_u16(), watch.elapsed());
            let (parts, body) = response.into_parts();
            let Ok(body) = body::to_bytes(body, usize::MAX).await else { return false };
            let mut head = answer.head(parts.status, &parts.headers);
            let _ = write!(head, "content-length: {}\r\n\r\n", body.len());
            let mut bytes = head.into_bytes();
            bytes.extend_from_slice(&body);
            taken.send(&bytes).await.is_ok() && answer.is_kept
        }
        Transport::Ndjson => {
            stream(feed, ndjson::ENCODING, opening, answer, watch, taken).await;
            false
        }
        Transport::Sse | Transport::WebSocket | Transport::Poll => {
            stream(feed, sse::ENCODING, opening, answer, watch, taken).await;
            false
        }
    }
}

async fn stream(mut feed: Feed, encoding: Encoding, opening: String, answer: Answer, watch: Stopwatch, taken: &Taken) {
    let beginning = streamed::beginning(&mut feed, encoding, opening);
    let answer = Answer { is_kept: false, ..answer };
    let mut head = answer.head(StatusCode::OK, &streamed::headers(encoding));
    let _ = write!(head, "transfer-encoding: chunked\r\n\r\n{:x}\r\n{beginning}\r\n", beginning.len());
    counters::request(routes::name_of("/events"), StatusCode::OK.as_u16(), watch.elapsed());
    drop(answer);
    let sent = taken.send(head.as_bytes()).await;
    drop((head, beginning));
    if sent.is_ok() {
        streamed::write_frames(taken, feed, encoding).await;
    }
}

impl Answer {
    /// The head of the answer, up to the headers that say how long it is.
    fn head(&self, status: StatusCode, own: &HeaderMap) -> String {
        let reason = status.canonical_reason().unwrap_or_default();
        let mut text = String::with_capacity(1_024);
        let _ = write!(text, "HTTP/1.1 {} {reason}\r\n", status.as_u16());
        let mut line = |name: &str, value: &str| {
            let _ = write!(text, "{name}: {value}\r\n");
        };
        for (name, value) in own {
            line(name.as_str(), value.to_str().unwrap_or_default());
        }
        for (name, value) in FIXED_HEADERS {
            line(name, if name == header::CACHE_CONTROL.as_str() { NOT_STORED } else { value });
        }
        line("x-request-id", self.request_id.to_str().unwrap_or_default());
        if let Some(token) = &self.new_token {
            line(header::SET_COOKIE.as_str(), &cookies::session(token));
        }
        if !self.is_kept && !own.contains_key(header::CONNECTION) {
            line(header::CONNECTION.as_str(), "close");
        }
        let now = u64::try_from(self.state.clock.now().0).unwrap_or(0);
        let now = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(now);
        line(header::DATE.as_str(), &HttpDate::from(now).to_string());
        text
    }
}
