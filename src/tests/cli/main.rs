//! Tests of the command line of the real binary: for an operator's mistake it prints one sentence that says what to do,
//! and exits with code 1.
//!
//! These tests are a separate target, because Cargo gives the binary's path (`CARGO_BIN_EXE_umbba`) only to such
//! targets.

#[allow(dead_code, reason = "the library's tests use the rest of it")]
#[path = "../own_database.rs"]
mod own_database;

mod announce;
mod copies;
mod delete;
mod doctor;
mod import;
mod moving;
mod operator;
mod providers;

use std::{
    fs,
    future::Future,
    net::TcpListener,
    ops::Deref,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use own_database::OwnDatabase;

/// A data folder and its database. Dereferences to the folder.
struct Data {
    folder: PathBuf,
    database: OwnDatabase,
}

impl Deref for Data {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn wait_for<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(future)
}

fn folder(name: &str) -> Data {
    let folder = std::env::temp_dir().join(format!("umbba-cli-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    Data { database: wait_for(OwnDatabase::new(&folder)), folder }
}

/// Runs a command. The setting DATABASE_URL stays at its default on SQLite.
fn umbba(data_dir: &Data, env: &str, arguments: &[&str]) -> Output {
    let site = data_dir.join("site/pkg");
    fs::create_dir_all(&site).ok();
    fs::write(site.join("umbba.css"), "").ok();
    Command::new(env!("CARGO_BIN_EXE_umbba"))
        .args(arguments)
        .env_clear()
        .env("APP_ENV", env)
        .env("DATA_DIR", &data_dir.folder)
        .envs(data_dir.database.is_postgres().then_some(("DATABASE_URL", &data_dir.database.url)))
        .env("SITE_ROOT", data_dir.join("site"))
        .env("LOG", "off")
        .output()
        .expect("the binary runs")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(sentence.starts_with("umbba: ") && sentence.lines().count() == 1, "one sentence: {sentence}");
    sentence
}

#[test]
fn a_taken_port_is_named() {
    let data = folder("port");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let sentence = refused(&umbba(&data, "development", &["serve", "--listen-addr", &address]));
    assert!(sentence.contains(&address) && sentence.contains("LISTEN_ADDR"), "{sentence}");
}

#[test]
fn an_unwritable_data_folder_is_named() {
    let data = folder("data");
    let file = data.join("file");
    fs::write(&file, "").expect("a file where a folder should be");
    let sentence = refused(&umbba(
        &data,
        "development",
        &["serve", "--listen-addr", "127.0.0.1:0", "--data-dir", &file.join("in").display().to_string()],
    ));
    assert!(sentence.contains("DATA_DIR"), "{sentence}");
}

#[test]
fn a_broken_line_of_the_operators_catalogue_is_named_by_file_and_line() {
    let data = folder("catalogue");
    fs::create_dir_all(data.join("catalogue")).expect("a folder");
    fs::write(data.join("catalogue/own.toml"), "section = \"school\"\n\n[[question]]\nkey = \"own\"\ntopic = 3\n")
        .expect("a file");
    let sentence = refused(&umbba(&data, "development", &["serve", "--listen-addr", "127.0.0.1:0"]));
    assert!(sentence.contains("own.toml:5"), "{sentence}");
}

#[test]
fn production_needs_an_https_address_and_never_seeds() {
    let data = folder("production");
    let sentence = refused(&umbba(&data, "production", &["serve", "--listen-addr", "127.0.0.1:0"]));
    assert!(sentence.contains("PUBLIC_URL"), "{sentence}");
    let sentence = refused(&umbba(&data, "production", &["seed", "--pairs", "1", "--sessions", "x"]));
    assert!(sentence.contains("APP_ENV"), "{sentence}");
}

#[test]
fn production_needs_a_contact_and_keys_for_push_services() {
    let data = folder("push");
    let site = data.join("site/pkg");
    fs::create_dir_all(&site).expect("a folder");
    fs::write(site.join("umbba.css"), "").expect("a file");
    let root = data.join("site").display().to_string();
    let serve = |subject: &[&str]| {
        let always =
            ["serve", "--listen-addr", "127.0.0.1:0", "--public-url", "https://family.umbba.kr", "--site-root", &root];
        refused(&umbba(&data, "production", &[&always, subject].concat()))
    };
    for subject in [&[][..], &["--vapid-subject", "mailto:me@localhost"], &["--vapid-subject", "mailto:me@example.com"]]
    {
        let sentence = serve(subject);
        assert!(sentence.contains("VAPID_SUBJECT"), "{subject:?}: {sentence}");
    }
    let sentence = serve(&["--vapid-subject", "mailto:operator@umbba.kr"]);
    assert!(sentence.contains("umbba keys"), "{sentence}");
    let sentence = serve(&["--vapid-subject", "mailto:operator@umbba.kr", "--push-extra-hosts", "127.0.0.1:9"]);
    assert!(sentence.contains("PUSH_EXTRA_HOSTS"), "{sentence}");
}

#[test]
fn keys_are_made_once_rotated_by_hand_and_exported() {
    let data = folder("keys");
    let sentence = refused(&umbba(&data, "production", &["keys", "export"]));
    assert!(sentence.contains("umbba keys"), "{sentence}");
    let list =
        |act: &[&str]| String::from_utf8(umbba(&data, "production", &[&["keys"], act].concat()).stdout).expect("text");
    let first = list(&[]);
    assert_eq!(list(&[]), first, "made once");
    assert_eq!(fs::metadata(data.join("vapid.json")).expect("the keys").permissions().mode() & 0o777, 0o600);
    let both = list(&["rotate"]);
    assert_eq!(both.lines().count(), 2);
    assert!(both.lines().nth(1).is_some_and(|line| first.starts_with(line)), "the earlier key stays for its browsers");
    assert_eq!(list(&["export"]).trim(), fs::read_to_string(data.join("vapid.json")).expect("the keys").trim());
}

#[test]
fn deliveries_are_listed_by_state() {
    let data = folder("deliveries");
    assert!(umbba(&data, "development", &["migrate"]).status.success());
    let listed = umbba(&data, "development", &["deliveries", "--state", "dead"]);
    assert!(listed.status.success() && listed.stdout.is_empty());
    let sentence = refused(&umbba(&data, "development", &["deliveries", "--state", "lost"]));
    assert!(sentence.contains("accepted"), "{sentence}");
}

#[test]
fn a_database_that_is_none_is_said_so() {
    let data = folder("database");
    let sentence = refused(&umbba(&data, "development", &["migrate", "--database-url", "mysql://x"]));
    assert!(sentence.contains("DATABASE_URL"), "{sentence}");
    fs::write(data.join("umbba.db"), "not a database, just text ".repeat(50)).expect("a file");
    let sentence = refused(&umbba(&data, "development", &["migrate"]));
    assert!(sentence.contains("umbba.db"), "{sentence}");
}

#[test]
fn the_operator_signs_people_out_and_lets_one_back_in() {
    let data = folder("sessions");
    let sessions = data.join("sessions.txt").display().to_string();
    assert!(umbba(&data, "development", &["seed", "--pairs", "2", "--sessions", &sessions]).status.success());
    let listed = fs::read_to_string(&sessions).expect("the sessions");
    let person = listed.split_whitespace().next().expect("a person");
    let said = |arguments: &[&str]| {
        let done = umbba(&data, "development", arguments);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    };

    let later = said(&["person", "recover", person]);
    assert!(later.contains("works from"), "{later}");
    let with_no_reason = umbba(&data, "development", &["person", "recover", person, "--now"]);
    assert!(!with_no_reason.status.success(), "a reason has to be said");
    let code = said(&["person", "recover", person, "--now", "--reason", "lost phone"]);
    assert!(code.len() == 19 && code.split('-').all(|group| group.len() == 4), "{code}");
    assert_eq!(said(&["sessions", "end", "--person", person]), "1 sessions ended");
    assert_eq!(said(&["sessions", "end", "--all"]), "3 sessions ended");

    let nobody = "01a20359-39ae-7b93-921b-5f70d4c4f248";
    assert!(refused(&umbba(&data, "development", &["person", "recover", nobody])).contains(nobody));
    assert!(!umbba(&data, "development", &["sessions", "end"]).status.success(), "of whom has to be said");
}

#[test]
fn seeding_ticking_and_backing_up_work_from_the_command_line() {
    let data = folder("seed");
    let sessions = data.join("sessions.txt").display().to_string();
    let done = umbba(&data, "development", &["seed", "--pairs", "3", "--sessions", &sessions]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines = fs::read_to_string(&sessions).expect("the sessions");
    assert_eq!(lines.lines().count(), 6);
    assert!(lines.lines().all(|line| line.split(' ').count() == 5 && line.contains("__Host-session=")));
    assert_eq!(fs::metadata(&sessions).expect("a file").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(data.join("secret.key")).expect("the key").permissions().mode() & 0o777, 0o600);

    let tick = umbba(&data, "development", &["tick"]);
    assert!(String::from_utf8_lossy(&tick.stdout).contains("due pairs handled"));

    let copy = data.join("copy.db").display().to_string();
    if data.database.is_postgres() {
        assert!(refused(&umbba(&data, "development", &["backup", &copy])).contains("pg_dump"));
        return;
    }
    assert!(umbba(&data, "development", &["backup", &copy]).status.success());
    let sentence = refused(&umbba(&data, "development", &["backup", &copy]));
    assert!(sentence.contains("exists"), "{sentence}");
}

#[test]
fn help_tells_every_command_and_setting() {
    let data = folder("help");
    let help = String::from_utf8(umbba(&data, "development", &["--help"]).stdout).expect("text");
    for word in [
        "serve",
        "migrate",
        "seed",
        "tick",
        "backup",
        "keys",
        "deliveries",
        "APP_ENV",
        "DATA_DIR",
        "DATABASE_URL",
        "VAPID_SUBJECT",
        "PUSH_ALLOWED_HOSTS",
    ] {
        assert!(help.contains(word), "{word}");
    }
    let help = String::from_utf8(umbba(&data, "development", &["serve", "--help"]).stdout).expect("text");
    for word in ["LISTEN_ADDR", "PUBLIC_URL", "SITE_ROOT", "TRUSTED_PROXIES"] {
        assert!(help.contains(word), "{word}");
    }
}

#[test]
fn only_the_test_environment_has_a_door_for_the_clock() {
    for (env, url, has_door) in [
        ("test", "http://localhost:1", true),
        ("development", "http://localhost:1", false),
        ("production", "https://family.example", false),
    ] {
        let data = folder(env);
        let site = data.join("site/pkg");
        fs::create_dir_all(&site).expect("a folder");
        fs::write(site.join("umbba.css"), "").expect("a file");
        assert!(umbba(&data, env, &["keys"]).status.success(), "the keys are made by hand in production");
        let mut child = Command::new(env!("CARGO_BIN_EXE_umbba"))
            .args(["serve", "--listen-addr", "127.0.0.1:0", "--public-url", url])
            .env_clear()
            .env("APP_ENV", env)
            .env("DATA_DIR", &data.folder)
            .env("SITE_ROOT", data.join("site"))
            .env("VAPID_SUBJECT", "mailto:operator@umbba.kr")
            .env("LOG", "off")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut reader = std::io::BufReader::new(child.stdout.take().expect("its words"));
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line).expect("a line");
        assert!(line.starts_with("listening on "), "{env}: {line}");
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        // The transport opens before the server answers its first request.
        let mut stream = std::net::TcpStream::connect(&address).expect("a connection");
        std::io::Write::write_all(&mut stream, b"GET /livez HTTP/1.0\r\n\r\n").expect("a request");
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).expect("an answer");
        assert!(answer.contains("200 OK"), "{env}");
        assert_eq!(data.join("control.sock").exists(), has_door, "{env}");
        child.kill().expect("an end");
        child.wait().expect("an end");
    }
}

#[test]
fn the_limit_of_open_files_is_raised_and_said_when_it_is_low() {
    let data = folder("files");
    let site = data.join("site/pkg");
    fs::create_dir_all(&site).expect("a folder");
    fs::write(site.join("umbba.css"), "").expect("a file");
    let (_, allowed) = rlimit::Resource::NOFILE.get().expect("the limits of this test");
    for (hard, is_low) in [("1024", true), ("20000", false)] {
        if hard.parse::<u64>().expect("a number") > allowed {
            continue; // a process cannot raise its own hard limit
        }
        let mut child = Command::new("sh")
            .args([
                "-c",
                &format!("ulimit -Sn 128 && ulimit -Hn {hard} && exec \"$0\" serve --listen-addr 127.0.0.1:0"),
                env!("CARGO_BIN_EXE_umbba"),
            ])
            .env_clear()
            .env("APP_ENV", "development")
            .env("DATA_DIR", &data.folder)
            .env("SITE_ROOT", data.join("site"))
            .env("LOG", "warn")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut reader = std::io::BufReader::new(child.stdout.take().expect("its words"));
        let mut line = String::new();
        std::io::BufRead::read_line(&mut reader, &mut line).expect("a line");
        assert!(line.starts_with("listening on "), "{line}");
        let limits = fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("a Linux");
        let files: Vec<&str> = limits
            .lines()
            .find(|line| line.starts_with("Max open files"))
            .expect("a limit")
            .split_whitespace()
            .collect();
        assert_eq!(files[3..5], [hard, hard], "soft and hard");
        child.kill().expect("an end");
        let said = child.wait_with_output().expect("an end").stderr;
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_eq!(said.matches("LimitNOFILE").count(), usize::from(is_low), "{said}");
    }
}

#[test]
fn listening_to_everybody_without_a_known_proxy_is_said_at_start() {
    for (arguments, is_said) in [
        (vec!["0.0.0.0:0"], true),
        (vec!["0.0.0.0:0", "--trusted-proxies", "10.0.0.1"], false),
        (vec!["127.0.0.1:0"], false),
    ] {
        let data = folder("listen");
        fs::create_dir_all(data.join("site/pkg")).expect("a folder");
        fs::write(data.join("site/pkg/umbba.css"), "").expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_umbba"))
            .args(["serve", "--listen-addr"])
            .args(&arguments)
            .env_clear()
            .env("APP_ENV", "development")
            .env("DATA_DIR", &data.folder)
            .env("SITE_ROOT", data.join("site"))
            .env("LOG", "off")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().expect("its words")), &mut line)
            .expect("a line");
        child.kill().expect("an end");
        let said = String::from_utf8_lossy(&child.wait_with_output().expect("an end").stderr).into_owned();
        assert_eq!(said.contains("TRUSTED_PROXIES"), is_said, "{arguments:?}: {said}");
    }
}
