//! The letters of a text, counted in the browser (`client/letters.ts`).

use super::client;

/// The number of extended grapheme clusters (UAX #29), by the tables of this browser.
pub fn count(text: &str) -> usize {
    client::count_letters(text) as usize
}
