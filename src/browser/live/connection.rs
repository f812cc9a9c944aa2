//! Connects a tab while it leads, and reconnects it after sleep, after silence, and when the person looks at it again.

use futures::future::abortable;
use js_sys::Promise;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortController, Event, MessageEvent};

use super::{
    heard::{Heard, Transport},
    line::Line,
    poll,
    stream::{self, End},
    tabs::Tabs,
};
use crate::browser::page::{document, every, get, is_visible, listen, now_ms, promise, sleep, window};

/// How long long poll stays the transport before the stream is tried again (ms).
const STREAM_AGAIN_MS: f64 = 600_000.0;

/// The silence after which the connection counts as dead, or the leading tab as frozen (ms): more than two heartbeats.
const SILENCE_MS: f64 = 35_000.0;
const CHECK_MS: i32 = 5_000;

/// The longest wait between two attempts (ms).
const MOST_MS: f64 = 60_000.0;

/// The longest wait after this number of failures in a row (ms).
fn longest_wait(failures: i32) -> f64 {
    if failures > 5 { MOST_MS } else { f64::from(1_000 << failures) }
}

/// Starts the connection of a page, which lives as long as the page.
pub(super) fn start(cursor: i64, person: &str, hear: Box<dyn Fn(Heard)>) {
    // Leaked on purpose: the connection lives as long as the page, so listeners and futures need no reference count.
    let line: &'static Line = Box::leak(Box::new(Line::new(cursor, person, hear)));
    let window = window();
    listen(&window, "pagehide", |_| line.put_away());
    // A page returned from the back/forward cache. On the first show of a page the connection is on already.
    listen(&window, "pageshow", |_| line.turn_on());
    listen(&window, "online", |_| line.again());
    listen(&window, "focus", |_| line.look());
    listen(&document(), "visibilitychange", |_| line.look());
    every(CHECK_MS, |_| line.check());
    line.turn_on();
}

impl Line {
    fn turn_on(&'static self) {
        if self.is_on.replace(true) {
            return;
        }
        if !self.join_tabs() {
            self.connect();
        }
    }

    /// Releases the connection and the lock when the page is put away (`pagehide`).
    fn put_away(&self) {
        self.is_on.set(false);
        self.disconnect();
        self.leave_tabs();
    }

    pub(super) fn disconnect(&self) {
        if let Some(reading) = self.reading.take() {
            reading.abort();
        }
    }

    /// Connects again, from the last number that this tab has.
    pub(super) fn connect(&'static self) {
        self.disconnect();
        if !self.is_on.get() || self.is_replaced.get() {
            return;
        }
        let (reading, handle) = abortable(self.read());
        self.reading.replace(Some(handle));
        spawn_local(async {
            let _ = reading.await;
        });
    }

    /// Reads the feed over the transport that works. Dropping the future closes the connection.
    async fn read(&'static self) {
        loop {
            self.heard_at.set(now_ms());
            if self.transport.get() == Transport::Stream {
                match stream::read(self).await {
                    End::Replaced => break,
                    End::Buffered => {
                        self.transport.set(Transport::Poll);
                        self.poll_until.set(now_ms() + STREAM_AGAIN_MS);
                    }
                    // A stream gives no reason for its failure, but a poll does. If polls are answered and streams are
                    // not, long poll becomes the transport.
                    End::Failed => {
                        self.transport.set(Transport::Poll);
                        let refusals = self.refusals.get();
                        self.poll_until.set(if refusals > 0 { now_ms() + STREAM_AGAIN_MS } else { 0.0 });
                        self.refusals.set(refusals + 1);
                        self.back_off().await;
                    }
                }
            } else {
                match poll::read(self).await {
                    Ok(End::Replaced) => break,
                    Ok(_) => self.transport.set(Transport::Stream),
                    Err(status) => {
                        self.transport.set(Transport::Stream);
                        self.set_lost(true);
                        // Nobody, or another person, is signed in now. `refetch` makes the page find out.
                        if status == 401 {
                            self.heard("refetch", "");
                        }
                        self.back_off().await;
                    }
                }
            }
        }
        // The browser had too many connections. The tab connects again when the person looks at it.
        self.is_replaced.set(true);
    }

    /// Waits with full jitter, so that not all browsers reconnect at the same time after a restart.
    async fn back_off(&self) {
        let failures = self.failures.get() + 1;
        self.failures.set(failures);
        sleep(500 + (js_sys::Math::random() * longest_wait(failures)) as i32).await;
    }

    // ---- the tabs

    /// Joins the other tabs. Returns false if this browser lacks locks or channels, so that each tab has its own
    /// connection.
    fn join_tabs(&'static self) -> bool {
        let hold = || {
            let (held, release) = promise();
            self.release.replace(Some(release));
            self.connect();
            self.say_here();
            held
        };
        let Some(tabs) = Tabs::open(&self.person, |event| self.hear_tab(&event), hold) else { return false };
        self.tabs.replace(Some(tabs));
        self.queue(false);
        self.tell_tabs("where", &"".into());
        true
    }

    fn leave_tabs(&self) {
        self.withdraw();
        if let Some(release) = self.release.take() {
            let _ = release.call0(&JsValue::UNDEFINED);
        }
        if let Some(tabs) = self.tabs.borrow().as_ref() {
            tabs.close();
        }
    }

    fn withdraw(&self) {
        if let Some(asking) = self.asking.take() {
            asking.abort();
        }
    }

    /// Takes the lock away from a leader that is silent.
    fn take_lead(&'static self) {
        self.withdraw();
        self.queue(true);
    }

    /// Waits for the lock. With the lock this tab leads until the page goes away, or until another tab takes the lock.
    /// If another tab took the lock, this tab waits for it again.
    fn queue(&'static self, is_taken: bool) {
        let turn = self.requests.get() + 1;
        self.requests.set(turn);
        spawn_local(async move {
            let mut is_taken = is_taken;
            while self.requests.get() == turn {
                let Some(request) = self.request_lock(is_taken) else { return };
                let _ = JsFuture::from(request).await;
                if self.requests.get() != turn {
                    return;
                }
                self.release.take();
                self.disconnect();
                if !self.is_on.get() {
                    return;
                }
                is_taken = false;
            }
        });
    }

    fn request_lock(&self, is_taken: bool) -> Option<Promise> {
        if !is_taken {
            self.asking.replace(Some(AbortController::new().ok()?));
        }
        Some(self.tabs.borrow().as_ref()?.request_lock(self.asking.borrow().as_ref()))
    }

    fn hear_tab(&self, event: &Event) {
        let data = event.unchecked_ref::<MessageEvent>().data();
        let word = |name| get(&data, name).and_then(|value| value.as_string()).unwrap_or_default();
        let is_leading = self.release.borrow().is_some();
        match (word("kind").as_str(), is_leading) {
            ("where", true) => self.say_here(),
            ("where", false) | (_, true) => {}
            ("here", false) => {
                let seq = get(&data, "text").and_then(|seq| seq.as_f64()).unwrap_or_default();
                self.follow_from(seq as i64, &word("road"));
            }
            (kind, false) => self.follow(kind, &word("text")),
        }
    }

    // ---- reconnecting

    /// Continues from the last number. A leading tab connects again; a following tab asks the leader for its number.
    fn again(&'static self) {
        self.is_replaced.set(false);
        if self.is_leading() {
            self.connect();
        } else {
            self.tell_tabs("where", &"".into());
        }
    }

    /// Reconnects after a long silence: iOS reports a dead connection as open, and a frozen leader keeps the lock.
    fn check(&'static self) {
        let is_silent = now_ms() - self.heard_at.get() > SILENCE_MS;
        if !self.is_on.get() || !is_visible() || self.is_replaced.get() || !is_silent {
            return;
        }
        self.heard_at.set(now_ms());
        if self.is_leading() {
            self.again();
        } else {
            self.take_lead();
        }
    }

    /// Called when the person looks at this tab. A tab whose connection was replaced connects again.
    fn look(&'static self) {
        if self.is_on.get() && self.is_replaced.get() && is_visible() {
            self.again();
        } else {
            self.check();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_become_rare_and_never_stop() {
        assert_eq!([1, 2, 5, 6, 1_000].map(longest_wait), [2_000.0, 4_000.0, 32_000.0, 60_000.0, 60_000.0]);
    }
}
