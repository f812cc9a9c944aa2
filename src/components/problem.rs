//! A page that cannot be shown, in the product's voice and with the right status.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{context::use_words, site_header::SiteHeader, windows::LittleHouse};
use crate::{api::ApiError, page_status, paths};

#[component]
pub fn Problem(error: ApiError) -> impl IntoView {
    page_status::set(error.status());
    let words = use_words();
    let (title, lead) = match error {
        ApiError::SignedOut => (words.signed_out_title, words.signed_out_lead),
        ApiError::NotFound | ApiError::Malformed => (words.not_found_title, words.not_found_lead),
        ApiError::CodeWrong => (words.not_found_title, words.err_code),
        _ => (words.broken_title, words.broken_lead),
    };
    let way_on = match error {
        ApiError::SignedOut => view! {
            <div class="actions">
                <a class="button" href=paths::sign_in()>{words.sign_in_button}</a>
                <a class="button ghost" href=paths::home()>{words.back_home}</a>
            </div>
        }
        .into_any(),
        ApiError::CodeWrong => view! { <a class="button" href=paths::join()>{words.join_title}</a> }.into_any(),
        _ => view! { <a class="button" href=paths::home()>{words.back_home}</a> }.into_any(),
    };
    view! {
        <Title text=title/>
        <SiteHeader/>
        <main id="main" class="page page-problem">
            <div class="problem">
                <figure class="scene small"><LittleHouse lit_left=false lit_right=false/></figure>
                <h1>{title}</h1>
                <p class="lead">{lead}</p>
                {way_on}
            </div>
        </main>
    }
}
