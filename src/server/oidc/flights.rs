//! One request at a time for one thing: whoever wants the same thing waits for the request under way, and then looks
//! whether it brought it. No lock is held while a request runs.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;

type Running<F> = HashMap<String, watch::Receiver<Option<F>>>;

/// The requests under way, by what they are for. `F` is why one fails. Clones share them.
#[derive(Clone)]
pub struct Flights<F>(Arc<Mutex<Running<F>>>);

impl<F> Default for Flights<F> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

/// The answer to a wish to begin a request.
pub enum Begun<F> {
    /// The caller makes the request, and keeps this until it has ended.
    First(Flight<F>),
    /// Another request for this has ended since: with this failure, if it said one.
    Ended(Option<F>),
}

impl<F: Copy> Flights<F> {
    /// Returns at once where no request for this is under way. Otherwise waits for the end of the one that is.
    pub async fn begin(&self, what: &str) -> Begun<F> {
        let mut running = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(what) {
                Some(running) => running.clone(),
                None => {
                    let (end, running) = watch::channel(None);
                    flights.insert(what.to_owned(), running);
                    return Begun::First(Flight { flights: self.clone(), what: what.to_owned(), end });
                }
            }
        };
        // An error says that the request has ended, also when its future was dropped.
        while running.changed().await.is_ok() {}
        Begun::Ended(*running.borrow())
    }
}

/// A request under way. It ends when this is dropped.
pub struct Flight<F> {
    flights: Flights<F>,
    what: String,
    end: watch::Sender<Option<F>>,
}

impl<F> Flight<F> {
    /// Ends the request, and tells everybody who waits for it why it failed.
    pub fn fail(self, failure: F) {
        self.end.send_replace(Some(failure));
    }
}

impl<F> Drop for Flight<F> {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.what);
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, future::join_all};

    use super::*;

    #[tokio::test]
    async fn all_who_wait_hear_of_a_failure_and_none_of_them_tries_again() {
        let flights = Flights::default();
        let Begun::First(flight) = flights.begin("code").await else { panic!("nothing is under way") };
        let mut waiting = Box::pin(join_all((0..3).map(|_| flights.begin("code"))));
        assert!((&mut waiting).now_or_never().is_none(), "they wait");
        assert!(matches!(flights.begin("another").now_or_never(), Some(Begun::First(_))));
        flight.fail(7);
        assert!(waiting.await.iter().all(|ended| matches!(ended, Begun::Ended(Some(7)))));
        assert!(matches!(flights.begin("code").now_or_never(), Some(Begun::First(_))), "a later try");
    }

    #[tokio::test]
    async fn a_request_that_was_given_up_holds_nobody() {
        let flights = Flights::<u8>::default();
        let Begun::First(flight) = flights.begin("code").await else { panic!("nothing is under way") };
        let mut waiting = Box::pin(flights.begin("code"));
        assert!((&mut waiting).now_or_never().is_none());
        drop(flight);
        assert!(matches!(waiting.await, Begun::Ended(None)));
    }
}
