//! What every component may ask of its surroundings: the language, the refused form, the live feed.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    api::{ApiError, HomeView, Refused},
    browser::{
        live::{self, Heard},
        notices,
    },
    domain::{Event, EventKind, Locale, PairId},
    text::{self, PageWords, Words},
};

/// The page's language, decided on the server.
#[derive(Clone, Copy)]
pub struct Lang(pub Locale);

pub fn use_locale() -> Locale {
    use_context::<Lang>().map_or(Locale::default(), |lang| lang.0)
}

pub fn use_words() -> &'static Words {
    text::words(use_locale())
}

/// On pages that only the server renders.
pub fn use_page_words() -> &'static PageWords {
    text::page_words(use_locale())
}

/// For whom a page was drawn (nobody: empty), and which page it is: its forms say so.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Origin {
    pub whose: String,
    pub from: String,
}

pub fn use_origin() -> Origin {
    use_context().unwrap_or_default()
}

/// A form's post that was refused and answered with this page.
#[derive(Clone)]
struct RefusedForm(Option<Refused>);

pub fn provide_refused(refused: Option<Refused>) {
    provide_context(RefusedForm(refused));
}

/// The refusal of a post to `endpoint`, if this page answers one.
pub fn use_refused(endpoint: &str) -> Option<Refused> {
    let RefusedForm(refused) = use_context()?;
    refused.filter(|refused| refused.endpoint == endpoint)
}

/// A random key for the forms of this page, by which a second post of one is known (`server::services::attempts`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FreshKey(pub String);

/// Who is here and with whom, as the server knew it before it rendered the page.
#[derive(Debug, Clone)]
pub struct People(pub HomeView);

pub fn use_home() -> HomeView {
    use_context::<People>().map_or_else(|| HomeView { name: None, pairs: Vec::new(), as_of: 0, unread: 0, answers: 0 }, |people| people.0)
}

/// The refusal this page answers, whatever was posted.
pub fn use_any_refused() -> Option<Refused> {
    use_context::<RefusedForm>().and_then(|form| form.0)
}

/// The sentence for a refused post to `endpoint`, if its error is one of `errors` (none given: any).
pub fn use_sentence(endpoint: &str, errors: &[ApiError]) -> Option<&'static str> {
    let refused = use_refused(endpoint)?;
    // Where it is said that the server cannot just now, it is said as well that somebody was too fast.
    let error = if refused.error == ApiError::TooMuch { ApiError::Unavailable } else { refused.error };
    (errors.is_empty() || errors.contains(&error)).then(|| refused.error.page_sentence(use_page_words()))
}

/// The open line to the server, shared by all pages of this tab.
#[derive(Clone, Copy, Default)]
pub struct LiveFeed {
    /// Rises with everything heard that may have changed a page.
    pub version: RwSignal<u64>,
    /// The last event heard.
    pub event: RwSignal<Option<Event>>,
    is_open: RwSignal<bool>,
}

impl LiveFeed {
    /// Opens the line once, from the number of the view it was read with: no gap between page and stream.
    pub fn open(self, as_of: i64) {
        if self.is_open.get_untracked() {
            return;
        }
        self.is_open.set(true);
        live::open(as_of, move |heard| {
            notices::tell(&heard);
            match heard {
                Heard::Hello(_) | Heard::Lost(true) | Heard::Slow(_) => {}
                // Another page's: this one has nothing of it to show.
                Heard::Event(event) if matches!(event.kind, EventKind::HandOverAsked | EventKind::HandOverUsed) => {}
                // What could not be asked while the line was down is asked now.
                Heard::Refetch | Heard::Lost(false) => self.version.update(|version| *version += 1),
                Heard::Event(event) => {
                    // A read inbox is no news of the pair: what was last said of it stays said.
                    if event.kind != EventKind::InboxChanged {
                        self.event.set(Some(event));
                    }
                    self.version.update(|version| *version += 1);
                }
            }
        });
    }

    /// The last event, if it tells of this pair.
    pub fn of_pair(self, pair: PairId) -> Option<Event> {
        self.event.get().filter(|event| event.pair == Some(pair))
    }
}
