//! The settings of a pair and of a person.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_location;

use super::{
    Save,
    hand_over::{HandOverPanel, LeadOut},
    loaded,
    notification_settings::{AnnouncementsPanel, PresencePanel, QuietPanel, SwitchesPanel},
    pair_param,
    recovery::RecoveryPanel,
    sessions::SessionsPanel,
};
use crate::{
    api::{
        ApiError, ChangeDisplay, ChangeName, ChangePushTime, ChangeRelation, LeavePair, PairLink, PausePair,
        ResumePair, SignOut, ZoneChoice,
    },
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::{FieldError, RelationChoices, RelationWord, TextField, ZoneField},
        form::Form,
        live_page::Shows,
        site_header::{SiteHeader, pair_title},
        tab_notices::HiddenNotices,
        tabs::{Tab, Tabs},
    },
    domain::{Locale, PairPhase, TextSize},
    paths::{self, HasVerb},
    reads::{self, AccountView, PairSettingsView, QuietView, SwitchesView},
    text,
};

/// `/p/{pair}/settings`
#[component]
pub fn SettingsPage() -> impl IntoView {
    let pair = pair_param();
    let found = async move {
        let settings = reads::pair_settings(pair.ok_or(ApiError::NotFound)?).await?;
        let (switches, quiet) = reads::pair_switches(settings.pair.id).await?;
        Ok((settings, switches, (reads::account().await?, quiet)))
    };
    loaded(found, |(settings, switches, found)| view! { <Settings settings switches found/> }.into_any())
}

/// `/settings`, for a person without a pair.
#[component]
pub fn AccountPage() -> impl IntoView {
    loaded(account(), |found| {
        view! {
            <SiteHeader shows=Shows::Settings/>
            <main id="main" class="page page-settings">
                <Top/>
                <Account found/>
            </main>
        }
        .into_any()
    })
}

/// The settings of the person that belong to no pair.
type Found = (AccountView, QuietView);

async fn account() -> Result<Found, ApiError> {
    Ok((reads::account().await?, reads::quiet_settings().await?))
}

#[component]
fn Top() -> impl IntoView {
    let words = use_page_words();
    view! {
        <Title text=words.settings_title/>
        <HiddenNotices/>
        <h1>{words.settings_title}</h1>
    }
}

#[component]
fn Settings(settings: PairSettingsView, switches: SwitchesView, found: Found) -> impl IntoView {
    let words = use_page_words();
    let pair = settings.pair.id;
    let panels = match settings.pair.phase {
        PairPhase::Closed => view! { <p class="notice">{words.closed_title}</p> }.into_any(),
        PairPhase::Alone | PairPhase::Together => {
            let (other, is_on) = (settings.pair.call_other(words), switches.shows_presence);
            view! { <SwitchesPanel pair switches/><PresencePanel pair other is_on/><PairPanels settings/> }.into_any()
        }
    };
    view! {
        <SiteHeader pair=Some(pair) shows=Shows::Settings/>
        <main id="main" class="page page-settings">
            <Top/>
            {panels}
            <Account found/>
        </main>
        <Tabs pair current=Tab::Settings/>
    }
}

#[component]
fn PairPanels(settings: PairSettingsView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let (pair, me) = (settings.pair.id, settings.pair.me.clone());
    let hidden = move || view! { <input type="hidden" name="pair" value=pair.to_string()/> };
    let now_at = text::fill(words.next_question_at, &[("time", &text::time(locale, settings.pair.push_time))]);
    let typed = use_refused(ChangePushTime::VERB);
    let time = typed
        .as_ref()
        .map_or_else(|| settings.pair.push_time.to_string(), |refused| refused.field("push_time").to_owned());
    let relation = use_refused(ChangeRelation::VERB);
    let relation_field = |name: &str, otherwise: &str| {
        relation.as_ref().map_or_else(|| otherwise.to_owned(), |refused| refused.field(name).to_owned())
    };
    let choice = relation_field("relation", me.relation.choice());
    let word = relation_field("relation_word", me.relation.free_word());
    let (zone, zones) = (settings.pair.zone.clone(), settings.zone_choices.clone());
    let other_error =
        use_sentence(ChangePushTime::VERB, &[ApiError::PairClosed, ApiError::Unavailable, ApiError::Broken]);
    view! {
        <section class="panel">
            <h2>{words.push_time_panel}</h2>
            <p class="lead">{now_at}</p>
            <Form verb=ChangePushTime::VERB class="form">
                {hidden()}
                <TextField name="push_time" label=words.push_time_label kind="time" value=time
                    error=use_sentence(ChangePushTime::VERB, &[ApiError::TimeInvalid])/>
                <ZoneField
                    id="pair-zone"
                    label=words.zone_label
                    value=zone
                    zones
                    error=use_sentence(ChangePushTime::VERB, &[ApiError::ZoneInvalid])
                />
                <FieldError id="push-time-form-error" sentence=other_error/>
                <Save verb=ChangePushTime::VERB/>
            </Form>
        </section>
        <section class="panel">
            <h2>{words.relation_panel}</h2>
            <Form verb=ChangeRelation::VERB class="form">
                {hidden()}
                <RelationChoices role=me.role name="relation" legend=words.relation_legend chosen=choice/>
                <div class="if-other"><RelationWord value=word error=use_sentence(ChangeRelation::VERB, &[])/></div>
                <Save verb=ChangeRelation::VERB/>
            </Form>
        </section>
        <PausePanel settings/>
        <section class="panel">
            <h2>{words.leave_panel}</h2>
            <details class="drawer" open=use_refused(LeavePair::VERB).is_some()>
                <summary>{words.leave_button}</summary>
                <p>{words.leave_lead}</p>
                <Form verb=LeavePair::VERB class="form">
                    {hidden()}
                    <label class="check">
                        <input type="checkbox" name="confirmed" value="yes"/><span>{words.leave_confirm}</span>
                    </label>
                    <FieldError id="leave-error" sentence=use_sentence(LeavePair::VERB, &[])/>
                    <div class="actions"><button class="button danger" type="submit">{words.leave_button}</button></div>
                </Form>
            </details>
        </section>
    }
}

#[component]
fn PausePanel(settings: PairSettingsView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let pair = settings.pair.id;
    let body = match settings.pair.paused_until {
        Some(until) => view! {
            <p class="notice">{text::fill(words.paused_title, &[("date", &text::date(locale, until))])}</p>
            <Form verb=ResumePair::VERB class="form">
                <input type="hidden" name="pair" value=pair.to_string()/>
                <FieldError id="resume-error" sentence=use_sentence(ResumePair::VERB, &[])/>
                <div class="actions"><button class="button ghost" type="submit">{words.resume_button}</button></div>
            </Form>
        }
        .into_any(),
        None => {
            let tomorrow = settings.today.plus_days(1);
            let typed = use_refused(PausePair::VERB)
                .map_or_else(|| tomorrow.plus_days(6).to_string(), |refused| refused.field("until").to_owned());
            view! {
                <p>{words.pause_lead}</p>
                <Form verb=PausePair::VERB class="form">
                    <input type="hidden" name="pair" value=pair.to_string()/>
                    <TextField name="until" label=words.pause_until_label kind="date" value=typed
                        min=Some(tomorrow.to_string()) error=use_sentence(PausePair::VERB, &[])/>
                    <div class="actions"><button class="button ghost" type="submit">{words.pause_button}</button></div>
                </Form>
            }
            .into_any()
        }
    };
    view! { <section class="panel"><h2>{words.pause_panel}</h2>{body}</section> }
}

#[component]
fn Account(found: Found) -> impl IntoView {
    let ((account, quiet), words) = (found, use_page_words());
    let back = use_location().pathname.get_untracked();
    let back_of_name = back.clone();
    let typed_name =
        use_refused(ChangeName::VERB).map_or_else(|| account.name.clone(), |refused| refused.field("name").to_owned());
    view! {
        <section class="panel">
            <h2>{words.name_panel}</h2>
            <Form verb=ChangeName::VERB class="form">
                <input type="hidden" name="back" value=back_of_name/>
                <TextField name="name" label=words.name_label hint=words.name_hint value=typed_name
                    autocomplete="nickname" error=use_sentence(ChangeName::VERB, &[])/>
                <Save verb=ChangeName::VERB/>
            </Form>
        </section>
        <DisplayPanel locale=account.locale text_size=account.text_size zone=account.zone zones=account.zone_choices
            back=back.clone()/>
        <QuietPanel settings=quiet back=back.clone()/>
        <AnnouncementsPanel is_on=quiet.announcements back=back.clone()/>
        <SessionsPanel sessions=account.sessions back=back.clone()/>
        <HandOverPanel/>
        <LeadOut/>
        <RecoveryPanel earlier=account.earlier_code back=back.clone()/>
        <PairsPanel pairs=account.pairs/>
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
            <p class="hint"><a href=paths::delete_account()>{words.delete_title}</a></p>
            <p class="hint">
                <a href=paths::terms()>{words.terms}</a> " · " <a href=paths::privacy()>{words.privacy}</a>
            </p>
        </section>
    }
}

#[component]
fn DisplayPanel(
    locale: Locale,
    text_size: TextSize,
    zone: String,
    zones: Vec<ZoneChoice>,
    back: String,
) -> impl IntoView {
    let words = use_page_words();
    let radio = |name: &'static str, value: &'static str, label: &'static str, is_chosen: bool| {
        view! {
            <label class="choice">
                <input type="radio" name=name value=value checked=is_chosen/><span>{label}</span>
            </label>
        }
    };
    let sizes = TextSize::ALL
        .into_iter()
        .map(|size| radio("text_size", size.word(), text::text_size(words, size), size == text_size))
        .collect_view();
    view! {
        <section class="panel">
            <h2>{words.display_panel}</h2>
            <Form verb=ChangeDisplay::VERB class="form">
                <input type="hidden" name="back" value=back/>
                <fieldset class="choices"><legend>{words.text_size_legend}</legend>{sizes}</fieldset>
                <fieldset class="choices">
                    <legend>{words.locale_legend}</legend>
                    {radio("locale", "ko", "한국어", locale == Locale::Ko)}
                    {radio("locale", "en", "English", locale == Locale::En)}
                </fieldset>
                <ZoneField id="own-zone" label=words.own_zone_label value=zone zones
                    error=use_sentence(ChangeDisplay::VERB, &[])/>
                <Save verb=ChangeDisplay::VERB/>
            </Form>
        </section>
    }
}

#[component]
fn PairsPanel(pairs: Vec<PairLink>) -> impl IntoView {
    let words = use_page_words();
    let item = |link: &PairLink| {
        let title = view! { <span class="topic">{pair_title(words, link)}</span> };
        view! { <li><a class="card-link" href=paths::today(link.id)>{title}</a></li> }
    };
    let links = pairs.iter().map(item).collect_view();
    view! {
        <section class="panel">
            <h2>{words.pairs_panel}</h2>
            <ul class="card-list">{links}</ul>
            <div class="actions"><a class="button ghost" href=paths::start()>{words.new_pair}</a></div>
        </section>
    }
}
