//! **엄빠도 어렸다**: one question a day for a parent and a child.
//!
//! # The modules
//! ```text
//! main → cli → http → app → pages → components → api → server → domain
//!                                            (text, paths, browser: small modules just above domain)
//! ```
//! A module may use only the modules to its right; `src/tests/architecture/` checks this rule. Components use `api`
//! because they show its views. `domain` contains only the product rules (`docs/RULES.md`), `text` every sentence,
//! `paths` every URL, `browser` every call to the browser, `page_status` the status of a page being rendered. `server`
//! is the application: `storage` has all SQL, `services` the use cases, `live` the feed, `push` the senders, `jobs` the
//! loops. `http` has the endpoints. `docs/ARCHITECTURE.md` has the module map, follows four requests through the files
//! and defines the terms.
//!
//! # The browser half
//! The server renders every page. In the browser only Leptos islands are hydrated. Today's page is one island
//! (`pages::TodayIsland`), so the WASM contains no router, resources or suspense, and a phone loads about half of what
//! hydrating every page took. All other pages are links and forms (`pages/served`) with a few small islands (buttons,
//! cards, notices). An event makes such a page load again (`components::live_page`).
//!
//! The `cfg` gates below are the only ones of the crate. The feature `ssr` builds the server half, and the feature
//! `hydrate` the browser half.

#![recursion_limit = "512"]

#[macro_use]
pub mod api;
pub mod browser;
pub mod components;
pub mod domain;
pub mod pages;
pub mod paths;
pub mod text;

#[cfg(feature = "ssr")]
pub mod app;
#[cfg(feature = "ssr")]
pub mod cli;
#[cfg(feature = "ssr")]
pub mod http;
#[cfg(feature = "ssr")]
pub mod server;

/// The conversion from `ServiceError` to `ApiError`, the only place that maps an internal error to a code.
#[cfg(feature = "ssr")]
#[path = "api/from_service.rs"]
mod from_service;

/// What a server function may read of its request. The module is below `api`, so that `api` does not depend on `http`.
#[cfg(feature = "ssr")]
#[path = "http/request.rs"]
pub mod request;

/// The cookies of the app, as `Set-Cookie` values.
#[cfg(feature = "ssr")]
#[path = "http/cookies.rs"]
pub mod cookies;

/// What server-rendered pages read, without an endpoint for browsers.
#[cfg(feature = "ssr")]
#[path = "api/reads/mod.rs"]
pub mod reads;

/// The HTTP status of the page being rendered. In the browser half there is no status to set.
#[cfg(feature = "ssr")]
#[path = "http/page_status.rs"]
pub mod page_status;
#[cfg(not(feature = "ssr"))]
pub mod page_status {
    /// Does nothing: a page in the browser already has its status.
    pub fn set(_status: u16) {}
}

/// The number of letters in a text (extended grapheme clusters, UAX #29). The server's count decides. The browser half
/// uses the browser's own count, so that the WASM contains no Unicode tables.
#[cfg(feature = "ssr")]
pub mod letters {
    pub use crate::domain::graphemes as count;
}
#[cfg(not(feature = "ssr"))]
pub mod letters {
    pub use crate::browser::letters::count;
}

/// The sending of spans to a collector. Without the feature `otlp` nothing is sent.
#[cfg(feature = "otlp")]
#[path = "spans/sent.rs"]
pub mod spans;
#[cfg(all(feature = "ssr", not(feature = "otlp")))]
#[path = "spans/unsent.rs"]
pub mod spans;

#[cfg(all(test, feature = "ssr"))]
mod tests;

/// Pages that only the server renders: links and forms, which `components::live_page` loads again after an event.
#[cfg(feature = "ssr")]
#[path = "pages/served/mod.rs"]
pub mod served;

/// Prepares the browser half of a page, before the start script (`app.rs`) hydrates one island after the other. The
/// islands find the live feed in the context of the root owner, which lives as long as the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    browser::panics::install();
    wasm_bindgen_futures::spawn_local(browser::service_worker::register());
    leptos::mount::hydrate_islands();
    leptos::prelude::provide_context(components::live_page::LiveFeed::default());
    leptos::prelude::provide_context(components::shown_when::Offers::default());
}

/// Starts the work of a page besides its islands, after the start script has hydrated all islands. `is_whole`: no
/// island failed. An island fails when a translator or an extension has changed the document. `is_current`: the page is
/// the server's response, not a copy stored on this device.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn start(is_whole: bool, is_current: bool) {
    let live = components::live_page::use_live();
    let offers = components::shown_when::use_offers();
    live.start(is_whole, is_current);
    if live.is_signed_in() {
        browser::drafts::start(is_current, |error| api::ApiError::named(error).is_by_the_field());
        if is_current {
            browser::seen::start();
            offers.start_push();
        }
    }
    offers.start_install();
}

/// Keeps the browser's install prompt (`beforeinstallprompt`) and updates the install cards.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn keep_install_prompt(prompt: wasm_bindgen::JsValue) {
    browser::install::keep_prompt(prompt);
    components::shown_when::use_offers().look_at_install();
}
