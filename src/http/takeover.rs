//! A response that takes its connection over from the HTTP library.
//!
//! hyper keeps two buffers of 8 KiB for every HTTP/1 connection, and what axum and our layers put around a body stays
//! as long as the body does: 44 KiB for a stream that sends a hundred bytes a minute (measured). So the library writes
//! only the head and the beginning of such a body. It flushes the connection when it buffers nothing any more
//! (`AsyncWrite::poll_flush`). At that flush the taker gets the socket, the library gets an error as if the connection
//! had ended, and its memory is freed. The taker writes the rest of the body.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::net::TcpStream;

use super::limits::Slot;

type Taker = Box<dyn FnOnce(Taken) + Send>;

/// Bytes that the other end may still send before its connection is ended. It has no reason to send any.
const MAX_INPUT: usize = 8 * 1_024;

/// The taker of one connection, once a response has named one.
#[derive(Clone, Default)]
pub struct Takeover(Arc<Mutex<Option<Taker>>>);

impl Takeover {
    /// Gives the connection to `taker` once everything written so far was flushed. The body of the response calls this
    /// after its beginning. `taker` is dropped without a call when the connection ends before.
    pub fn arrange(&self, taker: impl FnOnce(Taken) + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(taker));
    }

    pub(super) fn take(&self) -> Option<Taker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A connection in the middle of a response, taken over from the library.
pub struct Taken {
    stream: TcpStream,
    write_timeout: Duration,
    slot: Slot,
}

impl Taken {
    pub(super) fn new(stream: TcpStream, write_timeout: Duration, slot: Slot) -> Self {
        Self { stream, write_timeout, slot }
    }

    /// The socket, for another request on it.
    pub(super) fn give_back(self) -> (TcpStream, Slot) {
        (self.stream, self.slot)
    }

    /// Writes all bytes; `TimedOut` when the other end accepts none for `write_timeout`.
    pub async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::time::timeout(self.write_timeout, self.stream.writable())
                        .await
                        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Resolves when the other end has closed. What it sends is left for later: it may be the next request.
    pub async fn gone(&self) {
        if let Ok(1..) = self.stream.peek(&mut [0]).await {
            std::future::pending().await
        }
    }

    /// Resolves when the other end has closed, or has sent more than `MAX_INPUT`.
    pub async fn closed(&self) {
        let mut received = 0;
        while received < MAX_INPUT && self.stream.readable().await.is_ok() {
            match self.stream.try_read(&mut [0; 512]) {
                Ok(0) => return,
                Ok(count) => received += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}
