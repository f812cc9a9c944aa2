//! The commands that copy the SQLite database and put a copy in its place, and the settings of the nightly backup.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::Path,
};

use super::{failure::Failure, folder, state::open};
use crate::server::{
    calendar::stamp,
    clock::Clock,
    config::{ServeSettings, Settings},
    jobs::backups::Nightly,
    random::Random,
    secrets::Secrets,
    storage::{
        Opening, StorageError,
        installation::{self, BACKUP_MADE_AT, BACKUP_VERIFIED_AT},
        restore::{self, Contents},
        sqlite_file,
    },
};

/// Copies the database into a new file.
pub(super) async fn backup(settings: &Settings, file: &Path, verify: bool) -> Result<(), Failure> {
    if file.exists() {
        return Err(Failure(format!("{} exists already; name a new file", file.display())));
    }
    let database = open(settings, Opening::AsIs).await?;
    let now = Clock::System.now();
    database.backup_into(file).await?;
    let mut names = vec![BACKUP_MADE_AT];
    if verify {
        let contents = restore::verify(file).await?;
        names.push(BACKUP_VERIFIED_AT);
        println!("restored the copy into a scratch place: {}", said(&contents));
    }
    let remembered = async {
        let mut tx = database.begin().await?;
        for name in names {
            installation::remember(&mut tx, name, now).await?;
        }
        tx.commit().await
    };
    if let Err(error) = remembered.await {
        let error: StorageError = error;
        tracing::warn!(%error, "the date of the backup could not be written into the database; the copy is good");
    }
    let key = settings.data_dir.join("secret.key");
    println!(
        "copied the database to {}; the keys are not in it: keep {} and the output of `umbba keys export` with it",
        file.display(),
        key.display()
    );
    Ok(())
}

fn said(contents: &Contents) -> String {
    let rows: i64 = contents.tables.iter().map(|(_, rows)| rows).sum();
    format!("{} tables with {rows} rows", contents.tables.len())
}

/// Puts a copy in the place of the database, or with `check` only tries whether that would succeed.
pub(super) async fn restore(settings: &Settings, file: &Path, check: bool) -> Result<(), Failure> {
    let Some(database) = sqlite_file(&settings.database_url()) else {
        return Err(Failure(
            "restore is for SQLite: on PostgreSQL stop the app and run `pg_restore --clean --if-exists \
             --dbname=\"$DATABASE_URL\" FILE` with what pg_dump wrote"
                .into(),
        ));
    };
    if check {
        let contents = restore::verify(file).await?;
        contents.refuse_later(file)?;
        println!("{} is sound: {}", file.display(), said(&contents));
        return Ok(());
    }
    folder::make(&settings.data_dir)?;
    folder::refuse_other_user(&settings.data_dir)?;
    if folder::is_served(&settings.data_dir) {
        return Err(Failure(format!(
            "the app runs on the data folder {}: stop it, then restore",
            settings.data_dir.display()
        )));
    }
    let _held = folder::hold(&settings.data_dir)?;
    let mark = format!(".before-{}", stamp(Clock::System.now()));
    let done = restore::replace(file, &database, &mark).await?;
    println!("restored {} to {}: {}", file.display(), database.display(), said(&done.contents));
    if let Some(kept) = done.kept {
        println!("the database of before is kept as {}: delete it when you no longer need it", kept.display());
    }
    println!("{}", next_step(settings, done.contents.secret_key.as_deref())?);
    Ok(())
}

/// What is left to do after a restore: the keys are no part of the copy.
fn next_step(settings: &Settings, wanted: Option<&str>) -> Result<String, Failure> {
    let key = settings.data_dir.join("secret.key");
    let is_there = key.exists();
    let is_same = match wanted {
        Some(wanted) if is_there => Secrets::load(&settings.data_dir, &Random::system())?.fingerprint() == wanted,
        _ => is_there,
    };
    Ok(match (is_same, is_there) {
        (true, _) => "start the app".to_owned(),
        (false, true) => {
            format!("{} is another key: put the one of your backup there, then start the app", key.display())
        }
        (false, false) => format!(
            "{} is missing: put the one of your backup there, and vapid.json, then start the app",
            key.display()
        ),
    })
}

/// The settings of the nightly backup. `None`: no backups are wanted. Makes the folder.
pub(super) fn nightly_of(settings: &Settings, serve: &ServeSettings) -> Result<Option<Nightly>, Failure> {
    let Some(copies) = serve.backup_dir.clone().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(None);
    };
    if sqlite_file(&settings.database_url()).is_none() {
        return Err(Failure(
            "BACKUP_DIR is for SQLite: on PostgreSQL run pg_dump every night and unset BACKUP_DIR".into(),
        ));
    }
    let broken = |error| {
        Failure(format!(
            "BACKUP_DIR {} cannot be written: {error}; name a folder that this user may write \
             (in a systemd unit also in ReadWritePaths=), or unset it",
            copies.display()
        ))
    };
    DirBuilder::new().recursive(true).mode(0o700).create(&copies).map_err(broken)?;
    let probe = copies.join(format!(".writable-{}", std::process::id()));
    match fs::write(&probe, b"").and_then(|()| fs::remove_file(&probe)) {
        // A full disk stops backups and not the app; each backup that fails is logged.
        Err(error) if !folder::is_full(&error) => return Err(broken(error)),
        _ => {}
    }
    Ok(Some(Nightly { folder: copies, hour: serve.backup_hour, keep_days: serve.backup_keep_days }))
}
