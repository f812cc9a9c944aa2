//! Tests of the two endless bodies (SSE and NDJSON): the server takes their connection over from the HTTP library in
//! mid-response.

use super::*;

/// Splits a body into its chunks (RFC 9112 §7.1). The body must end with the last chunk.
fn chunks(mut body: &str) -> Vec<&str> {
    let mut chunks = Vec::new();
    loop {
        let (size, rest) = body.split_once("\r\n").expect("a chunk's size");
        let size = usize::from_str_radix(size, 16).expect("a number");
        let (chunk, rest) = rest.split_at(size);
        body = rest.strip_prefix("\r\n").expect("a chunk's end");
        if size == 0 {
            assert_eq!(body, "", "nothing after the last chunk");
            return chunks;
        }
        chunks.push(chunk);
    }
}

#[tokio::test]
async fn a_stream_is_one_well_formed_response_from_its_head_to_its_last_chunk() {
    let app = TestApp::start().await;
    for transport in [Transport::Sse, Transport::Ndjson] {
        let (browser, person, last) = somebody(&app).await;
        let mut stream = raw(&browser, &head(&browser, transport, last)).await;
        let beginning = to_the_mark(&mut stream, "\n\r\n").await;
        tell(&app, person, 250).await;
        let told = to_the_mark(&mut stream, &format!("\"seq\":{},\"kind\":\"settings_changed\"", last + 250)).await;
        assert_eq!(browser.post("sign_out", &[]).await.status(), 200);
        let end = String::from_utf8(to_the_end(&mut stream).await).expect("UTF-8");

        let (head, beginning) = beginning.split_once("\r\n\r\n").expect("a head");
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 200 ok"), "{head}");
        assert!(head.contains("\r\ntransfer-encoding: chunked") && head.contains("\r\nconnection: close"), "{head}");
        let body = format!("{beginning}{told}{end}");
        let chunks = chunks(&body);
        assert!(
            chunks[0].contains("hello") && chunks.iter().all(|chunk| chunk.ends_with('\n')),
            "whole frames: {chunks:?}"
        );
        assert_eq!(chunks.concat().matches("settings_changed").count(), 250);
        assert!(chunks.len() < 20, "what waits goes together, in {} chunks", chunks.len());
    }
}

#[tokio::test]
async fn a_reader_of_http_1_0_hears_the_same_without_chunks() {
    let app = TestApp::start().await;
    for transport in [Transport::Sse, Transport::Ndjson] {
        let (browser, person, last) = somebody(&app).await;
        let mut stream = raw(&browser, &head(&browser, transport, last).replace("HTTP/1.1", "HTTP/1.0")).await;
        let head = to_the_mark(&mut stream, "\r\n\r\n").await.to_ascii_lowercase();
        assert!(!head.contains("transfer-encoding"), "{head}");
        to_the_mark(&mut stream, "}\n").await;
        tell(&app, person, 1).await;
        to_the_mark(&mut stream, "settings_changed").await;
        assert_eq!(browser.post("sign_out", &[]).await.status(), 200);
        to_the_end(&mut stream).await;
    }
    no_line_is_left(&app).await;
}

#[tokio::test]
async fn a_reader_that_hangs_up_leaves_no_line_behind() {
    // The heartbeat is so long that it cannot detect the closed connection.
    let app = TestApp::start_with_heartbeat(Duration::from_secs(3_600)).await;
    let (browser, _, last) = somebody(&app).await;
    for transport in [Transport::Sse, Transport::Ndjson] {
        let mut stream = raw(&browser, &head(&browser, transport, last)).await;
        to_the_mark(&mut stream, "}\n").await;
        assert_eq!(app.state.database.notifier().count_connections(), 1);
        drop(stream);
        no_line_is_left(&app).await;
    }
}

#[tokio::test]
async fn what_is_said_up_a_stream_is_not_answered_and_not_for_long() {
    let app = TestApp::start().await;
    let (browser, person, last) = somebody(&app).await;
    for transport in [Transport::Sse, Transport::Ndjson] {
        let request = head(&browser, transport, last);
        let mut stream = raw(&browser, &request.repeat(2)).await;
        to_the_mark(&mut stream, "}\n").await;
        stream.write_all(request.as_bytes()).await.expect("an open line");
        tell(&app, person, 1).await;
        let heard = to_the_mark(&mut stream, "settings_changed").await;
        assert!(!heard.contains("HTTP/1.1"), "one request is answered on it: {heard}");
        let talking = async { while stream.write_all(request.as_bytes()).await.is_ok() {} };
        tokio::time::timeout(PATIENCE, talking).await.expect("it is hung up on");
        no_line_is_left(&app).await;
    }
}

#[tokio::test]
async fn asking_for_the_head_opens_no_line() {
    let app = TestApp::start().await;
    let (browser, _, last) = somebody(&app).await;
    for transport in [Transport::Sse, Transport::Ndjson] {
        let mut stream = raw(&browser, &head(&browser, transport, last).replacen("GET", "HEAD", 1)).await;
        let head = to_the_mark(&mut stream, "\r\n\r\n").await;
        assert!(head.contains(transport.accept()), "{head}");
        no_line_is_left(&app).await;
    }
}
