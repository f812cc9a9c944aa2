//! The end of a seat's return that was not carried out: it was refused or called off, the pair was closed, or the
//! person who waited has their account deleted.
//! Rule R179.

use super::{ServiceError, tell::Facts};
use crate::{
    domain::{EventKind, Millis, NotificationKind, Pair, PairId, PersonId, Role},
    server::storage::{Tx, pairs, seat_returns},
};

/// Ends the return that waits in a pair, if there is one, and tells all three. Everybody is locked.
pub(super) async fn end_in(tx: &mut Tx, pair: &Pair, facts: &mut Facts, now: Millis) -> Result<(), ServiceError> {
    let Some(returning) = &pair.returning else { return Ok(()) };
    if seat_returns::remove(tx, pair.id).await? {
        let (event, kind) = (EventKind::SettingsChanged, NotificationKind::SeatRefused);
        facts.of_the_account(returning.person_id, event, kind, String::new(), now);
        for role in [Role::Parent, Role::Child] {
            facts.news(pair, role, kind, String::new(), now);
        }
    }
    Ok(())
}

/// The pairs among `ids`, which are locked, in which the person waits for a seat.
pub(super) async fn waits_of(tx: &mut Tx, person: PersonId, ids: &[PairId]) -> Result<Vec<Pair>, ServiceError> {
    let found = pairs::find_by_ids(tx, ids).await?;
    let waits = |pair: &Pair| pair.returning.as_ref().is_some_and(|returning| returning.person_id == person);
    Ok(found.into_iter().filter(waits).collect())
}
