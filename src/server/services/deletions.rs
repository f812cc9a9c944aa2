//! Deleting an account: asking for it, taking that back within seven days, and carrying it out.
//! Rules R171–R175, R182.

use std::collections::HashMap;

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
        calendar::Zone,
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
    for pair in &held.waits {
        ended_returns::end_in(tx, pair, &mut facts, now).await?;
    }
    for pair in &held.pairs {
        let words = *choices.get(&pair.id).ok_or(ServiceError::DeletionChoice)?;
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
        if reopens || words == WordsOnDeletion::Erase {
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

/// A person whose deletion was asked for and who signs in again. Their pairs are locked.
pub(super) struct ComingBack {
    person: PersonId,
    held: Vec<Pair>,
    of_pairs: Vec<PairDeletion>,
}

impl ComingBack {
    /// Everybody whom `come_back` tells; the caller locks them.
    pub(super) fn persons(&self) -> impl Iterator<Item = PersonId> {
        self.held.iter().flat_map(Pair::persons)
    }
}

/// Finds the deletion that a person asked for, and locks their pairs. The caller signs the person in.
pub(super) async fn coming_back(
    tx: &mut Tx,
    person: PersonId,
    now: Millis,
) -> Result<Option<ComingBack>, ServiceError> {
    let Some(deletion) = deletions::lookup(tx, person).await? else { return Ok(None) };
    // What is due is carried out by the next sweep, and no code opens it any more.
    if deletion.due_at <= now {
        return Err(ServiceError::CodeWrong);
    }
    let of_pairs = deletions::find_pairs(tx, person).await?;
    let ids: Vec<PairId> = of_pairs.iter().map(|of_pair| of_pair.pair).collect();
    pairs::lock_all(tx, &ids).await?;
    Ok(Some(ComingBack { person, held: pairs::find_by_ids(tx, &ids).await?, of_pairs }))
}

/// Takes a deletion back, because the person has signed in. The pairs that the deletion closed go on; one whose other
/// member has a deletion asked for as well goes on when that one is taken back too.
pub(super) async fn come_back(
    tx: &mut Tx,
    state: &AppState,
    coming: ComingBack,
    facts: &mut Facts,
    now: Millis,
) -> Result<(), ServiceError> {
    let ComingBack { person, held, of_pairs } = coming;
    // Another sign-in of the person may have taken it back while this one waited for the locks.
    if deletions::lookup(tx, person).await?.is_none() {
        return Ok(());
    }
    for mut pair in held {
        if !of_pairs.iter().any(|of_pair| of_pair.pair == pair.id && of_pair.reopens) {
            continue;
        }
        let role = pair.role_of(person).ok_or(ServiceError::Broken("a pair of others"))?;
        if let Some(other) = pair.seat(role.other())
            && deletions::is_going(tx, other.person_id).await?
        {
            deletions::set_reopens(tx, other.person_id, pair.id).await?;
            continue;
        }
        deletions::reopen_pair(tx, pair.id).await?;
        pair.closed_at = None;
        if pair.phase() == PairPhase::Together {
            pair.set_next_due(Zone::stored(&pair.zone).next_push(now, pair.push_time));
            pairs::update_schedule(tx, &pair).await?;
        }
        facts.both(&pair, EventKind::PairResumed);
        facts.news(&pair, role.other(), NotificationKind::CameBack, String::new(), now);
    }
    deletions::remove(tx, person).await?;
    guard::note(state, SecurityEvent::DeletionTakenBack { person });
    Ok(())
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
        if !last_readers::has_other_reader(&mut tx, pair.id, person).await? {
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
