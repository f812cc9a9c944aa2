//! One of Apple's two services and the connection to it. Facts: Apple's "Establishing a connection to APNs" and
//! "Establishing a token-based connection to APNs".

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use tokio::sync::Semaphore;

use super::{
    PushOutcome,
    client::{self, Http2, SenderError},
};

/// How often a request goes to a new connection, because the one before had ended when it was to be sent.
const CONNECTIONS: usize = 4;

/// A client with one connection.
struct Connection {
    client: Client,
    /// One request at a time until Apple accepted a provider token on this connection.
    first: Semaphore,
    is_proven: AtomicBool,
}

pub(super) struct Service {
    pub url: Url,
    http2: Http2,
    connection: Mutex<Option<Arc<Connection>>>,
}

impl Service {
    pub fn new(http2: Http2, url: Url) -> Self {
        Self { url, http2, connection: Mutex::default() }
    }

    /// The connection that is in use, or a new one.
    fn connection(&self) -> Result<Arc<Connection>, SenderError> {
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(connection) = held.as_ref() {
            return Ok(connection.clone());
        }
        let client = self.http2.one_connection()?;
        let connection = Connection { client, first: Semaphore::new(1), is_proven: AtomicBool::new(false) };
        Ok(held.insert(Arc::new(connection)).clone())
    }

    /// Lets the next request open another connection, unless one did meanwhile.
    fn leave(&self, ended: &Arc<Connection>) {
        let mut held = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|connection| Arc::ptr_eq(connection, ended));
    }

    /// Sends a request when it is its turn. A request that found its connection ended was not sent, and goes to a new
    /// one. The error is what a failure means for the notification.
    pub async fn send(&self, request: impl Fn(&Client) -> RequestBuilder) -> Result<Response, PushOutcome> {
        let later = |cause| PushOutcome::RetryAfter { status: None, after_ms: None, cause };
        for _ in 0..CONNECTIONS {
            let Ok(connection) = self.connection() else { return Err(later("client")) };
            let is_proven = || connection.is_proven.load(Ordering::Acquire);
            let first = if is_proven() { None } else { connection.first.acquire().await.ok() };
            // Those who waited go together once the first was accepted.
            let first = first.filter(|_| !is_proven());
            match request(&connection.client).send().await {
                Ok(response) => {
                    if first.is_some() && response.status() != StatusCode::FORBIDDEN {
                        connection.is_proven.store(true, Ordering::Release);
                    }
                    return Ok(response);
                }
                // A connection that was opened and cannot be opened again has ended.
                Err(error) if client::found_its_connection_ended(&error) || (first.is_none() && error.is_connect()) => {
                    self.leave(&connection);
                }
                Err(error) => {
                    if error.is_connect() {
                        self.leave(&connection);
                    }
                    return Err(client::failed(&error));
                }
            }
        }
        Err(later("connection"))
    }
}
