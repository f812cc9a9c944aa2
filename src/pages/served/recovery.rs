//! The recovery code: shown once, with every way to keep it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{Saved, loaded};
use crate::{
    api::{self, EarlierCodeView},
    components::{
        code::{Code, CodeActions},
        context::{use_locale, use_page_words, use_sentence},
        fields::{AttemptKey, FieldError, TextField},
        site_header::SiteHeader,
    },
    paths, text,
};

#[component]
pub fn RecoveryPage() -> impl IntoView {
    loaded(api::recovery_page(), |code| match code {
        Some(code) => view! { <Shown code/> }.into_any(),
        None => view! { <Gone/> }.into_any(),
    })
}

#[component]
fn Shown(code: String) -> impl IntoView {
    let words = use_page_words();
    let message = format!("{} · {}: {code}", words.brand, words.recovery_code_label);
    view! {
        <Title text=words.recovery_title/>
        <SiteHeader/>
        <main id="main" class="page page-recovery">
            <h1>{words.recovery_title}</h1>
            <p class="lead">{words.recovery_lead}</p>
            <Code code=code.clone()/>
            <p class="hint">{words.recovery_tip}</p>
            <CodeActions text=code message=message share_label=words.recovery_share_button copy_label=words.recovery_copy_button has_print=true/>
            <form class="form" method="post" action=paths::api("keep_recovery")>
                <div class="actions"><button class="button" type="submit">{words.recovery_kept_button}</button></div>
            </form>
        </main>
    }
}

/// In settings: a new code, and the end of the earlier one.
#[component]
pub(super) fn RecoveryPanel(earlier: Option<EarlierCodeView>, back: String) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let runs = earlier.map(|earlier| {
        let until = text::fill(words.recovery_earlier_runs, &[("date", &text::date(locale, earlier.until))]);
        let end = earlier.may_end.then(|| {
            view! {
                <form class="form" method="post" action=paths::api("confirm_recovery")>
                    <input type="hidden" name="back" value=back/>
                    <div class="actions"><button class="button ghost" type="submit">{words.recovery_earlier_end}</button></div>
                </form>
            }
        });
        view! {
            <p class="notice">{until}</p>
            {end}
        }
    });
    view! {
        <section class="panel">
            <h2>{words.recovery_panel}</h2>
            <Saved form="confirm_recovery"/>
            <FieldError id="confirm-recovery-error" sentence=use_sentence("confirm_recovery", &[])/>
            {runs}
            <p>{words.recovery_panel_lead}</p>
            <form class="form" method="post" action=paths::api("renew_recovery")>
                <AttemptKey endpoint="renew_recovery"/>
                <TextField name="code" label=words.recovery_earlier_label value="" error=use_sentence("renew_recovery", &[])/>
                <div class="actions"><button class="button ghost" type="submit">{words.recovery_renew_button}</button></div>
            </form>
        </section>
    }
}

#[component]
fn Gone() -> impl IntoView {
    let words = use_page_words();
    view! {
        <Title text=words.recovery_gone_title/>
        <SiteHeader/>
        <main id="main" class="page page-recovery">
            <h1>{words.recovery_gone_title}</h1>
            <p class="lead">{words.recovery_gone_lead}</p>
            <form class="form" method="post" action=paths::api("renew_recovery")>
                <AttemptKey endpoint="renew_recovery"/>
                <div class="actions">
                    <button class="button" type="submit">{words.recovery_renew_button}</button>
                    <a class="button ghost" href=paths::home()>{words.back_home}</a>
                </div>
            </form>
        </main>
    }
}
