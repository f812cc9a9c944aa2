//! Passkeys: making, renaming and removing them. `server/webauthn` verifies what a browser sends. Rules R192–R195.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    DeviceName, ServiceError,
    attempts::{Attempt, Done, Step},
    devices, guard,
    passkey_challenges::{Begun, Purpose, answered, bytes, challenge, credentials, refused, site},
    proofs,
    tell::Facts,
};
use crate::{
    domain::{EventKind, Millis, NotificationKind, PasskeyId, Person, PersonId, SessionId},
    server::{
        security::SecurityEvent,
        state::AppState,
        storage::{
            passkeys::{self, NewPasskey, Passkey},
            persons,
        },
        webauthn::{self, Registration},
    },
};

/// Most passkeys of one person.
pub const MOST: usize = 20;

/// What a browser sends of a new passkey; each field is base64url.
#[derive(Debug)]
pub struct Made {
    pub credential_id: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub public_key: String,
    /// Words with spaces between.
    pub transports: String,
}

/// Begins to make a passkey (W3C Web Authentication §5.4). Returns the user handle as well.
pub async fn begin(state: &AppState, person: &Person, session: SessionId) -> Result<(Begun, String), ServiceError> {
    let rp_id = site(state)?.rp_id.to_owned();
    let mut tx = state.database.read().await?;
    proofs::require(&mut tx, session, state.clock.now()).await?;
    let held = passkeys::find_of(&mut tx, person.id).await?;
    if held.len() >= MOST {
        return Err(ServiceError::TooManyPasskeys);
    }
    let user_handle = user_handle(state, person.id, &held);
    let challenge = challenge(state, Purpose::Add(session));
    Ok((Begun { challenge, credentials: credentials(held, &rp_id), rp_id }, user_handle))
}

/// The same for all passkeys of a person, also after a change of the server's key. It names nobody (§5.4.3).
fn user_handle(state: &AppState, person: PersonId, held: &[Passkey]) -> String {
    let made = || URL_SAFE_NO_PAD.encode(state.secrets.user_handle(person));
    held.first().map_or_else(made, |passkey| passkey.user_handle.clone())
}

/// Adds a passkey to the account, and tells the person's devices.
pub async fn add(
    state: &AppState,
    person: &Person,
    session: SessionId,
    made: &Made,
    device: &DeviceName,
) -> Result<(), ServiceError> {
    let (site, client_data) = (site(state)?, bytes(&made.client_data)?);
    let challenge = answered(state, Purpose::Add(session), &client_data)?;
    let (id, public_key) = (bytes(&made.credential_id)?, bytes(&made.public_key)?);
    let registration = Registration {
        client_data: &client_data,
        authenticator_data: &bytes(&made.authenticator_data)?,
        credential_id: &id,
        public_key: &public_key,
    };
    let (standing, _) = webauthn::check_registration(site, &challenge, &registration).map_err(refused)?;
    let now = state.clock.now();
    let attempt = Attempt::by_secret(Step::AddPasskey, &challenge);
    let mut tx = state.database.begin().await?;
    if attempt.lookup(&mut tx, state).await?.is_some_and(|done| done.person == person.id) {
        return Ok(());
    }
    persons::lock(&mut tx, [person.id]).await?;
    proofs::require(&mut tx, session, now).await?;
    let held = passkeys::find_of(&mut tx, person.id).await?;
    if held.len() >= MOST {
        return Err(ServiceError::TooManyPasskeys);
    }
    let passkey = PasskeyId(state.random.id(now));
    let new = NewPasskey {
        id: passkey,
        user_handle: &user_handle(state, person.id, &held),
        credential_id: &URL_SAFE_NO_PAD.encode(&id),
        public_key: &URL_SAFE_NO_PAD.encode(&public_key),
        rp_id: site.rp_id,
        sign_count: standing.sign_count,
        is_synced: standing.is_synced,
        is_backed_up: standing.is_backed_up,
        transports: &transports(&made.transports),
        name: &device.0,
        now,
    };
    if !passkeys::insert(&mut tx, person.id, &new).await? {
        return Err(ServiceError::PasskeyRefused);
    }
    let mut facts = Facts::default();
    tell(&mut facts, person.id, NotificationKind::WayInAdded, device.0.clone(), now);
    facts.write(&mut tx, state, now).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, passkey)).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInAdded { person: person.id });
    Ok(())
}

/// The words that browsers know (§5.8.4), and no others.
fn transports(text: &str) -> String {
    const KNOWN: [&str; 6] = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];
    KNOWN.into_iter().filter(|known| text.split(' ').any(|word| word == *known)).collect::<Vec<_>>().join(" ")
}

fn tell(facts: &mut Facts, person: PersonId, kind: NotificationKind, detail: String, now: Millis) {
    facts.of_the_account(person, EventKind::SettingsChanged, kind, detail, now);
}

/// The person's passkeys, and whether each was made under the present address.
pub async fn find_of(state: &AppState, person: PersonId) -> Result<Vec<(Passkey, bool)>, ServiceError> {
    let mut tx = state.database.read().await?;
    let here = state.site.public_url.domain();
    let found = passkeys::find_of(&mut tx, person).await?;
    Ok(found
        .into_iter()
        .map(|passkey| {
            let is_here = here == Some(passkey.rp_id.as_str());
            (passkey, is_here)
        })
        .collect())
}

/// What a browser is told of the passkeys that the person has under this address, so that it offers no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub rp_id: String,
    pub user_handle: String,
    pub credential_ids: Vec<String>,
}

/// `held`: as `find_of` gives them.
pub fn accepted(state: &AppState, person: PersonId, held: &[(Passkey, bool)]) -> Option<Accepted> {
    let rp_id = state.site.public_url.domain()?.to_owned();
    let first = held.first().map(|(passkey, _)| std::slice::from_ref(passkey)).unwrap_or_default();
    let is_here = held.iter().filter(|(_, is_here)| *is_here);
    let credential_ids = is_here.map(|(passkey, _)| passkey.credential_id.clone()).collect();
    Some(Accepted { rp_id, user_handle: user_handle(state, person, first), credential_ids })
}

pub async fn rename(state: &AppState, person: &Person, id: PasskeyId, typed: &str) -> Result<(), ServiceError> {
    let name = devices::parse_name(typed)?;
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if !passkeys::rename(&mut tx, person.id, id, &name).await? {
        return Err(ServiceError::NotFound);
    }
    let mut facts = Facts::default();
    facts.myself(person.id, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    Ok(tx.commit().await?)
}

/// Removes a passkey of the account, and tells the person's devices. The device may still offer it; it opens nothing.
pub async fn remove(state: &AppState, person: &Person, session: SessionId, id: PasskeyId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    proofs::require(&mut tx, session, now).await?;
    let name = passkeys::delete(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    let mut facts = Facts::default();
    tell(&mut facts, person.id, NotificationKind::WayInRemoved, name, now);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::WayInRemoved { person: person.id });
    Ok(())
}
