//! The way to an OpenID Connect provider and back. Nothing is stored until the browser comes back: its cookie holds a
//! random handle, and state, nonce and verifier are MACs of it. Rules R198–R200.

use std::time::Duration;

use tracing::Instrument;

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done, Step},
    coming_back::{self, ComingBack},
    guard::{self, Codes, Trier},
    identities::{self, SIGN_UP_LIFE_MS},
    provider_states::{BEGUN_LIFE_MS, Derived, read_state, state_text},
    sessions::{self, NewSession},
    tell::Facts,
};
use crate::{
    domain::{EventKind, IdentityId, NotificationKind, Person, SessionId},
    server::{
        oidc::{Begun, Failure, Flight, Provider},
        secrets::{is_token, new_token, token_hash},
        security::SecurityEvent,
        state::AppState,
        storage::{
            StorageError, Tx,
            identities::{self as stored, Account},
            persons, proof_requests,
        },
    },
};

/// Looks at what another node does with the same answer: three seconds in all.
const LOOKS: u32 = 13;
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// A sign-in that begins: where the browser goes, and what its cookie holds.
pub struct Leading {
    pub address: String,
    pub handle: String,
}

/// What the provider's answer holds.
#[derive(Debug, Clone)]
pub struct Returned {
    pub code: String,
    pub state: String,
    /// RFC 9207; empty where the provider names none.
    pub issuer: String,
}

pub enum Finished {
    /// `None`: the same post did so before, and its session is in use.
    SignedIn(Option<NewSession>),
    Linked,
    /// Nobody has the account. The browser may sign up with it.
    New,
}

/// Begins a sign-in at a provider, or the linking of an account there by this session.
pub async fn begin(state: &AppState, provider: &str, link: Option<SessionId>) -> Result<Leading, ServiceError> {
    let provider = state.oidc.lookup(provider).ok_or(ServiceError::NotFound)?;
    let now = state.clock.now();
    let handle = new_token(&state.random);
    let text = state_text(state, provider, &handle, link, now.plus(BEGUN_LIFE_MS));
    let derived = Derived::of(state, provider, &handle);
    let address = provider.address(&derived.asking(&text), now.0).await;
    Ok(Leading { address: address.map_err(|failure| failed(state, provider, failure))?, handle })
}

fn failed(state: &AppState, provider: &Provider, failure: Failure) -> ServiceError {
    if !matches!(failure, Failure::Code | Failure::Taken)
        && state.said.is_due(format!("oidc:{}", provider.entry().id), state.clock.moment())
    {
        tracing::warn!(provider = provider.entry().id, %failure, "a sign-in with a provider failed");
    }
    match failure {
        Failure::Unavailable(_) | Failure::Client => ServiceError::ProviderDown,
        Failure::Code => ServiceError::SignInOver,
        Failure::Token(_) => ServiceError::ProviderRefused,
        Failure::Taken => ServiceError::IdentityTaken,
    }
}

/// A post of a provider's answer.
#[derive(Clone)]
struct Answered {
    provider: String,
    handle: String,
    returned: Returned,
    trier: Trier,
    caller: Caller,
}

/// Finishes a sign-in with the provider's answer. The provider takes a code once, so a browser that goes away must not
/// end the work on it: the work is a job, and a second post of the same answer waits for that job and gets its outcome.
pub async fn finish(
    state: &AppState,
    provider: &str,
    handle: Option<&str>,
    returned: Returned,
    trier: Trier,
    caller: &Caller,
) -> Result<Finished, ServiceError> {
    let found = state.oidc.lookup(provider).ok_or(ServiceError::NotFound)?;
    let handle = handle.filter(|handle| is_token(handle)).ok_or(ServiceError::SignInOver)?;
    tokio::time::sleep(guard::slowness(state, Codes::Provider, trier, None).await?).await;
    let answered =
        Answered { provider: provider.to_owned(), handle: handle.to_owned(), returned, trier, caller: caller.clone() };
    match found.answers().begin(&token_hash(handle)).await {
        Begun::First(flight) => {
            let job = finish_alone(state.clone(), answered, flight);
            state.lifecycle.spawn_job(job.in_current_span()).await.map_err(|_| GIVEN_UP)?
        }
        Begun::Ended(failure) => {
            let attempt = Attempt::by_secret(Step::UseIdentity, handle);
            let finished = finished_before(state, &attempt, handle, caller).await?;
            // Nobody who waited tries again by themselves: each would send the same code.
            finished.ok_or_else(|| failure.map_or(ServiceError::SignInOver, |failure| failed(state, found, failure)))
        }
    }
}

const GIVEN_UP: ServiceError = ServiceError::Broken("the work on a provider's answer was given up");

async fn finish_alone(state: AppState, answered: Answered, flight: Flight<Failure>) -> Result<Finished, ServiceError> {
    let provider = state.oidc.lookup(&answered.provider).ok_or(ServiceError::NotFound)?;
    let finished = finish_once(&state, provider, &answered).await;
    match &finished {
        Err(Stopped::Failed(failure)) => flight.fail(*failure),
        Err(Stopped::Other(ServiceError::IdentityTaken)) => flight.fail(Failure::Taken),
        Ok(_) | Err(Stopped::Other(_)) => drop(flight),
    }
    finished.map_err(|stopped| match stopped {
        Stopped::Failed(failure) => failed(&state, provider, failure),
        Stopped::Other(error) => error,
    })
}

/// Why the work on an answer stopped.
enum Stopped {
    Failed(Failure),
    Other(ServiceError),
}

impl From<ServiceError> for Stopped {
    fn from(error: ServiceError) -> Self {
        Self::Other(error)
    }
}

impl From<StorageError> for Stopped {
    fn from(error: StorageError) -> Self {
        Self::Other(error.into())
    }
}

async fn finish_once(state: &AppState, provider: &Provider, answered: &Answered) -> Result<Finished, Stopped> {
    let Answered { handle, returned, trier, caller, .. } = answered;
    let attempt = Attempt::by_secret(Step::UseIdentity, handle);
    if let Some(finished) = finished_before(state, &attempt, handle, caller).await? {
        return Ok(finished);
    }
    let Some(link) = read_state(state, provider, handle, &returned.state, caller) else {
        guard::fail(state.database.begin().await?, state, Codes::Provider, *trier).await?;
        return Err(ServiceError::SignInOver.into());
    };
    let derived = Derived::of(state, provider, handle);
    let issuer = Some(returned.issuer.as_str()).filter(|issuer| !issuer.is_empty());
    let asking = derived.asking(&returned.state);
    let subject = match provider.subject(&returned.code, issuer, &asking, state.clock.now().0).await {
        Ok(subject) => subject,
        Err(failure) => {
            // Another node may have sent the code first.
            if failure == Failure::Code
                && let Some(finished) = finished_elsewhere(state, &attempt, handle, caller).await?
            {
                return Ok(finished);
            }
            if !matches!(failure, Failure::Unavailable(_) | Failure::Client) {
                guard::fail(state.database.begin().await?, state, Codes::Provider, *trier).await?;
            }
            return Err(Stopped::Failed(failure));
        }
    };
    let entry = provider.entry();
    let account = Account { provider: entry.id.clone(), issuer: entry.issuer.clone(), subject };
    let mut tx = state.database.begin().await?;
    if let (Some(session), Some(person)) = (link, caller.person()) {
        identities::link(tx, state, &attempt, (person, session), &account).await?;
        return Ok(Finished::Linked);
    }
    match stored::lookup(&mut tx, &account).await? {
        Some((id, person)) => {
            let opened = match sign_in(tx, state, &attempt, person.clone(), id, caller).await {
                // The next look finds the deletion, and takes it back.
                Err(ServiceError::DeletionBegan) => {
                    let tx = state.database.begin().await?;
                    sign_in(tx, state, &attempt, person, id, caller).await?
                }
                done => done?,
            };
            Ok(Finished::SignedIn(opened))
        }
        None => {
            let until = state.clock.now().plus(SIGN_UP_LIFE_MS);
            stored::keep_for_sign_up(&mut tx, &token_hash(handle), &account, until).await?;
            tx.commit().await?;
            Ok(Finished::New)
        }
    }
}

/// The outcome of a post of the same answer at another node. Between the use of the code and the commit there is a
/// moment in which nothing is stored yet: several looks wait for it.
async fn finished_elsewhere(
    state: &AppState,
    attempt: &Attempt,
    handle: &str,
    caller: &Caller,
) -> Result<Option<Finished>, ServiceError> {
    let mut looks = if state.database.has_nodes() { LOOKS } else { 1 };
    loop {
        let finished = finished_before(state, attempt, handle, caller).await?;
        looks -= 1;
        if finished.is_some() || looks == 0 {
            return Ok(finished);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// The outcome of an earlier post of the same answer.
async fn finished_before(
    state: &AppState,
    attempt: &Attempt,
    handle: &str,
    caller: &Caller,
) -> Result<Option<Finished>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    // The account waits for its sign-up.
    if stored::lookup_sign_up(&mut tx, &token_hash(handle), now, now.plus(SIGN_UP_LIFE_MS)).await?.is_some() {
        return Ok(Some(Finished::New));
    }
    Ok(match attempt.lookup(&mut tx, state).await? {
        Some(done) if done.session.is_none() => Some(Finished::Linked),
        Some(done) => Some(Finished::SignedIn(attempt.opened_again(&mut tx, state, &done, caller).await?)),
        None => None,
    })
}

/// Signs the person of an account in, and tells their other devices.
async fn sign_in(
    mut tx: Tx,
    state: &AppState,
    attempt: &Attempt,
    person: Person,
    id: IdentityId,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    let now = state.clock.now();
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return attempt.opened_again(&mut tx, state, &done, caller).await;
    }
    let coming = coming_back::lookup(&mut tx, person.id, now).await.map_err(|error| match error {
        ServiceError::CodeWrong => ServiceError::SignInOver,
        error => error,
    })?;
    let told = coming.iter().flat_map(ComingBack::persons);
    persons::lock(&mut tx, [person.id].into_iter().chain(caller.person()).chain(told)).await?;
    if !stored::note_use(&mut tx, person.id, id, now).await? {
        return Err(ServiceError::SignInOver);
    }
    let mut facts = Facts::default();
    if let Some(coming) = coming {
        coming_back::come_back(&mut tx, state, coming, &mut facts, now).await?;
    }
    let opened = sessions::open(&mut tx, state, attempt, person, caller, &mut facts).await?;
    proof_requests::note_provider(&mut tx, opened.session).await?;
    attempt.done(&mut tx, state, &Done::session(&opened)).await?;
    let (event, kind) = (EventKind::SessionsChanged, NotificationKind::WayInUsed);
    facts.of_the_account(opened.person.id, event, kind, caller.device.0.clone(), now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInUsed { person: opened.person.id });
    Ok(Some(opened))
}
