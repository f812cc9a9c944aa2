//! The open line to the server, as pages hear it. The line itself (its roads, the tabs that share it, what it does when
//! the wire dies or the page sleeps) is `live.js`: a hundred lines of timers and listeners are small there and large
//! here.

use js_sys::Function;
use wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen};

use crate::domain::Event;

/// What the page hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// The server's build.
    Hello(String),
    Event(Event),
    /// Something may have been missed: ask for everything again.
    Refetch,
    /// The line is down (true) or up again (false).
    Lost(bool),
    /// The line goes by long poll (true): news may be seconds late.
    Slow(bool),
}

#[wasm_bindgen(module = "/src/browser/live.js")]
extern "C" {
    fn open_line(cursor: f64, person: &str, tell: &Function);
}

// `live.js` calls it; named here so that the file comes along with it.
#[wasm_bindgen(module = "/src/browser/presence.js")]
extern "C" {
    #[wasm_bindgen(js_name = start)]
    fn start_presence();
}

/// Opens the line of this person from `cursor` on. It lives as long as the page.
pub fn open(cursor: i64, person: &str, tell: impl Fn(Heard) + 'static) {
    let told = Closure::<dyn Fn(String, String)>::new(move |kind: String, text: String| {
        let heard = match kind.as_str() {
            "hello" => Heard::Hello(text),
            "lost" => Heard::Lost(!text.is_empty()),
            "road" => Heard::Slow(text == "poll"),
            "told" => {
                let Ok(event) = serde_json::from_str::<Event>(&text) else { return };
                Heard::Event(event)
            }
            _ => Heard::Refetch,
        };
        tell(heard);
    });
    open_line(cursor as f64, person, told.as_ref().unchecked_ref());
    told.forget();
}
