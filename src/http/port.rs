//! The port, what connections to it may take of us, and what a request knows of its connection.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use super::{bodies::Bodies, takeover::Takeover, wire::Wire};

pub use super::limits::{Limits, Place};

/// How long what was written may stay unacknowledged.
const GONE: Duration = Duration::from_secs(60);
/// So many connections are told at once that there is no place; more are closed without a word.
const REFUSED_AT_ONCE: usize = 64;

pub struct Port {
    listener: TcpListener,
    limits: Limits,
    places: Arc<Semaphore>,
    refusals: Arc<Semaphore>,
    bodies: Bodies,
}

impl From<TcpListener> for Port {
    fn from(listener: TcpListener) -> Self {
        Self::new(listener, Limits::default())
    }
}

impl Port {
    pub fn new(listener: TcpListener, limits: Limits) -> Self {
        let [places, refusals] = [limits.connections, REFUSED_AT_ONCE].map(|count| Arc::new(Semaphore::new(count)));
        Self { listener, limits, places, refusals, bodies: Bodies::new(limits.bodies, limits.body) }
    }

    pub(super) async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match self.listener.accept().await {
                Ok(accepted) => return accepted,
                // The other end has gone again.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) => {}
                Err(error) => {
                    tracing::error!(%error, "no connection can be accepted just now");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// A place for one more connection, if there is one.
    pub(super) fn place(&self) -> Option<Place> {
        self.places.clone().try_acquire_owned().ok()
    }

    pub(super) fn place_to_refuse(&self) -> Option<Place> {
        self.refusals.clone().try_acquire_owned().ok()
    }

    pub(super) fn connect(&self, stream: TcpStream, address: SocketAddr, place: Place) -> (Wire, Peer) {
        // A frame does not wait for the acknowledgement of the one before (RFC 896).
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        // Whoever lost their network does not hang up: what they do not acknowledge ends the connection (RFC 5482),
        // within this time of the next heartbeat.
        if let Err(error) = SockRef::from(&stream).set_tcp_user_timeout(Some(GONE)) {
            tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
        }
        let takeover = Takeover::default();
        let peer = Peer { address, takeover: takeover.clone(), bodies: self.bodies.clone() };
        (Wire::new(stream, place, self.limits, takeover), peer)
    }

    /// Stops listening. Resolves when every connection is gone.
    pub(super) async fn close(self) {
        drop(self.listener);
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        // Nobody closes the semaphore, so this ends when all places are free.
        let _ = self.places.acquire_many(all).await;
    }
}

/// What a request knows of its connection (`ConnectInfo`).
#[derive(Clone)]
pub struct Peer {
    pub address: SocketAddr,
    pub takeover: Takeover,
    pub bodies: Bodies,
}
