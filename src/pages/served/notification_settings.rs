//! The settings for notifications: the switches of a pair, quiet hours, the lock screen, and announcements.

use leptos::prelude::*;

use super::{Save, fold::Fold};
use crate::{
    api::{ApiError, ChangeAnnouncements, ChangePresence, ChangeQuietHours, ChangeSwitches},
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::{FieldError, TextField},
        form::Form,
    },
    domain::{Channel, PairId, PushTime, QuietHours},
    paths::HasVerb,
    reads::{QuietView, SwitchesView},
    text::{self, PageWords},
};

fn check(name: &'static str, label: &'static str, is_on: bool) -> impl IntoView {
    view! {
        <label class="check"><input type="checkbox" name=name value="yes" checked=is_on/><span>{label}</span></label>
    }
}

fn on_or_off(words: &PageWords, is_on: bool) -> String {
    if is_on { words.is_on } else { words.is_off }.to_owned()
}

/// The switches for the notifications of a pair.
#[component]
pub fn SwitchesPanel(pair: PairId, switches: SwitchesView) -> impl IntoView {
    let words = use_page_words();
    let label = |channel: Channel| match channel {
        Channel::Question => words.switch_question,
        Channel::Answer => words.switch_answer,
        Channel::Reminder => words.switch_reminder,
        Channel::Nudge => words.switch_nudge,
        Channel::News => words.switch_news,
        Channel::Announcement => words.announcements_on,
    };
    let on = switches.channels.iter().filter(|(_, is_on)| *is_on).count();
    let value = if on == switches.channels.len() {
        words.switches_all_on.to_owned()
    } else {
        text::fill(words.switches_some_on, &[("count", &on.to_string())])
    };
    let channels = switches
        .channels
        .into_iter()
        .map(|(channel, is_on)| check(channel.word(), label(channel), is_on))
        .collect_view();
    view! {
        <Fold title=words.switches_panel.to_owned() value verbs=vec![ChangeSwitches::VERB]>
            <p class="hint">{words.switches_hint}</p>
            <Form verb=ChangeSwitches::VERB class="form">
                <input type="hidden" name="pair" value=pair.to_string()/>
                {channels}
                {check("question_in_quiet", words.switch_quiet, switches.question_in_quiet)}
                <FieldError id="switches-error" sentence=use_sentence(ChangeSwitches::VERB, &[])/>
                <Save verb=ChangeSwitches::VERB/>
            </Form>
        </Fold>
    }
}

/// The switch for presence in a pair.
#[component]
pub fn PresencePanel(pair: PairId, other: String, is_on: bool) -> impl IntoView {
    let words = use_page_words();
    view! {
        <Fold title=words.presence_panel.to_owned() value=on_or_off(words, is_on) verbs=vec![ChangePresence::VERB]>
            <p class="hint">{text::fill(words.presence_hint, &[("other", &other)])}</p>
            <Form verb=ChangePresence::VERB class="form">
                <input type="hidden" name="pair" value=pair.to_string()/>
                {check("shows_presence", words.presence_on, is_on)}
                <FieldError id="presence-error" sentence=use_sentence(ChangePresence::VERB, &[])/>
                <Save verb=ChangePresence::VERB/>
            </Form>
        </Fold>
    }
}

/// The quiet hours, and what a lock screen may show.
#[component]
pub fn QuietPanel(settings: QuietView, back: String) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let refused = use_refused(ChangeQuietHours::VERB);
    let hours = settings.quiet.unwrap_or(QuietHours::DEFAULT);
    let at = |minute: i64| PushTime::from_minute(minute).unwrap_or_default().to_string();
    let time = |minute: i64| text::time(locale, PushTime::from_minute(minute).unwrap_or_default());
    let value = settings.quiet.map_or_else(
        || words.is_off.to_owned(),
        |quiet| {
            let (from, to) = (time(quiet.from_minute()), time(quiet.to_minute()));
            text::fill(words.quiet_between, &[("from", &from), ("to", &to)])
        },
    );
    let is_on = refused.as_ref().map_or(settings.quiet.is_some(), |refused| refused.field("quiet") == "yes");
    let hides = refused.as_ref().map_or(settings.hides_details, |refused| refused.field("hides_details") == "yes");
    let typed =
        move |name: &str, stored: String| refused.as_ref().map_or(stored, |refused| refused.field(name).to_owned());
    view! {
        <Fold title=words.quiet_panel.to_owned() value verbs=vec![ChangeQuietHours::VERB]>
            <p class="hint">{words.quiet_lead}</p>
            <Form verb=ChangeQuietHours::VERB class="form">
                <input type="hidden" name="back" value=back/>
                {check("quiet", words.quiet_on, is_on)}
                <TextField name="quiet_from" label=words.quiet_from_label kind="time"
                    value=typed("quiet_from", at(hours.from_minute()))
                    error=use_sentence(ChangeQuietHours::VERB, &[ApiError::TimeInvalid])/>
                <TextField name="quiet_to" label=words.quiet_to_label kind="time"
                    value=typed("quiet_to", at(hours.to_minute()))/>
                {check("hides_details", words.hides_details, hides)}
                <FieldError id="quiet-error" sentence=use_sentence(ChangeQuietHours::VERB,
                    &[ApiError::QuietTooLong, ApiError::Unavailable, ApiError::Broken])/>
                <Save verb=ChangeQuietHours::VERB/>
            </Form>
        </Fold>
    }
}

/// The switch for the operator's announcements.
#[component]
pub fn AnnouncementsPanel(is_on: bool, back: String) -> impl IntoView {
    let words = use_page_words();
    view! {
        <Fold title=words.announcements_panel.to_owned() value=on_or_off(words, is_on)
            verbs=vec![ChangeAnnouncements::VERB]>
            <p class="hint">{words.announcements_hint}</p>
            <Form verb=ChangeAnnouncements::VERB class="form">
                <input type="hidden" name="back" value=back/>
                {check("announcements", words.announcements_on, is_on)}
                <FieldError id="announcements-error" sentence=use_sentence(ChangeAnnouncements::VERB, &[])/>
                <Save verb=ChangeAnnouncements::VERB/>
            </Form>
        </Fold>
    }
}
