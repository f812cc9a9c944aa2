//! The doctor: everything that is wrong is said with what to do, what is right is said so, and nothing changes.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Output,
};

use super::{
    Data, folder,
    operator::{seeded, succeeded},
    refused, umbba, wait_for,
};

/// Makes a data folder with a seeded database and its keys, as an operator leaves it.
fn installed(name: &str) -> Data {
    let data = seeded(name, "2");
    succeeded(&umbba(&data, "production", &["keys"]));
    fs::set_permissions(&data.folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    data
}

/// Every file of a folder with its mode and its bytes, but for those of the SQLite database: whoever opens it may tidy
/// its log up.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let mode = fs::metadata(&path).expect("a file").permissions().mode();
        if path.is_dir() {
            found.extend(files(&path));
        }
        if !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("umbba.db")) {
            found.insert(path.clone(), (mode, fs::read(&path).unwrap_or_default()));
        }
    }
    found
}

/// What a command that writes would change in the database.
fn rows(data: &Data) -> Vec<String> {
    let sql = "SELECT name || ' ' || value FROM installation UNION ALL SELECT CAST(COUNT(*) AS TEXT) FROM events
               UNION ALL SELECT CAST(COUNT(*) AS TEXT) FROM _sqlx_migrations
               UNION ALL SELECT question_key FROM questions ORDER BY 1";
    wait_for(data.database.read_sql(sql))
}

/// The settings of an installation in production, without a `PUBLIC_URL`.
const PRODUCTION: [&str; 3] = ["doctor", "--vapid-subject", "mailto:operator@umbba.kr"];
const ADDRESS: [&str; 2] = ["--public-url", "https://family.umbba.kr"];

fn production(data: &Data, more: &[&str]) -> Output {
    umbba(data, "production", &[&PRODUCTION, more].concat())
}

/// Runs the doctor where something is wrong. Returns the lines that say what.
fn wrong(data: &Data, more: &[&str]) -> Vec<String> {
    let output = production(data, more);
    let sentence = refused(&output);
    assert!(sentence.contains("WRONG"), "{sentence}");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.lines().filter_map(|line| line.strip_prefix("WRONG  ")).map(str::to_owned).collect()
}

#[test]
fn a_sound_installation_is_said_to_be_sound_and_nothing_changes() {
    let data = installed("doctor-sound");
    // PostgreSQL has a clock of its own, and its backups are the operator's.
    let mut expected = vec!["schema", "clock", "disk", "secret key", "push keys", "outbox", "web_push", "site"];
    if !data.database.is_postgres() {
        succeeded(&umbba(&data, "development", &["backup", "--verify", &data.join("copy.db").display().to_string()]));
        expected.push("backup");
    }
    let before = (files(&data), rows(&data));

    let output = production(&data, &ADDRESS);

    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for what in expected {
        assert!(said.lines().any(|line| line.starts_with(&format!("ok     {what}: "))), "{what}: {said}");
    }
    assert!(!said.contains("WRONG"), "{said}");
    assert!((files(&data), rows(&data)) == before, "nothing changes");
}

#[test]
fn everything_that_is_wrong_is_said_with_what_to_do() {
    let data = installed("doctor-wrong");
    fs::set_permissions(data.join("secret.key"), fs::Permissions::from_mode(0o640)).expect("a mode");
    let later = "INSERT INTO events (person_id, seq, kind, at)
                 SELECT id, 1000, 'settings_changed', 4102444800000 FROM persons";
    wait_for(data.database.run_sql(later));

    let listen = ["--listen-addr", "0.0.0.0:3000", "--metrics-addr", "0.0.0.0:9100"];
    let found = wrong(&data, &[&listen[..], &["--disk-floor-mb", "99999999999", "--site-root", "/nowhere"]].concat());

    let of_sqlite = [("clock", "set the clock"), ("backup", "BACKUP_DIR")];
    let of_sqlite = of_sqlite.into_iter().filter(|_| !data.database.is_postgres());
    let of_both = [
        ("public address", "PUBLIC_URL"),
        ("address to listen on", "TRUSTED_PROXIES"),
        ("site", "SITE_ROOT"),
        ("metrics", "METRICS_ADDR"),
        ("file modes", "chmod 600"),
        ("disk", "make room"),
    ];
    for (what, to_do) in of_both.into_iter().chain(of_sqlite) {
        let is_it = |line: &String| line.starts_with(what) && line.contains(to_do);
        assert!(found.iter().any(is_it), "{what}: {found:#?}");
    }
}

#[test]
fn passkeys_of_another_host_are_counted() {
    let data = installed("doctor-passkeys");
    let passkey = |name: &str, rp_id: &str| {
        format!(
            "INSERT INTO passkeys (id, person_id, user_handle, credential_id, public_key, rp_id, sign_count, is_synced,
                    is_backed_up, transports, name, created_at)
             SELECT '{name}', MIN(id), 'handle', '{name}', 'key', '{rp_id}', 0, 1, 1, '', '{name}', 0 FROM persons"
        )
    };
    wait_for(data.database.run_sql(&passkey("here", "family.umbba.kr")));
    let said = production(&data, &ADDRESS);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("ok     passkeys: all of this address"), "{said}");
    wait_for(data.database.run_sql(&passkey("elsewhere", "old.umbba.kr")));

    let found = wrong(&data, &ADDRESS);

    let is_it = |line: &&String| line.starts_with("passkeys: 1 were made under another host than family.umbba.kr");
    let line = found.iter().find(is_it).unwrap_or_else(|| panic!("{found:#?}"));
    assert!(line.contains("PUBLIC_URL") && line.contains("recovery code"), "{line}");
}

#[test]
fn keys_of_another_installation_and_an_old_schema_are_noticed() {
    let data = installed("doctor-keys");
    fs::write(data.join("secret.key"), "07".repeat(32)).expect("another key");
    fs::remove_file(data.join("vapid.json")).expect("the push keys");
    let found = wrong(&data, &ADDRESS);
    let says = |what: &str, to_do: &str| found.iter().any(|line| line.starts_with(what) && line.contains(to_do));
    assert!(says("secret key", "umbba keys adopt") && says("push keys", "vapid.json"), "{found:#?}");
    assert!(says("push keys: there are none", "`umbba keys`"), "{found:#?}");

    wait_for(data.database.run_sql("DELETE FROM _sqlx_migrations WHERE version > 12"));
    let found = wrong(&data, &ADDRESS);
    assert!(found.iter().any(|line| line.contains("umbba migrate")), "{found:#?}");
}

#[test]
fn a_lost_database_is_wrong_and_one_that_was_never_made_is_not() {
    let data = folder("doctor-new");
    let output = umbba(&data, "development", &["doctor"]);
    succeeded(&output);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("note   database") || data.database.is_postgres(), "{said}");
    assert!(!data.join("secret.key").exists() && !data.join("umbba.db").exists(), "nothing is made");

    fs::write(data.join("secret.key"), "07".repeat(32)).expect("a key from before");
    let found = wrong(&data, &ADDRESS);
    assert!(data.database.is_postgres() || found.iter().any(|line| line.contains("is missing: put it back")));
}
