//! Presence on today's page: tells the other member that this page is looked at or written on, and shows the same of
//! them. A report that could not be sent is not sent again. Rules R110–R114.

use std::cell::{Cell, RefCell};

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{AbortSignal, Element, RequestInit, UrlSearchParams};

use super::page::{document, every, fetch, get, listen, now_ms, start_timer, stop_timer, window};
use crate::{domain::PairId, paths::Verb};

/// Half of what a report lives, so that one may be lost.
const REPORT_MS: i32 = 5_000;

/// The server passes on one report every 3 s.
const GAP_MS: f64 = 3_500.0;

/// How long a sentence about the other is shown.
const SHOWN_MS: i32 = 10_000;

/// How long nothing is reported after one of the two has switched presence off.
const OFF_MS: f64 = 60_000.0;

#[wasm_bindgen]
extern "C" {
    /// `AbortSignal.timeout`, which older browsers lack.
    #[wasm_bindgen(catch, js_namespace = AbortSignal, js_name = timeout)]
    fn abort_after(ms: u32) -> Result<AbortSignal, JsValue>;
}

/// The presence of one page. It lives as long as the page.
struct Presence {
    /// Takes the reports.
    verb: Verb,
    pair: String,
    whose: String,
    /// Gets the sentence to show, and whether a screen reader is to say it.
    show: Box<dyn Fn(String, bool)>,
    /// The sentences for `here` and `writing`; `None` until the server has told them, or where presence is off.
    words: RefCell<Option<JsValue>>,
    shown: RefCell<String>,
    /// The sentences that were shown since the last event.
    said: RefCell<Vec<String>>,
    reported_at: Cell<f64>,
    wrote_at: Cell<f64>,
    /// Hides the sentence.
    hide: RefCell<Option<Function>>,
    hiding: RefCell<JsValue>,
}

thread_local! {
    static PRESENCE: Cell<Option<&'static Presence>> = const { Cell::new(None) };
}

/// Begins on today's page of a pair. `verb` takes the reports. `show` gets the sentence to show, and whether a screen reader is to say it.
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
        // The first answer to the current question alone: edits and shelved questions are in drawers, and are not told.
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

/// Shows that the other is `what` (`here`, `writing`) in a pair.
pub fn show(pair: &str, what: &str) {
    if let Some(presence) = PRESENCE.get().filter(|presence| presence.pair == pair) {
        presence.see(what);
    }
}

/// An event came, of `pair` if of a pair: the other's answer may be the one that was being written, and a member who
/// had switched presence off may have switched it on.
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
        // For a screen reader, neither a sentence that stays nor one that comes and goes is news.
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

    /// Reports that somebody looks at this page or writes on it. The response has the sentences for the other, or
    /// nothing where one of the two has switched presence off.
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
            // A network that is away says nothing about what the two want.
            let Some(response) = response.filter(|response| response.status() < 500) else { return };
            let mut words = None;
            if response.ok()
                && let Ok(json) = response.json()
            {
                words = JsFuture::from(json).await.ok().filter(|words| words.is_truthy());
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
