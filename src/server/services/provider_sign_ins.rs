//! The way to an OpenID Connect provider and back. Nothing is stored until the browser comes back: its cookie holds a
//! random handle, and state, nonce and verifier are MACs of it. Rules R198–R200.

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done, Step},
    coming_back::{self, ComingBack},
    guard::{self, Codes, Trier},
    identities::{self, SIGN_UP_LIFE_MS},
    sessions::{self, NewSession},
    tell::Facts,
};
use crate::{
    domain::{EventKind, IdentityId, Millis, NotificationKind, Person, SessionId},
    paths,
    server::{
        oidc::{Asking, Failure, Provider},
        secrets::{is_token, new_token, token_hash},
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx,
            identities::{self as stored, Account},
            persons, proof_requests,
        },
    },
};

/// How long a sign-in at a provider may take.
pub const BEGUN_LIFE_MS: i64 = 10 * Millis::MINUTE;

/// A sign-in that begins: where the browser goes, and what its cookie holds.
pub struct Begun {
    pub address: String,
    pub handle: String,
}

/// What the provider's answer holds.
#[derive(Debug)]
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

/// What only this server makes of a handle.
struct Derived {
    nonce: String,
    verifier: String,
    redirect_uri: String,
}

impl Derived {
    fn of(state: &AppState, provider: &Provider, handle: &str) -> Self {
        let made = |purpose| state.secrets.attempt(purpose, "oidc", handle, &provider.entry().id);
        let path = paths::sign_in_with_callback(&provider.entry().id);
        Self {
            nonce: made("nonce"),
            verifier: made("verifier"),
            redirect_uri: format!("{}{path}", state.site.public_url.as_str()),
        }
    }

    fn asking<'a>(&'a self, state: &'a str) -> Asking<'a> {
        Asking { redirect_uri: &self.redirect_uri, state, nonce: &self.nonce, verifier: &self.verifier }
    }
}

/// The state (RFC 6749 §10.12): `link` or `in`, the end in epoch ms, and a MAC of these, the handle, the provider and
/// the session that links.
fn state_text(state: &AppState, provider: &Provider, handle: &str, link: Option<SessionId>, until: Millis) -> String {
    let word = if link.is_some() { "link" } else { "in" };
    let session = link.map(|session| session.to_string()).unwrap_or_default();
    let what = format!("{}\0{word}\0{session}\0{}", provider.entry().id, until.0);
    format!("{word}.{}.{}", until.0, state.secrets.attempt("state", "oidc", handle, &what))
}

/// Reads a state that this server made for this browser. Returns the session that links, if one does.
fn read_state(
    state: &AppState,
    provider: &Provider,
    handle: &str,
    text: &str,
    caller: &Caller,
) -> Option<Option<SessionId>> {
    let (word, rest) = text.split_once('.')?;
    let until = Millis(rest.split_once('.')?.0.parse().ok()?);
    let link = match word {
        "link" => Some(caller.here?.1),
        "in" => None,
        _ => return None,
    };
    let now = state.clock.now();
    let is_running = now < until && until <= now.plus(BEGUN_LIFE_MS);
    // A handle has 256 random bits, so how long the comparison takes tells nothing of use.
    (is_running && text == state_text(state, provider, handle, link, until)).then_some(link)
}

/// Begins a sign-in at a provider, or the linking of an account there by this session.
pub async fn begin(state: &AppState, provider: &str, link: Option<SessionId>) -> Result<Begun, ServiceError> {
    let provider = state.oidc.lookup(provider).ok_or(ServiceError::NotFound)?;
    let now = state.clock.now();
    let handle = new_token(&state.random);
    let text = state_text(state, provider, &handle, link, now.plus(BEGUN_LIFE_MS));
    let derived = Derived::of(state, provider, &handle);
    let address = provider.address(&derived.asking(&text), now.0).await;
    Ok(Begun { address: address.map_err(|failure| failed(state, provider, failure))?, handle })
}

fn failed(state: &AppState, provider: &Provider, failure: Failure) -> ServiceError {
    if failure != Failure::Code && state.said.is_due(format!("oidc:{}", provider.entry().id), state.clock.moment()) {
        tracing::warn!(provider = provider.entry().id, %failure, "a sign-in with a provider failed");
    }
    match failure {
        Failure::Unavailable(_) | Failure::Client => ServiceError::ProviderDown,
        Failure::Code => ServiceError::SignInOver,
        Failure::Token(_) => ServiceError::ProviderRefused,
    }
}

/// Finishes a sign-in with the provider's answer.
pub async fn finish(
    state: &AppState,
    provider: &str,
    handle: Option<&str>,
    returned: &Returned,
    trier: Trier,
    caller: &Caller,
) -> Result<Finished, ServiceError> {
    let provider = state.oidc.lookup(provider).ok_or(ServiceError::NotFound)?;
    let handle = handle.filter(|handle| is_token(handle)).ok_or(ServiceError::SignInOver)?;
    tokio::time::sleep(guard::slowness(state, Codes::Provider, trier, None).await?).await;
    let attempt = Attempt::by_secret(Step::UseIdentity, handle);
    // A second post of this answer at the same moment waits for the first, because the provider takes a code once.
    let _flight = provider.answers().begin(&token_hash(handle)).await;
    if let Some(finished) = finished_before(state, &attempt, handle, caller).await? {
        return Ok(finished);
    }
    let Some(link) = read_state(state, provider, handle, &returned.state, caller) else {
        guard::fail(state.database.begin().await?, state, Codes::Provider, trier).await?;
        return Err(ServiceError::SignInOver);
    };
    let derived = Derived::of(state, provider, handle);
    let issuer = Some(returned.issuer.as_str()).filter(|issuer| !issuer.is_empty());
    let asking = derived.asking(&returned.state);
    let subject = match provider.subject(&returned.code, issuer, &asking, state.clock.now().0).await {
        Ok(subject) => subject,
        Err(failure) => {
            // A second post of the same answer finds the code used: the first one may have finished since.
            if let Some(finished) = finished_before(state, &attempt, handle, caller).await? {
                return Ok(finished);
            }
            if !matches!(failure, Failure::Unavailable(_) | Failure::Client) {
                guard::fail(state.database.begin().await?, state, Codes::Provider, trier).await?;
            }
            return Err(failed(state, provider, failure));
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
