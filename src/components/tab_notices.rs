//! Lines that concern the whole tab: a newer build, a used recovery code, a lost line.

use leptos::prelude::*;

use super::context::{LiveFeed, use_words};
use crate::browser;

/// On the page that lives in the browser.
#[component]
pub fn TabNotices() -> impl IntoView {
    let words = use_words();
    let live = expect_context::<LiveFeed>();
    view! {
        <Show when=move || live.has_newer_build.get()>
            <div class="update-bar" role="status">
                <span>{words.update_ready}</span>
                <button class="button" type="button" on:click=|_| browser::page::reload()>{words.update_now}</button>
            </div>
        </Show>
        <Show when=move || live.recovery_used.get()>
            <div class="notice warn" role="alert">{words.recovery_used_elsewhere}</div>
        </Show>
        <Show when=move || live.is_lost.get()>
            <p class="status" role="status">{words.live_lost}</p>
        </Show>
    }
}

/// On pages that only the server renders: hidden until `browser::enhance` has a reason to show one.
#[component]
pub fn HiddenNotices() -> impl IntoView {
    let words = use_words();
    view! {
        <div class="update-bar" role="status" data-notice="build" hidden>
            <span>{words.update_ready}</span>
            <a class="button" href="">{words.update_now}</a>
        </div>
        <div class="notice warn" role="alert" data-notice="recovery" hidden>{words.recovery_used_elsewhere}</div>
        <p class="status" role="status" data-notice="lost" hidden>{words.live_lost}</p>
    }
}
