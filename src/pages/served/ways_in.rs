//! The ways into the person's account that change only after a fresh proof: passkeys.

use leptos::prelude::*;

use super::{Saved, loaded, provider::IdentitiesPanel, settings::Frame};
use crate::{
    api::{
        AddPasskey, ApiError, BeginPasskey, BeginPasskeyProof, Prove, ProveByPasskey, RemovePasskey, RenamePasskey,
        SignInByPasskey,
    },
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence, use_words},
        fields::{FieldError, TextField},
        form::Form,
    },
    paths::{self, HasVerb, Verb},
    reads::{self, OtherWaysView, PasskeyView},
    text,
};

/// `/settings/ways-in`
#[component]
pub fn WaysInPage() -> impl IntoView {
    loaded(reads::other_ways(), |ways| view! { <WaysIn ways/> }.into_any())
}

#[component]
fn WaysIn(ways: OtherWaysView) -> impl IntoView {
    let words = use_page_words();
    let (providers, identities) = (ways.providers.clone(), ways.identities.clone());
    let has_passkey = ways.offers_passkeys && ways.passkeys.iter().any(|passkey| passkey.is_here);
    view! {
        <Frame pair=None title=words.ways_in_title>
            <ProofPanel is_proved=ways.is_proved has_passkey/>
            <IdentitiesPanel providers identities is_proved=ways.is_proved/>
            <PasskeysPanel ways/>
            <PasskeyScript/>
        </Frame>
    }
}

/// The script that asks the device for a passkey. What it works on is hidden until it runs.
#[component]
pub fn PasskeyScript() -> impl IntoView {
    view! { <script src="/passkey.js" defer></script> }
}

/// Fields that the script fills in, as the server functions of `api::passkeys` take them.
const USED: &[&str] = &["credential_id", "client_data", "authenticator_data", "signature", "user_handle"];
const MADE: &[&str] = &["credential_id", "client_data", "authenticator_data", "public_key", "transports"];

/// A form that asks the device for a passkey before it is posted: to sign in, to prove or to add one. `begin` gives the
/// challenge. Hidden until the script knows that the browser has passkeys.
#[component]
pub fn PasskeyForm(begin: Verb, verb: Verb, label: &'static str) -> impl IntoView {
    let words = use_page_words();
    let fields = if verb == AddPasskey::VERB { MADE } else { USED };
    let fields = fields.iter().map(|name| view! { <input type="hidden" name=*name value=""/> }).collect_view();
    // A sign-in alone: a device that proves with another person's passkey keeps it.
    let unknown = use_refused(verb)
        .filter(|refused| verb == SignInByPasskey::VERB && refused.error == ApiError::PasskeyUnknown)
        .map(|refused| refused.field("credential_id").to_owned());
    view! {
        <div
            data-passkey=begin.url()
            data-says-passkey-refused=words.err_passkey
            data-says-proof-needed=words.err_proof
            data-says-too-many-passkeys=words.err_too_many_passkeys
            data-says-too-much=use_words().err_too_much
            data-says-unavailable=use_words().err_unavailable
            data-says-signed-out=use_words().err_signed_out
            data-held=words.passkey_held
            data-failed=words.passkey_failed
            data-unknown=unknown
            hidden
        >
            <Form verb class="form">
                {fields}
                <FieldError id=format!("{}-error", verb.name()) sentence=use_sentence(verb, &[])/>
                <p class="field-error" role="alert" tabindex="-1" hidden></p>
                <div class="actions"><button class="button wide" type="submit">{label}</button></div>
            </Form>
        </div>
    }
}

/// Asks for a proof, or says that the session is proved.
#[component]
fn ProofPanel(is_proved: bool, has_passkey: bool) -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(Prove::VERB).map(|refused| refused.field("code").to_owned()).unwrap_or_default();
    if is_proved {
        return view! { <p class="notice warm">{words.proof_done}</p> <LookLink/> }.into_any();
    }
    view! {
        <section class="panel">
            <h2>{words.proof_panel}</h2>
            <p>{words.proof_lead}</p>
            {has_passkey.then(|| view! {
                <PasskeyForm begin=BeginPasskeyProof::VERB verb=ProveByPasskey::VERB label=words.proof_passkey/>
             })}
            <Form verb=Prove::VERB class="form">
                <input type="hidden" name="back" value=paths::ways_in()/>
                <TextField name="code" label=words.recovery_code_label value=typed
                    error=use_sentence(Prove::VERB, &[])/>
                <div class="actions"><button class="button ghost" type="submit">{words.proof_button}</button></div>
            </Form>
            <p>{words.proof_elsewhere_hint}</p>
            <div class="actions">
                <a class="button ghost wide" href=paths::other_device()>{words.proof_elsewhere}</a>
            </div>
        </section>
        <LookLink/>
    }
    .into_any()
}

/// The link to what another device of the person asks. The page that it leads to also shows this device's own request.
#[component]
fn LookLink() -> impl IntoView {
    let words = use_page_words();
    view! { <p class="actions"><a class="button quiet" href=paths::other_device()>{words.proof_look}</a></p> }
}

#[component]
fn PasskeysPanel(ways: OtherWaysView) -> impl IntoView {
    let words = use_page_words();
    let is_proved = ways.is_proved;
    let has_any = !ways.passkeys.is_empty();
    let rows = ways.passkeys.into_iter().map(|passkey| view! { <PasskeyRow passkey is_proved/> }).collect_view();
    let add = if !ways.offers_passkeys {
        view! { <p class="hint">{words.passkey_not_here}</p> }.into_any()
    } else if is_proved {
        view! {
            <p class="hint" data-passkey-none="">{words.passkey_no_browser}</p>
            <PasskeyForm begin=BeginPasskey::VERB verb=AddPasskey::VERB label=words.passkey_add/>
        }
        .into_any()
    } else {
        view! {
            <FieldError id="add_passkey-error" sentence=use_sentence(AddPasskey::VERB, &[])/>
            <p class="hint">{words.passkey_prove_first}</p>
        }
        .into_any()
    };
    let accepted = ways.accepted.map(|accepted| {
        view! {
            <div hidden data-accepted=accepted.credential_ids data-of=accepted.user_handle data-at=accepted.rp_id></div>
        }
    });
    view! {
        <section class="panel" id="passkeys">
            {accepted}
            <h2>{words.passkey_panel}</h2>
            <p>{words.passkey_lead}</p>
            <Saved verb=AddPasskey::VERB/>
            <Saved verb=RenamePasskey::VERB/>
            <Saved verb=RemovePasskey::VERB/>
            <FieldError id="rename-passkey-error" sentence=use_sentence(RenamePasskey::VERB, &[])/>
            <FieldError id="remove-passkey-error" sentence=use_sentence(RemovePasskey::VERB, &[])/>
            {has_any.then(|| view! { <ul class="rows">{rows}</ul> })}
            {add}
        </section>
    }
}

#[component]
fn PasskeyRow(passkey: PasskeyView, is_proved: bool) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let made = text::fill(words.passkey_made, &[("date", &text::date(locale, passkey.made))]);
    let used = passkey.used.map(|used| text::fill(words.session_used, &[("date", &text::date(locale, used))]));
    let place = match (passkey.is_here, passkey.is_synced) {
        (false, _) => words.passkey_elsewhere,
        (true, true) => words.passkey_synced,
        (true, false) => words.passkey_one_device,
    };
    let shown = text::device(locale, &passkey.name);
    let id = passkey.id.to_string();
    let typed = use_refused(RenamePasskey::VERB).filter(|refused| refused.field("passkey") == id);
    let is_open = typed.is_some();
    let name = typed.map_or_else(|| shown.clone(), |refused| refused.field("name").to_owned());
    let field = format!("name-{id}");
    let id = passkey.id;
    let hidden = move || view! { <input type="hidden" name="passkey" value=id.to_string()/> };
    let remove = is_proved.then(|| {
        view! {
            <Form verb=RemovePasskey::VERB class="form">
                {hidden()}
                <p class="hint">{words.passkey_remove_hint}</p>
                <div class="actions"><button class="button danger" type="submit">{words.passkey_remove}</button></div>
            </Form>
        }
    });
    view! {
        <li class="row device">
            <div class="device-lines">
                <b>{shown}</b>
                <span class="hint">{made}</span>
                {used.map(|used| view! { <span class="hint">{used}</span> })}
                <span class="hint">{place}</span>
            </div>
            <details class="drawer" open=is_open>
                <summary>{if is_proved { words.passkey_more } else { words.passkey_rename }}</summary>
                <Form verb=RenamePasskey::VERB class="form">
                    {hidden()}
                    <div class="field">
                        <label for=field.clone()>{words.passkey_name_label}</label>
                        <input id=field name="name" value=name autocomplete="off"/>
                    </div>
                    <div class="actions"><button class="button ghost" type="submit">{words.save_button}</button></div>
                </Form>
                {remove}
            </details>
        </li>
    }
}
