//! What a node tells the other nodes: the payload of one `NOTIFY` of PostgreSQL.

use std::ops::Not;

use serde::{Deserialize, Serialize};

use crate::domain::PersonId;

/// Persons in one bulletin. An id takes 39 bytes, and PostgreSQL takes payloads of less than 8,000 bytes.
pub(super) const MOST_PERSONS: usize = 180;

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

    #[test]
    fn the_largest_bulletin_fits_into_a_payload_and_is_read_back() {
        let work = Work { has_deliveries: true, has_calls: true, has_due: true };
        let persons = (0..MOST_PERSONS as u128).map(|at| PersonId(u128::MAX - at)).collect();
        let bulletin = Bulletin { node: u64::MAX, persons, work, is_more: true };

        let text = bulletin.text();

        assert!(text.len() < 8_000, "{} bytes", text.len());
        assert_eq!(Bulletin::parse(&text), Some(bulletin));
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
