//! The document and its window.

use js_sys::{Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::EventTarget;

/// Listens for as long as the page lives.
pub fn listen(target: &EventTarget, kind: &str, act: impl Fn() + 'static) {
    let closure = Closure::<dyn Fn()>::new(act);
    let _ = target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
    closure.forget();
}

pub fn set_root_attribute(name: &str, value: &str) {
    if let Some(root) = web_sys::window().and_then(|window| window.document()).and_then(|document| document.document_element()) {
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
