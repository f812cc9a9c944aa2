//! Passkeys that the present address does not open: a browser binds each to the host that it was made under.

use crate::server::{
    state::AppState,
    storage::{StorageError, passkeys},
};

/// What to do about them.
pub(super) fn elsewhere(count: i64, host: Option<&str>) -> String {
    let host = host.unwrap_or("an address without a name");
    format!(
        "{count} were made under another host than {host} of PUBLIC_URL and sign nobody in: serve under the host of \
         before, or tell people to sign in with their recovery code and make new ones"
    )
}

/// Warns at the start when there are any.
pub(super) async fn warn_when_elsewhere(state: &AppState) -> Result<(), StorageError> {
    let host = state.site.public_url.domain();
    let mut tx = state.database.read().await?;
    let count = passkeys::count_elsewhere(&mut tx, host.unwrap_or_default()).await?;
    if count > 0 {
        eprintln!("umbba: passkeys: {}", elsewhere(count, host));
    }
    Ok(())
}
