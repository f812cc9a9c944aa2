//! Backup: a copy of the whole SQLite database in one file, while the app runs. PostgreSQL has `pg_dump`.
//!
//! The copy is written as `FILE.part`, compared with its source and synced to the disk before it gets its name. A file
//! with that name is therefore complete.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Sqlite, SqliteConnection, SqlitePool, sqlite::SqliteConnectOptions};

use super::{Database, Pools, StorageError};

/// Most tries. A write between the two snapshots of a try makes them differ, which rarely happens often in a row.
const TRIES: usize = 5;

impl Database {
    /// Writes a consistent copy (`VACUUM INTO`) with mode 0600. An existing file is never overwritten.
    pub async fn backup_into(&self, file: &Path) -> Result<(), StorageError> {
        let Pools::Sqlite { readers, place: Some(place), .. } = &*self.pools else {
            return Err(StorageError::Url("backup copies SQLite only; use pg_dump for PostgreSQL".into()));
        };
        if file.exists() {
            return Err(failed(format!("{} exists already", file.display())));
        }
        let part = part_of(file);
        let held = hold(&part)?;
        let done = match copy(place.path(), readers, &part, &held).await {
            Ok(()) => publish(&part, &held, file)
                .map_err(|error| failed(format!("{} cannot be written: {error}", file.display()))),
            Err(error) => Err(error),
        };
        if done.is_err() {
            let _ = fs::remove_file(&part);
        }
        done
    }
}

pub(super) fn failed(sentence: String) -> StorageError {
    StorageError::Backup(sentence)
}

pub(super) fn part_of(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".part");
    name.into()
}

/// Locks the unfinished file for this process. A file that a killed backup left is used again.
pub(super) fn hold(part: &Path) -> Result<File, StorageError> {
    let broken = |error: io::Error| failed(format!("{} cannot be written: {error}", part.display()));
    let held = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(part).map_err(broken)?;
    match held.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(failed(format!("another backup is writing {}", part.display()))),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "this file system knows no locks: run one backup at a time")
        }
    }
    held.set_permissions(Permissions::from_mode(0o600)).map_err(broken)?;
    Ok(held)
}

/// Fills the file and compares it with a snapshot of the source from just before.
async fn copy(database: &Path, readers: &SqlitePool, part: &Path, held: &File) -> Result<(), StorageError> {
    // A connection of its own: on the pool's writer every answer would wait until the copy is made.
    let options = SqliteConnectOptions::new().filename(database).busy_timeout(Duration::from_secs(5));
    let mut copier = SqliteConnection::connect_with(&options).await?;
    for _ in 0..TRIES {
        // `VACUUM INTO` takes a file that is missing or empty.
        held.set_len(0).map_err(sqlx::Error::Io)?;
        let mut source = readers.begin().await?;
        let tables = tables(&mut source).await?;
        sqlx::query::<Sqlite>("VACUUM INTO $1").bind(part.to_string_lossy().into_owned()).execute(&mut copier).await?;
        let wanted = counts(&mut source, &tables).await?;
        drop(source);
        let options = SqliteConnectOptions::new().filename(part).read_only(true).immutable(true);
        let mut copy = SqliteConnection::connect_with(&options).await?;
        check(&mut copy, "the database may be damaged").await?;
        let found = counts(&mut copy, &tables).await?;
        copy.close().await?;
        if found == wanted {
            return Ok(());
        }
    }
    Err(failed("the copy does not hold the rows of the database: too much is written at this moment, try again".into()))
}

/// Checks the pages and the references of a copy. `because` ends the sentence about pages that are wrong.
pub(super) async fn check(copy: &mut SqliteConnection, because: &str) -> Result<(), StorageError> {
    let pages: Vec<(String,)> = sqlx::query_as("PRAGMA integrity_check(1)").fetch_all(&mut *copy).await?;
    if pages.iter().any(|(page,)| page != "ok") {
        let wrong = pages[0].0.lines().last().unwrap_or_default();
        return Err(failed(format!("the copy fails its integrity check, {because}: {wrong}")));
    }
    let orphans: Vec<(String,)> =
        sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1").fetch_all(copy).await?;
    match orphans.first() {
        Some((table,)) => {
            Err(failed(format!("the copy holds rows in {table} that refer to nothing: the database is damaged")))
        }
        None => Ok(()),
    }
}

/// All tables, in order. The first statement of a transaction fixes its snapshot.
pub(super) async fn tables(source: &mut SqliteConnection) -> Result<Vec<String>, StorageError> {
    let found: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .fetch_all(source)
    .await?;
    Ok(found.into_iter().map(|(name,)| name).collect())
}

pub(super) async fn counts(source: &mut SqliteConnection, tables: &[String]) -> Result<Vec<i64>, StorageError> {
    let mut counts = Vec::with_capacity(tables.len());
    for table in tables {
        // The name comes from our own schema.
        let (count,): (i64,) =
            sqlx::query_as(AssertSqlSafe(format!("SELECT COUNT(*) FROM \"{table}\""))).fetch_one(&mut *source).await?;
        counts.push(count);
    }
    Ok(counts)
}

/// Gives the finished file its name once it is synced to the disk.
pub(super) fn publish(part: &Path, held: &File, file: &Path) -> io::Result<()> {
    held.sync_all()?;
    // Unlike a rename, a link never replaces a file that was created meanwhile.
    match fs::hard_link(part, file) {
        Ok(()) => fs::remove_file(part)?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // The file system has no links.
        Err(_) => fs::rename(part, file)?,
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
