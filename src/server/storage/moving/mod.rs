//! Moves everything into another, empty database, from SQLite to PostgreSQL or back.
//!
//! The old database is read-only meanwhile and is never changed. The new one is filled in a single transaction, with
//! its schema, and compared with the old one before the commit: a move that is interrupted leaves nothing behind, and
//! is begun again. A new SQLite file gets its name when it is complete.

mod rows;
mod side;

use std::{fs, path::Path};

use sqlx::{
    ConnectOptions, Connection, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{StorageError, backup, place::sqlite_file};
use rows::{Sum, failed};
use side::{Side, Table};

/// The old database, which stays read-only for everybody while this value lives.
pub struct Pause {
    held: Held,
}

enum Held {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Pause {
    async fn begin(url: &str) -> Result<Self, StorageError> {
        let Some(file) = sqlite_file(url) else {
            let mut connection = PgConnection::connect(url).await?;
            let tables = Side::Postgres(&mut connection).table_names().await?;
            let names: Vec<String> = tables.iter().map(|name| side::quoted(name)).collect();
            side::run(&mut connection, "SET lock_timeout = '30s'; SET idle_in_transaction_session_timeout = 0").await?;
            // The lock comes before the first look, so that the snapshot holds all that was written before.
            side::run(&mut connection, "BEGIN ISOLATION LEVEL REPEATABLE READ").await?;
            if !names.is_empty() {
                side::run(&mut connection, &format!("LOCK TABLE {} IN SHARE MODE", names.join(", "))).await?;
            }
            return Ok(Self { held: Held::Postgres(connection) });
        };
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(false);
        let mut connection = options.busy_timeout(std::time::Duration::from_secs(30)).connect().await?;
        // Takes the place of the single writer and writes nothing.
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok(Self { held: Held::Sqlite(connection) })
    }

    fn side(&mut self) -> Side<'_> {
        match &mut self.held {
            Held::Sqlite(connection) => Side::Sqlite(connection),
            Held::Postgres(connection) => Side::Postgres(connection),
        }
    }

    /// Makes the old database writable again.
    pub async fn end(self) -> Result<(), StorageError> {
        match self.held {
            Held::Sqlite(connection) => connection.close().await?,
            Held::Postgres(connection) => connection.close().await?,
        }
        Ok(())
    }

    /// How many others are connected to the old database. `None` for SQLite, which does not know.
    pub async fn others(&mut self) -> Result<Option<i64>, StorageError> {
        let Held::Postgres(connection) = &mut self.held else { return Ok(None) };
        let sql = "SELECT COUNT(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
        // The view is a snapshot for the length of a transaction.
        side::run(connection, "SELECT pg_stat_clear_snapshot()").await?;
        let (others,): (i64,) = sqlx::query_as(sql).fetch_one(connection).await?;
        Ok(Some(others))
    }
}

/// Copies every row from one database into another and compares both. `say` hears of each table that was copied, with
/// the number of its rows.
pub async fn move_all(from: &str, to: &str, mut say: impl FnMut(&str, u64)) -> Result<Pause, StorageError> {
    let is_postgres = to.starts_with("postgres:") || to.starts_with("postgresql:");
    let mut pause = Pause::begin(from).await?;
    if is_postgres {
        let mut connection = PgConnection::connect(to).await?;
        let mut tx = connection.begin().await?;
        fill(pause.side(), Side::Postgres(&mut tx), &mut say).await?;
        tx.commit().await?;
        connection.close().await?;
        return Ok(pause);
    }
    let file = sqlite_file(to).ok_or_else(|| failed("the new database is sqlite:FILE or postgres://…"))?;
    if file.exists() {
        return Err(failed(format!("{} exists already; name a new file", file.display())));
    }
    let part = backup::part_of(&file);
    let held = backup::hold(&part)?;
    held.set_len(0).map_err(sqlx::Error::Io)?;
    let done = fill_file(&mut pause, &part, &mut say).await;
    let done = done.and_then(|()| {
        backup::publish(&part, &held, &file)
            .map_err(|error| failed(format!("{} cannot be written: {error}", file.display())))
    });
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done.map(|()| pause)
}

async fn fill_file(pause: &mut Pause, part: &Path, say: &mut impl FnMut(&str, u64)) -> Result<(), StorageError> {
    // Without a journal in a file: what a killed process leaves is emptied by the next.
    let options = SqliteConnectOptions::new()
        .filename(part)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Memory)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = options.connect().await?;
    let mut tx = connection.begin().await?;
    fill(pause.side(), Side::Sqlite(&mut tx), say).await?;
    tx.commit().await?;
    Ok(connection.close().await?)
}

async fn fill(mut old: Side<'_>, mut new: Side<'_>, say: &mut impl FnMut(&str, u64)) -> Result<(), StorageError> {
    if !new.table_names().await?.is_empty() {
        return Err(failed("the new database holds tables already: name an empty one"));
    }
    new.migrate().await?;
    if old.migrations().await? != new.migrations().await? {
        return Err(failed(
            "the old database has not the schema of this release: run `umbba migrate` with the release that you move \
             with, and no other release",
        ));
    }
    let tables = new.tables().await?;
    let mut known: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
    let mut found = old.table_names().await?;
    known.sort_unstable();
    found.sort_unstable();
    if known != found {
        return Err(failed(format!("the old database holds other tables than this release: {found:?}")));
    }
    let mut sums = Vec::with_capacity(tables.len());
    for table in &tables {
        let sum = copy(&mut old, &mut new, table).await?;
        say(&table.name, sum.rows);
        sums.push(sum);
    }
    for (table, sum) in tables.iter().zip(sums) {
        if new.sum(table).await? != sum {
            return Err(failed(format!("the rows of {} are not the same in both databases", table.name)));
        }
    }
    Ok(())
}

/// Copies the rows of a table. Returns their sum in the old database.
async fn copy(old: &mut Side<'_>, new: &mut Side<'_>, table: &Table) -> Result<Sum, StorageError> {
    use futures::{StreamExt, TryStreamExt};

    /// Rows in one statement.
    const BATCH: usize = 1_000;

    let mut sum = Sum::default();
    let mut batches = old.rows(table).chunks(BATCH);
    while let Some(batch) = batches.next().await {
        let batch: Vec<_> = futures::stream::iter(batch).try_collect().await?;
        for row in &batch {
            sum.add(row);
        }
        new.insert(table, &batch).await?;
    }
    Ok(sum)
}
