//! Who reads a page, and what its frame has read of them already.

use std::sync::Arc;

use super::ServiceError;
use crate::{
    domain::{Pair, PairId, Person, Role},
    server::{
        state::AppState,
        storage::{Tx, home},
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
        let pair = home.pairs.iter().find(|pair| pair.id == id).ok_or(ServiceError::NotFound)?;
        let role = pair.role_of(self.person.id).ok_or(ServiceError::NotFound)?;
        Ok((pair.clone(), role))
    }
}

/// Reads the home of a person, unless the page has read it.
pub async fn home_of(state: &AppState, reader: &Reader) -> Result<Arc<Home>, ServiceError> {
    match &reader.home {
        Some(home) => Ok(home.clone()),
        None => reader.home(&mut *state.database.read().await?).await,
    }
}
