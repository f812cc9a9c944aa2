//! Which sessions have an open connection at other nodes, as those nodes tell. It is good for hints only: a node that
//! cannot be heard is forgotten, and one that was heard in part is asked to tell everything anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::bulletin::{Bulletin, LineMark};
use crate::{
    domain::{PersonId, SessionId},
    server::clock::Stopwatch,
};

/// A node that was silent for this long is forgotten. A living one posts every few seconds.
const FORGET_AFTER: Duration = Duration::from_secs(30);

#[derive(Default)]
pub(super) struct Elsewhere(Mutex<BTreeMap<u64, Node>>);

struct Node {
    heard: Stopwatch,
    lines: BTreeSet<LineMark>,
}

impl Elsewhere {
    /// Takes what a bulletin of another node says of its lines. Returns false when its earlier bulletins were missed.
    pub(super) fn hear(&self, bulletin: &Bulletin) -> bool {
        let mut nodes = self.lock();
        nodes.retain(|_, node| node.heard.elapsed() < FORGET_AFTER);
        let is_known = bulletin.is_anew || nodes.contains_key(&bulletin.node);
        let node =
            nodes.entry(bulletin.node).or_insert_with(|| Node { heard: Stopwatch::start(), lines: BTreeSet::new() });
        node.heard = Stopwatch::start();
        if bulletin.is_anew {
            node.lines.clear();
        }
        node.lines.extend(&bulletin.opened);
        for closed in &bulletin.closed {
            node.lines.remove(closed);
        }
        is_known
    }

    pub(super) fn has(&self, person: PersonId, session: SessionId) -> bool {
        self.any(|lines| lines.contains(&LineMark::of(person, session)))
    }

    pub(super) fn has_person(&self, person: PersonId) -> bool {
        self.any(|lines| lines.range(LineMark::all_of(person)).next().is_some())
    }

    fn any(&self, is_so: impl Fn(&BTreeSet<LineMark>) -> bool) -> bool {
        self.lock().values().any(|node| node.heard.elapsed() < FORGET_AFTER && is_so(&node.lines))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Node>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(person: u128, session: u128) -> LineMark {
        LineMark::of(PersonId(person), SessionId(session))
    }

    #[test]
    fn a_line_is_known_from_its_opening_to_its_end_at_the_last_node() {
        let elsewhere = Elsewhere::default();
        let has = || (elsewhere.has(PersonId(1), SessionId(2)), elsewhere.has_person(PersonId(1)));
        let begun = |node| Bulletin { node, is_anew: true, opened: vec![mark(1, 2)], ..Bulletin::default() };
        let ended = |node| Bulletin { node, closed: vec![mark(1, 2)], ..Bulletin::default() };
        assert_eq!(has(), (false, false));

        assert!(elsewhere.hear(&begun(7)) && elsewhere.hear(&begun(8)));
        assert_eq!(has(), (true, true));
        assert!(!elsewhere.has(PersonId(1), SessionId(3)) && !elsewhere.has_person(PersonId(2)));
        assert!(elsewhere.hear(&ended(7)));
        assert_eq!(has(), (true, true), "the line at the other node is open");
        assert!(elsewhere.hear(&ended(8)));
        assert_eq!(has(), (false, false));
    }

    #[test]
    fn a_node_that_was_heard_in_part_is_asked_and_what_it_tells_anew_replaces_the_rest() {
        let elsewhere = Elsewhere::default();
        assert!(!elsewhere.hear(&Bulletin { node: 7, opened: vec![mark(1, 2)], ..Bulletin::default() }));
        assert!(elsewhere.hear(&Bulletin { node: 7, is_anew: true, opened: vec![mark(3, 4)], ..Bulletin::default() }));
        assert!(elsewhere.hear(&Bulletin { node: 7, opened: vec![mark(5, 6)], ..Bulletin::default() }));
        let has = [1, 3, 5].map(|person| elsewhere.has_person(PersonId(person)));
        assert_eq!(has, [false, true, true]);
    }
}
