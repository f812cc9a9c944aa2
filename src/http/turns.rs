//! Turns for work that takes long: so many at once in this process, and so many of them for one person, so that nobody
//! takes the turns of all others.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::domain::PersonId;

pub struct Turns {
    all: Semaphore,
    of_one: usize,
    of_persons: Mutex<BTreeMap<PersonId, usize>>,
}

/// A turn, which ends when it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    person: PersonId,
    _permit: SemaphorePermit<'a>,
}

/// Why there is no turn now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTurn {
    /// Everybody together has as many as there are.
    ForAnybody,
    /// The person has as many as one person gets.
    ForThisPerson,
}

impl Turns {
    pub const fn new(all: usize, of_one: usize) -> Self {
        Self { all: Semaphore::const_new(all), of_one, of_persons: Mutex::new(BTreeMap::new()) }
    }

    pub fn take(&self, person: PersonId) -> Result<Turn<'_>, NoTurn> {
        let mut running = self.of_persons.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(&person).is_some_and(|own| *own >= self.of_one) {
            return Err(NoTurn::ForThisPerson);
        }
        let permit = self.all.try_acquire().map_err(|_| NoTurn::ForAnybody)?;
        *running.entry(person).or_default() += 1;
        Ok(Turn { turns: self, person, _permit: permit })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut running = self.turns.of_persons.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = running.get_mut(&self.person) {
            *own -= 1;
            if *own == 0 {
                running.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_takes_two_turns_and_leaves_the_others_to_others() {
        let turns = Turns::new(32, 2);
        let own = [turns.take(PersonId(1)), turns.take(PersonId(1))];
        assert!(own.iter().all(Result::is_ok));
        assert_eq!(turns.take(PersonId(1)).err(), Some(NoTurn::ForThisPerson));
        let others: Vec<_> = (2..).map_while(|id| turns.take(PersonId(id)).ok()).collect();
        assert_eq!(others.len(), 30, "and no more than that");
        assert_eq!(turns.take(PersonId(99)).err(), Some(NoTurn::ForAnybody));
        drop(own);
        assert!(turns.take(PersonId(1)).is_ok());
        drop(others);
        assert!(turns.of_persons.lock().expect("the persons").is_empty());
    }
}
