//! The document and its window.

use js_sys::{Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::EventTarget;

/// This device's clock (epoch ms).
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

/// Whenever nobody can see the page any more (`visibilitychange`).
pub fn on_hidden(act: impl Fn() + 'static) {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    let shown = document.clone();
    listen(&document, "visibilitychange", move || {
        if shown.visibility_state() == web_sys::VisibilityState::Hidden {
            act();
        }
    });
}

/// Listens for as long as the page lives.
pub fn listen(target: &EventTarget, kind: &str, act: impl Fn() + 'static) {
    let closure = Closure::<dyn Fn()>::new(act);
    let _ = target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
    closure.forget();
}

pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) =
        web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element())
    {
        let _ = root.set_attribute(name, value);
    }
}

/// The IANA zone this device is set to.
pub fn zone() -> Option<String> {
    let options = Intl::DateTimeFormat::new(&js_sys::Array::new(), &Object::new()).resolved_options();
    Reflect::get(&options, &JsValue::from_str("timeZone")).ok()?.as_string()
}

pub fn reload() {
    if let Some(window) = web_sys::window() {
        let _ = window.location().reload();
    }
}

pub fn print() {
    if let Some(window) = web_sys::window() {
        let _ = window.print();
    }
}
