//! The copy that a person keeps: its format (`archive`), its page (`pages`), its zip (`zipped`), and reading one again
//! (`reading`). The database is read by `services::keepsakes` and written by `services::imports`.

pub mod archive;
mod copy_error;
pub mod of_later;
pub mod pages;
pub mod reading;
pub mod script;
pub mod unknown;
mod unzipped;
mod zipped;

pub use copy_error::MAX_PAIRS;
pub use zipped::{Zipped, ZippedError};

/// The files of every copy that hold nothing of anybody.
pub const FIXED: [(&str, &str); 4] = [
    ("style.css", include_str!("files/style.css")),
    ("search.js", include_str!("files/search.js")),
    ("schema.json", include_str!("files/schema.json")),
    ("README.txt", crate::text::prose::KEEPSAKE_README),
];
