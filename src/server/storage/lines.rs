//! The lines open in this process: whose they are, of which session, and which one goes when there are too many.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use crate::domain::{PersonId, SessionId};

/// Lines one browser may hold: its tabs, before one of them speaks for all.
pub const PER_SESSION: usize = 8;
/// Lines one person may hold over all browsers.
pub const PER_PERSON: usize = 20;

#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    opened: u64,
    /// The oldest first.
    of: HashMap<PersonId, Vec<Line>>,
}

struct Line {
    number: u64,
    session: SessionId,
    replaced: CancellationToken,
}

/// An open line of a session, as long as this lives.
pub struct OpenLine {
    number: u64,
    person: PersonId,
    replaced: CancellationToken,
    lines: Lines,
}

impl Lines {
    pub(super) fn open(&self, person: PersonId, session: SessionId) -> OpenLine {
        let replaced = CancellationToken::new();
        let mut open = self.lock();
        open.opened += 1;
        let number = open.opened;
        let lines = open.of.entry(person).or_default();
        lines.push(Line { number, session, replaced: replaced.clone() });
        if lines.iter().filter(|line| line.session == session).count() > PER_SESSION {
            replace_first(lines, |line| line.session == session);
        }
        if lines.len() > PER_PERSON {
            replace_first(lines, |_| true);
        }
        drop(open);
        OpenLine { number, person, replaced, lines: self.clone() }
    }

    pub(super) fn has(&self, person: PersonId, session: SessionId) -> bool {
        self.lock().of.get(&person).is_some_and(|lines| lines.iter().any(|line| line.session == session))
    }

    pub(super) fn count(&self) -> usize {
        self.lock().of.values().map(Vec::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn replace_first(lines: &mut Vec<Line>, is_meant: impl Fn(&Line) -> bool) {
    if let Some(at) = lines.iter().position(is_meant) {
        lines.remove(at).replaced.cancel();
    }
}

impl OpenLine {
    /// Cancelled when a newer line took this one's place.
    pub fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }
}

impl Drop for OpenLine {
    fn drop(&mut self) {
        let mut open = self.lines.lock();
        if let Some(lines) = open.of.get_mut(&self.person) {
            lines.retain(|line| line.number != self.number);
            if lines.is_empty() {
                open.of.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(lines: &Lines, session: u128) -> OpenLine {
        lines.open(PersonId(1), SessionId(session))
    }

    #[test]
    fn the_oldest_line_of_the_session_goes_when_there_are_more_than_eight() {
        let lines = Lines::default();
        let other = open(&lines, 2);
        let mut held: Vec<OpenLine> = (0..PER_SESSION).map(|_| open(&lines, 1)).collect();
        assert!(held.iter().all(|line| !line.replaced().is_cancelled()));

        held.push(open(&lines, 1));

        let replaced: Vec<bool> = held.iter().map(|line| line.replaced().is_cancelled()).collect();
        assert_eq!(replaced.iter().position(|is_replaced| *is_replaced), Some(0));
        assert_eq!(replaced.iter().filter(|is_replaced| **is_replaced).count(), 1);
        assert!(!other.replaced().is_cancelled(), "another browser's line stays");
    }

    #[test]
    fn the_oldest_line_of_the_person_goes_when_there_are_more_than_twenty() {
        let lines = Lines::default();
        let held: Vec<OpenLine> = (0..=PER_PERSON).map(|at| open(&lines, at as u128)).collect();
        assert!(held[0].replaced().is_cancelled() && held[1..].iter().all(|line| !line.replaced().is_cancelled()));
    }

    #[test]
    fn nothing_stays_of_lines_that_are_gone() {
        let lines = Lines::default();
        drop((0..1_000).map(|_| open(&lines, 1)).collect::<Vec<_>>());
        assert!(lines.lock().of.is_empty() && !lines.has(PersonId(1), SessionId(1)));
    }
}
