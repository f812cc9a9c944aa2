//! Helpers for the document and its window.

use js_sys::{Function, Intl, Number, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, Event, EventTarget, RequestInit, Response, Storage, VisibilityState, Window};

/// The current time by this device's clock (epoch ms).
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// The window, which every page has. The server has no window and never calls this function.
pub(super) fn window() -> Window {
    web_sys::window().expect("only a page calls the browser")
}

pub(super) fn document() -> Document {
    window().document().expect("a window of a page has a document")
}

/// A property of a JS value; `None` when it is missing, `undefined` or `null`.
pub(super) fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

/// Calls a method that returns a promise, and waits for it. Nothing happens where the method is missing.
pub(super) async fn call(object: &JsValue, method: &str) {
    let call = || get(object, method)?.dyn_into::<Function>().ok()?.call0(object).ok()?.dyn_into::<Promise>().ok();
    if let Some(promise) = call() {
        let _ = JsFuture::from(promise).await;
    }
}

/// Sets a property of a plain JS object.
pub(super) fn set(object: &Object, name: &str, value: &JsValue) {
    let _ = Reflect::set(object, &name.into(), value);
}

/// Whether a media query matches the window.
pub(super) fn matches_media(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// A number in the format of JS. Rust's own code for fractions would add to the WASM.
pub(super) fn number_text(number: f64) -> String {
    Number::from(number).to_string_with_radix(10).map(String::from).unwrap_or_default()
}

/// Whether the page is visible to the person.
pub(super) fn is_visible() -> bool {
    document().visibility_state() == VisibilityState::Visible
}

/// The storage of this site in this browser; `None` where the browser forbids it.
pub(super) fn storage() -> Option<Storage> {
    window().local_storage().ok()?
}

/// Remembers for `ms` milliseconds that the person said "later" under this key.
pub(super) fn put_off(key: &str, ms: f64) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, &number_text(now_ms() + ms));
    }
}

/// Whether the person said "later" under this key, and that time is not over.
pub(super) fn is_put_off(key: &str) -> bool {
    let until = storage().and_then(|storage| storage.get_item(key).ok()?);
    until.is_some_and(|until| now_ms() < Number::parse_float(&until))
}

/// Calls `act` whenever the page becomes hidden (`visibilitychange`).
pub fn on_hidden(act: impl Fn() + 'static) {
    listen(&document(), "visibilitychange", move |_| {
        if !is_visible() {
            act();
        }
    });
}

/// Calls `act` for every event of this kind, for as long as the page lives.
pub(super) fn listen(target: &EventTarget, kind: &str, act: impl Fn(Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(act);
    let _ = target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Calls `act` every `ms` milliseconds for as long as the page lives.
pub(super) fn every(ms: i32, act: impl Fn(Event) + 'static) {
    let closure = Closure::<dyn Fn(Event)>::new(act);
    let _ = window().set_interval_with_callback_and_timeout_and_arguments_0(closure.as_ref().unchecked_ref(), ms);
    closure.forget();
}

#[wasm_bindgen]
extern "C" {
    /// Calls a JS function after `ms` milliseconds. Returns the handle for `stop_timer`. The handle is not always a
    /// small number, and `web-sys` would truncate it.
    #[wasm_bindgen(js_name = setTimeout)]
    pub(super) fn start_timer(act: &Function, ms: i32) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    pub(super) fn stop_timer(handle: &JsValue);
}

/// A promise, and the function that fulfils it.
pub(super) fn promise() -> (Promise, Function) {
    let mut fulfil = None;
    let promise = Promise::new(&mut |resolve, _| fulfil = Some(resolve));
    (promise, fulfil.expect("the constructor calls its function at once"))
}

pub(super) async fn sleep(ms: i32) {
    let (over, end) = promise();
    start_timer(&end, ms);
    let _ = JsFuture::from(over).await;
}

/// Requests `url` and waits for the head of the response.
pub(super) async fn fetch(url: &str, options: &RequestInit) -> Option<Response> {
    JsFuture::from(window().fetch_with_str_and_init(url, options)).await.ok().map(JsCast::unchecked_into)
}

/// The `value` of the pressed button; empty if the button has no value, or if something else was pressed.
pub fn pressed(event: &Event) -> String {
    event.target().and_then(|button| get(&button, "value")?.as_string()).unwrap_or_default()
}

pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute(name, value);
    }
}

/// The IANA time zone of this device.
pub fn zone() -> Option<String> {
    let options = Intl::DateTimeFormat::new(&js_sys::Array::new(), &Object::new()).resolved_options();
    get(&options, "timeZone")?.as_string()
}

pub fn reload() {
    let _ = window().location().reload();
}

pub fn print() {
    let _ = window().print();
}
