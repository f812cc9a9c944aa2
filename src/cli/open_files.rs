//! How many files this process may hold open: an open page is one of them.

/// Ten thousand people with a page open, the proxy's connections for them, and room to move.
const ENOUGH: u64 = 20_000;

/// Raises the limit as far as it is allowed, and says so once when that is not far.
pub fn raise_limit() {
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < ENOUGH => {
            tracing::warn!(
                limit,
                "few files may be open at once, and every open page is one: raise the hard limit (LimitNOFILE= of the unit) to {ENOUGH} or more"
            );
        }
        Ok(limit) => tracing::debug!(limit, "files that may be open at once"),
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised; every open page is one"),
    }
}
