//! One statement, written once for both databases. `$1`-style placeholders work on both.
//!
//! Rows are types that implement `sqlx::FromRow`. `"table" as Row` names the table for the error of a row that cannot
//! be read, and the first column of the statement names the row in it. A bare `Row` is for numbers and texts, which can
//! always be read.
//!
//! The future of a statement is on the heap. Inline, it made every future around it kilobytes larger, up to 64 KiB for
//! a page, and such a future is copied each time it moves (`tests/sizes.rs`).

/// Runs a statement that returns nothing. Returns the number of rows it changed.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx.running($sql) {
            $crate::server::storage::transaction::Inner::Sqlite(tx) => {
                let (sql, arguments) = tx.sql($sql);
                let statement = sqlx::query_with::<sqlx::Sqlite, _>(sql, arguments)$(.bind($bind))*;
                let done = Box::pin($crate::server::storage::kept_transaction::execute(tx, statement)).await;
                tx.answered(done)
            }
            $crate::server::storage::transaction::Inner::Postgres(tx) => {
                let statement =
                    sqlx::query::<sqlx::Postgres>($sql).persistent(tx.keeps_statements)$(.bind($bind))*;
                let (patience, answer) = (tx.patience, statement.execute(tx.connection()));
                let done = $crate::server::storage::postgres::within(patience, answer).await;
                tx.answered(done).map(|done| done.rows_affected())
            }
        }
        .map_err($crate::server::storage::error::StorageError::from)
    };
}

/// As `execute!`, for a statement whose answer nobody needs. On SQLite it goes to the database with the next statement
/// of the transaction, or with its end: an error comes there.
macro_rules! queue {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx.queueing() {
            Some(tx) => tx
                .queue($sql, |arguments| {
                    $(sqlx::Arguments::add(arguments, $bind)?;)*
                    Ok(())
                })
                .map_err($crate::server::storage::error::StorageError::from),
            None => $crate::server::storage::macros::execute!($tx, $sql $(, $bind)*).map(|_| ()),
        }
    };
}

macro_rules! fetch_with {
    ($how:ident, $tx:expr, $table:literal as $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match $tx.running($sql) {
            $crate::server::storage::transaction::Inner::Sqlite(tx) => {
                // Only `fetch_all` reads on after its first row.
                let (sql, arguments) = if stringify!($how) == "fetch_all" { tx.sql_of_all($sql) } else { tx.sql($sql) };
                let statement = sqlx::query_with::<sqlx::Sqlite, _>(sql, arguments)$(.bind($bind))*
                    .try_map(|row: sqlx::sqlite::SqliteRow| {
                        $crate::server::storage::sql_types::read::<$row, _>(&row, $table)
                    });
                let done = Box::pin(statement.$how(&mut **tx)).await;
                tx.answered(done)
            }
            $crate::server::storage::transaction::Inner::Postgres(tx) => {
                let statement =
                    sqlx::query::<sqlx::Postgres>($sql).persistent(tx.keeps_statements)$(.bind($bind))*
                    .try_map(|row: sqlx::postgres::PgRow| {
                        $crate::server::storage::sql_types::read::<$row, _>(&row, $table)
                    });
                let (patience, answer) = (tx.patience, statement.$how(tx.connection()));
                let done = $crate::server::storage::postgres::within(patience, answer).await;
                tx.answered(done)
            }
        }
        .map_err($crate::server::storage::error::StorageError::from)
    };
    ($how:ident, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::storage::macros::fetch_with!($how, $tx, "a statement" as $row, $sql $(, $bind)*)
    };
}

/// All rows of a statement.
macro_rules! fetch_all {
    ($($rest:tt)*) => { $crate::server::storage::macros::fetch_with!(fetch_all, $($rest)*) };
}

/// The one row of a statement, or none.
macro_rules! fetch_optional {
    ($($rest:tt)*) => { $crate::server::storage::macros::fetch_with!(fetch_optional, $($rest)*) };
}

/// The one row that is always there.
macro_rules! fetch_one {
    ($($rest:tt)*) => { $crate::server::storage::macros::fetch_with!(fetch_one, $($rest)*) };
}

/// As `execute!`, for many rows in one statement. `$1` is a JSON array, which is the table `t` with the one column
/// `value` between the two parts of the statement (`t.value->>'field'` reads a field on both databases). The values are
/// in binary JSON: as text every `->>` would parse its row again.
macro_rules! execute_each {
    ($tx:expr, $before:literal, $after:literal, $rows:expr $(, $bind:expr)* $(,)?) => {
        match $tx.running(concat!($before, " [rows] AS t ", $after)) {
            $crate::server::storage::transaction::Inner::Sqlite(tx) => {
                let (sql, arguments) = tx.sql(concat!($before, " jsonb_each($1) AS t ", $after));
                let statement = sqlx::query_with::<sqlx::Sqlite, _>(sql, arguments).bind($rows)$(.bind($bind))*;
                let done = Box::pin($crate::server::storage::kept_transaction::execute(tx, statement)).await;
                tx.answered(done)
            }
            $crate::server::storage::transaction::Inner::Postgres(tx) => {
                let sql = concat!($before, " jsonb_array_elements($1::jsonb) AS t(value) ", $after);
                let statement =
                    sqlx::query::<sqlx::Postgres>(sql).persistent(tx.keeps_statements).bind($rows)$(.bind($bind))*;
                let (patience, answer) = (tx.patience, statement.execute(tx.connection()));
                let done = $crate::server::storage::postgres::within(patience, answer).await;
                tx.answered(done).map(|done| done.rows_affected())
            }
        }
        .map_err($crate::server::storage::error::StorageError::from)
    };
}

/// As `execute_each!`, for a statement that returns rows of `$table`.
macro_rules! fetch_each {
    ($tx:expr, $table:literal as $row:ty, $before:expr, $after:expr, $rows:expr $(, $bind:expr)* $(,)?) => {
        match $tx.running(concat!($before, " [rows] AS t ", $after)) {
            $crate::server::storage::transaction::Inner::Sqlite(tx) => {
                let (sql, arguments) = tx.sql(concat!($before, " jsonb_each($1) AS t ", $after));
                let statement = sqlx::query_with::<sqlx::Sqlite, _>(sql, arguments).bind($rows)$(.bind($bind))*
                    .try_map(|row: sqlx::sqlite::SqliteRow| {
                        $crate::server::storage::sql_types::read::<$row, _>(&row, $table)
                    });
                let done = Box::pin(statement.fetch_all(&mut **tx)).await;
                tx.answered(done)
            }
            $crate::server::storage::transaction::Inner::Postgres(tx) => {
                let sql = concat!($before, " jsonb_array_elements($1::jsonb) AS t(value) ", $after);
                let statement =
                    sqlx::query::<sqlx::Postgres>(sql).persistent(tx.keeps_statements).bind($rows)$(.bind($bind))*
                    .try_map(|row: sqlx::postgres::PgRow| {
                        $crate::server::storage::sql_types::read::<$row, _>(&row, $table)
                    });
                let (patience, answer) = (tx.patience, statement.fetch_all(tx.connection()));
                let done = $crate::server::storage::postgres::within(patience, answer).await;
                tx.answered(done)
            }
        }
        .map_err($crate::server::storage::error::StorageError::from)
    };
}

/// On PostgreSQL locks the deliveries that match, in the order of their keys: the next statement changes them.
macro_rules! lock_deliveries {
    ($tx:expr, $matching:literal $(, $bind:expr)* $(,)?) => {{
        $tx.locks.take($crate::server::storage::locks::Lock::Outbox);
        if $tx.is_postgres() {
            let sql = concat!(
                "SELECT notification_id FROM deliveries WHERE ",
                $matching,
                " ORDER BY notification_id, subscription_id FOR NO KEY UPDATE"
            );
            $crate::server::storage::macros::fetch_all!($tx, (String,), sql $(, $bind)*)?;
        }
    }};
}

pub(super) use {
    execute, execute_each, fetch_all, fetch_each, fetch_one, fetch_optional, fetch_with, lock_deliveries, queue,
};
