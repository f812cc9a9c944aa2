//! Why a copy that somebody hands in is refused: one sentence for the operator.

use super::archive::VERSION;

/// Most files of a zip.
pub const MAX_ENTRIES: usize = 20_000;

/// Most pairs of a copy, which is as many as a person may have.
pub const MAX_PAIRS: usize = 30;
/// Most earlier texts of a copy.
pub const MAX_REVISIONS: usize = 50_000;

/// Most unopened questions of a pair, and the bytes of their JSON. A copy holds them all in memory when it is made.
pub const MAX_UNOPENED: usize = 4_000;
pub const MAX_UNOPENED_BYTES: usize = 8 * 1024 * 1024;

/// Why a copy is refused.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("this is not a whole zip file: {0}")]
    NotZip(String),
    #[error("the zip holds more than {MAX_ENTRIES} files")]
    TooMany,
    #[error("a name in the zip leads out of it: {0}")]
    Path(String),
    #[error("{0} is larger than a copy may be")]
    TooLarge(String),
    #[error("{0} is damaged")]
    Damaged(String),
    #[error("the zip holds no archive.json")]
    NoArchive,
    #[error("archive.json is not an archive of this app: {0}")]
    NotArchive(String),
    #[error("archive.json is of version {0}, and this release reads version {VERSION}")]
    Version(u64),
    #[error("archive.json has more unknown fields than are kept: 100 in an object, 32 levels, 256 KiB in a pair")]
    Unknown,
    #[error("archive.json has more than {MAX_PAIRS} pairs")]
    Pairs,
    #[error("archive.json has more earlier texts than the app keeps: {MAX_REVISIONS} in all, 50 of one answer")]
    Revisions,
    #[error("archive.json holds something that no copy has: {0}")]
    Wrong(&'static str),
}
