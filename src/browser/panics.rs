//! A panic ends the WASM instance for good. The page then shows a line that says so; its forms still post.

use super::page;

/// Writes panics to the console and marks the document.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        page::set_root_attribute("data-hydration", "failed");
    }));
}
