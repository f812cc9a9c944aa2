//! The terms and the privacy page.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{
        context::{use_locale, use_page_words},
        live_page::Shows,
        site_header::SiteHeader,
    },
    paths, reads,
    text::{
        self,
        prose::{self, Passage},
    },
};

#[component]
pub fn TermsPage() -> impl IntoView {
    let (words, locale) = (use_page_words(), use_locale());
    view! { <Prose title=words.terms passages=prose::terms(locale) days=String::new()/> }
}

#[component]
pub fn PrivacyPage() -> impl IntoView {
    let (words, locale) = (use_page_words(), use_locale());
    let days = reads::backup_keep_days().to_string();
    view! { <Prose title=words.privacy passages=prose::privacy(locale) days/> }
}

#[component]
fn Prose(title: &'static str, passages: &'static [Passage], days: String) -> impl IntoView {
    let words = use_page_words();
    let filled = |paragraph: &str| text::fill(paragraph, &[("days", &days)]);
    let body = passages
        .iter()
        .map(|(heading, paragraphs)| {
            view! {
                <h2>{*heading}</h2>
                {paragraphs.iter().map(|paragraph| view! { <p>{filled(paragraph)}</p> }).collect_view()}
            }
        })
        .collect_view();
    view! {
        <Title text=title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-prose">
            <h1>{title}</h1>
            {body}
            <p><a class="button ghost" href=paths::home()>{words.back_home}</a></p>
        </main>
    }
}
