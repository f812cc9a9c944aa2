//! Pages that must stand when nothing else does: plain HTML, no database, no WASM.

use axum::{
    http::{HeaderName, StatusCode, header},
    response::Html,
};

use crate::{
    domain::Locale,
    text::{self, PageWords},
};

type Plain = (StatusCode, [(HeaderName, &'static str); 1], Html<String>);

/// "Not right now": the database cannot be asked.
pub fn unavailable(status: StatusCode, locale: Locale) -> Plain {
    let words = text::page_words(locale);
    page(status, locale, words, words.broken_title, words.broken_lead)
}

/// A panic was caught, or something else that must not happen.
pub fn broken(locale: Locale) -> Plain {
    unavailable(StatusCode::INTERNAL_SERVER_ERROR, locale)
}

pub fn insecure(status: StatusCode, locale: Locale) -> Plain {
    let words = text::page_words(locale);
    page(status, locale, words, words.insecure_title, words.insecure_lead)
}

/// A refusal without a page of its own to go back to.
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
