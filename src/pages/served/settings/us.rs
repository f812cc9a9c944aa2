//! The settings of a pair: push time, relation, presence, pauses, the return of a seat, leaving, and the list of all
//! pairs.

use leptos::prelude::*;

use super::{
    super::{
        Save,
        fold::{Fold, Way},
        loaded,
        notification_settings::PresencePanel,
        seat_return::ReturnNotice,
    },
    Frame, asked_pair,
};
use crate::{
    api::{ApiError, ChangePushTime, ChangeRelation, LeavePair, PairLink, PausePair, ResumePair},
    components::{
        context::{use_locale, use_page_words, use_refused, use_sentence},
        fields::{FieldError, RelationChoices, RelationWord, TextField, ZoneField},
        form::Form,
        site_header::pair_title,
    },
    domain::{PairId, PairPhase},
    paths::{self, HasVerb},
    reads::{self, PairSettingsView, ReturnView, SwitchesView},
    text,
};

#[component]
pub fn UsPage() -> impl IntoView {
    let found = async move {
        let pair = asked_pair()?;
        let of_pair = match pair {
            Some(pair) => {
                let waiting = reads::seat_return(pair).await?;
                Some((reads::pair_settings(pair).await?, reads::pair_switches(pair).await?.0, waiting))
            }
            None => None,
        };
        Ok((of_pair, reads::own_pairs().await?))
    };
    loaded(found, |(of_pair, pairs)| view! { <Us of_pair pairs/> }.into_any())
}

#[component]
fn Us(of_pair: Option<(PairSettingsView, SwitchesView, Option<ReturnView>)>, pairs: Vec<PairLink>) -> impl IntoView {
    let words = use_page_words();
    let pair = of_pair.as_ref().map(|(settings, ..)| settings.pair.id);
    let panels = of_pair.map(|(settings, switches, waiting)| match settings.pair.phase {
        PairPhase::Closed => view! {
            <p class="notice">{words.closed_title}</p>
            <PairsPanel pairs=pairs.clone()/>
        }
        .into_any(),
        PairPhase::Alone | PairPhase::Together => {
            let (id, other, is_on) = (settings.pair.id, settings.pair.call_other(words), switches.shows_presence);
            let back = (settings.pair.phase == PairPhase::Together && waiting.is_none()).then(|| {
                let title = text::fill(words.return_panel, &[("other", &other)]);
                view! { <Way title hint=words.return_panel_button href=paths::seat_return(id)/> }
            });
            view! {
                {waiting.map(|waiting| view! { <ReturnNotice waiting/> })}
                <div class="folds">
                    <PairPanels settings/>
                    <PresencePanel pair=id other is_on/>
                    <PairsFold pairs=pairs.clone()/>
                    {back}
                    <LeavePanel pair=id/>
                </div>
            }
            .into_any()
        }
    });
    view! {
        <Frame pair title=words.place_us>
            {panels.unwrap_or_else(|| view! { <PairsPanel pairs/> }.into_any())}
        </Frame>
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
    let called = text::relation(words, &me.relation).to_owned();
    view! {
        <Fold title=words.push_time_panel.to_owned() value=now_at verbs=vec![ChangePushTime::VERB]>
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
        </Fold>
        <Fold title=words.relation_panel.to_owned() value=called verbs=vec![ChangeRelation::VERB]>
            <Form verb=ChangeRelation::VERB class="form">
                {hidden()}
                <RelationChoices role=me.role name="relation" legend=words.relation_legend chosen=choice/>
                <div class="if-other"><RelationWord value=word error=use_sentence(ChangeRelation::VERB, &[])/></div>
                <Save verb=ChangeRelation::VERB/>
            </Form>
        </Fold>
        <PausePanel settings/>
    }
}

#[component]
fn PausePanel(settings: PairSettingsView) -> impl IntoView {
    let (locale, words) = (use_locale(), use_page_words());
    let pair = settings.pair.id;
    let until = settings.pair.paused_until;
    let value = until.map_or_else(
        || words.pause_never.to_owned(),
        |until| text::fill(words.paused_title, &[("date", &text::date(locale, until))]),
    );
    let body = match until {
        Some(_) => view! {
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
    view! {
        <Fold title=words.pause_panel.to_owned() value verbs=vec![PausePair::VERB, ResumePair::VERB]
            is_urgent=until.is_some()>
            {body}
        </Fold>
    }
}

#[component]
fn LeavePanel(pair: PairId) -> impl IntoView {
    let words = use_page_words();
    view! {
        <Fold title=words.leave_panel.to_owned() verbs=vec![LeavePair::VERB]>
            <p>{words.leave_lead}</p>
            <Form verb=LeavePair::VERB class="form">
                <input type="hidden" name="pair" value=pair.to_string()/>
                <label class="check">
                    <input type="checkbox" name="confirmed" value="yes"/><span>{words.leave_confirm}</span>
                </label>
                <FieldError id="leave-error" sentence=use_sentence(LeavePair::VERB, &[])/>
                <div class="actions"><button class="button danger" type="submit">{words.leave_button}</button></div>
            </Form>
        </Fold>
    }
}

#[component]
fn PairsFold(pairs: Vec<PairLink>) -> impl IntoView {
    let words = use_page_words();
    let titles = pairs.iter().map(|link| pair_title(words, link)).collect::<Vec<_>>();
    view! {
        <Fold title=words.pairs_panel.to_owned() value=titles.join(", ") verbs=Vec::new()><PairList pairs/></Fold>
    }
}

#[component]
fn PairsPanel(pairs: Vec<PairLink>) -> impl IntoView {
    view! { <section class="panel"><h2>{use_page_words().pairs_panel}</h2><PairList pairs/></section> }
}

#[component]
fn PairList(pairs: Vec<PairLink>) -> impl IntoView {
    let words = use_page_words();
    let item = |link: &PairLink| {
        let title = view! { <span class="topic">{pair_title(words, link)}</span> };
        view! { <li><a class="card-link" href=paths::today(link.id)>{title}</a></li> }
    };
    let links = pairs.iter().map(item).collect_view();
    view! {
        <ul class="card-list">{links}</ul>
        <div class="actions"><a class="button ghost" href=paths::start()>{words.new_pair}</a></div>
    }
}
