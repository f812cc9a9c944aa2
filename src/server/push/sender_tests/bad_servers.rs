//! Servers that stay silent, send without end, redirect, or do not speak HTTP.

use super::*;

#[tokio::test]
async fn a_server_that_never_answers_times_out() {
    let sink = Sink::start([Reply::Hang]).await;
    let sender = sink.sender().with_timeouts(SHORT, SHORT).expect("a sender");
    assert_eq!(send_or_fail(&sender, &sink.endpoint()).await, failure("timeout"));
    assert_eq!(sink.hits(), 1);
}

#[tokio::test]
async fn a_head_that_drips_times_out_and_a_body_that_drips_changes_nothing() {
    let head = Sink::start([Reply::Drip("HTTP/1.1 201 Created\r\nx-slow: ".into())]).await;
    let sender = head.sender().with_timeouts(SHORT, SHORT).expect("a sender");
    assert_eq!(send_or_fail(&sender, &head.endpoint()).await, failure("timeout"));

    let body = Sink::start([Reply::Drip("HTTP/1.1 410 Gone\r\ncontent-length: 1000000\r\n\r\n".into())]).await;
    let sender = body.sender().with_timeouts(SHORT, SHORT).expect("a sender");
    assert_eq!(send_or_fail(&sender, &body.endpoint()).await, PushOutcome::Gone { status: 410, since: None });
}

#[tokio::test]
async fn of_a_flood_no_more_than_a_sip_is_read() {
    for head in [
        "HTTP/1.1 201 Created\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: 1000000000000\r\n\r\n",
        "HTTP/1.1 201 Created\r\ncontent-length: 18446744073709551613\r\n\r\n",
    ] {
        let sink = Sink::start([Reply::Flood(head.into())]).await;
        let begun = Instant::now();
        let outcome = sink.outcome().await;
        assert!(begun.elapsed() < TOTAL, "{head}");
        assert_eq!(outcome, PushOutcome::Accepted { status: 201 }, "{head}");
        // The rest lies in the sockets' buffers.
        assert!(sink.server.flooded() < 32 * 1024 * 1024, "{head}");
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
