//! The inbox: its entries, which of them are read, and the person's notification preferences.
//! Rules R93, R95, R99, R104.

use std::collections::HashMap;

use super::{ServiceError, pairs::hold, reader::Reader, tell::Facts, topics};
use crate::{
    domain::{
        EventKind, Millis, Muted, NotificationId, NotificationKind, Pair, PairId, Person, PersonId, Provider,
        QuietHours, SessionId,
    },
    server::{
        state::AppState,
        storage::{
            Tx, deliveries,
            entries::{self, Entry},
            notifications::{self, Preferences},
            persons, subscriptions, waiting,
        },
    },
};

/// Entries on the inbox page.
const SHOWN: i64 = 60;

/// What the inbox page shows.
pub struct Inbox {
    pub as_of: i64,
    pub entries: Vec<Entry>,
    pub pairs: HashMap<PairId, Pair>,
}

pub async fn read(state: &AppState, reader: &Reader) -> Result<Inbox, ServiceError> {
    let mut tx = state.database.read().await?;
    let home = reader.home(&mut tx).await?;
    let entries = entries::find_of(&mut tx, reader.person.id, SHOWN).await?;
    let pairs = home.pairs.iter().map(|pair| (pair.id, pair.clone())).collect();
    Ok(Inbox { as_of: home.as_of, entries, pairs })
}

/// Marks all entries up to the event `seq` as read, on all the person's devices.
pub async fn mark_read(state: &AppState, person: &Person, seq: i64) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if entries::read_up_to(&mut tx, person.id, seq, now).await? > 0 {
        tell_read(&mut tx, state, person.id, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Tells the person's other pages of entries that were read at `now`, and takes their notifications off the screens of
/// FCM devices.
async fn tell_read(tx: &mut Tx, state: &AppState, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    if state.push.native().has(Provider::Fcm) {
        waiting::withdraw_read(tx, person, now).await?;
    }
    let mut facts = Facts::default();
    facts.myself(person, EventKind::InboxChanged);
    facts.write(tx, state, now).await
}

/// Settles the push to this browser alone: a page on it showed the event as it came. Pushes to other browsers go out.
pub async fn seen_live(state: &AppState, person: &Person, session: SessionId, seq: i64) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    for subscription in subscriptions::find_of_session(&mut tx, session).await? {
        deliveries::seen_live(&mut tx, person.id, subscription.id, seq, now).await?;
    }
    if entries::read_at_seq(&mut tx, person.id, seq, now).await? {
        tell_read(&mut tx, state, person.id, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Marks one entry as read: its notification was opened from the lock screen.
pub async fn mark_opened(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    id: NotificationId,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    if entries::read_one(tx, person, id, now).await? {
        tell_read(tx, state, person, now).await?;
    }
    Ok(())
}

/// Marks the entries of a kind as read, because what they tell is over.
pub(super) async fn settle(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    kind: NotificationKind,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    if entries::read_kind(tx, person, kind, now).await? {
        tell_read(tx, state, person, now).await?;
    }
    Ok(())
}

/// The person's notification preferences in general, and for a pair when one is named.
pub async fn preferences(
    state: &AppState,
    person: &Person,
    pair: Option<PairId>,
) -> Result<(Preferences, Option<Preferences>), ServiceError> {
    let mut tx = state.database.read().await?;
    let asked: Vec<_> = [None].into_iter().chain(pair.map(Some)).map(|pair| (person.id, pair)).collect();
    let (mut general, mut of_pair) = (None, None);
    for (pair, preferences) in notifications::preferences(&mut tx, &asked).await? {
        *if pair.is_some() { &mut of_pair } else { &mut general } = Some(preferences);
    }
    Ok((general.ok_or(ServiceError::NotFound)?, of_pair))
}

/// Changes the person's quiet hours (`None`: none) and whether the lock screen hides details.
pub async fn change_quiet_hours(
    state: &AppState,
    person: &Person,
    quiet: Option<QuietHours>,
    hides_details: bool,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if !notifications::update_person(&mut tx, person.id, quiet, hides_details).await? {
        return Ok(());
    }
    topics::follow(&mut tx, state, person.id, now).await?;
    let mut facts = Facts::default();
    facts.myself(person.id, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes what the person mutes for all pairs.
pub async fn mute(state: &AppState, person: &Person, muted: &Muted) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if !notifications::mute(&mut tx, person.id, muted).await? {
        return Ok(());
    }
    topics::follow(&mut tx, state, person.id, now).await?;
    let mut facts = Facts::default();
    facts.myself(person.id, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes the person's switches for one of their pairs.
pub async fn change_switches(
    state: &AppState,
    person: &Person,
    pair: PairId,
    muted: &Muted,
    question_in_quiet: bool,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    hold(&mut tx, person, pair).await?;
    if !notifications::update_member(&mut tx, person.id, pair, muted, question_in_quiet).await? {
        return Ok(());
    }
    let mut facts = Facts::default();
    facts.myself(person.id, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}
