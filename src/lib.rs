//! **엄빠도 어렸다**: one question a day for a parent and a child.
//!
//! # The modules
//! ```text
//! main → cli → http → app → pages → components → api → server → domain
//!                                            (text, paths, browser: small modules just above domain)
//! ```
//! A module uses those to its right only; `src/tests/architecture.rs` checks it. Components use `api` because they show its views.
//! `domain` has the product rules and nothing else (`docs/RULES.md`); `text` every sentence, `paths` every URL, `browser` every
//! call to the browser, `page_status` the status of a page being rendered. `server` is the application: `storage` has all SQL,
//! `services` the use cases, `live` the feed, `push` the senders, `jobs` the loops. `http` has the endpoints.
//! `docs/ARCHITECTURE.md` has the module map, four requests followed through the files, and the terms.
//!
//! # The browser half
//! Today's page alone is hydrated, from a JSON block beside it (`pages::Boot`), so neither router, resources nor suspense are
//! in the WASM, and a cheap phone loads about half of what hydrating every page took. All other pages are links and forms
//! (`pages/served`): the same WASM attaches to their few buttons and opens the feed (`browser::enhance`), and an event makes
//! the page ask the server for itself again.
//!
//! The `cfg` gates below are the only ones of the crate: the server half is `ssr`, the browser half `hydrate`.

#![recursion_limit = "512"]

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

/// The HTTP status of the page being rendered; in the browser there is none to set.
#[cfg(feature = "ssr")]
#[path = "http/page_status.rs"]
pub mod page_status;
#[cfg(not(feature = "ssr"))]
pub mod page_status {
    /// A page that is already in the browser has its status.
    pub fn set(_status: u16) {}
}

#[cfg(all(test, feature = "ssr"))]
mod tests;

/// Pages that only the server renders: links and forms, woken by `browser::enhance`.
#[cfg(feature = "ssr")]
#[path = "pages/served/mod.rs"]
pub mod served;

/// Wakes the page in the browser: the today page whole, from the data it was rendered with; every other page only
/// where a script is needed at all.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    browser::panics::install();
    wasm_bindgen_futures::spawn_local(browser::service_worker::register());
    match pages::boot() {
        Some((boot, root)) => leptos::mount::hydrate_from(root, move || pages::TodayRoot(pages::TodayRootProps { boot })).forget(),
        None => browser::enhance::start(),
    }
    start();
}

/// Wakes the today page as those are that only the server renders: where a translator or an extension had changed the
/// document before `hydrate` came to it, which ends that with a panic (`app.rs`). Its forms are the browser's own then.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn wake() {
    browser::enhance::start();
    start();
}

/// What every page does, however it woke.
#[cfg(feature = "hydrate")]
fn start() {
    browser::notices::start();
    browser::drafts::start();
    browser::install::start();
}
