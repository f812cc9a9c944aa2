//! What a page hears, and how it came.

use crate::domain::Event;

/// How events reach this tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Server-sent events.
    Stream,
    /// Long poll: news may be seconds late.
    Poll,
    /// Another tab of this browser reads the stream and passes events on.
    OtherTab,
}

impl Transport {
    /// The word for it between tabs. Tabs of an earlier release know these words.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stream => "sse",
            Self::Poll => "poll",
            Self::OtherTab => "tab",
        }
    }

    /// How a tab hears whose leader reads by the transport of this word.
    pub(super) fn of_follower(word: &str) -> Self {
        if word == "poll" { Self::Poll } else { Self::OtherTab }
    }
}

/// What a page hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The server's build.
    Hello(String),
    Event(Event),
    /// The other member is here or writing, in a pair.
    Presence {
        pair: String,
        what: String,
    },
    /// Something may have been missed: ask for everything again.
    Refetch,
    /// The connection is down (true) or up again (false).
    Lost(bool),
    Transport(Transport),
}
