//! One connection, with its timeouts. A connection is ended when a write waits too long, when no byte moves for longer,
//! or when the head of a request does not become complete: both the memory and the time it takes are bounded. A feed
//! that was cut this way continues from its cursor.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

use super::{
    limits::{Limits, Slot},
    listener::Socket,
    live::head,
    takeover::{Taken, Takeover},
};

/// Counts the beginnings and ends of exchanges on one connection: even while a head is awaited, odd while a request is
/// answered.
#[derive(Clone, Default)]
pub struct Exchanges(Arc<AtomicU64>);

/// A request being answered. It ends when this value is dropped.
pub struct Exchange {
    exchanges: Exchanges,
    is_last: bool,
}

impl Exchanges {
    pub fn begin(&self) -> Exchange {
        self.0.fetch_add(1, Ordering::Relaxed);
        Exchange { exchanges: self.clone(), is_last: false }
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Exchange {
    /// Says that no HTTP follows on this connection: no head is awaited again.
    pub fn end_http(mut self) {
        self.is_last = true;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_last {
            self.exchanges.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A request for a feed that the library must not read, with its socket.
pub struct Passed {
    pub stream: TcpStream,
    pub slot: Slot,
    /// The first bytes of its head, or all of them.
    pub bytes: Vec<u8>,
}

/// Where a connection puts a request for a feed. It puts one there at most.
#[derive(Clone, Default)]
pub struct Passing(Arc<Mutex<Option<Passed>>>);

impl Passing {
    pub fn take(&self) -> Option<Passed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, passed: Passed) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(passed);
    }
}

/// The stream that the HTTP library reads and writes.
pub struct Connection {
    /// `None` after a takeover.
    open: Option<(TcpStream, Slot)>,
    /// What was read before the library reads; it goes to the library whatever it asks for.
    read_before: Vec<u8>,
    /// Where later requests for a feed go. `None` where there are no feeds.
    passing: Option<Passing>,
    /// The library has written something that it has not flushed.
    is_writing: bool,
    limits: Limits,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while no byte moves in either direction.
    idle: Option<Pin<Box<Sleep>>>,
    /// The count of exchanges when the last byte of a head arrived.
    begun: Option<u64>,
    /// The timer of an incomplete head, with the count of exchanges it belongs to.
    head: Option<(u64, Pin<Box<Sleep>>)>,
    takeover: Takeover,
    exchanges: Exchanges,
}

impl Connection {
    pub fn new(socket: Socket, read_before: Vec<u8>, passing: Option<Passing>) -> Self {
        let Socket { stream, slot, peer, limits } = socket;
        Self {
            open: Some((stream, slot)),
            read_before,
            passing,
            is_writing: false,
            limits,
            stalled: None,
            idle: None,
            begun: None,
            head: None,
            takeover: peer.takeover,
            exchanges: Exchanges::default(),
        }
    }

    pub fn exchanges(&self) -> Exchanges {
        self.exchanges.clone()
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.open.as_mut().map(|(stream, _)| Pin::new(stream)).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Notes that bytes were read. Returns whether they begin a head.
    fn note_read(&mut self) -> bool {
        self.idle = None;
        let exchange = self.exchanges.now();
        let is_first = exchange.is_multiple_of(2) && self.begun != Some(exchange);
        self.begun = exchange.is_multiple_of(2).then_some(exchange);
        is_first
    }

    /// Takes a request for a feed away from the library, which gets `NotConnected`. The library has answered and
    /// flushed everything before, and keeps nothing of these bytes.
    fn pass(&mut self, bytes: &[u8]) -> bool {
        let is_passed = !self.is_writing && head::is_of_feed(bytes);
        let Some(passing) = self.passing.as_ref().filter(|_| is_passed) else { return false };
        let Some((stream, slot)) = self.open.take() else { return false };
        passing.put(Passed { stream, slot, bytes: bytes.to_vec() });
        true
    }

    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let patience = self.limits.idle;
        self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(context)
    }

    /// Ready when a head has begun and is not complete in time.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (exchange, patience) = (self.exchanges.now(), self.limits.head);
        if self.begun != Some(exchange) {
            return Poll::Pending;
        }
        // A timer of an earlier exchange belongs to a head that was complete.
        let head = self
            .head
            .take()
            .filter(|(of, _)| *of == exchange)
            .map_or_else(|| Box::pin(tokio::time::sleep(patience)), |(_, head)| head);
        let (_, head) = self.head.insert((exchange, head));
        head.as_mut().poll(context)
    }

    /// The result of a write; `TimedOut` when it has waited too long.
    fn timed<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            (self.stalled, self.idle) = (None, None);
            // The library may not read again before the next byte arrives, so the idle timer starts here.
            let _ = self.poll_idle(context);
            return written;
        }
        let patience = self.limits.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.read_before.is_empty() {
            let count = self.read_before.len().min(buffer.remaining());
            buffer.put_slice(&self.read_before[..count]);
            self.read_before.drain(..count);
            if self.read_before.is_empty() {
                self.read_before = Vec::new();
            }
            self.note_read();
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        if let Poll::Ready(read) = self.stream()?.poll_read(context, buffer) {
            if self.note_read() && self.pass(&buffer.filled()[before..]) {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            }
            return Poll::Ready(read);
        }
        if self.poll_head(context).is_ready() || self.poll_idle(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.is_writing = true;
        let written = self.stream()?.poll_write(context, bytes);
        self.timed(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.is_writing = true;
        let written = self.stream()?.poll_write_vectored(context, parts);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.open.as_ref().is_some_and(|(stream, _)| stream.is_write_vectored())
    }

    /// The library flushes when it buffers nothing any more. Only then may the socket be taken over; the library gets
    /// `NotConnected`.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.stream()?.poll_flush(context))?;
        self.is_writing = false;
        let Some(taker) = self.takeover.take() else { return Poll::Ready(Ok(())) };
        if let Some((stream, slot)) = self.open.take() {
            taker(Taken::new(stream, self.limits.write, slot));
        }
        Poll::Ready(Err(io::ErrorKind::NotConnected.into()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream() {
            Ok(stream) => stream.poll_shutdown(context),
            Err(_) => Poll::Ready(Ok(())),
        }
    }
}
