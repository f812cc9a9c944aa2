//! The zone in a form of somebody new: asked for only when this device's own is one that no database knows.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    components::{
        context::{use_page_words, use_refused, use_sentence},
        fields::{ZoneField, asks_for_zone},
    },
    reads,
};

/// The field, or nothing.
#[component]
pub fn ZoneAsked(endpoint: &'static str) -> impl IntoView {
    let words = use_page_words();
    let error = use_sentence(endpoint, &[ApiError::ZoneInvalid]);
    // What was refused for its zone had chosen none.
    let chosen = use_refused(endpoint)
        .filter(|refused| refused.error != ApiError::ZoneInvalid)
        .map(|refused| refused.field("zone").to_owned());
    asks_for_zone(endpoint).then(|| {
        let field = Suspend::new(async move {
            let zones = reads::zones().await.unwrap_or_default();
            view! {
                <input type="hidden" name="zone_asked" value="yes"/>
                <ZoneField label=words.own_zone_label value=chosen.unwrap_or_default() zones error/>
            }
        });
        view! { <Suspense>{field}</Suspense> }
    })
}
