//! Accounts: a name, a session (`sessions`) and a recovery code (`recovery`). There is no e-mail and no password.
//! Rules R70–R73.

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done},
    guard, recovery,
    sessions::{self, NewSession},
    tell::Facts,
    topics,
};
use crate::{
    domain::{EventKind, Locale, Person, PersonId, PersonName, RecoveryCode, TextSize, ZoneName},
    server::{
        calendar::Zone,
        state::AppState,
        storage::{self, Tx, persons},
    },
};

pub use super::sessions::SESSION_IDLE_MS;

/// The version of the terms and the privacy page that people consent to.
pub const CONSENT_VERSION: &str = "2026-11-22";

/// What sign-up asks for.
#[derive(Debug)]
pub struct SignUp {
    pub name: PersonName,
    /// The person is fourteen or older and agrees to terms and privacy page.
    pub has_consented: bool,
    pub zone: ZoneName,
    pub locale: Locale,
}

/// A new person's first session, and their recovery code for as long as it is shown.
pub struct SignedUp {
    pub opened: NewSession,
    pub code: Option<RecoveryCode>,
}

/// Makes an account, its recovery code and its first session. Returns `None` when the same post did so before and its
/// session is in use.
pub async fn sign_up(
    state: &AppState,
    attempt: &Attempt,
    sign_up: SignUp,
    caller: &Caller,
) -> Result<Option<SignedUp>, ServiceError> {
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return signed_up_again(&mut tx, state, attempt, &done, caller).await;
    }
    let mut facts = Facts::default();
    let made = sign_up_in(&mut tx, state, attempt, sign_up, caller, &mut facts).await?;
    facts.write(&mut tx, state, state.clock.now()).await?;
    attempt.done(&mut tx, state, &Done::session(&made.opened)).await?;
    tx.commit().await?;
    Ok(Some(made))
}

/// Returns the answer of the first post of a sign-up again.
pub async fn signed_up_again(
    tx: &mut Tx,
    state: &AppState,
    attempt: &Attempt,
    done: &Done,
    caller: &Caller,
) -> Result<Option<SignedUp>, ServiceError> {
    let Some(opened) = attempt.opened_again(tx, state, done, caller).await? else { return Ok(None) };
    let code = attempt.recovery_code(state, &opened.person.id.to_string());
    let is_open = recovery::opens(tx, state, opened.person.id, &code).await?;
    Ok(Some(SignedUp { opened, code: is_open.then_some(code) }))
}

/// As `sign_up`, inside the transaction of a larger use case: joining by invitation.
pub async fn sign_up_in(
    tx: &mut Tx,
    state: &AppState,
    attempt: &Attempt,
    sign_up: SignUp,
    caller: &Caller,
    facts: &mut Facts,
) -> Result<SignedUp, ServiceError> {
    if !sign_up.has_consented {
        return Err(ServiceError::ConsentMissing);
    }
    guard::refuse_full_disk(state)?;
    guard::count_sign_up(tx, state, caller.client).await?;
    let now = state.clock.now();
    // A zone that the browser knows and the server does not comes back with a list to choose from.
    let zone = Zone::named(&sign_up.zone, now)?;
    let person = Person {
        id: PersonId(state.random.id(now)),
        name: sign_up.name,
        locale: sign_up.locale,
        text_size: TextSize::default(),
        zone,
    };
    let code = attempt.recovery_code(state, &person.id.to_string());
    let recovery_hash = state.secrets.recovery_hash(&code);
    persons::insert(
        tx,
        persons::NewPerson { person: &person, consent_version: CONSENT_VERSION, recovery_hash: &recovery_hash, now },
    )
    .await?;
    let opened = sessions::open(tx, state, attempt, person, caller, facts).await?;
    storage::sessions::prove(tx, opened.session, now).await?;
    Ok(SignedUp { opened, code: Some(code) })
}

/// Writes an event about the person's own account for all their devices.
async fn tell_myself(tx: &mut Tx, state: &AppState, person: PersonId, kind: EventKind) -> Result<(), ServiceError> {
    let mut facts = Facts::default();
    facts.myself(person, kind);
    facts.write(tx, state, state.clock.now()).await
}

pub async fn change_name(state: &AppState, person: &Person, name: PersonName) -> Result<(), ServiceError> {
    if person.name == name {
        return Ok(());
    }
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let mut facts = Facts::default();
    facts.name_changed(&mut tx, person.id).await?;
    facts.lock_persons(&mut tx).await?;
    persons::rename(&mut tx, person.id, &name).await?;
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Changes language, text size and the person's own zone.
pub async fn change_display(
    state: &AppState,
    person: &Person,
    locale: Locale,
    text_size: TextSize,
    zone: ZoneName,
) -> Result<(), ServiceError> {
    let zone = Zone::chosen(zone, &person.zone, state.clock.now())?;
    let changed = Person { locale, text_size, zone, ..person.clone() };
    if &changed == person {
        return Ok(());
    }
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    persons::update(&mut tx, &changed).await?;
    topics::follow(&mut tx, state, person.id, state.clock.now()).await?;
    tell_myself(&mut tx, state, person.id, EventKind::SettingsChanged).await?;
    tx.commit().await?;
    Ok(())
}
