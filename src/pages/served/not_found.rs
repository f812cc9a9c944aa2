//! The page for an address that does not exist.

use leptos::prelude::*;

use super::ProblemPage;
use crate::api::ApiError;

#[component]
pub fn NotFoundPage() -> impl IntoView {
    view! { <ProblemPage error=ApiError::NotFound/> }
}
