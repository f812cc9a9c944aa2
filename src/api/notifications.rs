//! The inbox, the switches, and nudging.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::{Channel, DailyQuestionId, LocalDate, NotificationId, PairId, PushTime, QuietHours};

/// An entry of the inbox, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    pub id: NotificationId,
    pub title: String,
    pub body: String,
    /// Where it leads.
    pub path: String,
    /// In the person's own zone.
    pub date: LocalDate,
    pub time: PushTime,
    pub is_read: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxView {
    pub as_of: i64,
    pub entries: Vec<EntryView>,
    pub unread: i64,
}

/// How the person wants to be told things about a pair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchesView {
    /// Every channel and whether it is on.
    pub channels: Vec<(Channel, bool)>,
    /// Whether an on-time question may break the quiet hours.
    pub question_in_quiet: bool,
    /// Whether the members see one another here, as far as this one goes.
    pub shows_presence: bool,
}

/// How the person wants to be told anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuietView {
    pub quiet: Option<QuietHours>,
    pub hides_details: bool,
}

/// The person's inbox, newest first.
#[server(endpoint = "inbox")]
pub async fn inbox() -> Result<InboxView, ApiError> {
    use crate::{
        domain::Wordings,
        request,
        server::{
            push::payload::{self, Told, ToldPair},
            services::{devices, inbox},
        },
    };

    let request = request::current().await?;
    let found = inbox::read(&request.state, &request.person).await?;
    let zone = devices::zone_of(&request.person);
    let entries = found.entries.into_iter().map(|entry| {
        let pair = entry.pair.and_then(|id| found.pairs.get(&id));
        let role = pair.and_then(|pair| pair.role_of(request.person.id));
        let wordings: Option<Wordings> = entry.wordings.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let told = Told {
            kind: entry.kind,
            locale: request.person.locale,
            pair: pair.zip(role).map(|(pair, role)| ToldPair {
                id: pair.id,
                role,
                other: pair.seat(role.other()).map(|member| (&member.relation, member.name.as_str())),
            }),
            wordings: wordings.as_ref(),
            detail: &entry.detail,
            waiting: &[],
        };
        let (title, body) = payload::say(&told);
        let card = entry.daily_question.filter(|_| entry.is_complete);
        let path = payload::path(entry.kind, entry.pair, card);
        let time = PushTime::from_minute(zone.minute(entry.at)).unwrap_or_default();
        EntryView { id: entry.id, title, body, path, date: zone.date(entry.at), time, is_read: entry.is_read }
    });
    let entries: Vec<EntryView> = entries.collect();
    let unread = entries.iter().filter(|entry| !entry.is_read).count() as i64;
    Ok(InboxView { as_of: found.as_of, entries, unread })
}

/// Marks everything told up to the event `seq` as read.
#[server(endpoint = "read_inbox")]
pub async fn read_inbox(seq: i64) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::inbox};

    let request = request::current().await?;
    inbox::mark_read(&request.state, &request.person, seq).await?;
    request.redirect(paths::inbox());
    Ok(())
}

/// The page that shows the pair was looked at as the event `seq` came.
#[server(endpoint = "seen_live")]
pub async fn seen_live(seq: i64) -> Result<(), ApiError> {
    use crate::{request, server::services::inbox};

    let request = request::current().await?;
    inbox::seen_live(&request.state, &request.person, request.session, seq).await?;
    Ok(())
}

/// Asks the other to answer.
#[server(endpoint = "nudge")]
pub async fn nudge(daily_question: DailyQuestionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::nudges};

    let request = request::current().await?;
    let pair = nudges::nudge(&request.state, &request.person, daily_question).await?;
    request.redirect(paths::today(pair));
    Ok(())
}

/// The switches of a pair.
#[server(endpoint = "switches")]
pub async fn switches(pair: PairId) -> Result<SwitchesView, ApiError> {
    use crate::{
        request,
        server::services::{inbox, presence, reading},
    };

    let request = request::current().await?;
    let (_, found, ..) = reading::pair(&request.state, &request.person, pair).await?;
    let preferences = inbox::preferences(&request.state, &request.person, Some(pair)).await?;
    Ok(SwitchesView {
        channels: Channel::ALL.into_iter().map(|channel| (channel, !preferences.muted.holds(channel))).collect(),
        question_in_quiet: preferences.question_in_quiet.unwrap_or(preferences.zone == found.zone),
        shows_presence: presence::is_on(&request.state, &request.person, pair).await?,
    })
}

/// Changes the switches of a pair: a channel is on when its field is `yes`.
#[server(endpoint = "change_switches")]
pub async fn change_switches(
    pair: PairId,
    #[server(default)] question: String,
    #[server(default)] answer: String,
    #[server(default)] reminder: String,
    #[server(default)] nudge: String,
    #[server(default)] news: String,
    #[server(default)] question_in_quiet: String,
) -> Result<(), ApiError> {
    use crate::{domain::Muted, paths, request, server::services::inbox};

    let request = request::current().await?;
    let fields = [question, answer, reminder, nudge, news];
    let muted = Muted::new(
        Channel::ALL.into_iter().zip(fields).filter(|(_, field)| field != "yes").map(|(channel, _)| channel).collect(),
    );
    inbox::change_switches(&request.state, &request.person, pair, &muted, question_in_quiet == "yes").await?;
    request.redirect(paths::saved(&paths::settings(pair), "change_switches"));
    Ok(())
}

/// The person's quiet hours and lock screen.
#[server(endpoint = "quiet_settings")]
pub async fn quiet_settings() -> Result<QuietView, ApiError> {
    use crate::{request, server::services::inbox};

    let request = request::current().await?;
    let preferences = inbox::preferences(&request.state, &request.person, None).await?;
    Ok(QuietView { quiet: preferences.quiet, hides_details: preferences.hides_details })
}

/// Changes quiet hours and lock screen; times as `HH:MM`.
#[server(endpoint = "change_quiet_hours")]
pub async fn change_quiet_hours(
    #[server(default)] quiet: String,
    #[server(default)] quiet_from: String,
    #[server(default)] quiet_to: String,
    #[server(default)] hides_details: String,
    #[server(default)] back: String,
) -> Result<(), ApiError> {
    use crate::{
        request,
        server::services::{ServiceError, inbox},
    };

    let request = request::current().await?;
    let hours = if quiet == "yes" {
        let (from, to) = (PushTime::parse(&quiet_from)?, PushTime::parse(&quiet_to)?);
        Some(QuietHours::new(from.minute(), to.minute()).map_err(ServiceError::from)?)
    } else {
        None
    };
    inbox::change_quiet_hours(&request.state, &request.person, hours, hides_details == "yes").await?;
    request.redirect_back(&back, "change_quiet_hours");
    Ok(())
}
