//! Guessing codes: only failures count, ten an hour for a client address and for a session.
//! Many failures everywhere slow everybody down a little and tell the operator; they never refuse.

use std::{net::IpAddr, time::Duration};

use super::ServiceError;
use crate::{
    domain::{Millis, SessionId},
    server::{
        state::AppState,
        storage::{Tx, failures},
    },
};

const PER_HOUR: i64 = 10;
/// From so many failures an hour in all, somebody is trying codes.
const BRAKE_FROM: i64 = 100;
const EVERYBODY: &str = "everybody";

/// Who is trying.
#[derive(Debug, Clone, Copy)]
pub struct Trier {
    pub client: IpAddr,
    pub session: Option<SessionId>,
}

impl Trier {
    fn buckets(&self) -> Vec<String> {
        // An IPv6 subscriber holds a whole /64 (RFC 6177).
        let address = match self.client {
            IpAddr::V4(address) => format!("address:{address}"),
            IpAddr::V6(address) => format!("address:{:x}/64", u128::from(address) >> 64),
        };
        std::iter::once(address).chain(self.session.map(|id| format!("session:{id}"))).collect()
    }
}

/// Refuses whoever has failed ten times within the hour. In a writing transaction, which `fail` ends after a wrong
/// code: tries at once count like tries in a row.
pub async fn check(tx: &mut Tx, trier: Trier, now: Millis) -> Result<(), ServiceError> {
    for bucket in trier.buckets() {
        failures::hold(tx, &bucket).await?;
        if failures::count(tx, &bucket, now.plus(-Millis::HOUR)).await? >= PER_HOUR {
            return Err(ServiceError::TooManyTries);
        }
    }
    Ok(())
}

/// Counts a failure and ends the transaction it was found in.
pub async fn fail(mut tx: Tx, trier: Trier, now: Millis) -> Result<(), ServiceError> {
    for bucket in trier.buckets() {
        failures::record(&mut tx, &bucket, now).await?;
    }
    failures::record(&mut tx, EVERYBODY, now).await?;
    tx.commit().await?;
    Ok(())
}

/// How long everybody waits before a try is looked at: nothing, or two seconds while codes are being guessed.
pub async fn brake(state: &AppState) -> Result<Duration, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let failed = failures::count(&mut tx, EVERYBODY, now.plus(-Millis::HOUR)).await?;
    if failed < BRAKE_FROM {
        return Ok(Duration::ZERO);
    }
    tracing::warn!(failed, "many failed codes within the hour: every try waits two seconds");
    Ok(Duration::from_secs(2))
}
