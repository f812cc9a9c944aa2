//! The app on a database that the test has opened.

use super::{Clock, Data, NOON, Providers, TestApp, prepare, serve};
use crate::server::{state::AppState, storage::Database};

impl TestApp {
    /// Starts an app on this database.
    pub async fn start_with_database(database: Database) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let data = Data::new().await;
        let port = listener.local_addr().expect("an address").port();
        let state = prepare(&data, Clock::manual(NOON), 7, &Providers::default(), port).await;
        Self::run(AppState { database, ..state }, listener.into(), data, Providers::default())
    }
}
