//! The HTTP surface. `router` lists the layers and endpoints. Requests are checked here and answers are encoded here;
//! the rules are in `server::services`.

mod accept;
mod app_page;
pub mod assets;
mod bodies;
mod client;
mod connection;
mod control_socket;
mod fixed_headers;
mod form_page;
mod forms;
mod health;
mod insecure;
mod keep;
mod keepsake;
pub mod limits;
pub mod listener;
mod live;
pub mod metrics;
mod pages;
pub mod router;
pub mod routes;
pub mod serve;
mod server_function;
mod session;
mod shortcuts;
mod takeover;
mod turns;
mod upload;
mod with_provider;

/// The server functions that do not take from `Bucket::Write`.
#[cfg(test)]
pub fn not_by_hand() -> Vec<&'static str> {
    [&forms::READS[..], &forms::AUTOMATIC, &forms::ESCAPES].concat().into_iter().map(crate::paths::Verb::name).collect()
}

/// The number of routes that are neither pages nor the files of a build.
#[cfg(test)]
pub fn count_endpoints() -> usize {
    let is_counted = |route: &&routes::Route| !matches!(route.target, routes::Target::Page | routes::Target::Build);
    routes::ROUTES.iter().filter(is_counted).count()
}

#[cfg(test)]
pub use session::recognise;

/// The most bytes of a form.
pub fn forms_limit() -> usize {
    bodies::LONG_BYTES
}
