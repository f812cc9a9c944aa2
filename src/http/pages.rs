//! Pages that need neither the database nor WASM: plain HTML for errors.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::Html,
};

use crate::{
    domain::Locale,
    text::{self, PageWords},
};

type Plain = (StatusCode, [(HeaderName, &'static str); 1], Html<String>);

/// The page for a database that cannot be asked: try again later.
pub fn unavailable(status: StatusCode, locale: Locale) -> Plain {
    let words = text::page_words(locale);
    page(status, locale, words, words.broken_title, words.broken_lead)
}

/// The page for a caught panic or another defect.
pub fn broken(locale: Locale) -> Plain {
    unavailable(StatusCode::INTERNAL_SERVER_ERROR, locale)
}

/// The page for plain http from another device (`http/insecure.rs`).
pub fn insecure(status: StatusCode, locale: Locale) -> Plain {
    let words = text::page_words(locale);
    page(status, locale, words, words.insecure_title, words.insecure_lead)
}

/// The page for an error without a page to return to.
pub fn refused(status: StatusCode, locale: Locale, sentence: &str) -> Plain {
    let words = text::page_words(locale);
    page(status, locale, words, sentence, words.broken_lead)
}

/// The sentences are our own constants, so nothing needs escaping.
fn page(status: StatusCode, locale: Locale, words: &PageWords, title: &str, lead: &str) -> Plain {
    let html = format!(
        "<!DOCTYPE html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\
         <title>{title} · {}</title><link rel=\"stylesheet\" href=\"/offline.css\"></head>\
         <body><main><h1>{title}</h1><p>{lead}</p><p><a href=\"/\">{}</a></p></main></body></html>",
        locale.tag(),
        words.brand,
        words.back_home,
    );
    (status, [(header::CACHE_CONTROL, "no-store")], Html(html))
}
