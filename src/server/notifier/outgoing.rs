//! What this node has not told the other nodes yet. Commits add to it, and the loop that posts takes everything that
//! gathered while the last post was under way.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use super::bulletin::{Bulletin, LineMark, MOST_LINES, MOST_PERSONS, MOST_SIGNALS, Passed, Work};
use crate::domain::PersonId;

/// Persons that wait at most. Above it the other nodes are asked to look at all their lines. And lines that wait at
/// most: above it all lines are told anew.
const MOST_WAITING: usize = 20_000;
/// Presence signals that wait at most; more are dropped.
const MOST_SIGNALS_WAITING: usize = 4 * MOST_SIGNALS;
/// With more persons than this to be told, all presence signals are dropped.
const BUSY: usize = 10 * MOST_PERSONS;

pub(super) struct Outgoing {
    /// The name of this node in its bulletins: random, new with each process.
    pub(super) node: u64,
    waiting: Mutex<Waiting>,
    /// Something waits that is to be told at once.
    pub(super) added: Notify,
    /// Something waits that has a moment's time: lines and presence.
    pub(super) noted: Notify,
}

#[derive(Default)]
struct Waiting {
    persons: BTreeSet<PersonId>,
    work: Work,
    is_more: bool,
    /// The lines that changed, and whether they are open now.
    lines: BTreeMap<LineMark, bool>,
    is_anew: bool,
    asks: bool,
    presence: Vec<Passed>,
}

impl Outgoing {
    pub(super) fn new(node: u64) -> Self {
        // The first bulletin of a process tells all its lines, so that the others know that they missed none.
        let waiting = Mutex::new(Waiting { is_anew: true, ..Waiting::default() });
        Self { node, waiting, added: Notify::new(), noted: Notify::new() }
    }

    pub(super) fn add(&self, persons: &BTreeSet<PersonId>, work: Work) {
        if persons.is_empty() && work == Work::default() {
            return;
        }
        let mut waiting = self.lock();
        waiting.work.add(work);
        if waiting.persons.len() + persons.len() > MOST_WAITING {
            waiting.persons.clear();
            waiting.is_more = true;
        } else if !waiting.is_more {
            waiting.persons.extend(persons);
        }
        drop(waiting);
        self.added.notify_one();
    }

    /// Notes that a session has its first connection, or has lost its last.
    pub(super) fn note_line(&self, line: LineMark, is_open: bool) {
        let mut waiting = self.lock();
        if waiting.lines.len() < MOST_WAITING {
            waiting.lines.insert(line, is_open);
        } else {
            waiting.lines.clear();
            waiting.is_anew = true;
        }
        drop(waiting);
        self.noted.notify_one();
    }

    /// Passes a presence signal on, unless too many wait.
    pub(super) fn pass_on(&self, signal: Passed) {
        let mut waiting = self.lock();
        if waiting.presence.len() < MOST_SIGNALS_WAITING {
            waiting.presence.push(signal);
        }
        drop(waiting);
        self.noted.notify_one();
    }

    /// Tells all lines of this node anew.
    pub(super) fn tell_anew(&self) {
        self.lock().is_anew = true;
        self.added.notify_one();
    }

    /// Asks the other nodes to tell all their lines anew.
    pub(super) fn ask(&self) {
        self.lock().asks = true;
        self.added.notify_one();
    }

    /// Takes what waits, as at least one bulletin. `lines` returns all open lines.
    pub(super) fn take(&self, lines: impl FnOnce() -> Vec<LineMark>) -> Vec<Bulletin> {
        let Waiting { persons, work, is_more, lines: changed, is_anew, asks, presence } =
            std::mem::take(&mut *self.lock());
        let presence = if is_more || persons.len() > BUSY { Vec::new() } else { presence };
        let mut bulletins = vec![Bulletin { node: self.node, work, is_more, is_anew, asks, ..Bulletin::default() }];
        for person in persons {
            match bulletins.last_mut() {
                Some(last) if last.persons.len() < MOST_PERSONS => last.persons.push(person),
                _ => bulletins.push(Bulletin { persons: vec![person], ..self.empty() }),
            }
        }
        // The lines are read after the changes were taken: a change between the two is told again, which does no harm.
        let (opened, closed) = if is_anew {
            (lines(), Vec::new())
        } else {
            let (opened, closed): (Vec<_>, Vec<_>) = changed.into_iter().partition(|(_, is_open)| *is_open);
            let marks = |changed: Vec<(LineMark, bool)>| changed.into_iter().map(|(line, _)| line).collect();
            (marks(opened), marks(closed))
        };
        bulletins.extend(opened.chunks(MOST_LINES).map(|opened| Bulletin { opened: opened.to_vec(), ..self.empty() }));
        bulletins.extend(closed.chunks(MOST_LINES).map(|closed| Bulletin { closed: closed.to_vec(), ..self.empty() }));
        bulletins.extend(
            presence.chunks(MOST_SIGNALS).map(|signals| Bulletin { presence: signals.to_vec(), ..self.empty() }),
        );
        bulletins
    }

    /// Bulletins that were taken did not reach the others: the next one says that more happened.
    pub(super) fn lose(&self) {
        let mut waiting = self.lock();
        waiting.persons.clear();
        waiting.presence.clear();
        waiting.is_more = true;
        waiting.is_anew = true;
        waiting.work = Work { has_deliveries: true, has_calls: true, has_due: true };
    }

    fn empty(&self) -> Bulletin {
        Bulletin { node: self.node, ..Bulletin::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PairId, Presence, PresenceSignal, SessionId};

    fn persons(count: usize) -> BTreeSet<PersonId> {
        (0..count as u128).map(PersonId).collect()
    }

    fn mark(session: u128) -> LineMark {
        LineMark::of(PersonId(1), SessionId(session))
    }

    fn signal() -> Passed {
        Passed(PersonId(1), PersonId(2), PresenceSignal { pair: PairId(3), what: Presence::Here })
    }

    /// A queue whose first bulletin was taken.
    fn outgoing() -> Outgoing {
        let outgoing = Outgoing::new(1);
        assert!(outgoing.take(Vec::new)[0].is_anew, "a process begins by telling all its lines");
        outgoing
    }

    #[test]
    fn what_gathers_goes_together_each_person_once_in_payloads_of_limited_size() {
        let outgoing = outgoing();
        outgoing.add(&persons(500), Work::default());
        outgoing.add(&persons(400), Work { has_deliveries: true, ..Work::default() });

        let bulletins = outgoing.take(Vec::new);

        let told: Vec<PersonId> = bulletins.iter().flat_map(|bulletin| bulletin.persons.clone()).collect();
        assert_eq!(told, persons(500).into_iter().collect::<Vec<_>>());
        assert!(bulletins.iter().all(|bulletin| bulletin.node == 1 && bulletin.persons.len() <= MOST_PERSONS));
        assert!(bulletins[0].work.has_deliveries && !bulletins[1].work.has_deliveries);
        assert_eq!(outgoing.take(Vec::new), [outgoing.empty()], "everything was taken");
    }

    #[test]
    fn more_than_is_kept_and_what_was_lost_become_a_look_at_everything() {
        let outgoing = outgoing();
        outgoing.add(&persons(MOST_WAITING), Work::default());
        outgoing.add(&[PersonId(u128::MAX)].into(), Work::default());
        outgoing.add(&persons(3), Work::default());
        assert_eq!(outgoing.take(Vec::new), [Bulletin { is_more: true, ..outgoing.empty() }]);

        outgoing.add(&persons(3), Work::default());
        outgoing.take(Vec::new);
        outgoing.lose();
        let [bulletin] = &outgoing.take(Vec::new)[..] else { panic!("one bulletin") };
        assert!(bulletin.is_more && bulletin.is_anew && bulletin.work.has_due, "{bulletin:?}");
    }

    #[test]
    fn of_a_line_the_last_state_is_told_and_too_many_changes_become_all_lines() {
        let outgoing = outgoing();
        outgoing.note_line(mark(1), true);
        outgoing.note_line(mark(2), true);
        outgoing.note_line(mark(1), false);
        let told = outgoing.take(|| panic!("the changes suffice"));
        assert_eq!(
            told[1..],
            [
                Bulletin { opened: vec![mark(2)], ..outgoing.empty() },
                Bulletin { closed: vec![mark(1)], ..outgoing.empty() },
            ]
        );

        (0..=MOST_WAITING as u128).for_each(|session| outgoing.note_line(mark(session), true));
        let told = outgoing.take(|| vec![mark(5)]);
        assert!(told[0].is_anew);
        assert_eq!(told[1..], [Bulletin { opened: vec![mark(5)], ..outgoing.empty() }]);
    }

    #[test]
    fn presence_is_the_first_to_be_dropped() {
        let outgoing = outgoing();
        (0..1_000).for_each(|_| outgoing.pass_on(signal()));
        let passed: usize = outgoing.take(Vec::new).iter().map(|bulletin| bulletin.presence.len()).sum();
        assert_eq!(passed, MOST_SIGNALS_WAITING, "no more than a few payloads");

        outgoing.pass_on(signal());
        outgoing.add(&persons(BUSY + 1), Work::default());
        let told = outgoing.take(Vec::new);
        assert!(told.iter().all(|bulletin| bulletin.presence.is_empty()), "it leaves the way to the events");
        assert_eq!(told.iter().map(|bulletin| bulletin.persons.len()).sum::<usize>(), BUSY + 1);
    }
}
