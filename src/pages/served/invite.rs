//! The invitation for the other member: a code, a link and a QR code.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, pair_param};
use crate::{
    api::{ApiError, Invite, WithdrawInvitation},
    components::{
        code::{Code, CodeActions, CodeWords},
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::{AttemptKey, FieldError, RelationChoices, RelationWord, TextField},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    domain::PairPhase,
    paths::{self, HasVerb},
    reads::{self, CodeView, InviteView},
    text,
};

#[component]
pub fn InvitePage() -> impl IntoView {
    let pair = pair_param();
    let found = async move { reads::invitation(pair.ok_or(ApiError::NotFound)?).await };
    loaded(found, |invite| view! { <Invite invite/> }.into_any())
}

#[component]
fn Invite(invite: InviteView) -> impl IntoView {
    let words = use_page_words();
    let pair = invite.pair.id;
    let error = use_sentence(
        Invite::VERB,
        &[ApiError::SeatTaken, ApiError::PairClosed, ApiError::Unavailable, ApiError::Broken],
    );
    let body = if invite.pair.phase == PairPhase::Alone {
        view! { <Open invite/> }.into_any()
    } else {
        let sentence = if invite.pair.phase == PairPhase::Closed { words.closed_title } else { words.err_seat_taken };
        view! {
            <p class="notice">{sentence}</p>
            <a class="button" href=paths::today(pair)>{words.go_back_today}</a>
        }
        .into_any()
    };
    view! {
        <Title text=words.invite_title/>
        <SiteHeader pair=Some(pair) shows=Shows::Settings/>
        <main id="main" class="page page-invite">
            <HiddenNotices/>
            <h1>{words.invite_title}</h1>
            <FieldError id="form-error" sentence=error/>
            {body}
        </main>
        <Tabs pair current=Tab::Today/>
    }
}

#[component]
fn Open(invite: InviteView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let pair = invite.pair.id;
    let until = invite.until.map(|date| text::fill(words.invite_until, &[("date", &text::date(locale, date))]));
    let has_code = invite.code.is_some();
    let is_running = until.is_some();
    let name = invite.pair.me.name.clone();
    let code = invite.code.map(|code| view! { <Running code name/> });
    let form =
        view! { <NewInvitation invite_name=invite.name role=invite.pair.me.role.other() pair is_again=is_running/> };
    view! {
        {is_running.then(|| view! {
            <p class="lead">{if has_code { words.invite_lead } else { words.invite_elsewhere }}</p>
        })}
        {code}
        {until.map(|until| view! { <p class="meta">{until}</p> })}
        {is_running.then(|| view! {
            <Form verb=WithdrawInvitation::VERB class="form">
                <FieldError id="withdraw-error" sentence=use_sentence(WithdrawInvitation::VERB, &[])/>
                <input type="hidden" name="pair" value=pair.to_string()/>
                <div class="actions"><button class="button quiet" type="submit">{words.withdraw_button}</button></div>
            </Form>
        })}
        {if is_running {
            view! {
                <details class="drawer" open=!has_code><summary>{words.invite_again_button}</summary>{form}</details>
            }.into_any()
        } else {
            form.into_any()
        }}
    }
}

#[component]
pub(super) fn Running(code: CodeView, name: String) -> impl IntoView {
    let words = use_page_words();
    let message = text::fill(words.invite_message, &[("name", &name)]);
    let view_box = format!("0 0 {0} {0}", code.qr_size);
    let picture = (!code.qr_path.is_empty()).then(|| {
        view! {
            <div class="qr">
                <svg viewBox=view_box role="img" aria-label=words.invite_qr_label shape-rendering="crispEdges">
                    <path d=code.qr_path fill="#000"/>
                </svg>
            </div>
            <p class="hint">{words.invite_qr_hint}</p>
        }
    });
    let labels = CodeWords {
        share: words.share_button.to_owned(),
        copy: words.copy_link_button.to_owned(),
        print: None,
        copied: words.copied.to_owned(),
        copy_failed: words.copy_failed.to_owned(),
    };
    view! {
        <CodeActions text=code.link.clone() title=words.brand.to_owned() message
            link=Some(code.link.clone()) words=labels/>
        <h2>{words.invite_code_label}</h2>
        <Code code=code.code/>
        <p class="link-box">{code.link}</p>
        {picture}
    }
}

#[component]
fn NewInvitation(
    invite_name: String,
    role: crate::domain::Role,
    pair: crate::domain::PairId,
    is_again: bool,
) -> impl IntoView {
    let words = use_page_words();
    let typed = use_refused(Invite::VERB);
    let field = |name: &str, otherwise: &str| {
        typed.as_ref().map_or_else(|| otherwise.to_owned(), |refused| refused.field(name).to_owned())
    };
    let (relation, relation_word, name) =
        (field("relation", ""), field("relation_word", ""), field("name", &invite_name));
    let name_error = use_sentence(Invite::VERB, &[ApiError::NameEmpty, ApiError::NameTooLong, ApiError::NameForbidden]);
    let word_error = use_sentence(
        Invite::VERB,
        &[
            ApiError::RelationMissing,
            ApiError::RelationWordMissing,
            ApiError::RelationWordTooLong,
            ApiError::RelationWordForbidden,
        ],
    );
    view! {
        <Form verb=Invite::VERB class="form">
            <p class="lead">{words.invite_form_lead}</p>
            <input type="hidden" name="pair" value=pair.to_string()/>
            <AttemptKey verb=Invite::VERB/>
            <RelationChoices role name="relation" legend=words.invite_relation_legend chosen=relation
                later=Some(words.invite_relation_later)/>
            <div class="if-other"><RelationWord value=relation_word error=word_error/></div>
            <TextField name="name" label=words.invite_name_label value=name error=name_error/>
            <div class="actions">
                <button class="button" type="submit">
                    {if is_again { words.invite_again_button } else { words.invite_button }}
                </button>
            </div>
        </Form>
    }
}
