//! Persons and their signed-in browsers: a name, a session, a recovery code. No e-mail, no password.
//! Passkeys will be one more way to reach `open_session`.

use super::{
    Device, ServiceError,
    guard::{self, Trier},
    tell::Telling,
};
use crate::{
    domain::{Cancelled, EventKind, Locale, Millis, NotificationKind, Person, PersonId, PersonName, RecoveryCode, SessionId, TextSize, ZoneName},
    server::{
        calendar::Zone,
        secrets::{self, new_recovery_code, new_token, token_hash},
        state::AppState,
        storage::{
            Tx,
            deliveries::{self, CancelFor},
            persons,
            sessions::{self, Found, Session},
            subscriptions,
        },
    },
};

/// The version of the terms and the privacy page that are agreed to.
pub const CONSENT_VERSION: &str = "2026-11-22";
/// A session nobody uses for 400 days ends (the longest life browsers give a cookie, RFC 6265bis §5.5).
pub const SESSION_IDLE_MS: i64 = 400 * Millis::DAY;
/// The end of an idle session is the sweep's, which waits while the clock seems wrong; a session that is still there opens.
const HOWEVER_IDLE: Millis = Millis(i64::MIN);
/// After 30 days of use a session gets a fresh token.
const ROTATE_AFTER_MS: i64 = 30 * Millis::DAY;
/// Once a browser has shown its fresh token, requests under way may still show the one from before.
const PREVIOUS_LIVES_MS: i64 = Millis::MINUTE;
/// Use is written down once an hour at most.
const TOUCH_AFTER_MS: i64 = Millis::HOUR;
/// The recovery code is asked for again after so many answers.
const ASK_AGAIN_AFTER: i64 = 3;

/// What sign-up asks for.
#[derive(Debug)]
pub struct SignUp {
    pub name: PersonName,
    /// Fourteen or older, terms and privacy agreed to.
    pub has_consented: bool,
    pub zone: ZoneName,
    pub locale: Locale,
    pub device: Device,
}

/// A fresh session: the token goes into the cookie and nowhere else.
pub struct Opened {
    pub person: Person,
    pub session: SessionId,
    pub token: String,
}

/// Makes an account, its recovery code and its first session.
pub async fn sign_up(state: &AppState, sign_up: SignUp) -> Result<(Opened, RecoveryCode), ServiceError> {
    let mut tx = state.database.begin().await?;
    let made = sign_up_in(&mut tx, state, sign_up).await?;
    tx.commit().await?;
    Ok(made)
}

/// As `sign_up`, inside a transaction that does more: joining by invitation.
pub async fn sign_up_in(tx: &mut Tx, state: &AppState, sign_up: SignUp) -> Result<(Opened, RecoveryCode), ServiceError> {
    if !sign_up.has_consented {
        return Err(ServiceError::ConsentMissing);
    }
    let now = state.clock.now();
    // A zone that this browser knows and we do not is asked for: the form comes back with the list.
    let zone = Zone::named(&sign_up.zone, now)?;
    let person = Person { id: PersonId(state.random.id(now)), name: sign_up.name, locale: sign_up.locale, text_size: TextSize::default(), zone };
    let code = new_recovery_code(&state.random);
    let recovery_hash = state.secrets.recovery_hash(&code);
    persons::insert(tx, persons::NewPerson { person: &person, consent_version: CONSENT_VERSION, recovery_hash: &recovery_hash, now }).await?;
    let opened = open_session(tx, state, person, &sign_up.device).await?;
    Ok((opened, code))
}

/// A fresh session with a token of its own, for whoever may have one.
pub(super) async fn open_session(tx: &mut Tx, state: &AppState, person: Person, device: &Device) -> Result<Opened, ServiceError> {
    let now = state.clock.now();
    let session = SessionId(state.random.id(now));
    let token = new_token(&state.random);
    sessions::insert(tx, session, person.id, &token_hash(&token), &device.0, now).await?;
    Ok(Opened { person, session, token })
}

/// Signs in with a recovery code. The person's other sessions are told. A text without a code guesses nothing and does not
/// count as a failure.
pub async fn sign_in(state: &AppState, typed: &str, trier: Trier, device: &Device) -> Result<Opened, ServiceError> {
    let code = RecoveryCode::parse(typed).map_err(|_| ServiceError::CodeMissing)?;
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    guard::check(&mut tx, trier, now).await?;
    let Some(person) = persons::lookup_by_recovery(&mut tx, &state.secrets.recovery_hash(&code)).await? else {
        guard::fail(tx, trier, now).await?;
        return Err(ServiceError::CodeWrong);
    };
    let opened = open_session(&mut tx, state, person, device).await?;
    let mut telling = Telling::default();
    telling.of_the_account(opened.person.id, EventKind::RecoveryCodeUsed, NotificationKind::RecoveryUsed, String::new(), now);
    telling.write(&mut tx, state, now).await?;
    tx.commit().await?;
    tracing::info!(person.id = %opened.person.id, "signed in with a recovery code");
    Ok(opened)
}

/// Something about the person's own account: all their devices hear of it.
async fn tell_myself(tx: &mut Tx, state: &AppState, person: PersonId, kind: EventKind) -> Result<(), ServiceError> {
    let mut telling = Telling::default();
    telling.myself(person, kind);
    telling.write(tx, state, state.clock.now()).await
}

/// What the session middleware learns from a cookie.
pub struct Recognised {
    pub found: Found,
    /// A fresh token for the cookie, when it was time for one.
    pub new_token: Option<String>,
}

/// Finds the session of a token, notes its use, and rotates it every 30 days. An answer that brings a fresh token may be
/// lost, and nobody is signed out by that: whoever still shows the old one is given the same fresh one again.
pub async fn recognise(state: &AppState, token: &str) -> Result<Option<Recognised>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let shown = token_hash(token);
    let Some(found) = sessions::lookup(&mut tx, &shown, HOWEVER_IDLE, now).await? else {
        return Ok(None);
    };
    drop(tx);
    let session = found.session.id;
    let is_due = now.since(found.session.rotated_at) >= ROTATE_AFTER_MS;
    let mut new_token = None;
    if found.token_hash != shown {
        // Under another key than it was made with it would open nothing: then the old one goes on.
        new_token = found.is_rotating.then(|| state.secrets.next_token(token)).filter(|next| token_hash(next) == found.token_hash);
    } else if found.is_rotating {
        let mut tx = state.database.begin().await?;
        sessions::settle(&mut tx, session, &shown, now.plus(PREVIOUS_LIVES_MS)).await?;
        tx.commit().await?;
    } else if is_due {
        let fresh = state.secrets.next_token(token);
        let mut tx = state.database.begin().await?;
        let is_rotated = sessions::rotate(&mut tx, session, &token_hash(&fresh), now.plus(-ROTATE_AFTER_MS), now).await?;
        tx.commit().await?;
        return Ok(Some(Recognised { found, new_token: is_rotated.then_some(fresh) }));
    }
    if now.since(found.session.last_used_at) >= TOUCH_AFTER_MS {
        let mut tx = state.database.begin().await?;
        sessions::touch(&mut tx, session, now).await?;
        tx.commit().await?;
    }
    Ok(Some(Recognised { found, new_token }))
}

/// Ends one of the person's sessions. Its open streams end at once: they look for their session at every event.
pub async fn end_session(state: &AppState, person: &Person, session: SessionId) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    // Whether or not the browser co-operates: nothing is sent to it any more.
    for subscription in subscriptions::find_of_session(&mut tx, session).await? {
        if subscription.person == person.id {
            deliveries::cancel(&mut tx, CancelFor::Subscription(subscription.id), Cancelled::SignedOut, now).await?;
        }
    }
    if !sessions::delete(&mut tx, person.id, session).await? {
        return Err(ServiceError::NotFound);
    }
    tell_myself(&mut tx, state, person.id, EventKind::SessionsChanged).await?;
    tx.commit().await?;
    Ok(())
}

/// The person's sessions, latest use first.
pub async fn find_sessions(state: &AppState, person: &Person) -> Result<Vec<Session>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(sessions::find_of(&mut tx, person.id).await?)
}

/// Makes a new recovery code; the earlier one opens nothing any more.
pub async fn renew_recovery_code(state: &AppState, person: &Person) -> Result<RecoveryCode, ServiceError> {
    let now = state.clock.now();
    let code = new_recovery_code(&state.random);
    let mut tx = state.database.begin().await?;
    persons::set_recovery(&mut tx, person.id, &state.secrets.recovery_hash(&code), now).await?;
    let mut telling = Telling::default();
    telling.of_the_account(person.id, EventKind::RecoveryCodeRenewed, NotificationKind::RecoveryRenewed, String::new(), now);
    telling.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(code)
}

/// The person says they keep their code. Only what they say after the third answer counts for good.
pub async fn keep_recovery_code(state: &AppState, person: &Person) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let state_now = persons::recovery_state(&mut tx, person.id).await?;
    if state_now.answers_given >= ASK_AGAIN_AFTER && state_now.kept_at.is_none() {
        persons::set_recovery_kept(&mut tx, person.id, now).await?;
        tell_myself(&mut tx, state, person.id, EventKind::SettingsChanged).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Whether it is time to ask for the recovery code again.
pub fn asks_for_recovery(state: persons::RecoveryState) -> bool {
    state.answers_given >= ASK_AGAIN_AFTER && state.kept_at.is_none()
}

pub async fn change_name(state: &AppState, person: &Person, name: PersonName) -> Result<(), ServiceError> {
    if person.name == name {
        return Ok(());
    }
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::rename(&mut tx, person.id, &name).await?;
    let mut telling = Telling::default();
    telling.name_changed(&mut tx, person.id).await?;
    telling.write(&mut tx, state, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Language, text size and own zone.
pub async fn change_display(state: &AppState, person: &Person, locale: Locale, text_size: TextSize, zone: ZoneName) -> Result<(), ServiceError> {
    let zone = Zone::chosen(zone, &person.zone, state.clock.now())?;
    let changed = Person { locale, text_size, zone, ..person.clone() };
    if &changed == person {
        return Ok(());
    }
    let mut tx = state.database.begin().await?;
    persons::update(&mut tx, &changed).await?;
    tell_myself(&mut tx, state, person.id, EventKind::SettingsChanged).await?;
    tx.commit().await?;
    Ok(())
}

/// The hash a session token is stored under; for seeds.
pub fn stored_hash(token: &str) -> String {
    secrets::token_hash(token)
}
