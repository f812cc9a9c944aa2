//! Logs: one line a fact, JSON in production. Never bodies, names, tokens, codes, cookies or addresses of links.

use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use super::config::AppEnv;

/// Starts logging to standard error. `filter` is a `tracing` directive such as `info` or `umbba=debug`.
pub fn start(env: AppEnv, filter: &str) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = fmt::layer().with_writer(std::io::stderr);
    // A second start (tests) keeps the first one.
    let _ = match env {
        AppEnv::Production => registry.with(layer.json()).try_init(),
        AppEnv::Development | AppEnv::Test => registry.with(layer.compact()).try_init(),
    };
}
