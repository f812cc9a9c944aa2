//! The permission for notifications, and the result of subscribing. The service worker manages the subscription,
//! because it must be able to renew the subscription without a page.

use web_sys::Window;

use super::{
    client::{self, SubscribeOutcome},
    install::is_in_app,
    page::{self, get, window},
};

/// How long "later" is remembered: a week (ms).
const LATER_MS: f64 = 7.0 * 86_400_000.0;
const LATER_KEY: &str = "push-later";

/// What this browser can do about notifications. The words of the first two are those of `Notification.permission`
/// (Notifications API).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// The person was not asked yet.
    Default,
    Denied,
    /// Safari on an iPhone: only an app on the Home Screen gets pushes.
    Install,
    /// Notifications are allowed, but this browser or the server refused the subscription.
    Failed,
    /// Notifications are allowed, but the server could not be reached.
    Away,
    /// Notifications come to this browser.
    On,
    Unsupported,
}

impl Ability {
    /// Whether the card for this ability asks the person for something.
    pub fn is_request(self) -> bool {
        !matches!(self, Self::On | Self::Unsupported)
    }

    /// The word that marks the card for this ability in the document.
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

fn permission(window: &Window) -> Option<String> {
    get(window, "Notification")
        .filter(|_| get(window, "PushManager").is_some())
        .and_then(|api| get(&api, "permission")?.as_string())
}

/// What this browser can do. `None` if notifications are allowed: then only `subscribe` finds out the result.
pub fn ability() -> Option<Ability> {
    let window = window();
    match permission(&window).as_deref() {
        Some("granted") => None,
        Some("denied") => Some(Ability::Denied),
        Some(_) => Some(Ability::Default),
        // Only Safari has `navigator.standalone`, which is false in a tab on an iPhone.
        None if !is_in_app()
            && get(&window.navigator(), "standalone").is_some_and(|standalone| standalone.is_falsy()) =>
        {
            Some(Ability::Install)
        }
        None => Some(Ability::Unsupported),
    }
}

/// Lets the service worker subscribe, and returns the result. The person must have allowed notifications.
pub async fn subscribe() -> Ability {
    match SubscribeOutcome::from_js_value(&client::subscribe().await) {
        Some(SubscribeOutcome::On) => Ability::On,
        Some(SubscribeOutcome::Away) => Ability::Away,
        _ => Ability::Failed,
    }
}

/// Asks the person to allow notifications, which browsers permit only after a tap.
pub async fn ask() {
    if let Some(api) = get(&window(), "Notification") {
        page::call(&api, "requestPermission").await;
    }
}

/// Whether the person said "later" within the last week.
pub fn is_put_off() -> bool {
    page::is_put_off(LATER_KEY)
}

pub fn put_off() {
    page::put_off(LATER_KEY, LATER_MS);
}
