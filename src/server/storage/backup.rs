//! A copy of the whole SQLite database in one file, while the app runs. PostgreSQL has `pg_dump`.

use std::path::Path;

use super::{Database, Pools, StorageError};

impl Database {
    /// Writes a consistent copy (`VACUUM INTO`). The file must not exist yet.
    pub async fn backup_into(&self, file: &Path) -> Result<(), StorageError> {
        match &*self.pools {
            Pools::Sqlite { writer, .. } => {
                sqlx::query::<sqlx::Sqlite>("VACUUM INTO $1").bind(file.to_string_lossy().into_owned()).execute(writer).await?;
                Ok(())
            }
            Pools::Postgres(_) => Err(StorageError::Url("backup copies SQLite only; use pg_dump for PostgreSQL".into())),
        }
    }
}
