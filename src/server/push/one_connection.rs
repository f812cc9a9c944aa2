//! A layer for the connector of an HTTP client that opens one connection and no other one. APNs allows one stream on a
//! connection until it has seen a valid provider token there. A client that connects again by itself would send all
//! that waits at that moment as the first streams of the new connection.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use tower::{BoxError, Layer, Service};

/// The one connection has ended, and the request was not sent.
#[derive(Debug, thiserror::Error)]
#[error("the connection has ended")]
pub(super) struct Ended;

#[derive(Clone, Default)]
pub(super) struct OneConnection {
    was_opened: Arc<AtomicBool>,
}

impl<S> Layer<S> for OneConnection {
    type Service = Connector<S>;

    fn layer(&self, inner: S) -> Connector<S> {
        Connector { inner, was_opened: self.was_opened.clone() }
    }
}

#[derive(Clone)]
pub(super) struct Connector<S> {
    inner: S,
    was_opened: Arc<AtomicBool>,
}

impl<R, S> Service<R> for Connector<S>
where
    S: Service<R, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        if self.was_opened.swap(true, Ordering::AcqRel) {
            return Box::pin(async { Err(Ended.into()) });
        }
        Box::pin(self.inner.call(target))
    }
}
