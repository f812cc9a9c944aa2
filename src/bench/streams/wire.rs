//! An HTTP/1.1 connection for the load that counts each byte read and written. TCP headers are not counted.

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

/// Buffer size in bytes. It is small because one process holds 10,000 connections.
const BUFFER: usize = 512;

pub struct Wire {
    stream: BufReader<TcpStream>,
    bytes: u64,
}

/// The parts of a response head that decide how the body is read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Head {
    pub status: u16,
    length: usize,
    is_chunked: bool,
}

/// An event as every transport sends it. Hello, reset and ping have no pair.
#[derive(Debug, Deserialize)]
pub struct Told {
    pub seq: u32,
    pub pair: String,
}

fn said(error: std::io::Error) -> String {
    error.to_string()
}

impl Wire {
    pub async fn open(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.map_err(said)?;
        stream.set_nodelay(true).map_err(said)?;
        Ok(Self { stream: BufReader::with_capacity(BUFFER, stream), bytes: 0 })
    }

    /// Returns the number of bytes since the last call.
    pub fn take_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.bytes)
    }

    pub async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.bytes += bytes.len() as u64;
        self.stream.get_mut().write_all(bytes).await.map_err(said)
    }

    /// Sends a request and reads the head of the response.
    pub async fn ask(&mut self, request: &str) -> Result<Head, String> {
        self.send(request.as_bytes()).await?;
        self.head().await
    }

    async fn head(&mut self) -> Result<Head, String> {
        let first = self.line().await?;
        let status =
            first.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(|| format!("no HTTP: {first}"))?;
        let mut head = Head { status, ..Head::default() };
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            match line.split_once(':').map(|(name, value)| (name, value.trim())) {
                Some(("content-length", value)) => {
                    head.length = value.parse().map_err(|_| format!("no length: {value}"))?
                }
                Some(("transfer-encoding", value)) => head.is_chunked = value == "chunked",
                Some(_) => {}
                None => return Ok(head),
            }
        }
    }

    /// Reads the whole body of a response that ends.
    pub async fn body(&mut self, head: Head) -> Result<Vec<u8>, String> {
        if !head.is_chunked {
            return self.exact(head.length).await;
        }
        let mut body = Vec::new();
        loop {
            let piece = self.chunk().await?;
            if piece.is_empty() {
                return Ok(body);
            }
            body.extend(piece);
        }
    }

    /// Reads the next part of a body that does not end.
    pub async fn piece(&mut self, head: Head) -> Result<Vec<u8>, String> {
        let piece = if head.is_chunked {
            self.chunk().await?
        } else {
            let piece = self.stream.fill_buf().await.map_err(said)?.to_vec();
            self.stream.consume(piece.len());
            self.bytes += piece.len() as u64;
            piece
        };
        if piece.is_empty() { Err("the stream ended".into()) } else { Ok(piece) }
    }

    async fn chunk(&mut self) -> Result<Vec<u8>, String> {
        let size = self.line().await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| format!("no chunk: {size}"))?;
        let mut chunk = self.exact(size + 2).await?;
        chunk.truncate(size);
        Ok(chunk)
    }

    pub async fn exact(&mut self, count: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; count];
        self.stream.read_exact(&mut bytes).await.map_err(said)?;
        self.bytes += count as u64;
        Ok(bytes)
    }

    async fn line(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let count = self.stream.read_line(&mut line).await.map_err(said)?;
        self.bytes += count as u64;
        if count == 0 { Err("the connection was closed".into()) } else { Ok(line.trim_end().to_owned()) }
    }
}
