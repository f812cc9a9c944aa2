//! The rows of a settings page. A fold names a setting and what it is set to, and opens to its form; a way leads to a
//! page of its own.

use leptos::prelude::*;

use super::query;
use crate::{components::context::use_any_refused, paths::Verb};

/// A setting that opens to its form without JavaScript. It is open where the page answers a post of one of `verbs`, and
/// where it `is_urgent`.
#[component]
pub(super) fn Fold(
    title: String,
    /// What is set now.
    #[prop(optional, into)]
    value: Option<String>,
    verbs: Vec<Verb>,
    #[prop(optional)] is_urgent: bool,
    children: Children,
) -> impl IntoView {
    let answered = use_any_refused().map(|refused| refused.endpoint).or_else(|| query("saved"));
    let is_answered = answered.is_some_and(|answered| verbs.iter().any(|verb| verb.name() == answered));
    view! {
        <section>
            <details class="drawer fold" open=is_answered || is_urgent>
                <summary>
                    <h2 class="topic">{title}</h2>
                    {value.map(|value| view! { <span class="card-meta">{value}</span> })}
                </summary>
                <div class="fold-body">{children()}</div>
            </details>
        </section>
    }
}

/// The link to a page that has a setting to itself.
#[component]
pub(super) fn Way(title: String, hint: &'static str, href: String) -> impl IntoView {
    view! {
        <a class="card-link" href=href>
            <span class="topic">{title}</span>
            <span class="card-meta">{hint}</span>
        </a>
    }
}
