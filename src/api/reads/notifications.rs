//! Reads of the inbox and of the notification settings of a person.

use crate::{
    api::ApiError,
    domain::{
        Channel, LocalDate, NotificationId, NotificationKind, PROOF_REQUEST_LIFE_MS, PairId, PushTime, QuietHours,
        Wordings,
    },
    request,
    server::{
        push::payload::{self, Notice, NoticePair},
        services::{ServiceError, devices, inbox, reading},
        storage::notifications::Preferences,
    },
};

/// An entry of the inbox, with its text in the person's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    pub id: NotificationId,
    pub title: String,
    pub body: String,
    /// The path of the page that the entry links to.
    pub path: String,
    /// The date of the entry in the person's own zone.
    pub date: LocalDate,
    pub time: PushTime,
    pub is_read: bool,
    /// The device of a request that nobody can answer any more.
    pub over: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxView {
    pub as_of: i64,
    pub entries: Vec<EntryView>,
    pub unread: i64,
}

/// The notification settings of a person for one pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SwitchesView {
    /// Every channel of a pair and whether it is on.
    pub channels: Vec<(Channel, bool)>,
    /// Whether a question that opens on time is also notified in the quiet hours.
    pub question_in_quiet: bool,
    /// Whether this member has left presence on. The members see each other only if both have.
    pub shows_presence: bool,
}

/// The notification settings of a person for all pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietView {
    pub quiet: Option<QuietHours>,
    pub hides_details: bool,
    /// Whether the operator's announcements are pushed.
    pub announcements: bool,
}

/// Reads the person's inbox, newest first.
pub async fn inbox() -> Result<InboxView, ApiError> {
    let request = request::current().await?;
    let found = inbox::read(&request.state, &request.reader()).await?;
    let zone = devices::zone_of(&request.person);
    let now = request.state.clock.now();
    let entries = found.entries.into_iter().map(|entry| {
        let pair = entry.pair.and_then(|id| found.pairs.get(&id));
        let role = pair.and_then(|pair| pair.role_of(request.person.id));
        let wordings: Option<Wordings> = entry.wordings.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let notice = Notice {
            kind: entry.kind,
            locale: request.person.locale,
            pair: pair.zip(role).map(|(pair, role)| NoticePair {
                id: pair.id,
                role,
                other: pair.seat(role.other()).map(|member| (&member.relation, member.name.as_str())),
            }),
            wordings: wordings.as_ref(),
            detail: &entry.detail,
            waiting: &[],
        };
        let (title, body) = payload::say(&notice);
        let is_over = entry.kind == NotificationKind::ProofAsked && now.since(entry.at) >= PROOF_REQUEST_LIFE_MS;
        let card = entry.daily_question.filter(|_| entry.is_complete);
        let path = payload::path(entry.kind, entry.pair, card);
        let time = PushTime::from_minute(zone.minute(entry.at)).unwrap_or_default();
        EntryView {
            id: entry.id,
            title,
            body,
            path,
            date: zone.date(entry.at),
            time,
            is_read: entry.is_read,
            over: is_over.then_some(entry.detail),
        }
    });
    let entries: Vec<EntryView> = entries.collect();
    let unread = entries.iter().filter(|entry| !entry.is_read).count() as i64;
    Ok(InboxView { as_of: found.as_of, entries, unread })
}

/// Reads the person's notification settings for one pair and for all.
pub async fn pair_switches(pair: PairId) -> Result<(SwitchesView, QuietView), ApiError> {
    let request = request::current().await?;
    let (found, ..) = reading::pair(&request.state, &request.reader(), pair).await?;
    let (general, preferences) = inbox::preferences(&request.state, &request.person, Some(pair)).await?;
    let preferences = preferences.ok_or(ServiceError::NotFound)?;
    let switches = SwitchesView {
        channels: Channel::OF_PAIR.into_iter().map(|channel| (channel, !preferences.muted.holds(channel))).collect(),
        question_in_quiet: preferences.question_in_quiet.unwrap_or(preferences.zone == found.zone),
        shows_presence: preferences.shows_presence.unwrap_or(false),
    };
    Ok((switches, quiet_view(&general)))
}

/// Reads the person's notification settings for all pairs.
pub async fn quiet_settings() -> Result<QuietView, ApiError> {
    let request = request::current().await?;
    let (general, _) = inbox::preferences(&request.state, &request.person, None).await?;
    Ok(quiet_view(&general))
}

fn quiet_view(general: &Preferences) -> QuietView {
    let announcements = !general.muted.holds(Channel::Announcement);
    QuietView { quiet: general.quiet, hides_details: general.hides_details, announcements }
}
