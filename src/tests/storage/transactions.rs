//! Transactions and connections: snapshots, rollbacks, and what counts as unavailable.

use std::{fs, path::Path};

use super::{
    databases::{Folder, TestDatabase, fresh_sqlite, on_postgres, raw_sqlite, run_sql, sqlite_file},
    fixtures::{NOW, append, id, is_unavailable, sign_up, together},
};
use crate::{
    domain::{EventKind, Millis, PersonId, SessionId},
    server::storage::{Database, Opening, StorageError, events, failures, notifications, persons, sessions},
};

on_both_databases! {
    a_read_transaction_is_one_snapshot,
    a_dropped_transaction_never_happened,
    the_first_statement_tells_how_many_rows_it_changed,
    a_reading_transaction_writes_nothing,
    a_row_that_names_nobody_is_refused,
    a_database_can_be_opened_again_and_closed,
}

async fn a_read_transaction_is_one_snapshot(db: TestDatabase) {
    let child = together(&db).await.child;
    commit!(db, |tx| append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told"));
    let mut page = db.read().await.expect("a snapshot");
    let as_of = events::last_seq(&mut page, child.id).await.expect("a number");

    commit!(db, |tx| {
        append(&mut tx, &[child.id], EventKind::NameChanged, None, None, NOW).await.expect("told");
        persons::set_recovery_kept(&mut tx, child.id, NOW).await.expect("kept");
    });
    assert_eq!(
        events::find_after(&mut page, child.id, as_of, 10).await.expect("events"),
        [],
        "nothing after what the page was read at"
    );
    assert_eq!(events::last_seq(&mut page, child.id).await.expect("a number"), as_of);
    assert_eq!(persons::recovery_state(&mut page, child.id).await.expect("a state").kept_at, None);
    drop(page);
    assert_eq!(read!(db, |tx| persons::recovery_state(&mut tx, child.id).await).kept_at, Some(NOW));
    assert_eq!(read!(db, |tx| events::find_after(&mut tx, child.id, as_of, 10).await).len(), 1);
}

async fn a_dropped_transaction_never_happened(db: TestDatabase) {
    let mut tx = db.begin().await.expect("a transaction");
    let person = sign_up(&mut tx, "순자").await;
    drop(tx);
    assert_eq!(
        read!(db, |tx| persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await),
        None
    );
    assert!(!read!(db, |tx| persons::any_real(&mut tx).await));
}

async fn the_first_statement_tells_how_many_rows_it_changed(db: TestDatabase) {
    let child = together(&db).await.child;
    let hide = async || {
        commit!(db, |tx| notifications::update_person(&mut tx, child.id, None, true).await.expect("a preference"))
    };
    assert!(hide().await);
    assert!(!hide().await, "the same again changes nothing, whatever the transaction before it changed");
}

async fn a_reading_transaction_writes_nothing(db: TestDatabase) {
    let mut tx = db.read().await.expect("a snapshot");
    let refused = failures::record(&mut tx, "b", NOW).await;
    assert!(is_unavailable(&refused), "{refused:?}");
}

async fn a_row_that_names_nobody_is_refused(db: TestDatabase) {
    let mut tx = db.begin().await.expect("a transaction");
    let nobody = PersonId(id());
    persons::lock(&mut tx, [nobody]).await.expect("no row");
    let orphan = sessions::insert(&mut tx, SessionId(id()), nobody, "hash", "d", NOW).await;
    assert!(matches!(orphan, Err(StorageError::Database(_))), "foreign keys hold: {orphan:?}");
}

async fn a_database_can_be_opened_again_and_closed(db: TestDatabase) {
    let person = commit!(db, |tx| sign_up(&mut tx, "순자").await);
    let again = Database::open(&db.url, Opening::Migrate).await.expect("nothing left to migrate");
    again.ping().await.expect("it answers");
    assert!(
        read!(again, |tx| persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await)
            .is_some()
    );
    again.close().await;
    let closed = again.begin().await.map(drop);
    assert!(is_unavailable(&closed), "{closed:?}");
    assert!(is_unavailable(&again.ping().await));
}

#[tokio::test]
async fn sqlite_is_new_enough_and_writes_ahead() {
    let (folder, database) = fresh_sqlite().await;
    let mut raw = raw_sqlite(&sqlite_file(&folder)).await;
    let (version, mode): (String, String) =
        sqlx::query_as("SELECT sqlite_version(), (SELECT * FROM pragma_journal_mode)")
            .fetch_one(&mut raw)
            .await
            .expect("an answer");
    let version: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(version >= vec![3, 51, 3], "{version:?} has the WAL-reset bug");
    assert_eq!(mode, "wal");
    database.close().await;
}

/// No test can read the pragma, because it belongs to the writer's connection alone. So this test reads the source line
/// that sets it.
#[test]
fn an_acknowledged_answer_is_on_the_disk() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/storage/sqlite.rs"))
        .expect("our own source");
    let (_, after) = source.split_once("let writer_options").expect("the writer's options");
    let (writer, _) = after.split_once(';').expect("a statement");
    assert!(writer.contains(".synchronous(SqliteSynchronous::Full)"), "{writer}");
    assert!(source.contains("connect_with(writer_options.clone())"), "the writer is opened with them");
}

#[tokio::test]
async fn a_read_only_file_serves_readers_and_tells_writers_to_come_again() {
    let (folder, database) = fresh_sqlite().await;
    let person = commit!(database, |tx| sign_up(&mut tx, "순자").await);
    let read_only = Database::open(&format!("sqlite:{}?mode=ro", sqlite_file(&folder).display()), Opening::AsIs)
        .await
        .expect("it opens");
    read_only.ping().await.expect("it answers");
    assert!(
        read!(read_only, |tx| persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await)
            .is_some()
    );
    let refused = match read_only.begin().await {
        Err(error) => Err(error),
        Ok(mut tx) => failures::record(&mut tx, "b", NOW).await,
    };
    assert!(is_unavailable(&refused), "{refused:?}");
    read_only.close().await;
    database.close().await;
}

#[tokio::test]
async fn a_full_disk_and_a_busy_file_count_as_unavailable() {
    let (folder, database) = fresh_sqlite().await;
    let (mut one, mut two) = (raw_sqlite(&sqlite_file(&folder)).await, raw_sqlite(&sqlite_file(&folder)).await);
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut one).await.expect("no page more than there are");
    let full = sqlx::query("INSERT INTO failures (bucket, at) VALUES (hex(zeroblob(1000000)), 1)")
        .execute(&mut one)
        .await
        .expect_err("the disk is full");
    assert!(matches!(StorageError::from(full), StorageError::Unavailable(_)));

    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut one).await.expect("the only writer");
    let busy = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut two).await.expect_err("somebody else writes");
    assert!(matches!(StorageError::from(busy), StorageError::Unavailable(_)));
    database.close().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_said_in_a_sentence() {
    for url in ["mysql://localhost/umbba", "umbba.db", ""] {
        let refused = Database::open(url, Opening::Migrate).await.map(drop);
        assert!(
            matches!(&refused, Err(StorageError::Url(sentence)) if sentence.contains("DATABASE_URL")),
            "{url}: {refused:?}"
        );
    }
    let folder = Folder::new();
    let missing = Database::open(&format!("sqlite:{}", sqlite_file(&folder).display()), Opening::AsIs).await.map(drop);
    assert!(is_unavailable(&missing), "{missing:?}");
    assert!(!sqlite_file(&folder).exists(), "nothing is made by the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_postgres_cuts_the_connection_it_counts_as_unavailable_and_comes_back() {
    on_postgres(async |db: TestDatabase| {
        let mut tx = db.begin().await.expect("a transaction");
        failures::record(&mut tx, "b", NOW).await.expect("recorded");
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                      WHERE datname = current_database() AND pid <> pg_backend_pid()";
        run_sql(&db.url, others.to_owned()).await;
        let cut = failures::record(&mut tx, "b", NOW).await;
        assert!(is_unavailable(&cut), "{cut:?}");
        drop(tx);
        assert_eq!(
            read!(db, |tx| failures::count(&mut tx, "b", Millis(0)).await),
            0,
            "the cut transaction never happened"
        );
    })
    .await;
}
