//! The island for the cards of a page: a part that is shown when a condition about this browser holds, and whose
//! buttons act on this browser. The server renders each part hidden and with its content, which the browser half leaves
//! unchanged.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

use crate::browser::{
    install::{self, Way},
    page,
    push::{self, Ability},
};

/// A condition about this browser: the word of an `Ability` or a `Way`. Each word has one meaning. One word instead of
/// nested enums keeps 1 kB of JSON parser out of the WASM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Condition(String);

impl From<Ability> for Condition {
    fn from(ability: Ability) -> Self {
        Self(ability.word().to_owned())
    }
}

impl From<Way> for Condition {
    fn from(way: Way) -> Self {
        Self(way.word().to_owned())
    }
}

/// What is known about this browser.
#[derive(Clone, Copy, Default)]
struct Known {
    ability: Option<Ability>,
    is_push_put_off: bool,
    way: Option<Way>,
    is_install_put_off: bool,
    /// The number of answers given on this page.
    answers_here: i64,
}

impl Known {
    /// Whether a condition holds. `given`: the number of answers that were given before this page. A card with `given`
    /// waits for answers (one for notifications, two for the installation) and for the end of "later". A card without
    /// `given` does not wait.
    fn holds(self, condition: &str, given: Option<i64>) -> bool {
        let answers = given.map(|given| given + self.answers_here);
        let is_push_early = answers.is_some_and(|answers| answers < 1 || self.is_push_put_off);
        if let Some(ability) = self.ability.filter(|_| !is_push_early) {
            if ability.word() == condition {
                return true;
            }
            // Only one card at a time asks for something: the card about notifications goes first.
            if given.is_some() && ability.is_request() {
                return false;
            }
        }
        let is_install_early = answers.is_some_and(|answers| answers < 2 || self.is_install_put_off);
        !is_install_early && self.way.is_some_and(|way| way.word() == condition)
    }
}

/// What is known about this browser, for the cards of a page. The context of the root owner holds one `Offers`.
#[derive(Clone, Copy, Default)]
pub struct Offers(RwSignal<Known>);

/// The offers of this page. The server has none and returns a default in which nothing is known.
pub fn use_offers() -> Offers {
    use_context::<Offers>().unwrap_or_default()
}

impl Offers {
    /// Finds out how this browser puts the app on the home screen.
    pub fn start_install(self) {
        self.look_at_install();
        install::on_installed(move || self.put_off_install());
    }

    pub fn look_at_install(self) {
        self.0.update(|known| {
            known.is_install_put_off = install::is_put_off();
            known.way = install::way();
        });
    }

    fn put_off_install(self) {
        install::put_off();
        self.look_at_install();
    }

    /// Finds out what this browser can do about notifications, and renews its subscription.
    pub fn start_push(self) {
        self.0.update(|known| known.is_push_put_off = push::is_put_off());
        spawn_local(self.look_at_push());
    }

    async fn look_at_push(self) {
        let ability = match push::ability() {
            Some(ability) => ability,
            None => push::subscribe().await,
        };
        self.0.update(|known| known.ability = Some(ability));
    }

    async fn act(self, act: Act) {
        match act {
            // After permission the card stays until the result of subscribing is known, because the person is looking
            // at it.
            Act::AllowPush => {
                push::ask().await;
                self.look_at_push().await;
            }
            Act::PutOffPush => {
                push::put_off();
                self.0.update(|known| known.is_push_put_off = true);
            }
            Act::Install => {
                install::prompt().await;
                self.put_off_install();
            }
            Act::PutOffInstall => self.put_off_install(),
        }
    }

    /// Sets the number of answers given on this page.
    pub fn count_answers(self, answers: i64) {
        self.0.update(|known| known.answers_here = answers);
    }
}

/// What a button of a card does. The `value` of the button is the word for the act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Asks the person to allow notifications, which browsers permit only after a tap.
    AllowPush,
    PutOffPush,
    /// Shows the browser's prompt to install the app.
    Install,
    PutOffInstall,
}

impl Act {
    const ALL: [Self; 4] = [Self::AllowPush, Self::PutOffPush, Self::Install, Self::PutOffInstall];

    fn word(self) -> &'static str {
        match self {
            Self::AllowPush => "allow-push",
            Self::PutOffPush => "put-off-push",
            Self::Install => "install",
            Self::PutOffInstall => "put-off-install",
        }
    }
}

/// A button in a card (`ShownWhen`), rendered by the server.
#[component]
pub fn ActButton(act: Act, class: &'static str, label: &'static str) -> impl IntoView {
    view! { <button class=class type="button" value=act.word()>{label}</button> }
}

/// A part of a page that is hidden unless the condition holds. `push`, `install`: the words that mark the card in the
/// document. `given`: see `Known::holds`.
#[island]
pub fn ShownWhen(
    condition: Condition,
    class: String,
    push: Option<String>,
    install: Option<String>,
    given: Option<i64>,
    children: Children,
) -> impl IntoView {
    let offers = use_offers();
    let is_shown = RwSignal::new(false);
    // An effect, because hydration must find what the server rendered.
    Effect::new(move |_| is_shown.set(offers.0.get().holds(&condition.0, given)));
    let press = move |event: leptos::ev::MouseEvent| {
        let pressed = page::pressed(&event);
        if let Some(act) = Act::ALL.into_iter().find(|act| act.word() == pressed) {
            spawn_local(offers.act(act));
        }
    };
    view! {
        <aside class=class data-push=push data-install=install hidden=move || !is_shown.get() on:click=press>
            {children()}
        </aside>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polite_card_waits_and_asks_one_thing_at_a_time() {
        let known = Known { ability: Some(Ability::Default), way: Some(Way::Chrome), ..Known::default() };
        let shown = |known: Known, given| [known.holds("default", given), known.holds("chrome", given)];
        assert_eq!(shown(known, None), [true, true], "a card that waits for nothing");
        assert_eq!(shown(known, Some(0)), [false, false]);
        assert_eq!(shown(known, Some(2)), [true, false], "notifications go first");
        assert_eq!(shown(Known { is_push_put_off: true, ..known }, Some(1)), [false, false]);
        let put_off = Known { is_push_put_off: true, answers_here: 1, ..known };
        assert_eq!(shown(put_off, Some(1)), [false, true], "after the second answer");
        assert_eq!(shown(Known { ability: Some(Ability::On), ..known }, Some(2)), [false, true]);
        assert_eq!(shown(Known { is_install_put_off: true, ..put_off }, Some(2)), [false, false]);
    }
}
