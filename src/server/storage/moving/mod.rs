//! Moves everything into another, empty database, from SQLite to PostgreSQL or back.
//!
//! The old database is read-only meanwhile and is never changed. At the end the rows of both are compared. No node
//! opens a PostgreSQL whose move has not ended, and a move that broke off goes on when it is started again. A new
//! SQLite file is filled in one transaction and gets its name when it is complete.

mod by_table;
mod copying;
mod rows;
mod side;

use std::{fs, path::Path};

use sqlx::{
    ConnectOptions, Connection, PgConnection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{StorageError, backup, place::sqlite_file};
use copying::{copy, same_tables};
use rows::failed;
use side::Side;

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
            if Side::Postgres(&mut connection).is_unfinished().await? {
                return Err(failed("the old database is itself the target of a move that has not ended"));
            }
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
        by_table::fill(pause.side(), &mut connection, &mut say).await?;
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

/// Fills a new SQLite file.
async fn fill(mut old: Side<'_>, mut new: Side<'_>, say: &mut impl FnMut(&str, u64)) -> Result<(), StorageError> {
    new.migrate().await?;
    let tables = same_tables(&mut old, &mut new).await?;
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
