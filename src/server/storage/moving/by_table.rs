//! Filling a PostgreSQL table by table. Each table is committed, so that a move that broke off goes on where it ended:
//! tables that hold the same rows in both databases stay, and the others are copied anew.

use sqlx::{Connection, PgConnection};

use super::{
    copying::{copy, same_tables},
    rows::{Sum, failed},
    side::{Side, Table, quoted, run},
};
use crate::server::storage::{StorageError, postgres::UNFINISHED};

/// Keeps two moves into one database apart, for as long as their connections live.
const LOCK: i64 = 0x006d_6f76_6531;

pub async fn fill(
    mut old: Side<'_>,
    connection: &mut PgConnection,
    say: &mut impl FnMut(&str, u64),
) -> Result<(), StorageError> {
    let (is_alone,): (bool,) =
        sqlx::query_as("SELECT pg_try_advisory_lock($1)").bind(LOCK).fetch_one(&mut *connection).await?;
    if !is_alone {
        return Err(failed("another `umbba migrate-to` fills the new database now"));
    }
    begin(connection).await?;
    let tables = same_tables(&mut old, &mut Side::Postgres(connection)).await?;
    let mut sums = kept(&mut old, &mut Side::Postgres(connection), &tables).await?;
    let (kept, left) = tables.split_at(sums.len());
    for (table, sum) in kept.iter().zip(&sums) {
        say(&table.name, sum.rows);
    }
    if !left.is_empty() {
        // No table refers to a later one.
        let names: Vec<String> = left.iter().map(|table| quoted(&table.name)).collect();
        run(connection, &format!("TRUNCATE {}", names.join(", "))).await?;
    }
    for table in left {
        let mut tx = connection.begin().await?;
        let sum = copy(&mut old, &mut Side::Postgres(&mut tx), table).await?;
        tx.commit().await?;
        say(&table.name, sum.rows);
        sums.push(sum);
    }
    let mut new = Side::Postgres(connection);
    for (table, sum) in tables.iter().zip(sums) {
        if new.sum(table).await? != sum {
            return Err(failed(format!("the rows of {} are not the same in both databases", table.name)));
        }
    }
    run(connection, &format!("DROP TABLE {UNFINISHED}")).await
}

/// Makes the schema in an empty database, or finds that of a move that broke off.
async fn begin(connection: &mut PgConnection) -> Result<(), StorageError> {
    if Side::Postgres(connection).is_unfinished().await? {
        return Ok(());
    }
    if !Side::Postgres(connection).table_names().await?.is_empty() {
        return Err(failed("the new database holds tables already: name an empty one"));
    }
    let mut tx = connection.begin().await?;
    Side::Postgres(&mut tx).migrate().await?;
    run(&mut tx, &format!("CREATE TABLE {UNFINISHED} (id BIGINT)")).await?;
    Ok(tx.commit().await?)
}

/// The sums of the first tables, as far as they hold the same rows in both databases.
async fn kept(old: &mut Side<'_>, new: &mut Side<'_>, tables: &[Table]) -> Result<Vec<Sum>, StorageError> {
    let mut sums = Vec::with_capacity(tables.len());
    for table in tables {
        let (in_new, in_old) = (new.sum(table).await?, old.count(table).await?);
        // Counting is quick. The sum reads every row.
        if in_new.rows != in_old || (in_old > 0 && old.sum(table).await? != in_new) {
            break;
        }
        sums.push(in_new);
    }
    Ok(sums)
}
