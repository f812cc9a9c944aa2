//! The recovery code: signing in with it, renewing it, and keeping it.
//! Rules R78–R80.

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done},
    coming_back::{self, ComingBack},
    guard::{self, Codes, Trier},
    operator_codes, proof_requests, proofs,
    reader::Reader,
    sessions::{self, NewSession, YOUNG_MS},
    tell::Facts,
};
use crate::{
    domain::{EventKind, Millis, NotificationKind, Person, PersonId, RecoveryCode, SessionId},
    server::{
        secrets::new_recovery_code,
        security::SecurityEvent,
        state::AppState,
        storage::{
            self, Tx, pending_recoveries,
            persons::{self, NewRecovery},
            sessions::Session,
        },
    },
};

/// How long the code from before a renewal still works.
pub const EARLIER_LIFE_MS: i64 = 7 * Millis::DAY;

/// After this many answers the person is asked again to keep the recovery code.
const ASK_AGAIN_AFTER: i64 = 3;

/// Signs in with a recovery code, and notifies the person's other sessions. Returns `None` when the same post did so
/// before and its session is in use.
pub async fn sign_in(
    state: &AppState,
    attempt: &Attempt,
    typed: &str,
    trier: Trier,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    match sign_in_once(state, attempt, typed, trier, caller).await {
        // The next look finds the deletion, and takes it back.
        Err(ServiceError::DeletionBegan) => sign_in_once(state, attempt, typed, trier, caller).await,
        done => done,
    }
}

async fn sign_in_once(
    state: &AppState,
    attempt: &Attempt,
    typed: &str,
    trier: Trier,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    let code = RecoveryCode::parse(typed).map_err(|_| ServiceError::CodeMissing)?;
    let hash = state.secrets.recovery_hash(&code);
    let now = state.clock.now();
    operator_codes::take_over(state, &hash, now).await?;
    let mut tx = state.database.read().await?;
    let whose = persons::lookup_by_recovery(&mut tx, &hash, now).await?.map(|person| person.id);
    drop(tx);
    tokio::time::sleep(guard::slowness(state, Codes::Recovery, trier, whose).await?).await;
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return attempt.opened_again(&mut tx, state, &done, caller).await;
    }
    let mut coming = None;
    if let Some(person) = whose {
        coming = coming_back::lookup(&mut tx, person, now).await?;
        let told = coming.iter().flat_map(ComingBack::persons);
        persons::lock(&mut tx, [person].into_iter().chain(caller.person()).chain(told)).await?;
    }
    let found = persons::lookup_by_recovery(&mut tx, &hash, now).await?;
    let Some(person) = found.filter(|person| whose == Some(person.id)) else {
        guard::fail(tx, state, Codes::Recovery, trier).await?;
        return Err(ServiceError::CodeWrong);
    };
    let mut facts = Facts::default();
    let is_proof = proofs::is_code(&mut tx, person.id, &hash, now).await.unwrap_or(false);
    if let Some(coming) = coming {
        coming_back::come_back(&mut tx, state, coming, &mut facts, now).await?;
    }
    let opened = sessions::open(&mut tx, state, attempt, person, caller, &mut facts).await?;
    if is_proof {
        storage::sessions::prove(&mut tx, opened.session, now).await?;
    }
    attempt.done(&mut tx, state, &Done::session(&opened)).await?;
    facts.of_the_account(
        opened.person.id,
        EventKind::RecoveryCodeUsed,
        NotificationKind::RecoveryUsed,
        String::new(),
        now,
    );
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::RecoveryUsed { person: opened.person.id });
    Ok(Some(opened))
}

/// Renews the recovery code. The earlier one works for another week, so that somebody with a copied cookie cannot take
/// the account over, unless the renewal is confirmed: by `earlier`, the earlier code typed along, or later on another
/// session (`confirm`). Returns `None` when the same post renewed before and its code no longer works.
pub async fn renew(
    state: &AppState,
    attempt: &Attempt,
    person: &Person,
    by: SessionId,
    earlier: &str,
    trier: Trier,
) -> Result<Option<RecoveryCode>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    if let Some(made) = attempt.lookup(&mut tx, state).await?.and_then(|done| done.target) {
        let code = attempt.recovery_code(state, &made);
        return Ok(opens(&mut tx, state, person.id, &code).await?.then_some(code));
    }
    persons::lock_keys(&mut tx, person.id).await?;
    let is_confirmed = !earlier.trim().is_empty();
    if is_confirmed {
        let codes = persons::recovery_codes(&mut tx, person.id, now).await?;
        // While an earlier code works, the code made since confirms nothing, because the session that renewed knows it.
        let expected = codes.earlier.map(|(hash, _)| hash).or(codes.hash);
        let typed = RecoveryCode::parse(earlier).ok().map(|code| state.secrets.recovery_hash(&code));
        if typed.is_none() || typed != expected {
            guard::fail(tx, state, Codes::Recovery, trier).await?;
            return Err(ServiceError::CodeWrong);
        }
    }
    // Two sessions that renew while an earlier code works may be the owner's and a stranger's. Then no session
    // confirms, and the earlier code works to the end of its week.
    let before = persons::recovery_codes(&mut tx, person.id, now).await?;
    let made_by = (before.earlier.is_none() || before.made_by == Some(by)).then_some(by);
    let made = format!("{:032x}", state.random.id(now));
    let code = attempt.recovery_code(state, &made);
    let hash = state.secrets.recovery_hash(&code);
    let earlier_until = (!is_confirmed).then(|| now.plus(EARLIER_LIFE_MS));
    persons::set_recovery(&mut tx, person.id, NewRecovery { hash: &hash, made_by, earlier_until }, now).await?;
    if is_confirmed {
        pending_recoveries::remove(&mut tx, person.id).await?;
    }
    tell_renewed(&mut tx, state, person.id, now).await?;
    attempt.done(&mut tx, state, &Done::by(person.id, made)).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::RecoveryRenewed { person: person.id, is_confirmed });
    Ok(Some(code))
}

async fn tell_renewed(tx: &mut Tx, state: &AppState, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    let mut facts = Facts::default();
    facts.of_the_account(person, EventKind::RecoveryCodeRenewed, NotificationKind::RecoveryRenewed, String::new(), now);
    facts.write(tx, state, now).await
}

/// Makes a new code that works at once for a person whose account was taken; for the operator. All earlier codes end,
/// and one that waits (`operator_codes`).
pub async fn renew_by_operator(state: &AppState, person: PersonId) -> Result<RecoveryCode, ServiceError> {
    let now = state.clock.now();
    let code = new_recovery_code(&state.random);
    let mut tx = state.database.begin().await?;
    persons::lookup(&mut tx, person).await?.ok_or(ServiceError::NotFound)?;
    persons::lock_keys(&mut tx, person).await?;
    let hash = state.secrets.recovery_hash(&code);
    persons::set_recovery(&mut tx, person, NewRecovery { hash: &hash, made_by: None, earlier_until: None }, now)
        .await?;
    pending_recoveries::remove(&mut tx, person).await?;
    tell_renewed(&mut tx, state, person, now).await?;
    tx.commit().await?;
    Ok(code)
}

/// The earlier code that still works, as one session sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    pub until: Millis,
    /// Whether this session may end it now.
    pub may_end: bool,
}

pub async fn earlier(state: &AppState, reader: &Reader, by: &Session) -> Result<Option<Earlier>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let home = reader.home(&mut tx).await?;
    let Some(until) = home.earlier_until.filter(|until| now < *until) else { return Ok(None) };
    let may_end = confirms(home.recovery.made_at, home.recovery_made_by, by, now)
        && proof_requests::may_confirm(&mut tx, reader.person.id, by.id, now).await?;
    Ok(Some(Earlier { until, may_end }))
}

/// Whether a session may confirm a renewal by another session: it existed before the renewal and is a day old. A
/// session that was opened with the new code, or for the purpose, proves nothing. One that another session may have
/// opened confirms nothing in its first week (`proof_requests::may_confirm`).
fn confirms(made_at: Option<Millis>, made_by: Option<SessionId>, by: &Session, now: Millis) -> bool {
    let was_before = made_at.is_some_and(|made_at| by.created_at < made_at);
    made_by.is_some_and(|maker| maker != by.id) && was_before && now.since(by.created_at) >= YOUNG_MS
}

/// Confirms a renewal: the earlier code ends at once.
pub async fn confirm(state: &AppState, person: &Person, by: &Session) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    let codes = persons::recovery_codes(&mut tx, person.id, now).await?;
    if codes.earlier.is_none() {
        return Ok(());
    }
    let may_confirm = proof_requests::may_confirm(&mut tx, person.id, by.id, now).await?;
    if !may_confirm || !confirms(codes.made_at, codes.made_by, by, now) {
        return Err(ServiceError::SessionTooYoung);
    }
    persons::end_earlier_recovery(&mut tx, person.id, now).await?;
    let mut facts = Facts::default();
    facts.myself(person.id, EventKind::SettingsChanged);
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::RecoveryConfirmed { person: person.id, session: by.id });
    Ok(())
}

/// The code stored in this browser, while it is the account's current one. No page shows another.
pub async fn shown(
    state: &AppState,
    person: &Person,
    held: Option<RecoveryCode>,
) -> Result<Option<RecoveryCode>, ServiceError> {
    let Some(code) = held else { return Ok(None) };
    let mut tx = state.database.read().await?;
    Ok(opens(&mut tx, state, person.id, &code).await?.then_some(code))
}

/// Whether this is the account's current code.
pub(super) async fn opens(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    code: &RecoveryCode,
) -> Result<bool, ServiceError> {
    let codes = persons::recovery_codes(tx, person, state.clock.now()).await?;
    Ok(codes.hash == Some(state.secrets.recovery_hash(code)))
}

/// Records that the person keeps their code. Only a statement after the third answer is final.
pub async fn keep(state: &AppState, person: &Person) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if asks_again(persons::recovery_state(&mut tx, person.id).await?) {
        persons::set_recovery_kept(&mut tx, person.id, now).await?;
        let mut facts = Facts::default();
        facts.myself(person.id, EventKind::SettingsChanged);
        facts.write(&mut tx, state, now).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Whether it is time to ask for the recovery code again.
pub fn asks_again(state: persons::RecoveryState) -> bool {
    state.answers_given >= ASK_AGAIN_AFTER && state.kept_at.is_none()
}
