//! A code to keep or to pass on, with what this browser can do with it.

use leptos::prelude::*;

use super::context::use_words;
use crate::browser::{clipboard, page, share};

/// A code in groups; lines break between them.
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

/// Share, copy and perhaps print. Shown once the browser half is awake: without it they could do nothing.
#[component]
pub fn CodeActions(
    /// What is copied.
    #[prop(into)]
    text: String,
    /// What is said when it is shared.
    #[prop(into)]
    message: String,
    /// A link goes with the message.
    #[prop(optional_no_strip, into)]
    link: Option<String>,
    share_label: &'static str,
    copy_label: &'static str,
    #[prop(optional)] has_print: bool,
) -> impl IntoView {
    let words = use_words();
    let (is_awake, can_share) = (RwSignal::new(false), RwSignal::new(false));
    let said = RwSignal::new("");
    Effect::new(move |_| {
        is_awake.set(true);
        can_share.set(share::is_supported());
    });
    let text = StoredValue::new(text);
    let (message, link) = (StoredValue::new(message), StoredValue::new(link));
    let on_share = move |_| {
        leptos::task::spawn_local(async move {
            share::share(words.brand, &message.get_value(), link.get_value().as_deref()).await;
        });
    };
    let on_copy = move |_| {
        leptos::task::spawn_local(async move {
            let is_copied = clipboard::copy(&text.get_value()).await;
            said.set(if is_copied { words.copied } else { words.copy_failed });
        });
    };
    view! {
        <Show when=move || is_awake.get()>
            <div class="actions">
                <Show when=move || can_share.get()>
                    <button class="button" type="button" on:click=on_share>{share_label}</button>
                </Show>
                <button class="button ghost" type="button" on:click=on_copy>{copy_label}</button>
                {has_print.then(|| view! { <button class="button ghost" type="button" on:click=|_| page::print()>{words.recovery_print_button}</button> })}
            </div>
        </Show>
        <p class="status" role="status">{move || said.get()}</p>
    }
}
