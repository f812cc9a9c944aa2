//! The service worker, if this browser has service workers.

use js_sys::{Object, Reflect};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::ServiceWorker;

/// The path of the script, at the root so that the service worker controls every page.
const PATH: &str = "/service-worker.js";

/// Registers the service worker. In-app browsers have no service workers, which is not an error.
pub async fn register() {
    let Some(window) = web_sys::window() else { return };
    let navigator = window.navigator();
    let container = Reflect::get(&navigator, &"serviceWorker".into()).ok().filter(|value| !value.is_undefined());
    if container.is_some() {
        let _ = JsFuture::from(navigator.service_worker().register(PATH)).await;
    }
}

/// Asks the service worker to store this page again (`PageMessage` in `src/worker/messages.ts`).
pub fn keep_page() {
    let Some(window) = web_sys::window() else { return };
    let worker = Reflect::get(&window.navigator(), &"serviceWorker".into())
        .and_then(|container| Reflect::get(&container, &"controller".into()));
    let Ok(url) = window.location().href() else { return };
    let message = Object::new();
    let is_made = Reflect::set(&message, &"act".into(), &"opened".into()).is_ok()
        && Reflect::set(&message, &"url".into(), &url.into()).is_ok();
    if let Some(worker) = worker.ok().and_then(|worker| worker.dyn_into::<ServiceWorker>().ok()).filter(|_| is_made) {
        let _ = worker.post_message(&message);
    }
}
