//! The same answers over HTTP/1.1, for programs that do not speak HTTP/2: Google's endpoints take both.

use std::sync::Arc;

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::h2_server::{Answers, Asked, Reply};
use crate::tests::push_service::http_server::{self, HttpServer};

pub async fn serve(answers: Arc<dyn Answers>) -> HttpServer {
    HttpServer::start("127.0.0.1:0", move |request| {
        let asked = asked(&request);
        let every = answers.headers(&asked);
        let Reply::Answer { status, headers, body } = answers.answer(asked) else {
            return http_server::Reply::Hang;
        };
        let lines = headers.into_iter().chain(every).map(|(name, value)| format!("{name}: {value}\r\n"));
        let lines: String = lines.collect();
        let length = body.len();
        http_server::Reply::Text(format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n{lines}\r\n{body}"))
    })
    .await
    .expect("a free port")
}

fn asked(request: &http_server::Request) -> Asked {
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
    };
    let headers: HeaderMap = request.head.lines().skip(1).filter_map(header).collect();
    let method = request.head.split(' ').next().unwrap_or_default();
    Asked {
        connection: 0,
        open: 1,
        method: method.parse().expect("a method"),
        uri: request.path().parse().expect("a path"),
        headers,
        body: Bytes::from(request.body.clone()),
    }
}
