//! Kept connections, TLS, and the environment.

use super::*;

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
