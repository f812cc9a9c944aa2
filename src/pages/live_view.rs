//! A view that stays true: shown as the server rendered it, asked for again whenever the feed says so.
//! A live event is a reason to ask again, never the answer itself.

use std::{cell::Cell, future::Future, time::Duration};

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{ApiError, TodayView},
    browser,
    components::live_page::use_live,
};

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
}

impl<T: Send + Sync + 'static> Clone for LiveView<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for LiveView<T> {}

/// Keeps `initial` true by asking `fetch`. The live line goes on from the number that the first view was read at.
pub fn keep<T, F>(initial: T, fetch: impl Fn() -> F + Send + Sync + 'static) -> LiveView<T>
where
    T: AsOf + Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    let as_of = initial.as_of();
    let live = use_live();
    live.keep_from(as_of);
    let kept = LiveView { view: RwSignal::new(initial), asked: RwSignal::new(0) };
    Effect::new(move |before: Option<(u64, u64)>| {
        let now = (live.version.get(), kept.asked.get());
        match before {
            None => {}
            Some(before) if before == now => {}
            Some(_) => {
                let answer = fetch();
                spawn_local(async move {
                    match answer.await {
                        Ok(view) => {
                            let is_opening = kept.view.with_untracked(|before| view.opens_after(before));
                            let view = Cell::new(Some(view));
                            browser::opening::turn(is_opening, move || {
                                // Answers may overtake one another: never go back.
                                if let Some(view) = view.take().filter(|view| view.as_of() >= kept.view.with_untracked(AsOf::as_of)) {
                                    // A kept copy has no number of the feed; from now on it is the page itself.
                                    browser::page::set_root_attribute("data-as-of", &view.as_of().to_string());
                                    kept.view.set(view);
                                }
                            });
                        }
                        // Not mine to see any more: the server says so with a page of its own. Drafts stay on this device.
                        Err(ApiError::SignedOut | ApiError::NotFound) => browser::page::reload(),
                        // The network or the server is away: what is shown stays, and is asked for again.
                        Err(_) => set_timeout(move || kept.asked.update(|asked| *asked += 1), AGAIN),
                    }
                });
            }
        }
        now
    });
    kept
}
