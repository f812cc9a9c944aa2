//! The moment a card opens. Today's page of its pair turns it over. Every other page shows a line with a link to the
//! card, in the tab that was used last and in no other, until the person goes there or closes the line. All tabs of a
//! browser know the card and the tab that was used last (localStorage), so a page that loads again still shows the line.

use std::cell::RefCell;

use js_sys::{Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Storage;

use super::page::{document, get, listen, matches_media, number_text, promise, start_timer, storage, window};

/// A window that nobody can see draws nothing: the change does not wait longer for a picture of the page.
const DRAWS_MS: i32 = 500;

/// The key of the tab that was used last, in both storages.
const USED: &str = "used";

/// The line about the last card that opened.
struct Opening {
    /// Where all tabs find the card whose line is to be shown.
    shown_key: String,
    /// Where all tabs find the card that the person saw or whose line was closed.
    seen_key: String,
    /// Gets the path of the card whose line this tab shows, or an empty text.
    show: Box<dyn Fn(String)>,
}

thread_local! {
    static OPENING: RefCell<Option<Opening>> = const { RefCell::new(None) };
    /// The picture that the browser takes of the page before it turns over.
    static PICTURE: RefCell<Option<Promise>> = const { RefCell::new(None) };
}

/// Changes the page: at once, or, as a card opens, when the browser has a picture of the page as it was.
pub fn turn(is_opening: bool, change: impl Fn() + 'static) {
    let start = get(&document(), "startViewTransition")
        .filter(|_| is_opening && !matches_media("(prefers-reduced-motion: reduce)"));
    let Some(start) = start else { return change() };
    // Two answers about one opening turn it once.
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

/// Begins on a page of `person`. `show` gets the path of the card whose line this tab shows, or an empty text.
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
    // A tab that was just opened is used; one that loads itself again in the background is not.
    if used(session_storage()).is_some() || document().hidden() {
        draw();
    } else {
        use_tab();
    }
}

/// A card opened: its path.
pub fn opened(card: &str) {
    with_storage(|opening, storage| {
        // A tab that slept hears late of what was read or closed elsewhere.
        if read(storage, &opening.seen_key).as_deref() != Some(card) {
            let key = if is_at(card) { &opening.seen_key } else { &opening.shown_key };
            let _ = storage.set_item(key, card);
        }
    });
    draw();
}

/// The person saw the card or closed its line.
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

/// Notes that this tab is the one that was used last. The number is new each time: a duplicated tab has its twin's.
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

/// Nothing happens where the browser forbids storage.
fn with_storage(act: impl FnOnce(&Opening, &Storage)) {
    OPENING.with_borrow(|opening| {
        if let (Some(opening), Some(storage)) = (opening, storage()) {
            act(opening, &storage);
        }
    });
}

/// Whether this page shows the card: its own page, or today's page of its pair.
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
