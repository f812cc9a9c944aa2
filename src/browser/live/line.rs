//! The state of one tab: its cursor, its connection while it leads, and what it passes on.

use std::cell::{Cell, RefCell};

use futures::future::AbortHandle;
use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::AbortController;

use super::{
    heard::{Heard, Transport},
    tabs::Tabs,
};
use crate::{
    browser::page::{get, now_ms},
    domain::Event,
};

/// The connection of one tab, which lives as long as the page.
pub(super) struct Line {
    hear: Box<dyn Fn(Heard)>,
    pub(super) person: String,
    /// The last number of the feed that this tab has.
    cursor: Cell<i64>,
    pub(super) transport: Cell<Transport>,
    /// The time until which long poll is the transport (epoch ms). Later a poll only finds out why a stream failed.
    pub(super) poll_until: Cell<f64>,
    /// The number of failed attempts in a row.
    pub(super) failures: Cell<i32>,
    /// The number of streams in a row that ended without a frame.
    pub(super) refusals: Cell<i32>,
    pub(super) heard_at: Cell<f64>,
    /// False while the page is put away (back/forward cache).
    pub(super) is_on: Cell<bool>,
    is_lost: Cell<bool>,
    /// The server ended this connection because the browser had too many.
    pub(super) is_replaced: Cell<bool>,
    /// The handle that ends the connection of this tab.
    pub(super) reading: RefCell<Option<AbortHandle>>,
    /// The channel and the locks of the tabs, if this browser has both.
    pub(super) tabs: RefCell<Option<Tabs>>,
    /// The number of requests for the lock so far.
    pub(super) requests: Cell<u32>,
    /// Withdraws the last request for the lock.
    pub(super) asking: RefCell<Option<AbortController>>,
    /// Releases the lock. `Some` while this tab holds the lock and so leads.
    pub(super) release: RefCell<Option<Function>>,
}

/// How the number of an event compares with the cursor of a tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbered {
    Known,
    Next,
    /// Events between the last one and this one were missed.
    AfterGap,
}

/// Compares the number of an event with the cursor. The numbers of a person have no gaps. Only a following tab can miss
/// an event, if its leader passed the event on before the tab listened.
fn numbered(cursor: i64, seq: i64, is_leading: bool) -> Numbered {
    if seq <= cursor {
        Numbered::Known
    } else if seq > cursor + 1 && !is_leading {
        Numbered::AfterGap
    } else {
        Numbered::Next
    }
}

/// A field of a JSON object.
fn field(json: &str, name: &str) -> Option<JsValue> {
    get(&js_sys::JSON::parse(json).ok()?, name)
}

impl Line {
    pub(super) fn new(cursor: i64, person: &str, hear: Box<dyn Fn(Heard)>) -> Self {
        Self {
            hear,
            person: person.to_owned(),
            cursor: Cell::new(cursor),
            transport: Cell::new(Transport::Stream),
            poll_until: Cell::new(0.0),
            failures: Cell::new(0),
            refusals: Cell::new(0),
            heard_at: Cell::new(now_ms()),
            is_on: Cell::new(false),
            is_lost: Cell::new(false),
            is_replaced: Cell::new(false),
            reading: RefCell::new(None),
            tabs: RefCell::new(None),
            requests: Cell::new(0),
            asking: RefCell::new(None),
            release: RefCell::new(None),
        }
    }

    /// Whether this tab reads the feed itself.
    pub(super) fn is_leading(&self) -> bool {
        self.tabs.borrow().is_none() || self.release.borrow().is_some()
    }

    /// The URL of the feed after the cursor. `whose` is sent because another person may have signed in to this browser
    /// since.
    pub(super) fn url(&self, wait: &str) -> String {
        ["/events?", wait, "after=", &self.cursor.get().to_string(), "&whose=", &self.person].concat()
    }

    /// Resets the counts of failures, because a transport works. `is_stream`: a frame of a stream arrived.
    pub(super) fn works(&self, is_stream: bool) {
        self.failures.set(0);
        if is_stream {
            self.refusals.set(0);
        }
    }

    pub(super) fn set_lost(&self, is_lost: bool) {
        if self.is_lost.get() != is_lost {
            self.heard("lost", if is_lost { "1" } else { "" });
        }
    }

    /// Reports the transport that reads the feed.
    pub(super) fn say_transport(&self) {
        self.heard("road", self.transport.get().word());
    }

    // ---- messages

    /// Handles a message from this tab's own connection, for this page and for the other tabs.
    pub(super) fn heard(&self, kind: &str, text: &str) {
        self.take(kind, text, self.transport.get());
        if self.release.borrow().is_some() {
            self.tell_tabs(kind, &text.into());
        }
    }

    fn take(&self, kind: &str, text: &str, transport: Transport) {
        self.heard_at.set(now_ms());
        let heard = match kind {
            "told" => {
                let Ok(event) = serde_json::from_str::<Event>(text) else { return };
                match numbered(self.cursor.get(), event.seq, self.is_leading()) {
                    Numbered::Known => return,
                    Numbered::AfterGap => (self.hear)(Heard::Refetch),
                    Numbered::Next => {}
                }
                self.cursor.set(event.seq);
                Heard::Event(event)
            }
            "reset" => {
                let Some(seq) = field(text, "seq").and_then(|seq| seq.as_f64()) else { return };
                self.cursor.set(seq as i64);
                Heard::Refetch
            }
            "refetch" => Heard::Refetch,
            "hello" => {
                let Some(build) = field(text, "build").and_then(|build| build.as_string()) else { return };
                Heard::Hello(build)
            }
            "presence" => {
                let word = |name| field(text, name).and_then(|word| word.as_string()).unwrap_or_default();
                Heard::Presence { pair: word("pair"), what: word("what") }
            }
            "lost" => {
                self.is_lost.set(!text.is_empty());
                Heard::Lost(!text.is_empty())
            }
            "road" => Heard::Transport(transport),
            // `ping`, and kinds that a later release may add.
            _ => return,
        };
        (self.hear)(heard);
    }

    /// Handles a message that the leading tab passed on to this following tab.
    pub(super) fn follow(&self, kind: &str, text: &str) {
        self.take(kind, text, Transport::of_follower(text));
    }

    /// Handles the leader's report of its cursor and transport.
    pub(super) fn follow_from(&self, seq: i64, transport: &str) {
        self.take("road", "", Transport::of_follower(transport));
        if seq > self.cursor.get() {
            self.cursor.set(seq);
            (self.hear)(Heard::Refetch);
        }
    }

    /// Tells the other tabs the cursor of this tab. A tab that asked while no tab led gets its answer here too.
    pub(super) fn say_here(&self) {
        self.tell_tabs("here", &(self.cursor.get() as f64).into());
    }

    /// Sends a message to the other tabs, if this tab has joined them.
    pub(super) fn tell_tabs(&self, kind: &str, text: &JsValue) {
        if let Some(tabs) = self.tabs.borrow().as_ref() {
            tabs.tell(kind, text, self.transport.get().word());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_once_and_a_follower_notices_a_gap() {
        assert_eq!(numbered(7, 7, true), Numbered::Known);
        assert_eq!(numbered(7, 3, false), Numbered::Known);
        assert_eq!(numbered(7, 8, false), Numbered::Next);
        assert_eq!(numbered(7, 9, false), Numbered::AfterGap);
        assert_eq!(numbered(7, 9, true), Numbered::Next, "the server left it out on purpose");
    }

    #[test]
    fn a_follower_hears_by_another_tab_or_as_late_as_its_leader() {
        assert_eq!(Transport::of_follower(Transport::Stream.word()), Transport::OtherTab);
        assert_eq!(Transport::of_follower(Transport::Poll.word()), Transport::Poll);
    }
}
