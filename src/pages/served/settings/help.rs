//! Answers to what people ask most, the terms, and deleting the account.

use leptos::prelude::*;

use super::{super::loaded, Frame, asked_pair};
use crate::{
    components::context::use_page_words,
    domain::PairId,
    paths::{self, Place},
    reads,
};

#[component]
pub fn HelpPage() -> impl IntoView {
    let found = async move { reads::own_pair(asked_pair()?).await };
    loaded(found, |pair| view! { <Help pair/> }.into_any())
}

#[component]
fn Help(pair: Option<PairId>) -> impl IntoView {
    let words = use_page_words();
    let entry = |question: &'static str, answer: &'static str, href: String, link: &'static str| {
        view! {
            <section class="panel">
                <h2>{question}</h2>
                <p>{answer}</p>
                <p><a href=href>{link}</a></p>
            </section>
        }
    };
    view! {
        <Frame pair title=words.place_help>
            {entry(words.help_silent, words.help_silent_lead, paths::devices(), words.devices_link)}
            {entry(words.help_phone, words.help_phone_lead, paths::place(pair, Place::SignIn), words.place_sign_in)}
            {entry(words.help_letters, words.help_letters_lead, paths::place(pair, Place::Me), words.place_me)}
            {entry(words.help_leave, words.help_leave_lead, paths::delete_account(), words.delete_title)}
            <p class="hint">
                <a href=paths::terms()>{words.terms}</a> " · " <a href=paths::privacy()>{words.privacy}</a>
            </p>
        </Frame>
    }
}
