//! What a page knows of the live line, and the island that tells the browser half whose page this is and what it shows.

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

/// What a page shows, and so which events are a reason to draw it anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shows {
    /// A pair with its day.
    #[default]
    Everything,
    /// Text that no event changes, or a form that no event may interrupt.
    Nothing,
    /// People, pairs and settings, and nothing of the day.
    Settings,
    Card(DailyQuestionId),
    Inbox,
    Devices,
    HandOver,
}

impl Shows {
    /// Whether whoever looks at this page sees what the event is about. Only the day and the nudges about it are
    /// missing on some pages.
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
            // The notice says it, and the page is left as it is.
            EventKind::RecoveryCodeUsed => false,
            // That everything was read takes no mark off the page that showed it.
            EventKind::InboxChanged => self == Self::Inbox && event.unread != Some(0),
            EventKind::DeviceChanged => self == Self::Devices,
            EventKind::HandOverAsked | EventKind::HandOverUsed => self == Self::HandOver,
            // Whatever changes the number of unread entries is in the inbox.
            _ => self.includes(event) || (self == Self::Inbox && event.unread.is_some()),
        }
    }
}

/// The page of somebody who is signed in, as the server drew it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageContext {
    /// Whose browser this is: its tabs share one line.
    pub person: String,
    /// The build of the page. A line that names another one speaks of a newer release.
    pub build: String,
    /// The number of the feed that was read before the page's own data: no event between them is missed.
    pub as_of: i64,
    pub shows: Shows,
}

/// A device of the same person that came in while this page is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CameIn {
    WithRecoveryCode,
    ByHandOver,
}

/// The live line as the islands of a page see it. There is one in the context of the root owner.
#[derive(Clone, Copy, Default)]
pub struct LiveFeed {
    /// Rises with everything heard that may have changed a page.
    pub version: RwSignal<u64>,
    /// The last event heard.
    pub event: RwSignal<Option<Event>>,
    /// The number of unread entries, once an event has told it.
    pub unread: RwSignal<Option<i64>>,
    /// The server has a newer build than this page.
    pub is_outdated: RwSignal<bool>,
    /// The line is down.
    pub is_lost: RwSignal<bool>,
    /// The line goes by long poll: news may be seconds late.
    pub is_slow: RwSignal<bool>,
    /// How events reach this tab, once that is known: the number of a `Transport`. (A signal of a type that is there
    /// already costs no code.)
    pub transport: RwSignal<Option<i64>>,
    pub came_in: RwSignal<Option<CameIn>>,
    /// The path of a card that opened, while this tab is the one that says so; else empty.
    pub opened: RwSignal<String>,
    /// Today's page may show presence: the connection is there, and the page is no stored copy.
    pub has_presence: RwSignal<bool>,
    page: StoredValue<Option<PageContext>>,
    /// The number of the feed of the view that an island keeps true, if there is such an island.
    kept_from: StoredValue<Option<i64>>,
    /// The number that a view must have reached to hold everything heard; `i64::MAX` where that is not known.
    wanted: StoredValue<i64>,
}

/// The live feed of this page. The server has none, and gives islands one that stays silent.
pub fn use_live() -> LiveFeed {
    use_context::<LiveFeed>().unwrap_or_default()
}

impl LiveFeed {
    /// An island keeps a view true that was read at `as_of`: the page need not be drawn anew for it.
    pub fn keep_from(self, as_of: i64) {
        self.kept_from.set_value(Some(as_of));
    }

    /// Whether somebody is signed in on this page.
    pub fn is_signed_in(self) -> bool {
        self.page.with_value(Option::is_some)
    }

    /// For whom this page was drawn (empty: nobody).
    pub fn person(self) -> String {
        self.page.with_value(|page| page.as_ref().map(|page| page.person.clone())).unwrap_or_default()
    }

    /// Gives the number that a view must have reached, and forgets it.
    pub fn take_wanted(self) -> i64 {
        let wanted = self.wanted.get_value();
        self.wanted.set_value(0);
        wanted
    }

    /// Whether what happens is heard here at once.
    pub fn is_prompt(self) -> bool {
        !self.is_lost.get_untracked() && !self.is_slow.get_untracked()
    }

    fn change(self, seq: i64) {
        self.wanted.update_value(|wanted| *wanted = seq.max(*wanted));
        self.version.update(|version| *version += 1);
    }

    /// Opens the line when all islands are hydrated. `is_whole`: none of them failed. `is_current`: the page is no copy
    /// that this device kept; the view that an island keeps true is asked for in a copy as well.
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
                // Under `make dev` every start is a build of its own, named with a dash: the page follows by itself.
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
                // Of a stored copy of a page: what it shows is up to date again (`style/components/header.css`).
                browser_page::set_root_attribute("data-feed", if is_lost { "lost" } else { "up" });
                // What could not be asked while the line was down is asked now.
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
            // What was seen as it came, on a page that shows it, needs no push to this browser.
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
        // Another page's: a view that is kept true has nothing of it to show.
        if matches!(event.kind, EventKind::HandOverAsked | EventKind::HandOverUsed) {
            return;
        }
        let seq = event.seq;
        match (event.kind, event.unread) {
            // That everything was read changes nothing but the number of unread entries.
            (EventKind::InboxChanged, Some(0)) => return,
            // A told inbox is no news of the pair: what was last said of it stays said.
            (EventKind::InboxChanged, _) => {}
            _ => self.event.set(Some(event)),
        }
        self.change(seq);
    }

    /// The last event, if it tells of this pair.
    pub fn of_pair(self, pair: PairId) -> Option<Event> {
        self.event.get().filter(|event| event.pair == Some(pair))
    }
}

/// The number of unread entries, as the server knew it and then as events tell it; nothing when it is zero. It is on
/// every page of somebody who is signed in, and brings what the connection needs to know of the page.
#[island]
pub fn UnreadCount(unread: i64, page: PageContext) -> impl IntoView {
    let live = use_live();
    live.page.set_value(Some(page));
    let unread = move || live.unread.get().unwrap_or(unread);
    view! { <b data-unread hidden=move || unread() == 0 inner_html=move || unread().to_string()></b> }
}

/// How news reaches this tab, in a sentence once that is known. `sentences`: by stream, by poll, by another tab.
#[island]
pub fn TransportLine(sentences: Vec<String>) -> impl IntoView {
    let live = use_live();
    let sentence = move || {
        let place = live.transport.get().and_then(|transport| usize::try_from(transport).ok());
        place.and_then(|place| sentences.get(place).cloned()).unwrap_or_default()
    };
    view! { <p class="hint" inner_html=move || html(&sentence())></p> }
}

/// The button that says that everything was read. With a script, looking is reading: it is said at once, and the button
/// goes.
#[island]
pub fn ReadByLooking(seq: i64, children: Children) -> impl IntoView {
    let live = use_live();
    let is_read = RwSignal::new(false);
    Effect::new(move |_| {
        // After all islands of the page: the one that knows whose page it is may come later.
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
