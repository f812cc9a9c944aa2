//! Announcements, how far each was told, and whom one would reach.

use super::{StorageError, Tx, locks::Lock, macros, sql_types::Flag};
use crate::domain::{AnnouncementId, AnnouncementText, Channel, Locale, Millis, PersonId, Provider};

/// An announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    pub id: AnnouncementId,
    pub ko: AnnouncementText,
    pub en: AnnouncementText,
    /// FCM devices that are subscribed to the topic of their person's language get its message and no delivery.
    pub with_topic: bool,
    pub created_at: Millis,
    /// After this time its pushes are not sent any more.
    pub expires_at: Millis,
}

impl Announcement {
    pub fn text(&self, locale: Locale) -> &str {
        match locale {
            Locale::Ko => self.ko.as_str(),
            Locale::En => self.en.as_str(),
        }
    }
}

pub async fn insert(tx: &mut Tx, new: &Announcement) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO announcements (id, ko, en, with_topic, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)",
        new.id,
        new.ko.as_str(),
        new.en.as_str(),
        Flag(new.with_topic),
        new.created_at,
        new.expires_at,
    )?;
    Ok(())
}

pub async fn lookup(tx: &mut Tx, id: AnnouncementId) -> Result<Option<Announcement>, StorageError> {
    let found = macros::fetch_optional!(
        tx,
        "announcements" as Row,
        "SELECT id, ko, en, with_topic, created_at, expires_at, told_up_to FROM announcements WHERE id = $1",
        id,
    )?;
    Ok(found.map(Row::into_announcement))
}

/// Announcements that not everybody was told, the oldest first.
pub async fn find_unfinished(tx: &mut Tx) -> Result<Vec<AnnouncementId>, StorageError> {
    let found = macros::fetch_all!(
        tx,
        "announcements" as (AnnouncementId,),
        "SELECT id FROM announcements WHERE finished_at IS NULL ORDER BY created_at, id"
    )?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// An announcement that not everybody was told, and the last person told. Two processes that carry it on take turns: on
/// SQLite there is one writer, on PostgreSQL the row is locked.
pub async fn lock_unfinished(tx: &mut Tx, id: AnnouncementId) -> Result<Option<(Announcement, String)>, StorageError> {
    tx.locks.take(Lock::Announcement(id));
    if tx.is_postgres() {
        let sql = "SELECT id FROM announcements WHERE id = $1 FOR NO KEY UPDATE";
        macros::fetch_optional!(tx, (String,), sql, id)?;
    }
    let found = macros::fetch_optional!(
        tx,
        "announcements" as Row,
        "SELECT id, ko, en, with_topic, created_at, expires_at, told_up_to FROM announcements
         WHERE id = $1 AND finished_at IS NULL",
        id,
    )?;
    Ok(found.map(|row| {
        let up_to = row.told_up_to.clone();
        (row.into_announcement(), up_to)
    }))
}

/// The next persons to be told, in the order of their ids, with their languages. A person who signed up after the
/// announcement is not among them.
pub async fn find_next(
    tx: &mut Tx,
    announcement: &Announcement,
    told_up_to: &str,
    limit: i64,
) -> Result<Vec<(PersonId, Locale)>, StorageError> {
    macros::fetch_all!(
        tx,
        "persons" as (PersonId, Locale),
        "SELECT id, locale FROM persons WHERE id > $1 AND created_at <= $2 AND deleted_at IS NULL ORDER BY id LIMIT $3",
        told_up_to,
        announcement.created_at,
        limit,
    )
}

/// Records that everybody up to this person was told.
pub async fn advance(tx: &mut Tx, id: AnnouncementId, told_up_to: PersonId) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE announcements SET told_up_to = $2 WHERE id = $1", id, told_up_to)?;
    Ok(())
}

/// Records that everybody was told.
pub async fn finish(tx: &mut Tx, id: AnnouncementId, now: Millis) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE announcements SET finished_at = $2 WHERE id = $1", id, now)?;
    Ok(())
}

/// Whom an announcement would reach now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    pub persons: i64,
    /// How many of these persons have muted announcements.
    pub muted: i64,
    /// Devices of the others, by provider.
    pub devices: Vec<(Provider, i64)>,
}

pub async fn reach(tx: &mut Tx) -> Result<Reach, StorageError> {
    let muted_word = format!("% {} %", Channel::Announcement.word());
    let (persons, muted) = macros::fetch_one!(
        tx,
        (i64, i64),
        "SELECT COUNT(*), COUNT(CASE WHEN ' ' || muted || ' ' LIKE $1 THEN 1 END) FROM persons
         WHERE deleted_at IS NULL",
        muted_word.as_str(),
    )?;
    let devices = macros::fetch_all!(
        tx,
        "push_subscriptions" as (Provider, i64),
        "SELECT s.provider, COUNT(*) FROM push_subscriptions s JOIN persons p ON p.id = s.person_id
         WHERE ' ' || p.muted || ' ' NOT LIKE $1 GROUP BY s.provider ORDER BY s.provider",
        muted_word.as_str(),
    )?;
    Ok(Reach { persons, muted, devices })
}

#[derive(sqlx::FromRow)]
struct Row {
    id: AnnouncementId,
    ko: String,
    en: String,
    with_topic: Flag,
    created_at: Millis,
    expires_at: Millis,
    told_up_to: String,
}

impl Row {
    fn into_announcement(self) -> Announcement {
        Announcement {
            id: self.id,
            ko: AnnouncementText::from_stored(self.ko),
            en: AnnouncementText::from_stored(self.en),
            with_topic: self.with_topic.0,
            created_at: self.created_at,
            expires_at: self.expires_at,
        }
    }
}
