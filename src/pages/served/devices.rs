//! The person's devices: what each device was sent, a test notification, and when today's question was sent and shown.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{hand_over::HandOverPanel, loaded};
use crate::{
    api::{DrawDevice, MemberView, RemoveDevice, RenameDevice, Shell, TestDevice},
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::FieldError,
        form::Form,
        install_cards::InstallCards,
        live_page::Shows,
        push_cards::PushCards,
        site_header::SiteHeader,
        tab_notices::HiddenNotices,
    },
    domain::Locale,
    paths::{self, HasVerb},
    reads::{self, DeviceView, DevicesView, MomentView, Reached, ShellState, TestView, WayView},
    text,
};

/// `/devices`
#[component]
pub fn DevicesPage() -> impl IntoView {
    loaded(reads::devices(), |devices| view! { <Devices devices/> }.into_any())
}

#[component]
fn Devices(devices: DevicesView) -> impl IntoView {
    let words = use_page_words();
    let list = if devices.devices.is_empty() {
        view! { <p>{words.devices_none}</p> }.into_any()
    } else {
        let rows = devices.devices.into_iter().map(|device| view! { <DeviceRow device/> }).collect_view();
        view! { <ul class="rows">{rows}</ul> }.into_any()
    };
    let others = devices
        .others
        .into_iter()
        .map(|(other, reached)| view! { <li class="row">{reached_line(&other, reached)}</li> })
        .collect_view();
    let has_others = !others.is_empty();
    view! {
        <Title text=words.devices_title/>
        <SiteHeader shows=Shows::Devices/>
        <main id="main" class="page page-devices">
            <HiddenNotices/>
            <h1>{words.devices_title}</h1>
            <p class="lead">{words.devices_lead}</p>
            {devices.shell.map(|(shell, state)| view! { <ShellCard shell state/> })}
            <PushCards/>
            <InstallCards/>
            <section class="panel">
                <h2>{words.devices_title}</h2>
                {[TestDevice::VERB, DrawDevice::VERB, RenameDevice::VERB, RemoveDevice::VERB].map(|act| view! {
                    <FieldError id=format!("{}-error", act.name()) sentence=use_sentence(act, &[])/>
                })}
                {list}
            </section>
            <section class="panel">
                <h2>{words.day_panel}</h2>
                <Day ways=devices.ways/>
            </section>
            {has_others.then(|| view! {
                <section class="panel"><h2>{words.other_panel}</h2><ul class="rows">{others}</ul></section>
            })}
            <HandOverPanel/>
            <p class="actions">
                <a class="button quiet" href=paths::SHORTCUT_TODAY>{words.go_back_today}</a>
                <a class="button quiet" href=paths::inbox()>{words.inbox_title}</a>
            </p>
        </main>
    }
}

/// In a native shell: whether the app gets the notifications, and what to do if it does not.
#[component]
fn ShellCard(shell: Shell, state: ShellState) -> impl IntoView {
    let words = use_page_words();
    match state {
        ShellState::Registered => view! {
            <aside class="notice warm">
                <p><b>{words.shell_on_title}</b></p>
                <p>{words.shell_on_lead}</p>
            </aside>
        }
        .into_any(),
        ShellState::Disabled => view! {
            <aside class="notice push-card">
                <h2>{words.shell_off_title}</h2>
                <p>{words.err_provider_disabled}</p>
            </aside>
        }
        .into_any(),
        ShellState::NotRegistered => {
            let allow = match shell {
                Shell::Android => words.shell_allow_android,
                Shell::Apple => words.shell_allow_iphone,
            };
            view! {
                <aside class="notice push-card">
                    <h2>{words.shell_off_title}</h2>
                    <p>{words.shell_off_lead}</p>
                    <ol class="by-device"><li>{allow}</li><li>{words.shell_open_again}</li></ol>
                </aside>
            }
            .into_any()
        }
    }
}

fn moment(locale: Locale, template: &str, moment: &MomentView) -> String {
    let time = format!("{} {}", text::date(locale, moment.date), moment.clock);
    text::fill(template, &[("time", &time)])
}

#[component]
fn DeviceRow(device: DeviceView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let lines: Vec<String> = [
        (words.device_accepted, &device.accepted),
        (words.device_shown, &device.shown),
        (words.device_opened, &device.opened),
    ]
    .into_iter()
    .filter_map(|(template, at)| at.as_ref().map(|at| moment(locale, template, at)))
    .collect();
    let lines = if lines.is_empty() { vec![words.device_never.to_owned()] } else { lines };
    let test = device.test.map(|test| match test {
        TestView::Made => words.test_made.to_owned(),
        TestView::Accepted(time) => text::fill(words.test_accepted, &[("time", &time)]),
        TestView::Shown(time) => text::fill(words.test_shown, &[("time", &time)]),
        TestView::Failed => words.test_failed.to_owned(),
    });
    let hidden = move || view! { <input type="hidden" name="device" value=device.id.to_string()/> };
    let field = format!("name-{}", device.id);
    let typed = use_refused(RenameDevice::VERB).filter(|refused| refused.field("device") == device.id.to_string());
    let is_open = typed.is_some();
    let more = if device.is_drawn_by_system.is_some() { words.device_more_shell } else { words.device_more };
    let drawing = device.is_drawn_by_system.map(|is_on| {
        view! {
            <Form verb=DrawDevice::VERB class="form">
                {hidden()}
                <label class="check">
                    <input type="checkbox" name="by_system" value="true" checked=is_on/>
                    <span>{words.device_drawn}</span>
                </label>
                <p class="hint">{words.device_drawn_hint}</p>
                <div class="actions">
                    <button class="button ghost" type="submit">{words.save_button}</button>
                </div>
            </Form>
        }
    });
    let name = typed.map_or_else(|| device.name.clone(), |refused| refused.field("name").to_owned());
    view! {
        <li class="row device">
            <div class="device-lines">
                <b>{device.name}</b>
                {device.is_this.then(|| view! { <span class="new-mark">{words.device_this}</span> })}
                {lines.into_iter().map(|line| view! { <span class="hint">{line}</span> }).collect_view()}
                {test.map(|line| view! { <span class="notice warm" role="status">{line}</span> })}
            </div>
            <Form verb=TestDevice::VERB>
                {hidden()}
                <button class="button" type="submit">{words.device_test_button}</button>
            </Form>
            <details class="drawer" open=is_open>
                <summary>{more}</summary>
                {drawing}
                <Form verb=RenameDevice::VERB class="form">
                    {hidden()}
                    <div class="field">
                        <label for=field.clone()>{words.device_name_label}</label>
                        <input id=field name="name" value=name autocomplete="off"/>
                    </div>
                    <div class="actions">
                        <button class="button ghost" type="submit">{words.device_name_button}</button>
                    </div>
                </Form>
                <Form verb=RemoveDevice::VERB class="form">
                    {hidden()}
                    <div class="actions">
                        <button class="button ghost" type="submit">{words.device_remove_button}</button>
                    </div>
                </Form>
            </details>
        </li>
    }
}

/// One row per `WayView`, such as "열림 21:00:00 · 보냄 21:00:07 · 거실 태블릿에 보임 21:00:09".
#[component]
fn Day(ways: Vec<WayView>) -> impl IntoView {
    let words = use_page_words();
    if ways.is_empty() {
        return view! { <p>{words.day_none}</p> }.into_any();
    }
    let rows = ways.into_iter().map(|way| {
        let mut parts = vec![text::fill(words.day_opened, &[("time", &way.opened)])];
        parts.extend(way.sent.iter().map(|time| text::fill(words.day_sent, &[("time", time)])));
        parts.extend(
            way.shown.iter().map(|(device, time)| text::fill(words.day_shown, &[("device", device), ("time", time)])),
        );
        view! { <li class="row">{parts.join(" · ")}</li> }
    });
    view! { <ul class="rows">{rows.collect_view()}</ul> }.into_any()
}

fn reached_line(other: &MemberView, reached: Reached) -> String {
    let words = use_page_words();
    let template = match reached {
        Reached::Delivered => words.other_delivered,
        Reached::SwitchedOff => words.other_off,
        Reached::NotYet => words.other_not_yet,
    };
    text::fill(template, &[("other", &other.call(words))])
}
