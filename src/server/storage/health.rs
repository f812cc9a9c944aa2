//! Whether the database can be used.

use super::{Database, Pools, StorageError, macros};

impl Database {
    /// Whether the database answers and has connections for requests; for `/readyz`.
    pub async fn ping(&self) -> Result<(), StorageError> {
        self.check_place()?;
        if let Pools::Postgres(pools) = &*self.pools
            && pools.requests.refuses()
        {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        let mut tx = self.read().await?;
        let (_one,): (i64,) = macros::fetch_one!(&mut tx, (i64,), "SELECT CAST(1 AS BIGINT)")?;
        Ok(())
    }

    /// Whether the SQLite file is still the one that was opened. The first failure is logged.
    pub fn check_place(&self) -> Result<(), StorageError> {
        match &*self.pools {
            Pools::Sqlite { place: Some(place), .. } => place.check(),
            Pools::Sqlite { place: None, .. } | Pools::Postgres(_) => Ok(()),
        }
    }
}
