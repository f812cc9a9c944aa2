//! What both ways of filling a database need.

use futures::{StreamExt, TryStreamExt};

use super::{
    rows::{Sum, failed},
    side::{Side, Table},
};
use crate::server::storage::StorageError;

/// The tables of this release, which both databases have.
pub async fn same_tables(old: &mut Side<'_>, new: &mut Side<'_>) -> Result<Vec<Table>, StorageError> {
    if old.migrations().await? != new.migrations().await? {
        return Err(failed(
            "the old database has not the schema of this release: run `umbba migrate` with the release that you move \
             with, and no other release",
        ));
    }
    let tables = new.tables().await?;
    let mut known: Vec<String> = tables.iter().map(|table| table.name.clone()).collect();
    let mut found = old.table_names().await?;
    known.sort_unstable();
    found.sort_unstable();
    if known != found {
        return Err(failed(format!("the old database holds other tables than this release: {found:?}")));
    }
    Ok(tables)
}

/// Copies the rows of a table. Returns their sum in the old database.
pub async fn copy(old: &mut Side<'_>, new: &mut Side<'_>, table: &Table) -> Result<Sum, StorageError> {
    /// Rows in one statement.
    const BATCH: usize = 1_000;

    let mut sum = Sum::default();
    let mut batches = old.rows(table).chunks(BATCH);
    while let Some(batch) = batches.next().await {
        let batch: Vec<_> = futures::stream::iter(batch).try_collect().await?;
        for row in &batch {
            sum.add(row);
        }
        new.insert(table, &batch).await?;
    }
    Ok(sum)
}
