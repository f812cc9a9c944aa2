//! Recovery codes that the operator makes for somebody who has lost every way in. Such a code works after 48 hours, in
//! which every session of the person can refuse it: whoever persuades the operator does not get an account unseen.
//! Rule R89.

use super::{ServiceError, guard, tell::Facts};
use crate::{
    domain::{EventKind, Millis, NotificationKind, Person, PersonId, RecoveryCode, Wait},
    server::{
        secrets::new_recovery_code,
        security::SecurityEvent,
        state::AppState,
        storage::{
            pending_recoveries::{self, NOTICE_MS},
            persons::{self, NewRecovery},
        },
    },
};

/// How long the code works after that, unless it was used.
const LIFE_MS: i64 = 14 * Millis::DAY;

/// Makes a code that works after `NOTICE_MS`, and tells the person. Returns it with the time from which it works.
pub async fn make(state: &AppState, person: PersonId) -> Result<(RecoveryCode, Millis), ServiceError> {
    let now = state.clock.now();
    let (code, wait) = (new_recovery_code(&state.random), Wait::new(now, NOTICE_MS));
    let mut tx = state.database.begin().await?;
    persons::lookup(&mut tx, person).await?.ok_or(ServiceError::NotFound)?;
    persons::lock(&mut tx, [person]).await?;
    pending_recoveries::set(&mut tx, person, &state.secrets.recovery_hash(&code), wait).await?;
    let mut facts = Facts::default();
    let (event, kind) = (EventKind::SettingsChanged, NotificationKind::RecoveryAsked);
    facts.of_the_account(person, event, kind, String::new(), now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok((code, wait.until))
}

/// From when the code that waits for this person works.
pub async fn waiting(state: &AppState, person: PersonId) -> Result<Option<Millis>, ServiceError> {
    let mut tx = state.database.read().await?;
    let wait = pending_recoveries::lookup(&mut tx, person).await?;
    // After an absence the next sweep moves the time, and the page says so before.
    Ok(wait.map(|wait| wait.swept(state.clock.now()).until))
}

/// Counts an hour of all codes that wait.
pub async fn sweep(state: &AppState, now: Millis) -> Result<(), ServiceError> {
    let mut after = None;
    loop {
        let mut tx = state.database.read().await?;
        let waiting = pending_recoveries::find_after(&mut tx, after).await?;
        drop(tx);
        let Some(last) = waiting.last() else { return Ok(()) };
        after = Some(*last);
        for person in waiting {
            // The next sweep tries again; the others are not held up.
            if let Err(error) = sweep_one(state, person, now).await {
                tracing::error!(%error, "an hour of a recovery code was not counted");
            }
        }
    }
}

async fn sweep_one(state: &AppState, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person]).await?;
    // It may have been refused or replaced since it was found.
    if let Some(wait) = pending_recoveries::lookup(&mut tx, person).await? {
        pending_recoveries::set_wait(&mut tx, person, wait.swept(now)).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Refuses the code that waits for this person. It never works then.
pub async fn refuse(state: &AppState, person: &Person) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if pending_recoveries::remove(&mut tx, person.id).await? {
        let mut facts = Facts::default();
        facts.myself(person.id, EventKind::SettingsChanged);
        facts.write(&mut tx, state, state.clock.now()).await?;
        tx.commit().await?;
        guard::note(state, SecurityEvent::OperatorCodeRefused { person: person.id });
    }
    Ok(())
}

/// Makes the code of this hash its person's recovery code, if it waits and works by now. All earlier codes end.
/// Refuses a code that works later.
pub(super) async fn take_over(state: &AppState, hash: &str, now: Millis) -> Result<(), ServiceError> {
    let mut tx = state.database.read().await?;
    let found = pending_recoveries::lookup_by_code(&mut tx, hash).await?;
    drop(tx);
    let Some((person, wait)) = found else { return Ok(()) };
    // The service may have been away since the last sweep.
    let works_from = wait.swept(now).until;
    if now < works_from {
        return Err(ServiceError::CodeTooEarly);
    }
    if now >= works_from.plus(LIFE_MS) {
        return Ok(());
    }
    let mut tx = state.database.begin().await?;
    persons::lock_keys(&mut tx, person).await?;
    // It may have been refused or replaced since it was found.
    if pending_recoveries::lookup_by_code(&mut tx, hash).await?.is_some() {
        pending_recoveries::remove(&mut tx, person).await?;
        persons::set_recovery(&mut tx, person, NewRecovery { hash, made_by: None, earlier_until: None }, now).await?;
        tx.commit().await?;
    }
    Ok(())
}
