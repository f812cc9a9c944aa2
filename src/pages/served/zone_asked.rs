//! The zone field in the form of a new person, shown only when the zone database does not know the device's own zone.

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

/// The zone field, if this form has to ask for the zone.
#[component]
pub fn ZoneAsked(verb: Verb) -> impl IntoView {
    let words = use_page_words();
    let error = use_sentence(verb, &[ApiError::ZoneInvalid]);
    // A post that was refused for its zone contained no valid choice.
    let chosen = use_refused(verb)
        .filter(|refused| refused.error != ApiError::ZoneInvalid)
        .map(|refused| refused.field("zone").to_owned());
    asks_for_zone(verb).then(|| {
        Suspend::new(async move {
            let zones = reads::zones().await.unwrap_or_default();
            view! {
                <input type="hidden" name="zone_asked" value="yes"/>
                <ZoneField label=words.own_zone_label value=chosen.unwrap_or_default() zones error/>
            }
        })
    })
}
