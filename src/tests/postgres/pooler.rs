//! The app behind a real pgbouncer (`PGBOUNCER`, else Debian's), in session and in transaction mode.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Once,
};

use futures::future::join_all;
use uuid::Uuid;

use super::until;
use crate::{
    domain::Millis,
    server::storage::{Database, Opening, Source, StorageError},
    tests::{
        app::TestApp,
        storage::{
            cut_off,
            databases::{TestDatabase, on_postgres},
        },
    },
};

/// A pooler in front of the server of a database. It ends when this is dropped.
struct Pooler {
    process: Child,
    folder: PathBuf,
    /// The database's address through the pooler.
    url: String,
}

fn program() -> Option<String> {
    static SAID: Once = Once::new();
    let program = std::env::var("PGBOUNCER").unwrap_or_else(|_| "/usr/sbin/pgbouncer".into());
    if fs::exists(&program).unwrap_or(false) {
        return Some(program);
    }
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{program} is missing: in CI the tests run behind it too");
    SAID.call_once(|| {
        let _ = writeln!(std::io::stderr(), "pgbouncer is not installed: nothing ran behind a pooler");
    });
    None
}

impl Pooler {
    /// Starts a pooler for the server of `url`, with a socket in a folder of its own. `None` when there is no program.
    async fn start(url: &str, mode: &str, more: &str) -> Option<Self> {
        let program = program()?;
        let direct = url::Url::parse(url).expect("an address");
        let socket = direct.query_pairs().find(|(name, _)| name == "host").map(|(_, folder)| folder.into_owned());
        let host = socket.unwrap_or_else(|| direct.host_str().unwrap_or("localhost").to_owned());
        let (user, port) = (direct.username(), direct.port().unwrap_or(5432));
        let password = direct.password().map(|password| format!(" password={password}")).unwrap_or_default();
        let folder = std::env::temp_dir().join(format!("umbba-pool-{:.8}", Uuid::new_v4().simple()));
        fs::create_dir_all(&folder).expect("a folder");
        // Started as root, pgbouncer changes to the user postgres.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("an open folder");
        let settings = folder.join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={host} port={port} user={user}{password}\n[pgbouncer]\nlisten_addr =\n\
             listen_port = 6432\nunix_socket_dir = {folder}\nauth_type = any\npool_mode = {mode}\n\
             default_pool_size = {size}\nlogfile = {folder}/log\n{more}\n",
            folder = folder.display(),
            // In session mode each connection of the app keeps one of the server.
            size = if mode == "session" { 20 } else { 4 },
        );
        fs::write(&settings, text).expect("the settings");
        let mut command = Command::new(program);
        if Command::new("id").arg("-u").output().is_ok_and(|user| user.stdout == b"0\n") {
            command.args(["-u", "postgres"]);
        }
        let process = command.arg("-q").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let url = format!("postgres://{user}@localhost:6432{}?host={}", direct.path(), folder.display());
        let pooler = Self { process: process.expect("pgbouncer starts"), folder, url };
        until("pgbouncer listens", async || pooler.folder.join(".s.PGSQL.6432").exists()).await;
        Some(pooler)
    }

    fn source(&self, direct: &str) -> Source {
        Source { url: self.url.clone(), direct_url: Some(direct.to_owned()), connections: 16 }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What a family does in its first two days, with many page loads at once.
async fn live_two_days(database: Database) {
    let app = TestApp::start_with_database(database).await;
    let pair = app.pair().await;
    let mut feed = pair.child.listen(pair.id).await;
    pair.answer_both("골목에서 고무줄을 했지").await;
    feed.next_event().await;
    app.tick_at(21, 0).await;
    app.advance(Millis::DAY);
    assert_eq!(app.tick().await, 1);
    assert_eq!(pair.child.today(pair.id).await.question.expect("a question").number, 2);
    pair.answer_both("둘째 날").await;

    let pages = [format!("/p/{}", pair.id), format!("/p/{}/archive", pair.id), "/settings".to_owned()];
    let loads = join_all((0..30).map(|load| pair.parent.get(&pages[load % pages.len()]))).await;

    let statuses: Vec<u16> = loads.iter().map(|load| load.status().as_u16()).collect();
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
}

async fn behind(mode: &'static str) {
    on_postgres(async |db: TestDatabase| {
        let Some(pooler) = Pooler::start(&db.url, mode, "").await else { return };
        // The second opening finds the schema migrated.
        for _ in 0..2 {
            let database = Database::open(pooler.source(&db.url), Opening::Migrate).await.expect("through the pooler");
            database.ping().await.expect("it answers");
            database.close().await;
        }
        let database = Database::open(pooler.source(&db.url), Opening::AsIs).await.expect("through the pooler");
        live_two_days(database.clone()).await;
        database.close().await;

        let database = Database::open(pooler.source(&db.url), Opening::AsIs).await.expect("through the pooler");
        let pooled = TestDatabase { database: database.clone(), url: pooler.url.clone(), folder: db.folder.clone() };
        cut_off::a_dropped_begin_statement_or_commit_spoils_no_connection(pooled).await;
        database.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_family_lives_behind_a_pooler_in_session_mode() {
    behind("session").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_family_lives_behind_a_pooler_in_transaction_mode() {
    behind("transaction").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_of_a_pooler_alone_is_refused_with_a_sentence() {
    on_postgres(async |db: TestDatabase| {
        for more in ["", "ignore_startup_parameters = extra_float_digits,options"] {
            let Some(pooler) = Pooler::start(&db.url, "transaction", more).await else { return };
            let refused = Database::open(&pooler.url, Opening::Migrate).await.map(drop);
            assert!(
                matches!(&refused, Err(StorageError::Url(sentence)) if sentence.contains("DATABASE_DIRECT_URL")),
                "{more}: {refused:?}"
            );
        }
    })
    .await;
}
