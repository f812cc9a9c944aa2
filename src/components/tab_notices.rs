//! Lines that concern the whole tab: a newer build, a used recovery code, a lost line.

use leptos::prelude::*;

use super::context::{LiveFeed, use_words};

/// On the page that lives in the browser.
#[component]
pub fn TabNotices() -> impl IntoView {
    let words = use_words();
    let live = expect_context::<LiveFeed>();
    view! {
        {move || live.has_newer_build.get().then(|| view! {
            <div class="update-bar" role="status">
                <span>{words.update_ready}</span>
                <a class="button" href="">{words.update_now}</a>
            </div>
        })}
        {move || live.recovery_used.get().then(|| view! { <div class="notice warn" role="alert">{words.recovery_used_elsewhere}</div> })}
        {move || live.is_lost.get().then(|| view! { <p class="status" role="status">{words.live_lost}</p> })}
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
