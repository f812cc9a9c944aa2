//! Tests of an operator's mistakes with files: no data is lost or emptied silently, and a sentence says what to do.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Output, Stdio},
};

use super::{Data, folder, refused, umbba};

/// A running `umbba serve`. Dropping the value stops the process.
pub struct Serving {
    child: Child,
    address: String,
    /// Kept open, because the process's next output would fail on a closed pipe.
    _output: BufReader<ChildStdout>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Builds a command that a shell runs after `before`.
pub fn command(data: &Path, before: &str, arguments: &[&str]) -> Command {
    fs::create_dir_all(data.join("site/pkg")).expect("a folder");
    fs::write(data.join("site/pkg/umbba.css"), "").expect("a file");
    let mut command = Command::new("bash");
    command.args(["-c", &format!("{before}; exec \"$0\" \"$@\""), env!("CARGO_BIN_EXE_umbba")]).args(arguments);
    command
        .env_clear()
        .env("APP_ENV", "development")
        .env("DATA_DIR", data)
        .env("SITE_ROOT", data.join("site"))
        .env("LOG", "warn");
    command
}

pub fn serve(data: &Path, before: &str, more: &[&str]) -> Serving {
    start(command(data, before, &[&["serve", "--listen-addr", "127.0.0.1:0"], more].concat()))
}

fn start(mut command: Command) -> Serving {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let (mut output, mut line) = (BufReader::new(child.stdout.take().expect("its words")), String::new());
    output.read_line(&mut line).expect("a line");
    let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
    Serving { child, address: address.unwrap_or_else(|| panic!("it does not serve: {line}")), _output: output }
}

impl Serving {
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("a connection");
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Stops the server. Returns its log.
    fn end(mut self) -> String {
        self.child.kill().expect("an end");
        let mut said = String::new();
        self.child.stderr.take().expect("its log").read_to_string(&mut said).expect("text");
        said
    }
}

/// Runs a start that must be refused. Returns its output. `timeout` ends a server that does start after 30 s.
fn refused_to_serve(data: &Path) -> String {
    let serve = ["30", env!("CARGO_BIN_EXE_umbba"), "serve", "--listen-addr", "127.0.0.1:0"];
    let mut command = Command::new("timeout");
    command.args(serve).env_clear().env("APP_ENV", "development").env("DATA_DIR", data);
    refused(&command.env("SITE_ROOT", data.join("site")).env("LOG", "off").output().expect("the binary runs"))
}

pub fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Makes a data folder with a seeded database and its key.
pub fn seeded(name: &str, pairs: &str) -> Data {
    let data = folder(name);
    succeeded(&umbba(
        &data,
        "development",
        &["seed", "--pairs", pairs, "--sessions", &data.join("sessions.txt").display().to_string()],
    ));
    data
}

fn remove_database(data: &Path) {
    for file in ["umbba.db", "umbba.db-wal", "umbba.db-shm"] {
        let _ = fs::remove_file(data.join(file));
    }
}

#[test]
fn a_second_serve_on_the_same_data_folder_is_refused() {
    let data = folder("second");
    let first = serve(&data, ":", &[]);
    let sentence = refused_to_serve(&data);
    assert!(sentence.contains("another umbba serve") && sentence.contains("DATA_DIR"), "{sentence}");
    assert!(first.get("/readyz").contains("200 OK"), "the first goes on");
    drop(first);
    drop(serve(&data, ":", &[]));
}

#[test]
fn a_lost_database_beside_its_key_is_not_replaced_by_an_empty_one() {
    let data = seeded("lost", "1");
    let database = data.join("umbba.db");
    remove_database(&data);
    let empty = |is_there: bool| {
        if is_there {
            fs::write(&database, "").expect("an empty file");
        }
    };
    for is_there in [false, true] {
        empty(is_there);
        for sentence in [refused(&umbba(&data, "development", &["migrate"])), refused_to_serve(&data)] {
            assert!(
                sentence.contains("umbba.db") && sentence.contains("--new") && sentence.contains("backup"),
                "{sentence}"
            );
            assert_eq!(
                fs::metadata(&database).ok().map(|found| found.len()),
                is_there.then_some(0),
                "nothing was made"
            );
        }
    }
    let key = fs::read(data.join("secret.key")).expect("the key");
    assert!(serve(&data, ":", &["--new"]).get("/readyz").contains("200 OK"));
    assert_eq!(fs::read(data.join("secret.key")).expect("the key"), key);
    drop(serve(&data, ":", &[]));
}

#[test]
fn a_database_deleted_or_swapped_below_a_running_server_is_noticed() {
    for is_swapped in [false, true] {
        let data = seeded("swapped", "1");
        let copy = data.join("copy.db");
        succeeded(&umbba(&data, "development", &["backup", &copy.display().to_string()]));
        let serving = serve(&data, ":", &[]);
        assert!(serving.get("/readyz").contains("200 OK"));
        fs::remove_file(data.join("umbba.db")).expect("the database");
        if is_swapped {
            fs::rename(&copy, data.join("umbba.db")).expect("another database");
        }

        let answers = [serving.get("/readyz"), serving.get("/readyz")];

        assert!(answers.iter().all(|answer| answer.contains("503")), "{answers:?}");
        assert_eq!(data.join("umbba.db").exists(), is_swapped, "no empty database in its place");
        let said = serving.end();
        let told: Vec<&str> =
            said.lines().filter(|line| line.contains("deleted or replaced below this process")).collect();
        assert!(told.len() == 1 && told[0].contains("ERROR") && told[0].contains("umbba.db"), "once: {said}");
    }
}

/// The limit on file size kills the backup in the middle of a write, at the same byte each time.
#[test]
fn a_backup_that_is_killed_half_way_leaves_nothing_under_its_name() {
    let data = seeded("killed", "60");
    let size: u64 = ["umbba.db", "umbba.db-wal"]
        .iter()
        .filter_map(|file| fs::metadata(data.join(file)).ok())
        .map(|found| found.len())
        .sum();
    assert!(size > 512 * 1024, "{size} bytes: large enough to be killed in the middle");
    let file = data.join("copy.db");
    let name = file.display().to_string();

    let killed = command(&data, "ulimit -c 0; ulimit -f 128", &["backup", &name]).output().expect("the binary runs");

    assert_eq!(killed.status.code(), None, "killed by a signal: {}", String::from_utf8_lossy(&killed.stderr));
    assert!(!file.exists(), "what has the name is whole");
    let part = data.join("copy.db.part");
    assert!(part.exists(), "what it had written");
    fs::set_permissions(&part, fs::Permissions::from_mode(0o644)).expect("as another version may have left it");
    succeeded(&command(&data, "umask 022", &["backup", &name]).output().expect("the binary runs"));
    assert!(!part.exists());
    assert_eq!(fs::metadata(&file).expect("the copy").permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_backup_without_room_says_so_and_leaves_nothing() {
    let data = seeded("room", "60");
    let file = data.join("copy.db");
    let output = command(&data, "trap '' XFSZ; ulimit -f 128", &["backup", &file.display().to_string()])
        .output()
        .expect("the binary runs");
    refused(&output);
    assert!(!file.exists() && !data.join("copy.db.part").exists());
}

/// Collects every file and folder below `folder`, with its mode.
fn modes(folder: &Path, found: &mut Vec<(PathBuf, u32)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("a file").path();
        found.push((path.clone(), fs::symlink_metadata(&path).expect("a file").permissions().mode() & 0o777));
        if path.is_dir() {
            modes(&path, found);
        }
    }
}

#[test]
fn whatever_is_written_is_its_user_s_alone() {
    let outside = folder("private");
    let data = outside.join("data");
    succeeded(&command(&data, "umask 022", &["keys"]).output().expect("the binary runs"));
    fs::remove_dir_all(data.join("site")).expect("the test's own files");
    let site = outside.join("site");
    fs::create_dir_all(site.join("pkg")).expect("a folder");
    fs::write(site.join("pkg/umbba.css"), "").expect("a file");
    let mut command = Command::new("bash");
    let arguments = ["-c", "umask 000; exec \"$0\" serve --listen-addr 127.0.0.1:0", env!("CARGO_BIN_EXE_umbba")];
    command
        .args(arguments)
        .env_clear()
        .env("APP_ENV", "test")
        .env("DATA_DIR", &data)
        .env("SITE_ROOT", &site)
        .env("LOG", "warn");
    let serving = start(command);
    assert!(serving.get("/readyz").contains("200 OK"));

    let mut found = Vec::new();
    modes(&data, &mut found);
    assert!(found.iter().any(|(path, _)| path.ends_with("umbba.db-wal")) && found.len() > 5, "{found:?}");
    // Copies of the public files keep their modes; their folder is not accessible to others.
    let is_public = |path: &Path| {
        path.parent().and_then(Path::parent).is_some_and(|folder| folder.ends_with("builds")) && path.is_file()
    };
    let open: Vec<_> = found.iter().filter(|(path, mode)| mode & 0o077 != 0 && !is_public(path)).collect();
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn what_others_could_read_is_said_with_the_command_that_ends_it() {
    let data = seeded("open", "1");
    fs::set_permissions(&data.folder, fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::set_permissions(data.join("secret.key"), fs::Permissions::from_mode(0o640)).expect("a mode");
    let said = serve(&data, ":", &[]).end();
    let run = |mode: &str, path: &Path| format!("run chmod {mode} {}", path.display());
    assert!(said.contains(&run("700", &data)) && said.contains(&run("600", &data.join("secret.key"))), "{said}");
    fs::set_permissions(&data.folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    fs::set_permissions(data.join("secret.key"), fs::Permissions::from_mode(0o600)).expect("a mode");
    let said = serve(&data, ":", &[]).end();
    assert!(!said.contains("chmod"), "{said}");
}
