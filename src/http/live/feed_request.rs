//! What a request to `/events` asks for: the cursor and the transport.

use std::time::Duration;

use axum::{
    extract::Query,
    http::{HeaderMap, Uri, header},
};
use serde::Deserialize;

use super::error::FeedError;
use crate::{domain::PersonId, http::client::quality};

/// Seconds. Less than a minute, because proxies end a connection that is silent for longer (nginx after 60 s).
const LONGEST_WAIT: u64 = 55;

#[derive(Debug, PartialEq, Eq)]
pub struct FeedRequest {
    /// The last number the reader has; 0 when it has none.
    pub cursor: i64,
    /// The person the asking page was rendered for, if it says so.
    pub whose: Option<PersonId>,
    pub transport: Transport,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Sse,
    Ndjson,
    WebSocket,
    LongPoll(Duration),
    Poll,
}

#[derive(Deserialize)]
struct Fields {
    after: Option<String>,
    whose: Option<String>,
    wait: Option<String>,
}

/// The content types the server can write, the preferred one first.
const OFFERED: [(&str, Transport); 3] =
    [("text/event-stream", Transport::Sse), ("application/x-ndjson", Transport::Ndjson), (JSON, Transport::Poll)];
const JSON: &str = "application/json";

impl FeedRequest {
    pub fn parse(headers: &HeaderMap, uri: &Uri) -> Result<Self, FeedError> {
        let Query(fields) = Query::<Fields>::try_from_uri(uri).map_err(|_| FeedError::Malformed)?;
        let wait = fields.wait.as_deref().map(parse_wait).transpose()?;
        let cursor = match headers.get("last-event-id") {
            // A browser that reconnects by itself repeats its first URL, so the header is newer than the query.
            Some(value) if !value.as_bytes().trim_ascii().is_empty() => {
                parse_cursor(value.to_str().map_err(|_| FeedError::CursorInvalid)?)?
            }
            // An empty header says that no event was received yet (WHATWG HTML §9.2.6).
            _ => fields.after.as_deref().map_or(Ok(0), parse_cursor)?,
        };
        let whose = fields.whose.map(|id| id.parse().map_err(|_| FeedError::Malformed)).transpose()?;
        Ok(Self { cursor, whose, transport: transport(headers, wait)? })
    }
}

fn transport(headers: &HeaderMap, wait: Option<Duration>) -> Result<Transport, FeedError> {
    if headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Ok(Transport::WebSocket);
    }
    let ranges: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let accept = ranges.join(",");
    // A request without `Accept` accepts any type (RFC 9110 §12.5.1).
    let accept = if accept.trim().is_empty() { "*/*" } else { &accept };
    if let Some(wait) = wait {
        return if weight(accept, JSON) > 0.0 { Ok(Transport::LongPoll(wait)) } else { Err(FeedError::NotAcceptable) };
    }
    let mut best = None;
    for (name, transport) in OFFERED {
        let weight = weight(accept, name);
        if weight > best.map_or(0.0, |(best, _)| best) {
            best = Some((weight, transport));
        }
    }
    best.map(|(_, transport)| transport).ok_or(FeedError::NotAcceptable)
}

/// The weight of `offered` in an `Accept` header: that of the most precise range that matches, 0 when none does.
fn weight(accept: &str, offered: &str) -> f32 {
    let family = offered.split_once('/').map_or(offered, |(family, _)| family);
    let (mut precision, mut weight) = (0, 0.0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default().to_ascii_lowercase();
        let precise = match name.split_once('/') {
            _ if name == offered => 3,
            Some((wanted, "*")) if wanted == family => 2,
            Some(("*", "*")) => 1,
            _ => 0,
        };
        if precise > precision {
            precision = precise;
            weight = quality(parts);
        }
    }
    weight
}

fn parse_cursor(text: &str) -> Result<i64, FeedError> {
    text.parse::<i64>().ok().filter(|cursor| *cursor >= 0).ok_or(FeedError::CursorInvalid)
}

fn parse_wait(text: &str) -> Result<Duration, FeedError> {
    let seconds = text
        .parse::<u64>()
        .ok()
        .filter(|seconds| (1..=LONGEST_WAIT).contains(seconds))
        .ok_or(FeedError::WaitInvalid)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed_request(uri: &str, headers: &[(&'static str, &str)]) -> Result<FeedRequest, FeedError> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect();
        FeedRequest::parse(&headers, &uri.parse().expect("an address"))
    }

    fn transport_for(accept: &str) -> Result<Transport, FeedError> {
        feed_request("/events", &[("accept", accept)]).map(|feed_request| feed_request.transport)
    }

    #[test]
    fn the_transport_is_what_the_reader_wants_most() {
        assert_eq!(feed_request("/events", &[]), Ok(FeedRequest { cursor: 0, whose: None, transport: Transport::Sse }));
        for accept in [
            "*/*",
            "text/event-stream",
            "TEXT/EVENT-STREAM",
            "text/*",
            "text/html,*/*;q=0.8",
            "application/json;q=0.5, */*",
        ] {
            assert_eq!(transport_for(accept), Ok(Transport::Sse), "{accept}");
        }
        assert_eq!(transport_for("application/x-ndjson"), Ok(Transport::Ndjson));
        assert_eq!(transport_for("application/json"), Ok(Transport::Poll));
        assert_eq!(transport_for("application/json, text/event-stream;q=0.9"), Ok(Transport::Poll));
        assert_eq!(transport_for("*/*, text/event-stream;q=0"), Ok(Transport::Ndjson));
        for accept in ["text/html", "image/*", "nonsense", "text/event-stream;q=0", "application/json;q=x"] {
            assert_eq!(transport_for(accept), Err(FeedError::NotAcceptable), "{accept}");
        }
        assert_eq!(
            feed_request("/events", &[("upgrade", "WebSocket"), ("accept", "text/html")])
                .map(|feed_request| feed_request.transport),
            Ok(Transport::WebSocket)
        );
    }

    #[test]
    fn waiting_is_for_json_and_for_under_a_minute() {
        let waiting =
            |uri: &str| feed_request(uri, &[("accept", "application/json")]).map(|feed_request| feed_request.transport);
        assert_eq!(waiting("/events?wait=1"), Ok(Transport::LongPoll(Duration::from_secs(1))));
        assert_eq!(waiting("/events?wait=55"), Ok(Transport::LongPoll(Duration::from_secs(55))));
        assert_eq!(
            feed_request("/events?wait=9", &[]).map(|feed_request| feed_request.transport),
            Ok(Transport::LongPoll(Duration::from_secs(9)))
        );
        for wait in ["0", "56", "-1", "1.5", "", "soon"] {
            assert_eq!(waiting(&format!("/events?wait={wait}")), Err(FeedError::WaitInvalid), "{wait}");
        }
        assert_eq!(feed_request("/events?wait=9", &[("accept", "text/event-stream")]), Err(FeedError::NotAcceptable));
    }

    #[test]
    fn the_header_is_newer_than_the_address() {
        let cursor = |uri: &str, headers: &[(&'static str, &str)]| {
            feed_request(uri, headers).map(|feed_request| feed_request.cursor)
        };
        assert_eq!(cursor("/events?after=3", &[]), Ok(3));
        assert_eq!(cursor("/events?after=3", &[("last-event-id", "7")]), Ok(7));
        for none in ["", " ", "\t"] {
            assert_eq!(cursor("/events?after=3", &[("last-event-id", none)]), Ok(3), "an empty header is none");
            assert_eq!(cursor("/events", &[("last-event-id", none)]), Ok(0));
        }
        assert_eq!(cursor("/events?after=9223372036854775807", &[]), Ok(i64::MAX));
        for after in ["", "x", "-1", "1.0", "9223372036854775808"] {
            assert_eq!(cursor(&format!("/events?after={after}"), &[]), Err(FeedError::CursorInvalid), "{after}");
        }
        assert_eq!(cursor("/events?after=3", &[("last-event-id", "x")]), Err(FeedError::CursorInvalid));
        assert_eq!(cursor("/events?after=1&after=2", &[]), Err(FeedError::Malformed));
    }
}
