//! Bulletins between the nodes on one PostgreSQL: `NOTIFY` posts them, `LISTEN` hears them. A bulletin that nobody
//! hears is lost; it carries no fact (`notifier::bulletin`).

use super::{Database, StorageError, listener::CHANNEL, macros, rows};

pub use super::listener::Listener;

impl Database {
    /// Whether other nodes may work on this database, which is so on PostgreSQL.
    pub fn has_nodes(&self) -> bool {
        self.listen_at.is_some()
    }

    /// Posts bulletins to all nodes in a transaction of their own. `NOTIFY` takes a lock of the whole database until
    /// the commit, so a transaction that writes rows must not hold it.
    pub async fn post(&self, bulletins: &[String]) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        let bulletins = rows(bulletins);
        macros::execute_each!(tx, "SELECT pg_notify($2, t.value #>> '{}') FROM", "", bulletins.as_str(), CHANNEL,)?;
        tx.commit().await
    }

    /// Connects and begins to listen; `None` on SQLite.
    pub async fn listen(&self) -> Result<Option<Listener>, StorageError> {
        match self.listen_at.as_deref().cloned() {
            Some(options) => Listener::connect(options).await.map(Some),
            None => Ok(None),
        }
    }
}
