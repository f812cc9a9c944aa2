//! One connection. It is ended when its other end takes nothing for a while, says nothing for longer, or does not come
//! to the end of a head: what waits for it is bounded, and so is how long. A feed goes on from its cursor.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
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
    limits::{Limits, Place},
    takeover::{Taken, Takeover},
};

/// Whose turn it is on a connection: even while a head is awaited, odd while a request is answered.
#[derive(Clone, Default)]
pub struct Turns(Arc<AtomicU64>);

/// A request being answered.
pub struct Turn {
    turns: Turns,
    is_last: bool,
}

impl Turns {
    pub fn begin(&self) -> Turn {
        self.0.fetch_add(1, Ordering::Relaxed);
        Turn { turns: self.clone(), is_last: false }
    }

    fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Turn {
    /// What comes from now on is no HTTP.
    pub fn end_http(mut self) {
        self.is_last = true;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if !self.is_last {
            self.turns.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// One connection, as the HTTP library has it.
pub struct Wire {
    /// `None` once it was taken over.
    open: Option<(TcpStream, Place)>,
    limits: Limits,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while nothing comes and nothing goes.
    idle: Option<Pin<Box<Sleep>>>,
    /// The turn at which the last byte came while a head was awaited.
    begun: Option<u64>,
    /// Runs while that head is not whole.
    head: Option<(u64, Pin<Box<Sleep>>)>,
    takeover: Takeover,
    turns: Turns,
}

impl Wire {
    pub fn new(stream: TcpStream, place: Place, limits: Limits, takeover: Takeover) -> Self {
        let open = Some((stream, place));
        Self { open, limits, stalled: None, idle: None, begun: None, head: None, takeover, turns: Turns::default() }
    }

    pub fn turns(&self) -> Turns {
        self.turns.clone()
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.open.as_mut().map(|(stream, _)| Pin::new(stream)).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let patience = self.limits.idle;
        self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience))).as_mut().poll(context)
    }

    /// Ready when a head has begun that is not whole in time.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let (turn, patience) = (self.turns.now(), self.limits.head);
        if self.begun != Some(turn) {
            return Poll::Pending;
        }
        // One of an earlier turn was whole.
        let head = self
            .head
            .take()
            .filter(|(of, _)| *of == turn)
            .map_or_else(|| Box::pin(tokio::time::sleep(patience)), |(_, head)| head);
        let (_, head) = self.head.insert((turn, head));
        head.as_mut().poll(context)
    }

    /// A write's outcome, unless it has waited for too long.
    fn timed<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            (self.stalled, self.idle) = (None, None);
            // After an answer the library need not read again before a byte comes: the timer runs from here.
            let _ = self.poll_idle(context);
            return written;
        }
        let patience = self.limits.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = self.stream()?.poll_read(context, buffer) {
            self.idle = None;
            let turn = self.turns.now();
            self.begun = turn.is_multiple_of(2).then_some(turn);
            return Poll::Ready(read);
        }
        if self.poll_head(context).is_ready() || self.poll_idle(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write(context, bytes);
        self.timed(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write_vectored(context, parts);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.open.as_ref().is_some_and(|(stream, _)| stream.is_write_vectored())
    }

    /// The library flushes when it holds nothing back any more: then it may be taken over, and hears that its
    /// connection is gone.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.stream()?.poll_flush(context))?;
        let Some(taker) = self.takeover.due() else { return Poll::Ready(Ok(())) };
        if let Some((stream, place)) = self.open.take() {
            taker(Taken::new(stream, self.limits.patience, place));
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
