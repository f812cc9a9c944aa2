//! **엄빠도 어렸다**: one question a day for a parent and a child.
//!
//! # The modules
//! ```text
//! main → cli → http → app → pages → components → api → server → domain
//!                                            (text, paths, browser: small modules just above domain)
//! ```
//! A module uses those to its right only; `src/tests/architecture/` checks it. Components use `api` because they show
//! its views. `domain` has the product rules and nothing else (`docs/RULES.md`); `text` every sentence, `paths` every
//! URL, `browser` every call to the browser, `page_status` the status of a page being rendered. `server` is the
//! application: `storage` has all SQL, `services` the use cases, `live` the feed, `push` the senders, `jobs` the loops.
//! `http` has the endpoints. `docs/ARCHITECTURE.md` has the module map, four requests followed through the files, and
//! the terms.
//!
//! # The browser half
//! Every page is rendered by the server. What is alive in the browser is a Leptos island: today's page is one
//! (`pages::TodayIsland`), so neither router, resources nor suspense are in the WASM, and a cheap phone loads about
//! half of what hydrating every page took. Everything else is links and forms (`pages/served`) with a few small islands
//! (buttons, cards, notices), and an event makes such a page ask the server for itself again (`components::live_page`).
//!
//! The `cfg` gates below are the only ones of the crate: the server half is `ssr`, the browser half `hydrate`.

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

/// `ServiceError` becomes `ApiError`: the one place where an accident turns into a code.
#[cfg(feature = "ssr")]
#[path = "api/from_service.rs"]
mod from_service;

/// What a server function may ask of the request it serves. It stands below `api`, so that `api` need not know `http`.
#[cfg(feature = "ssr")]
#[path = "http/request.rs"]
pub mod request;

/// The cookies of the app, as `Set-Cookie` values.
#[cfg(feature = "ssr")]
#[path = "http/cookies.rs"]
pub mod cookies;

/// What pages read that no browser asks for by itself.
#[cfg(feature = "ssr")]
#[path = "api/reads/mod.rs"]
pub mod reads;

/// The HTTP status of the page being rendered; in the browser there is none to set.
#[cfg(feature = "ssr")]
#[path = "http/page_status.rs"]
pub mod page_status;
#[cfg(not(feature = "ssr"))]
pub mod page_status {
    /// A page that is already in the browser has its status.
    pub fn set(_status: u16) {}
}

/// The number of letters in a text (extended grapheme clusters, UAX #29). The server decides; the browser shows its own
/// count, so that the WASM holds no Unicode tables.
#[cfg(feature = "ssr")]
pub mod letters {
    pub use crate::domain::graphemes as count;
}
#[cfg(not(feature = "ssr"))]
pub mod letters {
    pub use crate::browser::letters::count;
}

#[cfg(all(test, feature = "ssr"))]
mod tests;

/// Pages that only the server renders: links and forms, woken by `components::live_page`.
#[cfg(feature = "ssr")]
#[path = "pages/served/mod.rs"]
pub mod served;

/// Prepares the browser half of a page: afterwards the start script (`app.rs`) hydrates one island after the other. All
/// of them find the live feed in the context of the root owner, which lives as long as the page.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    browser::panics::install();
    wasm_bindgen_futures::spawn_local(browser::service_worker::register());
    leptos::mount::hydrate_islands();
    leptos::prelude::provide_context(components::live_page::LiveFeed::default());
    leptos::prelude::provide_context(components::shown_when::Offers::default());
}

/// Starts what a page does besides its islands, when all of them were hydrated. `is_whole`: none of them failed, as one
/// does where a translator or an extension had changed the document. `is_current`: the page is the server's answer, and
/// no copy that this device kept.
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

/// The browser offers to install the app (`beforeinstallprompt`).
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn keep_install_prompt(prompt: wasm_bindgen::JsValue) {
    browser::install::keep_prompt(prompt);
    components::shown_when::use_offers().look_at_install();
}
