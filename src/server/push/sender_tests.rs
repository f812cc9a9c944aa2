//! The sender against servers that speak, stay silent, drip, redirect and flood, and against names that change their
//! mind.

use std::{
    collections::VecDeque,
    env,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

const SHORT: Duration = Duration::from_millis(300);
/// Deadlines are generous: they end a broken test, they decide none.
const LONG: Duration = Duration::from_secs(20);

/// What a server does once it has read a request.
#[derive(Clone)]
enum Reply {
    Text(String),
    Hang,
    /// The text, then a byte every 20 ms for ever.
    Drip(&'static str),
    /// The text, then zeroes for ever.
    Flood(&'static str),
}

/// Head and body.
type Request = (String, Vec<u8>);

/// A server of raw HTTP/1.1. It repeats its last reply.
struct Sink {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<Request>>>,
    flooded: Arc<AtomicUsize>,
}

impl Sink {
    async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_at("127.0.0.1:0", replies).await
    }

    async fn start_at(address: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let sink = Self {
            address: listener.local_addr().expect("an address"),
            connections: Arc::default(),
            requests: Arc::default(),
            flooded: Arc::default(),
        };
        let replies = Arc::new(Mutex::new(replies.into_iter().collect::<VecDeque<_>>()));
        let (connections, requests, flooded) = (sink.connections.clone(), sink.requests.clone(), sink.flooded.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, replies.clone(), requests.clone(), flooded.clone()));
            }
        });
        sink
    }

    async fn status(status: u16) -> Self {
        Self::start([plain(status, "")]).await
    }

    fn endpoint(&self) -> String {
        format!("http://{}/push/secret?token=secret", self.address)
    }

    fn sender(&self) -> PushSender {
        let hosts = PushHosts::parse("", &self.address.to_string(), false).expect("hosts");
        PushSender::new(hosts).expect("a sender")
    }

    async fn outcome(&self) -> PushOutcome {
        self.sender().send(message(&self.endpoint())).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn hits(&self) -> usize {
        self.requests.lock().expect("requests").len()
    }
}

fn plain(status: u16, headers: &str) -> Reply {
    Reply::Text(format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\n{headers}\r\n"))
}

async fn converse(
    mut stream: TcpStream,
    replies: Arc<Mutex<VecDeque<Reply>>>,
    requests: Arc<Mutex<Vec<Request>>>,
    flooded: Arc<AtomicUsize>,
) {
    while let Some(request) = read_request(&mut stream).await {
        requests.lock().expect("requests").push(request);
        let reply = {
            let mut replies = replies.lock().expect("replies");
            if replies.len() > 1 { replies.pop_front() } else { replies.front().cloned() }
        };
        match reply.expect("a reply") {
            Reply::Text(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                if text.contains("connection: close") {
                    return;
                }
            }
            Reply::Hang => std::future::pending().await,
            Reply::Drip(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let mut ticks = tokio::time::interval(Duration::from_millis(20));
                while stream.write_all(b"x").await.is_ok() {
                    ticks.tick().await;
                }
                return;
            }
            Reply::Flood(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                while let Ok(written) = stream.write(&[0; 64 * 1024]).await {
                    flooded.fetch_add(written, Ordering::SeqCst);
                }
                return;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).expect("a head");
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().expect("a length"));
            if bytes.len() >= end + 4 + length {
                return Some((head, bytes[end + 4..].to_vec()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn message(endpoint: &str) -> PushMessage<'_> {
    PushMessage {
        endpoint,
        body: b"\0\x01encrypted\xff".to_vec(),
        authorization: "vapid t=a.b.c, k=d",
        ttl_s: 86_400,
        urgency: Urgency::High,
        topic: "bXktdG9waWM",
    }
}

/// Names with answers one after the other; the last one stays.
struct Names {
    answers: Mutex<VecDeque<Vec<&'static str>>>,
    asked: Mutex<Vec<String>>,
}

impl Names {
    fn new(answers: impl IntoIterator<Item = Vec<&'static str>>) -> Arc<Self> {
        Arc::new(Self { answers: Mutex::new(answers.into_iter().collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("names").clone()
    }
}

impl Lookup for Names {
    fn lookup(&self, host: String) -> Looking {
        self.asked.lock().expect("names").push(host);
        let mut answers = self.answers.lock().expect("answers");
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        let addresses =
            answer.map(|answer| answer.iter().map(|address| address.parse().expect("an address")).collect());
        Box::pin(async move { addresses.ok_or_else(|| io::Error::other("no such name")) })
    }
}

fn no_hosts() -> PushHosts {
    PushHosts::parse("", "", true).expect("hosts")
}

/// A sender for which 127.0.0.1 is the open internet, and everything else is not.
fn worldly(names: Arc<Names>) -> PushSender {
    let guard = Arc::new(Guard {
        hosts: no_hosts(),
        lookup: names,
        is_public: |address| address == IpAddr::from([127, 0, 0, 1]),
    });
    PushSender { client: client(guard.clone(), LONG, LONG).expect("a client"), guard }
}

/// Past the endpoint's check, which lets no port through: only the resolver stands guard.
async fn post(sender: &PushSender, host: &str, port: u16) -> PushOutcome {
    let url = Url::parse(&format!("http://{host}:{port}/push")).expect("a URL");
    sender.post(url, message("")).await
}

/// Sends, and fails where the sender has no end of its own.
async fn send_or_fail(sender: &PushSender, endpoint: &str) -> PushOutcome {
    tokio::time::timeout(LONG, sender.send(message(endpoint))).await.expect("an end")
}

fn failure(cause: &'static str) -> PushOutcome {
    PushOutcome::RetryAfter { status: None, after_ms: None, cause }
}

// ---- answers

#[tokio::test]
async fn every_status_says_what_comes_next() {
    for status in [200, 201, 202, 204, 299] {
        assert_eq!(Sink::status(status).await.outcome().await, PushOutcome::Accepted { status });
    }
    for status in [404, 410] {
        assert_eq!(Sink::status(status).await.outcome().await, PushOutcome::Gone { status });
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
        let (start, headers) = requests[at].0.split_once("\r\n").expect("a head");
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
    assert_eq!(requests[0].1, b"\0\x01encrypted\xff");
    assert_eq!(requests[1].1, [7; 4_096]);
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_refused() {
    let sink = Sink::status(201).await;
    let (sender, endpoint) = (sink.sender(), sink.endpoint());
    for broken in ["a\r\nhost: evil.example", "a\nb", "a\0"] {
        let refused = PushOutcome::Refused(Refusal::Header);
        assert_eq!(sender.send(PushMessage { topic: broken, ..message(&endpoint) }).await, refused);
        assert_eq!(sender.send(PushMessage { authorization: broken, ..message(&endpoint) }).await, refused);
    }
    assert_eq!(sink.connections(), 0);
}

#[tokio::test]
async fn a_url_that_http_cannot_say_is_refused() {
    let names = Names::new([vec!["127.0.0.1"]]);
    let outcome = post(&worldly(names.clone()), "a{b}.example", 1).await;
    assert_eq!(outcome, PushOutcome::Refused(Refusal::Endpoint(EndpointError::Malformed)));
    assert!(names.asked().is_empty());
}

// ---- bad servers

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let sink = Sink::start([Reply::Hang]).await;
    let sender = sink.sender().with_timeouts(SHORT, SHORT).expect("a sender");
    assert_eq!(send_or_fail(&sender, &sink.endpoint()).await, failure("timeout"));
    assert_eq!(sink.hits(), 1);
}

#[tokio::test]
async fn a_head_that_drips_times_out_and_a_body_that_drips_changes_nothing() {
    let head = Sink::start([Reply::Drip("HTTP/1.1 201 Created\r\nx-slow: ")]).await;
    let sender = head.sender().with_timeouts(SHORT, SHORT).expect("a sender");
    assert_eq!(send_or_fail(&sender, &head.endpoint()).await, failure("timeout"));

    let body = Sink::start([Reply::Drip("HTTP/1.1 410 Gone\r\ncontent-length: 1000000\r\n\r\n")]).await;
    let sender = body.sender().with_timeouts(SHORT, SHORT).expect("a sender");
    assert_eq!(send_or_fail(&sender, &body.endpoint()).await, PushOutcome::Gone { status: 410 });
}

#[tokio::test]
async fn of_a_flood_no_more_than_a_sip_is_read() {
    for head in [
        "HTTP/1.1 201 Created\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: 1000000000000\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: 18446744073709551613\r\n\r\n",
    ] {
        let sink = Sink::start([Reply::Flood(head)]).await;
        let begun = Instant::now();
        let outcome = sink.outcome().await;
        assert!(begun.elapsed() < TOTAL, "{head}");
        assert_eq!(outcome, PushOutcome::Accepted { status: 201 }, "{head}");
        // The rest lies in the sockets' buffers.
        assert!(sink.flooded.load(Ordering::SeqCst) < 32 * 1024 * 1024, "{head}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Sink::status(201).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: http://{}/elsewhere\r\n", target.address);
        let sink = Sink::start([plain(status, &location)]).await;
        let hosts = PushHosts::parse("", &format!("{},{}", sink.address, target.address), false).expect("hosts");
        let sender = PushSender::new(hosts).expect("a sender");
        assert_eq!(sender.send(message(&sink.endpoint())).await, PushOutcome::Rejected { status, cause: "redirect" });
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_closed_port_and_a_server_without_manners_are_tried_again_later() {
    let closed = {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listener.local_addr().expect("an address")
    };
    let hosts = PushHosts::parse("", &closed.to_string(), false).expect("hosts");
    let sender = PushSender::new(hosts).expect("a sender");
    assert_eq!(sender.send(message(&format!("http://{closed}/push"))).await, failure("connect"));

    for text in ["SSH-2.0-x\r\n connection: close", "HTTP/1.1 2O1 x\r\nconnection: close\r\n\r\n", "connection: close"]
    {
        let sink = Sink::start([Reply::Text(text.into())]).await;
        assert_eq!(sink.outcome().await, failure("connection"), "{text}");
    }
}

#[tokio::test]
async fn nothing_that_comes_back_holds_the_url() {
    let sink = Sink::start([plain(400, ""), Reply::Text("nonsense connection: close".into())]).await;
    let (sender, endpoint) = (sink.sender(), sink.endpoint());
    let unknown = sender.send(message("https://evil.example/secret")).await;
    let outcomes = [sender.send(message(&endpoint)).await, sender.send(message(&endpoint)).await, unknown];
    for outcome in outcomes {
        assert!(!format!("{outcome:?}").contains("secret"), "{outcome:?}");
    }
}

// ---- the guard

#[tokio::test]
async fn an_endpoint_off_the_list_is_refused_before_any_lookup() {
    let sink = Sink::status(201).await;
    let names = Names::new([vec!["127.0.0.1"]]);
    let sender = PushSender::with_resolver(no_hosts(), names.clone()).expect("a sender");

    for (endpoint, error) in [
        (sink.endpoint(), EndpointError::NotHttps),
        ("https://evil.example/push".into(), EndpointError::UnknownHost),
        ("https://127.0.0.1/push".into(), EndpointError::IpLiteral),
        ("https://localhost/push".into(), EndpointError::UnknownHost),
        (format!("https://fcm.googleapis.com:{}/push", sink.address.port()), EndpointError::Port),
    ] {
        assert_eq!(sender.send(message(&endpoint)).await, PushOutcome::Refused(Refusal::Endpoint(error)));
    }

    assert_eq!((sink.connections(), names.asked().len()), (0, 0));
}

#[tokio::test]
async fn a_name_with_one_address_that_is_not_public_is_refused_whole() {
    for answer in [
        vec!["127.0.0.1"],
        vec!["10.0.0.1"],
        vec!["169.254.169.254"],
        vec!["::1"],
        vec!["::ffff:127.0.0.1"],
        vec!["64:ff9b::7f00:1"],
        vec!["8.8.8.8", "127.0.0.1"],
        vec!["2606:4700::1111", "fd00::1", "8.8.8.8"],
    ] {
        let names = Names::new([answer.clone()]);
        let sender = PushSender::with_resolver(no_hosts(), names.clone()).expect("a sender");
        let outcome = sender.send(message("https://fcm.googleapis.com/fcm/send/x")).await;
        assert_eq!(outcome, PushOutcome::Refused(Refusal::NotPublic), "{answer:?}");
        assert_eq!(names.asked(), ["fcm.googleapis.com"]);
    }
}

#[tokio::test]
async fn a_name_without_addresses_is_tried_again_later() {
    for answers in [vec![], vec![vec![]]] {
        let sender = PushSender::with_resolver(no_hosts(), Names::new(answers)).expect("a sender");
        assert_eq!(sender.send(message("https://fcm.googleapis.com/fcm/send/x")).await, failure("dns"));
    }
}

#[tokio::test]
async fn a_name_that_turns_private_is_never_followed_there() {
    let public = Sink::start([plain(201, "connection: close\r\n")]).await;
    let port = public.address.port();
    let private = Sink::start_at(&format!("127.0.0.2:{port}"), [plain(201, "")]).await;
    let names = Names::new([vec!["127.0.0.1"], vec!["127.0.0.2"]]);
    let sender = worldly(names.clone());

    assert_eq!(post(&sender, "rebound.example", port).await, PushOutcome::Accepted { status: 201 });
    assert_eq!(names.asked().len(), 1, "what was judged is connected to: nothing asks twice");
    for _ in 0..3 {
        assert_eq!(post(&sender, "rebound.example", port).await, PushOutcome::Refused(Refusal::NotPublic));
    }

    assert_eq!((public.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn a_kept_connection_stays_with_its_judged_address_and_its_name() {
    let public = Sink::status(201).await;
    let port = public.address.port();
    let private = Sink::start_at(&format!("127.0.0.2:{port}"), [plain(201, "")]).await;
    let names = Names::new([vec!["127.0.0.1"], vec!["127.0.0.2"]]);
    let sender = worldly(names.clone());

    for _ in 0..3 {
        assert_eq!(post(&sender, "one.example", port).await, PushOutcome::Accepted { status: 201 });
    }
    assert_eq!((public.connections(), names.asked().len()), (1, 1));

    assert_eq!(
        post(&sender, "two.example", port).await,
        PushOutcome::Refused(Refusal::NotPublic),
        "another name has no part in it"
    );
    assert_eq!(names.asked(), ["one.example", "two.example"]);
    assert_eq!((public.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn localhost_is_connected_to_only_by_its_exact_port() {
    let sink = Sink::status(201).await;
    let other = Sink::status(201).await;
    let hosts = PushHosts::parse("", &format!("localhost:{}", sink.address.port()), false).expect("hosts");
    let names = Names::new([]);
    let sender = PushSender::with_resolver(hosts, names.clone()).expect("a sender");
    let endpoint = |port: u16| format!("http://localhost:{port}/push");

    assert_eq!(sender.send(message(&endpoint(sink.address.port()))).await, PushOutcome::Accepted { status: 201 });
    let refused = PushOutcome::Refused(Refusal::Endpoint(EndpointError::NotHttps));
    assert_eq!(sender.send(message(&endpoint(other.address.port()))).await, refused);
    assert_eq!(sender.send(message(&sink.endpoint())).await, refused, "127.0.0.1 is another host");

    assert_eq!((other.connections(), names.asked().len()), (0, 0));
}

// ---- the client

#[tokio::test]
async fn sends_share_a_kept_connection() {
    let sink = Sink::start([Reply::Text("HTTP/1.1 201 Created\r\ncontent-length: 5\r\n\r\nhello".into())]).await;
    let (sender, endpoint) = (sink.sender(), sink.endpoint());
    for _ in 0..20 {
        assert_eq!(sender.clone().send(message(&endpoint)).await, PushOutcome::Accepted { status: 201 });
    }
    assert_eq!((sink.connections(), sink.hits()), (1, 20));
}

#[tokio::test]
async fn tls_names_the_host_and_offers_http2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hello = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut head = [0; 5];
        stream.read_exact(&mut head).await.expect("a record");
        let mut hello = vec![0; u16::from_be_bytes([head[3], head[4]]).into()];
        stream.read_exact(&mut hello).await.expect("a hello");
        // A fatal alert: handshake_failure.
        stream.write_all(&[21, 3, 3, 0, 2, 2, 40]).await.expect("sent");
        hello
    });
    let sender = worldly(Names::new([vec!["127.0.0.1"]]));

    let outcome =
        sender.post(Url::parse(&format!("https://push.example:{port}/push")).expect("a URL"), message("")).await;

    assert_eq!(outcome, failure("tls"));
    let hello = hello.await.expect("a hello");
    for part in [b"push.example", b"\x02h2\x08http/1.1"] {
        assert!(hello.windows(12).any(|bytes| bytes == part), "{}", String::from_utf8_lossy(part));
    }
}

/// Runs itself in a process of its own: a variable set here would be seen by every other test.
#[tokio::test]
async fn a_proxy_in_the_environment_is_not_asked() {
    const ENDPOINT: &str = "PUSH_TEST_ENDPOINT";
    if let Ok(endpoint) = env::var(ENDPOINT) {
        let address = endpoint.split('/').nth(2).expect("an address");
        let sender = PushSender::new(PushHosts::parse("", address, false).expect("hosts")).expect("a sender");
        assert_eq!(sender.send(message(&endpoint)).await, PushOutcome::Accepted { status: 201 });
        return;
    }
    let (sink, proxy) = (Sink::status(201).await, Sink::status(599).await);
    let name =
        format!("{}::a_proxy_in_the_environment_is_not_asked", module_path!().split_once("::").expect("a crate").1);

    let mut child = Command::new(env::current_exe().expect("this test"));
    child
        .args(["--exact", &name])
        .env(ENDPOINT, sink.endpoint())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .env_remove("REQUEST_METHOD");
    for variable in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(variable, format!("http://{}", proxy.address));
    }
    let output = tokio::task::spawn_blocking(move || child.output().expect("a process")).await.expect("a thread");

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((sink.hits(), proxy.connections()), (1, 0));
}
