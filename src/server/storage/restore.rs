//! Restore: checks a copy of the SQLite database and puts it in the place of the database. PostgreSQL has `pg_restore`.
//!
//! The copy is first copied beside the database and checked there, so that what was checked is what gets the name. The
//! database that it replaces is kept under another name.

use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    Database, Opening, StorageError,
    backup::{check, counts, failed, hold, part_of, publish, tables},
    installation::SECRET_KEY,
};

/// The first bytes of every SQLite database (https://sqlite.org/fileformat.html, 1.3.1).
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The files that belong to a database: itself, its log and the log's index.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// What a checked copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Each table with the number of its rows.
    pub tables: Vec<(String, i64)>,
    /// The fingerprint of the key that the copy was used with.
    pub secret_key: Option<String>,
    /// The schemas of the copy and of this release, if a later release has migrated the copy.
    later: Option<(i64, i64)>,
}

impl Contents {
    /// Refuses a copy that a later release has migrated. This release opens it, but words in it may be unknown here.
    pub fn refuse_later(&self, file: &Path) -> Result<(), StorageError> {
        let Some((theirs, ours)) = self.later else { return Ok(()) };
        Err(failed(format!(
            "{} is of a later release (schema {theirs}, this one knows {ours}): restore it with that release",
            file.display()
        )))
    }
}

/// What `replace` did.
#[derive(Debug)]
pub struct Replaced {
    pub contents: Contents,
    /// Where the database is now that was replaced. `None`: there was none.
    pub kept: Option<PathBuf>,
}

/// Puts a checked copy of `file` at `database`. What is there is renamed to `database` with `mark` added. Nothing
/// changes if the copy is refused. The caller makes sure that no server runs on it.
pub async fn replace(file: &Path, database: &Path, mark: &str) -> Result<Replaced, StorageError> {
    refuse_other_files(file, database)?;
    let part = part_of(database);
    let held = hold(&part)?;
    let done = async {
        let contents = fill(file, &part, &held).await?;
        contents.refuse_later(file)?;
        let kept = set_aside(database, mark).await?;
        let published = publish(&part, &held, database);
        if let (Err(_), Some(kept)) = (&published, &kept) {
            rename_all(kept, database)?;
        }
        published.map_err(|error| failed(format!("{} cannot be written: {error}", database.display())))?;
        Ok(Replaced { contents, kept })
    }
    .await;
    if done.is_err() {
        let _ = fs::remove_file(&part);
    }
    done
}

/// Restores `file` into a folder beside it, opens it there as a start of the app does, and compares the number of rows
/// of each table. The folder is removed.
pub async fn verify(file: &Path) -> Result<Contents, StorageError> {
    let scratch = with_ending(file, &format!(".scratch-{}", std::process::id()));
    let broken = |error| failed(format!("{} cannot be made: {error}", scratch.display()));
    let _ = fs::remove_dir_all(&scratch);
    DirBuilder::new().mode(0o700).create(&scratch).map_err(broken)?;
    let compared = compare(file, &scratch.join("umbba.db")).await;
    let removed = fs::remove_dir_all(&scratch);
    let contents = compared?;
    removed.map_err(|error| failed(format!("{} cannot be removed: {error}", scratch.display())))?;
    Ok(contents)
}

async fn compare(file: &Path, scratch: &Path) -> Result<Contents, StorageError> {
    refuse_other_files(file, scratch)?;
    let contents = fill(file, scratch, &hold(scratch)?).await?;
    let database = Database::open(&format!("sqlite:{}", scratch.display()), Opening::Migrate).await?;
    database.close().await;
    let found = read(scratch, file).await?.tables;
    // A copy of an earlier release was migrated, which only adds.
    let is_lost = |(name, rows): &&(String, i64)| !found.iter().any(|(other, count)| other == name && count >= rows);
    match contents.tables.iter().find(is_lost) {
        Some((table, rows)) => {
            Err(failed(format!("{} does not open with all its rows: {table} should have {rows}", file.display())))
        }
        None => Ok(contents),
    }
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// Refuses what cannot be a finished copy, by its file alone.
fn refuse_other_files(file: &Path, database: &Path) -> Result<(), StorageError> {
    let name = file.display();
    let found = fs::metadata(file).map_err(|error| failed(format!("{name} cannot be read: {error}")))?;
    if !found.is_file() {
        return Err(failed(format!("{name} is no file: name a copy that `umbba backup` made")));
    }
    if fs::canonicalize(file).ok().is_some_and(|file| fs::canonicalize(database).ok() == Some(file)) {
        return Err(failed(format!("{name} is the database itself: name a copy that `umbba backup` made")));
    }
    if fs::metadata(with_ending(file, "-wal")).is_ok_and(|log| log.len() > 0) {
        return Err(failed(format!(
            "{name} has a log of its own ({name}-wal), so it is a database in use and not a finished copy: make one \
             with `umbba backup`"
        )));
    }
    Ok(())
}

/// Copies the file and checks the copy.
async fn fill(file: &Path, part: &Path, held: &File) -> Result<Contents, StorageError> {
    let broken = |error: std::io::Error| failed(format!("{} cannot be copied: {error}", file.display()));
    held.set_len(0).map_err(broken)?;
    let mut from = tokio::fs::File::open(file).await.map_err(broken)?;
    let mut to = tokio::fs::File::from_std(held.try_clone().map_err(broken)?);
    tokio::io::copy(&mut from, &mut to).await.map_err(broken)?;
    tokio::io::AsyncWriteExt::flush(&mut to).await.map_err(broken)?;
    let mut begin = [0; 16];
    let is_database = std::os::unix::fs::FileExt::read_exact_at(&File::open(part).map_err(broken)?, &mut begin, 0);
    if is_database.is_err() || &begin != MAGIC {
        return Err(failed(format!("{} is not a SQLite database", file.display())));
    }
    read(part, file).await
}

/// Checks a database that nobody else uses. `name` is the file that the sentences name.
async fn read(database: &Path, name: &Path) -> Result<Contents, StorageError> {
    let name = name.display();
    let options = SqliteConnectOptions::new().filename(database).read_only(true).immutable(true);
    let read = async {
        let mut copy = SqliteConnection::connect_with(&options).await?;
        check(&mut copy, "so it is damaged").await?;
        let names = tables(&mut copy).await?;
        let later = refuse_other_schemas(&mut copy, &names, &name.to_string()).await?;
        let rows = counts(&mut copy, &names).await?;
        let secret_key: Option<(String,)> = match names.iter().any(|name| name == "installation") {
            true => {
                let sql = "SELECT value FROM installation WHERE name = $1";
                sqlx::query_as(sql).bind(SECRET_KEY).fetch_optional(&mut copy).await?
            }
            false => None,
        };
        copy.close().await?;
        Ok(Contents {
            tables: names.into_iter().zip(rows).collect(),
            secret_key: secret_key.map(|(value,)| value),
            later,
        })
    };
    read.await.map_err(|error: StorageError| match error {
        StorageError::Backup(sentence) if sentence.contains(&name.to_string()) => failed(sentence),
        error => failed(format!("{name} cannot be used: {error}")),
    })
}

/// Refuses a database of another program. Returns the schemas of the copy and of this release if the first is later.
async fn refuse_other_schemas(
    copy: &mut SqliteConnection,
    tables: &[String],
    name: &str,
) -> Result<Option<(i64, i64)>, StorageError> {
    let migrator = sqlx::migrate!("migrations/sqlite");
    let newest = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    let made: Vec<(i64, bool, Vec<u8>)> = match tables.iter().any(|table| table == "_sqlx_migrations") {
        true => {
            let sql = "SELECT version, success, checksum FROM _sqlx_migrations ORDER BY version";
            sqlx::query_as(sql).fetch_all(copy).await?
        }
        false => Vec::new(),
    };
    let is_ours = |(version, _, checksum): &(i64, bool, Vec<u8>)| {
        *version > newest || migrator.iter().any(|own| own.version == *version && *own.checksum == **checksum)
    };
    if made.first().is_none_or(|(version, ..)| *version > newest) || !made.iter().all(is_ours) {
        return Err(failed(format!("{name} is a SQLite database, but not one of this app")));
    }
    if made.iter().any(|(_, is_complete, _)| !is_complete) {
        return Err(failed(format!("{name} was copied in the middle of an update of its schema: name another copy")));
    }
    let last = made.last().map_or(0, |(version, ..)| *version);
    Ok((last > newest).then_some((last, newest)))
}

/// Renames the database that is there. Fails if another process has it open.
async fn set_aside(database: &Path, mark: &str) -> Result<Option<PathBuf>, StorageError> {
    let log = with_ending(database, "-wal");
    if fs::metadata(database).is_ok_and(|found| found.len() > 0) && log.exists() {
        // The last connection that closes moves the log into the database and removes it. A damaged database stays as
        // it is.
        let options = SqliteConnectOptions::new().filename(database);
        if let Ok(mut last) = SqliteConnection::connect_with(&options).await {
            let is_sound = sqlx::raw_sql("SELECT COUNT(*) FROM sqlite_schema").execute(&mut last).await.is_ok();
            last.close().await?;
            if is_sound && log.exists() {
                return Err(failed(format!("another process has {} open: stop it, then restore", database.display())));
            }
        }
    }
    if !ENDINGS.iter().any(|ending| with_ending(database, ending).exists()) {
        return Ok(None);
    }
    let kept = with_ending(database, mark);
    rename_all(database, &kept)?;
    Ok(Some(kept))
}

/// Renames a database with its log: a log beside another database would be played into it.
fn rename_all(from: &Path, to: &Path) -> Result<(), StorageError> {
    for ending in ENDINGS {
        let (from, to) = (with_ending(from, ending), with_ending(to, ending));
        if from.exists() {
            fs::rename(&from, &to).map_err(|error| failed(format!("{} cannot be renamed: {error}", from.display())))?;
        }
    }
    Ok(())
}
