//! Accounts at OpenID Connect providers (`server/oidc`): linking, unlinking, and signing up with one.
//! Rules R198–R201.

use super::{
    Caller, ServiceError,
    accounts::{self, SignUp, SignedUp},
    attempts::{Attempt, Done, Step},
    guard, proofs,
    tell::Facts,
};
use crate::{
    domain::{EventKind, IdentityId, Locale, Millis, NotificationKind, Person, PersonId, SessionId},
    server::{
        oidc::Provider,
        secrets::token_hash,
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx,
            identities::{self, Account, Identity},
            persons,
        },
    },
    text,
};

/// How long a new account of a provider waits for its sign-up.
pub const SIGN_UP_LIFE_MS: i64 = 15 * Millis::MINUTE;
/// Most accounts of one person.
pub const MOST: usize = 20;

/// The name of a provider on pages.
pub fn name_of(provider: &Provider, locale: Locale) -> String {
    let entry = provider.entry();
    if entry.name.is_empty() { text::provider(locale, entry.kind.word()).to_owned() } else { entry.name.clone() }
}

/// The name of a configured provider, or its id when it is configured no longer.
pub fn name_of_id(state: &AppState, id: &str, locale: Locale) -> String {
    state.oidc.lookup(id).map_or_else(|| id.to_owned(), |provider| name_of(provider, locale))
}

/// The person's accounts.
pub async fn find_of(state: &AppState, person: PersonId) -> Result<Vec<Identity>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(identities::find_of(&mut tx, person).await?)
}

fn tell(facts: &mut Facts, person: PersonId, kind: NotificationKind, detail: String, now: Millis) {
    facts.of_the_account(person, EventKind::SettingsChanged, kind, detail, now);
}

/// Links an account to the signed-in person, and tells their devices. Linking it twice changes nothing.
pub(super) async fn link(
    mut tx: Tx,
    state: &AppState,
    attempt: &Attempt,
    (person, session): (PersonId, SessionId),
    account: &Account,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    persons::lock(&mut tx, [person]).await?;
    proofs::require(&mut tx, session, now).await?;
    if let Some((_, owner)) = identities::lookup(&mut tx, account).await? {
        if owner.id != person {
            return Err(ServiceError::IdentityTaken);
        }
        attempt.done(&mut tx, state, &Done::by(person, "linked")).await?;
        return Ok(tx.commit().await?);
    }
    let me = persons::lookup(&mut tx, person).await?.ok_or(ServiceError::SignedOut)?;
    let held = identities::find_of(&mut tx, person).await?;
    if held.len() >= MOST || !identities::insert(&mut tx, person, new_id(state, now), account, now).await? {
        return Err(ServiceError::IdentityTaken);
    }
    let mut facts = Facts::default();
    let name = name_of_id(state, &account.provider, me.locale);
    tell(&mut facts, person, NotificationKind::WayInAdded, name, now);
    facts.write(&mut tx, state, now).await?;
    attempt.done(&mut tx, state, &Done::by(person, "linked")).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInAdded { person });
    Ok(())
}

fn new_id(state: &AppState, now: Millis) -> IdentityId {
    IdentityId(state.random.id(now))
}

/// Unlinks an account, and tells the person's devices. The recovery code stays.
pub async fn unlink(state: &AppState, person: &Person, session: SessionId, id: IdentityId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    proofs::require(&mut tx, session, now).await?;
    let provider = identities::delete(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    let mut facts = Facts::default();
    let name = name_of_id(state, &provider, person.locale);
    tell(&mut facts, person.id, NotificationKind::WayInRemoved, name, now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInRemoved { person: person.id });
    Ok(())
}

/// The provider whose new account this browser may sign up with.
pub async fn waiting(state: &AppState, handle: &str) -> Result<Option<String>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(lookup_waiting(&mut tx, state, handle).await?.map(|account| account.provider))
}

async fn lookup_waiting(tx: &mut Tx, state: &AppState, handle: &str) -> Result<Option<Account>, ServiceError> {
    let now = state.clock.now();
    Ok(identities::lookup_sign_up(tx, &token_hash(handle), now, now.plus(SIGN_UP_LIFE_MS)).await?)
}

/// Makes an account of this app that the provider's account signs in to. Returns `None` when the same post did so
/// before and its session is in use.
pub async fn sign_up(
    state: &AppState,
    handle: &str,
    sign_up: SignUp,
    caller: &Caller,
) -> Result<Option<SignedUp>, ServiceError> {
    let attempt = Attempt::by_secret(Step::SignUpWith, handle);
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return accounts::signed_up_again(&mut tx, state, &attempt, &done, caller).await;
    }
    // Signing up here would end the session of somebody who came to link an account.
    if caller.here.is_some() {
        return Err(ServiceError::SignInOver);
    }
    let account = lookup_waiting(&mut tx, state, handle).await?.ok_or(ServiceError::SignInOver)?;
    let mut facts = Facts::default();
    let made = accounts::sign_up_in(&mut tx, state, &attempt, sign_up, caller, &mut facts).await?;
    if !identities::end_sign_up(&mut tx, &token_hash(handle)).await?
        || !identities::insert(&mut tx, made.opened.person.id, new_id(state, now), &account, now).await?
    {
        return Err(ServiceError::IdentityTaken);
    }
    facts.write(&mut tx, state, now).await?;
    attempt.done(&mut tx, state, &Done::session(&made.opened)).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInAdded { person: made.opened.person.id });
    Ok(Some(made))
}
