//! What every page of somebody signed in does about notifications: the count in its head and on the app's icon, saying
//! that an event was seen as it came, and the card that asks for the permission. The subscription itself is the service
//! worker's: it must be able to renew it without a page.

use std::cell::{Cell, RefCell};

use js_sys::{Function, Number, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Document, HtmlElement, UrlSearchParams, VisibilityState, Window};

use super::{
    enhance::{find, is_shown, listen},
    live::Heard,
};
use crate::{
    domain::{Event, EventKind},
    paths,
};

/// Somebody who did nothing for so long is not looking.
const TOUCHED_MS: f64 = 60_000.0;
/// "Later" is remembered for a week.
const LATER_MS: f64 = 7.0 * 86_400_000.0;
const LATER_KEY: &str = "push-later";

thread_local! {
    static TOUCHED_AT: Cell<f64> = const { Cell::new(0.0) };
    /// How subscribing ended: that it is allowed does not mean that it came about.
    static SUBSCRIBED: RefCell<String> = const { RefCell::new(String::new()) };
}

#[wasm_bindgen(module = "/src/browser/push.js")]
extern "C" {
    #[wasm_bindgen(js_name = subscribe)]
    async fn subscribe_worker() -> JsValue;
}

fn parts() -> Option<(Window, Document)> {
    let window = web_sys::window()?;
    let document = window.document()?;
    Some((window, document))
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Calls a method that not every browser has.
fn call(object: &JsValue, name: &str, argument: &JsValue) -> Option<JsValue> {
    get(object, name)?.dyn_into::<Function>().ok()?.call1(object, argument).ok()
}

/// Wakes the page of somebody signed in.
pub fn start() {
    let Some((window, document)) = parts() else { return };
    if super::page::root_attribute("data-as-of").is_none() {
        return;
    }
    let touched = || TOUCHED_AT.set(js_sys::Date::now());
    touched();
    for kind in ["pointerdown", "keydown", "scroll"] {
        listen(&window, kind, touched);
    }
    for button in find(&document, "[data-push-act]") {
        let is_yes = button.get_attribute("data-push-act").as_deref() == Some("allow");
        listen(&button, "click", move || if is_yes { spawn_local(allow()) } else { put_off() });
    }
    if let Some(read) = document.query_selector("[data-read-up-to]").ok().flatten().and_then(|list| list.get_attribute("data-read-up-to")) {
        post("read_inbox", &read);
        // Looking was reading: there is nothing left to say so.
        for form in find(&document, ".read-all") {
            form.remove();
        }
    }
    show_card();
    spawn_local(async {
        subscribe().await;
    });
}

/// The lines that concern the whole tab: a newer build, a lost line, a device that came in.
pub fn tell(heard: &Heard) {
    match heard {
        Heard::Hello(build) => show("build", super::page::root_attribute("data-build").as_ref() != Some(build)),
        Heard::Lost(is_lost) => show("lost", *is_lost),
        Heard::Slow(is_slow) => show("slow", *is_slow),
        Heard::Event(event) if event.kind == EventKind::RecoveryCodeUsed => show("recovery", true),
        Heard::Event(event) if event.kind == EventKind::HandOverUsed => show("handed", true),
        Heard::Event(_) | Heard::Refetch => {}
    }
}

fn show(name: &str, is_shown: bool) {
    let Some((_, document)) = parts() else { return };
    for notice in find(&document, &format!("[data-notice={name}]")) {
        if let Some(notice) = notice.dyn_ref::<HtmlElement>() {
            notice.set_hidden(!is_shown);
        }
    }
}

/// What was heard changes the count; if it was seen as it came, on a page that shows it, this browser needs no push.
pub fn heard(event: &Event) {
    let (Some(unread), Some((window, document))) = (event.unread, parts()) else { return };
    for count in find(&document, "[data-unread]") {
        count.set_text_content(Some(&unread.to_string()));
        if let Some(count) = count.dyn_ref::<HtmlElement>() {
            count.set_hidden(unread == 0);
        }
    }
    call(&window.navigator(), "setAppBadge", &JsValue::from(unread as i32));
    let is_looking = document.visibility_state() == VisibilityState::Visible && js_sys::Date::now() - TOUCHED_AT.get() < TOUCHED_MS;
    let is_here = event.pair.is_some_and(|pair| window.location().pathname().is_ok_and(|path| path.contains(&pair.to_string())));
    if unread > 0 && is_looking && is_here && is_shown(&document, event) {
        post("seen_live", &event.seq.to_string());
    }
}

fn post(endpoint: &str, seq: &str) {
    if let (Some((window, _)), Ok(fields)) = (parts(), UrlSearchParams::new()) {
        fields.append("seq", seq);
        fields.append("whose", &super::page::root_attribute("data-person").unwrap_or_default());
        let _ = window.navigator().send_beacon_with_opt_url_search_params(&paths::api(endpoint), Some(&fields));
    }
}

fn permission(window: &Window) -> Option<String> {
    get(window, "Notification").filter(|_| get(window, "PushManager").is_some()).and_then(|api| get(&api, "permission")?.as_string())
}

/// What this browser can do, as the cards name it; nothing while it is not known yet.
fn ability(window: &Window) -> String {
    match permission(window) {
        Some(permission) if permission == "granted" => SUBSCRIBED.with_borrow(String::clone),
        Some(permission) => permission,
        // Only Safari knows `standalone`; in a tab of an iPhone it is false and push needs the Home Screen.
        None if super::page::root_attribute("data-in-app").is_none()
            && get(&window.navigator(), "standalone").is_some_and(|standalone| standalone.is_falsy()) =>
        {
            "install".to_owned()
        }
        None => "unsupported".to_owned(),
    }
}

/// Shows the card for what this browser can do. On the today page not before an answer is saved, and not after "later".
pub fn show_card() {
    let Some((window, document)) = parts() else { return };
    let ability = ability(&window);
    let has_answered = document.query_selector("[data-has-answered], .leaf").ok().flatten().is_some();
    let later = storage(&window).and_then(|storage| storage.get_item(LATER_KEY).ok()?).map(|text| Number::parse_float(&text));
    let is_later = later.is_some_and(|until| js_sys::Date::now() < until);
    for card in find(&document, "[data-push]") {
        let is_polite = card.has_attribute("data-polite");
        let is_meant = card.get_attribute("data-push").is_some_and(|meant| meant == ability);
        if let Some(card) = card.dyn_ref::<HtmlElement>() {
            card.set_hidden(!is_meant || (is_polite && (is_later || !has_answered)));
        }
    }
}

fn storage(window: &Window) -> Option<web_sys::Storage> {
    window.local_storage().ok()?
}

fn put_off() {
    if let Some(storage) = web_sys::window().as_ref().and_then(storage) {
        // The browser's own numbers: Rust's would bring their printing and reading along.
        if let Ok(until) = Number::from(js_sys::Date::now() + LATER_MS).to_string_with_radix(10) {
            let _ = storage.set_item(LATER_KEY, &String::from(until));
        }
    }
    show_card();
}

/// Asks the browser, from the tap on our own card alone.
async fn allow() {
    let asked = web_sys::window().and_then(|window| {
        let api = get(&window, "Notification")?;
        call(&api, "requestPermission", &JsValue::UNDEFINED)?.dyn_into::<Promise>().ok()
    });
    if let Some(asked) = asked {
        let _ = JsFuture::from(asked).await;
    }
    // Where it was allowed the card stays until it is known how subscribing ended: whoever tapped is there.
    if !subscribe().await {
        show_card();
    }
}

/// Where it is allowed: by the service worker, which says how that ended.
async fn subscribe() -> bool {
    let is_granted = web_sys::window().as_ref().and_then(permission).as_deref() == Some("granted");
    if is_granted {
        SUBSCRIBED.set(subscribe_worker().await.as_string().unwrap_or_default());
        show_card();
    }
    is_granted
}
