//! The registry of the feed connections that are open in this process, with their limits.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

use super::{bulletin::LineMark, outgoing::Outgoing};
use crate::domain::{PersonId, SessionId};

/// Most connections of one session: tabs that have not elected a leader yet hold one each.
pub const PER_SESSION: usize = 8;
/// Most connections of one person over all browsers.
pub const PER_PERSON: usize = 20;

#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    opened: u64,
    /// Oldest first.
    of: HashMap<PersonId, Vec<Connection>>,
    /// Where the other nodes are told of the sessions that have a connection.
    outgoing: Option<Arc<Outgoing>>,
}

struct Connection {
    number: u64,
    session: SessionId,
    replaced: CancellationToken,
    /// The number that it has read its feed to; the largest before it has read.
    seq: i64,
}

/// What the look at all open lines compares, and what a transaction reads from: a session, and the number that all its
/// connections have read to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenLine {
    pub person: PersonId,
    pub session: SessionId,
    pub seq: i64,
}

/// An open connection of a session. Dropping it closes the entry.
pub struct OpenConnection {
    number: u64,
    person: PersonId,
    replaced: CancellationToken,
    connections: Connections,
}

impl Connections {
    pub(super) fn told_to(outgoing: Arc<Outgoing>) -> Self {
        Self(Arc::new(Mutex::new(Open { outgoing: Some(outgoing), ..Open::default() })))
    }

    pub(super) fn open(&self, person: PersonId, session: SessionId) -> OpenConnection {
        let replaced = CancellationToken::new();
        let mut open = self.lock();
        let is_first = !open.has(person, session);
        open.opened += 1;
        let number = open.opened;
        let mut former = None;
        let connections = open.of.entry(person).or_default();
        connections.push(Connection { number, session, replaced: replaced.clone(), seq: i64::MAX });
        if connections.iter().filter(|connection| connection.session == session).count() > PER_SESSION {
            replace_first(connections, |connection| connection.session == session);
        }
        if connections.len() > PER_PERSON {
            former = replace_first(connections, |_| true);
        }
        if is_first {
            open.tell(person, session);
        }
        if let Some(former) = former.filter(|former| !open.has(person, *former)) {
            open.tell(person, former);
        }
        drop(open);
        OpenConnection { number, person, replaced, connections: self.clone() }
    }

    pub(super) fn has(&self, person: PersonId, session: SessionId) -> bool {
        self.lock().has(person, session)
    }

    /// The marks of all sessions with a connection.
    pub(super) fn marks(&self) -> Vec<LineMark> {
        self.lines().into_iter().map(|line| LineMark::of(line.person, line.session)).collect()
    }

    /// Each session with a connection once.
    pub(super) fn lines(&self) -> Vec<OpenLine> {
        let open = self.lock();
        let mut lines = Vec::with_capacity(open.of.len());
        for (person, connections) in &open.of {
            lines.extend(lines_of(*person, connections));
        }
        lines
    }

    /// As `lines`, of these persons. A session none of whose connections has read yet is not among them.
    pub(super) fn lines_of(&self, persons: &BTreeSet<PersonId>) -> Vec<OpenLine> {
        let open = self.lock();
        let of = |person: &PersonId| open.of.get(person).map(|connections| lines_of(*person, connections));
        persons.iter().filter_map(of).flatten().filter(|line| line.seq < i64::MAX).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.lock().of.values().map(Vec::len).sum()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn has(&self, person: PersonId, session: SessionId) -> bool {
        let connections = self.of.get(&person);
        connections.is_some_and(|connections| connections.iter().any(|connection| connection.session == session))
    }

    /// Tells the other nodes whether the session has a connection. Under the lock, so that they hear it in order.
    fn tell(&self, person: PersonId, session: SessionId) {
        if let Some(outgoing) = &self.outgoing {
            outgoing.note_line(LineMark::of(person, session), self.has(person, session));
        }
    }
}

fn lines_of(person: PersonId, connections: &[Connection]) -> impl Iterator<Item = OpenLine> + use<> {
    let mut seqs: BTreeMap<SessionId, i64> = BTreeMap::new();
    for Connection { session, seq, .. } in connections {
        let least = seqs.entry(*session).or_insert(*seq);
        *least = (*least).min(*seq);
    }
    seqs.into_iter().map(move |(session, seq)| OpenLine { person, session, seq })
}

/// Returns the session of the connection that was replaced.
fn replace_first(connections: &mut Vec<Connection>, is_meant: impl Fn(&Connection) -> bool) -> Option<SessionId> {
    let at = connections.iter().position(is_meant)?;
    let connection = connections.remove(at);
    connection.replaced.cancel();
    Some(connection.session)
}

impl OpenConnection {
    /// The token is cancelled when a newer connection replaces this one.
    pub fn replaced(&self) -> &CancellationToken {
        &self.replaced
    }

    /// Records that the connection has read its feed to this number.
    pub fn has_read(&self, seq: i64) {
        let mut open = self.connections.lock();
        let connections = open.of.get_mut(&self.person);
        if let Some(own) =
            connections.and_then(|all| all.iter_mut().find(|connection| connection.number == self.number))
        {
            own.seq = seq;
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        let Some(connections) = open.of.get_mut(&self.person) else { return };
        let Some(at) = connections.iter().position(|connection| connection.number == self.number) else { return };
        let session = connections.remove(at).session;
        if connections.is_empty() {
            open.of.remove(&self.person);
        }
        if !open.has(self.person, session) {
            open.tell(self.person, session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(connections: &Connections, session: u128) -> OpenConnection {
        connections.open(PersonId(1), SessionId(session))
    }

    #[test]
    fn the_oldest_line_of_the_session_goes_when_there_are_more_than_eight() {
        let connections = Connections::default();
        let other = open(&connections, 2);
        let mut held: Vec<OpenConnection> = (0..PER_SESSION).map(|_| open(&connections, 1)).collect();
        assert!(held.iter().all(|connection| !connection.replaced().is_cancelled()));

        held.push(open(&connections, 1));

        let replaced: Vec<bool> = held.iter().map(|connection| connection.replaced().is_cancelled()).collect();
        assert_eq!(replaced.iter().position(|is_replaced| *is_replaced), Some(0));
        assert_eq!(replaced.iter().filter(|is_replaced| **is_replaced).count(), 1);
        assert!(!other.replaced().is_cancelled(), "another browser's connection stays");
    }

    #[test]
    fn the_oldest_line_of_the_person_goes_when_there_are_more_than_twenty() {
        let connections = Connections::default();
        let held: Vec<OpenConnection> = (0..=PER_PERSON).map(|at| open(&connections, at as u128)).collect();
        assert!(
            held[0].replaced().is_cancelled()
                && held[1..].iter().all(|connection| !connection.replaced().is_cancelled())
        );
    }

    #[test]
    fn a_session_is_as_far_as_its_last_line_that_has_read() {
        let connections = Connections::default();
        let (first, second, _new) = (open(&connections, 1), open(&connections, 1), open(&connections, 1));
        let other = open(&connections, 2);
        first.has_read(7);
        second.has_read(5);
        other.has_read(9);

        let line = |session, seq| OpenLine { person: PersonId(1), session: SessionId(session), seq };
        assert_eq!(connections.lines(), [line(1, 5), line(2, 9)]);
        drop(second);
        assert_eq!(connections.lines(), [line(1, 7), line(2, 9)]);
    }

    #[test]
    fn nothing_stays_of_lines_that_are_gone() {
        let connections = Connections::default();
        drop((0..1_000).map(|_| open(&connections, 1)).collect::<Vec<_>>());
        assert!(connections.lock().of.is_empty() && !connections.has(PersonId(1), SessionId(1)));
    }
}
