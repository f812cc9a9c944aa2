//! Hand-over: signing a person in on another device of their own.
//!
//! The new device types digits and the old one confirms; or a link leads out of an in-app browser on the same device.
//! Another person is invited instead. All state is in the database, so a restart between typing and confirming loses
//! nothing.
//!
//! Rules R83, R84.

use super::{
    Caller, ServiceError,
    attempts::{Attempt, Done, Step},
    guard::{self, Codes, Trier},
    sessions::{self, NewSession},
    tell::Facts,
};
use crate::{
    domain::{
        ENTER_LIFE_MS, EventKind, HAND_OVER_LIFE_MS, HandOverCode, HandOverId, HandOverStage, NotificationKind, Person,
        PersonId, SessionId, WAY_OUT_LIFE_MS,
    },
    server::{
        secrets::{self, new_hand_over_code, new_token, token_hash},
        security::SecurityEvent,
        state::AppState,
        storage::{
            self, Tx,
            hand_overs::{self, HandOver, HandOverCodeKind, NewHandOver},
            persons,
        },
    },
};

/// How often new digits are tried when they collide with somebody else's.
const TRIES: usize = 4;

/// Begins a hand-over from this session. The person is locked, so that tabs of theirs take turns.
async fn begin(state: &AppState, person: &Person, session: SessionId) -> Result<Tx, ServiceError> {
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if !storage::sessions::exists(&mut tx, session).await? {
        return Err(ServiceError::SignedOut);
    }
    Ok(tx)
}

/// Makes digits. Earlier ones end.
pub async fn make(
    state: &AppState,
    person: &Person,
    session: SessionId,
) -> Result<(HandOverId, HandOverCode), ServiceError> {
    let now = state.clock.now();
    let mut tx = begin(state, person, session).await?;
    for _ in 0..TRIES {
        let (id, code) = (HandOverId(state.random.id(now)), new_hand_over_code(&state.random));
        let code_hash = state.secrets.hand_over_hash(&code);
        let expires_at = now.plus(HAND_OVER_LIFE_MS);
        hand_overs::withdraw(&mut tx, person.id, HandOverCodeKind::Digits).await?;
        if hand_overs::insert(
            &mut tx,
            &NewHandOver {
                id,
                person: person.id,
                session,
                kind: HandOverCodeKind::Digits,
                code_hash: &code_hash,
                now,
                expires_at,
            },
        )
        .await?
        {
            tx.commit().await?;
            return Ok((id, code));
        }
    }
    Err(ServiceError::Broken("no free digits for a hand-over"))
}

/// Withdraws the running digits, also after a device has asked with them.
pub async fn withdraw(state: &AppState, person: &Person) -> Result<(), ServiceError> {
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    if hand_overs::withdraw(&mut tx, person.id, HandOverCodeKind::Digits).await? > 0 {
        tx.commit().await?;
    }
    Ok(())
}

/// The person's latest hand-over by digits that has not expired.
pub async fn lookup(state: &AppState, person: &Person) -> Result<Option<HandOver>, ServiceError> {
    let mut tx = state.database.read().await?;
    Ok(hand_overs::lookup_latest(&mut tx, person.id, state.clock.now()).await?)
}

/// Checks the digits that a device without a session typed. Right ones give it a ticket and ask the person. Wrong, used
/// and expired digits get the same answer and count as failures; a text that is not eight digits does not count.
pub async fn ask(
    state: &AppState,
    attempt: Attempt,
    typed: &str,
    trier: Trier,
    caller: &Caller,
) -> Result<String, ServiceError> {
    let code = HandOverCode::parse(typed).map_err(|_| ServiceError::CodeMissing)?;
    let now = state.clock.now();
    let code_hash = state.secrets.hand_over_hash(&code);
    let mut tx = state.database.begin().await?;
    let attempt = attempt.with(&code_hash);
    if attempt.lookup(&mut tx, state).await?.is_some() {
        return Ok(attempt.ticket(state));
    }
    let whose = hand_overs::lookup_open(&mut tx, &code_hash, now).await?;
    let mut tx = guard::check(tx, state, Codes::Digits, trier, whose).await?;
    let ticket = attempt.ticket(state);
    let mut asked = None;
    if let Some(person) = whose {
        persons::lock(&mut tx, [person]).await?;
        let is_first =
            hand_overs::ask(&mut tx, person, &code_hash, &token_hash(&ticket), &caller.device.0, now).await?;
        asked = is_first.then_some(person);
    }
    let Some(person) = asked else {
        guard::fail(tx, state, Codes::Digits, trier).await?;
        return Err(ServiceError::CodeWrong);
    };
    let mut facts = Facts::default();
    facts.myself(person, EventKind::HandOverAsked);
    facts.write(&mut tx, state, now).await?;
    attempt.done(&mut tx, state, &Done { person, session: None, target: None }).await?;
    tx.commit().await?;
    Ok(ticket)
}

/// The hand-over that a ticket stands for; `None` when it has expired.
pub async fn lookup_asked(state: &AppState, ticket: &str) -> Result<Option<HandOver>, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    Ok(hand_overs::lookup_by_ticket(&mut tx, &token_hash(ticket)).await?.filter(|asked| now < asked.expires_at))
}

/// Confirms or refuses the device that asked. Any session of the person may do so. `CodeWrong` when nothing waits for
/// an answer.
pub async fn decide(state: &AppState, person: &Person, id: HandOverId, is_mine: bool) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    persons::lock(&mut tx, [person.id]).await?;
    let found = hand_overs::lookup_for(&mut tx, person.id, id).await?.ok_or(ServiceError::NotFound)?;
    let (stage, until) =
        if is_mine { (HandOverStage::Confirmed, now.plus(ENTER_LIFE_MS)) } else { (HandOverStage::Refused, now) };
    if hand_overs::decide(&mut tx, person.id, id, stage, until, now).await? {
        tx.commit().await?;
        return Ok(());
    }
    // The same answer came twice, as by a second tap.
    let was_said = if is_mine {
        matches!(found.stage, HandOverStage::Confirmed | HandOverStage::Used)
    } else {
        found.stage == HandOverStage::Refused
    };
    if was_said { Ok(()) } else { Err(ServiceError::CodeWrong) }
}

/// Signs the confirmed device in, unless its person is signed in there already.
pub async fn enter(state: &AppState, ticket: &str, caller: &Caller) -> Result<Option<NewSession>, ServiceError> {
    let attempt = Attempt::by_secret(Step::EnterHandOver, ticket);
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return again(&mut tx, state, &attempt, &done, caller).await;
    }
    let ticket = token_hash(ticket);
    let Some(HandOver { person, .. }) = hand_overs::lookup_by_ticket(&mut tx, &ticket).await? else {
        return Err(ServiceError::CodeWrong);
    };
    persons::lock(&mut tx, caller.person().into_iter().chain([person])).await?;
    if hand_overs::enter(&mut tx, person, &ticket, state.clock.now()).await? {
        return come_in(tx, state, &attempt, person, caller).await;
    }
    // Signed in already by this ticket.
    let used = hand_overs::lookup_by_ticket(&mut tx, &ticket).await?;
    let is_used = used.is_some_and(|found| found.stage == HandOverStage::Used);
    if is_used && caller.is(person) { Ok(None) } else { Err(ServiceError::CodeWrong) }
}

/// The answer for a device that signed in by the same ticket or link before.
async fn again(
    tx: &mut Tx,
    state: &AppState,
    attempt: &Attempt,
    done: &Done,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    match attempt.opened_again(tx, state, done, caller).await? {
        None if !caller.is(done.person) => Err(ServiceError::CodeWrong),
        opened => Ok(opened),
    }
}

/// Makes the link out of an in-app browser. An earlier link ends.
pub async fn lead_out(state: &AppState, person: &Person, session: SessionId) -> Result<String, ServiceError> {
    let now = state.clock.now();
    let mut tx = begin(state, person, session).await?;
    for _ in 0..TRIES {
        let (id, token) = (HandOverId(state.random.id(now)), new_token(&state.random));
        let expires_at = now.plus(WAY_OUT_LIFE_MS);
        hand_overs::withdraw(&mut tx, person.id, HandOverCodeKind::Link).await?;
        if hand_overs::insert(
            &mut tx,
            &NewHandOver {
                id,
                person: person.id,
                session,
                kind: HandOverCodeKind::Link,
                code_hash: &token_hash(&token),
                now,
                expires_at,
            },
        )
        .await?
        {
            tx.commit().await?;
            return Ok(token);
        }
    }
    Err(ServiceError::Broken("no way out could be made"))
}

/// Signs the device's own browser in by the link. Its 256 bits cannot be guessed, so tries are not counted.
pub async fn take(
    state: &AppState,
    attempt: Attempt,
    token: &str,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    if !secrets::is_token(token) {
        return Err(ServiceError::CodeWrong);
    }
    // A link is an address, which two browsers may know. The form's key therefore identifies the post as well.
    let attempt = attempt.with(token);
    let mut tx = state.database.begin().await?;
    if let Some(done) = attempt.lookup(&mut tx, state).await? {
        return again(&mut tx, state, &attempt, &done, caller).await;
    }
    let (code_hash, now) = (token_hash(token), state.clock.now());
    let person = hand_overs::lookup_link(&mut tx, &code_hash, now).await?.ok_or(ServiceError::CodeWrong)?;
    persons::lock(&mut tx, caller.person().into_iter().chain([person])).await?;
    if !hand_overs::take(&mut tx, person, &code_hash, now).await? {
        return Err(ServiceError::CodeWrong);
    }
    come_in(tx, state, &attempt, person, caller).await
}

async fn come_in(
    mut tx: Tx,
    state: &AppState,
    attempt: &Attempt,
    person: PersonId,
    caller: &Caller,
) -> Result<Option<NewSession>, ServiceError> {
    if caller.is(person) {
        attempt.done(&mut tx, state, &Done { person, session: None, target: None }).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let now = state.clock.now();
    let person = persons::lookup(&mut tx, person).await?.ok_or(ServiceError::CodeWrong)?;
    let mut facts = Facts::default();
    let opened =
        sessions::open(&mut tx, state, attempt, person, caller, &mut facts).await.map_err(|error| match error {
            // The deletion has ended the session that would hand the person over.
            ServiceError::DeletionBegan => ServiceError::CodeWrong,
            error => error,
        })?;
    attempt.done(&mut tx, state, &Done::session(&opened)).await?;
    facts.of_the_account(
        opened.person.id,
        EventKind::HandOverUsed,
        NotificationKind::HandedOver,
        caller.device.0.clone(),
        now,
    );
    facts.write(&mut tx, state, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::HandedOver { person: opened.person.id });
    Ok(Some(opened))
}
