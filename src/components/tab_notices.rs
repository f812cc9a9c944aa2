//! Lines that concern the whole tab: a newer build, a device that came in, a lost line, a card that opened elsewhere.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};
use serde::{Deserialize, Serialize};

use super::{
    context::use_page_words,
    live_page::{CameIn, use_live},
    unsent::UnsentTexts,
};
use crate::browser::{drafts, page};

/// Whoever puts the newer build off is asked again after this time.
const UPDATE_AGAIN: Duration = Duration::from_secs(3_600);

/// The sentences of the island, in the language of the page.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct TabWords {
    update_ready: String,
    update_now: String,
    update_later: String,
    update_unsaved: String,
    live_lost: String,
    live_slow: String,
    recovery_used: String,
    handed_over: String,
}

#[component]
pub fn HiddenNotices() -> impl IntoView {
    let words = use_page_words();
    let tab_words = TabWords {
        update_ready: words.update_ready.to_owned(),
        update_now: words.update_now.to_owned(),
        update_later: words.update_later.to_owned(),
        update_unsaved: words.update_unsaved.to_owned(),
        live_lost: words.live_lost.to_owned(),
        live_slow: words.live_slow.to_owned(),
        recovery_used: words.recovery_used_elsewhere.to_owned(),
        handed_over: words.handed_over_elsewhere.to_owned(),
    };
    view! {
        <TabNotices words=tab_words/>
        // Scripts show these: the texts that wait on this device (`client/aside.ts`), and a card that opened
        // (`browser/opening.js`).
        <div class="said" role="status">
            <p class="notice warn" data-notice="waiting" hidden>{words.waiting_here}</p>
            <p class="notice warm" data-notice="sent" hidden>{words.waiting_sent}</p>
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

/// Each region is there from the start, so that a screen reader says what appears in it.
#[island]
fn TabNotices(words: TabWords) -> impl IntoView {
    let live = use_live();
    let is_put_off = RwSignal::new(false);
    let is_unsaved = RwSignal::new(false);
    let is_hidden = move || !live.is_outdated.get() || is_put_off.get();
    let ready = StoredValue::new((words.update_ready, words.update_unsaved));
    let sentence =
        move || ready.with_value(|(ready, unsaved)| if is_unsaved.get() { unsaved.clone() } else { ready.clone() });
    // Not before what is being typed lies on this device.
    let update = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        spawn_local(async move {
            if drafts::are_saved().await {
                page::reload();
            } else {
                is_unsaved.set(true);
            }
        });
    };
    let put_off = move |_| {
        is_put_off.set(true);
        set_timeout(move || is_put_off.set(false), UPDATE_AGAIN);
    };
    let came_in = move |how: CameIn| move || live.came_in.get() != Some(how);
    view! {
        <div class="said" role="status">
            <div class="update-bar" data-notice="build" hidden=is_hidden>
                <span inner_html=move || super::fields::html(&sentence())></span>
                <a class="button" href="" on:click=update>{words.update_now}</a>
                <button class="button quiet" type="button" on:click=put_off>{words.update_later}</button>
            </div>
            <p class="status" data-notice="lost" hidden=move || !live.is_lost.get()>{words.live_lost}</p>
            <p class="status" data-notice="slow" hidden=move || !live.is_slow.get()>{words.live_slow}</p>
        </div>
        <div class="said" role="alert">
            <p class="notice warn" data-notice="recovery" hidden=came_in(CameIn::WithRecoveryCode)>{words.recovery_used}</p>
            <p class="notice warn" data-notice="handed" hidden=came_in(CameIn::ByHandOver)>{words.handed_over}</p>
        </div>
    }
}
