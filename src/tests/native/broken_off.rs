//! A request whose connection ends inside its body, as when the sending process is killed, is no request.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::body::Bytes;
use http::Request;
use tokio::net::TcpStream;

use super::h2_server::{Answers, Asked, H2Server, Reply};

#[derive(Default)]
struct Recorder(Mutex<Vec<Bytes>>);

impl Answers for Recorder {
    fn answer(&self, asked: Asked) -> Reply {
        self.0.lock().expect("the bodies").push(asked.body);
        Reply::status(200, "")
    }
}

#[tokio::test]
async fn a_request_that_breaks_off_in_its_body_is_not_answered() {
    let recorder = Arc::new(Recorder::default());
    let server = H2Server::start(recorder.clone()).await;
    for (number, is_whole) in [(1, false), (2, true)] {
        let socket = TcpStream::connect(server.address).await.expect("a connection");
        let (mut client, connection) = h2::client::handshake(socket).await.expect("HTTP/2");
        let driven = tokio::spawn(connection);
        let request = Request::post(server.url()).body(()).expect("a request");
        let (answer, mut body) = client.send_request(request, false).expect("a stream");
        body.send_data(Bytes::from_static(b"{\"half\":"), false).expect("the first half");
        while server.requests() < number {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if is_whole {
            body.send_data(Bytes::from_static(b"1}"), true).expect("the second half");
            assert_eq!(answer.await.expect("an answer").status(), 200);
        }
        driven.abort();
        drop((client, body));
    }
    // The server holds the recorder once for the listener, and once more while a connection or a request lasts.
    while Arc::strong_count(&recorder) > 2 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    assert_eq!(*recorder.0.lock().expect("the bodies"), ["{\"half\":1}"]);
}
