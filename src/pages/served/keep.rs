//! The page about the copy that a person keeps.

use leptos::prelude::*;

use super::{fold::Fold, hand_over::LeadOut, loaded, query, settings::Frame};
use crate::{
    components::{
        context::{use_locale, use_page_words},
        form::FileForm,
        site_header::pair_title,
    },
    paths,
    reads::{self, KeepView},
    text,
};

/// `/keep`
#[component]
pub fn KeepPage() -> impl IntoView {
    loaded(reads::keep(), |keep| view! { <Keep keep/> }.into_any())
}

#[component]
fn Keep(keep: KeepView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let day = |known: &'static str, unknown: &'static str, date| match date {
        Some(date) => text::fill(known, &[("date", &text::full_date(locale, date))]),
        None => unknown.to_owned(),
    };
    let made = day(words.keep_backup_at, words.keep_backup_never, keep.backup_made);
    let verified = day(words.keep_verified_at, words.keep_verified_never, keep.backup_verified);
    let has_many = keep.pairs.len() > 1;
    let one = keep.pairs.iter().map(|link| {
        let title = text::fill(words.keep_get, &[("title", &pair_title(words, link))]);
        // `download` keeps the service worker and the router away from the file.
        view! {
            <p class="actions">
                <a class="button" class:ghost=has_many href=paths::copy_of(link.id) download>{title}</a>
            </p>
        }
    });
    let links = if keep.pairs.is_empty() {
        view! { <p class="notice">{words.keep_nothing}</p> }.into_any()
    } else {
        let all = has_many.then(|| {
            view! { <p class="actions"><a class="button" href=paths::COPY_OF_ALL download>{words.keep_get_all}</a></p> }
        });
        view! { {all} {one.collect_view()} <p class="hint">{words.keep_private}</p> }.into_any()
    };
    view! {
        <Frame pair=None title=words.keep_title>
            <p class="lead">{words.keep_lead}</p>
            // Browsers inside other apps often save no files.
            <LeadOut/>
            {links}
            <div class="folds">
            <Fold title=words.keep_what.to_owned() verbs=Vec::new()>
                <p>{words.keep_what_cards}</p>
                <p>{words.keep_what_own}</p>
                <p>{words.keep_what_not}</p>
                <p>{words.keep_how}</p>
            </Fold>
            <UploadPanel is_inside_app=keep.is_inside_app/>
            <Fold title=words.keep_backup_panel.to_owned() value=made verbs=Vec::new()><p>{verified}</p></Fold>
            </div>
        </Frame>
    }
}

/// The form for a copy that was saved before. It is no form of a server function, because it carries a file.
#[component]
fn UploadPanel(is_inside_app: bool) -> impl IntoView {
    let words = use_page_words();
    let is_done = query("saved").as_deref() == Some("upload");
    let done = is_done.then(|| {
        view! { <p class="notice warm" role="status" id="saved" tabindex="-1">{words.upload_done}</p> }
    });
    let elsewhere = is_inside_app.then(|| view! { <p class="hint">{words.upload_elsewhere}</p> });
    view! {
        <Fold title=words.upload_panel.to_owned() verbs=Vec::new() is_urgent=is_done>
            <p>{words.upload_lead}</p>
            {elsewhere}
            {done}
            <FileForm action=paths::UPLOAD>
                <div class="field">
                    <label for="copy">{words.upload_label}</label>
                    <input id="copy" name="copy" type="file" accept=".zip,application/zip" required/>
                </div>
                <div class="actions"><button class="button ghost" type="submit">{words.upload_button}</button></div>
            </FileForm>
        </Fold>
    }
}
