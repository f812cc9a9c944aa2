//! Headers that tell the service worker (`src/worker/kept-pages.ts`) which pages it may store. `x-whose` is on every
//! page and names the signed-in person, so that copies of another person are deleted. `x-keep` is on pages that may be
//! stored and names the build whose files they need. A page without it (codes, settings, devices, inbox) is never
//! stored. Rules R126, R127.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};

use crate::domain::PersonId;

const WHOSE: HeaderName = HeaderName::from_static("x-whose");
const KEEP: HeaderName = HeaderName::from_static("x-keep");

/// Sets the headers of the page at `path`.
pub fn mark(response: &mut Response, path: &str, person: Option<PersonId>, build: &str) {
    set_whose(response, person);
    let is_kept = person.is_some() && response.status() == StatusCode::OK && may_be_kept(path);
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

/// Pages of questions and answers, and the list of one's pairs.
fn may_be_kept(path: &str) -> bool {
    let parts = path.trim_matches('/').split('/').collect::<Vec<_>>();
    matches!(parts.as_slice(), [""] | ["p", _] | ["p", _, "today" | "archive"] | ["p", _, "cards" | "seasons", _])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_questions_answers_and_the_list_of_pairs_may_be_kept() {
        for kept in ["/", "/p/1", "/p/1/today", "/p/1/archive", "/p/1/cards/2", "/p/1/seasons/3"] {
            assert!(may_be_kept(kept), "{kept}");
        }
        let never = "/start /signin /recovery /settings /inbox /devices /terms /privacy /join /join/confirm \
            /join/ABCDE /signin/digits /signin/digits/1234-5678 /signin/wait /hand-over /hand-over/0a1b /p/1/invite \
            /p/1/settings /events /api/today";
        for never in never.split(' ') {
            assert!(!may_be_kept(never), "{never}");
        }
    }
}
