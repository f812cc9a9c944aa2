//! The context that every component may read: the language, the refused form, the signed-in person.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{
    api::{ApiError, HomeView, Refused, Shell},
    domain::Locale,
    paths::Verb,
    text::{self, PageWords, Words},
};

/// The page's language, decided on the server.
#[derive(Clone, Copy)]
pub struct Lang(pub Locale);

pub fn use_locale() -> Locale {
    use_context::<Lang>().map_or(Locale::default(), |lang| lang.0)
}

pub fn use_words() -> &'static Words {
    text::words(use_locale())
}

/// The words for pages that only the server renders.
pub fn use_page_words() -> &'static PageWords {
    text::page_words(use_locale())
}

/// The person for whom a page was rendered (empty: nobody) and the address of the page. The forms of the page post
/// both.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Origin {
    pub whose: String,
    pub from: String,
}

pub fn use_origin() -> Origin {
    use_context().unwrap_or_default()
}

/// The refused form post that this page answers, if any.
#[derive(Clone)]
struct RefusedForm(Option<Refused>);

pub fn provide_refused(refused: Option<Refused>) {
    provide_context(RefusedForm(refused));
}

/// The refusal of a post to `verb`, if this page answers one.
pub fn use_refused(verb: Verb) -> Option<Refused> {
    let RefusedForm(refused) = use_context()?;
    refused.filter(|refused| refused.endpoint == verb.name())
}

/// A random key for the forms of this page, which identifies a second post of a form (`server::services::attempts`).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FreshKey(pub String);

/// The signed-in person and their pairs, as the server read them before it rendered the page.
#[derive(Debug, Clone)]
pub struct People(pub HomeView);

pub fn use_home() -> HomeView {
    use_context::<People>().map_or_else(
        || HomeView { name: None, pairs: Vec::new(), as_of: 0, unread: 0, answers: 0, waits_in: None },
        |people| people.0,
    )
}

/// The refusal that this page answers, whichever form was posted.
pub fn use_any_refused() -> Option<Refused> {
    use_context::<RefusedForm>().and_then(|form| form.0)
}

/// The sentence for a refused post to `verb`, if its error is one of `errors`. An empty list accepts any error.
pub fn use_sentence(verb: Verb, errors: &[ApiError]) -> Option<&'static str> {
    let refused = use_refused(verb)?;
    // A place that shows `Unavailable` shows `TooMuch` too.
    let error = if refused.error == ApiError::TooMuch { ApiError::Unavailable } else { refused.error };
    (errors.is_empty() || errors.contains(&error)).then(|| refused.error.page_sentence(use_page_words()))
}

/// The build that renders this page.
#[derive(Debug, Clone, Default)]
pub struct Build(pub String);

pub fn use_build() -> String {
    use_context::<Build>().unwrap_or_default().0
}

/// The native shell that shows this page, if any.
#[derive(Clone, Copy)]
pub struct ShownIn(pub Option<Shell>);

pub fn use_shell() -> Option<Shell> {
    use_context::<ShownIn>().and_then(|shown| shown.0)
}
