//! The head of a request for a feed, read without the HTTP library.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header, request::Parts};
use httparse::Status;

/// Most bytes of a head that is read here. The library reads a longer one.
pub const MAX_HEAD: usize = 8 * 1024;
/// Most headers of a request that is read here.
const MAX_HEADERS: usize = 64;

/// A request for a feed, with nothing behind it.
pub struct Head {
    pub parts: Parts,
    /// Whether the connection may serve another request afterwards (RFC 9112 §9.3).
    pub is_kept: bool,
}

/// Whether these are the first bytes of a request for a feed.
pub fn is_of_feed(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"GET /events").is_some_and(|rest| rest.starts_with(b"?") || rest.starts_with(b" "))
}

/// Whether the head is complete, or longer than is read here.
pub fn has_ended(bytes: &[u8]) -> bool {
    bytes.len() > MAX_HEAD || bytes.windows(4).any(|end| end == b"\r\n\r\n")
}

/// Parses a plain request: HTTP/1.1, one `Host`, no body, no upgrade, and no byte after its head. `None` for all
/// others, which the library knows how to answer.
pub fn parse(bytes: &[u8]) -> Option<Head> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut request = httparse::Request::new(&mut fields);
    if request.parse(bytes).ok()? != Status::Complete(bytes.len()) || request.version != Some(1) {
        return None;
    }
    let uri: Uri = request.path.filter(|path| path.starts_with('/'))?.parse().ok()?;
    if request.method != Some("GET") || uri.path() != "/events" {
        return None;
    }
    let mut headers = HeaderMap::with_capacity(request.headers.len());
    for field in request.headers.iter() {
        headers.append(HeaderName::from_bytes(field.name.as_bytes()).ok()?, HeaderValue::from_bytes(field.value).ok()?);
    }
    let is_plain = headers.get_all(header::HOST).iter().count() == 1
        && [header::TRANSFER_ENCODING, header::UPGRADE, header::EXPECT].iter().all(|name| !headers.contains_key(name))
        && headers.get_all(header::CONTENT_LENGTH).iter().all(|length| length.as_bytes() == b"0");
    let is_kept = is_kept(&headers).filter(|_| is_plain)?;
    let (mut parts, ()) = Request::new(()).into_parts();
    (parts.uri, parts.headers) = (uri, headers);
    Some(Head { parts, is_kept })
}

/// What `Connection` says; `None` when it names anything but `close` and `keep-alive`.
fn is_kept(headers: &HeaderMap) -> Option<bool> {
    let mut is_kept = true;
    for line in headers.get_all(header::CONNECTION) {
        for word in line.to_str().ok()?.split(',').map(str::trim).filter(|word| !word.is_empty()) {
            if word.eq_ignore_ascii_case("close") {
                is_kept = false;
            } else if !word.eq_ignore_ascii_case("keep-alive") {
                return None;
            }
        }
    }
    Some(is_kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(line: &str, headers: &str) -> Option<Head> {
        parse(format!("{line}\r\nHost: a\r\n{headers}\r\n").as_bytes())
    }

    #[test]
    fn a_plain_request_is_read() {
        let head = request("GET /events?after=3 HTTP/1.1", "Cookie: a=b\r\nCookie: c=d\r\nContent-Length: 0\r\n");
        let Head { parts, is_kept } = head.expect("a head");
        assert_eq!((parts.uri.query(), is_kept), (Some("after=3"), true));
        assert_eq!(parts.headers.get_all("cookie").iter().count(), 2);
        let kept = |headers| request("GET /events HTTP/1.1", headers).map(|head| head.is_kept);
        assert_eq!(kept("Connection: Keep-Alive\r\n"), Some(true));
        assert_eq!(kept("Connection: keep-alive, CLOSE\r\n"), Some(false));
    }

    #[test]
    fn every_other_request_is_left_to_the_library() {
        for line in [
            "GET /events HTTP/1.0",
            "HEAD /events HTTP/1.1",
            "POST /events HTTP/1.1",
            "GET /events/ HTTP/1.1",
            "GET /event HTTP/1.1",
            "GET http://a/events HTTP/1.1",
            "GET /events",
        ] {
            assert!(request(line, "").is_none(), "{line}");
        }
        for headers in [
            "Host: b\r\n",
            "Upgrade: websocket\r\n",
            "Connection: upgrade\r\n",
            "Expect: 100-continue\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Content-Length: 1\r\n",
            "no colon\r\n",
            "\r\nGET /events HTTP/1.1\r\nHost: a\r\n",
        ] {
            assert!(request("GET /events HTTP/1.1", headers).is_none(), "{headers}");
        }
        assert!(parse(b"GET /events HTTP/1.1\r\n\r\n").is_none(), "no host");
        assert!(parse(b"GET /events HTTP/1.1\r\nHost: a\r\n").is_none(), "not complete");
    }

    #[test]
    fn the_first_bytes_tell_a_feed() {
        for (bytes, expected) in
            [("GET /events?", true), ("GET /events HTTP", true), ("GET /eventsource", false), ("GET /ev", false)]
        {
            assert_eq!(is_of_feed(bytes.as_bytes()), expected, "{bytes}");
        }
    }
}
