//! Takes `archive.json` out of a zip that somebody hands in. Entries, names and sizes are limited, and bytes are
//! counted while they are read.

use std::io::{self, Read, Seek, SeekFrom};

use zip::{ZipArchive, read::ZipFile};

use super::copy_error::{CopyError, MAX_ENTRIES};

const MIB: u64 = 1024 * 1024;
const MAX_ENTRY: u64 = 32 * MIB;
/// Ten years of answers are about 7 MiB.
const MAX_JSON: u64 = 32 * MIB;
const MAX_ALL: u64 = 256 * MIB;

/// Reads every entry to its end, which checks its bytes, and returns `archive.json`.
pub fn json_of(mut file: impl Read + Seek) -> Result<Vec<u8>, CopyError> {
    check_end(&mut file)?;
    let mut zip = ZipArchive::new(file).map_err(|error| CopyError::NotZip(error.to_string()))?;
    if zip.len() > MAX_ENTRIES {
        return Err(CopyError::TooMany);
    }
    let (mut json, mut all) = (None, 0);
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).map_err(|error| CopyError::NotZip(error.to_string()))?;
        let name = entry.name().map_err(|error| CopyError::NotZip(error.to_string()))?.to_string();
        if entry.enclosed_name().is_none() || name.starts_with('/') || name.contains(['\\', ':']) {
            return Err(CopyError::Path(name.escape_debug().to_string()));
        }
        let is_json = name == "archive.json";
        let limit = if is_json { MAX_JSON } else { MAX_ENTRY };
        let mut kept = Vec::new();
        all += counted(&mut entry, &name, limit.min(MAX_ALL - all), is_json.then_some(&mut kept))?;
        if is_json && json.replace(kept).is_some() {
            return Err(CopyError::Wrong("two files of one name"));
        }
    }
    json.ok_or(CopyError::NoArchive)
}

/// Reads how many entries the zip says to have, before the library reads the list of them into memory (APPNOTE 4.3.16).
/// The record is the last of the file: a copy has no comment behind it, and is too small for the larger kind (4.3.14).
fn check_end(file: &mut (impl Read + Seek)) -> Result<(), CopyError> {
    const LOCATOR: usize = 20;
    let broken = |error: io::Error| CopyError::NotZip(error.to_string());
    let length = file.seek(SeekFrom::End(0)).map_err(broken)?;
    let before = length.checked_sub(22).ok_or_else(|| CopyError::NotZip("it is too short".to_owned()))?;
    let from = before.saturating_sub(LOCATOR as u64);
    file.seek(SeekFrom::Start(from)).map_err(broken)?;
    let mut tail = Vec::new();
    file.take(length - from).read_to_end(&mut tail).map_err(broken)?;
    file.rewind().map_err(broken)?;
    let (locator, end) = tail.split_at(usize::try_from(before - from).unwrap_or_default());
    if !end.starts_with(b"PK\x05\x06") || locator.starts_with(b"PK\x06\x07") {
        return Err(CopyError::NotZip("it does not end like one that this app made".to_owned()));
    }
    let count = end.get(10..12).map(|count| u16::from_le_bytes([count[0], count[1]])).unwrap_or_default();
    if usize::from(count) > MAX_ENTRIES { Err(CopyError::TooMany) } else { Ok(()) }
}

/// Reads an entry of at most `limit` bytes, whatever size it claims. Returns how many it has.
fn counted<R: Read>(
    entry: &mut ZipFile<'_, R>,
    name: &str,
    limit: u64,
    kept: Option<&mut Vec<u8>>,
) -> Result<u64, CopyError> {
    let mut limited = entry.take(limit + 1);
    let count = match kept {
        Some(kept) => limited.read_to_end(kept).map(|count| count as u64),
        None => io::copy(&mut limited, &mut io::sink()),
    };
    match count {
        Ok(count) if count > limit => Err(CopyError::TooLarge(name.to_owned())),
        Ok(count) => Ok(count),
        Err(_) => Err(CopyError::Damaged(name.to_owned())),
    }
}
