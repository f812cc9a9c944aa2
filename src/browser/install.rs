//! The card that offers the app for the home screen (`install.js`).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/browser/install.js")]
extern "C" {
    fn start_install();
}

/// On every page: where there is such a card it decides whether it is shown.
pub fn start() {
    start_install();
}
