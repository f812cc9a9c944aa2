//! The state of the feed connection for the islands of a page, and the island that tells the browser half whose page
//! this is and what the page shows.

use std::time::Duration;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::fields::html;
use crate::{
    api::{ReadInbox, SeenLive},
    browser::{
        live::{self, Heard, Transport},
        opening, page as browser_page, presence, renewal, seen,
    },
    domain::{DailyQuestionId, Event, EventKind, PairId},
    paths::{self, HasVerb},
};

/// What a page shows, which decides the events that make the page load again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shows {
    /// A pair with its day.
    #[default]
    Everything,
    /// Text that no event changes, or a form that no event may interrupt.
    Nothing,
    /// People, pairs and settings, but nothing of the day.
    Settings,
    Card(DailyQuestionId),
    Inbox,
    Devices,
    HandOver,
}

impl Shows {
    /// Whether this page shows the subject of the event. Some pages show neither the day nor the nudges about the day.
    pub fn includes(self, event: &Event) -> bool {
        let is_of_the_day = event.kind.is_of_the_day() || event.kind == EventKind::InboxChanged;
        match self {
            Self::Everything => true,
            Self::Card(question) => !is_of_the_day || event.daily_question == Some(question),
            Self::Nothing | Self::Settings | Self::Inbox | Self::Devices | Self::HandOver => !is_of_the_day,
        }
    }

    /// Whether the event changes what this page shows.
    pub fn changes_with(self, event: &Event) -> bool {
        match event.kind {
            _ if self == Self::Nothing => false,
            // A notice reports this event, so the page stays as it is.
            EventKind::RecoveryCodeUsed => false,
            // When everything was read (`unread` is 0), the inbox stays as it is and keeps its unread marks.
            EventKind::InboxChanged => self == Self::Inbox && event.unread != Some(0),
            EventKind::DeviceChanged => self == Self::Devices,
            EventKind::HandOverAsked | EventKind::HandOverUsed => self == Self::HandOver,
            // Every event that changes the number of unread entries is in the inbox.
            _ => self.includes(event) || (self == Self::Inbox && event.unread.is_some()),
        }
    }
}

/// The page of a signed-in person, as the server rendered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageContext {
    /// The signed-in person, whose tabs in this browser share one connection.
    pub person: String,
    /// The build that rendered the page. If the server names another build, a newer release is running.
    pub build: String,
    /// The feed number that the server read before the page's own data, so that no event between the two reads is
    /// missed.
    pub as_of: i64,
    pub shows: Shows,
}

/// How another device of the same person signed in while this page is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameIn {
    WithRecoveryCode,
    ByHandOver,
}

/// The state of the feed connection, for the islands of a page. The context of the root owner holds one `LiveFeed`.
#[derive(Clone, Copy, Default)]
pub struct LiveFeed {
    /// A counter that increments with every message that may have changed a page.
    pub version: RwSignal<u64>,
    /// The last event received, except events about the inbox and about hand-overs.
    pub event: RwSignal<Option<Event>>,
    /// The number of unread entries, or `None` before the first event that carries it.
    pub unread: RwSignal<Option<i64>>,
    /// The server has a newer build than this page.
    pub is_outdated: RwSignal<bool>,
    /// The connection is down.
    pub is_lost: RwSignal<bool>,
    /// The transport is long poll, so events may arrive seconds late.
    pub is_slow: RwSignal<bool>,
    /// How events reach this tab: the number of a `Transport`, or `None` before it is known. The WASM already contains
    /// the code for a signal of this type.
    pub transport: RwSignal<Option<i64>>,
    pub came_in: RwSignal<Option<CameIn>>,
    /// The path of a card that opened, if this tab shows the notice about it; otherwise empty.
    pub opened: RwSignal<String>,
    /// Whether today's page may show presence: the connection was opened, and the page is not a stored copy.
    pub has_presence: RwSignal<bool>,
    page: StoredValue<Option<PageContext>>,
    /// The feed number of the view that an island keeps up to date, if there is such an island.
    kept_from: StoredValue<Option<i64>>,
    /// The feed number that a view must have reached to contain every event received; `i64::MAX` if that number is
    /// unknown.
    wanted: StoredValue<i64>,
}

/// The live feed of this page. The server has none and returns an inactive default.
pub fn use_live() -> LiveFeed {
    use_context::<LiveFeed>().unwrap_or_default()
}

impl LiveFeed {
    /// Notes that an island keeps a view up to date, read at `as_of`, so that the page need not load again for events.
    pub fn keep_from(self, as_of: i64) {
        self.kept_from.set_value(Some(as_of));
    }

    /// Whether somebody is signed in on this page.
    pub fn is_signed_in(self) -> bool {
        self.page.with_value(Option::is_some)
    }

    /// The person for whom this page was rendered (empty: nobody).
    pub fn person(self) -> String {
        self.page.with_value(|page| page.as_ref().map(|page| page.person.clone())).unwrap_or_default()
    }

    /// Returns the feed number that a view must have reached, and resets it.
    pub fn take_wanted(self) -> i64 {
        let wanted = self.wanted.get_value();
        self.wanted.set_value(0);
        wanted
    }

    /// Whether events arrive at this page at once.
    pub fn is_prompt(self) -> bool {
        !self.is_lost.get_untracked() && !self.is_slow.get_untracked()
    }

    fn change(self, seq: i64) {
        self.wanted.update_value(|wanted| *wanted = seq.max(*wanted));
        self.version.update(|version| *version += 1);
    }

    /// Opens the connection after all islands are hydrated. `is_whole`: no island failed. `is_current`: the page is not
    /// a copy stored on this device. In a copy the connection opens only if an island keeps a view up to date, because
    /// the island requests that view again.
    pub fn start(self, is_whole: bool, is_current: bool) {
        let Some(page) = self.page.get_value() else { return };
        let kept_from = self.kept_from.get_value().filter(|_| is_whole);
        let renews = kept_from.is_none();
        if renews && !is_current {
            return;
        }
        if renews {
            renewal::start();
        }
        let person = page.person.clone();
        live::open(kept_from.unwrap_or(page.as_of), &person, move |heard| self.hear(&page, renews, heard));
        opening::start(&person, move |card| self.opened.set(card));
        self.has_presence.set(is_current);
    }

    fn hear(self, page: &PageContext, renews: bool, heard: Heard) {
        match heard {
            Heard::Hello(build) => {
                // Under `make dev` every start is a build of its own, with a dash in its name: the page reloads by
                // itself.
                if build != page.build && page.build.contains('-') {
                    browser_page::reload();
                }
                self.is_outdated.set(build != page.build);
            }
            Heard::Transport(transport) => {
                self.transport.set(Some(transport as i64));
                self.is_slow.set(transport == Transport::Poll);
            }
            Heard::Presence { pair, what } => presence::show(&pair, &what),
            Heard::Lost(is_lost) => {
                self.is_lost.set(is_lost);
                // On a stored copy of a page, `up` hides the bar that says so, because the content is up to date again
                // (`style/components/header.css`).
                browser_page::set_root_attribute("data-feed", if is_lost { "lost" } else { "up" });
                // Islands now make the requests that were not possible while the connection was down.
                if !is_lost {
                    self.change(i64::MAX);
                }
            }
            Heard::Refetch => {
                self.change(i64::MAX);
                if renews {
                    renewal::ask_again();
                }
            }
            Heard::Event(event) => self.hear_event(page, renews, event),
        }
    }

    fn hear_event(self, page: &PageContext, renews: bool, event: Event) {
        presence::settle(event.pair);
        if let (EventKind::CardOpened, Some(pair), Some(question)) = (event.kind, event.pair, event.daily_question) {
            opening::opened(&paths::card(pair, question));
        }
        if let Some(unread) = event.unread {
            self.unread.set(Some(unread));
            seen::set_badge(unread);
            // An event that was seen as it arrived, on a page that shows it, needs no push to this browser.
            if unread > 0 && page.shows.includes(&event) && event.pair.is_some_and(seen::is_looked_at) {
                seen::post(SeenLive::VERB, event.seq, &page.person);
            }
        }
        match event.kind {
            EventKind::RecoveryCodeUsed => self.came_in.set(Some(CameIn::WithRecoveryCode)),
            EventKind::HandOverUsed => self.came_in.set(Some(CameIn::ByHandOver)),
            _ => {}
        }
        if renews && page.shows.changes_with(&event) {
            renewal::ask_again();
        }
        // Only another page shows hand-overs: a view that an island keeps up to date contains nothing of them.
        if matches!(event.kind, EventKind::HandOverAsked | EventKind::HandOverUsed) {
            return;
        }
        let seq = event.seq;
        match (event.kind, event.unread) {
            // When everything was read, only the number of unread entries changes.
            (EventKind::InboxChanged, Some(0)) => return,
            // A change of the inbox is not an event of the pair, so the last event of the pair stays shown.
            (EventKind::InboxChanged, _) => {}
            _ => self.event.set(Some(event)),
        }
        self.change(seq);
    }

    /// The last event, if it is about this pair.
    pub fn of_pair(self, pair: PairId) -> Option<Event> {
        self.event.get().filter(|event| event.pair == Some(pair))
    }
}

/// The number of unread entries, first from the server and then from events; hidden at zero. This island is on every
/// page of a signed-in person and brings the `PageContext` that the connection needs.
#[island]
pub fn UnreadCount(unread: i64, page: PageContext) -> impl IntoView {
    let live = use_live();
    live.page.set_value(Some(page));
    let unread = move || live.unread.get().unwrap_or(unread);
    view! { <b data-unread hidden=move || unread() == 0 inner_html=move || unread().to_string()></b> }
}

/// The sentence about how events reach this tab, or nothing before that is known. `sentences`: for the stream, for long
/// poll, for another tab.
#[island]
pub fn TransportLine(sentences: Vec<String>) -> impl IntoView {
    let live = use_live();
    let sentence = move || {
        let place = live.transport.get().and_then(|transport| usize::try_from(transport).ok());
        place.and_then(|place| sentences.get(place).cloned()).unwrap_or_default()
    };
    view! { <p class="hint" inner_html=move || html(&sentence())></p> }
}

/// The button that marks everything as read. With a script, opening the page counts as reading: the island reports it
/// at once and hides the button.
#[island]
pub fn ReadByLooking(seq: i64, children: Children) -> impl IntoView {
    let live = use_live();
    let is_read = RwSignal::new(false);
    Effect::new(move |_| {
        // Wait until all islands of the page are hydrated: the island with the `PageContext` may come later.
        set_timeout(
            move || {
                seen::post(ReadInbox::VERB, seq, &live.person());
                is_read.set(true);
            },
            Duration::ZERO,
        );
    });
    view! { <div class="read-all" hidden=move || is_read.get()>{children()}</div> }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Millis, PairId};

    fn event(kind: EventKind, daily_question: Option<DailyQuestionId>, unread: Option<i64>) -> Event {
        Event { seq: 1, kind, pair: Some(PairId(1)), daily_question, at: Millis(0), unread }
    }

    #[test]
    fn a_page_is_drawn_anew_for_what_it_shows() {
        use EventKind::{AnswerSubmitted, DeviceChanged, HandOverUsed, InboxChanged, NameChanged, RecoveryCodeUsed};
        let mine = DailyQuestionId(1);
        let of = |kind, unread| event(kind, Some(mine), unread);
        let changing = |event: &Event| {
            [
                Shows::Everything,
                Shows::Nothing,
                Shows::Settings,
                Shows::Card(mine),
                Shows::Card(DailyQuestionId(2)),
                Shows::Inbox,
                Shows::Devices,
                Shows::HandOver,
            ]
            .map(|shows| shows.changes_with(event))
        };
        assert_eq!(changing(&of(AnswerSubmitted, None)), [true, false, false, true, false, false, false, false]);
        assert_eq!(changing(&of(AnswerSubmitted, Some(1))), [true, false, false, true, false, true, false, false]);
        assert_eq!(changing(&of(NameChanged, None)), [true, false, true, true, true, true, true, true]);
        assert_eq!(changing(&of(InboxChanged, Some(2))), [false, false, false, false, false, true, false, false]);
        assert_eq!(changing(&of(InboxChanged, Some(0))), [false; 8]);
        assert_eq!(changing(&of(DeviceChanged, None)), [false, false, false, false, false, false, true, false]);
        assert_eq!(changing(&of(HandOverUsed, None)), [false, false, false, false, false, false, false, true]);
        assert_eq!(changing(&of(RecoveryCodeUsed, None)), [false; 8]);
    }
}
