//! Guessing codes: only failures count, ten an hour for a client address and for a session, five for a browser that types
//! the digits of a hand-over.
//! Many failures everywhere slow everybody down a little and tell the operator; they never refuse.

use std::{net::IpAddr, time::Duration};

use super::ServiceError;
use crate::{
    domain::{Millis, SessionId},
    server::{
        counters,
        state::AppState,
        storage::{Tx, failures},
    },
};

const PER_HOUR: i64 = 10;
/// Eight digits are few: whoever types them has less.
const PER_HOUR_AND_BROWSER: i64 = 5;
/// From so many failures an hour in all, somebody is trying codes.
const BRAKE_FROM: i64 = 100;
const EVERYBODY: &str = "everybody";

/// Who is trying.
#[derive(Debug, Clone, Copy)]
pub struct Trier {
    pub client: IpAddr,
    pub session: Option<SessionId>,
    /// The mark of a browser that types digits (`cookies::browser`). Clearing it buys five tries more and no new address,
    /// whose ten an hour are left.
    pub browser: Option<u128>,
}

impl Trier {
    /// What is counted, and how much of it is allowed.
    fn buckets(&self) -> Vec<(String, i64)> {
        // An IPv6 subscriber holds a whole /64 (RFC 6177).
        let address = match self.client {
            IpAddr::V4(address) => format!("address:{address}"),
            IpAddr::V6(address) => format!("address:{:x}/64", u128::from(address) >> 64),
        };
        let session = self.session.map(|id| (format!("session:{id}"), PER_HOUR));
        let browser = self.browser.map(|mark| (format!("browser:{mark:032x}"), PER_HOUR_AND_BROWSER));
        std::iter::once((address, PER_HOUR)).chain(session).chain(browser).collect()
    }
}

/// Refuses whoever has failed too often within the hour. In a writing transaction, which `fail` ends after a wrong
/// code: tries at once count like tries in a row.
pub async fn check(tx: &mut Tx, trier: Trier, now: Millis) -> Result<(), ServiceError> {
    for (bucket, most) in trier.buckets() {
        failures::hold(tx, &bucket).await?;
        if failures::count(tx, &bucket, now.plus(-Millis::HOUR)).await? >= most {
            return Err(ServiceError::TooManyTries);
        }
    }
    Ok(())
}

/// Counts a failure and ends the transaction it was found in.
pub async fn fail(mut tx: Tx, trier: Trier, now: Millis) -> Result<(), ServiceError> {
    for (bucket, _) in trier.buckets() {
        failures::record(&mut tx, &bucket, now).await?;
    }
    failures::record(&mut tx, EVERYBODY, now).await?;
    tx.commit().await?;
    counters::FAILED_CODES.add();
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
