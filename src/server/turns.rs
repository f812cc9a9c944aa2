//! How many writing requests of one person run at once. A row of that person which another transaction holds for long
//! then blocks few connections to the database, and other people's requests go on. Held per process.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::PersonId;

/// Requests of one person at once. A page sends one by hand and a few by itself.
const AT_ONCE: usize = 3;
/// How long a request waits for its turn. Each one before it ends within a few milliseconds, or waits for a row.
const WAIT: Duration = Duration::from_secs(2);

type Running = Arc<Mutex<HashMap<PersonId, Arc<Semaphore>>>>;

/// Writes at once for which nobody waits, of all people together. They do not fill the queue of SQLite's one writer.
const AT_LEISURE: usize = 8;

#[derive(Clone)]
pub struct Turns {
    running: Running,
    leisure: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { running: Arc::default(), leisure: Arc::new(Semaphore::new(AT_LEISURE)) }
    }
}

/// The turn of one request; it ends when it is dropped.
pub struct Turn {
    person: PersonId,
    turns: Running,
    permit: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Waits for the person's turn. `None` when it does not come within two seconds: the client tries again later.
    pub async fn take(&self, person: PersonId) -> Option<Turn> {
        let of_person = {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            running.entry(person).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
        };
        // The turn is made before the wait, so that a dropped request removes the entry too.
        let mut turn = Turn { person, turns: self.running.clone(), permit: None };
        turn.permit = tokio::time::timeout(WAIT, of_person.acquire_owned()).await.ok()?.ok();
        Some(turn)
    }

    /// Waits for the turn of a write for which nobody waits.
    pub async fn take_leisure(&self) -> Option<OwnedSemaphorePermit> {
        // Nothing closes the semaphore.
        self.leisure.clone().acquire_owned().await.ok()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut running = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        // Only the map holds it: nobody else of this person runs or waits.
        if running.get(&self.person).is_some_and(|of_person| Arc::strong_count(of_person) == 1) {
            running.remove(&self.person);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_person_who_waits_keeps_nobody_else_waiting_and_is_forgotten_afterwards() {
        let turns = Turns::default();
        let mut held = Vec::new();
        for _ in 0..AT_ONCE {
            held.push(turns.take(PersonId(1)).await.expect("a turn"));
        }
        assert!(turns.take(PersonId(1)).now_or_never().is_none(), "one too many waits");
        assert!(turns.take(PersonId(2)).await.is_some(), "another person");

        held.pop();
        assert!(turns.take(PersonId(1)).await.is_some(), "a turn ended");
        held.clear();
        assert!(turns.running.lock().expect("the turns").is_empty());
    }
}
