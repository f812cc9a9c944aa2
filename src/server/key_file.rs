//! Writes key files of the data folder: a file is complete or absent, and only its owner may read it.

use std::{
    fs,
    io::{self, ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Writes a file that must not exist. The error `AlreadyExists` says that another process was faster; its file is
/// complete and stays.
pub fn write_new(file: &Path, text: &str) -> io::Result<()> {
    let fresh = fresh_beside(file);
    write(&fresh, text)?;
    let linked = fs::hard_link(&fresh, file);
    let _ = fs::remove_file(&fresh);
    if let Err(error) = linked {
        if error.kind() == ErrorKind::AlreadyExists {
            return Err(error);
        }
        // Some file systems have no hard links. A crash during this write may leave half a file, which the next start
        // refuses.
        write(file, text)?;
    }
    settle(file)
}

/// Replaces a file. The old file stays until the new one is complete on disk.
pub fn replace(file: &Path, text: &str) -> io::Result<()> {
    let fresh = fresh_beside(file);
    write(&fresh, text)?;
    fs::rename(&fresh, file)?;
    settle(file)
}

/// Writes a new file. If the disk is full, no file remains.
fn write(file: &Path, text: &str) -> io::Result<()> {
    let mut made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = made.write_all(text.as_bytes()).and_then(|()| made.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(file);
    }
    written
}

/// A temporary name for this call alone, because other processes may write at the same time.
fn fresh_beside(file: &Path) -> PathBuf {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let fresh =
        file.with_added_extension(format!("{}-{}.new", std::process::id(), CALLS.fetch_add(1, Ordering::Relaxed)));
    let _ = fs::remove_file(&fresh);
    fresh
}

/// Removes temporary files that ended processes left beside a key file; a running process may still rename its own.
/// Then the folder is synced, so that the file's name is on disk.
fn settle(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let beside = entry.file_name();
        let beside = beside.to_string_lossy();
        let left = beside.strip_prefix(&*name).and_then(|rest| rest.strip_prefix('.')?.strip_suffix("new"));
        let writer = left.map(|left| left.split('-').next().unwrap_or_default().trim_end_matches('.'));
        // The previous release wrote no process id.
        if writer.is_some_and(|process| process.is_empty() || !Path::new("/proc").join(process).exists()) {
            let _ = fs::remove_file(entry.path());
        }
    }
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("umbba-keys-{}", uuid::Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    #[test]
    fn of_many_first_writers_one_wins_and_nobody_sees_half_a_file() {
        let folder = folder();
        let file = folder.join("secret.key");
        fs::write(folder.join("secret.key.4194305-0.new"), "of a run that was cut off").expect("a file");
        let write = |number: usize| {
            let text = number.to_string().repeat(60_000);
            let written = write_new(&file, &text);
            let found = fs::read_to_string(&file).expect("a file, from the first end of a write on");
            assert_eq!(found.len(), 60_000, "a whole one");
            assert_eq!(written.is_ok(), found == text);
            written.map_err(|error| error.kind())
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let write = &write;
            let writers: Vec<_> = (0..8).map(|number| scope.spawn(move || write(number))).collect();
            writers.into_iter().map(|writer| writer.join().expect("no panic")).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        assert!(results.iter().flat_map(|result| result.err()).all(|kind| kind == ErrorKind::AlreadyExists));
        replace(&file, "another").expect("replaced");
        assert_eq!(fs::read_to_string(&file).expect("a file"), "another");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1, "nothing lies beside it");
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(&folder).expect("removed");
    }
}
