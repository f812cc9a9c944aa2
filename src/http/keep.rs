//! Headers that tell the service worker (`src/worker/kept-pages.ts`) which pages it may store. `x-whose` is on every
//! page and names the signed-in person, so that copies of another person are deleted. `x-keep` is on pages that may be
//! stored and names the build whose files they need. A page without it (codes, settings, devices, inbox) is never
//! stored. Rules R126, R127.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};

use super::routes;
use crate::domain::PersonId;

const WHOSE: HeaderName = HeaderName::from_static("x-whose");
const KEEP: HeaderName = HeaderName::from_static("x-keep");

/// Sets the headers of the page at `path`.
pub fn mark(response: &mut Response, path: &str, person: Option<PersonId>, build: &str) {
    set_whose(response, person);
    let is_kept = person.is_some() && response.status() == StatusCode::OK && routes::is_stored(path);
    if let Some(Ok(build)) = is_kept.then(|| HeaderValue::from_str(build)) {
        response.headers_mut().insert(KEEP, build);
    }
}

/// Names the signed-in person in a header.
pub fn set_whose(response: &mut Response, person: Option<PersonId>) {
    let whose = person.map_or_else(|| "nobody".to_owned(), |person| person.to_string());
    if let Ok(whose) = HeaderValue::from_str(&whose) {
        response.headers_mut().insert(WHOSE, whose);
    }
}
