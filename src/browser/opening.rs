//! The moment a card opens. What it does (a page that turns over, a line in the tab that was used last) is
//! `opening.js`.

use js_sys::Function;
use wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen};

#[wasm_bindgen(module = "/src/browser/opening.js")]
extern "C" {
    #[wasm_bindgen(js_name = turn)]
    fn turn_page(is_opening: bool, change: &Function);
}

/// Changes the page: at once, or, where a card opens, with what was there turning over.
pub fn turn(is_opening: bool, change: impl Fn() + 'static) {
    turn_page(is_opening, Closure::<dyn Fn()>::new(change).into_js_value().unchecked_ref());
}
