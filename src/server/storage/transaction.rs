//! A transaction on either database, and the rows of a statement on many rows.

use std::collections::BTreeSet;

use super::{
    StorageError,
    commits::Commits,
    journal::{Entry, Journal},
    kept_transaction::KeptTransaction,
    line_news,
    locks::Locks,
    postgres::PgTx,
    single::OnSqlite,
};
use crate::{
    domain::PersonId,
    server::{
        counters::STATEMENTS,
        notifier::{Notifier, bulletin::Work, connections::OpenLine, news::News},
    },
};
use serde::Serializer;

pub(super) enum Inner {
    Sqlite(OnSqlite),
    Postgres(PgTx),
}

/// The rows for a statement on many rows, as the JSON array that `execute_each!` and `fetch_each!` bind.
pub(super) fn rows<T: serde::Serialize>(values: impl IntoIterator<Item = T>) -> String {
    let mut text = Vec::new();
    // The rows hold strings and numbers, which always serialise.
    let _ = serde_json::Serializer::new(&mut text).collect_seq(values);
    String::from_utf8(text).unwrap_or_default()
}

/// A transaction on either database. It is rolled back when it is dropped without `commit`.
pub struct Tx {
    pub(super) inner: Inner,
    pub(super) locks: Locks,
    pub(super) written_feeds: BTreeSet<PersonId>,
    /// What the transaction wrote for the background loops.
    pub(super) work: Work,
    /// The commits of SQLite's writer, for a transaction that may write.
    pub(super) commits: Option<Commits>,
    notifier: Notifier,
    journal: Option<Journal>,
}

impl Tx {
    pub(super) fn new(inner: Inner, notifier: Notifier, journal: Option<Journal>) -> Self {
        if let Some(journal) = &journal {
            journal.record(Entry::Transaction);
        }
        let (locks, written_feeds, work) = (Locks::default(), BTreeSet::new(), Work::default());
        Self { inner, locks, written_feeds, work, commits: None, notifier, journal }
    }

    /// The transaction for one statement. Every statement of the macros goes through here.
    pub(super) fn running(&mut self, sql: &'static str) -> &mut Inner {
        STATEMENTS.add();
        if let Some(journal) = &self.journal {
            if let Inner::Sqlite(tx) = &mut self.inner
                && tx.begins_again()
            {
                journal.record(Entry::Transaction);
            }
            journal.record(Entry::Statement(sql));
        }
        &mut self.inner
    }

    /// The transaction, if a statement can wait in it for the next one (`queue!`).
    pub(super) fn queueing(&mut self) -> Option<&mut KeptTransaction> {
        match &mut self.inner {
            Inner::Sqlite(OnSqlite::Kept(tx)) if tx.can_queue() => Some(tx),
            Inner::Sqlite(_) | Inner::Postgres(_) => None,
        }
    }

    /// Lets the next statement whose rows are all read end this transaction, which has only read. On SQLite that saves
    /// a call. What is read after it is of another snapshot.
    pub fn end_with_next(&mut self) {
        if let Inner::Sqlite(tx) = &mut self.inner {
            tx.end_with_next();
        }
    }

    /// Commits, then wakes the readers of the feeds that were written, here and on the other nodes.
    pub async fn commit(self) -> Result<(), StorageError> {
        // Counted before the writer is free for the next transaction, which reads the number.
        if let Some(commits) = &self.commits {
            commits.add();
        }
        let lines = self.lines();
        let mut news = News::new();
        match self.inner {
            Inner::Sqlite(OnSqlite::Kept(tx)) if !lines.is_empty() => {
                let found = Box::pin(tx.commit_with(line_news::STATEMENT, line_news::asked(&lines))).await?;
                news = line_news::found(&lines, &found);
            }
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) if tx.has_failed() => {
                let told = "a transaction with a failed statement cannot be committed";
                return Err(StorageError::Database(sqlx::Error::Protocol(told.into())));
            }
            Inner::Postgres(tx) => tx.commit().await?,
        }
        self.notifier.committed(&self.written_feeds, self.work, &news);
        Ok(())
    }

    /// The open lines of the feeds that were written, if both are few.
    fn lines(&self) -> Vec<OpenLine> {
        if self.written_feeds.len() > line_news::MOST_LINES || self.is_postgres() {
            return Vec::new();
        }
        let lines = self.notifier.open_lines_of(&self.written_feeds);
        if lines.len() > line_news::MOST_LINES { Vec::new() } else { lines }
    }

    /// Whether no further statement can run: one failed, or its answer was never read.
    pub(super) fn is_broken(&self) -> bool {
        matches!(&self.inner, Inner::Postgres(tx) if tx.is_broken())
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }
}
