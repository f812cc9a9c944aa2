//! Pages that only the server renders, with plain links and HTML forms. A part that needs a script is a small island.

mod archive;
mod card;
mod delete_account;
mod devices;
mod digits;
mod fold;
mod hand_over;
mod inbox;
mod invite;
mod join;
mod keep;
mod not_found;
mod notification_settings;
mod other_device;
mod prose;
mod provider;
mod recovery;
mod routes;
mod season;
mod seat_return;
mod sessions;
mod settings;
mod share;
mod sign_in;
mod start;
mod today;
mod ways_in;
mod welcome;
mod zone_asked;

pub use routes::{NOT_FOUND, PAGES, View};

use std::future::Future;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::ApiError,
    components::{
        context::{use_any_refused, use_page_words},
        problem::{Problem, title_of},
    },
    domain::PairId,
    paths::Verb,
};

/// A page whose data is loaded first. An error becomes a page too (`ProblemPage`).
fn loaded<T: Send + 'static>(
    found: impl Future<Output = Result<T, ApiError>> + Send + 'static,
    show: impl FnOnce(T) -> AnyView + Send + 'static,
) -> impl IntoView {
    // Leptos copies the view of a page several times, and the future is a part of it.
    let found = Box::pin(found);
    // `Suspense` would walk through the whole page once more before it renders it.
    Suspend::new(async move {
        match found.await {
            Ok(found) => show(found),
            Err(error) => view! { <ProblemPage error/> }.into_any(),
        }
    })
}

#[component]
fn ProblemPage(error: ApiError) -> impl IntoView {
    view! {
        <Title text=title_of(use_page_words(), error).0/>
        <Problem error/>
    }
}

/// The address of the page.
#[derive(Debug, Clone, Default)]
pub struct Address {
    /// As the browser sent it.
    pub path_and_query: String,
    /// The parameters of the path, decoded.
    pub params: Vec<(String, String)>,
}

/// A parameter of the path, parsed; `None` when it is missing or does not parse.
fn param<T: std::str::FromStr>(name: &str) -> Option<T> {
    let address = use_context::<Address>()?;
    address.params.iter().find(|(key, _)| key == name).and_then(|(_, value)| value.parse().ok())
}

fn pair_param() -> Option<PairId> {
    param("pair")
}

/// A field of the query, decoded.
fn query(name: &str) -> Option<String> {
    let address = use_context::<Address>()?;
    let (_, query) = address.path_and_query.split_once('?')?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The path of this page, as the browser sent it.
fn own_path() -> String {
    let address = use_context::<Address>().unwrap_or_default().path_and_query;
    address.split('?').next().unwrap_or_default().to_owned()
}

/// The notice that a form was just saved. The redirect after saving leads to this notice (`paths::saved`).
#[component]
fn Saved(verb: Verb) -> impl IntoView {
    // A refused post is answered with the page that it came from, whose address may still name an earlier save.
    let is_saved = query("saved").as_deref() == Some(verb.name()) && use_any_refused().is_none();
    is_saved
        .then(|| view! { <p class="notice warm" role="status" id="saved" tabindex="-1">{use_page_words().saved}</p> })
}

/// The save button of a form, with the notice that the form was saved.
#[component]
fn Save(verb: Verb) -> impl IntoView {
    view! {
        <Saved verb/>
        <div class="actions"><button class="button" type="submit">{use_page_words().save_button}</button></div>
    }
}
