//! The databases of the storage suite: each test gets one of its own, on SQLite or on PostgreSQL.

use std::{
    fs,
    future::Future,
    io::Write,
    ops::Deref,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Once,
    time::Duration,
};

use futures::FutureExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{
    server::storage::{Database, Opening},
    tests::own_database::{self, OwnDatabase},
};

/// A fresh, migrated database with its address. Dereferences to `Database`.
pub(in crate::tests) struct TestDatabase {
    pub(in crate::tests) database: Database,
    pub(in crate::tests) url: String,
    pub(in crate::tests) folder: PathBuf,
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl TestDatabase {
    pub(in crate::tests) fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// Opens the same database again, with connections of its own, as a second node does.
    pub(in crate::tests) async fn second_node(&self) -> Database {
        Database::open(&self.url, Opening::AsIs).await.expect("a second node")
    }
}

/// A temporary folder, removed with everything in it when it is dropped.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("umbba-storage-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) async fn run_at<T: Future<Output = ()>>(
    url: String,
    folder: &Folder,
    test: impl FnOnce(TestDatabase) -> T,
) -> std::thread::Result<()> {
    let database = Database::open(&url, Opening::Migrate).await.expect("a fresh database");
    let ended = AssertUnwindSafe(test(TestDatabase { database: database.clone(), url, folder: folder.0.clone() }))
        .catch_unwind()
        .await;
    database.close().await;
    ended
}

pub(in crate::tests) async fn on_sqlite<T: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> T) {
    let folder = Folder::new();
    let file = folder.0.join("test.db");
    own_database::copy_sqlite(&file).await;
    let url = format!("sqlite:{}", file.display());
    if let Err(panic) = run_at(url, &folder, test).await {
        resume_unwind(panic);
    }
}

pub(in crate::tests) async fn on_postgres<T: Future<Output = ()>>(test: impl FnOnce(TestDatabase) -> T) {
    let Some(server) = postgres_server() else { return };
    let own = OwnDatabase::on_server(server).await;
    let ended = run_at(own.url.clone(), &Folder::new(), test).await;
    drop(own);
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

/// Runs statements on a PostgreSQL connection of their own.
pub(in crate::tests) async fn run_sql(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("the PostgreSQL of TEST_POSTGRES_URL answers");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the test server obeys");
}

/// Returns the address of the PostgreSQL server. Without a server, writes a notice to the real standard error, once.
pub fn postgres_server() -> Option<String> {
    static SAID: Once = Once::new();
    let server = own_database::postgres_server();
    if server.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "TEST_POSTGRES_URL is not set: in CI the storage suite runs on both databases"
        );
        SAID.call_once(|| {
            let _ = writeln!(std::io::stderr(), "TEST_POSTGRES_URL is not set: the storage suite ran on SQLite only");
        });
    }
    server
}

pub(super) fn sqlite_file(folder: &Folder) -> PathBuf {
    folder.0.join("test.db")
}

pub(super) async fn raw_sqlite(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", file.display()))
        .expect("an address")
        .busy_timeout(Duration::ZERO);
    SqliteConnection::connect_with(&options).await.expect("a connection of its own")
}

pub(super) async fn fresh_sqlite() -> (Folder, Database) {
    let folder = Folder::new();
    let database = Database::open(&format!("sqlite:{}", sqlite_file(&folder).display()), Opening::Migrate)
        .await
        .expect("a fresh database");
    (folder, database)
}
