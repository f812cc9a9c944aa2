//! Notices that concern the whole tab: a newer build, another device that signed in, a lost connection, a card that
//! opened.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{
    context::use_page_words,
    live_page::{CameIn, use_live},
    same_html::SameHtml,
    unsent::UnsentTexts,
};
use crate::browser::{drafts, opening, page};

/// The time after which the notice about a newer build is shown again to a person who has put it off.
const UPDATE_AGAIN: Duration = Duration::from_secs(3_600);

#[component]
pub fn HiddenNotices() -> impl IntoView {
    static NOTICES: SameHtml = SameHtml::new();
    NOTICES.show(None, hidden_notices)
}

fn hidden_notices() -> AnyView {
    let words = use_page_words();
    let sentences = [
        words.update_ready,
        words.update_now,
        words.update_later,
        words.update_unsaved,
        words.live_lost,
        words.live_slow,
        words.recovery_used_elsewhere,
        words.handed_over_elsewhere,
        &format!("{} · {}", words.card_opened, words.opened_go),
        words.opened_close,
    ];
    let sentences = sentences.map(str::to_owned).to_vec();
    view! {
        <TabNotices sentences/>
        // `client/aside.ts` shows these two notices: texts wait on this device, and texts were sent.
        <div class="said" role="status">
            <p class="notice warn" data-notice="waiting" hidden>{words.waiting_here}</p>
            <p class="notice warm" data-notice="sent" hidden>{words.waiting_sent}</p>
        </div>
        <UnsentTexts/>
    }
    .into_any()
}

/// The notices of a tab. Each live region is present from the start, because a screen reader reads only what appears in
/// an existing region. `sentences`: in the language of the page and in the order below. The type is a list, because the
/// JSON parser for a struct with so many fields costs 1 kB.
#[island]
fn TabNotices(sentences: Vec<String>) -> impl IntoView {
    let [ready, now, later, unsaved, lost, slow, recovery_used, handed_over, opened, close] =
        <[String; 10]>::try_from(sentences).unwrap_or_default();
    let live = use_live();
    let is_put_off = RwSignal::new(false);
    let is_unsaved = RwSignal::new(false);
    let is_hidden = move || !live.is_outdated.get() || is_put_off.get();
    let ready = StoredValue::new((ready, unsaved));
    let sentence =
        move || ready.with_value(|(ready, unsaved)| if is_unsaved.get() { unsaved.clone() } else { ready.clone() });
    // Reload only after what is being typed is stored on this device.
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
                <a class="button" href="" on:click=update>{now}</a>
                <button class="button quiet" type="button" on:click=put_off>{later}</button>
            </div>
            <p class="status" data-notice="lost" hidden=move || !live.is_lost.get()>{lost}</p>
            <p class="status" data-notice="slow" hidden=move || !live.is_slow.get()>{slow}</p>
        </div>
        <div class="said" role="alert">
            <p class="notice warn" data-notice="recovery" hidden=came_in(CameIn::WithRecoveryCode)>{recovery_used}</p>
            <p class="notice warn" data-notice="handed" hidden=came_in(CameIn::ByHandOver)>{handed_over}</p>
        </div>
        <div class="toast" role="status">
            <div hidden=move || live.opened.with(String::is_empty)>
                <a href=move || live.opened.get()>{opened}</a>
                <button type="button" aria-label=close on:click=|_| opening::forget()>"×"</button>
            </div>
        </div>
    }
}
