//! A transaction on either database, and the rows of a statement on many rows.

use std::collections::BTreeSet;

use serde::Serializer;
use sqlx::{Sqlite, Transaction};

use super::{StorageError, postgres::PgTx};
use crate::{domain::PersonId, server::notifier::Notifier};

pub(super) enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(PgTx),
}

/// The rows for a statement on many rows, as the JSON array that `execute_each!` and `fetch_each!` bind.
pub(super) fn rows<T: serde::Serialize>(values: impl IntoIterator<Item = T>) -> String {
    let mut text = Vec::new();
    // The rows hold strings and numbers, which always serialise.
    let _ = serde_json::Serializer::new(&mut text).collect_seq(values);
    String::from_utf8(text).unwrap_or_default()
}

/// A transaction on either database. It is rolled back when it is dropped without `commit`.
pub struct Tx {
    pub(super) inner: Inner,
    pub(super) written_feeds: BTreeSet<PersonId>,
    /// The transaction wrote a delivery.
    pub(super) has_deliveries: bool,
    /// The transaction wrote a call to FCM.
    pub(super) has_calls: bool,
    /// The transaction wrote a pair's due minute.
    pub(super) has_due: bool,
    notifier: Notifier,
}

impl Tx {
    pub(super) fn new(inner: Inner, notifier: Notifier) -> Self {
        Self {
            inner,
            written_feeds: BTreeSet::new(),
            has_deliveries: false,
            has_calls: false,
            has_due: false,
            notifier,
        }
    }

    /// Commits, then wakes the readers of the feeds that were written.
    pub async fn commit(self) -> Result<(), StorageError> {
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        self.notifier.wake(&self.written_feeds);
        if self.has_deliveries {
            self.notifier.wake_outbox();
        }
        if self.has_calls {
            self.notifier.wake_calls();
        }
        if self.has_due {
            self.notifier.wake_scheduler();
        }
        Ok(())
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }
}
