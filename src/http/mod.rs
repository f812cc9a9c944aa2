//! The HTTP surface. `router` lists the layers and endpoints. Requests are checked here and answers are encoded here;
//! the rules are in `server::services`.

mod accept;
pub mod assets;
mod bodies;
mod client;
mod connection;
mod control_socket;
mod forms;
mod health;
mod insecure;
mod keep;
pub mod limits;
pub mod listener;
mod live;
pub mod metrics;
mod pages;
pub mod router;
pub mod serve;
mod session;
mod shortcuts;
mod takeover;

/// The server functions that do not take from `Bucket::Write`.
#[cfg(test)]
pub fn not_by_hand() -> Vec<&'static str> {
    [&forms::READS[..], &forms::AUTOMATIC, &forms::ESCAPES].concat().into_iter().map(crate::paths::Verb::name).collect()
}

#[cfg(test)]
pub use session::recognise;

/// The most bytes of a form.
pub fn forms_limit() -> usize {
    bodies::LONG_BYTES
}
