//! `umbba doctor` looks at what an operator can get wrong, says what to do, and changes nothing: here the settings, the
//! files and the disk, in `stored` what the database tells.

mod accounts;
mod report;
mod stored;

use std::{fs, path::Path};

use super::{failure::Failure, folder, providers::natives, state::open};
use crate::server::{
    config::{PublicUrl, ServeSettings, Settings},
    push::{self, VapidKeys},
    secrets::Secrets,
    services::guard::free_bytes,
    storage::{Opening, sqlite_file},
    trusted_proxies::{TrustedProxies, unsafe_to_listen},
};
use report::Report;
use stored::Keys;

const MIB: u64 = 1024 * 1024;
/// Free space below this is wrong where `DISK_FLOOR_MB` says nothing else.
const DISK_FLOOR_MB: u64 = 256;

/// Looks at everything. Fails if something is wrong.
pub(super) async fn run(settings: &Settings, serve: &ServeSettings) -> Result<(), Failure> {
    folder::refuse_other_user(&settings.data_dir)?;
    let mut report = Report::default();
    configuration(settings, serve, &mut report);
    let keys = keys(settings, &mut report);
    accounts::look(settings, &mut report).await;
    disk(settings, serve, &mut report);
    if is_database_there(settings, &mut report) {
        match open(settings, Opening::AsIs).await {
            Ok(database) => {
                let native = natives(settings).unwrap_or_default();
                let url = PublicUrl::parse(serve.public_url.as_deref(), settings.app_env, serve.listen_addr.port());
                let host = url.ok().and_then(|url| url.domain().map(str::to_owned));
                let looked = stored::look(settings, &database, &keys, &native, &mut report).await;
                let looked = match looked {
                    Ok(()) => stored::passkeys(&database, host.as_deref(), &mut report).await,
                    failed => failed,
                };
                if let Err(error) = looked {
                    report.wrong("database", format!("it cannot be read: {error}"));
                }
                database.close().await;
            }
            Err(Failure(sentence)) => report.wrong("database", sentence),
        }
    }
    match report.wrong {
        0 => Ok(()),
        1 => Err(Failure("one thing is wrong; the line above that begins with WRONG says what to do".into())),
        wrong => {
            Err(Failure(format!("{wrong} things are wrong; the lines above that begin with WRONG say what to do")))
        }
    }
}

fn configuration(settings: &Settings, serve: &ServeSettings, report: &mut Report) {
    let url = PublicUrl::parse(serve.public_url.as_deref(), settings.app_env, serve.listen_addr.port());
    report.judge("public address", url.map(|url| url.as_str().to_owned()));
    match TrustedProxies::parse(&serve.trusted_proxies) {
        Ok(proxies) => match unsafe_to_listen(serve.listen_addr, &proxies) {
            Some(sentence) => report.wrong("address to listen on", sentence),
            None => report.good("address to listen on", serve.listen_addr),
        },
        Err(error) => report.wrong("trusted proxies", error),
    }
    match serve.site_root.join("pkg/umbba.css").exists() {
        true => report.good("site", serve.site_root.display()),
        false => report.wrong(
            "site",
            format!("{} holds no built site: run make build, or set SITE_ROOT", serve.site_root.display()),
        ),
    }
    let subject = push::check_subject(settings.vapid_subject.as_deref(), settings.is_production());
    report.judge("contact for push services", subject);
    if let Err(Failure(sentence)) = natives(settings) {
        report.wrong("push providers", sentence);
    }
    if serve.metrics_addr.is_some_and(|address| address.ip().is_unspecified()) {
        report.wrong("metrics", "METRICS_ADDR is open on every network: name one address that only Prometheus reaches");
    }
    for sentence in folder::open_to_others(settings) {
        match settings.is_production() {
            true => report.wrong("file modes", sentence),
            false => report.note("file modes", sentence),
        }
    }
}

fn keys(settings: &Settings, report: &mut Report) -> Keys {
    let mut keys = Keys::default();
    let file = settings.data_dir.join("secret.key");
    match file.exists().then(|| Secrets::read(&settings.data_dir)) {
        Some(Ok(secrets)) => {
            keys.secret = Some(secrets.fingerprint());
            report.good("secret key", file.display());
        }
        Some(Err(error)) => report.wrong("secret key", error),
        None => report.note("secret key", format!("{} is missing; the first start makes it", file.display())),
    }
    match VapidKeys::read(&settings.data_dir) {
        Ok(Some(found)) => {
            keys.push = found.list().map(|(id, ..)| id.to_owned()).collect();
            report.good("push keys", format!("{}, the newest is {}", keys.push.len(), keys.push[0]));
        }
        Ok(None) if settings.is_production() => {
            report.wrong("push keys", "there are none: make them with `umbba keys`")
        }
        Ok(None) => report.note("push keys", "there are none; the first start makes them"),
        Err(error) => report.wrong("push keys", error),
    }
    keys
}

fn disk(settings: &Settings, serve: &ServeSettings, report: &mut Report) {
    let file = sqlite_file(&settings.database_url());
    let size = file.and_then(|file| fs::metadata(file).ok()).map_or(0, |found| found.len());
    let floor = serve.disk_floor_mb.unwrap_or(DISK_FLOOR_MB).saturating_mul(MIB);
    let mut look = |what: &str, folder: &Path, wanted: u64, why: &str| match free_bytes(folder) {
        Some(free) if free < wanted => report.wrong(
            what,
            format!(
                "{} MiB are free on the disk of {}, {} are needed {why}: make room",
                free / MIB,
                folder.display(),
                wanted.div_ceil(MIB)
            ),
        ),
        Some(free) => report.good(what, format!("{} MiB are free on the disk of {}", free / MIB, folder.display())),
        None => report.note(what, format!("{} is not there yet", folder.display())),
    };
    look("disk", &settings.data_dir, floor, "so that people can sign up (DISK_FLOOR_MB)");
    if let Some(folder) = &serve.backup_dir {
        look("disk of backups", folder, 2 * size, "for the next copy and its check");
    }
}

/// Says whether there is a database to look at. A missing SQLite file is wrong beside a key from before.
fn is_database_there(settings: &Settings, report: &mut Report) -> bool {
    let Some(file) = sqlite_file(&settings.database_url()) else { return true };
    if fs::metadata(&file).is_ok_and(|found| found.len() > 0) {
        return true;
    }
    match folder::refuse_lost_database(settings) {
        Err(Failure(sentence)) => report.wrong("database", sentence),
        Ok(()) => report.note("database", format!("{} is not there yet; the first start makes it", file.display())),
    }
    false
}
