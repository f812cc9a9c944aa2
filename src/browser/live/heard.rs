//! The messages that a page receives from the feed, and the transport that brings them.

use crate::domain::Event;

/// How events reach this tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Server-sent events.
    Stream,
    /// Long poll: events may arrive seconds late.
    Poll,
    /// Another tab of this browser reads the stream and passes events on.
    OtherTab,
}

impl Transport {
    /// The word for the transport in messages between tabs. Tabs of an earlier release know these words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stream => "sse",
            Self::Poll => "poll",
            Self::OtherTab => "tab",
        }
    }

    /// The transport of a following tab, from the word for the transport of its leader.
    pub(super) fn of_follower(word: &str) -> Self {
        if word == "poll" { Self::Poll } else { Self::OtherTab }
    }
}

/// A message that a page receives.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The server's build.
    Hello(String),
    Event(Event),
    /// The other member of a pair is here or writing.
    Presence {
        pair: String,
        what: String,
    },
    /// Something may have been missed, so the page requests everything again.
    Refetch,
    /// The connection is down (true) or up again (false).
    Lost(bool),
    Transport(Transport),
}
