//! The permission for notifications, and how subscribing ended. The subscription itself is the service worker's: it
//! must be able to renew it without a page.

use js_sys::{Function, Number, Promise, Reflect};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Storage, Window};

use super::client::{self, SubscribeOutcome};

/// "Later" is remembered for a week.
const LATER_MS: f64 = 7.0 * 86_400_000.0;
const LATER_KEY: &str = "push-later";

/// What this browser can do about notifications. The words of the first two are those of `Notification.permission`
/// (Notifications API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ability {
    /// Nobody was asked yet.
    Default,
    Denied,
    /// Safari on an iPhone: only an app on the Home Screen gets pushes.
    Install,
    /// It is allowed, and this browser or the server refused the subscription.
    Failed,
    /// It is allowed, and the server could not be reached.
    Away,
    /// Notifications come to this browser.
    On,
    Unsupported,
}

impl Ability {
    /// The word that marks the card for it in the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Denied => "denied",
            Self::Install => "install",
            Self::Failed => "failed",
            Self::Away => "away",
            Self::On => "on",
            Self::Unsupported => "unsupported",
        }
    }
}

#[wasm_bindgen(module = "/src/browser/install.js")]
extern "C" {
    fn is_in_app() -> bool;
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(object, &name.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

fn permission(window: &Window) -> Option<String> {
    get(window, "Notification")
        .filter(|_| get(window, "PushManager").is_some())
        .and_then(|api| get(&api, "permission")?.as_string())
}

/// What this browser can do; `None` where it is allowed and it must be tried first (`subscribe`).
pub fn ability() -> Option<Ability> {
    let window = web_sys::window()?;
    match permission(&window).as_deref() {
        Some("granted") => None,
        Some("denied") => Some(Ability::Denied),
        Some(_) => Some(Ability::Default),
        // Only Safari knows `standalone`; in a tab of an iPhone it is false.
        None if !is_in_app()
            && get(&window.navigator(), "standalone").is_some_and(|standalone| standalone.is_falsy()) =>
        {
            Some(Ability::Install)
        }
        None => Some(Ability::Unsupported),
    }
}

/// Where it is allowed: lets the service worker subscribe, and says how that ended.
pub async fn subscribe() -> Ability {
    match SubscribeOutcome::from_js_value(&client::subscribe().await) {
        Some(SubscribeOutcome::On) => Ability::On,
        Some(SubscribeOutcome::Away) => Ability::Away,
        _ => Ability::Failed,
    }
}

/// Asks the person. A browser does so only after a tap.
pub async fn ask() {
    let asked = web_sys::window().and_then(|window| {
        let api = get(&window, "Notification")?;
        get(&api, "requestPermission")?.dyn_into::<Function>().ok()?.call0(&api).ok()?.dyn_into::<Promise>().ok()
    });
    if let Some(asked) = asked {
        let _ = JsFuture::from(asked).await;
    }
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok()?
}

/// Whether somebody said "later" within the last week.
pub fn is_put_off() -> bool {
    let until = storage().and_then(|storage| storage.get_item(LATER_KEY).ok()?).map(|text| Number::parse_float(&text));
    until.is_some_and(|until| js_sys::Date::now() < until)
}

pub fn put_off() {
    // The browser's own numbers: Rust's would bring the code that prints and reads them along.
    if let (Some(storage), Ok(until)) =
        (storage(), Number::from(js_sys::Date::now() + LATER_MS).to_string_with_radix(10))
    {
        let _ = storage.set_item(LATER_KEY, &String::from(until));
    }
}
