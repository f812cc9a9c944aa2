//! Moving everything from SQLite to PostgreSQL and back: nothing is lost, and a move that breaks off leaves nothing.

use std::{collections::BTreeMap, fs, panic::AssertUnwindSafe, path::Path};

use futures::FutureExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    databases::{Folder, TestDatabase, on_postgres, raw_sqlite, run_sql, sqlite_file},
    fixtures::{NOW, sign_up},
};
use crate::{
    server::{
        catalogue::Catalogue,
        random::Random,
        storage::{Database, Opening, StorageError, moving::move_all, persons, seeds},
    },
    tests::app::PATIENCE,
};

type Dump = BTreeMap<String, Vec<String>>;

/// All rows of a SQLite file as JSON, by table, in an order of their own.
async fn dump(file: &Path) -> Dump {
    let mut raw = patient(file).await;
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_schema
         WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut raw)
    .await
    .expect("tables");
    let mut dump = Dump::new();
    for (table,) in tables {
        let columns = columns(&mut raw, &table).await;
        let sql = format!("SELECT json_array({}) FROM {table} ORDER BY 1", columns.join(", "));
        let rows: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut raw).await.expect("rows");
        dump.insert(table, rows.into_iter().map(|(row,)| row).collect());
    }
    // A connection that is dropped goes on closing, and a closing one locks the file for a moment.
    raw.close().await.expect("closed");
    dump
}

/// A connection that waits for the locks of others.
async fn patient(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(PATIENCE);
    SqliteConnection::connect_with(&options).await.expect("a connection")
}

async fn columns(raw: &mut SqliteConnection, table: &str) -> Vec<String> {
    let sql = "SELECT name FROM pragma_table_info($1) ORDER BY cid";
    let found: Vec<(String,)> = sqlx::query_as(sql).bind(table).fetch_all(raw).await.expect("columns");
    found.into_iter().map(|(name,)| name).collect()
}

/// A SQLite file with seeded pairs and at least one row in every table of the schema.
async fn full_sqlite(folder: &Folder) -> Dump {
    let file = sqlite_file(folder);
    let database = Database::open(&url(&file), Opening::Migrate).await.expect("a database");
    let catalogue = Catalogue::load(&folder.0).expect("the catalogue");
    let (questions, random) = (catalogue.questions(), Random::seeded(3));
    let seeding = seeds::Seeding { questions, random: &random, now: NOW, consent_version: "v1", minute: None };
    seeds::fill(&database, seeding, 40).await.expect("seeds");
    // Letters that JSON escapes, and all that a name may hold.
    commit!(database, |tx| sign_up(&mut tx, "👩‍🌾 \"순자\" \\ é").await);
    database.close().await;
    let mut raw = patient(&file).await;
    // A row may refer to one of a table that comes later.
    for _ in 0..3 {
        for (table, _) in dump(&file).await.into_iter().filter(|(_, rows)| rows.is_empty()) {
            make_row(&mut raw, &table).await;
        }
    }
    raw.close().await.expect("closed");
    let full = dump(&file).await;
    let empty: Vec<_> = full.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table).collect();
    assert!(full.len() > 20 && empty.is_empty(), "a row in every table, not in {empty:?}");
    full
}

/// Inserts a row, if those that it refers to are there.
async fn make_row(raw: &mut SqliteConnection, table: &str) {
    let sql = "SELECT c.name, c.type,
                      (SELECT 'SELECT ' || COALESCE(f.\"to\", 'id') || ' FROM ' || f.\"table\" || ' LIMIT 1'
                       FROM pragma_foreign_key_list($1) f WHERE f.\"from\" = c.name)
               FROM pragma_table_info($1) c ORDER BY c.cid";
    let found: Vec<(String, String, Option<String>)> =
        sqlx::query_as(sql).bind(table).fetch_all(&mut *raw).await.expect("columns");
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for (column, kind, reference) in found {
        values.push(match reference {
            Some(select) => format!("({select})"),
            None if kind == "TEXT" => format!("'a {column}'"),
            None => i64::MAX.to_string(),
        });
        columns.push(column);
    }
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "));
    let _ = sqlx::raw_sql(AssertSqlSafe(sql)).execute(raw).await;
}

fn url(file: &Path) -> String {
    format!("sqlite:{}", file.display())
}

/// Empties the database of the test.
async fn emptied(db: &TestDatabase) {
    db.database.close().await;
    run_sql(&db.url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public".into()).await;
}

async fn texts(url: &str, sql: &str) -> Vec<String> {
    let mut raw = PgConnection::connect(url).await.expect("a connection");
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut raw).await.expect("texts")
}

fn sentence<T>(moved: Result<T, StorageError>) -> String {
    match moved {
        Err(StorageError::Move(sentence)) => sentence,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it moved"),
    }
}

#[tokio::test]
async fn to_postgres_and_back_every_table_holds_the_same() {
    on_postgres(|db| async move {
        emptied(&db).await;
        let folder = Folder::new();
        let before = full_sqlite(&folder).await;
        let (old, back) = (sqlite_file(&folder), folder.0.join("back.db"));
        let mut told = Vec::new();
        let pause = move_all(&url(&old), &db.url, |table, rows| told.push((table.to_owned(), rows))).await;
        pause.expect("moved").end().await.expect("the end");
        let counts: Vec<_> = before.iter().map(|(table, rows)| (table.clone(), rows.len() as u64)).collect();
        told.sort();
        assert_eq!(told, counts, "every table is told of");

        let pause = move_all(&db.url, &url(&back), |_, _| {}).await.expect("moved back");
        pause.end().await.expect("the end");

        assert_eq!(dump(&back).await, before);
        assert_eq!(dump(&old).await, before, "the old database is as it was");
        for url in [db.url.clone(), url(&back)] {
            let database = Database::open(&url, Opening::Migrate).await.expect("it serves");
            commit!(database, |tx| sign_up(&mut tx, "말순").await);
            database.close().await;
        }
    })
    .await;
}

/// Begins a move whose process ends after so many tables.
async fn broken_off(old: &str, to: &str, tables: usize) {
    let mut told = 0;
    let moving = move_all(old, to, |_, _| {
        told += 1;
        assert!(told < tables, "the process ends here");
    });
    assert!(AssertUnwindSafe(moving).catch_unwind().await.is_err(), "it broke off");
}

#[tokio::test]
async fn a_move_into_a_file_that_breaks_off_leaves_nothing_and_is_begun_again() {
    let folder = Folder::new();
    let before = full_sqlite(&folder).await;
    let (old, file) = (url(&sqlite_file(&folder)), folder.0.join("moved.db"));
    for tables in [1, 6, before.len()] {
        broken_off(&old, &url(&file), tables).await;
        assert!(!file.exists());
    }
    move_all(&old, &url(&file), |_, _| {}).await.expect("moved").end().await.expect("the end");
    assert_eq!(dump(&file).await, before);
}

#[tokio::test]
async fn a_move_into_postgres_that_breaks_off_goes_on() {
    on_postgres(|db| async move {
        emptied(&db).await;
        let folder = Folder::new();
        let tables = full_sqlite(&folder).await.len();
        let (file, back) = (sqlite_file(&folder), folder.0.join("back.db"));
        let old = url(&file);
        let copied = "SELECT xmin::text FROM persons ORDER BY id";

        for end in [1, 6, tables] {
            broken_off(&old, &db.url, end).await;
            for opening in [Opening::Migrate, Opening::AsIs] {
                assert!(sentence(Database::open(&db.url, opening).await).contains("run it again"), "no node uses half");
            }
            let back = move_all(&db.url, &url(&back), |_, _| {}).await;
            assert!(sentence(back).contains("has not ended"), "nobody takes half for the whole");
        }
        let before = texts(&db.url, copied).await;
        broken_off(&old, &db.url, tables).await;
        assert_eq!(texts(&db.url, copied).await, before, "what is there stays");

        // The app ran on the old database in between.
        let mut raw = patient(&file).await;
        sqlx::raw_sql("UPDATE persons SET name = '말순'; DELETE FROM failures").execute(&mut raw).await.expect("rows");
        raw.close().await.expect("closed");
        let mut told = 0;
        let pause = move_all(&old, &db.url, |_, _| told += 1).await.expect("moved");
        pause.end().await.expect("the end");

        assert_eq!(told, tables, "every table is told of");
        assert_ne!(texts(&db.url, copied).await, before, "what has changed is copied again");
        move_all(&db.url, &url(&back), |_, _| {}).await.expect("moved back").end().await.expect("the end");
        assert_eq!(dump(&back).await, dump(&file).await);
    })
    .await;
}

#[tokio::test]
async fn the_old_database_is_read_only_until_the_end() {
    let folder = Folder::new();
    full_sqlite(&folder).await;
    let (old, new) = (sqlite_file(&folder), folder.0.join("new.db"));
    let pause = move_all(&url(&old), &url(&new), |_, _| {}).await.expect("moved");
    let mut raw = raw_sqlite(&old).await;
    let write = "INSERT INTO failures (bucket, at) VALUES ('b', 1)";
    assert!(sqlx::raw_sql(write).execute(&mut raw).await.is_err(), "nobody writes");
    let (persons,): (i64,) =
        sqlx::query_as("SELECT COUNT(*) FROM persons").fetch_one(&mut raw).await.expect("everybody reads");
    assert!(persons > 80);
    pause.end().await.expect("the end");
    let mut raw = patient(&old).await;
    sqlx::raw_sql(write).execute(&mut raw).await.expect("writable again");
}

#[tokio::test]
async fn the_old_postgres_is_read_only_until_the_end_too() {
    on_postgres(|db| async move {
        let person = commit!(db, |tx| sign_up(&mut tx, "순자").await);
        let folder = Folder::new();
        let mut pause = move_all(&db.url, &url(&folder.0.join("new.db")), |_, _| {}).await.expect("moved");
        assert!(pause.others().await.expect("a count") >= Some(1), "the app is still connected");
        let mut raw = PgConnection::connect(&db.url).await.expect("a connection");
        let write = "SET lock_timeout = '50ms'; UPDATE persons SET name = 'x'";
        assert!(sqlx::raw_sql(write).execute(&mut raw).await.is_err(), "nobody writes");
        pause.end().await.expect("the end");
        sqlx::raw_sql("SET lock_timeout = '30s'; UPDATE persons SET name = 'x'")
            .execute(&mut raw)
            .await
            .expect("writable again");
        assert!(read!(db, |tx| persons::lookup(&mut tx, person.id).await).is_some());
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_moved_is_said_before_anything_is_written() {
    let folder = Folder::new();
    full_sqlite(&folder).await;
    let (old, new) = (sqlite_file(&folder), folder.0.join("new.db"));
    assert!(sentence(move_all(&url(&old), &url(&old), |_, _| {}).await).contains("exists already"));
    assert!(sentence(move_all(&url(&old), "mysql://x", |_, _| {}).await).contains("postgres://"));
    let mut raw = patient(&old).await;
    sqlx::raw_sql("CREATE TABLE later (id TEXT)").execute(&mut raw).await.expect("a table of a later release");
    assert!(sentence(move_all(&url(&old), &url(&new), |_, _| {}).await).contains("other tables"));
    sqlx::raw_sql("DROP TABLE later; DELETE FROM _sqlx_migrations WHERE version = 1")
        .execute(&mut raw)
        .await
        .expect("another schema");
    assert!(sentence(move_all(&url(&old), &url(&new), |_, _| {}).await).contains("umbba migrate"));
    assert!(!new.exists() && fs::read_dir(&folder.0).expect("a folder").count() <= 4);
    on_postgres(|db| async move {
        let refused = sentence(move_all(&url(&old), &db.url, |_, _| {}).await);
        assert!(refused.contains("name an empty one"), "{refused}");
    })
    .await;
}
