//! The doors: the whole HTTP surface is `router`. What comes in is checked here, what goes out is framed here;
//! nothing is decided here.

pub mod assets;
mod bodies;
mod client;
mod connections;
mod forms;
mod health;
mod insecure;
mod keep;
mod limits;
mod live;
pub mod metrics;
mod pages;
pub mod port;
pub mod router;
pub mod serve;
mod session;
mod shortcuts;
mod takeover;
mod test_door;
mod wire;

/// The server functions that do not take from the bucket of what is written by hand.
#[cfg(test)]
pub fn not_by_hand() -> Vec<&'static str> {
    [&forms::READS[..], &forms::AUTOMATIC, &forms::ESCAPES].concat().into_iter().map(crate::paths::Verb::name).collect()
}

#[cfg(test)]
pub use session::recognise;

/// What a form may weigh, in bytes.
pub fn forms_limit() -> usize {
    bodies::LONG_BYTES
}
