//! The cards about notifications, one for each thing a browser can do. Hidden until `browser::notices` knows which.

use leptos::prelude::*;

use super::{context::use_page_words, install_cards::IphoneSteps};
use crate::{paths, text};

/// `is_polite`: on the today page, where it waits for the first answer and keeps quiet for a week after "later".
/// `other` is how the person calls the member across.
#[component]
pub fn PushCards(is_polite: bool, #[prop(optional_no_strip)] other: Option<String>, #[prop(optional)] has_answered: bool) -> impl IntoView {
    let words = use_page_words();
    let title = match other {
        Some(other) => text::fill(words.push_ask_title, &[("other", &other)]),
        None => words.push_ask_title_alone.to_owned(),
    };
    let later = || is_polite.then(|| view! { <button class="button quiet" type="button" data-push-act="later">{words.push_ask_later}</button> });
    let again = || {
        view! {
            <div class="actions">
                <button class="button ghost" type="button" data-push-act="allow">{words.push_again}</button>
                {later()}
            </div>
        }
    };
    let polite = is_polite.then_some("");
    let has_answered = has_answered.then_some("");
    view! {
        <aside class="notice push-card" data-push="default" data-polite=polite data-has-answered=has_answered hidden>
            <h2>{title}</h2>
            <p>{words.push_ask_lead}</p>
            <div class="actions">
                <button class="button" type="button" data-push-act="allow">{words.push_ask_yes}</button>
                {later()}
            </div>
        </aside>
        <aside class="notice push-card" data-push="denied" data-polite=polite hidden>
            <h2>{words.push_denied_title}</h2>
            <p>{words.push_denied_lead}</p>
            <ul class="by-device"><li>{words.push_denied_android}</li><li>{words.push_denied_iphone}</li><li>{words.push_denied_desktop}</li></ul>
            {later()}
        </aside>
        <aside class="notice push-card" data-push="install" data-polite=polite hidden>
            <h2>{words.push_install_title}</h2>
            <ol class="pictured"><IphoneSteps/></ol>
            <div class="actions">
                <a class="button" href=paths::hand_over()>{words.push_install_code}</a>
                {later()}
            </div>
        </aside>
        <aside class="notice push-card" data-push="failed" data-polite=polite data-has-answered=has_answered hidden>
            <h2>{words.push_failed_title}</h2>
            <p>{words.push_failed_lead}</p>
            <ul class="by-device"><li>{words.push_failed_private}</li><li>{words.push_failed_brave}</li><li>{words.push_failed_other}</li></ul>
            {again()}
        </aside>
        <aside class="notice push-card" data-push="away" data-polite=polite data-has-answered=has_answered hidden>
            <h2>{words.push_away_title}</h2>
            <p>{words.push_away_lead}</p>
            {again()}
        </aside>
        {(!is_polite).then(|| view! {
            <p class="notice warm" data-push="on" hidden>{words.push_on}</p>
            <p class="notice" data-push="unsupported" hidden>{words.push_unsupported}</p>
        })}
    }
}
