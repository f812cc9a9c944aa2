//! What the database tells about the installation.

use super::report::Report;
use crate::{
    cli::{
        passkeys::elsewhere,
        providers::{Checked, check_apns, check_fcm},
    },
    domain::{Millis, Provider},
    server::{
        clock::Clock,
        config::Settings,
        jobs::database_time::{REFUSED_MS, SAID_MS},
        push::Native,
        state::clock_of,
        storage::{
            Database, StorageError, Tx, checkup, deliveries,
            installation::{self, BACKUP_MADE_AT, BACKUP_VERIFIED_AT, PUSH_KEYS, SECRET_KEY},
            passkeys, waiting,
        },
    },
};

/// A delivery that has been due for longer than this is not being sent.
const LATE_MS: i64 = 10 * Millis::MINUTE;
/// A backup a night, and one night that may fail.
const BACKUP_AGE_MS: i64 = 50 * Millis::HOUR;
/// A clock that is further behind what is stored is wrong.
const BEHIND_MS: i64 = 2 * Millis::MINUTE;

/// The keys of the data folder, as far as they can be read.
#[derive(Default)]
pub struct Keys {
    /// The fingerprint of `secret.key`.
    pub secret: Option<String>,
    /// The ids of the keys of `vapid.json`, the newest first.
    pub push: Vec<String>,
}

/// Looks at the clock, the schema, the keys, the deliveries and the backups.
pub async fn look(
    settings: &Settings,
    database: &Database,
    keys: &Keys,
    native: &Native,
    report: &mut Report,
) -> Result<(), StorageError> {
    clock(database, report).await?;
    let mut tx = database.read().await?;
    let known = checkup::known_schema();
    match checkup::stored_schema(&mut tx).await? {
        Some(stored) if stored == known => report.good("schema", stored),
        Some(stored) if stored > known => {
            report.note("schema", format!("{stored}, of a later release; this one knows {known} and runs on it"));
        }
        stored => {
            let stored = stored.unwrap_or_default();
            report.wrong(
                "schema",
                format!("{stored}, this release needs {known}: run `umbba migrate`, or start the app"),
            );
            return Ok(());
        }
    }
    same_keys(&mut tx, keys, report).await?;
    sending(&mut tx, native, report).await?;
    if database.has_nodes() {
        report.note("backup", "pg_dump is yours to run every night: nothing is known of it here");
        return Ok(());
    }
    backups(settings, &mut tx, report).await
}

/// Looks for passkeys that the present address does not open. `host` is that of `PUBLIC_URL`.
pub async fn passkeys(database: &Database, host: Option<&str>, report: &mut Report) -> Result<(), StorageError> {
    const WHAT: &str = "passkeys";
    let mut tx = database.read().await?;
    // A schema from before passkeys is reported above.
    if checkup::stored_schema(&mut tx).await?.is_none_or(|stored| stored < checkup::known_schema()) {
        return Ok(());
    }
    match passkeys::count_elsewhere(&mut tx, host.unwrap_or_default()).await? {
        0 => report.good(WHAT, "all of this address"),
        others => report.wrong(WHAT, elsewhere(others, host)),
    }
    Ok(())
}

async fn clock(database: &Database, report: &mut Report) -> Result<(), StorageError> {
    const WHAT: &str = "clock";
    if let Some(skew_ms) = clock_of(database).await?.skew_ms() {
        let said = format!("{skew_ms} ms ahead of the database's");
        if skew_ms.abs() > SAID_MS {
            let what = if skew_ms.abs() > REFUSED_MS { ", too far to serve" } else { "" };
            report.wrong(WHAT, format!("{said}{what}: set both clocks (NTP)"));
        } else {
            report.good(WHAT, said);
        }
        return Ok(());
    }
    let mut tx = database.read().await?;
    let ahead = checkup::newest_event(&mut tx).await?.map_or(0, |at| at.since(Clock::System.now()));
    if ahead > BEHIND_MS {
        report.wrong(
            WHAT,
            format!("the newest event is dated {} ahead of this machine's clock: set the clock (NTP)", span(ahead)),
        );
    } else {
        report.good(WHAT, "nothing is stored that it has not reached");
    }
    Ok(())
}

async fn same_keys(tx: &mut Tx, keys: &Keys, report: &mut Report) -> Result<(), StorageError> {
    let stored = installation::lookup(tx, SECRET_KEY).await?;
    if stored.is_some() && stored != keys.secret {
        report.wrong(
            "secret key",
            "the database was used with another one: copy secret.key from your backup or another node, or give the old \
             one up with `umbba keys adopt`",
        );
    }
    let stored = installation::lookup(tx, PUSH_KEYS).await?.unwrap_or_default();
    let missing = stored.split_whitespace().filter(|id| !keys.push.iter().any(|key| key == id)).count();
    if missing > 0 {
        report.wrong(
            "push keys",
            format!(
                "{missing} of those that devices were registered with are missing: copy vapid.json from your backup or \
                 another node, or give them up with `umbba keys adopt`"
            ),
        );
    }
    Ok(())
}

async fn sending(tx: &mut Tx, native: &Native, report: &mut Report) -> Result<(), StorageError> {
    let held = waiting::count_held(tx).await?;
    for provider in [Provider::WebPush, Provider::Fcm, Provider::Apns] {
        let count = held.iter().find(|(held, _)| *held == provider).map_or(0, |(_, count)| *count);
        let state = if native.has(provider) { "configured" } else { "disabled" };
        let said = format!("{state}, {count} deliveries wait for its credentials");
        match count {
            0 => report.good(provider.word(), said),
            _ => report.wrong(provider.word(), format!("{said}: run `umbba push check`, then mend what it names")),
        }
    }
    let now = Clock::System.now();
    let (counts, oldest) = deliveries::counts(tx).await?;
    let dead = counts.iter().find(|(state, _)| state == deliveries::State::Dead.word()).map_or(0, |(_, count)| *count);
    if dead > 0 {
        report.note("deliveries", format!("{dead} could not be sent at all: see `umbba deliveries --state dead`"));
    }
    match oldest.map_or(0, |at| now.since(at)) {
        late if late > LATE_MS => report.wrong(
            "outbox",
            format!("a delivery has been due for {}: start the app, or look for errors in its log", span(late)),
        ),
        _ => report.good("outbox", "nothing has been due for long"),
    }
    // The providers are asked last: PostgreSQL ends a transaction that waits for long.
    let fcm = match &native.fcm {
        Some(fcm) => Some(("FCM", check_fcm(fcm, now).await)),
        None => None,
    };
    let apns = match &native.apns {
        Some(apns) => Some(("APNs", check_apns(apns, now).await)),
        None => None,
    };
    for (name, checked) in [fcm, apns].into_iter().flatten() {
        match checked {
            Checked::Good => report.good(name, "the credentials are accepted"),
            Checked::Bad(cause) => report.wrong(name, format!("it refuses us: {cause}: mend what it names")),
            Checked::Unknown(cause) => report.note(name, format!("no answer that says anything: {cause}")),
        }
    }
    Ok(())
}

async fn backups(settings: &Settings, tx: &mut Tx, report: &mut Report) -> Result<(), StorageError> {
    let now = Clock::System.now();
    let said = |at: Option<Millis>| at.map_or("never".to_owned(), |at| format!("{} ago", span(now.since(at).max(0))));
    let made = installation::lookup_instant(tx, BACKUP_MADE_AT).await?;
    let verified = installation::lookup_instant(tx, BACKUP_VERIFIED_AT).await?;
    let found = format!("last made: {}, last verified: {}", said(made), said(verified));
    let is_old = |at: Option<Millis>| at.is_none_or(|at| now.since(at) > BACKUP_AGE_MS);
    if !is_old(made) && !is_old(verified) {
        report.good("backup", found);
    } else if settings.is_production() {
        report.wrong("backup", format!("{found}: set BACKUP_DIR, or run `umbba backup --verify FILE` every night"));
    } else {
        report.note("backup", found);
    }
    Ok(())
}

/// A span in the largest unit that it fills.
fn span(millis: i64) -> String {
    match millis {
        millis if millis >= 2 * Millis::DAY => format!("{} days", millis / Millis::DAY),
        millis if millis >= 2 * Millis::HOUR => format!("{} hours", millis / Millis::HOUR),
        millis if millis >= 2 * Millis::MINUTE => format!("{} minutes", millis / Millis::MINUTE),
        millis => format!("{} s", millis / Millis::SECOND),
    }
}
