//! The error of storage.

use super::{refusals, repeat::is_conflict};

/// Why storage failed.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database cannot serve now: read-only, full, locked, or not reachable. A later try may succeed.
    #[error("the database is not available: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The transaction was ended so that another could go on (deadlock, serialisation). The same use case may succeed
    /// at once.
    #[error("the transaction was in the way of another: {0}")]
    Conflict(#[source] sqlx::Error),
    /// A stored row holds a value that cannot be read.
    #[error("inconsistent row in {table} ({id}): {column}")]
    Inconsistent { table: &'static str, id: String, column: String },
    /// A unique key exists already.
    #[error("already taken")]
    Taken,
    #[error("database error: {0}")]
    Database(#[source] sqlx::Error),
    #[error("migration failed: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The `DATABASE_URL` cannot be used, for the reason given.
    #[error("{0}")]
    Url(String),
    /// The backup failed, for the reason given.
    #[error("{0}")]
    Backup(String),
    /// The move to another database failed, for the reason given.
    #[error("{0}")]
    Move(String),
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        if let sqlx::Error::Database(cause) = &error {
            if cause.is_unique_violation() {
                return Self::Taken;
            }
            // SQLite result codes (primary, low byte): 5 busy, 8 read-only, 10 I/O, 13 full, 14 cannot open.
            let code = cause.code().unwrap_or_default();
            let primary = code.parse::<u32>().map(|code| code & 0xff).unwrap_or(0);
            let is_sqlite = cause.as_error().is::<sqlx::sqlite::SqliteError>();
            // PostgreSQL classes: 08 connection, 53 resources (disk full), 57 shutting down or statement given up.
            // Codes: 25006 read-only, 25P03 idle for too long, 55P03 waited too long for a row.
            let is_away = if is_sqlite {
                if primary == 8 {
                    refusals::note();
                }
                matches!(primary, 5 | 8 | 10 | 13 | 14)
            } else if is_conflict(cause.as_ref()) {
                return Self::Conflict(error);
            } else {
                matches!(&*code, "25006" | "25P03" | "55P03")
                    || ["08", "53", "57"].iter().any(|class| code.starts_with(class))
            };
            return if is_away { Self::Unavailable(error) } else { Self::Database(error) };
        }
        match error {
            // A row that `sql_types::read` could not read.
            sqlx::Error::Decode(cause) => match cause.downcast::<Self>() {
                Ok(error) => *error,
                Err(cause) => Self::Database(sqlx::Error::Decode(cause)),
            },
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            error => Self::Database(error),
        }
    }
}
