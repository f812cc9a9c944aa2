//! The recovery code: signing in with it, renewing it, and keeping it.

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done},
    guard::{self, Trier},
    sessions::{self, Opened},
    tell::Telling,
};
use crate::{
    domain::{EventKind, NotificationKind, Person, PersonId, RecoveryCode},
    server::{
        state::AppState,
        storage::{Tx, persons},
    },
};

/// The recovery code is asked for again after so many answers.
const ASK_AGAIN_AFTER: i64 = 3;

/// Signs in with a recovery code. The person's other sessions are told.
/// `None`: the same post did so before, and the session is somebody's by now.
pub async fn sign_in(state: &AppState, attempt: &Attempt, typed: &str, trier: Trier, caller: &Caller) -> Result<Option<Opened>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return attempt.opened_again(&mut tx, state, &done, caller).await;
    }
    guard::check(&mut tx, trier, now).await?;
    let person = match RecoveryCode::parse(typed) {
        Ok(code) => persons::lookup_by_recovery(&mut tx, &state.secrets.recovery_hash(&code)).await?,
        Err(_) => None,
    };
    let Some(person) = person else {
        guard::fail(tx, trier, now).await?;
        return Err(ServiceError::CodeWrong);
    };
    let opened = sessions::open(&mut tx, state, attempt, person, caller).await?;
    attempt.done(&mut tx, state, &Done::session(&opened)).await?;
    let mut telling = Telling::default();
    telling.of_the_account(opened.person.id, EventKind::RecoveryCodeUsed, NotificationKind::RecoveryUsed, String::new(), now);
    telling.write(&mut tx, state, now).await?;
    tx.commit().await?;
    tracing::info!(person.id = %opened.person.id, "signed in with a recovery code");
    Ok(Some(opened))
}

/// Makes a new recovery code; the earlier one opens nothing any more.
/// `None`: the same post did so before, and its code opens nothing any more.
pub async fn renew(state: &AppState, attempt: &Attempt, person: &Person) -> Result<Option<RecoveryCode>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    if let Some(made) = attempt.lookup(&mut tx, state).await?.and_then(|done| done.target) {
        return current(&mut tx, state, person.id, attempt.recovery_code(state, &made)).await;
    }
    let made = format!("{:032x}", state.random.id(now));
    let code = attempt.recovery_code(state, &made);
    persons::set_recovery(&mut tx, person.id, &state.secrets.recovery_hash(&code), now).await?;
    let mut telling = Telling::default();
    telling.of_the_account(person.id, EventKind::RecoveryCodeRenewed, NotificationKind::RecoveryRenewed, String::new(), now);
    telling.write(&mut tx, state, now).await?;
    attempt.done(&mut tx, state, &Done { person: person.id, session: None, target: Some(made) }).await?;
    tx.commit().await?;
    Ok(Some(code))
}

/// The code, if it is the one that opens this person's account now.
pub(super) async fn current(tx: &mut Tx, state: &AppState, person: PersonId, code: RecoveryCode) -> Result<Option<RecoveryCode>, ServiceError> {
    let found = persons::lookup_by_recovery(tx, &state.secrets.recovery_hash(&code)).await?;
    Ok(found.filter(|found| found.id == person).map(|_| code))
}

/// The person says they keep their code. Only what they say after the third answer counts for good.
pub async fn keep(state: &AppState, person: &Person) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    if persons::recovery_state(&mut tx, person.id).await?.answers_given >= ASK_AGAIN_AFTER {
        persons::set_recovery_kept(&mut tx, person.id, now).await?;
        let mut telling = Telling::default();
        telling.myself(person.id, EventKind::SettingsChanged);
        telling.write(&mut tx, state, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Whether it is time to ask for the recovery code again.
pub fn asks_again(state: persons::RecoveryState) -> bool {
    state.answers_given >= ASK_AGAIN_AFTER && state.kept_at.is_none()
}
