//! Presence on today's page: tells the other member that this member looks at the page or writes on it, and shows the
//! presence of the other member. A report that failed is not sent again. Rules R110–R114.

use std::cell::{Cell, RefCell};

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, Element, RequestInit, UrlSearchParams};

use super::page::{document, every, fetch, get, listen, now_ms, start_timer, stop_timer, window};
use crate::{domain::PairId, paths::Verb};

/// The time between two reports (ms): half of the lifetime of a report, so that one report may be lost.
const REPORT_MS: i32 = 5_000;

/// The shortest time between two reports (ms). The server passes on one report every 3 s.
const GAP_MS: f64 = 3_500.0;

/// How long a sentence about the other member is shown (ms).
const SHOWN_MS: i32 = 10_000;

/// How long nothing is reported after a response that one of the two members has switched presence off (ms).
const OFF_MS: f64 = 60_000.0;

#[wasm_bindgen]
extern "C" {
    /// `AbortSignal.timeout`, which older browsers lack.
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(ms: u32) -> Result<AbortSignal, JsValue>;
}

/// The presence state of one page, which lives as long as the page.
struct Presence {
    /// The server function that takes the reports.
    verb: Verb,
    pair: String,
    whose: String,
    /// Receives the sentence to show, and whether a screen reader reads it.
    show: Box<dyn Fn(String, bool)>,
    /// The sentences for `here` and `writing`; `None` before the server has sent them, or while presence is off.
    words: RefCell<Option<JsValue>>,
    shown: RefCell<String>,
    /// The sentences that were shown since the last event.
    said: RefCell<Vec<String>>,
    reported_at: Cell<f64>,
    wrote_at: Cell<f64>,
    /// The callback that hides the sentence.
    hide: RefCell<Option<Function>>,
    hiding: RefCell<JsValue>,
}

thread_local! {
    static PRESENCE: Cell<Option<&'static Presence>> = const { Cell::new(None) };
}

/// Starts presence on today's page of a pair. `verb` takes the reports. `show` receives the sentence to show, and
/// whether a screen reader reads it.
pub fn start(verb: Verb, pair: PairId, whose: String, show: impl Fn(String, bool) + 'static) {
    let presence: &'static Presence = Box::leak(Box::new(Presence {
        verb,
        pair: pair.to_string(),
        whose,
        show: Box::new(show),
        words: RefCell::new(None),
        shown: RefCell::default(),
        said: RefCell::default(),
        reported_at: Cell::new(0.0),
        wrote_at: Cell::new(0.0),
        hide: RefCell::new(None),
        hiding: RefCell::default(),
    }));
    let hide = Closure::<dyn Fn()>::new(|| presence.change(String::new(), false));
    presence.hide.replace(Some(hide.into_js_value().unchecked_into()));
    PRESENCE.set(Some(presence));
    listen(&document(), "input", |event| {
        // Only the first answer to the current question is reported. Edits and answers to shelved questions are inside
        // `<details>` and are not reported.
        let is_answer = |field: Element| field.matches("[name=body]:not(details *)").unwrap_or_default();
        if event.target().is_some_and(|field| is_answer(field.unchecked_into())) {
            presence.wrote_at.set(now_ms());
            presence.report();
        }
    });
    listen(&window(), "focus", |_| presence.report());
    every(REPORT_MS, |_| presence.report());
    presence.report();
}

/// Shows that the other member of a pair is `what` (`here` or `writing`).
pub fn show(pair: &str, what: &str) {
    if let Some(presence) = PRESENCE.get().filter(|presence| presence.pair == pair) {
        presence.see(what);
    }
}

/// Updates presence after an event, about `pair` if the event is about a pair. The event may be the answer that the
/// other member was writing. A member may also have switched presence on again, so the next report need not wait.
pub fn settle(pair: Option<PairId>) {
    let Some(presence) = PRESENCE.get() else { return };
    presence.said.borrow_mut().clear();
    match presence.sentence("writing") {
        None => presence.reported_at.set(0.0),
        Some(writing) => {
            if pair.is_some_and(|pair| pair.to_string() == presence.pair) && *presence.shown.borrow() == writing {
                presence.change(String::new(), false);
            }
        }
    }
}

impl Presence {
    fn sentence(&self, what: &str) -> Option<String> {
        get(self.words.borrow().as_ref()?, what)?.as_string()
    }

    fn see(&self, what: &str) {
        let Some(sentence) = self.sentence(what) else { return };
        stop_timer(&self.hiding.borrow());
        if let Some(hide) = self.hide.borrow().as_ref() {
            self.hiding.replace(start_timer(hide, SHOWN_MS));
        }
        // A screen reader reads a sentence once until the next event, even if the sentence disappears and returns.
        if *self.shown.borrow() != sentence {
            let is_new = !self.said.borrow().contains(&sentence);
            if is_new {
                self.said.borrow_mut().push(sentence.clone());
            }
            self.change(sentence, is_new);
        }
    }

    fn change(&self, sentence: String, is_said: bool) {
        self.shown.replace(sentence.clone());
        (self.show)(sentence, is_said);
    }

    /// Reports that the person looks at this page or writes on it. The response has the sentences about the other
    /// member, or nothing if one of the two members has switched presence off.
    fn report(&'static self) {
        let document = document();
        let is_seen = !document.hidden() && document.has_focus().unwrap_or_default();
        let now = now_ms();
        if !is_seen || now - self.reported_at.get() < GAP_MS {
            return;
        }
        self.reported_at.set(now);
        let is_writing = now - self.wrote_at.get() < f64::from(REPORT_MS);
        let Ok(body) = UrlSearchParams::new() else { return };
        body.append("pair", &self.pair);
        body.append("what", if is_writing { "writing" } else { "here" });
        body.append("whose", &self.whose);
        let options = RequestInit::new();
        options.set_method("POST");
        options.set_body(&body);
        options.set_signal(abort_after(REPORT_MS as u32).ok().as_ref());
        spawn_local(async move {
            let response = fetch(self.verb.url(), &options).await;
            // A failed request does not mean that a member has switched presence off.
            let Some(response) = response.filter(|response| response.status() < 500) else { return };
            let mut words = None;
            if response.ok() {
                // A response that breaks off does not mean it either.
                let Ok(json) = response.json() else { return };
                let Ok(json) = JsFuture::from(json).await else { return };
                words = Some(json).filter(|words| words.is_truthy());
            }
            let is_off = words.is_none();
            self.words.replace(words);
            if is_off {
                self.change(String::new(), false);
                self.reported_at.set(now_ms() + OFF_MS);
            }
        });
    }
}
