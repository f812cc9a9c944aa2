//! Key files of push providers that the operator names in the environment.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// A key file cannot be used; the sentence says what to do and quotes nothing of the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(String);

impl CredentialError {
    pub fn new(setting: &str, path: &Path, problem: &str) -> Self {
        Self(format!("{setting} names {}, but {problem}", path.display()))
    }
}

/// Reads a key file that nobody but its owner may read.
pub fn read(setting: &str, path: &Path) -> Result<String, CredentialError> {
    let fails = |problem: &str| CredentialError::new(setting, path, problem);
    let metadata = fs::metadata(path).map_err(|error| fails(&format!("it cannot be read: {error}")))?;
    if metadata.is_dir() {
        return Err(fails("it is a folder"));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(fails("others may read it: run chmod 600 on it"));
    }
    fs::read_to_string(path).map_err(|error| fails(&format!("it cannot be read: {error}")))
}
