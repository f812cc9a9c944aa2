//! Reads the bodies of requests. Each has a limit in bytes and a timeout; all together have a limit in bytes.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{api::ApiError, paths, server::counters};

/// Most bytes of an answer or a shared text, form encoded.
pub const LONG_BYTES: usize = 256 * 1024;
/// Most bytes of every other form.
pub const SHORT_BYTES: usize = 16 * 1024;

/// Most bytes of a form posted to `path`.
pub fn limit_of(path: &str) -> usize {
    if path == paths::SHARE || path == "/api/submit_answer" { LONG_BYTES } else { SHORT_BYTES }
}

/// The bodies being read or worked on, over all connections.
#[derive(Clone)]
pub struct Bodies {
    /// One permit per byte.
    free: Arc<Semaphore>,
    /// How long one body may take to arrive, on the real clock.
    timeout: Duration,
}

/// A body that was read. Its bytes count against the limit until it is dropped.
pub struct Held {
    pub bytes: Bytes,
    _counted: OwnedSemaphorePermit,
}

impl Bodies {
    pub fn new(bytes: usize, timeout: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(bytes)), timeout }
    }

    /// Reads a body of at most `limit` bytes. `Unavailable` when it takes too long, or when too many bytes are being
    /// read already: the device tries again later.
    pub async fn read(&self, body: Body, limit: usize) -> Result<Held, ApiError> {
        if body.size_hint().lower() > limit as u64 {
            return Err(ApiError::TooLarge);
        }
        tokio::time::timeout(self.timeout, self.collect(body, limit)).await.unwrap_or(Err(ApiError::Unavailable))
    }

    async fn collect(&self, mut body: Body, limit: usize) -> Result<Held, ApiError> {
        let (mut bytes, mut counted) = (Vec::new(), self.take(0)?);
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|_| ApiError::Malformed)?.into_data() else { continue };
            if bytes.len() + data.len() > limit {
                return Err(ApiError::TooLarge);
            }
            counted.merge(self.take(data.len())?);
            bytes.extend_from_slice(&data);
        }
        Ok(Held { bytes: bytes.into(), _counted: counted })
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
        let taken = u32::try_from(bytes).ok().and_then(|bytes| self.free.clone().try_acquire_many_owned(bytes).ok());
        taken.ok_or_else(|| {
            counters::REFUSED_BODIES.add();
            ApiError::Unavailable
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: usize) -> Body {
        Body::from(vec![b'a'; bytes])
    }

    #[tokio::test]
    async fn a_body_that_never_comes_to_its_end_is_not_waited_for_and_gives_back_what_it_took() {
        let bodies = Bodies::new(10, Duration::from_millis(1));
        let begun = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"name="))]);
        let never = Body::from_stream(futures::StreamExt::chain(begun, futures::stream::pending()));
        assert_eq!(bodies.read(never, 10).await.err(), Some(ApiError::Unavailable));
        assert_eq!(bodies.free.available_permits(), 10);
    }

    #[tokio::test]
    async fn what_is_held_in_all_is_limited_and_given_back() {
        let bodies = Bodies::new(10, Duration::from_secs(30));
        let held = bodies.read(of(8), 10).await.expect("a body");
        assert_eq!(held.bytes.len(), 8);
        assert_eq!(bodies.read(of(3), 10).await.err(), Some(ApiError::Unavailable));
        assert_eq!(bodies.read(of(11), 10).await.err(), Some(ApiError::TooLarge));
        drop(held);
        assert!(bodies.read(of(3), 10).await.is_ok());
        assert_eq!(bodies.free.available_permits(), 10);
    }

    #[test]
    fn only_an_answer_and_a_shared_text_may_be_long() {
        assert_eq!(["/api/submit_answer", "/share"].map(limit_of), [LONG_BYTES; 2]);
        assert_eq!(["/api/sign_up", "/api/subscribe", "/api/submit_answers", "/"].map(limit_of), [SHORT_BYTES; 4]);
    }
}
