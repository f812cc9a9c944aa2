//! One statement, either database. `$1`-style placeholders work on both.

/// Runs a statement that returns nothing; gives the number of rows it touched.
macro_rules! execute {
    ($tx:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.inner {
            $crate::server::storage::Inner::Sqlite(tx) => {
                sqlx::query::<sqlx::Sqlite>($sql)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            $crate::server::storage::Inner::Postgres(tx) => {
                sqlx::query::<sqlx::Postgres>($sql)$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::server::storage::StorageError::from)
    };
}

macro_rules! fetch_with {
    ($how:ident, $tx:expr, $row:ty, $sql:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.inner {
            $crate::server::storage::Inner::Sqlite(tx) => {
                sqlx::query_as::<sqlx::Sqlite, $row>($sql)$(.bind($bind))*.$how(&mut **tx).await
            }
            $crate::server::storage::Inner::Postgres(tx) => {
                sqlx::query_as::<sqlx::Postgres, $row>($sql)$(.bind($bind))*.$how(&mut **tx).await
            }
        }
        .map_err($crate::server::storage::StorageError::from)
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

/// As `execute!`, for many rows in one statement: `$1` is a JSON array, and between the two parts of the statement
/// stands that array as the table `t` with the one column `value` (`t.value->>'field'` reads on both). Values in
/// binary: as text every `->>` would parse its row again.
macro_rules! execute_each {
    ($tx:expr, $before:literal, $after:literal, $rows:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.inner {
            $crate::server::storage::Inner::Sqlite(tx) => {
                sqlx::query::<sqlx::Sqlite>(concat!($before, " jsonb_each($1) AS t ", $after)).bind($rows)$(.bind($bind))*
                    .execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            $crate::server::storage::Inner::Postgres(tx) => {
                sqlx::query::<sqlx::Postgres>(concat!($before, " jsonb_array_elements($1::jsonb) AS t(value) ", $after)).bind($rows)$(.bind($bind))*
                    .execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
        .map_err($crate::server::storage::StorageError::from)
    };
}

/// As `execute_each!`, giving rows.
macro_rules! fetch_each {
    ($tx:expr, $row:ty, $before:expr, $after:expr, $rows:expr $(, $bind:expr)* $(,)?) => {
        match &mut $tx.inner {
            $crate::server::storage::Inner::Sqlite(tx) => {
                sqlx::query_as::<sqlx::Sqlite, $row>(concat!($before, " jsonb_each($1) AS t ", $after)).bind($rows)$(.bind($bind))*
                    .fetch_all(&mut **tx).await
            }
            $crate::server::storage::Inner::Postgres(tx) => {
                sqlx::query_as::<sqlx::Postgres, $row>(concat!($before, " jsonb_array_elements($1::jsonb) AS t(value) ", $after))
                    .bind($rows)$(.bind($bind))*.fetch_all(&mut **tx).await
            }
        }
        .map_err($crate::server::storage::StorageError::from)
    };
}

pub(super) use {execute, execute_each, fetch_all, fetch_each, fetch_one, fetch_optional, fetch_with};
