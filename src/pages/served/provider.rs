//! Signing in with an account at a provider: the buttons that lead there, the pages on the way back, and the list of
//! linked accounts.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use super::{Saved, loaded, param, query, zone_asked::ZoneAsked};
use crate::{
    api::{ApiError, FinishSignInWith, SignUpWith, UnlinkIdentity},
    components::{
        context::{use_any_refused, use_home, use_locale, use_page_words, use_sentence},
        fields::{FieldError, NewPersonFields},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
    },
    paths::{self, HasVerb},
    reads::{self, IdentityView, ProviderView},
    text,
};

/// One large button for each provider; nothing without any.
#[component]
pub fn ProviderButtons() -> impl IntoView {
    let words = use_page_words();
    let providers = reads::providers();
    (!providers.is_empty()).then(|| {
        let button = |provider: ProviderView| {
            let label = text::fill(words.with_button, &[("name", &provider.name)]);
            let href = paths::sign_in_with(&provider.id);
            view! { <a class="button ghost wide" href=href rel="external nofollow">{label}</a> }
        };
        view! {
            <section class="panel">
                <h2>{words.with_or}</h2>
                <div class="actions">{providers.into_iter().map(button).collect_view()}</div>
            </section>
        }
    })
}

/// `/signin/with/PROVIDER/callback`: posts what the provider's redirect brought. A script presses the button.
#[component]
pub fn CallbackPage() -> impl IntoView {
    let provider = param::<String>("provider").unwrap_or_default();
    loaded(async move { reads::provider(&provider) }, |provider| view! { <Callback provider/> }.into_any())
}

#[component]
fn Callback(provider: ProviderView) -> impl IntoView {
    let words = use_page_words();
    let title = text::fill(words.with_button, &[("name", &provider.name)]);
    let is_signed_in = use_home().name.is_some();
    // Whoever is signed in came to link an account. Signing in with it would open another account instead.
    let again = || match is_signed_in {
        true => view! {
            <div class="actions"><a class="button" href=paths::ways_in()>{words.ways_in_title}</a></div>
        }
        .into_any(),
        false => view! {
            <div class="actions">
                <a class="button" href=paths::sign_in_with(&provider.id) rel="external nofollow">{title.clone()}</a>
                <a class="button quiet" href=paths::sign_in()>{words.with_again}</a>
            </div>
        }
        .into_any(),
    };
    let shown = match (use_any_refused(), query("code"), query("state")) {
        (None, Some(code), Some(state)) => view! {
            <p class="lead">{words.with_back_lead}</p>
            <Form verb=FinishSignInWith::VERB class="form" attr:data-go-on="">
                <input type="hidden" name="provider" value=provider.id.clone()/>
                <input type="hidden" name="code" value=code/>
                <input type="hidden" name="state" value=state/>
                <input type="hidden" name="issuer" value=query("iss").unwrap_or_default()/>
                <div class="actions"><button class="button wide" type="submit">{words.with_go_on}</button></div>
            </Form>
            // Another site may have led here, so that a person who is signed in presses the button themselves.
            {(!is_signed_in).then(|| view! { <script src="/sign-in-with.js" defer></script> })}
        }
        .into_any(),
        (Some(_), ..) => view! {
            <FieldError id="with-error" sentence=use_sentence(FinishSignInWith::VERB, &[])/>
            {again()}
        }
        .into_any(),
        _ => view! {
            <p class="lead">{words.with_stopped}</p>
            {again()}
        }
        .into_any(),
    };
    view! {
        <Title text=title.clone()/>
        <Meta name="robots" content="noindex"/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-sign-in">
            <h1>{title.clone()}</h1>
            {shown}
        </main>
    }
}

/// `/signin/with/PROVIDER/new`: the account belongs to nobody here.
#[component]
pub fn NewPage() -> impl IntoView {
    let provider = param::<String>("provider").unwrap_or_default();
    loaded(async move { reads::waiting_sign_up(&provider).await }, |provider| view! { <New provider/> }.into_any())
}

#[component]
fn New(provider: ProviderView) -> impl IntoView {
    let words = use_page_words();
    let verb = SignUpWith::VERB;
    let other_error = use_sentence(
        verb,
        &[
            ApiError::SignInOver,
            ApiError::IdentityTaken,
            ApiError::TooManySignUps,
            ApiError::Unavailable,
            ApiError::Broken,
            ApiError::Insecure,
            ApiError::TooLarge,
            ApiError::Malformed,
        ],
    );
    if use_home().name.is_some() {
        return view! {
            <Title text=words.with_new_title/>
            <SiteHeader shows=Shows::Nothing/>
            <main id="main" class="page page-start">
                <h1>{words.with_new_known}</h1>
                <p class="lead">{words.with_new_known_lead}</p>
                <div class="actions"><a class="button" href=paths::ways_in()>{words.ways_in_title}</a></div>
            </main>
        }
        .into_any();
    }
    view! {
        <Title text=words.with_new_title/>
        <Meta name="robots" content="noindex"/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-start">
            <h1>{words.with_new_title}</h1>
            <p class="lead">{text::fill(words.with_new_lead, &[("name", &provider.name)])}</p>
            <section class="panel">
                <h2>{words.with_new_start}</h2>
                <Form verb class="form">
                    <NewPersonFields verb/>
                    <ZoneAsked verb/>
                    <FieldError id="form-error" sentence=other_error/>
                    <div class="actions"><button class="button" type="submit">{words.sign_up_button}</button></div>
                </Form>
            </section>
            <section class="panel">
                <h2>{words.with_new_known}</h2>
                <p>{words.with_new_known_lead}</p>
                <div class="actions">
                    <a class="button ghost" href=paths::sign_in()>{words.with_new_known_button}</a>
                </div>
            </section>
        </main>
    }
    .into_any()
}

/// The linked accounts, and the providers to link one of; nothing without either.
#[component]
pub fn IdentitiesPanel(providers: Vec<ProviderView>, identities: Vec<IdentityView>, is_proved: bool) -> impl IntoView {
    let words = use_page_words();
    if providers.is_empty() && identities.is_empty() {
        return ().into_any();
    }
    let rows = (!identities.is_empty()).then(|| {
        let rows = identities.into_iter().map(|identity| view! { <IdentityRow identity is_proved/> }).collect_view();
        view! { <ul class="rows">{rows}</ul> }
    });
    let add = if is_proved {
        let link = |provider: ProviderView| {
            let label = text::fill(words.identity_link, &[("name", &provider.name)]);
            let href = paths::link_with(&provider.id);
            view! { <a class="button ghost wide" href=href rel="external nofollow">{label}</a> }
        };
        view! { <div class="actions">{providers.into_iter().map(link).collect_view()}</div> }.into_any()
    } else {
        view! { <p class="hint">{words.identity_prove_first}</p> }.into_any()
    };
    view! {
        <section class="panel" id="identities">
            <h2>{words.identities_panel}</h2>
            <p>{words.identities_lead}</p>
            <Saved verb=FinishSignInWith::VERB/>
            <Saved verb=UnlinkIdentity::VERB/>
            <FieldError id="unlink-error" sentence=use_sentence(UnlinkIdentity::VERB, &[])/>
            {rows}
            {add}
        </section>
    }
    .into_any()
}

#[component]
fn IdentityRow(identity: IdentityView, is_proved: bool) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let date = |template: &str, date| text::fill(template, &[("date", &text::date(locale, date))]);
    let used = identity.used.map(|used| view! { <span class="hint">{date(words.session_used, used)}</span> });
    view! {
        <li class="row device">
            <div class="device-lines">
                <b>{identity.name}</b>
                <span class="hint">{date(words.identity_made, identity.made)}</span>
                {used}
            </div>
            {is_proved.then(|| view! {
                <Form verb=UnlinkIdentity::VERB>
                    <input type="hidden" name="identity" value=identity.id.to_string()/>
                    <button class="button danger" type="submit">{words.identity_unlink}</button>
                </Form>
            })}
        </li>
    }
}
