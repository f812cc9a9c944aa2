//! Every address nobody lives at.

use leptos::prelude::*;

use super::ProblemPage;
use crate::api::ApiError;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <ProblemPage error=ApiError::NotFound/> }
}
