//! What each answer of a push service means, and what is sent.

use super::*;

#[tokio::test]
async fn every_status_says_what_comes_next() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(Sink::status(status).await.outcome().await, PushOutcome::Accepted { status });
    }
    for status in [404, 410] {
        assert_eq!(Sink::status(status).await.outcome().await, PushOutcome::Gone { status, since: None });
    }
    for (status, cause) in [
        (408, "timeout"),
        (429, "throttled"),
        (500, "service"),
        (502, "service"),
        (503, "service"),
        (504, "service"),
        (599, "service"),
        (999, "service"),
    ] {
        let later = PushOutcome::RetryAfter { status: Some(status), after_ms: None, cause };
        assert_eq!(Sink::status(status).await.outcome().await, later);
    }
    let rejected = [
        (300, "redirect"),
        (304, "redirect"),
        (400, "request"),
        (401, "authorization"),
        (402, "other"),
        (403, "authorization"),
        (405, "other"),
        (406, "other"),
        (409, "other"),
        (413, "size"),
        (418, "other"),
        (422, "other"),
        (499, "other"),
    ];
    for (status, cause) in rejected {
        assert_eq!(Sink::status(status).await.outcome().await, PushOutcome::Rejected { status, cause });
    }
}

#[tokio::test]
async fn the_service_may_say_when_to_come_back() {
    for status in [429, 408, 503] {
        let sink = Sink::start([plain(status, "retry-after: 120\r\n")]).await;
        let outcome = sink.outcome().await;
        assert!(
            matches!(outcome, PushOutcome::RetryAfter { status: Some(s), after_ms: Some(120_000), .. } if s == status),
            "{status}: {outcome:?}"
        );
    }
    let dated = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\nretry-after: Sun, 06 Nov 1994 08:50:37 GMT\r\n";
    let outcome = Sink::start([plain(503, dated)]).await.outcome().await;
    assert_eq!(outcome, PushOutcome::RetryAfter { status: Some(503), after_ms: Some(60_000), cause: "service" });
}

#[test]
fn retry_after_is_seconds_or_a_date_and_nonsense_is_ignored() {
    let now = "Sun, 06 Nov 1994 08:49:37 GMT";
    let cases = [
        ("0", Some(0)),
        ("1", Some(1_000)),
        (" 120 ", Some(120_000)),
        ("007", Some(7_000)),
        ("86400", Some(DAY_MS)),
        ("86401", Some(DAY_MS)),
        ("9223372036854775807", Some(DAY_MS)),
        ("99999999999999999999999", Some(DAY_MS)),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
        ("Sun, 06 Nov 1994 08:50:07 GMT", Some(30_000)),
        ("Sunday, 06-Nov-94 08:50:07 GMT", Some(30_000)),
        ("Sun Nov  6 08:50:07 1994", Some(30_000)),
        ("Wed, 06 Nov 2024 08:49:37 GMT", Some(DAY_MS)),
        ("Sun, 06 Nov 1994 08:49:36 GMT", None),
        ("Mon, 06 Nov 1994 08:50:07 GMT", None),
        ("Sun, 31 Feb 1994 08:50:07 GMT", None),
        ("Sun, 06 Nov 1994 08:50:07 +0900", None),
        ("1994-11-06T08:50:07Z", None),
        ("", None),
        ("-1", None),
        ("+1", None),
        ("1.5", None),
        ("1e3", None),
        ("0x10", None),
        ("１２", None),
        ("soon", None),
        ("120, 240", None),
    ];
    for (value, expected) in cases {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, HeaderValue::from_static(now));
        headers.insert(RETRY_AFTER, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        assert_eq!(retry_after_ms(&headers), expected, "{value:?}");
    }
    let mut headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("Sun, 06 Nov 1994 08:50:07 GMT"))]);
    assert_eq!(retry_after_ms(&headers), None, "a date without the service's own says nothing");
    headers.insert(DATE, HeaderValue::from_static("today"));
    assert_eq!(retry_after_ms(&headers), None);
    assert_eq!(retry_after_ms(&HeaderMap::new()), None);
}

#[tokio::test]
async fn headers_and_body_arrive_exactly_as_sent() {
    let sink = Sink::status(201).await;
    let (sender, endpoint) = (sink.sender(), sink.endpoint());

    sender.send(message(&endpoint)).await;
    sender.send(PushMessage { urgency: Urgency::Normal, ttl_s: 0, body: vec![7; 4_096], ..message(&endpoint) }).await;

    let requests = sink.requests.lock().expect("requests").clone();
    let lines = |at: usize| {
        let (start, headers) = requests[at].head.split_once("\r\n").expect("a head");
        let mut headers = headers.split("\r\n").map(str::to_owned).collect::<Vec<_>>();
        headers.sort_unstable();
        (start.to_owned(), headers.join("\n"))
    };
    let expected = |urgency: &str, ttl: &str, length: usize| {
        format!(
            "accept: */*\nauthorization: vapid t=a.b.c, k=d\ncontent-encoding: aes128gcm\ncontent-length: {length}\n\
             content-type: application/octet-stream\nhost: {}\ntopic: bXktdG9waWM\nttl: {ttl}\nurgency: {urgency}\n\
             user-agent: umbba",
            sink.address
        )
    };
    assert_eq!(lines(0), ("POST /push/secret?token=secret HTTP/1.1".into(), expected("high", "86400", 12)));
    assert_eq!(lines(1), ("POST /push/secret?token=secret HTTP/1.1".into(), expected("normal", "0", 4_096)));
    assert_eq!(requests[0].body, b"\0\x01encrypted\xff");
    assert_eq!(requests[1].body, [7; 4_096]);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_refused() {
    let sink = Sink::status(201).await;
    let (sender, endpoint) = (sink.sender(), sink.endpoint());
    for broken in ["a\r\nhost: evil.example", "a\nb", "a\0"] {
        let refused = PushOutcome::Refused(GuardError::Header);
        assert_eq!(sender.send(PushMessage { topic: broken, ..message(&endpoint) }).await, refused);
        assert_eq!(sender.send(PushMessage { authorization: broken, ..message(&endpoint) }).await, refused);
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_url_that_http_cannot_say_is_refused() {
    let names = Names::new([vec!["127.0.0.1"]]);
    let outcome = post(&worldly(names.clone()), "a{b}.example", 1).await;
    assert_eq!(outcome, PushOutcome::Refused(GuardError::Endpoint(EndpointError::Malformed)));
    assert!(names.asked().is_empty());
}
