//! Backup, restore and the nightly backup by the real binary: a copy brings everything back, and every mistake of an
//! operator is one sentence after which nothing has changed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    Data, folder,
    operator::{command, seeded, serve, succeeded},
    own_database::OwnDatabase,
    refused, umbba, wait_for,
};

fn run(data: &Data, arguments: &[&str]) -> String {
    let output = umbba(data, "development", arguments);
    succeeded(&output);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Makes a backup and returns its file.
fn backed_up(data: &Data, name: &str) -> PathBuf {
    let file = data.join(name);
    run(data, &["backup", &file.display().to_string()]);
    file
}

fn says(data: &Data, file: &Path) -> String {
    refused(&umbba(data, "development", &["restore", &file.display().to_string()]))
}

fn persons(data: &Data) -> String {
    wait_for(data.database.read_sql("SELECT CAST(COUNT(*) AS TEXT) FROM persons")).concat()
}

/// The file names of a folder that begin with `start`.
fn named(folder: &Path, start: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("a file").file_name());
    let mut names: Vec<_> = entries.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.starts_with(start));
    names.sort();
    names
}

fn mode(file: &Path) -> u32 {
    fs::metadata(file).expect("a file").permissions().mode() & 0o777
}

#[test]
fn a_restored_copy_brings_everything_back_and_the_replaced_database_is_kept() {
    let data = seeded("restored", "3");
    let file = data.join("copy.db");
    let said = run(&data, &["backup", "--verify", &file.display().to_string()]);
    assert!(said.contains("scratch place") && said.contains("secret.key"), "{said}");
    assert_eq!(named(&data, "copy.db"), ["copy.db"], "the scratch place is removed");
    let remembered = "SELECT name FROM installation WHERE name LIKE 'backup%' ORDER BY name";
    assert_eq!(wait_for(data.database.read_sql(remembered)), ["backup_made_at", "backup_verified_at"]);
    wait_for(data.database.run_sql("DELETE FROM persons WHERE id = (SELECT MIN(id) FROM persons)"));
    assert_eq!(persons(&data), "5");

    let checked = run(&data, &["restore", "--check", &file.display().to_string()]);
    assert!(checked.contains("is sound") && persons(&data) == "5", "{checked}");
    let said = run(&data, &["restore", &file.display().to_string()]);

    assert_eq!(persons(&data), "6");
    assert!(said.contains("start the app") && !said.contains("secret.key"), "{said}");
    assert_eq!((mode(&data.join("umbba.db")), file.exists()), (0o600, true));
    let kept = named(&data, "umbba.db.before-");
    assert!(kept.len() == 1 && said.contains(&kept[0]), "{kept:?}: {said}");
    let before = OwnDatabase::at(&format!("sqlite:{}", data.join(&kept[0]).display()));
    assert_eq!(wait_for(before.read_sql("SELECT CAST(COUNT(*) AS TEXT) FROM persons")), ["5"]);
    assert!(serve(&data, ":", &[]).get("/readyz").contains("200 OK"), "the app starts on it");
}

#[test]
fn a_copy_restored_elsewhere_says_which_keys_are_missing() {
    let data = seeded("elsewhere", "1");
    let file = backed_up(&data, "copy.db");
    let other = folder("elsewhere-other");
    let said = run(&other, &["restore", &file.display().to_string()]);
    assert!(said.contains("secret.key is missing"), "{said}");
    fs::write(other.join("secret.key"), "07".repeat(32)).expect("another key");
    let said = run(&other, &["restore", &file.display().to_string()]);
    assert!(said.contains("another key"), "{said}");
}

#[test]
fn what_cannot_be_restored_is_named_and_nothing_changes() {
    let data = seeded("mistakes", "20");
    let database = data.join("umbba.db");
    let copy = backed_up(&data, "copy.db");
    let bytes = fs::read(&copy).expect("the copy");
    let write = |name: &str, bytes: &[u8]| {
        let file = data.join(name);
        fs::write(&file, bytes).expect("a file");
        file
    };
    let sql = |name: &str, sql: &str| {
        let file = data.join(name);
        if !sql.starts_with("CREATE") {
            fs::copy(&copy, &file).expect("a copy");
        }
        let made = OwnDatabase::at(&format!("sqlite:{}?mode=rwc", file.display()));
        if sql.starts_with("CREATE") {
            fs::write(&file, b"").expect("an empty database");
        }
        wait_for(OwnDatabase::at(made.url.trim_end_matches("?mode=rwc")).run_sql(sql));
        file
    };
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 3..bytes.len() / 2].fill(0x5a);
    let in_use = write("in-use.db", &bytes);
    write("in-use.db-wal", b"words that are not in the file yet");
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (9999, 'later', 1, x'00', 0)";
    let wrong = [
        (data.join("nowhere.db"), "cannot be read"),
        (data.folder.clone(), "is no file"),
        (write("text.db", &b"just text ".repeat(500)), "is not a SQLite database"),
        (write("empty.db", b""), "is not a SQLite database"),
        (write("short.db", &bytes[..bytes.len() / 2]), "cannot be used"),
        (write("damaged.db", &damaged), "cannot be used"),
        (sql("other.db", "CREATE TABLE songs (name TEXT)"), "not one of this app"),
        (sql("changed.db", "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 2"), "not one of this app"),
        (sql("half.db", "UPDATE _sqlx_migrations SET success = 0 WHERE version = 3"), "in the middle of an update"),
        (sql("later.db", later), "later release (schema 9999"),
        (in_use, "a log of its own"),
        (database.clone(), "the database itself"),
    ];
    let before = fs::read(&database).expect("the database");
    for (file, words) in wrong {
        let sentence = says(&data, &file);
        assert!(sentence.contains(words) && sentence.contains(&file.display().to_string()), "{words}: {sentence}");
        assert!(fs::read(&database).expect("the database") == before, "{}: nothing changes", file.display());
        assert_eq!(named(&data, "umbba.db."), Vec::<String>::new(), "{}: nothing is left", file.display());
    }
    let postgres = ["restore", "copy.db", "--database-url", "postgres://nobody@127.0.0.1:9/nothing"];
    assert!(refused(&umbba(&data, "development", &postgres)).contains("pg_restore"));
}

#[test]
fn a_running_app_keeps_its_database() {
    let data = seeded("running", "1");
    let copy = backed_up(&data, "copy.db");
    let serving = serve(&data, ":", &[]);
    let sentence = says(&data, &copy);
    assert!(sentence.contains("stop it, then restore"), "{sentence}");

    // The lock is in the data folder; a database elsewhere may be in use all the same.
    let other = folder("running-other");
    let url = format!("sqlite:{}", data.join("umbba.db").display());
    let arguments = ["restore", &copy.display().to_string(), "--database-url", &url];
    let sentence = refused(&umbba(&other, "development", &arguments));
    assert!(sentence.contains("another process has") && sentence.contains("umbba.db open"), "{sentence}");
    assert!(serving.get("/readyz").contains("200 OK"), "the app goes on");
}

/// The limit on file size kills the restore in the middle of a write, at the same byte each time.
#[test]
fn a_restore_that_is_killed_half_way_changes_nothing() {
    let data = seeded("killed-restore", "60");
    let copy = backed_up(&data, "copy.db");
    let name = copy.display().to_string();
    let persons_before = persons(&data);
    let killed = command(&data, "ulimit -c 0; ulimit -f 128", &["restore", &name]).output().expect("the binary runs");
    assert_eq!(killed.status.code(), None, "killed by a signal: {}", String::from_utf8_lossy(&killed.stderr));
    assert_eq!(persons(&data), persons_before);
    assert!(named(&data, "umbba.db.before-").is_empty());
    let full = command(&data, "trap '' XFSZ; ulimit -f 128", &["restore", &name]).output().expect("the binary runs");
    assert!(refused(&full).contains("cannot be copied") && persons(&data) == persons_before);
    run(&data, &["restore", &name]);
    assert_eq!((persons(&data), named(&data, "umbba.db.part").len()), (persons_before, 0));
}

#[test]
fn the_app_backs_up_by_itself_into_a_private_folder() {
    let data = seeded("nightly", "2");
    let copies = data.join("copies");
    let serving = serve(&data, "umask 022", &["--backup-dir", &copies.display().to_string()]);
    let verified = "SELECT value FROM installation WHERE name = 'backup_verified_at'";
    let begun = Instant::now();
    while wait_for(data.database.read_sql(verified)).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no backup: {:?}", named(&copies, ""));
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(serving);
    let made = named(&copies, "");
    assert_eq!(made.len(), 1, "{made:?}");
    assert_eq!((mode(&copies), mode(&copies.join(&made[0]))), (0o700, 0o600));
    run(&data, &["restore", &copies.join(&made[0]).display().to_string()]);
    assert_eq!(persons(&data), "4");
}

#[test]
fn a_nightly_backup_that_cannot_work_ends_the_start() {
    let data = folder("nightly-mistakes");
    let says = |more: &[&str]| {
        let serve = ["serve", "--listen-addr", "127.0.0.1:0"];
        refused(&umbba(&data, "development", &[&serve, more].concat()))
    };
    let postgres = ["--database-url", "postgres://nobody@127.0.0.1:9/nothing", "--backup-dir", "copies"];
    let sentence = says(&postgres);
    assert!(sentence.contains("BACKUP_DIR") && sentence.contains("pg_dump"), "{sentence}");
    let file = data.join("file");
    fs::write(&file, "").expect("a file where a folder should be");
    assert!(says(&["--backup-dir", &file.join("in").display().to_string()]).contains("BACKUP_DIR"));
}
