//! Presence: shows the other that a member is here or writing, while both have the switch on. A signal is stored
//! nowhere: it wakes the other's open connections and expires after ten seconds (`notifier::presence_registry`).
//! Rules R110–R114.

use super::{ServiceError, pairs::hold, tell::Facts};
use crate::{
    domain::{EventKind, Member, PairId, PairPhase, Person, Presence, PresenceSignal, Role, Seen},
    server::{
        notifier::presence_registry::Shown,
        state::AppState,
        storage::{Tx, daily_questions, pairs, presence},
    },
};

/// Shows the other what the person is doing, and returns the other's id. `None` when the person has switched presence
/// off or the other seat is empty. The answer does not say whether the other saw it: being away, having been shown a
/// moment ago and having switched it off look the same.
pub async fn show(
    state: &AppState,
    person: &Person,
    id: PairId,
    what: Presence,
) -> Result<Option<Member>, ServiceError> {
    let mut tx = state.database.read().await?;
    let pair = pairs::lookup_for(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    let role = pair.role_of(person.id).ok_or(ServiceError::NotFound)?;
    // With an empty seat there is nobody to show it to. This is no error, because the page reports by itself.
    let Some(other) = pair.seat(role.other()).filter(|_| pair.phase() == PairPhase::Together).cloned() else {
        return Ok(None);
    };
    if !presence::is_shown_by(&mut tx, person.id, id).await? {
        return Ok(None);
    }
    if presence::is_shown_by(&mut tx, other.person_id, id).await? && is_so(&mut tx, id, role, what).await? {
        drop(tx);
        let shown = state.database.notifier().show(
            person.id,
            other.person_id,
            PresenceSignal { pair: id, what },
            state.clock.moment(),
        );
        begin_to_forget(state, shown);
    }
    Ok(Some(other))
}

/// Starts the expiry of presence signals if the one that was shown is the only one.
pub fn begin_to_forget(state: &AppState, shown: Shown) {
    if shown == Shown::First {
        state.lifecycle.spawn(forget(state.clone()));
    }
}

/// A member who edits an answer is shown neither as writing nor as here: both would reveal the edit.
async fn is_so(tx: &mut Tx, pair: PairId, role: Role, what: Presence) -> Result<bool, ServiceError> {
    if what == Presence::Here {
        return Ok(true);
    }
    let current = daily_questions::lookup_current(tx, pair).await?;
    Ok(current.is_some_and(|question| matches!(question.seen_by(role), Seen::Open | Seen::OtherIsWaiting)))
}

/// Expires presence signals, each in its time. Ends when none is left.
async fn forget(state: AppState) {
    let ending = state.lifecycle.ending();
    while let Some(next) = state.database.notifier().forget_presence_signals(state.clock.moment()) {
        tokio::select! {
            () = state.clock.sleep_until_moment(next) => {}
            () = ending.cancelled() => return,
        }
    }
}

/// Whether the person has the switch on for one of their pairs.
pub async fn is_on(state: &AppState, person: &Person, pair: PairId) -> Result<bool, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(presence::is_shown_by(&mut tx, person.id, pair).await?)
}

/// Changes the person's switch for one of their pairs. The other is not notified: nobody has to explain it.
pub async fn change(state: &AppState, person: &Person, pair: PairId, is_on: bool) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    hold(&mut tx, person, pair).await?;
    if !presence::update(&mut tx, person.id, pair, is_on).await? {
        return Ok(());
    }
    let mut facts = Facts::default();
    facts.myself(person.id, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}
