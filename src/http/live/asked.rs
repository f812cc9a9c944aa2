//! What a request to `/events` asks for: from which cursor on, and over which door.

use std::time::Duration;

use axum::{
    extract::Query,
    http::{HeaderMap, Uri, header},
};
use serde::Deserialize;

use super::refusal::Refusal;
use crate::{domain::PersonId, http::client::quality};

/// Under a minute: proxies cut what is silent for longer (nginx after 60 s).
const LONGEST_WAIT: u64 = 55;

#[derive(Debug, PartialEq, Eq)]
pub struct Asked {
    /// The last number the reader has; 0 when it has none.
    pub cursor: i64,
    /// Whose page asks, if it says so.
    pub whose: Option<PersonId>,
    pub door: Door,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
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

/// What we write, the one we would rather write first.
const OFFERED: [(&str, Door); 3] =
    [("text/event-stream", Door::Sse), ("application/x-ndjson", Door::Ndjson), (JSON, Door::Poll)];
const JSON: &str = "application/json";

impl Asked {
    pub fn parse(headers: &HeaderMap, uri: &Uri) -> Result<Self, Refusal> {
        let Query(fields) = Query::<Fields>::try_from_uri(uri).map_err(|_| Refusal::Malformed)?;
        let wait = fields.wait.as_deref().map(parse_wait).transpose()?;
        let cursor = match headers.get("last-event-id") {
            // A browser that reconnects by itself repeats the URL it began with: its header is newer.
            Some(value) if !value.as_bytes().trim_ascii().is_empty() => {
                parse_cursor(value.to_str().map_err(|_| Refusal::CursorInvalid)?)?
            }
            // An empty one says that none was heard yet (WHATWG HTML §9.2.6).
            _ => fields.after.as_deref().map_or(Ok(0), parse_cursor)?,
        };
        let whose = fields.whose.map(|id| id.parse().map_err(|_| Refusal::Malformed)).transpose()?;
        Ok(Self { cursor, whose, door: door(headers, wait)? })
    }
}

fn door(headers: &HeaderMap, wait: Option<Duration>) -> Result<Door, Refusal> {
    if headers.get(header::UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return Ok(Door::WebSocket);
    }
    let ranges: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().unwrap_or_default()).collect();
    let accept = ranges.join(",");
    // No Accept at all takes anything (RFC 9110 §12.5.1).
    let accept = if accept.trim().is_empty() { "*/*" } else { &accept };
    if let Some(wait) = wait {
        return if weight(accept, JSON) > 0.0 { Ok(Door::LongPoll(wait)) } else { Err(Refusal::NotAcceptable) };
    }
    let mut best = None;
    for (name, door) in OFFERED {
        let weight = weight(accept, name);
        if weight > best.map_or(0.0, |(best, _)| best) {
            best = Some((weight, door));
        }
    }
    best.map(|(_, door)| door).ok_or(Refusal::NotAcceptable)
}

/// How much an `Accept` wants a type: the weight of the most precise range that names it, 0 when none does.
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

fn parse_cursor(text: &str) -> Result<i64, Refusal> {
    text.parse::<i64>().ok().filter(|cursor| *cursor >= 0).ok_or(Refusal::CursorInvalid)
}

fn parse_wait(text: &str) -> Result<Duration, Refusal> {
    let seconds =
        text.parse::<u64>().ok().filter(|seconds| (1..=LONGEST_WAIT).contains(seconds)).ok_or(Refusal::WaitInvalid)?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(uri: &str, headers: &[(&'static str, &str)]) -> Result<Asked, Refusal> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value")))
            .collect();
        Asked::parse(&headers, &uri.parse().expect("an address"))
    }

    fn door_of(accept: &str) -> Result<Door, Refusal> {
        asked("/events", &[("accept", accept)]).map(|asked| asked.door)
    }

    #[test]
    fn the_door_is_what_the_reader_wants_most() {
        assert_eq!(asked("/events", &[]), Ok(Asked { cursor: 0, whose: None, door: Door::Sse }));
        for accept in [
            "*/*",
            "text/event-stream",
            "TEXT/EVENT-STREAM",
            "text/*",
            "text/html,*/*;q=0.8",
            "application/json;q=0.5, */*",
        ] {
            assert_eq!(door_of(accept), Ok(Door::Sse), "{accept}");
        }
        assert_eq!(door_of("application/x-ndjson"), Ok(Door::Ndjson));
        assert_eq!(door_of("application/json"), Ok(Door::Poll));
        assert_eq!(door_of("application/json, text/event-stream;q=0.9"), Ok(Door::Poll));
        assert_eq!(door_of("*/*, text/event-stream;q=0"), Ok(Door::Ndjson));
        for accept in ["text/html", "image/*", "nonsense", "text/event-stream;q=0", "application/json;q=x"] {
            assert_eq!(door_of(accept), Err(Refusal::NotAcceptable), "{accept}");
        }
        assert_eq!(
            asked("/events", &[("upgrade", "WebSocket"), ("accept", "text/html")]).map(|asked| asked.door),
            Ok(Door::WebSocket)
        );
    }

    #[test]
    fn waiting_is_for_json_and_for_under_a_minute() {
        let waiting = |uri: &str| asked(uri, &[("accept", "application/json")]).map(|asked| asked.door);
        assert_eq!(waiting("/events?wait=1"), Ok(Door::LongPoll(Duration::from_secs(1))));
        assert_eq!(waiting("/events?wait=55"), Ok(Door::LongPoll(Duration::from_secs(55))));
        assert_eq!(asked("/events?wait=9", &[]).map(|asked| asked.door), Ok(Door::LongPoll(Duration::from_secs(9))));
        for wait in ["0", "56", "-1", "1.5", "", "soon"] {
            assert_eq!(waiting(&format!("/events?wait={wait}")), Err(Refusal::WaitInvalid), "{wait}");
        }
        assert_eq!(asked("/events?wait=9", &[("accept", "text/event-stream")]), Err(Refusal::NotAcceptable));
    }

    #[test]
    fn the_header_is_newer_than_the_address() {
        let cursor = |uri: &str, headers: &[(&'static str, &str)]| asked(uri, headers).map(|asked| asked.cursor);
        assert_eq!(cursor("/events?after=3", &[]), Ok(3));
        assert_eq!(cursor("/events?after=3", &[("last-event-id", "7")]), Ok(7));
        for none in ["", " ", "\t"] {
            assert_eq!(cursor("/events?after=3", &[("last-event-id", none)]), Ok(3), "an empty header is none");
            assert_eq!(cursor("/events", &[("last-event-id", none)]), Ok(0));
        }
        assert_eq!(cursor("/events?after=9223372036854775807", &[]), Ok(i64::MAX));
        for after in ["", "x", "-1", "1.0", "9223372036854775808"] {
            assert_eq!(cursor(&format!("/events?after={after}"), &[]), Err(Refusal::CursorInvalid), "{after}");
        }
        assert_eq!(cursor("/events?after=3", &[("last-event-id", "x")]), Err(Refusal::CursorInvalid));
        assert_eq!(cursor("/events?after=1&after=2", &[]), Err(Refusal::Malformed));
    }
}
