//! Taking the deletion of an account back, by signing in within seven days.
//! Rule R172.

use super::{ServiceError, guard, tell::Facts};
use crate::{
    domain::{EventKind, Millis, NotificationKind, Pair, PairId, PairPhase, PersonId},
    server::{
        calendar::Zone,
        security::SecurityEvent,
        state::AppState,
        storage::{
            Tx,
            deletions::{self, PairDeletion},
            pairs,
        },
    },
};

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
pub(super) async fn lookup(tx: &mut Tx, person: PersonId, now: Millis) -> Result<Option<ComingBack>, ServiceError> {
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
