//! When a page that only the server draws asks for itself again (`client/renewal.ts`).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "umbba/client/renewal.ts")]
extern "C" {
    fn start_renewal();
    #[wasm_bindgen(js_name = ask_again)]
    fn ask_page_again();
}

/// Watches for what must not be interrupted: typing, and the way to another page.
pub fn start() {
    start_renewal();
}

/// Loads the page again as soon as nothing is interrupted by it.
pub fn ask_again() {
    ask_page_again();
}
