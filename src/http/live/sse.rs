//! Server-sent events (WHATWG HTML §9.2): the browser reconnects by itself and repeats the last number.

use std::{convert::Infallible, time::Duration};

use axum::{
    body::Body,
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures::{StreamExt, stream};

use crate::server::live::{Feed, Frame};

/// A page that does not know `replaced` reconnects by itself. Not at once, or tabs would chase one another round and round.
const REPLACED_RETRY: Duration = Duration::from_secs(600);

pub fn answer(feed: Feed, retry_ms: u64) -> Response {
    let opening = stream::once(async move { Event::default().retry(Duration::from_millis(retry_ms)) });
    let events = opening.chain(feed.frames().map(encode)).map(Ok::<_, Infallible>);
    super::streamed("text/event-stream", Body::new(Sse::new(events).into_response().into_body()))
}

fn encode(frame: Frame) -> Event {
    match frame {
        Frame::Hello { build } => Event::default().event("hello").data(format!("{{\"build\":\"{build}\"}}")),
        Frame::Reset { seq } => Event::default().event("reset").id(seq.to_string()).data(format!("{{\"seq\":{seq}}}")),
        Frame::Ping => Event::default().event("ping").data("{}"),
        Frame::Replaced => Event::default().event("replaced").retry(REPLACED_RETRY).data("{}"),
        Frame::Presence(glimpse) => Event::default().event("presence").data(serde_json::to_string(&glimpse).unwrap_or_default()),
        Frame::Told(event) => {
            let data = serde_json::to_string(&event).unwrap_or_default();
            Event::default().event("told").id(event.seq.to_string()).data(data)
        }
    }
}
