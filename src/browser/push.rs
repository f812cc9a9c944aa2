//! The permission for notifications, and how subscribing ended. The subscription itself is the service worker's: it
//! must be able to renew it without a page.

use web_sys::Window;

use super::{
    client::{self, SubscribeOutcome},
    install::is_in_app,
    page::{self, get, window},
};

/// "Later" is remembered for a week.
const LATER_MS: f64 = 7.0 * 86_400_000.0;
const LATER_KEY: &str = "push-later";

/// What this browser can do about notifications. The words of the first two are those of `Notification.permission`
/// (Notifications API).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Whether its card asks the person for something.
    pub fn is_request(self) -> bool {
        !matches!(self, Self::On | Self::Unsupported)
    }

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

fn permission(window: &Window) -> Option<String> {
    get(window, "Notification")
        .filter(|_| get(window, "PushManager").is_some())
        .and_then(|api| get(&api, "permission")?.as_string())
}

/// What this browser can do; `None` where it is allowed and it must be tried first (`subscribe`).
pub fn ability() -> Option<Ability> {
    let window = window();
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
    if let Some(api) = get(&window(), "Notification") {
        page::call(&api, "requestPermission").await;
    }
}

/// Whether somebody said "later" within the last week.
pub fn is_put_off() -> bool {
    page::is_put_off(LATER_KEY)
}

pub fn put_off() {
    page::put_off(LATER_KEY, LATER_MS);
}
