//! Whether the person looks at this page, and the report about it to the server. An event that was seen as it arrived
//! needs no push to this browser.

use std::cell::Cell;

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{UrlSearchParams, VisibilityState};

use super::page;
use crate::{domain::PairId, paths::Verb};

/// The time without input after which the person no longer counts as looking (ms).
const TOUCHED_MS: f64 = 60_000.0;

thread_local! {
    static TOUCHED_AT: Cell<f64> = const { Cell::new(0.0) };
}

/// Starts to record when the person last touched the page.
pub fn start() {
    let Some(window) = web_sys::window() else { return };
    let touched = || TOUCHED_AT.set(page::now_ms());
    touched();
    for kind in ["pointerdown", "keydown", "scroll"] {
        page::listen(&window, kind, move |_| touched());
    }
}

/// Whether the person is looking at a page of this pair now.
pub fn is_looked_at(pair: PairId) -> bool {
    let Some(window) = web_sys::window() else { return false };
    let is_visible = window.document().is_some_and(|document| document.visibility_state() == VisibilityState::Visible);
    let is_there = window.location().pathname().is_ok_and(|path| path.contains(&pair.to_string()));
    is_visible && is_there && js_sys::Date::now() - TOUCHED_AT.get() < TOUCHED_MS
}

/// Posts a feed number to a server function, even while the page closes (`navigator.sendBeacon`).
pub fn post(verb: Verb, seq: i64, whose: &str) {
    if let (Some(window), Ok(fields)) = (web_sys::window(), UrlSearchParams::new()) {
        fields.append("seq", &seq.to_string());
        fields.append("whose", whose);
        let _ = window.navigator().send_beacon_with_opt_url_search_params(verb.url(), Some(&fields));
    }
}

/// Sets the number on the installed app's icon, if this browser has the Badging API.
pub fn set_badge(unread: i64) {
    let Some(navigator) = web_sys::window().map(|window| JsValue::from(window.navigator())) else { return };
    let method =
        Reflect::get(&navigator, &"setAppBadge".into()).ok().and_then(|method| method.dyn_into::<Function>().ok());
    if let Some(method) = method {
        let _ = method.call1(&navigator, &JsValue::from(unread as i32));
    }
}
