//! Several nodes that start at once on an empty database: one makes the schema, and all serve.

use std::fs;

use reqwest::StatusCode;
use umbba::server::{clock::Clock, push::VapidKeys, random::Random, secrets::Secrets};

use super::{
    node::{Data, Node, umbba},
    own_database::on_postgres,
};

const NODES: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_at_once_on_an_empty_database_all_serve() {
    if !on_postgres() {
        // SQLite has one node.
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = Data::new("together").await;
    Secrets::load(&data.folder, &Random::system()).expect("a key");
    VapidKeys::load_or_make(&data.folder, Clock::System.now().0).expect("a key");
    data.database.run_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    let starting = (0..NODES).map(|number| {
        let folder = data.folder.join(number.to_string());
        fs::create_dir(&folder).expect("a folder");
        for file in ["secret.key", "vapid.json"] {
            fs::copy(data.folder.join(file), folder.join(file)).expect("a key file");
        }
        let mut command = umbba(&data, "");
        command.env("DATA_DIR", &folder).args(["serve", "--listen-addr", "127.0.0.1:0"]);
        async move { Node::run(command, &folder).await }
    });

    let nodes = futures::future::join_all(starting).await;

    for node in &nodes {
        let ready = node.client.get(format!("{}/readyz", node.url)).send().await.expect("an answer");
        assert_eq!(ready.status(), StatusCode::OK);
    }
    let made = "SELECT CAST(COUNT(*) AS TEXT) FROM _sqlx_migrations WHERE success";
    let migrations = fs::read_dir("migrations/postgres").expect("a folder").count();
    assert_eq!(data.database.read_sql(made).await, [migrations.to_string()], "each migration was made once");
    let keys = "SELECT CAST(COUNT(*) AS TEXT) FROM installation";
    assert_eq!(data.database.read_sql(keys).await, ["2"], "the fingerprints of one pair of keys");
}
