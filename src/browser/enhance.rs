//! Wakes the pages that only the server renders: their few buttons, this device's zone, and the live line.
//! A told event that the page shows asks the server for it again, unless somebody is filling in a form on it.

use wasm_bindgen::{JsCast, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Document, Element, EventTarget, HtmlInputElement};

use super::{
    clipboard,
    live::{self, Heard},
    notices, page, share,
};
use crate::domain::{Event, EventKind};

#[wasm_bindgen(module = "/src/browser/renewal.js")]
extern "C" {
    fn start_renewal();
    fn ask_again();
}

/// Wakes this page.
pub fn start() {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return };
    for element in find(&document, "[data-device-zone]") {
        if let (Some(input), Some(zone)) = (element.dyn_ref::<HtmlInputElement>(), page::zone()) {
            input.set_value(&zone);
        }
    }
    for element in find(&document, "[data-act]") {
        wake_button(&document, &element);
    }
    follow(&document);
}

pub(super) fn find(document: &Document, selector: &str) -> Vec<Element> {
    let Ok(found) = document.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.get(at)?.dyn_into().ok()).collect()
}

pub(super) fn listen(element: &EventTarget, kind: &str, act: impl Fn() + 'static) {
    let closure = Closure::<dyn Fn()>::new(act);
    let _ = element.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref());
    // Lives as long as the page.
    closure.forget();
}

fn wake_button(document: &Document, button: &Element) {
    let data = |name: &str| button.get_attribute(&format!("data-{name}")).unwrap_or_default();
    match data("act").as_str() {
        "print" => listen(button, "click", page::print),
        "copy" => {
            let (text, done, failed) = (data("text"), data("done"), data("failed"));
            let said = document.query_selector("[data-said]").ok().flatten();
            listen(button, "click", move || {
                let (text, done, failed, said) = (text.clone(), done.clone(), failed.clone(), said.clone());
                // The same sentence is only heard again when it was gone in between.
                if let Some(said) = &said {
                    said.set_text_content(None);
                }
                spawn_local(async move {
                    let sentence = if clipboard::copy(&text).await { done } else { failed };
                    if let Some(said) = said {
                        said.set_text_content(Some(&sentence));
                    }
                });
            });
        }
        "share" if share::is_supported() => {
            let (title, text, url) = (data("title"), data("text"), button.get_attribute("data-url"));
            listen(button, "click", move || {
                let (title, text, url) = (title.clone(), text.clone(), url.clone());
                spawn_local(async move { share::share(&title, &text, url.as_deref()).await });
            });
        }
        _ => return,
    }
    let _ = button.remove_attribute("hidden");
}

/// Opens the live line of whoever is signed in.
fn follow(document: &Document) {
    let Some(as_of) = page::root_attribute("data-as-of").and_then(|text| text.parse::<i64>().ok()) else { return };
    start_renewal();
    let document = document.clone();
    live::open(as_of, move |heard| {
        notices::tell(&heard);
        match heard {
            Heard::Hello(_) | Heard::Lost(_) | Heard::Slow(_) => {}
            // The notice says it; the page is left as it is.
            Heard::Event(event) if event.kind == EventKind::RecoveryCodeUsed => {}
            // What only one page shows is no reason to draw another; that all is read takes no mark off the page that showed it.
            Heard::Event(event) if is_elsewhere(&document, &event) || is_only_reading(&event) => {}
            Heard::Event(_) | Heard::Refetch => ask_again(),
        }
    });
}

fn is_only_reading(event: &Event) -> bool {
    event.kind == EventKind::InboxChanged && event.unread == Some(0)
}

/// What `main` of this page follows, if it is not everything.
fn follows(document: &Document) -> Option<String> {
    document.query_selector("main[data-follows]").ok().flatten()?.get_attribute("data-follows")
}

/// Whether this page shows what an event is about. The day and the nudges about it are on the pages that follow everything, and on
/// the one that follows their question.
pub(super) fn is_shown(document: &Document, event: &Event) -> bool {
    let is_of_the_day = event.kind.is_of_the_day() || event.kind == EventKind::InboxChanged;
    !is_of_the_day || follows(document).is_none_or(|follows| event.daily_question.is_some_and(|question| question.to_string() == follows))
}

/// Whether an event is no reason to ask for this page again.
fn is_elsewhere(document: &Document, event: &Event) -> bool {
    let follows = follows(document);
    if follows.as_deref() == Some("nothing") {
        return true;
    }
    match event.kind {
        EventKind::InboxChanged => follows.as_deref() != Some("inbox"),
        EventKind::DeviceChanged => follows.as_deref() != Some("devices"),
        EventKind::HandOverAsked | EventKind::HandOverUsed => follows.as_deref() != Some("hand-over"),
        // Whatever changes the count is in the inbox.
        _ => !is_shown(document, event) && (follows.as_deref() != Some("inbox") || event.unread.is_none()),
    }
}
