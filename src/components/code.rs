//! A code to keep or to pass on, with buttons to share, copy and print it.

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

use super::fields::html;
use crate::browser::{clipboard, page, share};

/// A code in groups. A line may break only between groups.
#[component]
pub fn Code(code: String) -> impl IntoView {
    let groups = code.split('-').map(str::to_owned).collect::<Vec<_>>();
    let last = groups.len().saturating_sub(1);
    let parts = groups
        .into_iter()
        .enumerate()
        .map(|(at, group)| {
            let group = if at < last { format!("{group}-") } else { group };
            view! { {group}<wbr/> }
        })
        .collect_view();
    view! { <p class="code">{parts}</p> }
}

/// Digits in large type, to be typed on another device.
#[component]
pub fn Digits(code: String) -> impl IntoView {
    view! { <p class="code digits">{code.replace('-', " ")}</p> }
}

/// The labels of the buttons and the sentences after a press, in the language of the page. The JSON form is a list,
/// because the WASM already contains the code that parses lists.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Vec<String>", from = "Vec<String>")]
pub struct CodeWords {
    pub share: String,
    pub copy: String,
    /// The label of the print button. `None`: there is no print button.
    pub print: Option<String>,
    pub copied: String,
    pub copy_failed: String,
}

impl From<CodeWords> for Vec<String> {
    fn from(words: CodeWords) -> Self {
        vec![words.share, words.copy, words.copied, words.copy_failed, words.print.unwrap_or_default()]
    }
}

impl From<Vec<String>> for CodeWords {
    fn from(words: Vec<String>) -> Self {
        let [share, copy, copied, copy_failed, print] = <[String; 5]>::try_from(words).unwrap_or_default();
        Self { share, copy, print: Some(print).filter(|print| !print.is_empty()), copied, copy_failed }
    }
}

/// The buttons to share, copy and perhaps print a code. `text` is copied. `message` is shared under `title`, with
/// `link` if there is one. The buttons are hidden until hydration, because they do nothing without the browser half.
#[island]
pub fn CodeActions(
    text: String,
    title: String,
    message: String,
    link: Option<String>,
    words: CodeWords,
) -> impl IntoView {
    let (is_awake, can_share) = (RwSignal::new(false), RwSignal::new(false));
    // An effect, because hydration must find what the server rendered.
    Effect::new(move |_| {
        is_awake.set(true);
        can_share.set(share::is_supported());
    });
    let said = RwSignal::new(String::new());
    let share = move |_| {
        let (title, message, link) = (title.clone(), message.clone(), link.clone());
        spawn_local(async move { share::share(&title, &message, link.as_deref()).await });
    };
    let outcomes = StoredValue::new((words.copied, words.copy_failed));
    let copy = move |_| {
        // A screen reader reads the same sentence again only if the sentence was gone in between.
        said.set(String::new());
        let text = text.clone();
        spawn_local(async move {
            let is_done = clipboard::copy(&text).await;
            said.set(outcomes.with_value(|(copied, failed)| if is_done { copied.clone() } else { failed.clone() }));
        });
    };
    let is_hidden = move || !is_awake.get();
    let print = words.print.map(|label| {
        view! {
            <button class="button ghost" type="button" hidden=is_hidden on:click=|_| page::print()>{label}</button>
        }
    });
    view! {
        <div class="actions">
            <button class="button" type="button" hidden=move || !can_share.get() on:click=share>{words.share}</button>
            <button class="button ghost" type="button" hidden=is_hidden on:click=copy>{words.copy}</button>
            {print}
        </div>
        <p class="status" role="status" inner_html=move || html(&said.get())></p>
    }
}
