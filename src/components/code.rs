//! A code to keep or to pass on, with what this browser can do with it.

use leptos::prelude::*;

use super::context::use_page_words;

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

/// Digits to be typed elsewhere, large.
#[component]
pub fn Digits(code: String) -> impl IntoView {
    view! { <p class="code digits">{code.replace('-', " ")}</p> }
}

/// Share, copy and perhaps print. Hidden until `browser::enhance` finds what this browser can do: without it they
/// could do nothing.
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
    let words = use_page_words();
    view! {
        <div class="actions">
            <button class="button" type="button" data-act="share" data-title=words.brand data-text=message data-url=link hidden>{share_label}</button>
            <button class="button ghost" type="button" data-act="copy" data-text=text data-done=words.copied data-failed=words.copy_failed hidden>
                {copy_label}
            </button>
            {has_print.then(|| view! { <button class="button ghost" type="button" data-act="print" hidden>{words.recovery_print_button}</button> })}
        </div>
        <p class="status" role="status" data-said></p>
    }
}
