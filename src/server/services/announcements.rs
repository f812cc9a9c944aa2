//! Announcements of the operator: an inbox entry for each person, and a push to each of their devices, or one message
//! for all that are subscribed to an FCM topic.
//! Rules R150–R153.

use super::{
    ServiceError,
    tell::{Facts, NEWS_LIFE_MS, after_quiet},
};
use crate::{
    domain::{AnnouncementId, AnnouncementText, FcmAct, Locale, NotificationKind},
    server::{
        state::AppState,
        storage::{
            announcements::{self, Announcement, Reach},
            fcm_calls::{self, NewCall},
            topics::{self, Reached},
        },
    },
};

/// Persons told in one transaction.
const AT_ONCE: i64 = 500;

/// Whom an announcement would reach now.
pub async fn reach(state: &AppState) -> Result<Reach, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(announcements::reach(&mut tx).await?)
}

/// Whom the messages to the topics would reach now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicReach {
    /// How many devices are subscribed to each topic.
    pub devices: [(&'static str, usize); 2],
    /// How many of them belong to a person in their quiet hours, for which a topic message does not wait.
    pub in_quiet_hours: usize,
}

pub async fn topic_reach(state: &AppState) -> Result<TopicReach, ServiceError> {
    if state.push.native().fcm.is_none() {
        return Err(ServiceError::ProviderDisabled);
    }
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let reached = topics::find_reached(&mut tx).await?;
    let is_quiet = |found: &&Reached| {
        after_quiet(NotificationKind::Announcement, None, found.quiet, None, &found.zone, None, now) > now
    };
    Ok(TopicReach {
        devices: Locale::ALL
            .map(Locale::topic)
            .map(|topic| (topic, reached.iter().filter(|found| found.topic == topic).count())),
        in_quiet_hours: reached.iter().filter(is_quiet).count(),
    })
}

/// Writes an announcement, and with `with_topic` the message to the FCM topic of each language. `carry_on` tells it.
pub async fn begin(
    state: &AppState,
    ko: AnnouncementText,
    en: AnnouncementText,
    with_topic: bool,
) -> Result<AnnouncementId, ServiceError> {
    if with_topic && state.push.native().fcm.is_none() {
        return Err(ServiceError::ProviderDisabled);
    }
    let now = state.clock.now();
    let id = AnnouncementId(state.random.id(now));
    let new = Announcement { id, ko, en, with_topic, created_at: now, expires_at: now.plus(NEWS_LIFE_MS) };
    let mut tx = state.database.begin().await?;
    announcements::insert(&mut tx, &new).await?;
    if with_topic {
        let calls = Locale::ALL.map(|locale| NewCall {
            act: FcmAct::TopicSend,
            address: String::new(),
            topic: locale.topic().to_owned(),
            announcement: Some(id),
            expires_at: new.expires_at,
        });
        fcm_calls::insert(&mut tx, &calls, now).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// How far an announcement has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// How many persons this step told.
    pub told: usize,
    pub is_finished: bool,
}

/// Tells the next persons, and records it in the same transaction: a process that ends in between leaves nobody out,
/// and the next one tells nobody twice.
pub async fn carry_on(state: &AppState, id: AnnouncementId) -> Result<Step, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let Some((announcement, told_up_to)) = announcements::lock_unfinished(&mut tx, id).await? else {
        return Ok(Step { told: 0, is_finished: true });
    };
    let next = announcements::find_next(&mut tx, &announcement, &told_up_to, AT_ONCE).await?;
    let is_finished = (next.len() as i64) < AT_ONCE;
    if let Some((last, _)) = next.last() {
        let mut facts = Facts::default();
        for (person, locale) in &next {
            facts.announced(*person, &announcement, *locale);
        }
        facts.write(&mut tx, state, now).await?;
        announcements::advance(&mut tx, id, *last).await?;
    }
    if is_finished {
        announcements::finish(&mut tx, id, now).await?;
    }
    tx.commit().await?;
    Ok(Step { told: next.len(), is_finished })
}

/// Announcements that not everybody was told, the oldest first.
pub async fn find_unfinished(state: &AppState) -> Result<Vec<AnnouncementId>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(announcements::find_unfinished(&mut tx).await?)
}
