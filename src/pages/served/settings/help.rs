//! Answers to what people ask most, the terms, and deleting the account.

use leptos::prelude::*;

use super::{
    super::{fold::Way, loaded},
    Frame, asked_pair,
};
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
    view! {
        <Frame pair title=words.place_help>
            <div class="folds">
                <Way title=words.help_silent.to_owned() hint=words.help_silent_lead href=paths::devices()/>
                <Way title=words.help_phone.to_owned() hint=words.help_phone_lead
                    href=paths::place(pair, Place::SignIn)/>
                <Way title=words.help_letters.to_owned() hint=words.help_letters_lead
                    href=paths::place(pair, Place::Me)/>
                <Way title=words.help_leave.to_owned() hint=words.help_leave_lead href=paths::delete_account()/>
            </div>
            <p class="hint">
                <a href=paths::terms()>{words.terms}</a> " · " <a href=paths::privacy()>{words.privacy}</a>
            </p>
        </Frame>
    }
}
