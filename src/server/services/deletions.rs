//! Deleting an account: asking for it, taking that back within seven days, and carrying it out.
//! Rules R171–R175, R182.

use std::collections::{HashMap, HashSet};

use super::{
    ServiceError, ended_returns,
    guard::{self, Codes, Trier},
    pairs as use_cases, proofs, sessions,
    tell::Facts,
};
use crate::{
    domain::{
        Cancelled, DELETION_WAITS_MS, EventKind, Millis, NotificationKind, Pair, PairId, PairPhase, Person, PersonId,
        RecoveryCode, SessionId, WordsOnDeletion,
    },
    server::{
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx,
            deletions::{self, Deletion, PairDeletion},
            deliveries::{self, CancelFor},
            device_locks, invitations, last_readers, pairs, persons, seat_returns,
        },
    },
};

/// What becomes of the person's words in each of their pairs.
pub type Choices = HashMap<PairId, WordsOnDeletion>;

/// Asks for the deletion of the person's account. The typed recovery code proves that it is the person and that they
/// can take it back: the code from before a renewal while that one still works, so that nobody deletes an account with
/// a copied cookie. A session with a fresh proof (`proofs`) may leave it out. Every session and device of the person
/// ends, and their pairs close. Returns when the deletion is carried out.
pub async fn ask(
    state: &AppState,
    person: &Person,
    session: SessionId,
    typed: &str,
    choices: &Choices,
    trier: Trier,
) -> Result<Millis, ServiceError> {
    let hash = match RecoveryCode::parse(typed) {
        Ok(code) => Some(state.secrets.recovery_hash(&code)),
        Err(_) if typed.trim().is_empty() => None,
        Err(_) => return Err(ServiceError::CodeMissing),
    };
    if hash.is_some() {
        tokio::time::sleep(guard::slowness(state, Codes::Recovery, trier, Some(person.id)).await?).await;
    }
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let held = hold(&mut tx, person.id).await?;
    if let Some(running) = deletions::lookup(&mut tx, person.id).await? {
        return Ok(running.due_at);
    }
    match hash {
        Some(hash) if proofs::is_code(&mut tx, person.id, &hash, now).await? => {}
        Some(_) => {
            guard::fail(tx, state, Codes::Recovery, trier).await?;
            return Err(ServiceError::CodeWrong);
        }
        None => proofs::require(&mut tx, session, now).await.map_err(|error| match error {
            ServiceError::ProofNeeded => ServiceError::CodeMissing,
            error => error,
        })?,
    }
    let due_at = ask_in(&mut tx, state, person.id, &held, choices, now).await?;
    tx.commit().await?;
    guard::note(state, SecurityEvent::DeletionAsked { person: person.id });
    Ok(due_at)
}

/// Asks for the deletion of a person's account; for the operator. `words` counts for all pairs. With `is_due_now` the
/// next sweep carries it out, and nobody can take it back.
pub async fn ask_by_operator(
    state: &AppState,
    person: PersonId,
    words: WordsOnDeletion,
    is_due_now: bool,
) -> Result<Millis, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.begin().await?;
    let held = hold(&mut tx, person).await?;
    persons::lookup(&mut tx, person).await?.ok_or(ServiceError::NotFound)?;
    if deletions::lookup(&mut tx, person).await?.is_none() {
        let choices = held.pairs.iter().map(|pair| (pair.id, words)).collect();
        ask_in(&mut tx, state, person, &held, &choices, now).await?;
    }
    if is_due_now {
        deletions::set_due(&mut tx, person, now).await?;
    }
    let due_at = deletions::lookup(&mut tx, person).await?.map_or(now, |deletion| deletion.due_at);
    tx.commit().await?;
    guard::note(state, SecurityEvent::DeletionAsked { person });
    Ok(due_at)
}

/// The pairs of a person that others can read too: only of these can words be left to somebody.
pub async fn find_shared(state: &AppState, person: PersonId) -> Result<HashSet<PairId>, ServiceError> {
    Ok(last_readers::find_shared(&mut *state.database.read().await?, person).await?)
}

/// What a deletion holds.
struct Held {
    pairs: Vec<Pair>,
    /// Pairs in which the person waits for a seat.
    waits: Vec<Pair>,
}

/// Locks the person's pairs, everybody in them, and the person's devices. No pair is added until the end of the
/// transaction.
async fn hold(tx: &mut Tx, person: PersonId) -> Result<Held, ServiceError> {
    use_cases::lock_pairs(tx, person).await?;
    let mut ids: Vec<PairId> = pairs::find_of(tx, person).await?.iter().map(|pair| pair.id).collect();
    let awaited = seat_returns::find_of(tx, person).await?;
    ids.extend(&awaited);
    pairs::lock_all(tx, &ids).await?;
    let pairs = pairs::find_of(tx, person).await?;
    let waits = ended_returns::waits_of(tx, person, &awaited).await?;
    let everybody = pairs.iter().chain(&waits).flat_map(Pair::everybody);
    persons::lock(tx, everybody.chain([person])).await?;
    device_locks::lock_of(tx, [person]).await?;
    Ok(Held { pairs, waits })
}

async fn ask_in(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    held: &Held,
    choices: &Choices,
    now: Millis,
) -> Result<Millis, ServiceError> {
    let mut facts = Facts::default();
    let mut of_pairs = Vec::new();
    let shared = last_readers::find_shared(tx, person).await?;
    for pair in &held.waits {
        ended_returns::end_in(tx, pair, &mut facts, now).await?;
    }
    for pair in &held.pairs {
        // Nothing can be left to anybody of a pair that only this person can read, so a choice for it does not count.
        let is_shared = shared.contains(&pair.id);
        let words = if is_shared { choices.get(&pair.id).copied() } else { Some(WordsOnDeletion::Erase) };
        let words = words.ok_or(ServiceError::DeletionChoice)?;
        let role = pair.role_of(person).ok_or(ServiceError::Broken("a pair of others"))?;
        let reopens = pair.phase() != PairPhase::Closed;
        if reopens {
            pairs::close(tx, pair.id, now).await?;
            invitations::end_all(tx, pair.id, now).await?;
            deliveries::cancel(tx, CancelFor::Pair(pair.id), Cancelled::Left, now).await?;
            ended_returns::end_in(tx, pair, &mut facts, now).await?;
            facts.both(pair, EventKind::PairClosed);
        }
        // Of a pair that was closed before, the other is told only when words of their archive go.
        if reopens || (is_shared && words == WordsOnDeletion::Erase) {
            facts.news(pair, role.other(), NotificationKind::Deleting, String::new(), now);
        }
        of_pairs.push(PairDeletion { pair: pair.id, words, reopens });
    }
    facts.myself(person, EventKind::SessionsChanged);
    let due_at = now.plus(DELETION_WAITS_MS);
    deletions::insert(tx, person, Deletion { asked_at: now, due_at }, &of_pairs).await?;
    facts.write(tx, state, now).await?;
    sessions::end_every(tx, person, now).await?;
    Ok(due_at)
}

/// Carries out the deletions that are due. Returns how many.
pub async fn carry_out(state: &AppState, now: Millis) -> Result<usize, ServiceError> {
    let mut tx = state.database.read().await?;
    let due = deletions::find_due(&mut tx, now).await?;
    drop(tx);
    let mut done = 0;
    for person in due {
        match carry_out_one(state, person, now).await {
            Ok(is_done) => done += usize::from(is_done),
            // The next sweep tries again; the others are not held up.
            Err(error) => tracing::error!(person.id = %person, %error, "a person cannot be deleted"),
        }
    }
    Ok(done)
}

async fn carry_out_one(state: &AppState, person: PersonId, now: Millis) -> Result<bool, ServiceError> {
    let mut tx = state.database.begin().await?;
    let held = hold(&mut tx, person).await?;
    // The person may have signed in since it was found.
    if deletions::lookup(&mut tx, person).await?.is_none_or(|deletion| now < deletion.due_at) {
        return Ok(false);
    }
    let of_pairs = deletions::find_pairs(&mut tx, person).await?;
    let mut facts = Facts::default();
    for pair in &held.waits {
        ended_returns::end_in(&mut tx, pair, &mut facts, now).await?;
    }
    for pair in &held.pairs {
        // A pair that was made while the person was signing out runs still.
        if pair.phase() != PairPhase::Closed {
            let role = pair.role_of(person).ok_or(ServiceError::Broken("a pair of others"))?;
            pairs::close(&mut tx, pair.id, now).await?;
            deliveries::cancel(&mut tx, CancelFor::Pair(pair.id), Cancelled::Left, now).await?;
            ended_returns::end_in(&mut tx, pair, &mut facts, now).await?;
            facts.news(pair, role.other(), NotificationKind::Deleting, String::new(), now);
        }
        // Every page of the pair shows it, so it is no event of one card.
        facts.both(pair, EventKind::PairClosed);
    }
    facts.write(&mut tx, state, now).await?;
    for pair in &held.pairs {
        if last_readers::find_other(&mut tx, pair.id, person).await?.is_empty() {
            delete_unread(&mut tx, pair, person, now).await?;
            continue;
        }
        let role = pair.role_of(person).ok_or(ServiceError::Broken("a pair of others"))?;
        let chosen = of_pairs.iter().find(|of_pair| of_pair.pair == pair.id);
        let words = chosen.map_or(WordsOnDeletion::Erase, |of_pair| of_pair.words);
        deletions::delete_words(&mut tx, pair.id, role, words, now).await?;
    }
    sessions::end_every(&mut tx, person, now).await?;
    deletions::blank(&mut tx, person, now).await?;
    tx.commit().await?;
    tracing::info!(person.id = %person, pairs = held.pairs.len(), "a person was deleted");
    Ok(true)
}

/// Deletes all words of a pair whose last reader goes, whatever that person or the other chose.
pub(super) async fn delete_unread(tx: &mut Tx, pair: &Pair, person: PersonId, now: Millis) -> Result<(), ServiceError> {
    last_readers::delete_everything(tx, pair.id).await?;
    // The other member of an imported pair is a row that only holds a name.
    for member in pair.persons() {
        if member != person && !deletions::is_going(tx, member).await? {
            deletions::blank(tx, member, now).await?;
        }
    }
    Ok(())
}
