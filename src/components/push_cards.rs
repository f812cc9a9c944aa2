//! The cards about notifications, one for each `Ability` of a browser. The server renders all cards hidden. The browser
//! half shows one card when it knows what this browser can do. A native shell gets none of them: a WebView has no Web
//! Push, and `/devices` shows a card of its own there.

use leptos::prelude::*;

use super::{
    context::{use_page_words, use_shell},
    install_cards::IphoneSteps,
    same_html::{SameHtml, at_most_two},
    shown_when::{Act, ActButton, ShownWhen},
};
use crate::{
    browser::push::Ability,
    paths,
    text::{self, PageWords},
};

/// The notification cards of a page. `given`: the number of answers that the person has given, on today's page only.
/// There the cards wait for an answer and for the end of "later" (`Known::holds`). `other`: how the person calls the
/// other member.
#[component]
pub fn PushCards(
    #[prop(optional_no_strip)] given: Option<i64>,
    #[prop(optional_no_strip)] other: Option<String>,
) -> impl IntoView {
    static OTHERS: SameHtml = SameHtml::new();
    if use_shell().is_some() {
        return ().into_any();
    }
    let words = use_page_words();
    let title = match other {
        Some(other) => text::fill(words.push_ask_title, &[("other", &other)]),
        None => words.push_ask_title_alone.to_owned(),
    };
    let given = at_most_two(given);
    view! {
        <ShownWhen condition=Ability::Default.into() class=card() push=word(Ability::Default) install=None given>
            <h2>{title}</h2>
            <p>{words.push_ask_lead}</p>
            <div class="actions">
                {button(Act::AllowPush, "button", words.push_ask_yes)}
                {later(words, given)}
            </div>
        </ShownWhen>
        {OTHERS.show(given, || other_cards(given))}
    }
    .into_any()
}

fn word(ability: Ability) -> Option<String> {
    Some(ability.word().to_owned())
}

fn card() -> String {
    "notice push-card".to_owned()
}

fn button(act: Act, class: &'static str, label: &'static str) -> impl IntoView {
    view! { <ActButton act class label/> }
}

/// The button that puts a card off, on today's page only.
fn later(words: &'static PageWords, given: Option<i64>) -> impl IntoView {
    given.map(|_| button(Act::PutOffPush, "button quiet", words.push_ask_later))
}

/// All cards but the first, which names the other member.
fn other_cards(given: Option<i64>) -> AnyView {
    let words = use_page_words();
    let later = move || later(words, given);
    let again = move || {
        view! { <div class="actions">{button(Act::AllowPush, "button ghost", words.push_again)} {later()}</div> }
    };
    view! {
        <ShownWhen condition=Ability::Denied.into() class=card() push=word(Ability::Denied) install=None given>
            <h2>{words.push_denied_title}</h2>
            <p>{words.push_denied_lead}</p>
            <ul class="by-device">
                <li>{words.push_denied_android}</li>
                <li>{words.push_denied_iphone}</li>
                <li>{words.push_denied_desktop}</li>
            </ul>
            {later()}
        </ShownWhen>
        <ShownWhen condition=Ability::Install.into() class=card() push=word(Ability::Install) install=None given>
            <h2>{words.push_install_title}</h2>
            <ol class="pictured"><IphoneSteps/></ol>
            <div class="actions">
                <a class="button" href=paths::hand_over()>{words.push_install_code}</a>
                {later()}
            </div>
        </ShownWhen>
        <ShownWhen condition=Ability::Failed.into() class=card() push=word(Ability::Failed) install=None given>
            <h2>{words.push_failed_title}</h2>
            <p>{words.push_failed_lead}</p>
            <ul class="by-device">
                <li>{words.push_failed_private}</li>
                <li>{words.push_failed_brave}</li>
                <li>{words.push_failed_other}</li>
            </ul>
            {again()}
        </ShownWhen>
        <ShownWhen condition=Ability::Away.into() class=card() push=word(Ability::Away) install=None given>
            <h2>{words.push_away_title}</h2>
            <p>{words.push_away_lead}</p>
            {again()}
        </ShownWhen>
        {given.is_none().then(|| view! {
            <ShownWhen
                condition=Ability::On.into()
                class="notice warm".to_owned()
                push=word(Ability::On)
                install=None
                given
            >
                {words.push_on}
            </ShownWhen>
            <ShownWhen
                condition=Ability::Unsupported.into()
                class="notice".to_owned()
                push=word(Ability::Unsupported)
                install=None
                given
            >
                {words.push_unsupported}
            </ShownWhen>
        })}
    }
    .into_any()
}
