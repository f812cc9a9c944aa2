//! The database of one test that runs on either kind: a SQLite file, or with `TEST_DATABASE=postgres` a database of the
//! server that `TEST_POSTGRES_URL` names. The library's tests and the tests of the binary share this file.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    thread,
};

use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use uuid::Uuid;

/// Locks the making of the template, because each test of a run may be a process of its own.
const TEMPLATE_LOCK: i64 = 0x0075_6d62_6261;

/// Whether this run of the tests is on PostgreSQL.
pub fn on_postgres() -> bool {
    match std::env::var("TEST_DATABASE").as_deref() {
        Err(_) | Ok("" | "sqlite") => false,
        Ok("postgres") => true,
        Ok(other) => panic!("TEST_DATABASE is sqlite or postgres, not {other}"),
    }
}

/// The address of the PostgreSQL server of the tests, when there is one.
pub fn postgres_server() -> Option<String> {
    std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

/// A database that no other test uses. A database on PostgreSQL is dropped with this value, a SQLite file with its
/// folder.
pub struct OwnDatabase {
    pub url: String,
    /// The server and the name of the database that is dropped with this value.
    on_server: Option<(String, String)>,
}

impl OwnDatabase {
    /// On SQLite, `umbba.db` in the folder, which does not exist yet. On PostgreSQL, a database with the newest schema.
    pub async fn new(folder: &Path) -> Self {
        if !on_postgres() {
            return Self { url: format!("sqlite:{}", folder.join("umbba.db").display()), on_server: None };
        }
        Self::on_server(postgres_server().expect("TEST_DATABASE=postgres needs TEST_POSTGRES_URL")).await
    }

    /// As `new`, and the file on SQLite has the newest schema too.
    #[allow(dead_code, reason = "the tests of the binary let it make its own file")]
    pub async fn migrated(folder: &Path) -> Self {
        let own = Self::new(folder).await;
        if !own.is_postgres() {
            copy_sqlite(&folder.join("umbba.db")).await;
        }
        own
    }

    /// A database with the newest schema on this PostgreSQL.
    pub async fn on_server(server: String) -> Self {
        let mut connection = connect(&server).await;
        let template = template(&server, &mut connection).await;
        let name = format!("umbba_test_{}", Uuid::now_v7().simple());
        run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        connection.close().await.expect("the server says good-bye");
        Self { url: named(&server, &name), on_server: Some((server, name)) }
    }

    /// A database that somebody else makes and drops.
    #[allow(dead_code, reason = "the tests of the binary use it")]
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), on_server: None }
    }

    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// Runs statements as another release or an operator would. References between tables are not checked.
    pub async fn run_sql(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.is_postgres() {
            sqlx::raw_sql(sql).execute(&mut self.postgres().await).await.expect("a statement");
        } else {
            sqlx::raw_sql(sql).execute(&mut self.sqlite().await).await.expect("a statement");
        }
    }

    /// Reads one column of texts.
    pub async fn read_sql(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.is_postgres() {
            sqlx::query_scalar(sql).fetch_all(&mut self.postgres().await).await.expect("a statement")
        } else {
            sqlx::query_scalar(sql).fetch_all(&mut self.sqlite().await).await.expect("a statement")
        }
    }

    /// Reads everything that is stored: every byte of the file and its log on SQLite, every row as text on PostgreSQL.
    pub async fn stored(&self) -> Vec<u8> {
        if !self.is_postgres() {
            let file = self.url.trim_start_matches("sqlite:");
            return [file.to_owned(), format!("{file}-wal")]
                .into_iter()
                .flat_map(|file| std::fs::read(file).unwrap_or_default())
                .collect();
        }
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";
        let rows: Vec<String> = self.read_sql(tables).await.iter().map(|table| rows_of(table)).collect();
        self.read_sql(&rows.join(" UNION ALL ")).await.join("\n").into_bytes()
    }

    async fn postgres(&self) -> PgConnection {
        let mut connection = connect(&self.url).await;
        // Turns the triggers off that check references.
        run(&mut connection, "SET session_replication_role = replica".into()).await;
        connection
    }

    async fn sqlite(&self) -> SqliteConnection {
        let file = self.url.trim_start_matches("sqlite:");
        let options = SqliteConnectOptions::new().filename(file).foreign_keys(false);
        options.connect().await.expect("the database")
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let Some((server, name)) = self.on_server.take() else { return };
        // The runtime of the test cannot wait here.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut connection = connect(&server).await;
                run(&mut connection, format!("DROP DATABASE {name} WITH (FORCE)")).await;
            });
        });
        assert!(dropping.join().is_ok() || thread::panicking(), "the database of the test is dropped");
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("the PostgreSQL of TEST_POSTGRES_URL answers")
}

async fn run(connection: &mut PgConnection, sql: String) {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.expect("the test server obeys");
}

/// Selects every row of a table as one text, in an order that does not depend on where the rows lie.
fn rows_of(table: &str) -> String {
    format!("SELECT '{table}' || COALESCE(string_agg(t::text, chr(10) ORDER BY t::text), '') FROM {table} t")
}

/// The address of another database of the same server.
fn named(server: &str, name: &str) -> String {
    let mut url = url::Url::parse(server).expect("TEST_POSTGRES_URL is an address");
    url.set_path(name);
    url.into()
}

/// Names a database that has the schema of these migrations and no rows.
fn template_of(migrator: &Migrator) -> String {
    let mut hasher = DefaultHasher::new();
    migrator.iter().for_each(|migration| migration.checksum.hash(&mut hasher));
    format!("umbba_template_{:016x}", hasher.finish())
}

/// Puts a SQLite file with the newest schema at `file`, which saves a test the migrations and their waits for the disk.
/// The first test of a machine makes the file that is copied.
#[allow(dead_code, reason = "the tests of the binary let it make its own file")]
pub async fn copy_sqlite(file: &Path) {
    let migrator = sqlx::migrate!("migrations/sqlite");
    let template = std::env::temp_dir().join(format!("{}.db", template_of(&migrator)));
    if !template.exists() {
        // A template under its name is whole.
        let part = std::env::temp_dir().join(format!("umbba-{}.db", Uuid::now_v7().simple()));
        let options = SqliteConnectOptions::new().filename(&part).create_if_missing(true);
        let mut connection = options.journal_mode(SqliteJournalMode::Wal).connect().await.expect("a file");
        migrator.run(&mut connection).await.expect("the migrations of this checkout");
        connection.close().await.expect("the log goes into the file");
        std::fs::rename(&part, &template).expect("the template");
    }
    std::fs::copy(&template, file).expect("a copy of the template");
}

/// Returns the database that has this checkout's schema and no rows. The first test of a server makes it.
async fn template(server: &str, connection: &mut PgConnection) -> String {
    let migrator = sqlx::migrate!("migrations/postgres");
    let name = template_of(&migrator);
    if exists(connection, &name).await {
        return name;
    }
    run(connection, format!("SELECT pg_advisory_lock({TEMPLATE_LOCK})")).await;
    if !exists(connection, &name).await {
        // A template under its name is whole: a run that was killed leaves only the other name.
        let part = format!("{name}_part");
        run(connection, format!("DROP DATABASE IF EXISTS {part} WITH (FORCE)")).await;
        run(connection, format!("CREATE DATABASE {part} TEMPLATE template0")).await;
        let mut inside = connect(&named(server, &part)).await;
        migrator.run(&mut inside).await.expect("the migrations of this checkout");
        inside.close().await.expect("the server says good-bye");
        run(connection, format!("ALTER DATABASE {part} RENAME TO {name}")).await;
    }
    run(connection, format!("SELECT pg_advisory_unlock({TEMPLATE_LOCK})")).await;
    name
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)";
    sqlx::query_scalar(sql).bind(name).fetch_one(connection).await.expect("the list of databases")
}
