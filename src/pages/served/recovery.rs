//! The recovery code, shown once, with buttons to share, copy and print it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{Saved, fold::Fold, loaded};
use crate::{
    api::{ConfirmRecovery, KeepRecovery, RenewRecovery},
    components::{
        code::{Code, CodeActions, CodeWords},
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::{AttemptKey, FieldError, TextField},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
    },
    paths::{self, HasVerb},
    reads::{self, EarlierCodeView},
    text,
};

#[component]
pub fn RecoveryPage() -> impl IntoView {
    loaded(reads::recovery_code(), |code| match code {
        Some(code) => view! { <Shown code/> }.into_any(),
        None => view! { <Gone/> }.into_any(),
    })
}

#[component]
fn Shown(code: String) -> impl IntoView {
    let words = use_page_words();
    let message = format!("{} · {}: {code}", words.brand, words.recovery_code_label);
    let labels = CodeWords {
        share: words.recovery_share_button.to_owned(),
        copy: words.recovery_copy_button.to_owned(),
        print: Some(words.recovery_print_button.to_owned()),
        copied: words.copied.to_owned(),
        copy_failed: words.copy_failed.to_owned(),
    };
    view! {
        <Title text=words.recovery_title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-recovery">
            <h1>{words.recovery_title}</h1>
            <p class="lead">{words.recovery_lead}</p>
            <Code code=code.clone()/>
            <p class="hint">{words.recovery_tip}</p>
            <CodeActions text=code title=words.brand.to_owned() message link=None words=labels/>
            <Form verb=KeepRecovery::VERB class="form">
                <FieldError id="form-error" sentence=use_sentence(KeepRecovery::VERB, &[])/>
                <div class="actions"><button class="button" type="submit">{words.recovery_kept_button}</button></div>
            </Form>
        </main>
    }
}

/// The settings panel for a new recovery code and for ending the earlier code (R79).
#[component]
pub(super) fn RecoveryPanel(earlier: Option<EarlierCodeView>, back: String) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let typed = use_refused(RenewRecovery::VERB).map(|refused| refused.field("code").to_owned()).unwrap_or_default();
    let is_urgent = earlier.is_some();
    let runs = earlier.map(|earlier| {
        let until = text::fill(words.recovery_earlier_runs, &[("date", &text::date(locale, earlier.until))]);
        let end = earlier.may_end.then(|| {
            view! {
                <Form verb=ConfirmRecovery::VERB class="form">
                    <input type="hidden" name="back" value=back/>
                    <div class="actions">
                        <button class="button ghost" type="submit">{words.recovery_earlier_end}</button>
                    </div>
                </Form>
            }
        });
        view! {
            <p class="notice">{until}</p>
            {end}
        }
    });
    view! {
        <Fold title=words.recovery_panel.to_owned() value=words.recovery_panel_hint
            verbs=vec![RenewRecovery::VERB, ConfirmRecovery::VERB] is_urgent=is_urgent>
            <Saved verb=ConfirmRecovery::VERB/>
            <FieldError id="confirm-recovery-error" sentence=use_sentence(ConfirmRecovery::VERB, &[])/>
            {runs}
            <p>{words.recovery_panel_lead}</p>
            <Form verb=RenewRecovery::VERB class="form">
                <AttemptKey verb=RenewRecovery::VERB/>
                <TextField name="code" label=words.recovery_earlier_label value=typed
                    error=use_sentence(RenewRecovery::VERB, &[])/>
                <div class="actions">
                    <button class="button ghost" type="submit">{words.recovery_renew_button}</button>
                </div>
            </Form>
        </Fold>
    }
}

#[component]
fn Gone() -> impl IntoView {
    let words = use_page_words();
    view! {
        <Title text=words.recovery_gone_title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-recovery">
            <h1>{words.recovery_gone_title}</h1>
            <p class="lead">{words.recovery_gone_lead}</p>
            <Form verb=RenewRecovery::VERB class="form">
                <AttemptKey verb=RenewRecovery::VERB/>
                <FieldError id="form-error" sentence=use_sentence(RenewRecovery::VERB, &[])/>
                <div class="actions">
                    <button class="button" type="submit">{words.recovery_renew_button}</button>
                    <a class="button ghost" href=paths::home()>{words.back_home}</a>
                </div>
            </Form>
        </main>
    }
}
