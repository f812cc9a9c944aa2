//! Checks of the data folder: it is writable, one `serve` process uses it, other users cannot read it, and a lost
//! database is not silently replaced by an empty one.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use super::failure::Failure;
use crate::server::{config::Settings, storage::sqlite_file};

const KEY: &str = "secret.key";

pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}

/// Creates the folder if it is missing, and checks that it is writable. A full disk is only logged, because pages can
/// still be read.
pub(super) fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        ErrorKind::ReadOnlyFilesystem => read_only(folder),
        _ => Failure(format!(
            "the data folder {} cannot be made: {error}; set DATA_DIR to a folder this user may write",
            folder.display()
        )),
    })?;
    // The name contains the process id, so two processes that start together do not delete each other's probe.
    let probe = folder.join(format!(".writable-{}", std::process::id()));
    match fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
        Err(error) if is_full(&error) => {
            tracing::error!(folder = %folder.display(), %error, "the disk is full: pages are shown, nothing is taken \
                until there is room");
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => Err(read_only(folder)),
        Err(error) => Err(Failure(format!(
            "the data folder {} cannot be written: {error}; set DATA_DIR to a folder this user may write",
            folder.display()
        ))),
        Ok(()) => Ok(()),
    }
}

/// The kernel mounts a file system read-only after an error of its disk.
fn read_only(path: &Path) -> Failure {
    Failure(format!(
        "{} is on a read-only file system: look into the kernel's log (dmesg) for an error of the disk, \
         mount it writable, and start again",
        path.display()
    ))
}

/// Fails if the SQLite file exists and cannot be written: SQLite would open it for reading only.
pub(super) fn refuse_read_only(settings: &Settings) -> Result<(), Failure> {
    let Some(file) = sqlite_file(&settings.database_url()) else { return Ok(()) };
    match OpenOptions::new().write(true).open(&file) {
        Err(error) if error.kind() == ErrorKind::ReadOnlyFilesystem => Err(read_only(&file)),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Failure(format!(
            "the database {} cannot be written: {error}; give it to the user of the app",
            file.display()
        ))),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn lock_file(folder: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join("serve.lock"))
}

/// Whether a `serve` process uses the folder.
pub(super) fn is_served(folder: &Path) -> bool {
    lock_file(folder).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

/// Blocks until no `serve` process uses the folder.
pub(super) fn wait_for_end(folder: &Path) -> io::Result<()> {
    lock_file(folder)?.lock()
}

/// Locks the folder for this process: two processes on one SQLite file would both send notifications and open
/// questions. Dropping the value releases the lock, and so does the kernel when the process dies. Returns `None` if
/// the disk is full or the file system has no locks.
pub(super) fn hold(folder: &Path) -> Result<Option<File>, Failure> {
    let file = folder.join("serve.lock");
    let held = match lock_file(folder) {
        Ok(held) => held,
        Err(error) if is_full(&error) => return Ok(None),
        Err(error) => return Err(Failure(format!("{} cannot be opened: {error}", file.display()))),
    };
    match held.try_lock() {
        Ok(()) => Ok(Some(held)),
        Err(TryLockError::WouldBlock) => Err(Failure(format!(
            "another umbba serve runs on the data folder {}: stop it, or set DATA_DIR to another folder",
            folder.display()
        ))),
        Err(TryLockError::Error(error)) => {
            tracing::warn!(file = %file.display(), %error, "this file system knows no locks: make sure that one serve \
                alone runs on it");
            Ok(None)
        }
    }
}

/// Fails if the folder belongs to another user: files that this process makes in it would be closed to the app.
pub(super) fn refuse_other_user(folder: &Path) -> Result<(), Failure> {
    let (own, Ok(found)) = (rustix::process::geteuid().as_raw(), fs::metadata(folder)) else { return Ok(()) };
    if found.uid() == own {
        return Ok(());
    }
    Err(Failure(format!(
        "the data folder {} belongs to the user with the id {}, and this is {own}: run the command as the user of the \
         app, for example with `sudo -u umbba`",
        folder.display(),
        found.uid()
    )))
}

/// Fails if there is a key file but no database: the database was lost or is stored elsewhere. A new empty database
/// would look as if all answers were lost.
pub(super) fn refuse_lost_database(settings: &Settings) -> Result<(), Failure> {
    let Some(file) = sqlite_file(&settings.database_url()) else { return Ok(()) };
    let is_there = fs::metadata(&file).is_ok_and(|found| found.len() > 0);
    if is_there || settings.new || !settings.data_dir.join(KEY).exists() {
        return Ok(());
    }
    Err(Failure(format!(
        "{} holds a {KEY} from before, but the database {} is missing: put it back from your backup, or say --new to \
         begin with an empty one",
        settings.data_dir.display(),
        file.display()
    )))
}

/// What other users of this machine can read: each with the sentence that has the `chmod` command to correct it.
pub(super) fn open_to_others(settings: &Settings) -> Vec<String> {
    let is_open = |path: &Path| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o077 != 0);
    let folder = &settings.data_dir;
    let mut sentences = Vec::new();
    if is_open(folder) {
        sentences.push(format!(
            "the data folder is open to other users of this machine: run chmod 700 {}",
            folder.display()
        ));
    }
    let files = [Some(folder.join(KEY)), Some(folder.join("vapid.json")), sqlite_file(&settings.database_url())];
    sentences.extend(files.into_iter().flatten().filter(|file| is_open(file)).map(|file| {
        format!("a file that only this user should read is open to others: run chmod 600 {}", file.display())
    }));
    sentences
}

/// Logs a warning for everything that other users of this machine can read.
pub(super) fn warn_when_open(settings: &Settings) {
    for sentence in open_to_others(settings) {
        tracing::warn!("{sentence}");
    }
}
