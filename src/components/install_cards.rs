//! The cards that offer to put the app on the home screen, one for each way (`browser::install`). The cards about
//! notifications show the steps for an iPhone too, because only an installed app gets notifications there.

use leptos::prelude::*;

use super::{
    context::{use_page_words, use_shell},
    same_html::{SameHtml, at_most_two},
    shown_when::{Act, ActButton, ShownWhen},
};
use crate::{browser::install::Way, paths, text::PageWords};

/// The icon that the person looks for on the screen, shown next to the words of a step.
#[derive(Clone, Copy)]
pub enum Sign {
    Share,
    Menu,
    Dots,
    Add,
    Home,
}

/// A step with its icon.
#[component]
pub fn Step(sign: Sign, text: &'static str) -> impl IntoView {
    let path = match sign {
        Sign::Share => "M12 15V3m0 0L8 7m4-4 4 4M7 10H5v11h14V10h-2",
        Sign::Menu => "M4 6h16M4 12h16M4 18h16",
        Sign::Dots => "M12 5v.01M12 12v.01M12 19v.01",
        Sign::Add => "M4 4h16v16H4zM12 8v8M8 12h8",
        Sign::Home => "M4 11 12 4l8 7v9H4zM10 20v-6h4v6",
    };
    view! {
        <li>
            <svg
                class="sign"
                class:dots=matches!(sign, Sign::Dots)
                viewBox="0 0 24 24"
                aria-hidden="true"
                focusable="false"
            >
                <path d=path/>
            </svg>
            <span>{text}</span>
        </li>
    }
}

/// The install cards of a page. `given`: the number of answers that the person has given, on today's page only. There
/// the cards wait for answers and for the end of "later" (`Known::holds`).
#[component]
pub fn InstallCards(#[prop(optional_no_strip)] given: Option<i64>) -> impl IntoView {
    static CARDS: SameHtml = SameHtml::new();
    // An app that is a shell is on the home screen already.
    if use_shell().is_some() {
        return ().into_any();
    }
    CARDS.show(given, || install_cards(at_most_two(given)))
}

fn install_cards(given: Option<i64>) -> AnyView {
    let words = use_page_words();
    let button = |act, class: &'static str, label: &'static str| view! { <ActButton act class label/> };
    let card = |way: Way, steps: Option<AnyView>| {
        view! {
            <ShownWhen
                condition=way.into()
                class="notice push-card".to_owned()
                push=None
                install=Some(way.word().to_owned())
                given
            >
                <h2>{words.install_title}</h2>
                <p>{words.install_lead}</p>
                {steps.map(|steps| view! { <ol class="pictured">{steps}</ol> })}
                <div class="actions">
                    {(way == Way::Iphone).then(|| view! {
                        <a class="button" href=paths::hand_over()>{words.push_install_code}</a>
                    })}
                    {(way == Way::Prompt).then(|| button(Act::Install, "button", words.install_button))}
                    {given.map(|_| button(Act::PutOffInstall, "button quiet", words.push_ask_later))}
                </div>
            </ShownWhen>
        }
    };
    view! {
        {card(Way::Prompt, None)}
        {card(Way::Iphone, Some(view! { <IphoneSteps/> }.into_any()))}
        {card(Way::Samsung, Some(steps(&[
            (Sign::Menu, words.install_samsung_one),
            (Sign::Add, words.install_samsung_two),
            (Sign::Home, words.install_last)
        ])))}
        {card(Way::Chrome, Some(steps(&[
            (Sign::Dots, words.install_chrome_one),
            (Sign::Add, words.install_chrome_two),
            (Sign::Home, words.install_last)
        ])))}
    }
    .into_any()
}

/// The steps for an iPhone. The last step says that the installed app starts signed out.
#[component]
pub fn IphoneSteps() -> impl IntoView {
    let words: &PageWords = use_page_words();
    steps(&[
        (Sign::Share, words.push_install_one),
        (Sign::Add, words.push_install_two),
        (Sign::Home, words.push_install_three),
    ])
}

fn steps(steps: &[(Sign, &'static str)]) -> AnyView {
    steps.iter().map(|(sign, text)| view! { <Step sign=*sign text=*text/> }).collect_view().into_any()
}
