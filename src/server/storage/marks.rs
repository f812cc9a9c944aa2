//! Whether anything was committed between two write transactions on SQLite.

use super::{StorageError, Tx, commits::Commits, macros};

/// Where a write transaction on SQLite began among all commits to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqliteMark {
    /// Of this process.
    commits: u64,
    /// Of other processes (`PRAGMA data_version` of the writer: sqlite.org/pragma.html#pragma_data_version).
    data_version: i64,
}

impl SqliteMark {
    /// Whether the transaction that began at `before` committed, and nothing else did since it began.
    pub fn is_next_after(self, before: Self) -> bool {
        self.data_version == before.data_version && self.commits == before.commits + 1
    }
}

impl Tx {
    /// Where this write transaction began. `None` on PostgreSQL, where several transactions write at a time.
    pub async fn sqlite_mark(&mut self) -> Result<Option<SqliteMark>, StorageError> {
        let Some(commits) = self.commits.as_ref().map(Commits::count) else {
            return Ok(None);
        };
        let (data_version,) = macros::fetch_one!(self, (i64,), "SELECT data_version FROM pragma_data_version")?;
        Ok(Some(SqliteMark { commits, data_version }))
    }
}
