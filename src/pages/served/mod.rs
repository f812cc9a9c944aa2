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

pub use routes::ServedPages;

use std::future::Future;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

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

/// A parameter of the path, parsed; `None` when it is missing or does not parse.
fn param<T: std::str::FromStr>(name: &str) -> Option<T> {
    use_params_map().with_untracked(|params| params.get(name).and_then(|text| text.parse().ok()))
}

fn pair_param() -> Option<PairId> {
    param("pair")
}

fn query(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
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
