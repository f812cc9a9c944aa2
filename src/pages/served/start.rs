//! Starting: first the person's name, then the role, the relation and the time of a new pair.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, provider::ProviderButtons, zone_asked::ZoneAsked};
use crate::{
    api::{ApiError, SignUp, StartPair},
    components::{
        context::{use_home, use_page_words, use_refused, use_sentence},
        fields::{AttemptKey, FieldError, NewPersonFields, RelationChoices, RelationWord, TextField, ZoneField},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
    },
    domain::Role,
    paths::{self, HasVerb},
    reads::{self, MeView},
};

#[component]
pub fn StartPage() -> impl IntoView {
    if use_home().name.is_none() {
        return view! { <SignUp/> }.into_any();
    }
    loaded(reads::me(), |me| view! { <StartPair me/> }.into_any()).into_any()
}

#[component]
fn SignUp() -> impl IntoView {
    let words = use_page_words();
    let other_error = use_sentence(
        SignUp::VERB,
        &[
            ApiError::TooManySignUps,
            ApiError::Unavailable,
            ApiError::Broken,
            ApiError::Insecure,
            ApiError::TooLarge,
            ApiError::Malformed,
        ],
    );
    view! {
        <Title text=words.sign_up_title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-start">
            <h1>{words.sign_up_title}</h1>
            <Form verb=SignUp::VERB class="form">
                <AttemptKey verb=SignUp::VERB/>
                <NewPersonFields verb=SignUp::VERB/>
                <ZoneAsked verb=SignUp::VERB/>
                <FieldError id="form-error" sentence=other_error/>
                <div class="actions"><button class="button" type="submit">{words.sign_up_button}</button></div>
            </Form>
            <ProviderButtons/>
            <p class="hint"><a href=paths::sign_in()>{words.welcome_sign_in}</a></p>
        </main>
    }
}

#[component]
fn StartPair(me: MeView) -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(StartPair::VERB);
    let typed_field = move |name: &str, otherwise: &str| {
        typed.as_ref().map_or_else(|| otherwise.to_owned(), |refused| refused.field(name).to_owned())
    };
    let error = |errors: &[ApiError]| use_sentence(StartPair::VERB, errors);
    let role = typed_field("role", "parent");
    let radio = |value: &'static str, label: &'static str| {
        let is_chosen = role == value;
        view! {
            <label class="choice">
                <input type="radio" name="role" value=value checked=is_chosen/><span>{label}</span>
            </label>
        }
    };
    let roles = view! {
        {radio("parent", words.role_parent)}
        {radio("child", words.role_child)}
    };
    let relation_error = error(&[ApiError::RelationMissing]);
    let word_error =
        error(&[ApiError::RelationWordMissing, ApiError::RelationWordTooLong, ApiError::RelationWordForbidden]);
    let other_error = error(&[
        ApiError::TooManyPairs,
        ApiError::Unavailable,
        ApiError::Broken,
        ApiError::TooLarge,
        ApiError::Malformed,
    ]);
    let zone = typed_field("zone", &me.zone);
    view! {
        <Title text=words.start_title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-start">
            <h1>{words.start_title}</h1>
            <p class="lead">{words.start_lead}</p>
            <Form verb=StartPair::VERB class="form">
                <AttemptKey verb=StartPair::VERB/>
                <fieldset class="choices">
                    <legend>{words.role_legend}</legend>
                    {roles}
                </fieldset>
                <div class="if-parent">
                    <RelationChoices role=Role::Parent name="parent_relation" legend=words.relation_legend_of_parent
                        chosen=typed_field("parent_relation", "mother")/>
                </div>
                <div class="if-child">
                    <RelationChoices role=Role::Child name="child_relation" legend=words.relation_legend_of_child
                        chosen=typed_field("child_relation", "daughter")/>
                </div>
                <FieldError id="relation-error" sentence=relation_error/>
                <div class="if-other"><RelationWord value=typed_field("relation_word", "") error=word_error/></div>
                <TextField
                    name="push_time"
                    label=words.push_time_label
                    hint=words.push_time_hint
                    kind="time"
                    value=typed_field("push_time", "21:00")
                    error=error(&[ApiError::TimeInvalid])
                />
                <ZoneField label=words.zone_label hint=words.zone_hint value=zone zones=me.zone_choices
                    error=error(&[ApiError::ZoneInvalid])/>
                <FieldError id="form-error" sentence=other_error/>
                <div class="actions"><button class="button" type="submit">{words.start_button}</button></div>
            </Form>
        </main>
    }
}
