//! One request at a time for one thing: whoever wants the same thing waits for the request under way, and then looks
//! whether it brought it. No lock is held while a request runs.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

/// The requests under way, by what they are for.
#[derive(Default)]
pub struct Flights(Mutex<HashMap<String, watch::Receiver<()>>>);

impl Flights {
    /// Returns at once where no request for this is under way: the caller makes it, and keeps what is returned until it
    /// has ended. Otherwise waits for the end of the request under way, and returns `None`.
    pub async fn begin(&self, what: &str) -> Option<Flight<'_>> {
        let mut running = {
            let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match flights.get(what) {
                Some(running) => running.clone(),
                None => {
                    let (end, running) = watch::channel(());
                    flights.insert(what.to_owned(), running);
                    return Some(Flight { flights: self, what: what.to_owned(), _end: end });
                }
            }
        };
        // An error says that the request has ended, also when its future was dropped.
        while running.changed().await.is_ok() {}
        None
    }
}

/// A request under way. It ends when this is dropped.
pub struct Flight<'a> {
    flights: &'a Flights,
    what: String,
    _end: watch::Sender<()>,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.flights.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.what);
    }
}
