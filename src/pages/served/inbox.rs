//! The inbox: its entries, newest first. Looking at the page marks them as read.

use leptos::prelude::*;
use leptos_meta::Title;

use super::loaded;
use crate::{
    api::ReadInbox,
    components::{
        context::{use_locale, use_page_words},
        form::Form,
        live_page::{ReadByLooking, Shows},
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        windows::LittleHouse,
    },
    paths::{self, HasVerb, Place},
    reads::{self, EntryView, InboxView},
    text,
};

/// `/inbox`
#[component]
pub fn InboxPage() -> impl IntoView {
    loaded(reads::inbox(), |inbox| view! { <Inbox inbox/> }.into_any())
}

#[component]
fn Inbox(inbox: InboxView) -> impl IntoView {
    let words = use_page_words();
    let read_up_to = (inbox.unread > 0).then_some(inbox.as_of);
    let body = if inbox.entries.is_empty() {
        view! {
            <div class="empty">
                <LittleHouse lit_left=false lit_right=false/>
                <p>{words.inbox_empty}</p>
            </div>
        }
        .into_any()
    } else {
        let entries = inbox.entries.into_iter().map(|entry| view! { <Entry entry/> }).collect_view();
        view! { <ul class="card-list inbox">{entries}</ul> }.into_any()
    };
    // Without a script, this button marks the entries as read.
    let read = read_up_to.map(|seq| {
        view! {
            <ReadByLooking seq>
                <Form verb=ReadInbox::VERB>
                    <input type="hidden" name="seq" value=seq/>
                    <button class="button ghost" type="submit">{words.inbox_read_all}</button>
                </Form>
            </ReadByLooking>
        }
    });
    view! {
        <Title text=words.inbox_title/>
        <SiteHeader shows=Shows::Inbox/>
        <main id="main" class="page page-inbox">
            <HiddenNotices/>
            <h1>{words.inbox_title}</h1>
            {body}
            {read}
            <p class="actions">
                <a class="button quiet" href=paths::SHORTCUT_TODAY>{words.go_back_today}</a>
                <a class="button quiet" href=paths::devices()>{words.devices_link}</a>
            </p>
        </main>
    }
}

#[component]
fn Entry(entry: EntryView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let when = format!("{} {}", text::date(locale, entry.date), text::time(locale, entry.time));
    // An announcement is read here: its entry leads nowhere else.
    let path = (entry.path != paths::inbox()).then_some(entry.path);
    let is_over = entry.over.is_some();
    let (body, path) = match entry.over {
        Some(device) => {
            let device = text::device(locale, &device);
            let body = text::fill(words.inbox_proof_over, &[("device", &device)]);
            (body, Some(paths::place(None, Place::SignIn)))
        }
        None => (entry.body, path),
    };
    let mark = (!entry.is_read).then(|| view! { <span class="new-mark">{words.inbox_new}</span> });
    view! {
        <li>
            <a class="card-link entry" class:unread=!entry.is_read class:over=is_over href=path>
                <span class="entry-head"><span class="topic">{entry.title}</span>{mark}</span>
                <span class="entry-body">{body}</span>
                <span class="card-meta">{when}</span>
            </a>
        </li>
    }
}
