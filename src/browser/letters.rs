//! Counting the letters of a text in the browser (`client/letters.ts`).

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen(raw_module = "umbba/client/letters.ts")]
extern "C" {
    fn count_letters(text: &str) -> u32;
}

/// The number of extended grapheme clusters (UAX #29), by the tables of this browser.
pub fn count(text: &str) -> usize {
    count_letters(text) as usize
}
