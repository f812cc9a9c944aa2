//! Tests of `umbba migrate-to` with the real process: killed in the middle, and beside an app that runs.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
};

use super::{Data, folder, operator::serve, refused, umbba};

/// A data folder with seeded pairs. Returns the address to move to, too.
fn seeded(name: &str) -> (Data, String) {
    let data = folder(name);
    let sessions = data.join("sessions").display().to_string();
    let done = umbba(&data, "development", &["seed", "--pairs", "60", "--sessions", &sessions]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let to = format!("sqlite:{}", data.join("moved.db").display());
    (data, to)
}

fn moving(data: &Data, to: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbba"));
    command
        .args(["migrate-to", to])
        .env_clear()
        .env("APP_ENV", "development")
        .env("DATA_DIR", &data.folder)
        .envs(data.database.is_postgres().then_some(("DATABASE_URL", &data.database.url)))
        .env("LOG", "off")
        .stdout(Stdio::piped());
    command
}

#[test]
fn a_move_that_is_killed_is_begun_again() {
    let (data, to) = seeded("moved-killed");
    let file = data.join("moved.db");
    for lines in [0, 1, 3] {
        let mut child = moving(&data, &to).spawn().expect("the binary runs");
        let mut said = BufReader::new(child.stdout.take().expect("its words")).lines();
        for _ in 0..lines {
            said.next().expect("a line").expect("text");
        }
        child.kill().expect("killed");
        child.wait().expect("its end");
        // A file with the name is whole, also when the process was faster.
        if file.exists() {
            assert!(umbba(&data, "development", &["deliveries", "--database-url", &to]).status.success());
            fs::remove_file(&file).expect("removed");
        }
    }
    let moved = umbba(&data, "development", &["migrate-to", &to]);
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    let said = String::from_utf8_lossy(&moved.stdout).into_owned();
    assert!(said.contains("persons: 120 rows\n") && said.contains("the same rows"), "{said}");
    let parts = fs::read_dir(&data.folder).expect("a folder").filter_map(Result::ok);
    let parts: Vec<_> = parts.map(|file| file.file_name()).filter(|name| *name != "moved.db").collect();
    assert!(!parts.iter().any(|name| name.to_string_lossy().starts_with("moved.db")), "{parts:?}");
    assert!(refused(&umbba(&data, "development", &["migrate-to", &to])).contains("exists already"));
    let reads = umbba(&data, "development", &["deliveries", "--database-url", &to]);
    assert!(reads.status.success(), "{}", String::from_utf8_lossy(&reads.stderr));
}

#[test]
fn beside_a_running_app_it_waits_until_the_app_stops() {
    let data = folder("moved-served");
    let app = serve(&data, "true", &[]);
    let to = format!("sqlite:{}", data.join("moved.db").display());
    let mut child = moving(&data, &to).env_remove("DATABASE_URL").spawn().expect("the binary runs");
    let mut said = BufReader::new(child.stdout.take().expect("its words"));
    let mut line = String::new();
    while !line.contains("still runs on the old database") {
        line.clear();
        assert_ne!(said.read_line(&mut line).expect("text"), 0, "it says that the app runs");
    }
    assert!(app.get("/readyz").contains(" 200 "), "pages are read");
    assert!(child.try_wait().expect("a look").is_none(), "it waits");
    drop(app);
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    assert!(child.wait().expect("its end").success(), "{rest}");
}
