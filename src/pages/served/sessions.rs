//! The settings panel for the person's sessions, which lists and ends them.

use leptos::prelude::*;

use super::{Saved, fold::Fold};
use crate::{
    api::{EndOtherSessions, EndSession},
    components::{
        context::{use_locale, use_page_words, use_sentence},
        fields::FieldError,
        form::Form,
        live_page::TransportLine,
    },
    paths::HasVerb,
    reads::SessionView,
    text,
};

#[component]
pub(super) fn SessionsPanel(sessions: Vec<SessionView>, back: String) -> impl IntoView {
    let words = use_page_words();
    let has_others = sessions.len() > 1;
    let value = if has_others {
        text::fill(words.sessions_many, &[("count", &sessions.len().to_string())])
    } else {
        words.sessions_only_this.to_owned()
    };
    let sessions = sessions.into_iter().map(|session| view! { <SessionRow session back=back.clone()/> }).collect_view();
    view! {
        <Fold title=words.sessions_panel.to_owned() value verbs=vec![EndSession::VERB, EndOtherSessions::VERB]>
            <FieldError id="session-error" sentence=use_sentence(EndSession::VERB, &[])/>
            <Saved verb=EndSession::VERB/>
            <FieldError id="sessions-error" sentence=use_sentence(EndOtherSessions::VERB, &[])/>
            <ul class="rows">{sessions}</ul>
            {has_others.then(|| view! {
                <Form verb=EndOtherSessions::VERB class="form">
                    <input type="hidden" name="back" value=back/>
                    <div class="actions">
                        <button class="button ghost" type="submit">{words.sessions_end_others}</button>
                    </div>
                </Form>
            })}
            <TransportLine sentences=[words.road_sse, words.road_poll, words.road_tab].map(str::to_owned).to_vec()/>
        </Fold>
    }
}

#[component]
fn SessionRow(session: SessionView, back: String) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let used = text::fill(words.session_used, &[("date", &text::date(locale, session.last_used))]);
    let end = (!session.is_this).then(|| {
        view! {
            <Form verb=EndSession::VERB>
                <input type="hidden" name="session" value=session.id.to_string()/>
                <input type="hidden" name="back" value=back/>
                <button class="button ghost" type="submit">{words.session_end_button}</button>
            </Form>
        }
    });
    let line = if session.is_this { format!("{} · {used}", words.session_this) } else { used };
    view! {
        <li class="row">
            <div><b>{text::device(locale, &session.device)}</b> <span>{line}</span></div>
            {end}
        </li>
    }
}
