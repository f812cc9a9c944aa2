//! One of the two databases of a move: its tables as its catalogue lists them, and their rows.

use futures::{StreamExt, stream::BoxStream};
use sqlx::{
    AssertSqlSafe, ColumnIndex, Decode, PgConnection, Postgres, Sqlite, SqliteConnection, Type, postgres::PgRow,
    sqlite::SqliteRow,
};

use super::rows::{Cell, Row, Sum, failed};
use crate::server::storage::{
    StorageError,
    postgres::{UNFINISHED, is_unfinished},
};

pub enum Side<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// A table of this release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    columns: Vec<(String, Kind)>,
}

/// The types of our columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
}

/// The table of the migrations, which each database has of its own.
const MIGRATIONS: &str = "_sqlx_migrations";

pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), StorageError> {
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await?;
    Ok(())
}

impl Side<'_> {
    /// Makes the schema of this release.
    pub async fn migrate(&mut self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(connection) => sqlx::migrate!("migrations/sqlite").run(&mut **connection).await?,
            Self::Postgres(connection) => {
                let (encoding,): (String,) =
                    sqlx::query_as("SELECT current_setting('server_encoding')").fetch_one(&mut **connection).await?;
                if encoding != "UTF8" {
                    return Err(failed(format!("the new database has the encoding {encoding}: make one with UTF8")));
                }
                sqlx::migrate!("migrations/postgres").run(&mut **connection).await?;
            }
        }
        Ok(())
    }

    /// The numbers of the migrations that were made.
    pub async fn migrations(&mut self) -> Result<Vec<i64>, StorageError> {
        let sql = "SELECT version FROM _sqlx_migrations ORDER BY version";
        let found: Vec<(i64,)> = match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_all(&mut **connection).await?,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_all(&mut **connection).await?,
        };
        Ok(found.into_iter().map(|(version,)| version).collect())
    }

    /// Whether a move into this database has begun and not ended.
    pub async fn is_unfinished(&mut self) -> Result<bool, StorageError> {
        match self {
            Self::Sqlite(_) => Ok(false),
            Self::Postgres(connection) => is_unfinished(connection).await,
        }
    }

    /// All tables of the app.
    pub async fn table_names(&mut self) -> Result<Vec<String>, StorageError> {
        let found: Vec<(String,)> = match self {
            Self::Sqlite(connection) => {
                let sql =
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                           AND name <> $1 ORDER BY name";
                sqlx::query_as(sql).bind(MIGRATIONS).fetch_all(&mut **connection).await?
            }
            Self::Postgres(connection) => {
                let sql = "SELECT table_name::text FROM information_schema.tables
                           WHERE table_schema = current_schema() AND table_name NOT IN ($1, $2) ORDER BY table_name";
                sqlx::query_as(sql).bind(MIGRATIONS).bind(UNFINISHED).fetch_all(&mut **connection).await?
            }
        };
        Ok(found.into_iter().map(|(name,)| name).collect())
    }

    /// All tables, each after those that it refers to.
    pub async fn tables(&mut self) -> Result<Vec<Table>, StorageError> {
        let mut left = self.table_names().await?;
        let references = self.references().await?;
        let mut tables = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let is_next =
                |name: &String| references.iter().all(|(from, to)| from != name || from == to || !left.contains(to));
            let (next, later): (Vec<String>, Vec<String>) = left.iter().cloned().partition(is_next);
            if next.is_empty() {
                return Err(failed(format!("these tables refer to each other in a circle: {later:?}")));
            }
            for name in next {
                tables.push(Table { columns: self.columns(&name).await?, name });
            }
            left = later;
        }
        Ok(tables)
    }

    /// Which table refers to which.
    async fn references(&mut self) -> Result<Vec<(String, String)>, StorageError> {
        Ok(match self {
            Self::Sqlite(connection) => {
                let sql = "SELECT t.name, f.\"table\" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f
                           WHERE t.type = 'table'";
                sqlx::query_as(sql).fetch_all(&mut **connection).await?
            }
            Self::Postgres(connection) => {
                let sql = "SELECT f.relname::text, t.relname::text FROM pg_constraint c
                           JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
                           JOIN pg_namespace n ON n.oid = f.relnamespace
                           WHERE c.contype = 'f' AND n.nspname = current_schema()";
                sqlx::query_as(sql).fetch_all(&mut **connection).await?
            }
        })
    }

    async fn columns(&mut self, table: &str) -> Result<Vec<(String, Kind)>, StorageError> {
        let found: Vec<(String, String)> = match self {
            Self::Sqlite(connection) => {
                let sql = "SELECT name, lower(type) FROM pragma_table_info($1) ORDER BY cid";
                sqlx::query_as(sql).bind(table).fetch_all(&mut **connection).await?
            }
            Self::Postgres(connection) => {
                let sql = "SELECT column_name::text, data_type::text FROM information_schema.columns
                           WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
                sqlx::query_as(sql).bind(table).fetch_all(&mut **connection).await?
            }
        };
        let kind = |(name, kind): (String, String)| match kind.as_str() {
            "text" => Ok((name, Kind::Text)),
            "bigint" => Ok((name, Kind::Number)),
            _ => Err(failed(format!("{table}.{name} is {kind}: it cannot be moved"))),
        };
        found.into_iter().map(kind).collect()
    }

    /// The rows of a table, in no order.
    pub fn rows<'a>(&'a mut self, table: &'a Table) -> BoxStream<'a, Result<Row, StorageError>> {
        let columns: Vec<String> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
        let sql = AssertSqlSafe(format!("SELECT {} FROM {}", columns.join(", "), quoted(&table.name)));
        match self {
            Self::Sqlite(connection) => {
                sqlx::query::<Sqlite>(sql).fetch(&mut **connection).map(|row| read::<SqliteRow>(&row?, table)).boxed()
            }
            Self::Postgres(connection) => {
                sqlx::query::<Postgres>(sql).fetch(&mut **connection).map(|row| read::<PgRow>(&row?, table)).boxed()
            }
        }
    }

    pub async fn count(&mut self, table: &Table) -> Result<u64, StorageError> {
        let sql = AssertSqlSafe(format!("SELECT COUNT(*) FROM {}", quoted(&table.name)));
        let (count,): (i64,) = match self {
            Self::Sqlite(connection) => sqlx::query_as(sql).fetch_one(&mut **connection).await?,
            Self::Postgres(connection) => sqlx::query_as(sql).fetch_one(&mut **connection).await?,
        };
        Ok(count.unsigned_abs())
    }

    pub async fn sum(&mut self, table: &Table) -> Result<Sum, StorageError> {
        let mut sum = Sum::default();
        let mut rows = self.rows(table);
        while let Some(row) = rows.next().await {
            sum.add(&row?);
        }
        Ok(sum)
    }

    pub async fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<(), StorageError> {
        let columns: Vec<String> = table.columns.iter().map(|(name, _)| quoted(name)).collect();
        let values = table.columns.iter().enumerate().map(|(at, (_, kind))| match kind {
            Kind::Text => format!("t.value->>{at}"),
            Kind::Number => format!("CAST(t.value->>{at} AS BIGINT)"),
        });
        let (name, columns) = (quoted(&table.name), columns.join(", "));
        let insert = format!("INSERT INTO {name} ({columns}) SELECT {} FROM", values.collect::<Vec<_>>().join(", "));
        let rows = serde_json::to_string(rows).map_err(|error| failed(error.to_string()))?;
        match self {
            Self::Sqlite(connection) => {
                let sql = AssertSqlSafe(format!("{insert} jsonb_each($1) AS t"));
                sqlx::query::<Sqlite>(sql).bind(rows).execute(&mut **connection).await?;
            }
            Self::Postgres(connection) => {
                let sql = AssertSqlSafe(format!("{insert} jsonb_array_elements($1::jsonb) AS t(value)"));
                sqlx::query::<Postgres>(sql).bind(rows).execute(&mut **connection).await?;
            }
        }
        Ok(())
    }
}

/// Reads a row, strictly: SQLite lets a column hold a value of another type.
fn read<'r, R: sqlx::Row>(row: &'r R, table: &Table) -> Result<Row, StorageError>
where
    usize: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database> + Type<R::Database>,
    Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
{
    let cell = |(at, (name, kind)): (usize, &(String, Kind))| {
        let cell = match kind {
            Kind::Text => row.try_get(at).map(Cell::Text),
            Kind::Number => row.try_get(at).map(Cell::Number),
        };
        cell.map_err(|error| failed(format!("a value of {}.{name} cannot be read: {error}", table.name)))
    };
    table.columns.iter().enumerate().map(cell).collect()
}
