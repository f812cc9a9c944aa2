//! The command that tells everybody something.
//! Rule R150.

use std::time::Duration;

use clap::Args;

use super::{
    failure::Failure,
    state::{site_for_jobs, state_of},
};
use crate::{
    domain::{AnnouncementText, Locale, Provider},
    server::{
        config::Settings,
        jobs::bulletins,
        services::{
            ServiceError,
            announcements::{self, TopicReach},
        },
        storage::{Opening, announcements::Reach},
    },
    text,
};

/// Between two batches a running app gets SQLite's single writer.
const PAUSE: Duration = Duration::from_millis(50);

#[derive(Args)]
pub(super) struct Announce {
    /// The text for people who read Korean: 1 to 300 characters.
    #[arg(long, value_name = "TEXT")]
    ko: Option<String>,
    /// The text for people who read English: 1 to 300 characters.
    #[arg(long, value_name = "TEXT")]
    en: Option<String>,
    /// Remind everybody to keep a copy of their cards, in the words that come with this release; once a year.
    #[arg(long, conflicts_with_all = ["ko", "en"])]
    keep_a_copy: bool,
    /// Send one message to the FCM topic of each language, instead of one to each device that is subscribed to it. It
    /// does not wait for anybody's quiet hours.
    #[arg(long)]
    topic: bool,
    /// Send it. Without this nothing is written.
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(settings: &Settings, wanted: Announce) -> Result<(), Failure> {
    let [ko, en] = if wanted.keep_a_copy {
        [Locale::Ko, Locale::En].map(|locale| Some(text::page_words(locale).keep_reminder.to_owned()))
    } else {
        [wanted.ko, wanted.en]
    };
    let (ko, en) = (parsed("--ko", ko)?, parsed("--en", en)?);
    let state = state_of(settings, Opening::AsIs, site_for_jobs(settings)?).await?;
    let reach = announcements::reach(&state).await?;
    let by_topic =
        if wanted.topic { Some(announcements::topic_reach(&state).await.map_err(without_fcm)?) } else { None };
    if !wanted.yes {
        println!("{}", would_reach(&reach));
        if let Some(reach) = by_topic {
            println!("{}", would_reach_by_topic(&reach));
        }
        println!("nothing was written: add --yes to send it");
        return Ok(());
    }
    let id = announcements::begin(&state, ko, en, wanted.topic).await?;
    println!("announcement {id} begins");
    let mut told = 0;
    loop {
        let step = announcements::carry_on(&state, id).await.map_err(|error| {
            Failure(format!("{error}; {told} people are told, and the running app tells the others"))
        })?;
        told += step.told;
        if step.is_finished {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    bulletins::post_last(&state).await;
    println!("{told} people are told; the running app sends to their devices");
    Ok(())
}

fn parsed(name: &str, text: Option<String>) -> Result<AnnouncementText, Failure> {
    let text =
        text.ok_or_else(|| Failure(format!("{name} is missing: an announcement has a text in each language")))?;
    AnnouncementText::parse(&text).map_err(|error| Failure(format!("{name}: {error}")))
}

fn would_reach(reach: &Reach) -> String {
    let devices = [Provider::WebPush, Provider::Fcm, Provider::Apns].map(|provider| {
        let count = reach.devices.iter().find(|(found, _)| *found == provider).map_or(0, |(_, count)| *count);
        format!("{count} by {}", provider.word())
    });
    format!(
        "it would reach {} people: {} read it in the inbox alone, because they have muted announcements; devices of \
         the others: {}",
        reach.persons,
        reach.muted,
        devices.join(", "),
    )
}

fn would_reach_by_topic(reach: &TopicReach) -> String {
    let devices = reach.devices.map(|(topic, count)| format!("{count} by {topic}"));
    format!(
        "of the fcm devices a topic message reaches {}; {} of these belong to people in their quiet hours, for which \
         it does not wait",
        devices.join(", "),
        reach.in_quiet_hours,
    )
}

fn without_fcm(error: ServiceError) -> Failure {
    match error {
        ServiceError::ProviderDisabled => {
            Failure("--topic sends through FCM, which has no credentials here: set FCM_SERVICE_ACCOUNT".into())
        }
        error => error.into(),
    }
}
