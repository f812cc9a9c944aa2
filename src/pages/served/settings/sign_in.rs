//! The settings for signing in: sessions, other devices, the recovery code, and signing out.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{
    super::{
        hand_over::{HandOverPanel, LeadOut},
        loaded,
        recovery::RecoveryPanel,
        sessions::SessionsPanel,
    },
    Frame, asked_pair,
};
use crate::{
    api::SignOut,
    components::{context::use_page_words, form::Form},
    domain::PairId,
    paths::HasVerb,
    reads::{self, WaysInView},
};

#[component]
pub fn SignInPlacePage() -> impl IntoView {
    let found = async move { Ok((reads::own_pair(asked_pair()?).await?, reads::ways_in().await?)) };
    loaded(found, |(pair, ways)| view! { <WaysIn pair ways/> }.into_any())
}

#[component]
fn WaysIn(pair: Option<PairId>, ways: WaysInView) -> impl IntoView {
    let words = use_page_words();
    let back = use_location().pathname.get_untracked();
    view! {
        <Frame pair title=words.place_sign_in>
            <HandOverPanel/>
            <LeadOut/>
            <SessionsPanel sessions=ways.sessions back=back.clone()/>
            <RecoveryPanel earlier=ways.earlier_code back/>
            <SignOutPanel/>
        </Frame>
    }
}

#[component]
fn SignOutPanel() -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="panel">
            <h2>{words.sign_out_panel}</h2>
            <p>{words.sign_out_lead}</p>
            <Form verb=SignOut::VERB class="form" attr:data-forget="">
                <p class="field-error" role="alert" data-left=words.leave_left data-failed=words.leave_failed></p>
                <div class="actions" data-sure data-copied=words.leave_copied hidden>
                    <p class="answer-text"></p>
                    <button class="button ghost" type="button">{words.leave_copy}</button>
                    <button class="button danger" type="submit">{words.leave_anyway}</button>
                </div>
                <div class="actions"><button class="button ghost" type="submit">{words.sign_out_button}</button></div>
            </Form>
        </section>
    }
}
