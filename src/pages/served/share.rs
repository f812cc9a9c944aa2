//! A text that another app shared, shown once more before it becomes a draft on this device. The page sends nothing, so
//! a forged share does no harm: the server refuses a post from another site, and the service worker only shows the
//! text.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::SharedText,
    components::{
        context::{use_home, use_page_words},
        fields::html,
        problem::Problem,
        site_header::{SiteHeader, pair_title},
        tab_notices::HiddenNotices,
    },
    domain::PairPhase,
    paths,
};

/// `/share`, the share target of the manifest. The service worker redirects there with the text behind a `#`, which
/// `client/shared.ts` reads and the browser never sends. Without a service worker the text was posted, and is in
/// `SharedText`.
#[component]
pub fn SharePage() -> impl IntoView {
    let words = use_page_words();
    let home = use_home();
    if home.name.is_none() {
        return view! { <Title text=words.share_title/><Problem error=crate::api::ApiError::SignedOut/> }.into_any();
    }
    let SharedText(text) = use_context().unwrap_or_default();
    let links = home
        .pairs
        .iter()
        .filter(|link| link.phase != PairPhase::Closed)
        .map(|link| {
            let title = view! { <span class="topic">{pair_title(words, link)}</span> };
            view! { <li><a class="card-link" href=paths::today(link.id) data-share-into>{title}</a></li> }
        })
        .collect::<Vec<_>>();
    let body = if links.is_empty() {
        view! {
            <p>{words.share_no_pair}</p>
            <div class="actions"><a class="button" href=paths::start()>{words.new_pair}</a></div>
        }
        .into_any()
    } else {
        view! {
            <noscript><p class="notice">{words.share_by_hand}</p></noscript>
            <h2>{words.share_where}</h2>
            <ul class="card-list">{links}</ul>
        }
        .into_any()
    };
    view! {
        <Title text=words.share_title/>
        <SiteHeader/>
        <main id="main" class="page page-share">
            <HiddenNotices/>
            <h1>{words.share_title}</h1>
            <p class="lead">{words.share_lead}</p>
            <div class="field">
                <label for="shared">{words.share_label}</label>
                <textarea id="shared" data-shared inner_html=html(&text)></textarea>
            </div>
            {body}
        </main>
    }
    .into_any()
}
