//! Every address nobody lives at.

use leptos::prelude::*;

use crate::{api::ApiError, components::problem::Problem};

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <Problem error=ApiError::NotFound/> }
}
