//! The command that moves everything into another database.

use std::time::Duration;

use super::{failure::Failure, folder};
use crate::server::{
    config::Settings,
    storage::moving::{self, Pause},
};

/// Between two looks at who is still connected to the old PostgreSQL.
const LOOK: Duration = Duration::from_millis(500);

/// Moves everything and then waits, with the old database read-only, until the app that runs on it stops: what it took
/// after the copy would be lost. Ctrl-C ends the waiting.
pub(super) async fn run(settings: &Settings, address: &str) -> Result<(), Failure> {
    let database_url = settings.database_url();
    let old = settings.database_direct_url.as_ref().unwrap_or(&database_url);
    let pause = moving::move_all(old, address, |table, rows| println!("{table}: {rows} rows")).await?;
    println!(
        "the new database holds the same rows. Set DATABASE_URL to its address and start the app; DATA_DIR and its \
         keys stay"
    );
    wait_for_end(settings, pause).await
}

async fn wait_for_end(settings: &Settings, mut pause: Pause) -> Result<(), Failure> {
    const SERVED: &str = "the app still runs on the old database, which is read-only until it stops: restart it with \
                          the new address. Ctrl-C makes the old one writable again";
    let Some(mut others) = pause.others().await? else {
        if folder::is_served(&settings.data_dir) {
            println!("{SERVED}");
            folder::wait_for_end(&settings.data_dir)?;
        }
        return Ok(pause.end().await?);
    };
    if others > 0 {
        println!("{SERVED}");
    }
    while others > 0 {
        tokio::time::sleep(LOOK).await;
        others = pause.others().await?.unwrap_or(0);
    }
    Ok(pause.end().await?)
}
