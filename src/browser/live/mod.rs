//! The connection to the feed, as a page hears it (`docs/FEED.md`). The tabs of one person in one browser share one
//! connection: one tab leads, reads the feed (`stream`, else `poll`) and passes on what it hears (`tabs`). `line` holds the
//! state of a tab, `connection` connects it and wakes it. Numbers without gaps make all of it safe: a tab that comes, sleeps or takes over continues from
//! the last number it has, and ignores what comes twice.

mod connection;
mod heard;
mod line;
mod poll;
mod stream;
mod tabs;

pub use heard::{Heard, Transport};

/// Connects to the feed of `person` after the number `cursor`, for as long as the page lives. `hear` gets what comes.
pub fn open(cursor: i64, person: &str, hear: impl Fn(Heard) + 'static) {
    connection::start(cursor, person, Box::new(hear));
}
