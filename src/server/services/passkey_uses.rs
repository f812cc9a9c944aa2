//! Using a passkey: signing in, and proving that a session is used by its person. Rules R192–R194.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done, Step},
    coming_back::{self, ComingBack},
    guard::{self, Codes, Trier},
    passkey_challenges::{Begun, Purpose, answered, bytes, challenge, credentials, refused, site},
    proofs,
    sessions::{self, NewSession},
    tell::Facts,
};
use crate::{
    domain::{EventKind, Millis, NotificationKind, Person, PersonId, SessionId},
    server::{
        security::SecurityEvent,
        state::AppState,
        storage::{
            self, Tx,
            passkeys::{self, Passkey},
            persons,
        },
        webauthn::{self, Assertion, PublicKey, Standing},
    },
};

/// What a browser sends when a passkey was used; each field is base64url.
#[derive(Debug)]
pub struct Used {
    pub credential_id: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
    pub user_handle: String,
}

/// Begins a sign-in. Returns the challenge and the host; any passkey may answer.
pub fn begin_sign_in(state: &AppState) -> Result<(String, String), ServiceError> {
    Ok((challenge(state, Purpose::SignIn), site(state)?.rp_id.to_owned()))
}

/// Begins a proof with one of the person's passkeys.
pub async fn begin_proof(state: &AppState, person: &Person, session: SessionId) -> Result<Begun, ServiceError> {
    let rp_id = site(state)?.rp_id.to_owned();
    let mut tx = state.database.read().await?;
    let credentials = credentials(passkeys::find_of(&mut tx, person.id).await?, &rp_id);
    Ok(Begun { challenge: challenge(state, Purpose::Prove(session)), rp_id, credentials })
}

/// Verifies the use of a passkey. Returns it with its person and its new standing.
async fn verify(
    state: &AppState,
    used: &Used,
    purpose: Purpose,
) -> Result<(Passkey, Person, Standing, String), ServiceError> {
    let (site, client_data) = (site(state)?, bytes(&used.client_data)?);
    let challenge = answered(state, purpose, &client_data)?;
    let credential_id = URL_SAFE_NO_PAD.encode(bytes(&used.credential_id)?);
    let mut tx = state.database.read().await?;
    let found = passkeys::lookup(&mut tx, &credential_id).await?;
    drop(tx);
    let assertion = Assertion {
        client_data: &client_data,
        authenticator_data: &bytes(&used.authenticator_data)?,
        signature: &bytes(&used.signature)?,
    };
    let Some((passkey, person)) = found else {
        // Only a whole answer for this site says that its passkey is gone: the browser forgets it then.
        webauthn::check_site(site, &challenge, &assertion).map_err(refused)?;
        let is_named = !credential_id.is_empty();
        return Err(if is_named { ServiceError::PasskeyUnknown } else { ServiceError::PasskeyRefused });
    };
    // §7.2 step 6. A browser may leave the handle out where it was asked for this very passkey.
    if !used.user_handle.is_empty() && used.user_handle.trim_end_matches('=') != passkey.user_handle {
        return Err(ServiceError::PasskeyRefused);
    }
    let key = PublicKey::parse(&bytes(&passkey.public_key)?).ok_or(ServiceError::PasskeyRefused)?;
    let standing = webauthn::check_assertion(site, &challenge, &key, &assertion).map_err(refused)?;
    // §7.2 step 20: whether a passkey may be on several devices never changes.
    if standing.is_synced != passkey.is_synced() {
        return Err(refused(webauthn::Refusal::Backup));
    }
    Ok((passkey, person, standing, challenge))
}

/// Counts a refusal, like a wrong code.
async fn count<T>(state: &AppState, trier: Trier, verified: Result<T, ServiceError>) -> Result<T, ServiceError> {
    if let Err(ServiceError::PasskeyRefused | ServiceError::PasskeyUnknown) = verified {
        guard::fail(state.database.begin().await?, state, Codes::Passkey, trier).await?;
    }
    verified
}

/// Records the use, and tells the person when the counter went back. The person is locked.
async fn note_use(
    tx: &mut Tx,
    person: PersonId,
    passkey: &Passkey,
    standing: Standing,
    facts: &mut Facts,
    now: Millis,
) -> Result<(), ServiceError> {
    if !passkeys::note_use(tx, person, passkey.id, standing.sign_count, standing.is_backed_up, now).await? {
        return Err(ServiceError::PasskeyRefused);
    }
    if webauthn::is_counter_back(u32::try_from(passkey.sign_count).unwrap_or(u32::MAX), standing.sign_count) {
        let (event, kind) = (EventKind::SettingsChanged, NotificationKind::PasskeyCopied);
        facts.of_the_account(person, event, kind, passkey.name.clone(), now);
    }
    Ok(())
}

/// Signs in with a passkey, and tells the person's other devices. Returns `None` when the same post did so before and
/// its session is in use.
pub async fn sign_in(
    state: &AppState,
    used: &Used,
    trier: Trier,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    match sign_in_once(state, used, trier, caller).await {
        // The next look finds the deletion, and takes it back.
        Err(ServiceError::DeletionBegan) => sign_in_once(state, used, trier, caller).await,
        done => done,
    }
}

async fn sign_in_once(
    state: &AppState,
    used: &Used,
    trier: Trier,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    let (passkey, person, standing, challenge) =
        count(state, trier, verify(state, used, Purpose::SignIn).await).await?;
    let now = state.clock.now();
    let attempt = Attempt::by_secret(Step::UsePasskey, &challenge);
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return attempt.opened_again(&mut tx, state, &done, caller).await;
    }
    let coming = coming_back::lookup(&mut tx, person.id, now).await.map_err(|error| match error {
        ServiceError::CodeWrong => ServiceError::PasskeyRefused,
        error => error,
    })?;
    let told = coming.iter().flat_map(ComingBack::persons);
    persons::lock(&mut tx, [person.id].into_iter().chain(caller.person()).chain(told)).await?;
    let mut facts = Facts::default();
    note_use(&mut tx, person.id, &passkey, standing, &mut facts, now).await?;
    if let Some(coming) = coming {
        coming_back::come_back(&mut tx, state, coming, &mut facts, now).await?;
    }
    let opened = sessions::open(&mut tx, state, &attempt, person, caller, &mut facts).await?;
    storage::sessions::prove(&mut tx, opened.session, now).await?;
    attempt.done(&mut tx, state, &Done::session(&opened)).await?;
    let (event, kind) = (EventKind::SessionsChanged, NotificationKind::WayInUsed);
    facts.of_the_account(opened.person.id, event, kind, caller.device.0.clone(), now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInUsed { person: opened.person.id });
    Ok(Some(opened))
}

/// Proves with a passkey that the session is used by its person.
pub async fn prove(
    state: &AppState,
    person: &Person,
    session: SessionId,
    used: &Used,
    trier: Trier,
) -> Result<(), ServiceError> {
    let verified = match verify(state, used, Purpose::Prove(session)).await {
        Ok(found) if found.1.id == person.id => Ok(found),
        Ok(_) | Err(ServiceError::PasskeyUnknown) => Err(ServiceError::PasskeyRefused),
        Err(error) => Err(error),
    };
    let (passkey, _, standing, challenge) = count(state, trier, verified).await?;
    let now = state.clock.now();
    let attempt = Attempt::by_secret(Step::UsePasskey, &challenge);
    let mut tx = state.database.begin().await?;
    if attempt.lookup(&mut tx, state).await?.is_some() {
        return Ok(());
    }
    persons::lock(&mut tx, [person.id]).await?;
    let mut facts = Facts::default();
    note_use(&mut tx, person.id, &passkey, standing, &mut facts, now).await?;
    facts.write(&mut tx, state, now).await?;
    proofs::note(&mut tx, state, person.id, session, now).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, passkey.id)).await?;
    tx.commit().await?;
    Ok(())
}
