//! How this browser puts the app on the home screen: with its own prompt, or by steps in its menu.

use std::cell::RefCell;

use wasm_bindgen::JsValue;

use super::page::{self, get, listen, matches_media, window};

/// How long "later" and an installation are remembered: a month (ms).
const LATER_MS: f64 = 30.0 * 86_400_000.0;
const LATER_KEY: &str = "install-later";

/// Parts of the `User-Agent` of in-app browsers, which cannot install an app (see `api::in_app_browser`).
const IN_APP: [&str; 7] = ["KAKAOTALK", "NAVER(inapp", "Instagram", "FBAN", "FBAV", "Line/", "DaumApps"];

/// How a browser puts the app on the home screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The browser's own prompt (`beforeinstallprompt`).
    Prompt,
    Iphone,
    Samsung,
    Chrome,
}

impl Way {
    /// The word that marks the card for this way in the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Iphone => "iphone",
            Self::Samsung => "samsung",
            Self::Chrome => "chrome",
        }
    }
}

thread_local! {
    /// The browser's prompt, kept for our own button.
    static PROMPT: RefCell<Option<JsValue>> = const { RefCell::new(None) };
}

/// Whether this is a browser inside another app.
pub(super) fn is_in_app() -> bool {
    let agent = window().navigator().user_agent().unwrap_or_default();
    IN_APP.iter().any(|mark| agent.contains(mark))
}

/// How this browser puts the app on the home screen. `None` if it cannot, or inside the installed app.
pub fn way() -> Option<Way> {
    let navigator = window().navigator();
    let standalone = get(&navigator, "standalone");
    if matches_media("(display-mode: standalone)") || standalone.as_ref().is_some_and(JsValue::is_truthy) {
        return None;
    }
    if PROMPT.with_borrow(Option::is_some) {
        return Some(Way::Prompt);
    }
    if is_in_app() {
        return None;
    }
    // Only Safari on iPhone and iPad has both `standalone` and a touch screen. An iPad's `User-Agent` says Mac.
    if standalone.is_some() && navigator.max_touch_points() > 1 {
        return Some(Way::Iphone);
    }
    of_menu(&navigator.user_agent().unwrap_or_default())
}

/// The way through the menu of a browser with this `User-Agent`.
fn of_menu(agent: &str) -> Option<Way> {
    if agent.contains("SamsungBrowser") {
        return Some(Way::Samsung);
    }
    agent.split_once("Android")?.1.contains("Chrome/").then_some(Way::Chrome)
}

pub fn keep_prompt(prompt: JsValue) {
    PROMPT.set(Some(prompt));
}

/// Shows the browser's prompt. Browsers allow this once, and only after a tap.
pub async fn prompt() {
    if let Some(prompt) = PROMPT.take() {
        page::call(&prompt, "prompt").await;
    }
}

/// Calls `act` when the app was installed.
pub fn on_installed(act: impl Fn() + 'static) {
    listen(&window(), "appinstalled", move |_| {
        PROMPT.set(None);
        act();
    });
}

/// Whether the person said "later" or installed the app within the last month.
pub fn is_put_off() -> bool {
    page::is_put_off(LATER_KEY)
}

pub fn put_off() {
    page::put_off(LATER_KEY, LATER_MS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_its_menu() {
        assert_eq!(of_menu("Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 Chrome/130.0"), Some(Way::Samsung));
        assert_eq!(of_menu("Mozilla/5.0 (Linux; Android 15) Chrome/142.0"), Some(Way::Chrome));
        assert_eq!(of_menu("Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0"), None);
    }
}
