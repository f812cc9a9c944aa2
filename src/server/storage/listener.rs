//! The connection that hears the bulletins of all nodes (`LISTEN`). It is not of the pool, because it is held as long
//! as the process runs.

use std::{io, str::FromStr, time::Duration};

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::{StorageError, source::Source};

/// One channel for all bulletins. PostgreSQL keeps the channels of its databases apart.
pub(super) const CHANNEL: &str = "umbba";
/// How long the database may take to accept a listener.
const ANSWER: Duration = Duration::from_secs(5);

pub struct Listener(PgListener);

/// Where the listener connects: past a pooler, which hands a connection on after each transaction, so that `LISTEN` has
/// no effect.
pub(super) fn options(source: &Source) -> Result<PgConnectOptions, StorageError> {
    PgConnectOptions::from_str(source.direct_url.as_deref().unwrap_or(&source.url))
        .map(|options| options.application_name("umbba listener"))
        .map_err(|_| StorageError::Url("DATABASE_DIRECT_URL is not a postgres: address".into()))
}

impl Listener {
    /// Connects and begins to listen.
    pub(super) async fn connect(options: PgConnectOptions) -> Result<Self, StorageError> {
        let connecting = async {
            // A pool of one, because sqlx opens a listener on a pool only.
            let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
            let mut listener = PgListener::connect_with(&pool.connect_with(options).await?).await?;
            // The caller connects again, because it has to look for what happened meanwhile.
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(Self(listener))
        };
        match tokio::time::timeout(ANSWER, connecting).await {
            Ok(connected) => connected,
            Err(_) => Err(StorageError::Unavailable(sqlx::Error::Io(io::ErrorKind::TimedOut.into()))),
        }
    }

    /// The next bulletin; `None` when the connection is lost. The future may be dropped: no bulletin is lost by that.
    pub async fn next(&mut self) -> Result<Option<String>, StorageError> {
        let heard = self.0.try_recv().await?;
        Ok(heard.map(|notification| notification.payload().to_owned()))
    }
}
