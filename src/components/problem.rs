//! The page shown instead of one that failed, in the product's own words and with the right HTTP status.

use leptos::prelude::*;

use super::{context::use_page_words, site_header::SiteHeader, windows::LittleHouse};
use crate::{api::ApiError, page_status, paths, text::PageWords};

/// The title and the lead sentence of the page for an error.
pub fn title_of(words: &'static PageWords, error: ApiError) -> (&'static str, &'static str) {
    match error {
        ApiError::SignedOut => (words.signed_out_title, words.signed_out_lead),
        ApiError::NotFound | ApiError::Malformed => (words.not_found_title, words.not_found_lead),
        ApiError::CodeWrong => (words.not_found_title, words.err_code),
        ApiError::SeatWaits => (words.seat_waits_title, words.seat_waits_lead),
        ApiError::SeatMoved => (words.seat_moved_title, words.seat_moved_lead),
        _ => (words.broken_title, words.broken_lead),
    }
}

#[component]
pub fn Problem(error: ApiError) -> impl IntoView {
    view! {
        <SiteHeader/>
        <main id="main" class="page page-problem"><ProblemBody error/></main>
    }
}

#[component]
pub fn ProblemBody(error: ApiError) -> impl IntoView {
    page_status::set(error.status());
    let words = use_page_words();
    let (title, lead) = title_of(words, error);
    let (way_on, name) = match error {
        ApiError::SignedOut => (paths::sign_in(), words.sign_in_button),
        ApiError::CodeWrong => (paths::join(), words.join_title),
        _ => (paths::home(), words.back_home),
    };
    view! {
        <div class="problem">
            <figure class="scene small"><LittleHouse lit_left=false lit_right=false/></figure>
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            <div class="actions"><a class="button" href=way_on>{name}</a></div>
        </div>
    }
}
