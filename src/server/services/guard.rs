//! Limits on guessing codes.
//!
//! Only failures count, and each kind of code has its own count: ten an hour for a client address and for a session,
//! five for a browser that types the digits of a hand-over. Recovery codes are too long to be guessed: tries at them
//! are delayed and never refused, so that no neighbour locks anybody out. Many failures everywhere delay everybody a
//! little and are reported to the operator; they never refuse.
//!
//! Rules R72, R81, R82.

use std::{net::IpAddr, path::Path, time::Duration};

use ipnet::Ipv6Net;

use super::ServiceError;
use crate::{
    domain::{Millis, PersonId, SessionId},
    server::{
        counters,
        security::SecurityEvent,
        state::AppState,
        storage::{Tx, failures, sessions, write_budgets},
    },
};

const PER_HOUR: i64 = 10;
/// Eight digits are few, so a browser that types them has fewer tries.
const PER_HOUR_AND_BROWSER: i64 = 5;
/// For a right code at an address where its person has a session, failures of strangers at that address count for a
/// tenth.
const AT_HOME: i64 = 10;
/// Above this many failures an hour over all buckets, somebody is guessing codes.
const BRAKE_FROM: i64 = 100;
/// Most failures of one bucket that are stored in an hour. Tries that are never refused would fill the disk.
const WRITTEN: i64 = 200;
/// Most requests of a session for a proof by another device within a day, and of a person over all sessions.
const PROOF_REQUESTS_A_DAY: i64 = 5;
const PROOF_REQUESTS_A_DAY_AND_PERSON: i64 = 15;
const EVERYBODY: &str = "everybody";
const SLOW: Duration = Duration::from_secs(2);

/// The kind of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codes {
    Invitation,
    Recovery,
    Digits,
    Passkey,
    Provider,
}

impl Codes {
    fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Recovery => "recovery",
            Self::Digits => "digits",
            Self::Passkey => "passkey",
            Self::Provider => "provider",
        }
    }
}

/// The source of a try.
#[derive(Debug, Clone, Copy)]
pub struct Trier {
    pub client: IpAddr,
    pub session: Option<SessionId>,
    /// The mark of a browser that types digits (`cookies::browser`). Clearing it gives five tries more, within the ten
    /// an hour of the address.
    pub browser: Option<u128>,
}

/// A counter, and its limit.
struct Bucket {
    name: String,
    most: i64,
    is_address: bool,
}

impl Trier {
    fn buckets(&self, codes: Codes) -> Vec<Bucket> {
        let word = codes.word();
        let bucket = |name: String, most| Bucket { name, most, is_address: false };
        let address =
            Bucket { name: format!("{word}:address:{}", network(self.client)), most: PER_HOUR, is_address: true };
        let session = self.session.map(|id| bucket(format!("{word}:session:{id}"), PER_HOUR));
        let browser = self.browser.map(|mark| bucket(format!("{word}:browser:{mark:032x}"), PER_HOUR_AND_BROWSER));
        std::iter::once(address).chain(session).chain(browser).collect()
    }
}

/// The network of one subscriber: an IPv6 subscriber has a whole /64 (RFC 6177).
pub fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Net::new_assert(address, 64).network().into(),
    }
}

/// Whether a session of the person was last used from this address.
async fn is_at_home(
    tx: &mut Tx,
    state: &AppState,
    trier: Trier,
    whose: Option<PersonId>,
) -> Result<bool, ServiceError> {
    match whose {
        Some(person) => Ok(sessions::was_at(tx, person, &state.secrets.address_hash(network(trier.client))).await?),
        None => Ok(false),
    }
}

/// Refuses a try when its source has failed too often within the hour. `whose` is the code's person when the code is
/// right.
///
/// It needs a writing transaction, which `fail` ends after a wrong code: tries at once then count like tries in a row.
/// A wrong code that is refused counts as a failure too; otherwise an address where somebody has a session would have
/// unlimited tries at that person's codes.
pub async fn check(
    mut tx: Tx,
    state: &AppState,
    codes: Codes,
    trier: Trier,
    whose: Option<PersonId>,
) -> Result<Tx, ServiceError> {
    let is_at_home = is_at_home(&mut tx, state, trier, whose).await?;
    let since = state.clock.now().plus(-Millis::HOUR);
    for bucket in trier.buckets(codes) {
        failures::hold(&mut tx, &bucket.name).await?;
        let most = if bucket.is_address && is_at_home { bucket.most * AT_HOME } else { bucket.most };
        if failures::count(&mut tx, &bucket.name, since).await? >= most {
            note_from(state, trier, SecurityEvent::CodeRefused { codes: codes.word(), session: trier.session });
            if whose.is_none() {
                fail(tx, state, codes, trier).await?;
            }
            return Err(ServiceError::TooManyTries);
        }
    }
    Ok(tx)
}

/// Counts a failure and commits the transaction.
pub async fn fail(mut tx: Tx, state: &AppState, codes: Codes, trier: Trier) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let buckets = trier.buckets(codes).into_iter().map(|bucket| bucket.name);
    for bucket in buckets.chain([EVERYBODY.to_owned()]) {
        if failures::count(&mut tx, &bucket, now.plus(-Millis::HOUR)).await? < WRITTEN {
            failures::record(&mut tx, &bucket, now).await?;
        }
    }
    tx.commit().await?;
    counters::FAILED_CODES.add();
    note_from(state, trier, SecurityEvent::CodeWrong { codes: codes.word(), session: trier.session });
    Ok(())
}

/// How long a try at a code that is never refused waits, after ten failures of its source within the hour. A right code
/// of a person with a session at that address does not wait.
pub async fn slowness(
    state: &AppState,
    codes: Codes,
    trier: Trier,
    whose: Option<PersonId>,
) -> Result<Duration, ServiceError> {
    let since = state.clock.now().plus(-Millis::HOUR);
    let mut tx = state.database.read().await?;
    if is_at_home(&mut tx, state, trier, whose).await? {
        return Ok(Duration::ZERO);
    }
    for bucket in trier.buckets(codes) {
        if failures::count(&mut tx, &bucket.name, since).await? >= bucket.most {
            return Ok(SLOW);
        }
    }
    Ok(Duration::ZERO)
}

/// How long everybody waits before a try is checked: nothing, or two seconds while codes are being guessed.
pub async fn brake(state: &AppState) -> Result<Duration, ServiceError> {
    let now = state.clock.now();
    let mut tx = state.database.read().await?;
    let failed = failures::count(&mut tx, EVERYBODY, now.plus(-Millis::HOUR)).await?;
    if failed < BRAKE_FROM {
        return Ok(Duration::ZERO);
    }
    if state.said.is_due("brake".to_owned(), state.clock.moment()) {
        tracing::warn!(failed, "many failed codes within the hour: every try waits two seconds");
    }
    Ok(SLOW)
}

fn sign_ups_of(client: IpAddr) -> String {
    format!("sign-up:{}", network(client))
}

/// Serialises the sign-ups of an address until the end of the transaction: for a use case that locks rows before it
/// counts one.
pub async fn hold_sign_ups(tx: &mut Tx, client: IpAddr) -> Result<(), ServiceError> {
    Ok(failures::hold(tx, &sign_ups_of(client)).await?)
}

/// Counts a sign-up, and refuses it after too many from this address within the hour.
pub async fn count_sign_up(tx: &mut Tx, state: &AppState, client: IpAddr) -> Result<(), ServiceError> {
    let Some(most) = state.sign_ups.per_hour else { return Ok(()) };
    let now = state.clock.now();
    let bucket = sign_ups_of(client);
    failures::hold(tx, &bucket).await?;
    if failures::count(tx, &bucket, now.plus(-Millis::HOUR)).await? >= i64::from(most) {
        note(state, SecurityEvent::SignUpsRefused);
        return Err(ServiceError::TooManySignUps);
    }
    Ok(failures::record(tx, &bucket, now).await?)
}

fn proof_requests_of(person: PersonId) -> String {
    format!("proof-request:{person}")
}

/// Serialises a person's requests for a proof until the end of the transaction.
pub async fn hold_proof_requests(tx: &mut Tx, person: PersonId) -> Result<(), ServiceError> {
    Ok(failures::hold(tx, &proof_requests_of(person)).await?)
}

/// Counts a request for a proof by another device, and refuses it after too many within a day, so that nobody is asked
/// until they choose a number to be left alone. A copied cookie uses up the requests of its own session alone.
pub async fn count_proof_request(
    tx: &mut Tx,
    state: &AppState,
    person: PersonId,
    session: SessionId,
) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let buckets = [
        (format!("proof-request-session:{session}"), PROOF_REQUESTS_A_DAY),
        (proof_requests_of(person), PROOF_REQUESTS_A_DAY_AND_PERSON),
    ];
    for (bucket, most) in &buckets {
        if failures::count(tx, bucket, now.plus(-Millis::DAY)).await? >= *most {
            return Err(ServiceError::TooManyProofs);
        }
    }
    for (bucket, _) in &buckets {
        failures::record(tx, bucket, now).await?;
    }
    Ok(())
}

/// The bytes that this user may still write on the disk of a folder. `None` if that cannot be read.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|found| found.f_bavail.saturating_mul(found.f_frsize))
}

/// Refuses a sign-up while the disk is nearly full. People with an account can still write.
pub fn refuse_full_disk(state: &AppState) -> Result<(), ServiceError> {
    let Some((folder, floor)) = &state.sign_ups.disk_floor else { return Ok(()) };
    // When the free space cannot be read, sign-up goes on.
    let Some(free) = free_bytes(folder) else { return Ok(()) };
    if free >= *floor {
        return Ok(());
    }
    if state.said.is_due("disk".to_owned(), state.clock.moment()) {
        tracing::warn!(free, floor, "the disk is nearly full: nobody new can sign up");
    }
    Err(ServiceError::DiskLow)
}

/// Takes one write from the budget that all nodes share. True where there is one node, whose own budget suffices, and
/// while the database cannot say: the write itself fails then.
pub async fn takes_write(state: &AppState, person: PersonId) -> bool {
    let Some((burst, every_ms)) = state.budget.writes().filter(|_| state.database.has_nodes()) else { return true };
    let taken = async {
        let mut tx = state.database.begin().await?;
        let is_taken = write_budgets::take(&mut tx, person, burst, every_ms, state.clock.now()).await?;
        tx.commit().await?;
        Ok::<_, ServiceError>(is_taken)
    };
    taken.await.unwrap_or(true)
}

/// Logs a security event. An event that anybody can cause in any number is logged once a minute for each source.
pub fn note(state: &AppState, event: SecurityEvent) {
    note_by(state, format!("{event:?}"), event);
}

fn note_from(state: &AppState, trier: Trier, event: SecurityEvent) {
    note_by(state, format!("{}:{}", event.word(), network(trier.client)), event);
}

fn note_by(state: &AppState, holder: String, event: SecurityEvent) {
    if !event.is_cheap() || state.said.is_due(holder, state.clock.moment()) {
        event.log();
    }
}
