//! The connection of a page to the feed (`docs/FEED.md`). The tabs of one person in one browser share one connection:
//! one tab leads, reads the feed (`stream`, else `poll`) and passes on what it receives (`tabs`). `line` holds the
//! state of a tab, `connection` connects and reconnects it. Feed numbers have no gaps, so a tab that starts, sleeps or
//! takes over continues from the last number it has, and ignores duplicates.

mod connection;
mod heard;
mod line;
mod poll;
mod stream;
mod tabs;

pub use heard::{Heard, Transport};

/// Connects to the feed of `person` after the number `cursor`, for as long as the page lives. `hear` receives the
/// messages.
pub fn open(cursor: i64, person: &str, hear: impl Fn(Heard) + 'static) {
    connection::start(cursor, person, Box::new(hear));
}
