//! The listening socket, and what a request knows of its connection.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use super::{
    bodies::Bodies,
    limits::{Limits, Slot},
    takeover::Takeover,
};

/// How long written bytes may stay unacknowledged.
const ACKNOWLEDGEMENT_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections that are answered with 503 at the same time. Beyond it a connection is closed without an answer.
const REFUSED_AT_ONCE: usize = 64;

/// A listening socket with the limits of its connections.
pub struct Listener {
    socket: TcpListener,
    limits: Limits,
    slots: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    bodies: Bodies,
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self::new(socket, Limits::default())
    }
}

impl Listener {
    pub fn new(socket: TcpListener, limits: Limits) -> Self {
        let [slots, refusals] = [limits.connections, REFUSED_AT_ONCE].map(|count| Arc::new(Semaphore::new(count)));
        Self { socket, limits, slots, refusals, bodies: Bodies::new(limits.bodies, limits.body) }
    }

    pub(super) async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.socket.accept().await {
                Ok(accepted) => return accepted,
                // The other end closed the connection before it was accepted.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted just now");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// A slot for one more connection; `None` when all are taken.
    pub(super) fn slot(&self) -> Option<Slot> {
        self.slots.clone().try_acquire_owned().ok()
    }

    /// A slot for a connection that will be answered with 503; `None` when all are taken.
    pub(super) fn slot_to_refuse(&self) -> Option<Slot> {
        self.refusals.clone().try_acquire_owned().ok()
    }

    pub(super) fn connect(&self, stream: TcpStream, address: SocketAddr, slot: Slot) -> Socket {
        // A frame does not wait for the acknowledgement of the one before (RFC 896).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        // A device that lost its network does not close its connection. Bytes that it does not acknowledge end the
        // connection (RFC 5482), within this time of the next heartbeat.
        if let Err(error) = SockRef::from(&stream).set_tcp_user_timeout(Some(ACKNOWLEDGEMENT_TIMEOUT)) {
            tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
        }
        let peer =
            Peer { address, takeover: Takeover::default(), bodies: self.bodies.clone(), upload: self.limits.upload };
        Socket { stream, slot, peer, limits: self.limits }
    }

    /// Stops listening. Resolves when every connection has ended.
    pub(super) async fn close(self) {
        drop(self.socket);
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        // The semaphore is never closed, so this resolves when all slots are free.
        let _ = self.slots.acquire_many(all).await;
    }
}

/// An accepted connection.
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) slot: Slot,
    pub(super) peer: Peer,
    pub(super) limits: Limits,
}

/// What a request knows of its connection (`ConnectInfo`).
#[derive(Clone)]
pub struct Peer {
    pub address: SocketAddr,
    pub takeover: Takeover,
    pub bodies: Bodies,
    /// `Limits::upload`.
    pub upload: Duration,
}
