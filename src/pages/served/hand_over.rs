//! The hand-over on the device that is signed in: making digits, confirming the new device, and leaving an in-app
//! browser.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use super::{loaded, own_path, param};
use crate::{
    api::{ApiError, ConfirmHandOver, InApp, LeadOut, MakeHandOver, RefuseHandOver, TakeHandOver, WithdrawHandOver},
    components::{
        code::Digits,
        context::{use_home, use_locale, use_page_words, use_refused},
        fields::{AttemptKey, FieldError},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
    },
    domain::PairPhase,
    paths::{self, HasVerb, Verb},
    reads::{self, CodeView, HandOverView},
    text,
};

/// The sentence for a refused post. `over` stands for a wrong code, which here means that the hand-over has ended.
pub(super) fn sentence(verb: Verb, over: &'static str) -> Option<&'static str> {
    let words = use_page_words();
    use_refused(verb)
        .map(|refused| if refused.error == ApiError::CodeWrong { over } else { refused.error.page_sentence(words) })
}

/// The script that takes the next step of a hand-over without a tap. The pages also work without it.
#[component]
pub(super) fn GoesOn() -> impl IntoView {
    view! { <script src="/hand-over.js" defer></script> }
}

/// `/hand-over`
#[component]
pub fn HandOverPage() -> impl IntoView {
    loaded(reads::hand_over(), |found| view! { <HandOver found/> }.into_any())
}

#[component]
fn HandOver(found: HandOverView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let about = |template: &str, device: &str| text::fill(template, &[("device", &text::device(locale, device))]);
    let title = match &found {
        HandOverView::Asked { device, .. } => about(words.hand_over_asked, device),
        _ => words.hand_over_title.to_owned(),
    };
    let errors =
        [MakeHandOver::VERB, WithdrawHandOver::VERB, ConfirmHandOver::VERB, RefuseHandOver::VERB].map(|verb| {
            let said = sentence(verb, words.err_hand_over_over);
            view! { <FieldError id=format!("{}-error", verb.name()) sentence=said/> }
        });
    let said = |sentence: String| view! { <p class="notice warm" role="status">{sentence}</p> };
    let body = match found {
        HandOverView::None => view! { <Begin/> }.into_any(),
        HandOverView::Open { code, until } => {
            let until = text::fill(words.hand_over_until, &[("time", &text::time(locale, until))]);
            view! { <Running code until/> }.into_any()
        }
        HandOverView::Asked { id, .. } => {
            let act = move |verb: Verb, class: &'static str, label: &'static str| {
                view! {
                    <Form verb>
                        <input type="hidden" name="hand_over" value=id.to_string()/>
                        <button class=class type="submit">{label}</button>
                    </Form>
                }
            };
            view! {
                <p class="lead">{words.hand_over_asked_lead}</p>
                <div class="actions">
                    {act(ConfirmHandOver::VERB, "button", words.hand_over_yes)}
                    {act(RefuseHandOver::VERB, "button ghost", words.hand_over_no)}
                </div>
            }
            .into_any()
        }
        HandOverView::Confirmed { device } => {
            view! { {said(about(words.hand_over_confirmed, &device))} <Again/> }.into_any()
        }
        HandOverView::Used { device } => view! { {said(about(words.hand_over_used, &device))} <Begin/> }.into_any(),
        HandOverView::Refused => {
            view! { <p class="notice" role="status">{words.hand_over_refused}</p> <Begin/> }.into_any()
        }
    };
    view! {
        <Title text=title.clone()/>
        <SiteHeader shows=Shows::HandOver/>
        <main id="main" class="page page-hand-over">
            <HiddenNotices/>
            <h1>{title}</h1>
            {errors}
            {body}
            <p class="actions"><a class="button quiet" href=paths::SHORTCUT_TODAY>{words.go_back_today}</a></p>
        </main>
    }
}

#[component]
fn Begin() -> impl IntoView {
    let words = use_page_words();
    view! {
        <p class="lead">{words.hand_over_lead}</p>
        <Form verb=MakeHandOver::VERB class="form">
            <div class="actions"><button class="button" type="submit">{words.hand_over_make}</button></div>
        </Form>
        <Others/>
    }
}

#[component]
fn Running(code: Option<CodeView>, until: String) -> impl IntoView {
    let words = use_page_words();
    let lead = if code.is_some() { words.hand_over_steps } else { words.hand_over_elsewhere };
    let shown = code.map(|code| {
        let view_box = format!("0 0 {0} {0}", code.qr_size);
        view! {
            <Digits code=code.code/>
            <p class="meta">{until}</p>
            <div class="qr">
                <svg viewBox=view_box role="img" aria-label=words.hand_over_qr_label shape-rendering="crispEdges">
                    <path d=code.qr_path fill="#000"/>
                </svg>
            </div>
            <p class="hint">{words.hand_over_qr_hint}</p>
        }
    });
    view! {
        <p class="lead">{lead}</p>
        {shown}
        // Without a script the page must reload to learn that a device asks.
        <noscript><meta http-equiv="refresh" content="4"/></noscript>
        <Again/>
        <Others/>
    }
}

/// The buttons for new digits and for withdrawing the digits. They help a person who closed the waiting app, or
/// confirmed a device by mistake.
#[component]
fn Again() -> impl IntoView {
    let words = use_page_words();
    view! {
        <div class="actions">
            <Form verb=MakeHandOver::VERB>
                <button class="button ghost" type="submit">{words.hand_over_again}</button>
            </Form>
            <Form verb=WithdrawHandOver::VERB>
                <button class="button quiet" type="submit">{words.hand_over_withdraw}</button>
            </Form>
        </div>
    }
}

/// Warns that a person is already signed in on this browser, because the hand-over may sign in another person.
#[component]
pub(super) fn HereAlready() -> impl IntoView {
    let words = use_page_words();
    use_home()
        .name
        .map(|name| view! { <p class="notice warn">{text::fill(words.here_already, &[("name", &name)])}</p> })
}

/// Explains that another person is invited to the pair and does not take a hand-over.
#[component]
fn Others() -> impl IntoView {
    let words = use_page_words();
    let alone = use_home().pairs.into_iter().find(|pair| pair.phase == PairPhase::Alone);
    view! {
        <aside class="notice">
            <h2>{words.hand_over_others_title}</h2>
            <p>{words.hand_over_others_lead}</p>
            {alone.map(|pair| view! {
                <a class="button ghost" href=paths::invite(pair.id)>{words.invite_link_on_today}</a>
            })}
        </aside>
    }
}

/// The link from the settings and the devices to the hand-over page.
#[component]
pub fn HandOverPanel() -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="panel">
            <h2>{words.hand_over_title}</h2>
            <p>{words.hand_over_panel_lead}</p>
            <div class="actions"><a class="button ghost" href=paths::hand_over()>{words.hand_over_make}</a></div>
        </section>
    }
}

/// In an in-app browser, the button that opens the device's own browser and signs the person in there.
#[component]
pub fn LeadOut() -> impl IntoView {
    let words = use_page_words();
    Suspend::new(async move {
        let found = reads::in_app_browser(paths::hand_over()).await.ok();
        found.filter(|browser| browser.in_app != InApp::No).map(|_| {
            view! {
                <aside class="notice way-out">
                    <p><b>{words.in_app_title}</b></p>
                    <p>{words.lead_out_lead}</p>
                    <FieldError id="lead-out-error" sentence=sentence(LeadOut::VERB, words.err_take)/>
                    <div class="actions">
                        <Form verb=LeadOut::VERB attr:data-lead-out="">
                            <button class="button ghost" type="submit">{words.in_app_button}</button>
                        </Form>
                    </div>
                    <GoesOn/>
                </aside>
            }
        })
    })
}

/// `/hand-over/TOKEN`, in the in-app browser and in the device's own browser. The page does not look up the token and
/// does not name the person of the token, because preview robots open links too.
#[component]
pub fn TakePage() -> impl IntoView {
    let path = own_path();
    let is_known = use_home().name.is_some();
    let body = Suspend::new(async move {
        let found = reads::in_app_browser(path).await.ok();
        match found.filter(|browser| is_known && browser.in_app != InApp::No) {
            Some(browser) => view! { <Leave way=browser.open_in_browser/> }.into_any(),
            None => view! { <Take/> }.into_any(),
        }
    });
    view! {
        <Meta name="robots" content="noindex"/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-hand-over">
            {body}
        </main>
    }
}

#[component]
fn Leave(way: String) -> impl IntoView {
    let words = use_page_words();
    let has_way = !way.is_empty();
    view! {
        <Title text=words.in_app_button/>
        <h1>{words.in_app_button}</h1>
        <p class="lead">{words.way_out_lead}</p>
        {(!has_way).then(|| view! { <p class="notice">{words.in_app_other}</p> })}
        <div class="actions">
            {has_way.then(|| view! { <a class="button" rel="external" href=way>{words.in_app_button}</a> })}
            <a class="button quiet" href=paths::SHORTCUT_TODAY>{words.go_back_today}</a>
        </div>
    }
}

#[component]
fn Take() -> impl IntoView {
    let words = use_page_words();
    let token: String = param("token").unwrap_or_default();
    view! {
        <Title text=words.take_title/>
        <h1>{words.take_title}</h1>
        <p class="lead">{words.take_lead}</p>
        <HereAlready/>
        <Form verb=TakeHandOver::VERB class="form">
            <input type="hidden" name="token" value=token/>
            <AttemptKey verb=TakeHandOver::VERB/>
            <FieldError id="form-error" sentence=sentence(TakeHandOver::VERB, words.err_take)/>
            <div class="actions"><button class="button" type="submit">{words.take_button}</button></div>
        </Form>
    }
}
