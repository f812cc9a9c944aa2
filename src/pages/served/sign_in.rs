//! Signing in with a passkey, with a recovery code or through another device.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    join::WayOut,
    provider::ProviderButtons,
    ways_in::{PasskeyForm, PasskeyScript},
};
use crate::{
    api::{BeginPasskeySignIn, InApp, SignIn, SignInByPasskey},
    components::{
        context::{use_page_words, use_refused, use_sentence},
        fields::{AttemptKey, TextField},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
    },
    paths::{self, HasVerb},
    reads,
};

#[component]
pub fn SignInPage() -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(SignIn::VERB).map(|refused| refused.field("code").to_owned()).unwrap_or_default();
    let offers_passkeys = reads::offers_passkeys();
    let way_out = Suspend::new(async move {
        let found = reads::in_app_browser(paths::sign_in()).await.ok();
        found.filter(|browser| browser.in_app != InApp::No).map(|browser| view! { <WayOut browser/> })
    });
    view! {
        <Title text=words.sign_in_title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-sign-in">
            <h1>{words.sign_in_title}</h1>
            {way_out}
            {offers_passkeys.then(|| view! {
                <PasskeyForm begin=BeginPasskeySignIn::VERB verb=SignInByPasskey::VERB label=words.passkey_sign_in/>
            })}
            <ProviderButtons/>
            <Form verb=SignIn::VERB class="form">
                <AttemptKey verb=SignIn::VERB/>
                <TextField name="code" label=words.recovery_code_label hint=words.sign_in_lead value=typed
                    autocomplete=if offers_passkeys { "one-time-code webauthn" } else { "off" }
                    error=use_sentence(SignIn::VERB, &[])/>
                <div class="actions">
                    <button class="button" type="submit">{words.sign_in_button}</button>
                    <a class="button quiet" href=paths::start()>{words.sign_in_new}</a>
                </div>
            </Form>
            <section class="panel">
                <p>{words.digits_link_lead}</p>
                <div class="actions"><a class="button ghost" href=paths::digits()>{words.digits_link}</a></div>
            </section>
            {offers_passkeys.then(|| view! { <PasskeyScript/> })}
        </main>
    }
}
