//! Where the database is, how many connections this process may open, and how it is opened.

/// The connections to PostgreSQL when nobody says otherwise.
const CONNECTIONS: u32 = 16;

/// The settings of a database.
#[derive(Debug, Clone)]
pub struct Source {
    /// `sqlite:FILE` or `postgres://…` (`DATABASE_URL`).
    pub url: String,
    /// The server's own address when `url` is the address of a pooler (`DATABASE_DIRECT_URL`); PostgreSQL only.
    pub direct_url: Option<String>,
    /// The most connections at once (`DATABASE_CONNECTIONS`), at least 4; PostgreSQL only.
    pub connections: u32,
}

impl From<&str> for Source {
    fn from(url: &str) -> Self {
        Self { url: url.to_owned(), direct_url: None, connections: CONNECTIONS }
    }
}

impl From<&String> for Source {
    fn from(url: &String) -> Self {
        url.as_str().into()
    }
}

/// How to open the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// Creates the file when it is missing, and migrates the schema.
    Migrate,
    /// Opens the database without changing it.
    AsIs,
}

/// Lets a database be opened that a later release has migrated: migrations only add.
pub(super) fn stepping_back(mut migrator: sqlx::migrate::Migrator) -> sqlx::migrate::Migrator {
    migrator.set_ignore_missing(true);
    migrator
}
