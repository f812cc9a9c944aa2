//! Server functions for the inbox, the notification switches, and nudges.

use leptos::prelude::*;

use super::ApiError;
use crate::domain::{DailyQuestionId, PairId};

/// Marks all inbox entries up to the event `seq` as read.
#[server(endpoint = "read_inbox")]
pub async fn read_inbox(seq: i64) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::inbox};

    let request = request::current().await?;
    inbox::mark_read(&request.state, &request.person, seq).await?;
    request.redirect(paths::inbox());
    Ok(())
}

/// Records that a visible page in this browser showed the event `seq` when it arrived. The push for that event to this
/// browser is not sent.
#[server(endpoint = "seen_live")]
pub async fn seen_live(seq: i64) -> Result<(), ApiError> {
    use crate::{request, server::services::inbox};

    let request = request::current().await?;
    inbox::seen_live(&request.state, &request.person, request.session, seq).await?;
    Ok(())
}

/// Asks the other member to answer.
#[server(endpoint = "nudge")]
pub async fn nudge(daily_question: DailyQuestionId) -> Result<(), ApiError> {
    use crate::{paths, request, server::services::nudges};

    let request = request::current().await?;
    let pair = nudges::nudge(&request.state, &request.person, daily_question).await?;
    request.redirect(paths::today(pair));
    Ok(())
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
    use crate::{
        domain::{Channel, Muted},
        paths::{self, HasVerb},
        request,
        server::services::inbox,
    };

    let request = request::current().await?;
    let fields = [question, answer, reminder, nudge, news];
    let muted = Muted::new(
        Channel::OF_PAIR
            .into_iter()
            .zip(fields)
            .filter(|(_, field)| field != "yes")
            .map(|(channel, _)| channel)
            .collect(),
    );
    inbox::change_switches(&request.state, &request.person, pair, &muted, question_in_quiet == "yes").await?;
    request.redirect(paths::saved(&paths::place(Some(pair), paths::Place::Notifications), ChangeSwitches::VERB));
    Ok(())
}

/// Changes the quiet hours and whether the lock screen hides details. Times are `HH:MM`.
#[server(endpoint = "change_quiet_hours")]
pub async fn change_quiet_hours(
    #[server(default)] quiet: String,
    #[server(default)] quiet_from: String,
    #[server(default)] quiet_to: String,
    #[server(default)] hides_details: String,
    #[server(default)] back: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::{PushTime, QuietHours},
        paths::HasVerb,
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
    request.redirect_back(&back, ChangeQuietHours::VERB);
    Ok(())
}

/// Switches the operator's announcements on or off for the person: on when `announcements` is `yes`.
#[server(endpoint = "change_announcements")]
pub async fn change_announcements(
    #[server(default)] announcements: String,
    #[server(default)] back: String,
) -> Result<(), ApiError> {
    use crate::{
        domain::{Channel, Muted},
        paths::HasVerb,
        request,
        server::services::inbox,
    };

    let request = request::current().await?;
    let muted = if announcements == "yes" { Muted::default() } else { Muted::new(vec![Channel::Announcement]) };
    inbox::mute(&request.state, &request.person, &muted).await?;
    request.redirect_back(&back, ChangeAnnouncements::VERB);
    Ok(())
}
