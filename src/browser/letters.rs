//! Counting the letters of a text in the browser (`letters.js`).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(module = "/src/browser/letters.js")]
extern "C" {
    fn count_letters(text: &str) -> u32;
}

/// The number of extended grapheme clusters (UAX #29), by the tables of this browser.
pub fn count(text: &str) -> usize {
    count_letters(text) as usize
}
