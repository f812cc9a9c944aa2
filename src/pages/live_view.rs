//! A view that stays true: shown as the server rendered it, asked for again whenever the feed says so.
//! A live event is a reason to ask again, never the answer itself.

use std::{cell::Cell, future::Future, time::Duration};

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{ApiError, TodayView},
    browser,
    components::live_page::use_live,
};

/// A request that is not answered for so long is given up: a wire that is dead says nothing.
const GIVEN_UP: Duration = Duration::from_secs(20);

/// When what could not be asked is asked again; a line that is up again asks at once.
const AGAIN: Duration = Duration::from_secs(10);

/// A view that knows at which number of the feed it was read.
pub trait AsOf {
    fn as_of(&self) -> i64;
    /// Whether a card opened since `before`: the moment that the page turns over for.
    fn opens_after(&self, before: &Self) -> bool;
}

impl AsOf for TodayView {
    fn as_of(&self) -> i64 {
        self.as_of
    }

    fn opens_after(&self, before: &Self) -> bool {
        self.completed > before.completed
    }
}

/// The view as it is now.
pub struct LiveView<T: Send + Sync + 'static> {
    pub view: RwSignal<T>,
    /// Raise it to ask again.
    pub asked: RwSignal<u64>,
    /// When a view that was asked for was last shown, by this device's clock (epoch ms).
    shown_at: StoredValue<f64>,
    /// How many views were given to be shown.
    shown: StoredValue<u64>,
}

impl<T: Send + Sync + 'static> LiveView<T> {
    /// Whether the view was asked for. The first view came with the page, which may be a stored copy.
    pub fn is_fetched(self) -> bool {
        self.shown.get_value() > 0
    }

    pub fn is_shown_since(self, at_ms: f64) -> bool {
        self.shown_at.get_value() >= at_ms
    }
}

impl<T: Send + Sync + 'static> Clone for LiveView<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for LiveView<T> {}

/// Asking for a view, one request at a time.
#[derive(Clone, Copy, Default)]
struct Asking {
    /// The request under way, if one is; they are counted.
    under_way: Option<u64>,
    count: u64,
    /// The number of the feed that the view must have reached; `i64::MAX` for "as it is now".
    wanted: i64,
}

/// Keeps `initial` true by asking `fetch`. The live line goes on from the number that the first view was read at.
/// Whatever is heard while an answer is under way is asked for afterwards, and only where that answer was read before
/// it happened.
pub fn keep<T, F>(initial: T, fetch: impl Fn() -> F + Send + Sync + 'static) -> LiveView<T>
where
    T: AsOf + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    let as_of = initial.as_of();
    let live = use_live();
    live.keep_from(as_of);
    let kept = LiveView {
        view: RwSignal::new(initial),
        asked: RwSignal::new(0),
        shown_at: StoredValue::new(0.0),
        shown: StoredValue::new(0),
    };
    let reached = StoredValue::new(as_of);
    let asking = StoredValue::new(Asking::default());
    let fetch = StoredValue::new(fetch);
    let is_current = move |turn: u64| asking.with_value(|asking| asking.under_way == Some(turn));
    let ask = move || {
        let turn = asking.with_value(|asking| asking.count + 1);
        asking.update_value(|asking| *asking = Asking { under_way: Some(turn), count: turn, wanted: asking.wanted });
        let give_up = move || {
            if is_current(turn) {
                asking.update_value(|asking| asking.under_way = None);
                kept.asked.update(|asked| *asked += 1);
            }
        };
        set_timeout(give_up, GIVEN_UP);
        spawn_local(async move {
            loop {
                asking.update_value(|asking| asking.wanted = 0);
                let answer = fetch.with_value(|fetch| fetch()).await;
                if !is_current(turn) {
                    return;
                }
                match answer {
                    Ok(view) => {
                        reached.set_value(view.as_of());
                        show(kept, view);
                        if asking.with_value(|asking| asking.wanted <= reached.get_value()) {
                            break;
                        }
                    }
                    // Not mine to see any more: the server says so with a page of its own. Drafts stay on this device.
                    Err(ApiError::SignedOut | ApiError::NotFound) => {
                        browser::page::reload();
                        break;
                    }
                    // The network or the server is away: what is shown stays, and is asked for again.
                    Err(_) => {
                        set_timeout(move || kept.asked.update(|asked| *asked += 1), AGAIN);
                        break;
                    }
                }
            }
            asking.update_value(|asking| asking.under_way = None);
        });
    };
    Effect::new(move |before: Option<(u64, u64)>| {
        let now = (live.version.get(), kept.asked.get());
        if let Some(before) = before
            && before != now
        {
            let wanted = if before.1 == now.1 { live.take_wanted() } else { i64::MAX };
            if wanted > reached.get_value() {
                asking.update_value(|asking| asking.wanted = asking.wanted.max(wanted));
                if !asking.with_value(|asking| asking.under_way.is_some()) {
                    ask();
                }
            }
        }
        now
    });
    // The device's copy of this page is made anew when nobody looks at the page any more, if the page changed.
    Effect::new(move |_| {
        let copied = StoredValue::new(as_of);
        browser::page::on_hidden(move || {
            if copied.get_value() != reached.get_value() {
                copied.set_value(reached.get_value());
                browser::service_worker::keep_page();
            }
        });
    });
    kept
}

/// Shows a view that was asked for. Answers come one after the other, and each is shown, also one whose number is
/// lower: a server that was restored from a backup has forgotten what the page shows.
fn show<T: AsOf + Send + Sync + 'static>(kept: LiveView<T>, view: T) {
    let is_opening = kept.view.with_untracked(|before| view.opens_after(before));
    let count = kept.shown.get_value() + 1;
    kept.shown.set_value(count);
    let view = Cell::new(Some(view));
    browser::opening::turn(is_opening, move || {
        // The browser may take its picture of a card that opens only when a later view came.
        if let Some(view) = view.take().filter(|_| kept.shown.get_value() == count) {
            // A kept copy has no number of the feed; from now on it is the page itself.
            browser::page::set_root_attribute("data-as-of", &view.as_of().to_string());
            kept.shown_at.set_value(browser::page::now_ms());
            kept.view.set(view);
        }
    });
}
