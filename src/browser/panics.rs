//! The panic hook. A panic ends the WASM instance for good: the page then shows a notice, and its forms still post.

use super::page;

/// Writes panics to the console and marks the document.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        page::set_root_attribute("data-hydration", "failed");
    }));
}
