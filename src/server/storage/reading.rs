//! The transaction of a read. All reads of one page share one.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use tokio::sync::{Mutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::{StorageError, Tx};

/// A transaction that only reads.
pub enum Reading {
    Own(Box<Tx>),
    /// The transaction of a page, which goes on after this read.
    OfPage(OwnedMappedMutexGuard<Option<Tx>, Tx>),
}

/// The transaction that the reads of one page share, from the first read on.
#[derive(Clone)]
pub(super) struct PageTx {
    held: Arc<Mutex<Option<Tx>>>,
    is_plain: bool,
}

impl PageTx {
    pub(super) fn new(is_plain: bool) -> Self {
        Self { held: Arc::default(), is_plain }
    }

    /// Takes the page's transaction, or begins it. A read inside another one has a transaction of its own.
    pub(super) async fn reading<B>(&self, begin: impl Fn() -> B) -> Result<Reading, StorageError>
    where
        B: Future<Output = Result<Tx, StorageError>>,
    {
        let Ok(mut held) = self.held.clone().try_lock_owned() else {
            return Ok(Reading::Own(Box::new(begin().await?)));
        };
        if held.as_ref().is_none_or(Tx::is_broken) {
            *held = None;
            let mut tx = begin().await?;
            if self.is_plain {
                tx.end_with_next();
            }
            *held = Some(tx);
        }
        match OwnedMutexGuard::try_map(held, Option::as_mut) {
            Ok(tx) => Ok(Reading::OfPage(tx)),
            Err(_) => Ok(Reading::Own(Box::new(begin().await?))),
        }
    }

    /// Ends the transaction, unless a read is using it.
    pub(super) fn end(&self) {
        if let Ok(mut held) = self.held.try_lock() {
            *held = None;
        }
    }
}

impl Deref for Reading {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        match self {
            Self::Own(tx) => tx,
            Self::OfPage(tx) => tx,
        }
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut Tx {
        match self {
            Self::Own(tx) => tx,
            Self::OfPage(tx) => tx,
        }
    }
}
