//! Tests that every migration exists for both databases, and that both end in the same schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use sqlx::{Connection, PgConnection};

use super::databases::{TestDatabase, fresh_sqlite, on_postgres, raw_sqlite, sqlite_file};

fn migrations(database: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let files = fs::read_dir(folder).expect("a folder of migrations").map(|file| file.expect("a file").path());
    files
        .map(|file| {
            (
                file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                fs::read_to_string(&file).expect("text"),
            )
        })
        .collect()
}

#[test]
fn migrations_come_in_twins_numbered_from_one_and_say_why_they_exist() {
    let (sqlite, postgres) = (migrations("sqlite"), migrations("postgres"));
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (at, (name, text)) in sqlite.iter().enumerate() {
        assert!(
            name.starts_with(&format!("{:04}_", at + 1)) && name.ends_with(".sql"),
            "{name} is not number {}",
            at + 1
        );
        assert!(
            text.starts_with("-- ") && postgres[name].starts_with("-- "),
            "{name} says in its first line why it exists"
        );
    }
}

/// The parts of the schema that must be equal in both databases: columns, keys and indexes, and references.
#[derive(Debug, Default, PartialEq)]
struct Schema {
    /// Table, column, type, whether the column may be NULL, default.
    columns: BTreeSet<(String, String, String, bool, String)>,
    /// Table, whether the index is unique, columns.
    indexes: BTreeSet<(String, bool, Vec<String>)>,
    /// Table, column, the referenced table, the action on deletion.
    references: BTreeSet<(String, String, String, String)>,
}

impl Schema {
    fn indexed(rows: Vec<(String, String, bool, String)>) -> BTreeSet<(String, bool, Vec<String>)> {
        let mut by_name: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
        for (table, index, is_unique, column) in rows {
            by_name.entry((table, index, is_unique)).or_default().push(column);
        }
        by_name.into_iter().map(|((table, _, is_unique), columns)| (table, is_unique, columns)).collect()
    }

    async fn of_sqlite(file: &Path) -> Self {
        let mut raw = raw_sqlite(file).await;
        let columns: Vec<(String, String, String, bool, Option<String>)> = sqlx::query_as(
            "SELECT t.name, c.name, c.type, c.\"notnull\" = 0, c.dflt_value
             FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("columns");
        let indexes = sqlx::query_as(
            "SELECT t.name, l.name, l.\"unique\" = 1, i.name
             FROM sqlite_schema t JOIN pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i
             WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' ORDER BY t.name, l.name, i.seqno",
        )
        .fetch_all(&mut raw)
        .await
        .expect("indexes");
        let references: Vec<(String, String, String, String)> = sqlx::query_as(
            "SELECT t.name, f.\"from\", f.\"table\", f.on_delete
             FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("references");
        Self {
            columns: columns
                .into_iter()
                .map(|(table, column, kind, may_be_null, default)| {
                    (table, column, kind, may_be_null, default.unwrap_or_default().trim_matches('\'').to_owned())
                })
                .collect(),
            indexes: Self::indexed(indexes),
            references: references.into_iter().collect(),
        }
    }

    async fn of_postgres(url: &str) -> Self {
        let mut raw = PgConnection::connect(url).await.expect("a connection of its own");
        let columns: Vec<(String, String, String, bool, Option<String>)> = sqlx::query_as(
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES', column_default::text
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("columns");
        let indexes = sqlx::query_as(
            "SELECT t.relname::text, i.relname::text, x.indisunique, a.attname::text
             FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
             JOIN pg_namespace n ON n.oid = t.relnamespace
             CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k (number, place)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
             WHERE n.nspname = 'public' AND t.relname <> '_sqlx_migrations' ORDER BY t.relname, i.relname, k.place",
        )
        .fetch_all(&mut raw)
        .await
        .expect("indexes");
        let references: Vec<(String, String, String, String)> = sqlx::query_as(
            "SELECT c.conrelid::regclass::text, a.attname::text, c.confrelid::regclass::text,
                    CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE 'other' END
             FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
             WHERE c.contype = 'f'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("references");
        let plain = |default: String| default.split("::").next().unwrap_or_default().trim_matches('\'').to_owned();
        Self {
            columns: columns
                .into_iter()
                .map(|(table, column, kind, may_be_null, default)| {
                    let kind = if kind == "bytea" { "BLOB".to_owned() } else { kind.to_uppercase() };
                    (table, column, kind, may_be_null, default.map(plain).unwrap_or_default())
                })
                .collect(),
            indexes: Self::indexed(indexes),
            references: references.into_iter().collect(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_schema() {
    on_postgres(async |db: TestDatabase| {
        let (folder, sqlite) = fresh_sqlite().await;
        let (one, two) = (Schema::of_sqlite(&sqlite_file(&folder)).await, Schema::of_postgres(&db.url).await);
        assert!(
            one.columns.len() > 50 && one.indexes.len() > 10 && one.references.len() > 5,
            "too little was read: {one:?}"
        );
        assert_eq!(one.columns, two.columns);
        assert_eq!(one.indexes, two.indexes);
        assert_eq!(one.references, two.references);
        sqlite.close().await;
    })
    .await;
}
