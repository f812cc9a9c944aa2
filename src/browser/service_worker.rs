//! The service worker, where there is one.

use wasm_bindgen_futures::JsFuture;

/// Where it lives: at the root, so that it serves every page.
const PATH: &str = "/service-worker.js";

/// Registers it; browsers inside other apps have none, and that is fine.
pub async fn register() {
    let Some(window) = web_sys::window() else { return };
    let navigator = window.navigator();
    let container = js_sys::Reflect::get(&navigator, &"serviceWorker".into()).ok().filter(|value| !value.is_undefined());
    if container.is_some() {
        let _ = JsFuture::from(navigator.service_worker().register(PATH)).await;
    }
}
