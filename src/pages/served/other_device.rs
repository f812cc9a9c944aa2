//! A proof by another device: the device that asks shows a number, and the person chooses it on another one.

use leptos::prelude::*;

use super::{Saved, loaded, query, settings::Frame};
use crate::{
    api::{AskOtherDevice, ConfirmOtherDevice, EndSession, RefuseOtherDevice},
    components::{
        code::Digits,
        context::{use_locale, use_page_words, use_sentence},
        fields::{AttemptKey, FieldError},
        form::Form,
    },
    domain::{ProofRequestId, ProofStage, SessionId},
    paths::{self, HasVerb, Place},
    reads::{self, OtherDeviceView},
    text,
};

/// `/settings/other-device`
#[component]
pub fn OtherDevicePage() -> impl IntoView {
    loaded(reads::other_device(), |found| view! { <OtherDevice found/> }.into_any())
}

#[component]
fn OtherDevice(found: OtherDeviceView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let about = |template: &str, device: &str| text::fill(template, &[("device", &text::device(locale, device))]);
    let errors = [ConfirmOtherDevice::VERB, RefuseOtherDevice::VERB, EndSession::VERB].map(|verb| {
        view! { <FieldError id=format!("{}-error", verb.name()) sentence=use_sentence(verb, &[])/> }
    });
    let body = match found {
        OtherDeviceView::Proved => view! {
            <p class="notice warm" role="status">{words.proof_done}</p>
            <div class="actions"><a class="button" href=paths::ways_in()>{words.ways_in_title}</a></div>
        }
        .into_any(),
        OtherDeviceView::None { ended: None } if query("asked").is_some() => view! { <Over/> }.into_any(),
        OtherDeviceView::None { ended } => view! { <Begin ended/> }.into_any(),
        OtherDeviceView::Asking { number, until } => {
            let until = text::fill(words.other_device_until, &[("time", &text::time(locale, until))]);
            view! { <Asking number until/> }.into_any()
        }
        OtherDeviceView::AskedWithMine { id } => view! { <AskedWithMine id/> }.into_any(),
        OtherDeviceView::Asked { id, device, numbers, may_confirm } => {
            let title = about(words.other_device_asked, &device);
            view! { <Asked id title numbers may_confirm/> }.into_any()
        }
        OtherDeviceView::Confirmed { device, may_begin } => view! {
            <p class="notice warm" role="status">{about(words.other_device_confirmed, &device)}</p>
            {may_begin.then(|| view! { <BeginHere/> })}
        }
        .into_any(),
        OtherDeviceView::Refused { session, device, may_begin } => {
            let label = about(words.other_device_end, &device);
            view! { <Refused session label/>{may_begin.then(|| view! { <BeginHere/> })} }.into_any()
        }
    };
    view! {
        <Frame pair=None title=words.other_device_title>
            <Saved verb=EndSession::VERB/>
            {errors}
            {body}
        </Frame>
    }
}

/// Offers to ask. `ended`: how the last request of this device ended.
#[component]
fn Begin(ended: Option<ProofStage>) -> impl IntoView {
    let words = use_page_words();
    let ended = match ended {
        Some(ProofStage::Wrong) => Some(words.other_device_wrong),
        Some(ProofStage::Refused) => Some(words.other_device_refused),
        Some(ProofStage::Open | ProofStage::Confirmed) | None => None,
    };
    view! {
        {ended.map(|ended| view! { <p class="notice warn" role="status">{ended}</p> })}
        <section class="panel">
            <p class="lead">{words.other_device_lead}</p>
            <Form verb=AskOtherDevice::VERB class="form">
                <AttemptKey verb=AskOtherDevice::VERB/>
                <FieldError id="ask-error" sentence=use_sentence(AskOtherDevice::VERB, &[])/>
                <div class="actions">
                    <button class="button" type="submit">{words.other_device_button}</button>
                    <a class="button quiet" href=paths::ways_in()>{words.other_device_back}</a>
                </div>
            </Form>
        </section>
    }
}

/// Offers to ask from this device as well, after it has answered another one.
#[component]
fn BeginHere() -> impl IntoView {
    let words = use_page_words();
    view! {
        <Form verb=AskOtherDevice::VERB class="form">
            <AttemptKey verb=AskOtherDevice::VERB/>
            <p>{words.other_device_here}</p>
            <FieldError id="ask-error" sentence=use_sentence(AskOtherDevice::VERB, &[])/>
            <div class="actions"><button class="button quiet" type="submit">{words.other_device_button}</button></div>
        </Form>
    }
}

/// Somebody opened a notification whose request is over.
#[component]
fn Over() -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="panel">
            <h2>{words.other_device_over}</h2>
            <p class="lead">{words.other_device_over_lead}</p>
            <div class="actions">
                <a class="button" href=paths::place(None, Place::SignIn)>{words.other_device_over_look}</a>
            </div>
        </section>
    }
}

/// The number of the device that asks. The page loads again by itself when another device has answered.
#[component]
fn Asking(number: i64, until: String) -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="panel">
            <p class="lead">{words.other_device_number_lead}</p>
            <Digits code=number.to_string()/>
            <p class="meta">{until}</p>
            <p>{words.other_device_where}</p>
            <p class="status" role="status">{words.other_device_waits}</p>
            <noscript><meta http-equiv="refresh" content="4"/></noscript>
            <div class="actions">
                <a class="button" href=paths::other_device()>{words.other_device_check}</a>
            </div>
        </section>
    }
}

/// Another browser asks with this session: a copy of its cookie, or a window whose cookies were deleted since.
#[component]
fn AskedWithMine(id: ProofRequestId) -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="panel">
            <h2>{words.other_device_mine}</h2>
            <p>{words.other_device_mine_lead}</p>
            <Form verb=RefuseOtherDevice::VERB>
                <input type="hidden" name="proof" value=id.to_string()/>
                <div class="actions">
                    <button class="button danger" type="submit">{words.other_device_not_me}</button>
                </div>
            </Form>
        </section>
    }
}

/// The question on another device.
#[component]
fn Asked(id: ProofRequestId, title: String, numbers: [i64; 3], may_confirm: bool) -> impl IntoView {
    let words = use_page_words();
    let hidden = move || view! { <input type="hidden" name="proof" value=id.to_string()/> };
    let choose = if may_confirm {
        let button = |number: i64| {
            view! { <button class="button ghost" type="submit" name="number" value=number>{number}</button> }
        };
        view! {
            <p class="lead">{words.other_device_asked_lead}</p>
            <Form verb=ConfirmOtherDevice::VERB class="form">
                {hidden()}
                <div class="actions">{numbers.map(button)}</div>
            </Form>
        }
        .into_any()
    } else {
        view! { <p class="lead">{words.err_session_too_new}</p> }.into_any()
    };
    view! {
        <section class="panel">
            <h2>{title}</h2>
            {choose}
            <p>{words.other_device_not_me_lead}</p>
            <Form verb=RefuseOtherDevice::VERB>
                {hidden()}
                <div class="actions">
                    <button class="button danger" type="submit">{words.other_device_not_me}</button>
                </div>
            </Form>
        </section>
    }
}

/// The request was refused: the device that asked may be a stranger's.
#[component]
fn Refused(session: SessionId, label: String) -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="panel">
            <p class="lead" role="status">{words.other_device_refused_here}</p>
            <Form verb=EndSession::VERB>
                <input type="hidden" name="session" value=session.to_string()/>
                <input type="hidden" name="back" value=paths::other_device()/>
                <div class="actions"><button class="button danger" type="submit">{label}</button></div>
            </Form>
        </section>
    }
}
