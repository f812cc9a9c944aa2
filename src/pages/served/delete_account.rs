//! Asking for the deletion of an account, and the page after that.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{loaded, query, settings::Frame};
use crate::{
    api::{ApiError, DeleteAccount, PairLink},
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::{FieldError, TextField},
        form::Form,
        live_page::Shows,
        site_header::{SiteHeader, pair_title},
    },
    domain::{LocalDate, WordsOnDeletion},
    paths::{self, HasVerb},
    reads, text,
};

#[component]
pub fn DeleteAccountPage() -> impl IntoView {
    let found = async move { Ok((reads::pairs_to_delete().await?, reads::is_proved().await?)) };
    loaded(found, |(pairs, is_proved)| view! { <Asked pairs is_proved/> }.into_any())
}

#[component]
fn Asked(pairs: Vec<(PairLink, bool)>, is_proved: bool) -> impl IntoView {
    let words = use_page_words();
    let refused = use_refused(DeleteAccount::VERB);
    let typed = refused.as_ref().map(|refused| refused.field("code").to_owned()).unwrap_or_default();
    let choices = pairs
        .iter()
        .map(|(link, is_shared)| {
            if !is_shared {
                return view! { <Unread link=link.clone()/> }.into_any();
            }
            let field = format!("words[pair-{}]", link.id);
            let chosen = refused.as_ref().map(|refused| refused.field(&field).to_owned()).unwrap_or_default();
            view! { <WordsChoice field title=pair_title(words, link) chosen/> }.into_any()
        })
        .collect_view();
    let hint = if is_proved { words.delete_proved } else { words.delete_code_hint };
    let prove = (!is_proved).then(|| {
        view! { <p class="actions"><a class="button quiet" href=paths::ways_in()>{words.delete_prove}</a></p> }
    });
    let of_code =
        use_sentence(DeleteAccount::VERB, &[ApiError::RecoveryCodeWrong, ApiError::CodeTooNew, ApiError::CodeMissing]);
    let of_form = use_sentence(DeleteAccount::VERB, &[]).filter(|_| of_code.is_none());
    view! {
        <Frame pair=None title=words.delete_title>
            <section class="panel">
                <p class="lead">{words.delete_lead}</p>
                <p>{words.delete_what}</p>
                <p>{words.delete_undo}</p>
                <p class="actions"><a class="button" href=paths::keep()>{words.keep_link}</a></p>
                <Form verb=DeleteAccount::VERB class="form">
                    {choices}
                    <TextField name="code" label=words.delete_code_label hint value=typed
                        error=of_code/>
                    {prove}
                    <label class="check">
                        <input type="checkbox" name="confirmed" value="yes"/><span>{words.delete_confirm}</span>
                    </label>
                    <FieldError id="delete-error" sentence=of_form/>
                    <div class="actions">
                        <button class="button danger" type="submit">{words.delete_button}</button>
                        <a class="button ghost" href=paths::home()>{words.back_home}</a>
                    </div>
                </Form>
            </section>
        </Frame>
    }
}

#[component]
fn WordsChoice(field: String, title: String, chosen: String) -> impl IntoView {
    let words = use_page_words();
    let radio = |choice: WordsOnDeletion, label: &'static str, hint: &'static str| {
        let is_chosen = chosen == choice.word() || (chosen.is_empty() && choice == WordsOnDeletion::Leave);
        view! {
            <label class="choice">
                <input type="radio" name=field.clone() value=choice.word() checked=is_chosen/>
                <span>{label}<span class="hint">{hint}</span></span>
            </label>
        }
    };
    view! {
        <fieldset class="choices wide">
            <legend>{title}</legend>
            {radio(WordsOnDeletion::Leave, words.delete_leave, words.delete_leave_hint)}
            {radio(WordsOnDeletion::Erase, words.delete_erase, words.delete_erase_hint)}
        </fieldset>
    }
}

/// A pair that only this person can read: nothing of it can be left to anybody.
#[component]
fn Unread(link: PairLink) -> impl IntoView {
    let words = use_page_words();
    view! {
        <section class="choices wide">
            <h2>{pair_title(words, &link)}</h2>
            <p>{words.delete_unread}</p>
            <p class="actions">
                <a class="button quiet" href=paths::copy_of(link.id) download>{words.delete_unread_copy}</a>
            </p>
        </section>
    }
}

/// `/goodbye`
#[component]
pub fn GoodbyePage() -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let until = query("until").and_then(|until| until.parse::<LocalDate>().ok());
    let undo = until.map(|until| {
        let sentence = text::fill(words.goodbye_until, &[("date", &text::date(locale, until))]);
        view! { <p>{sentence}</p> }
    });
    view! {
        <Title text=words.goodbye_title/>
        <SiteHeader shows=Shows::Nothing/>
        <main id="main" class="page page-recovery">
            <h1>{words.goodbye_title}</h1>
            <p class="lead">{words.goodbye_lead}</p>
            {undo}
            <p class="actions"><a class="button ghost" href=paths::sign_in()>{words.goodbye_sign_in}</a></p>
        </main>
    }
}
