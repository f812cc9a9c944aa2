//! All SQL, one file per aggregate, for SQLite and PostgreSQL.
//!
//! Each statement is written once, in the subset that both databases share, and run by the macros of `macros`.
//! `sql_types` writes and reads the types of the domain; a row that cannot be read is `StorageError::Inconsistent`,
//! which names table, row and column.
//!
//! Writing transactions on SQLite start with `BEGIN IMMEDIATE` on the single writer. On PostgreSQL a use case locks the
//! pair's row and then the persons' rows (`locks` has the whole order). Use cases on one pair therefore run one after
//! the other on both. `Tx::commit` wakes the feeds that the transaction wrote to.

mod macros;

pub mod announcements;
pub mod answers;
pub mod attempts;
pub mod backup;
pub mod bulletins;
pub mod cards;
pub mod checkup;
mod commits;
pub mod daily_questions;
pub mod database_time;
pub mod deletions;
pub mod deliveries;
pub mod delivery_context;
mod delivery_state;
pub mod device_locks;
pub mod entries;
pub mod erasing;
mod error;
pub mod events;
pub mod failures;
pub mod fcm_calls;
pub mod future_rows;
pub mod hand_overs;
mod health;
pub mod home;
pub mod identities;
pub mod imports;
pub mod installation;
pub mod invitations;
pub mod journal;
mod kept_readers;
mod kept_transaction;
mod kept_writer;
pub mod last_readers;
mod line_news;
mod listener;
mod locks;
mod marks;
pub mod moving;
pub mod news;
pub mod notifications;
pub mod open_lines;
pub mod pairs;
pub mod passkeys;
pub mod pending_recoveries;
pub mod persons;
mod place;
mod postgres;
pub mod presence;
pub mod proof_requests;
pub mod prune;
pub mod question_locks;
pub mod questions;
mod queued;
mod read_only;
mod read_single;
mod reading;
pub mod receipts;
pub mod recipients;
mod refusals;
mod repeat;
pub mod restore;
pub mod schedule;
pub mod seat_returns;
pub mod seats;
pub mod seeds;
pub mod sessions;
pub mod silent;
mod single;
mod source;
mod sql_types;
mod sqlite;
pub mod subscriptions;
pub mod sweeps;
pub mod topics;
mod transaction;
mod unread;
pub mod waiting;
pub mod write_budgets;
pub mod zones;

use std::sync::Arc;

use sqlx::{SqlitePool, postgres::PgConnectOptions};

use crate::server::{
    counters::{CONNECTION_WAITS, WRITER_WAITS},
    notifier::Notifier,
};

use commits::Commits;
pub use error::StorageError;
use journal::Journal;
pub use marks::SqliteMark;
use place::Place;
pub use place::sqlite_file;
use postgres::{Mode, PgPools};
use reading::PageTx;
pub use reading::Reading;
pub use repeat::Watch;
use single::OnSqlite;
pub use source::{Opening, Source};
use sqlite::{Kept, SqlitePools};
pub use transaction::Tx;
use transaction::{Inner, rows};

enum Pools {
    /// `place` is `None` for a database in memory.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
        place: Option<Place>,
        /// `None` when all statements share one connection.
        kept: Option<Kept>,
        commits: Commits,
    },
    Postgres(PgPools),
}

/// The handle on the database. It is cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Arc<Pools>,
    notifier: Notifier,
    /// Where the listener connects; `None` on SQLite, which has no other nodes.
    listen_at: Option<Arc<PgConnectOptions>>,
    /// Uses the connections of the jobs.
    is_for_jobs: bool,
    watch: Option<Watch>,
    journal: Option<Journal>,
    /// The read transaction that the reads of one page share.
    page: Option<PageTx>,
}

impl Database {
    /// Opens `sqlite:PATH` or `postgres://…`.
    pub async fn open(source: impl Into<Source>, opening: Opening) -> Result<Self, StorageError> {
        let source = source.into();
        let (pools, notifier, listen_at) = if source.url.starts_with("sqlite:") {
            let SqlitePools { writer, readers, place, kept, commits } = sqlite::open(&source.url, opening).await?;
            (Pools::Sqlite { writer, readers, place, kept, commits }, Notifier::default(), None)
        } else if source.url.starts_with("postgres:") || source.url.starts_with("postgresql:") {
            let pools = Pools::Postgres(PgPools::open(&source, opening).await?);
            (pools, Notifier::of_a_node(), Some(Arc::new(listener::options(&source)?)))
        } else {
            return Err(StorageError::Url("DATABASE_URL must start with sqlite: or postgres:".into()));
        };
        Ok(Self {
            pools: Arc::new(pools),
            notifier,
            listen_at,
            is_for_jobs: false,
            watch: None,
            journal: None,
            page: None,
        })
    }

    pub fn notifier(&self) -> &Notifier {
        &self.notifier
    }

    /// The same database for background work: on PostgreSQL it has connections of its own, and longer statements.
    pub fn for_jobs(&self) -> Self {
        Self { is_for_jobs: true, journal: None, page: None, ..self.clone() }
    }

    /// The same database for one request, and what its transactions met.
    pub fn watched(&self) -> (Self, Watch) {
        let watch = Watch::default();
        (Self { watch: Some(watch.clone()), ..self.clone() }, watch)
    }

    /// The same database, and a record of what its handle and the handle's clones run. Background work is left out.
    pub fn recorded(&self) -> (Self, Journal) {
        let journal = Journal::default();
        (Self { journal: Some(journal.clone()), ..self.clone() }, journal)
    }

    /// The same database for one page, whose reads share one transaction and so one snapshot. `is_plain`: the first
    /// read is expected to be the only one.
    pub fn for_page(&self, is_plain: bool) -> Self {
        Self { page: Some(PageTx::new(is_plain)), ..self.clone() }
    }

    /// Whether this is the database of one page.
    pub fn is_for_page(&self) -> bool {
        self.page.is_some()
    }

    /// Ends the transaction that the reads of the page shared. A later read begins another.
    pub fn end_page(&self) {
        if let Some(page) = &self.page {
            page.end();
        }
    }

    /// Begins a transaction that may write. It ends the reads of a page, so that no request holds two connections.
    pub async fn begin(&self) -> Result<Tx, StorageError> {
        self.check_place()?;
        self.end_page();
        let (inner, commits) = match &*self.pools {
            Pools::Sqlite { writer, kept, commits, .. } => {
                let tx = match kept {
                    Some(kept) => OnSqlite::Kept(WRITER_WAITS.of(kept.writer.begin(writer)).await?),
                    None => {
                        OnSqlite::Transaction(WRITER_WAITS.of(Box::pin(writer.begin_with("BEGIN IMMEDIATE"))).await?)
                    }
                };
                (Inner::Sqlite(tx), Some(commits.clone()))
            }
            Pools::Postgres(pools) => (self.begin_postgres(pools, Mode::Write).await?, None),
        };
        let mut tx = Tx::new(inner, self.notifier.clone(), self.journal.clone());
        tx.commits = commits;
        Ok(tx)
    }

    /// Begins a transaction that only reads, on one snapshot, so that a page and its `as_of` agree.
    pub async fn read(&self) -> Result<Reading, StorageError> {
        match &self.page {
            Some(page) => page.reading(|| self.begin_read()).await,
            None => Ok(Reading::Own(Box::new(self.begin_read().await?))),
        }
    }

    async fn begin_read(&self) -> Result<Tx, StorageError> {
        let inner = match &*self.pools {
            Pools::Sqlite { readers, kept: Some(kept), .. } => {
                Inner::Sqlite(OnSqlite::Kept(CONNECTION_WAITS.of(kept.readers.begin(readers)).await?))
            }
            Pools::Sqlite { readers, kept: None, .. } => {
                Inner::Sqlite(OnSqlite::Transaction(CONNECTION_WAITS.of(Box::pin(readers.begin())).await?))
            }
            Pools::Postgres(pools) => self.begin_postgres(pools, Mode::Read).await?,
        };
        Ok(Tx::new(inner, self.notifier.clone(), self.journal.clone()))
    }

    async fn begin_postgres(&self, pools: &PgPools, mode: Mode) -> Result<Inner, StorageError> {
        let lane = if self.is_for_jobs { &pools.jobs } else { &pools.requests };
        Ok(Inner::Postgres(CONNECTION_WAITS.of(Box::pin(lane.begin(mode, self.watch.clone()))).await?))
    }

    /// Waits for running statements and closes all connections.
    pub async fn close(&self) {
        match &*self.pools {
            Pools::Sqlite { writer, readers, kept, .. } => {
                if let Some(kept) = kept {
                    kept.readers.end().await;
                    kept.single.end().await;
                    kept.writer.end().await;
                }
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pools) => pools.close().await,
        }
    }
}
