//! **엄빠도 어렸다** — one question a day for a parent and a child.
//!
//! # The floor plan
//! ```text
//! main → cli → http → app → pages → api → server → domain
//!                      └→ components → text
//! ```
//! Every arrow points down. `domain` knows the rules and nothing else; `text` holds every sentence,
//! `paths` every URL, `browser` every browser call, `page_status` the status of a page being rendered.
//! `server` is the engine behind the wall: `storage` has all SQL, `services` the use cases, `live` the stream,
//! `jobs` the loops. `http` is the doors. `src/tests/architecture.rs` keeps all of it true.
//!
//! # The two ways
//! *Answer → the other's browser*: `components::answer_form` → `http` → `api::today` → `services::answers`
//! (one transaction: answer and feed rows) → `Tx::commit` wakes → `server::live` reads the feed → `browser::live` →
//! the page asks again. *Due minute → page*: `jobs::scheduler` → `services::openings` → feed rows → the same stream.
//!
//! Where this house differs from its first drawing (a form's own post, codes in cookies, the row that is locked)
//! the module that does so says why.
//!
//! The gates below are the only ones of the crate: the server half is `ssr`, the browser half `hydrate`.

#![recursion_limit = "512"]

pub mod api;
pub mod app;
pub mod browser;
pub mod components;
pub mod domain;
pub mod pages;
pub mod paths;
pub mod text;

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

/// Wakes the server-rendered page in the browser.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    browser::panics::install();
    leptos::mount::hydrate_body(app::App);
}
