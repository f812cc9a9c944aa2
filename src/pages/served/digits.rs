//! The hand-over on the new device: typing the digits and waiting until the person confirms the device.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use super::{
    hand_over::{GoesOn, HereAlready, sentence},
    loaded, param,
};
use crate::{
    api::{self, AskHandOver, AskedStage, AskedView, EnterHandOver},
    components::{
        context::{use_locale, use_page_words, use_refused},
        fields::{AttemptKey, FieldError, TextField},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
    },
    paths::{self, HasVerb},
    text,
};

/// `/signin/digits`, and `/signin/digits/CODE` with the digits of a QR code filled in. The page looks nothing up.
#[component]
pub fn DigitsPage() -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(AskHandOver::VERB).map(|refused| refused.field("code").to_owned());
    let code = typed.or(param("code")).unwrap_or_default();
    view! {
        <Title text=words.digits_title/>
        <Meta name="robots" content="noindex"/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-sign-in">
            <h1>{words.digits_title}</h1>
            <p class="lead">{words.digits_lead}</p>
            <HereAlready/>
            <Form verb=AskHandOver::VERB class="form">
                <AttemptKey verb=AskHandOver::VERB/>
                <TextField name="code" label=words.digits_label hint=words.digits_hint value=code inputmode="numeric"
                    autocomplete="one-time-code"
                    error=sentence(AskHandOver::VERB, words.err_digits)/>
                <div class="actions">
                    <button class="button" type="submit">{words.digits_button}</button>
                    <a class="button quiet" href=paths::sign_in()>{words.digits_to_recovery}</a>
                </div>
            </Form>
        </main>
    }
}

/// `/signin/wait`, which asks the server repeatedly until the person has decided.
#[component]
pub fn WaitPage() -> impl IntoView {
    loaded(api::asked_hand_over(), |asked| view! { <Waiting asked/> }.into_any())
}

#[component]
fn Waiting(asked: AskedView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let title = match asked.stage {
        AskedStage::Waiting => words.wait_title,
        AskedStage::Confirmed => words.wait_confirmed,
        AskedStage::Refused => words.wait_refused,
        AskedStage::Over => words.wait_over,
    };
    let refused = sentence(EnterHandOver::VERB, words.wait_over).filter(|_| asked.stage == AskedStage::Confirmed);
    // The script does not submit the form again after a refusal.
    let by_itself = refused.is_none().then_some("");
    let again = |class: &'static str| view! { <a class=class href=paths::digits()>{words.wait_again}</a> };
    let body = match asked.stage {
        AskedStage::Waiting => view! {
            <p class="lead">{text::fill(words.wait_lead, &[("device", &text::device(locale, &asked.device))])}</p>
            <p class="status" role="status" data-waits>{words.wait_status}</p>
            <noscript><meta http-equiv="refresh" content="4"/></noscript>
            <div class="actions">{again("button quiet")}</div>
        }
        .into_any(),
        AskedStage::Confirmed => view! {
            <p class="lead">{words.wait_confirmed_lead}</p>
            <Form verb=EnterHandOver::VERB class="form" attr:data-enter=by_itself>
                <div class="actions"><button class="button" type="submit">{words.sign_in_button}</button></div>
            </Form>
        }
        .into_any(),
        AskedStage::Refused | AskedStage::Over => view! {
            <p class="lead">{words.wait_again_lead}</p>
            <div class="actions">{again("button")}</div>
        }
        .into_any(),
    };
    view! {
        <Title text=title/>
        <Meta name="robots" content="noindex"/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-sign-in">
            <h1>{title}</h1>
            <FieldError id="form-error" sentence=refused/>
            {body}
            <GoesOn/>
        </main>
    }
}
