//! A response that takes its connection over from the HTTP library.
//!
//! hyper keeps two buffers of 8 KiB for every HTTP/1 connection, and what axum and our layers put around a body stays
//! as long as the body does: 44 KiB for a stream that says a hundred bytes a minute (measured). So the library writes
//! the head and the beginning of such a body. Its writer flushes a connection only when it holds nothing back any more
//! (`AsyncWrite::poll_flush`); in that moment the socket changes hands, the library is told that its connection is
//! gone, and all that it held for it is freed. What is told from then on is written by whoever took the socket.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::net::TcpStream;

use super::limits::Place;

type Taker = Box<dyn FnOnce(Taken) + Send>;

/// What the other end may still send up before it counts as confused; in bytes. It has nothing to say.
const SAID_UP: usize = 8 * 1_024;

/// Of one connection: who takes it over, as soon as somebody wants to.
#[derive(Clone, Default)]
pub struct Takeover(Arc<Mutex<Option<Taker>>>);

impl Takeover {
    /// Hands the connection to `taker` once everything written so far is on its way. Called from the body of the
    /// response when it has given its beginning. Dropped unheard when the connection ends before.
    pub fn arrange(&self, taker: impl FnOnce(Taken) + Send + 'static) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(taker));
    }

    pub(super) fn due(&self) -> Option<Taker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A connection in the middle of a response, without the library.
pub struct Taken {
    stream: TcpStream,
    patience: Duration,
    _place: Place,
}

impl Taken {
    pub(super) fn new(stream: TcpStream, patience: Duration, place: Place) -> Self {
        Self { stream, patience, _place: place }
    }

    /// Writes all of it; `TimedOut` when the other end takes nothing for as long as it may.
    pub async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.stream.try_write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tokio::time::timeout(self.patience, self.stream.writable())
                        .await
                        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Resolves when the other end is gone, or talks on and on.
    pub async fn is_over(&self) {
        let mut said = 0;
        while said < SAID_UP && self.stream.readable().await.is_ok() {
            match self.stream.try_read(&mut [0; 512]) {
                Ok(0) => return,
                Ok(count) => said += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
        }
    }
}
