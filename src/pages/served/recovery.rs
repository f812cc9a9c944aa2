//! The recovery code: shown once, with every way to keep it.

use leptos::prelude::*;
use leptos_meta::Title;

use super::loaded;
use crate::{
    api,
    components::{
        code::{Code, CodeActions},
        context::use_page_words,
        fields::AttemptKey,
        site_header::SiteHeader,
    },
    paths,
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
