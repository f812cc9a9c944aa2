//! The ways into the person's account beside the recovery code, which change only after a fresh proof.

use leptos::prelude::*;

use super::{Saved, loaded, settings::Frame};
use crate::{
    api::Prove,
    components::{
        context::{use_page_words, use_refused, use_sentence},
        fields::TextField,
        form::Form,
    },
    paths::{self, HasVerb},
    reads::{self, OtherWaysView},
};

/// `/settings/ways-in`
#[component]
pub fn WaysInPage() -> impl IntoView {
    loaded(reads::other_ways(), |ways| view! { <WaysIn ways/> }.into_any())
}

#[component]
fn WaysIn(ways: OtherWaysView) -> impl IntoView {
    let words = use_page_words();
    view! {
        <Frame pair=None title=words.ways_in_title>
            <ProofPanel is_proved=ways.is_proved/>
        </Frame>
    }
}

/// Asks for the recovery code, or says that the session is proved.
#[component]
fn ProofPanel(is_proved: bool) -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(Prove::VERB).map(|refused| refused.field("code").to_owned()).unwrap_or_default();
    if is_proved {
        return view! { <p class="notice warm">{words.proof_done}</p> }.into_any();
    }
    view! {
        <section class="panel">
            <h2>{words.proof_panel}</h2>
            <p>{words.proof_lead}</p>
            <Saved verb=Prove::VERB/>
            <Form verb=Prove::VERB class="form">
                <input type="hidden" name="back" value=paths::ways_in()/>
                <TextField name="code" label=words.recovery_code_label value=typed
                    error=use_sentence(Prove::VERB, &[])/>
                <div class="actions"><button class="button" type="submit">{words.proof_button}</button></div>
            </Form>
        </section>
    }
    .into_any()
}
