//! Form fields with their labels, hints and error sentences.

use leptos::prelude::*;

use super::context::{FreshKey, use_locale, use_page_words, use_refused, use_sentence};
use crate::{
    api::{ApiError, ZoneChoice},
    browser::page,
    domain::{Relation, Role},
    paths::{self, Verb},
    text::{self, cities},
};

/// Escapes a text for `inner_html`. Leptos does not escape the children of a `<textarea>`, so a text with `</textarea>`
/// would end the field (tachys 0.2, `ESCAPE_CHILDREN`; WHATWG HTML §13.1.2, escapable raw text). Sentences that change
/// use `inner_html` too: a browser's translator replaces the text nodes that Leptos holds, and a later write to those
/// nodes is not visible. `inner_html` writes to the element.
pub fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A field for one line of text.
#[component]
pub fn TextField(
    name: &'static str,
    label: &'static str,
    #[prop(into)] value: String,
    #[prop(optional)] hint: &'static str,
    #[prop(optional_no_strip)] error: Option<&'static str>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] inputmode: Option<&'static str>,
    #[prop(optional_no_strip, into)] min: Option<String>,
) -> impl IntoView {
    let describes = format!("{name}-hint {name}-error");
    view! {
        <div class="field">
            <label for=name>{label}</label>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=format!("{name}-hint")>{hint}</p> })}
            <input
                id=name
                name=name
                type=kind
                value=value
                min=min
                autocomplete=autocomplete
                inputmode=inputmode
                aria-describedby=describes
                aria-invalid=error.map(|_| "true")
                // After a refusal the page loads at its top. `autofocus` brings the field with the error into view.
                autofocus=error.is_some()
            />
            <FieldError id=format!("{name}-error") sentence=error/>
        </div>
    }
}

/// The error sentence next to a field or a button, or nothing. After a refusal the page loads at its top. The browser
/// focuses the first `autofocus` of the page, which is the field or else this sentence, so that the error is visible.
#[component]
pub fn FieldError(
    #[prop(into)] id: String,
    #[prop(optional_no_strip)] sentence: Option<&'static str>,
) -> impl IntoView {
    sentence.map(|sentence| view! { <p class="field-error" role="alert" id=id tabindex="-1" autofocus>{sentence}</p> })
}

/// The hidden key that identifies a second post of this form. A refused form keeps its key.
#[component]
pub fn AttemptKey(verb: Verb) -> impl IntoView {
    let typed = use_refused(verb).map(|refused| refused.field("attempt").to_owned()).filter(|key| !key.is_empty());
    let key = typed.unwrap_or_else(|| use_context::<FreshKey>().map_or_else(String::new, |fresh| fresh.0));
    view! { <input type="hidden" name="attempt" value=key/> }
}

/// A choice of the time zone from `zones`, each shown as its city and current local time. `zones` always contains the
/// stored zone. If `value` is empty, no zone is chosen yet.
#[component]
pub fn ZoneField(
    label: &'static str,
    #[prop(into)] value: String,
    zones: Vec<ZoneChoice>,
    #[prop(optional)] hint: &'static str,
    #[prop(optional_no_strip)] error: Option<&'static str>,
    #[prop(default = "zone")] id: &'static str,
) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let choose = value.is_empty().then(|| view! { <option value="" selected=true>{words.zone_choose}</option> });
    let options = zones
        .into_iter()
        .map(|choice| {
            let is_chosen = choice.zone == value;
            let (city, time) = (cities::city(locale, &choice.zone), cities::clock(locale, choice.minute));
            let name = text::fill(words.zone_now, &[("city", &city), ("time", &time)]);
            view! { <option value=choice.zone selected=is_chosen>{name}</option> }
        })
        .collect_view();
    let is_required = value.is_empty();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {(!hint.is_empty()).then(|| view! { <p class="hint">{hint}</p> })}
            <select id=id name="zone" required=is_required aria-invalid=error.map(|_| "true")>{choose}{options}</select>
            <FieldError id=format!("{id}-error") sentence=error/>
        </div>
    }
}

/// Whether the form for a new person asks for the zone, because the server does not know the zone of the device.
pub fn asks_for_zone(verb: Verb) -> bool {
    use_refused(verb)
        .is_some_and(|refused| refused.error == ApiError::ZoneInvalid || refused.field("zone_asked") == "yes")
}

/// The device's zone for a form that does not ask for a zone: `Asia/Seoul` until the browser half has read the zone of
/// this device.
#[island]
pub fn DeviceZone() -> impl IntoView {
    let zone = RwSignal::new("Asia/Seoul".to_owned());
    // An effect, because hydration must find what the server rendered.
    Effect::new(move |_| {
        if let Some(here) = page::zone() {
            zone.set(here);
        }
    });
    view! { <input type="hidden" name="zone" value=move || zone.get()/> }
}

/// Radio buttons for the relation of a person. The choice `other` has a field for a free word (`RelationWord`).
#[component]
pub fn RelationChoices(
    role: Role,
    name: &'static str,
    legend: &'static str,
    #[prop(into)] chosen: String,
    /// The label of a choice that leaves the relation open, if there is such a choice.
    #[prop(optional_no_strip)]
    later: Option<&'static str>,
) -> impl IntoView {
    let words = use_page_words();
    let radio = |value: &'static str, label: &'static str| {
        let is_chosen = chosen == value;
        view! {
            <label class="choice">
                <input type="radio" name=name value=value checked=is_chosen/>
                <span>{label}</span>
            </label>
        }
    };
    view! {
        <fieldset class="choices">
            <legend>{legend}</legend>
            {later.map(|label| radio("", label))}
            {Relation::choices(role)
                .iter()
                .map(|choice| radio(choice, text::relation_choice(words, choice)))
                .collect_view()}
        </fieldset>
    }
}

/// The field for the free word of the choice "another relative".
#[component]
pub fn RelationWord(
    #[prop(into)] value: String,
    #[prop(optional_no_strip)] error: Option<&'static str>,
) -> impl IntoView {
    let words = use_page_words();
    view! {
        <TextField
            name="relation_word"
            label=words.relation_word_label
            hint=words.relation_word_hint
            value=value
            error=error
        />
    }
}

/// The fields for the name and the consent of a new person.
#[component]
pub fn NewPersonFields(verb: Verb, #[prop(into, optional)] name: String) -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(verb);
    let name = typed.as_ref().map_or(name, |refused| refused.field("name").to_owned());
    let has_consented = typed.as_ref().is_some_and(|refused| refused.field("consent") == "yes");
    let name_error = use_sentence(verb, &[ApiError::NameEmpty, ApiError::NameTooLong, ApiError::NameForbidden]);
    let consent_error = use_sentence(verb, &[ApiError::ConsentMissing]);
    view! {
        <TextField
            name="name"
            label=words.name_label
            hint=words.name_hint
            value=name
            error=name_error
            autocomplete="nickname"
        />
        <div class="field">
            <label class="check">
                <input
                    type="checkbox"
                    name="consent"
                    value="yes"
                    checked=has_consented
                    aria-describedby="consent-error"
                />
                <span>{words.consent_label}</span>
            </label>
            <FieldError id="consent-error" sentence=consent_error/>
            <p class="hint">
                {words.consent_links} " " <a href=paths::terms()>{words.terms}</a> " " {words.and} " "
                <a href=paths::privacy()>{words.privacy}</a>
            </p>
        </div>
        {(!asks_for_zone(verb)).then(|| view! { <DeviceZone/> })}
    }
}
