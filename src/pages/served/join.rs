//! Joining a pair: first the code, then, with a right code, the inviter's name and the form of the new member.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use super::{loaded, own_path, param, zone_asked::ZoneAsked};
use crate::{
    api::{ApiError, CheckInvitation, InApp, InAppBrowser, Join},
    components::{
        context::{use_page_words, use_refused, use_sentence},
        fields::{FieldError, NewPersonFields, RelationChoices, RelationWord, TextField},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
    },
    domain::Relation,
    paths::{self, HasVerb},
    reads::{self, JoinView},
    text,
};

/// `/join` and `/join/CODE`. The page does not look up the code, because preview robots open links too (R64).
#[component]
pub fn JoinPage() -> impl IntoView {
    let words = use_page_words();
    let from_link: Option<String> = param("code");
    let typed = use_refused(CheckInvitation::VERB).map(|refused| refused.field("code").to_owned());
    let (title, lead) = match (&typed, &from_link) {
        (None, Some(_)) => (words.join_invited_title, words.join_invited_lead),
        _ => (words.join_title, words.join_lead),
    };
    let code = typed.or(from_link).unwrap_or_default();
    let path = own_path();
    let in_app = Suspend::new(async move {
        let found = reads::in_app_browser(path).await.ok();
        found.filter(|browser| browser.in_app != InApp::No).map(|browser| view! { <WayOut browser/> })
    });
    view! {
        <Title text=words.join_title/>
        <Meta name="robots" content="noindex"/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-join">
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {in_app}
            <Form verb=CheckInvitation::VERB class="form">
                <TextField name="code" label=words.join_code_label hint=words.join_code_hint value=code
                    error=use_sentence(CheckInvitation::VERB, &[])/>
                <div class="actions"><button class="button" type="submit">{words.join_check_button}</button></div>
            </Form>
        </main>
    }
}

/// The way out of an in-app browser before joining or signing in, because the device's own browser does not get the
/// in-app cookies.
#[component]
pub(super) fn WayOut(browser: InAppBrowser) -> impl IntoView {
    let words = use_page_words();
    let button = if browser.open_in_browser.is_empty() {
        view! { <p>{words.in_app_other}</p> }.into_any()
    } else {
        view! { <a class="button ghost" rel="external" href=browser.open_in_browser>{words.in_app_button}</a> }
            .into_any()
    };
    view! {
        <div class="notice">
            <p><b>{words.in_app_title}</b></p>
            <p>{words.in_app_lead}</p>
            {button}
        </div>
    }
}

/// `/join/confirm`, shown after a right code: the inviter's name, and the form of the new member.
#[component]
pub fn JoinConfirmPage() -> impl IntoView {
    loaded(reads::welcome(), |join| view! { <Confirm join/> }.into_any())
}

#[component]
fn Confirm(join: JoinView) -> impl IntoView {
    let words = use_page_words();
    let title = text::fill(words.join_confirm_title, &[("other", &join.inviter.call(words))]);
    let lead = text::fill(words.join_confirm_lead, &[("name", &join.inviter.name)]);
    let typed = use_refused(Join::VERB);
    let field = |name: &str, otherwise: &str| {
        typed.as_ref().map_or_else(|| otherwise.to_owned(), |refused| refused.field(name).to_owned())
    };
    let relation = field("relation", join.relation.as_ref().map_or("", Relation::choice));
    let relation_word = field("relation_word", join.relation.as_ref().map_or("", Relation::free_word));
    let relation_error = use_sentence(Join::VERB, &[ApiError::RelationMissing]);
    let word_error = use_sentence(
        Join::VERB,
        &[ApiError::RelationWordMissing, ApiError::RelationWordTooLong, ApiError::RelationWordForbidden],
    );
    let other_error = use_sentence(
        Join::VERB,
        &[
            ApiError::JoiningMyself,
            ApiError::PairExists,
            ApiError::CodeWrong,
            ApiError::TooManySignUps,
            ApiError::TooManyPairs,
            ApiError::Unavailable,
            ApiError::Broken,
            ApiError::Insecure,
            ApiError::Malformed,
        ],
    );
    let returns = join.returns.as_ref().map(|holder| {
        let values = [("other", &*join.inviter.call(words)), ("holder", &holder.call(words))];
        view! { <p class="notice">{text::fill(words.return_join_lead, &values)}</p> }
    });
    let relation = join.returns.is_none().then(|| {
        view! {
            <RelationChoices role=join.role name="relation" legend=words.relation_legend chosen=relation/>
            <FieldError id="relation-error" sentence=relation_error/>
            <div class="if-other"><RelationWord value=relation_word error=word_error/></div>
        }
    });
    let who = match join.me {
        Some(name) => view! { <p class="notice">{text::fill(words.join_as, &[("name", &name)])}</p> }.into_any(),
        None => view! { <NewPersonFields verb=Join::VERB name=join.name/><ZoneAsked verb=Join::VERB/> }.into_any(),
    };
    view! {
        <Title text=words.join_button/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-join">
            <h1>{title}</h1>
            <p class="lead">{lead}</p>
            {returns}
            <Form verb=Join::VERB class="form">
                <FieldError id="form-error" sentence=other_error/>
                {who}
                {relation}
                <div class="actions">
                    <button class="button" type="submit">{words.join_button}</button>
                    <a class="button quiet" href=paths::home()>{words.join_not_them}</a>
                </div>
            </Form>
        </main>
    }
}
