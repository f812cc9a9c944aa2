//! A document of a provider that is loaded once and kept for a while.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    flights::{Begun, Flights},
    refusal::Failure,
};

/// After a request that failed nobody asks again for so long from its beginning, so that a provider that hangs does not
/// hold many requests. It is longer than a request.
const PAUSE_MS: u64 = 20 * 1_000;

struct Held<T> {
    found: Option<(Arc<T>, i64)>,
    failed: Option<(Failure, i64)>,
}

pub struct Document<T> {
    held: Mutex<Held<T>>,
    flights: Flights<Failure>,
}

impl<T> Default for Document<T> {
    fn default() -> Self {
        Self { held: Mutex::new(Held { found: None, failed: None }), flights: Flights::default() }
    }
}

impl<T> Document<T> {
    fn held(&self) -> MutexGuard<'_, Held<T>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The document if it is younger than that. One from another time, before a wrong clock was set, is not. Otherwise
    /// loads it, unless that failed a moment ago. A person whose document is young waits for nobody.
    pub async fn get<F: Future<Output = Result<T, Failure>>>(
        &self,
        now_ms: i64,
        life_ms: u64,
        load: impl Fn() -> F,
    ) -> Result<Arc<T>, Failure> {
        loop {
            let known = {
                let held = self.held();
                let is_young = |at: i64, life| now_ms.abs_diff(at) < life;
                let found =
                    held.found.as_ref().filter(|(_, at)| is_young(*at, life_ms)).map(|(found, _)| found.clone());
                let failed = held.failed.filter(|(_, at)| is_young(*at, PAUSE_MS)).map(|(failure, _)| failure);
                found.map(Ok).or(failed.map(Err))
            };
            if let Some(known) = known {
                return known;
            }
            let Begun::First(_flight) = self.flights.begin("document").await else { continue };
            let loaded = load().await.map(Arc::new);
            let mut held = self.held();
            held.failed = loaded.as_ref().err().map(|failure| (*failure, now_ms));
            if let Ok(found) = &loaded {
                held.found = Some((found.clone(), now_ms));
            }
            return loaded;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicUsize, Ordering},
    };

    use futures::{FutureExt, future::join_all};
    use tokio::sync::Notify;

    use super::*;

    const DOWN: Failure = Failure::Unavailable("down");

    #[tokio::test]
    async fn many_at_once_load_it_once_and_nobody_who_has_it_waits() {
        let (document, loads, may_end) = (Document::default(), AtomicUsize::new(0), Notify::new());
        let get = |now, life| {
            document.get(now, life, || async {
                loads.fetch_add(1, Ordering::Relaxed);
                may_end.notified().await;
                Ok(7)
            })
        };
        let many = join_all((0..5).map(|_| get(0, 10)));
        let (found, ()) = tokio::join!(many, async { may_end.notify_one() });
        assert!(found.iter().all(|found| found.as_deref() == Ok(&7)));
        assert_eq!(loads.load(Ordering::Relaxed), 1);
        let mut reload = Box::pin(get(11, 10));
        assert!((&mut reload).now_or_never().is_none(), "it has begun and waits for the provider");
        let known = get(11, 100).now_or_never().expect("at once");
        assert_eq!(known.as_deref(), Ok(&7));
        let mut later = Box::pin(get(11, 10));
        assert!((&mut later).now_or_never().is_none());
        drop(reload);
        may_end.notify_one();
        assert_eq!(later.await.as_deref(), Ok(&7), "the request that was given up holds nobody");
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_wait_and_not_asked_again_for_a_while() {
        let document = Document::<u8>::default();
        let failing = || document.get(0, 10, || ready(Err(DOWN)));
        assert_eq!(failing().await.err(), Some(DOWN));
        let other = document.get(1, 10, pending).now_or_never().expect("at once");
        assert_eq!(other.err(), Some(DOWN));
        let again = document.get(PAUSE_MS as i64, 10, || ready(Ok(1))).await;
        assert_eq!(again.as_deref(), Ok(&1));
    }
}
