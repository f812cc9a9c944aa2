//! The settings for signing in: sessions, other devices, the recovery code, and signing out.

use leptos::prelude::*;

use super::{
    super::{
        Saved,
        fold::{Fold, Way},
        hand_over::LeadOut,
        loaded, own_path,
        recovery::RecoveryPanel,
        sessions::SessionsPanel,
    },
    Frame, asked_pair,
};
use crate::{
    api::{RefuseRecovery, SignOut},
    components::{
        context::{use_locale, use_page_words, use_sentence},
        fields::FieldError,
        form::Form,
    },
    domain::{LocalDate, PairId},
    paths::{self, HasVerb},
    reads::{self, WaysInView},
    text,
};

#[component]
pub fn SignInPlacePage() -> impl IntoView {
    let found = async move { Ok((reads::own_pair(asked_pair()?).await?, reads::ways_in().await?)) };
    loaded(found, |(pair, ways)| view! { <WaysIn pair ways/> }.into_any())
}

#[component]
fn WaysIn(pair: Option<PairId>, ways: WaysInView) -> impl IntoView {
    let words = use_page_words();
    let back = own_path();
    view! {
        <Frame pair title=words.place_sign_in>
            <OperatorCode from=ways.operator_code_from back=back.clone()/>
            <LeadOut/>
            <div class="folds">
                <Way title=words.hand_over_title.to_owned() hint=words.hand_over_panel_hint href=paths::hand_over()/>
                <SessionsPanel sessions=ways.sessions back=back.clone()/>
                <Way title=words.ways_in_title.to_owned() hint=words.ways_in_hint href=paths::ways_in()/>
                <RecoveryPanel earlier=ways.earlier_code back/>
                <SignOutPanel/>
            </div>
        </Frame>
    }
}

/// The recovery code that the operator made, while it can be refused.
#[component]
fn OperatorCode(from: Option<LocalDate>, back: String) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let waiting = from.map(|from| {
        view! {
            <section class="panel">
                <h2>{words.operator_code_panel}</h2>
                <p>{text::fill(words.operator_code_lead, &[("date", &text::date(locale, from))])}</p>
                <Form verb=RefuseRecovery::VERB class="form">
                    <input type="hidden" name="back" value=back/>
                    <FieldError id="operator-code-error" sentence=use_sentence(RefuseRecovery::VERB, &[])/>
                    <div class="actions">
                        <button class="button danger" type="submit">{words.operator_code_refuse}</button>
                    </div>
                </Form>
            </section>
        }
    });
    view! {
        <Saved verb=RefuseRecovery::VERB/>
        {waiting}
    }
}

#[component]
fn SignOutPanel() -> impl IntoView {
    let words = use_page_words();
    view! {
        <Fold title=words.sign_out_panel.to_owned() value=words.sign_out_hint verbs=vec![SignOut::VERB]>
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
        </Fold>
    }
}
