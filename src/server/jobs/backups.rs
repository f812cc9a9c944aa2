//! The nightly backup of the SQLite database: a copy a day, verified by restoring it into a scratch place, and the
//! removal of copies that are old. A copy that was missed while the server was down is made at the next start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    domain::Millis,
    server::{
        calendar::{parse_stamp, stamp},
        counters,
        state::AppState,
        storage::{
            StorageError,
            installation::{self, BACKUP_MADE_AT, BACKUP_VERIFIED_AT},
            restore,
        },
    },
};

const BEGIN: &str = "umbba-";
const END: &str = ".db";
/// Time until a backup that failed is tried again.
const AGAIN_MS: i64 = 10 * Millis::MINUTE;

/// Where and when copies are made (`BACKUP_DIR`, `BACKUP_HOUR`, `BACKUP_KEEP_DAYS`).
#[derive(Debug, Clone)]
pub struct Nightly {
    /// A folder for the copies of this installation alone.
    pub folder: PathBuf,
    /// The hour of the day in UTC, from 0 to 23.
    pub hour: u8,
    /// The most recent copies that are kept whatever their age; older ones are kept for this many days.
    pub keep_days: u32,
}

impl Nightly {
    /// The last hour for a backup at or before `now`.
    fn last_due(&self, now: Millis) -> Millis {
        let hour = i64::from(self.hour) * Millis::HOUR;
        Millis((now.0 - hour).div_euclid(Millis::DAY) * Millis::DAY + hour)
    }
}

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("{0} cannot be used: {1}")]
    Folder(PathBuf, #[source] io::Error),
}

/// Makes backups until the process ends.
pub async fn run(state: AppState, nightly: Nightly) {
    let ending = state.lifecycle.ending();
    loop {
        let looked = tokio::select! {
            looked = look(&state, &nightly) => looked,
            // A copy that is half made keeps the name of a part.
            () = ending.cancelled() => return,
        };
        let next = looked.unwrap_or_else(|error| {
            counters::BACKUPS_FAILED.add();
            tracing::error!(%error, "the nightly backup failed; it is tried again in ten minutes");
            state.clock.now().plus(AGAIN_MS)
        });
        tokio::select! {
            () = state.clock.sleep_until(next) => {}
            () = ending.cancelled() => return,
        }
    }
}

/// Makes a backup if one is due, and removes old ones. Returns when the next is due.
pub async fn look(state: &AppState, nightly: &Nightly) -> Result<Millis, BackupError> {
    let now = state.clock.now();
    let due = nightly.last_due(now);
    let is_done = |at: Millis| at >= due && at.is_believed_at(now);
    if !copies(&nightly.folder)?.iter().any(|(at, _)| is_done(*at)) {
        remove_parts(&nightly.folder)?;
        let file = nightly.folder.join(format!("{BEGIN}{}{END}", stamp(now)));
        make(state, &file, now).await?;
        remove_old(nightly, now)?;
    }
    Ok(due.plus(Millis::DAY))
}

async fn make(state: &AppState, file: &Path, now: Millis) -> Result<(), BackupError> {
    state.database.backup_into(file).await?;
    let contents = match restore::verify(file).await {
        Ok(contents) => contents,
        Err(error) => {
            // A copy that cannot be restored would be taken for the backup of this day.
            let _ = fs::remove_file(file);
            return Err(error.into());
        }
    };
    let mut tx = state.database.begin().await?;
    installation::remember(&mut tx, BACKUP_MADE_AT, now).await?;
    installation::remember(&mut tx, BACKUP_VERIFIED_AT, now).await?;
    tx.commit().await?;
    let rows: i64 = contents.tables.iter().map(|(_, rows)| rows).sum();
    tracing::info!(file = %file.display(), tables = contents.tables.len(), rows, "backed up and verified");
    Ok(())
}

fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let broken = |error| BackupError::Folder(folder.to_owned(), error);
    let entries = fs::read_dir(folder).map_err(broken)?.collect::<Result<Vec<_>, _>>().map_err(broken)?;
    Ok(entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

/// The copies of the folder with the time of each, the latest first. Other files are none of ours.
fn copies(folder: &Path) -> Result<Vec<(Millis, PathBuf)>, BackupError> {
    let time = |name: &String| parse_stamp(name.strip_prefix(BEGIN)?.strip_suffix(END)?);
    let mut found: Vec<_> = names(folder)?.iter().filter_map(|name| Some((time(name)?, folder.join(name)))).collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    Ok(found)
}

/// Removes what a killed process left: parts of copies, and scratch places.
fn remove_parts(folder: &Path) -> Result<(), BackupError> {
    for name in names(folder)?.iter().filter(|name| name.starts_with(BEGIN)) {
        let left = folder.join(name);
        let removed = match name.split_once(".db.") {
            Some((_, "part")) => fs::remove_file(&left),
            Some((_, rest)) if rest.starts_with("scratch-") => fs::remove_dir_all(&left),
            _ => continue,
        };
        removed.map_err(|error| BackupError::Folder(left, error))?;
    }
    Ok(())
}

/// Removes copies that are too old. As many as there are days to keep stay in any case, so that a clock which
/// runs ahead does not remove them all.
fn remove_old(nightly: &Nightly, now: Millis) -> Result<(), BackupError> {
    let oldest = now.plus(-i64::from(nightly.keep_days) * Millis::DAY);
    let newest = usize::try_from(nightly.keep_days).unwrap_or(usize::MAX);
    for (_, file) in copies(&nightly.folder)?.into_iter().skip(newest).filter(|(at, _)| *at < oldest) {
        fs::remove_file(&file).map_err(|error| BackupError::Folder(file, error))?;
    }
    Ok(())
}
