//! Watches the SQLite file. A file that is deleted or replaced while the process runs stays open without a name, and
//! what is written into it is lost at the next start. Writes are refused instead.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::atomic::{AtomicBool, Ordering},
};

use sqlx::sqlite::SqliteConnectOptions;

use super::StorageError;

/// The file that was opened.
pub struct Place {
    path: PathBuf,
    device: u64,
    inode: u64,
    was_said: AtomicBool,
}

impl Place {
    /// `None` for a database in memory.
    pub fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self { path: path.to_owned(), device: found.dev(), inode: found.ino(), was_said: AtomicBool::new(false) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checks that the path still names the file that was opened. The first failure is logged.
    pub fn check(&self) -> Result<(), StorageError> {
        if fs::metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == (self.device, self.inode)) {
            return Ok(());
        }
        if !self.was_said.swap(true, Ordering::Relaxed) {
            tracing::error!(
                file = %self.path.display(),
                "the database file was deleted or replaced below this process: nothing is written any more. \
                 Put it back, or restart"
            );
        }
        Err(StorageError::Unavailable(sqlx::Error::Io(io::Error::other("the database file was deleted or replaced"))))
    }
}

/// The file of a `sqlite:` address; `None` for another database or one in memory.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let is_file = url.starts_with("sqlite:") && !url.contains(":memory:") && !url.contains("mode=memory");
    let options = is_file.then(|| SqliteConnectOptions::from_str(url).ok()).flatten()?;
    Some(options.get_filename().to_owned())
}
