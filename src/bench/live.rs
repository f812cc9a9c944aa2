//! The latency of `/events` as a second browser measures it, over plain sockets without an HTTP library.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};
use umbba::{domain::Role, server::storage::seeds::SeededMember};

fn said(error: std::io::Error) -> String {
    error.to_string()
}

async fn request(port: u16, head: &str, cookie: &str, body: &str) -> Result<BufReader<TcpStream>, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(said)?;
    stream.set_nodelay(true).map_err(said)?;
    let text = format!(
        "{head} HTTP/1.1\r\nHost: localhost:{port}\r\nCookie: {cookie}\r\nAccept: {}\r\nContent-Type: \
         application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{body}",
        if head.starts_with("GET /p/") { "text/html" } else { "*/*" },
        body.len()
    );
    stream.write_all(text.as_bytes()).await.map_err(said)?;
    Ok(BufReader::new(stream))
}

/// Gets the body of a page.
pub async fn get(port: u16, path: &str, cookie: &str) -> Result<String, String> {
    let mut reader = request(port, &format!("GET {path}"), cookie, "").await?;
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        reader.read_line(&mut line).await.map_err(said)?;
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" || line.is_empty() {
            break;
        }
    }
    if length > 0 {
        let mut body = vec![0; length];
        reader.read_exact(&mut body).await.map_err(said)?;
        return String::from_utf8(body).map_err(|error| error.to_string());
    }
    chunked(&mut reader).await
}

async fn chunked(reader: &mut BufReader<TcpStream>) -> Result<String, String> {
    let mut body = Vec::new();
    loop {
        let mut size = String::new();
        reader.read_line(&mut size).await.map_err(said)?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|error| error.to_string())?;
        if size == 0 {
            return String::from_utf8(body).map_err(|error| error.to_string());
        }
        let mut chunk = vec![0; size + 2];
        reader.read_exact(&mut chunk).await.map_err(said)?;
        body.extend_from_slice(&chunk[..size]);
    }
}

/// Posts one answer in each of `count` pairs. Returns the time of each until the event on the other member's stream.
pub async fn answers(port: u16, members: &[SeededMember], count: usize) -> Result<Vec<Duration>, String> {
    let mut took = Vec::with_capacity(count);
    for pair in members.chunks(2).skip(1).take(count) {
        let [one, two] = pair else { continue };
        let (parent, child) = if one.role == Role::Parent { (one, two) } else { (two, one) };
        let mut stream = request(port, "GET /events?after=0", &umbba::cookies::sent_session(&child.token), "").await?;
        wait_for(&mut stream, "event: hello").await?;
        let body = format!("daily_question={}&version=1&body=%EA%B8%80", parent.daily_question);
        let begun = Instant::now();
        let _answer =
            request(port, "POST /api/submit_answer", &umbba::cookies::sent_session(&parent.token), &body).await?;
        wait_for(&mut stream, "answer_submitted").await?;
        took.push(begun.elapsed());
    }
    Ok(took)
}

async fn wait_for(stream: &mut BufReader<TcpStream>, mark: &str) -> Result<(), String> {
    let reading = async {
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.map_err(said)? == 0 {
                return Err(format!("the line ended before {mark}"));
            }
            if line.contains(mark) {
                return Ok(());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), reading).await.map_err(|_| format!("nothing heard of {mark}"))?
}
