//! What a node tells the other nodes: the payload of one `NOTIFY` of PostgreSQL.

use std::ops::{Not, RangeInclusive};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::domain::{PersonId, PresenceSignal, SessionId};

/// Persons in one bulletin. An id takes 39 bytes, and PostgreSQL takes payloads of less than 8,000 bytes.
pub(super) const MOST_PERSONS: usize = 180;
/// Lines and presence signals in one bulletin, which then lists no persons: 35 and 142 bytes each.
pub(super) const MOST_LINES: usize = 200;
pub(super) const MOST_SIGNALS: usize = 50;

/// A bulletin carries no fact, only reasons to look. A field that a later release adds is ignored by this one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bulletin {
    /// The node that posts it. A bulletin with nothing else shows that the way through the database is open.
    pub node: u64,
    /// Their feeds were written to, or one of their sessions ended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<PersonId>,
    #[serde(flatten)]
    pub work: Work,
    /// More happened than is listed: the others look at all their open lines at once.
    #[serde(skip_serializing_if = "Not::not")]
    pub is_more: bool,
    /// The node tells all its open lines, in this and the next bulletins.
    #[serde(skip_serializing_if = "Not::not")]
    pub is_anew: bool,
    /// The node has missed bulletins: the others tell all their open lines.
    #[serde(skip_serializing_if = "Not::not")]
    pub asks: bool,
    /// Sessions that have an open connection at this node now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<LineMark>,
    /// Sessions that have none any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<LineMark>,
    /// Presence signals for persons who have an open connection elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub presence: Vec<Passed>,
}

/// A presence signal with the member who sends it and the member who sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed(pub PersonId, pub PersonId, pub PresenceSignal);

/// A person and a session by the random halves of their ids (UUIDv7). 32 hexadecimal digits in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineMark {
    person: u64,
    session: u64,
}

/// The lower half of an id.
fn half(id: u128) -> u64 {
    (id & u128::from(u64::MAX)) as u64
}

impl LineMark {
    pub(super) fn of(person: PersonId, session: SessionId) -> Self {
        Self { person: half(person.0), session: half(session.0) }
    }

    /// The marks of all sessions of a person.
    pub(super) fn all_of(person: PersonId) -> RangeInclusive<Self> {
        let person = half(person.0);
        Self { person, session: 0 }..=Self { person, session: u64::MAX }
    }
}

impl Serialize for LineMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}{:016x}", self.person, self.session))
    }
}

impl<'de> Deserialize<'de> for LineMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let both = u128::from_str_radix(&text, 16).map_err(de::Error::custom)?;
        Ok(Self { person: half(both >> 64), session: half(both) })
    }
}

/// What a transaction wrote for the background loops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Work {
    /// A delivery.
    #[serde(rename = "outbox", skip_serializing_if = "Not::not")]
    pub has_deliveries: bool,
    /// A call to FCM.
    #[serde(rename = "calls", skip_serializing_if = "Not::not")]
    pub has_calls: bool,
    /// A pair's due minute.
    #[serde(rename = "scheduler", skip_serializing_if = "Not::not")]
    pub has_due: bool,
}

impl Work {
    pub(super) fn add(&mut self, more: Self) {
        self.has_deliveries |= more.has_deliveries;
        self.has_calls |= more.has_calls;
        self.has_due |= more.has_due;
    }
}

impl Bulletin {
    pub(super) fn text(&self) -> String {
        // Numbers, ids and flags always serialise.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// `None` for a payload of somebody else, who may use the same channel.
    pub(super) fn parse(payload: &str) -> Option<Self> {
        serde_json::from_str(payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{PairId, Presence};

    #[test]
    fn the_largest_bulletins_fit_into_a_payload_and_are_read_back() {
        let work = Work { has_deliveries: true, has_calls: true, has_due: true };
        let begun = Bulletin { node: u64::MAX, work, is_more: true, is_anew: true, asks: true, ..Bulletin::default() };
        let persons = (0..MOST_PERSONS as u128).map(|at| PersonId(u128::MAX - at)).collect();
        let line = |at: usize| LineMark::of(PersonId(u128::MAX - at as u128), SessionId(u128::MAX));
        let signal = PresenceSignal { pair: PairId(u128::MAX), what: Presence::Writing };
        let passed = Passed(PersonId(u128::MAX), PersonId(u128::MAX), signal);
        for bulletin in [
            Bulletin { persons, ..begun.clone() },
            Bulletin { opened: (0..MOST_LINES).map(line).collect(), ..begun.clone() },
            Bulletin { closed: (0..MOST_LINES).map(line).collect(), ..begun.clone() },
            Bulletin { presence: vec![passed; MOST_SIGNALS], ..begun },
        ] {
            let text = bulletin.text();

            assert!(text.len() < 8_000, "{} bytes", text.len());
            assert_eq!(Bulletin::parse(&text), Some(bulletin));
        }
    }

    #[test]
    fn what_a_later_release_adds_is_ignored_and_what_is_no_bulletin_too() {
        let expected = Bulletin { node: 7, is_more: true, ..Bulletin::default() };
        assert_eq!(Bulletin::parse(r#"{"node":7,"is_more":true,"tides":["high"]}"#), Some(expected));
        for other in ["", "hello", "7", r#"{"node":"x"}"#] {
            assert_eq!(Bulletin::parse(other), None, "{other}");
        }
    }
}
