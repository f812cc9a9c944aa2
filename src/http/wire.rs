//! The port and its connections. A connection whose other end takes nothing for a while is ended: what waits for it is
//! bounded, and so is how long. A feed goes on from its cursor.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{extract::connect_info::Connected, serve::IncomingStream};
use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    time::Sleep,
};

use super::takeover::{Taken, Takeover};

/// How long a write may wait for the other end, on the real clock.
const PATIENCE: Duration = Duration::from_secs(30);

/// After so many patiences without a byte either way a connection is ended: whoever opens them and says nothing holds none
/// for long. Longer than a long poll waits, and than proxies keep an idle connection to us.
const IDLE_PATIENCES: u32 = 5;

/// How long what was written may stay unacknowledged.
const GONE: Duration = Duration::from_secs(60);

pub struct Port {
    listener: TcpListener,
    patience: Duration,
}

impl From<TcpListener> for Port {
    fn from(listener: TcpListener) -> Self {
        Self { listener, patience: PATIENCE }
    }
}

impl Port {
    /// With another patience than half a minute.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }
}

impl axum::serve::Listener for Port {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        // It waits and tries again by itself when there is no descriptor left.
        let (stream, address) = <TcpListener as axum::serve::Listener>::accept(&mut self.listener).await;
        // A frame does not wait for the acknowledgement of the one before (RFC 896).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        // Whoever lost their network does not hang up: what they do not acknowledge ends the connection (RFC 5482), within
        // this time of the next heartbeat.
        if let Err(error) = SockRef::from(&stream).set_tcp_user_timeout(Some(GONE)) {
            tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
        }
        (Wire { stream: Some(stream), patience: self.patience, stalled: None, idle: None, takeover: Takeover::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What a request knows of its connection (`ConnectInfo`).
#[derive(Clone)]
pub struct Peer {
    pub address: SocketAddr,
    pub takeover: Takeover,
}

impl Connected<IncomingStream<'_, Port>> for Peer {
    fn connect_info(incoming: IncomingStream<'_, Port>) -> Self {
        Self { address: *incoming.remote_addr(), takeover: incoming.io().takeover.clone() }
    }
}

/// One connection, as the HTTP library has it.
pub struct Wire {
    /// `None` once it was taken over.
    stream: Option<TcpStream>,
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs while nothing comes and nothing goes.
    idle: Option<Pin<Box<Sleep>>>,
    takeover: Takeover,
}

impl Wire {
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// A write's outcome, unless it has waited for too long.
    fn timed<T>(&mut self, context: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            (self.stalled, self.idle) = (None, None);
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(read) = self.stream()?.poll_read(context, buffer) {
            self.idle = None;
            return Poll::Ready(read);
        }
        let patience = self.patience * IDLE_PATIENCES;
        let idle = self.idle.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        idle.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write(context, bytes);
        self.timed(context, written)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, parts: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let written = self.stream()?.poll_write_vectored(context, parts);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    /// The library flushes when it holds nothing back any more: then it may be taken over, and hears that its connection is gone.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.stream()?.poll_flush(context))?;
        let Some(taker) = self.takeover.due() else { return Poll::Ready(Ok(())) };
        if let Some(stream) = self.stream.take() {
            taker(Taken::new(stream, self.patience));
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
