//! Nodes that share a database of a given address.

use std::{sync::Arc, time::Duration};

use super::{super::issuer::Issuer, Data, NOON, Providers, TestApp, prepare};
use crate::{
    http::serve,
    server::{
        clock::Clock,
        key_file, oidc,
        random::Random,
        storage::{Database, Opening, Source},
    },
};

impl TestApp {
    /// Starts an app on the database at `source`. `look_at_lines` is the time between two looks at its open lines, and
    /// `push_host` the push service, or empty.
    pub async fn start_on(source: impl Into<Source>, look_at_lines: Duration, push_host: &str) -> Self {
        Self::start_on_with(source, look_at_lines, push_host, "").await
    }

    /// The same with a provider of accounts.
    pub async fn start_on_with_issuer(source: impl Into<Source>, look_at_lines: Duration, issuer: &Issuer) -> Self {
        Self::start_on_with(source, look_at_lines, &issuer.address, &issuer.config()).await
    }

    async fn start_on_with(source: impl Into<Source>, look_at_lines: Duration, hosts: &str, config: &str) -> Self {
        let providers = Providers::from(hosts);
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let (data, port) = (Data::new().await, listener.local_addr().expect("an address").port());
        if !config.is_empty() {
            key_file::write_new(&data.folder.join(oidc::CONFIG_FILE), config).expect("a file");
        }
        let mut state = prepare(&data, Clock::manual(NOON), 7, &providers, port).await;
        state.database.close().await;
        state.database = Database::open(source, Opening::Migrate).await.expect("the database of all nodes");
        state.random = Random::system();
        Arc::get_mut(&mut state.site).expect("nobody else has it yet").look_at_lines = look_at_lines;
        Self::run(state, listener.into(), data, providers)
    }

    /// The address of the database that this app was started with.
    pub fn database_url(&self) -> &str {
        &self.data.database.url
    }
}
