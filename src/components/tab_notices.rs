//! Lines that concern the whole tab: a newer build, a device that came in, a lost line, a card that opened elsewhere.

use leptos::prelude::*;

use super::{context::use_page_words, unsent::UnsentTexts};

/// Hidden until `browser::notices` (or, for the card, `browser/opening.js`) has a reason to show one.
#[component]
pub fn HiddenNotices() -> impl IntoView {
    let words = use_page_words();
    view! {
        // Each region is there from the start, so that what appears in it is said.
        <div class="said" role="status">
            <div class="update-bar" data-notice="build" hidden>
                <span>{words.update_ready}</span>
                <a class="button" href="" data-unsaved=words.update_unsaved>{words.update_now}</a>
                <button class="button quiet" type="button">{words.update_later}</button>
            </div>
            <p class="status" data-notice="lost" hidden>{words.live_lost}</p>
            <p class="status" data-notice="slow" hidden>{words.live_slow}</p>
            <p class="notice warn" data-notice="waiting" hidden>{words.waiting_here}</p>
            <p class="notice warm" data-notice="sent" hidden>{words.waiting_sent}</p>
        </div>
        <div class="said" role="alert">
            <p class="notice warn" data-notice="recovery" hidden>{words.recovery_used_elsewhere}</p>
            <p class="notice warn" data-notice="handed" hidden>{words.handed_over_elsewhere}</p>
        </div>
        <div class="toast" role="status">
            <div data-opened hidden>
                <a href="">{format!("{} · {}", words.card_opened, words.opened_go)}</a>
                <button type="button" aria-label=words.opened_close>"×"</button>
            </div>
        </div>
        <UnsentTexts/>
    }
}
