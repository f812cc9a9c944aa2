//! The zone in a form of somebody new: asked for only when this device's own is one that no database knows.

use leptos::prelude::*;

use crate::{
    api::ApiError,
    components::{
        context::{use_page_words, use_refused, use_sentence},
        fields::{ZoneField, asks_for_zone},
    },
    paths::Verb,
    reads,
};

/// The field, or nothing.
#[component]
pub fn ZoneAsked(verb: Verb) -> impl IntoView {
    let words = use_page_words();
    let error = use_sentence(verb, &[ApiError::ZoneInvalid]);
    // What was refused for its zone had chosen none.
    let chosen = use_refused(verb)
        .filter(|refused| refused.error != ApiError::ZoneInvalid)
        .map(|refused| refused.field("zone").to_owned());
    asks_for_zone(verb).then(|| {
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
