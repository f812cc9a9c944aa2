//! The return of a seat: the page of the members, and what a person sees who waits for a seat.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{Saved, invite::Running, loaded, pair_param};
use crate::{
    api::{ApiError, EndReturn, InviteBack},
    components::{
        context::{use_home, use_locale, use_page_words, use_sentence},
        fields::{AttemptKey, FieldError},
        form::Form,
        live_page::Shows,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    domain::{PairId, PairPhase},
    paths::{self, HasVerb},
    reads::{self, CodeView, ReturnPageView, ReturnPart, ReturnView},
    text,
};

/// `/p/{pair}/return`
#[component]
pub fn SeatReturnPage() -> impl IntoView {
    let pair = pair_param();
    let found = async move { reads::return_page(pair.ok_or(ApiError::NotFound)?).await };
    loaded(found, |page| view! { <SeatReturn page/> }.into_any())
}

#[component]
fn SeatReturn(page: ReturnPageView) -> impl IntoView {
    let words = use_page_words();
    let pair = page.pair;
    let other = page.other.as_ref().map_or_else(|| words.pair_waiting.to_owned(), |other| other.call(words));
    let body = match (page.phase, page.waiting, page.until) {
        (PairPhase::Closed, ..) => view! { <p class="notice">{words.closed_title}</p> }.into_any(),
        (PairPhase::Alone, ..) => view! { <p class="notice">{words.err_still_alone}</p> }.into_any(),
        (PairPhase::Together, Some(waiting), _) => view! { <ReturnNotice waiting/> }.into_any(),
        (PairPhase::Together, None, Some((until, is_mine))) => {
            view! { <Invited pair until is_mine other=other.clone() code=page.code/> }.into_any()
        }
        (PairPhase::Together, None, None) => view! { <Offer pair other=other.clone()/> }.into_any(),
    };
    view! {
        <Title text=words.return_title/>
        <SiteHeader pair=Some(pair) shows=Shows::Settings/>
        <main id="main" class="page page-settings">
            <HiddenNotices/>
            <p class="way-back"><a href=paths::place(Some(pair), paths::Place::Us)>{words.place_us}</a></p>
            <h1>{text::fill(words.return_page_title, &[("other", &other)])}</h1>
            <Saved verb=EndReturn::VERB/>
            {body}
        </main>
        <Tabs pair current=Tab::Settings/>
    }
}

/// What a return does, and the button that makes the invitation.
#[component]
fn Offer(pair: PairId, other: String) -> impl IntoView {
    let words = use_page_words();
    view! {
        <p class="lead">{text::fill(words.return_lead, &[("other", &other)])}</p>
        <ol class="steps">
            <li>{words.return_step_one}</li>
            <li>{words.return_step_two}</li>
            <li>{words.return_step_three}</li>
        </ol>
        <p class="hint">{words.return_hint}</p>
        <Form verb=InviteBack::VERB class="form">
            <input type="hidden" name="pair" value=pair.to_string()/>
            <AttemptKey verb=InviteBack::VERB/>
            <FieldError id="form-error" sentence=use_sentence(InviteBack::VERB, &[])/>
            <div class="actions"><button class="button" type="submit">{words.return_invite_button}</button></div>
        </Form>
    }
}

/// A return invitation that nobody has used yet.
#[component]
fn Invited(
    pair: PairId,
    until: crate::domain::LocalDate,
    is_mine: bool,
    other: String,
    code: Option<CodeView>,
) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let name = use_home().name.unwrap_or_default();
    let lead = match (is_mine, code.is_some()) {
        (true, _) => text::fill(words.return_invited_mine, &[("other", &other)]),
        (false, true) => text::fill(words.return_invited_lead, &[("other", &other)]),
        (false, false) => words.invite_elsewhere.to_owned(),
    };
    let code = code.filter(|_| !is_mine).map(|code| view! { <Running code name/> });
    let again = (!is_mine).then(|| {
        view! {
            <Form verb=InviteBack::VERB class="form">
                <input type="hidden" name="pair" value=pair.to_string()/>
                <AttemptKey verb=InviteBack::VERB/>
                <FieldError id="form-error" sentence=use_sentence(InviteBack::VERB, &[])/>
                <div class="actions">
                    <button class="button ghost" type="submit">{words.invite_again_button}</button>
                </div>
            </Form>
        }
    });
    let button = if is_mine { words.return_refuse_button } else { words.withdraw_button };
    view! {
        <p class="lead">{lead}</p>
        {code}
        <p class="meta">{text::fill(words.invite_until, &[("date", &text::date(locale, until))])}</p>
        <EndForm pair button is_danger=is_mine/>
        {again}
    }
}

/// A return that waits, with the button that ends it.
#[component]
pub(super) fn ReturnNotice(waiting: ReturnView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let when = format!("{} {}", text::date(locale, waiting.date), text::time(locale, waiting.time));
    let (giver, holder) = (waiting.giver.call(words), waiting.holder.call(words));
    let values = [("when", &*when), ("giver", &giver), ("holder", &holder), ("name", &waiting.name)];
    let (title, lead, button) = match waiting.part {
        ReturnPart::Holder => {
            (words.return_mine_title, text::fill(words.return_mine_lead, &values), words.return_refuse_button)
        }
        ReturnPart::Giver => {
            (words.return_given_title, text::fill(words.return_given_lead, &values), words.return_call_off_button)
        }
        ReturnPart::Waiter => {
            (words.seat_waits_title, text::fill(words.return_waiter_lead, &values), words.return_step_back_button)
        }
    };
    let is_holder = waiting.part == ReturnPart::Holder;
    view! {
        <section class="panel" id="return">
            <h2>{text::fill(title, &values)}</h2>
            <p>{lead}</p>
            <EndForm pair=waiting.pair button is_danger=is_holder/>
        </section>
    }
}

#[component]
fn EndForm(pair: PairId, button: &'static str, is_danger: bool) -> impl IntoView {
    let class = if is_danger { "button danger" } else { "button ghost" };
    view! {
        <Form verb=EndReturn::VERB class="form">
            <input type="hidden" name="pair" value=pair.to_string()/>
            <FieldError id="end-return-error" sentence=use_sentence(EndReturn::VERB, &[])/>
            <div class="actions"><button class=class type="submit">{button}</button></div>
        </Form>
    }
}

/// The page of a pair for a person who waits for a seat of it.
#[component]
pub(super) fn WaitingForSeat(waiting: ReturnView) -> impl IntoView {
    let words = use_page_words();
    view! {
        <Title text=words.seat_waits_title/>
        <SiteHeader/>
        <main id="main" class="page page-settings">
            <HiddenNotices/>
            <h1>{text::fill(words.pair_with, &[("other", &waiting.giver.call(words))])}</h1>
            <ReturnNotice waiting/>
            <p class="hint">{words.return_waiter_hint}</p>
            <div class="actions"><a class="button ghost" href=paths::home()>{words.back_home}</a></div>
        </main>
    }
}
