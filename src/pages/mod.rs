//! One file per route. Resources and actions live here and nowhere else; what is shown comes from `components`.

pub mod archive;
pub mod card;
pub mod invite;
pub mod join;
mod live_view;
pub mod not_found;
pub mod prose;
pub mod recovery;
pub mod season;
pub mod settings;
pub mod sign_in;
pub mod start;
pub mod today;
mod today_card;
mod today_scene;
pub mod welcome;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::domain::PairId;

/// The pair in the address; `None` when it is no id.
fn use_pair() -> Memo<Option<PairId>> {
    let params = use_params_map();
    Memo::new(move |_| params.read().get("pair").and_then(|id| id.parse().ok()))
}

/// Whether a form on this page was just saved.
fn use_saved() -> impl Fn() -> bool + Copy {
    let query = use_query_map();
    move || query.read().get("saved").is_some()
}
