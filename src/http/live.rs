//! `GET /events`: a person's feed as server-sent events (WHATWG HTML §9.2). Ids and kinds only.

use std::convert::Infallible;

use axum::{
    extract::{Query, Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{Stream, StreamExt, stream};
use serde::Deserialize;

use crate::{
    api::ApiError,
    server::{
        live::{self, Frame},
        request::Visitor,
        state::AppState,
    },
};

#[derive(Deserialize)]
pub struct Cursor {
    /// The last number the reader has.
    after: Option<i64>,
}

pub async fn events(State(state): State<AppState>, Query(cursor): Query<Cursor>, request: Request) -> Response {
    let Some(found) = request.extensions().get::<Visitor>().and_then(|visitor| visitor.session.clone()) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let last_id = request.headers().get("last-event-id").and_then(|value| value.to_str().ok()).and_then(|value| value.parse::<i64>().ok());
    // A browser that reconnects by itself repeats the URL it began with: its header is newer.
    let after = last_id.or(cursor.after).unwrap_or(0);
    // Two to six seconds, so that a restart does not bring all browsers at one moment.
    let retry = 2_000 + state.random.number() % 4_000;
    let frames = match live::frames(state, found.person.id, found.session.id, after).await {
        Ok(frames) => frames,
        Err(error) => {
            let status = StatusCode::from_u16(ApiError::from(error).status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            return status.into_response();
        }
    };
    let mut response = Sse::new(encode(frames, retry)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn encode(frames: impl Stream<Item = Frame> + Send + 'static, retry: u64) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let opening = stream::once(async move { Event::default().retry(std::time::Duration::from_millis(retry)) });
    opening.chain(frames.map(encode_one)).map(Ok)
}

fn encode_one(frame: Frame) -> Event {
    match frame {
        Frame::Hello { build } => Event::default().event("hello").data(format!("{{\"build\":\"{build}\"}}")),
        Frame::Reset { seq } => Event::default().event("reset").id(seq.to_string()).data(format!("{{\"seq\":{seq}}}")),
        Frame::Ping => Event::default().event("ping").data("{}"),
        Frame::Event(event) => {
            let data = serde_json::to_string(&event).unwrap_or_default();
            Event::default().event("told").id(event.seq.to_string()).data(data)
        }
    }
}
