//! What the tabs of a browser show when a card opens. Today's page of the pair turns the card over. Every other page
//! shows a notice with a link to the card, only in the tab that was used last, until the person goes to the card or
//! closes the notice. `localStorage` tells all tabs the card and the tab that was used last, so a page that loads again
//! still shows the notice.

use std::cell::RefCell;

use js_sys::{Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Storage;

use super::page::{document, get, listen, matches_media, number_text, promise, start_timer, storage, window};

/// The longest wait for a picture of the page (ms), because a window that is not visible draws nothing.
const DRAWS_MS: i32 = 500;

/// The key of the tab that was used last, in `localStorage` and `sessionStorage`.
const USED: &str = "used";

/// The notice about the last card that opened.
struct Opening {
    /// The key in `localStorage` of the card whose notice is to be shown.
    shown_key: String,
    /// The key in `localStorage` of the card that the person saw or whose notice the person closed.
    seen_key: String,
    /// Receives the path of the card whose notice this tab shows, or an empty text.
    show: Box<dyn Fn(String)>,
}

thread_local! {
    static OPENING: RefCell<Option<Opening>> = const { RefCell::new(None) };
    /// Fulfilled when the browser has taken a picture of the page before the card turns over.
    static PICTURE: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

/// Changes the page at once or, when a card opens, after the browser has a picture of the old page (View Transitions).
pub fn turn(is_opening: bool, change: impl Fn() + 'static) {
    let start = get(&document(), "startViewTransition")
        .filter(|_| is_opening && !matches_media("(prefers-reduced-motion: reduce)"));
    let Some(start) = start else { return change() };
    // Two responses about the same opening share one transition.
    let picture = PICTURE.take().unwrap_or_else(|| {
        let (picture, taken) = promise();
        let _ = start.unchecked_ref::<Function>().call1(&document(), &taken);
        start_timer(&taken, DRAWS_MS);
        picture
    });
    PICTURE.set(Some(picture.clone()));
    spawn_local(async move {
        let _ = JsFuture::from(picture).await;
        change();
        PICTURE.set(None);
    });
}

/// Starts the notice on a page of `person`. `show` receives the path of the card whose notice this tab shows, or an
/// empty text.
pub fn start(person: &str, show: impl Fn(String) + 'static) {
    OPENING.set(Some(Opening {
        shown_key: ["opened:", person].concat(),
        seen_key: ["seen:", person].concat(),
        show: Box::new(show),
    }));
    let window = window();
    for kind in ["focus", "pointerdown"] {
        listen(&window, kind, |_| use_tab());
    }
    listen(&window, "storage", |_| draw());
    // A new visible tab counts as used. A tab that loads again, or is hidden, does not.
    if used(session_storage()).is_some() || document().hidden() {
        draw();
    } else {
        use_tab();
    }
}

/// Notes that a card opened. `card` is its path.
pub fn opened(card: &str) {
    with_storage(|opening, storage| {
        // A tab that slept receives the event late: the person may have seen the card or closed its notice in another
        // tab.
        if read(storage, &opening.seen_key).as_deref() != Some(card) {
            let key = if is_at(card) { &opening.seen_key } else { &opening.shown_key };
            let _ = storage.set_item(key, card);
        }
    });
    draw();
}

/// Removes the notice, because the person saw the card or closed the notice.
pub fn forget() {
    with_storage(|opening, storage| {
        if let Some(card) = read(storage, &opening.shown_key) {
            let _ = storage.set_item(&opening.seen_key, &card);
            let _ = storage.remove_item(&opening.shown_key);
        }
    });
    draw();
}

fn draw() {
    let is_used_last = used(session_storage()).is_some_and(|used_last| used(storage()) == Some(used_last));
    with_storage(|opening, storage| {
        let mut card = read(storage, &opening.shown_key).filter(|_| is_used_last);
        if let Some(seen) = card.take_if(|card| is_at(card)) {
            let _ = storage.set_item(&opening.seen_key, &seen);
            let _ = storage.remove_item(&opening.shown_key);
        }
        (opening.show)(card.unwrap_or_default());
    });
}

/// Notes that this tab was used last. The number is new each time, because a duplicated tab has the number of the
/// original tab.
fn use_tab() {
    if let (Some(here), Some(everywhere)) = (session_storage(), storage()) {
        let number = number_text(js_sys::Math::random());
        let _ = everywhere.set_item(USED, &number);
        let _ = here.set_item(USED, &number);
    }
    draw();
}

fn session_storage() -> Option<Storage> {
    window().session_storage().ok()?
}

fn used(storage: Option<Storage>) -> Option<String> {
    read(&storage?, USED)
}

fn read(storage: &Storage, key: &str) -> Option<String> {
    storage.get_item(key).ok()?
}

/// Calls `act`, unless the browser forbids storage.
fn with_storage(act: impl FnOnce(&Opening, &Storage)) {
    OPENING.with_borrow(|opening| {
        if let (Some(opening), Some(storage)) = (opening, storage()) {
            act(opening, &storage);
        }
    });
}

/// Whether this page shows the card: it is the card's own page or today's page of the card's pair.
fn is_at(card: &str) -> bool {
    let path = window().location().pathname().unwrap_or_default();
    shows_card(&path, card)
}

fn shows_card(path: &str, card: &str) -> bool {
    let Some((pair, _)) = card.split_once("/cards/") else { return false };
    path == card || path.strip_prefix(pair).is_some_and(|rest| matches!(rest, "" | "/today"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_seen_on_its_page_and_on_today_s() {
        let card = "/p/7/cards/9";
        let seen = ["/p/7/cards/9", "/p/7/today", "/p/7", "/p/7/archive", "/p/77/today", "/p/7/cards/8", "/"];
        assert_eq!(seen.map(|path| shows_card(path, card)), [true, true, true, false, false, false, false]);
    }
}
