//! Who reads a page, and what its frame has read of them already.

use std::sync::Arc;

use super::ServiceError;
use crate::{
    domain::{Pair, PairId, Person, PersonId, Role},
    server::{
        state::AppState,
        storage::{Tx, home, seat_returns},
    },
};

pub use crate::server::storage::home::Home;

/// The person whose data is read. A page has read `home` for its frame, so that no other read asks again.
#[derive(Debug, Clone)]
pub struct Reader {
    pub person: Person,
    pub home: Option<Arc<Home>>,
}

impl Reader {
    /// The person's home: as the page has read it, else as it is in this transaction.
    pub(super) async fn home(&self, tx: &mut Tx) -> Result<Arc<Home>, ServiceError> {
        match &self.home {
            Some(home) => Ok(home.clone()),
            None => Ok(Arc::new(home::lookup(tx, self.person.id).await?.ok_or(ServiceError::SignedOut)?)),
        }
    }

    /// A pair of the person, with the person's seat. A pair of others is not found.
    pub(super) async fn seat(&self, tx: &mut Tx, id: PairId) -> Result<(Pair, Role), ServiceError> {
        let home = self.home(tx).await?;
        let Some(pair) = home.pairs.iter().find(|pair| pair.id == id) else {
            return Err(outsider(tx, self.person.id, id).await?);
        };
        let role = pair.role_of(self.person.id).ok_or(ServiceError::NotFound)?;
        Ok((pair.clone(), role))
    }
}

/// Why a pair is not shown to a person who has no seat in it. Only those who had a seat, or wait for one, learn more
/// than that it is not found.
pub(super) async fn outsider(tx: &mut Tx, person: PersonId, id: PairId) -> Result<ServiceError, ServiceError> {
    Ok(match seat_returns::lookup_outsider(tx, id, person).await? {
        (true, _) => ServiceError::SeatWaits,
        (false, true) => ServiceError::SeatMoved,
        (false, false) => ServiceError::NotFound,
    })
}

/// Reads the home of a person, unless the page has read it.
pub async fn home_of(state: &AppState, reader: &Reader) -> Result<Arc<Home>, ServiceError> {
    match &reader.home {
        Some(home) => Ok(home.clone()),
        None => reader.home(&mut *state.database.read().await?).await,
    }
}
