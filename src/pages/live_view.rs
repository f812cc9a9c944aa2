//! A view that an island keeps current: it starts as the server rendered it, and is fetched again whenever the feed
//! reports a change. An event only triggers a request; what is shown always comes from the response.

use std::{cell::Cell, future::Future, time::Duration};

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{ApiError, TodayView},
    browser,
    components::live_page::use_live,
};

/// A request without a response for this long is given up, because a dead connection reports no error.
const GIVEN_UP: Duration = Duration::from_secs(20);

/// The delay before a failed request is repeated. A connection that comes back repeats the request at once.
const AGAIN: Duration = Duration::from_secs(10);

/// A view that knows the feed number at which it was read.
pub trait AsOf {
    fn as_of(&self) -> i64;
    /// Whether a card opened between `before` and this view. If so, the page animates the change (`browser::opening`).
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

/// A view that is kept current, and what is known of its requests.
pub struct LiveView<T: Send + Sync + 'static> {
    pub view: RwSignal<T>,
    /// A counter; raising it fetches the view again.
    pub asked: RwSignal<u64>,
    /// When a fetched view was last shown, by this device's clock (epoch ms).
    shown_at: StoredValue<f64>,
    /// The number of fetched views that were passed to `show`.
    shown: StoredValue<u64>,
}

impl<T: Send + Sync + 'static> LiveView<T> {
    /// Whether the view was fetched. The first view came with the page, which may be a stored copy.
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

/// The requests for a view, of which at most one is under way.
#[derive(Clone, Copy, Default)]
struct Asking {
    /// The number of the request under way, if there is one.
    under_way: Option<u64>,
    /// The number of the last request.
    count: u64,
    /// The feed number that the view must have reached; `i64::MAX` asks for the newest view.
    wanted: i64,
}

/// Keeps a view current with `fetch`, beginning with `initial`. The live connection continues from the feed number of
/// `initial`. An event that arrives during a request leads to a second request only if the response was read before the
/// event happened.
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
                    // The person may no longer see this view: a reload gets the server's page that says so. Drafts stay
                    // on this device.
                    Err(ApiError::SignedOut | ApiError::NotFound | ApiError::SeatMoved) => {
                        browser::page::reload();
                        break;
                    }
                    // The network or the server is unavailable: keep the shown view and fetch again later.
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
    // When the page becomes hidden after a change, the service worker stores a new copy of the page.
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

/// Shows a fetched view. Responses come one after the other, and each is shown, even with a lower feed number: a server
/// that was restored from a backup no longer has what the page shows.
fn show<T: AsOf + Send + Sync + 'static>(kept: LiveView<T>, view: T) {
    let is_opening = kept.view.with_untracked(|before| view.opens_after(before));
    let count = kept.shown.get_value() + 1;
    kept.shown.set_value(count);
    let view = Cell::new(Some(view));
    browser::opening::turn(is_opening, move || {
        // When a card opens, the browser may start the change only after a later view arrived: skip this view then.
        if let Some(view) = view.take().filter(|_| kept.shown.get_value() == count) {
            // A stored copy of the page lacks this attribute. With a fetched view the page is current and gets it.
            browser::page::set_root_attribute("data-as-of", &view.as_of().to_string());
            kept.shown_at.set_value(browser::page::now_ms());
            kept.view.set(view);
        }
    });
}
