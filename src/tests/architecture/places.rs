//! One place for each thing: SQL, the environment, the time, tasks, and the `cfg` gates of the two halves.

use std::{collections::BTreeSet, fs};

use super::{keep, source::root};

#[test]
fn only_storage_writes_sql() {
    keep(|source, broken| {
        if source.name.starts_with("server/storage/") {
            return;
        }
        for (line, text) in &source.strings {
            let is_sql = ["SELECT ", "INSERT INTO ", "DELETE FROM "].iter().any(|word| text.contains(word))
                || (text.contains("UPDATE ") && text.contains(" SET "));
            if is_sql {
                broken.push(source.at(*line, "SQL belongs in server/storage"));
            }
        }
        broken.extend(
            source.names_crate(&["sqlx"]).iter().map(|(line, _)| source.at(*line, "only server/storage knows sqlx")),
        );
    });
}

#[test]
fn only_config_reads_the_environment() {
    keep(|source, broken| {
        if source.name == "server/config.rs" {
            return;
        }
        let by_name =
            source.named_from("std").into_iter().filter(|named| named.parts[0] == "env").map(|named| named.line);
        let bare = source.names_crate(&["env"]).into_iter().map(|(line, _)| line);
        let flags = source
            .text
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains("#[arg(") && line.contains("env ="))
            .map(|(at, _)| at + 1);
        let lines: BTreeSet<usize> = by_name.chain(bare).chain(flags).collect();
        broken.extend(lines.iter().map(|line| source.at(*line, "only server/config.rs reads the environment")));
    });
}

#[test]
fn only_the_clock_asks_for_the_time() {
    keep(|source, broken| {
        for (at, token) in source.tokens.iter().enumerate() {
            let is_asked = (token.text == "::" && source.reads(at + 1, &["now", "("])) || token.text == "now_v7";
            // The browser half measures how long a connection was silent.
            if is_asked && source.name != "server/clock.rs" && source.top_module() != "browser" {
                broken.push(
                    source.at(token.line, "only server/clock.rs asks for the time; others get it as an argument"),
                );
            }
        }
    });
}

#[test]
fn only_the_lifecycle_spawns() {
    keep(|source, broken| {
        for (at, token) in source.tokens.iter().enumerate() {
            let through_lifecycle =
                source.tokens[at.saturating_sub(6)..at].iter().any(|token| token.text == "lifecycle");
            let is_spawn = matches!(token.text.as_str(), "spawn_blocking" | "JoinSet" | "TaskTracker")
                || (token.text == "spawn" && !through_lifecycle);
            if is_spawn && source.name != "server/lifecycle.rs" {
                broken.push(
                    source.at(token.line, "a task that server::lifecycle does not start is not awaited at shutdown"),
                );
            }
        }
    });
}

#[test]
fn what_is_left_out_on_postgresql_exists() {
    let list = fs::read_to_string(root().with_file_name(".ci/not-on-postgres")).expect("the list");
    let names = list.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (tests, mut checked) = (root().join("tests"), 0);
    for name in names {
        let mut parts: Vec<&str> = name.split("::").collect();
        let last = parts.pop().expect("a name");
        // Names without `tests::` are of the two targets that start the binary.
        let folders = if parts.first() == Some(&"tests") { vec![""] } else { vec!["cli", "crash"] };
        let found = folders.iter().any(|folder| {
            let module = parts.iter().skip(1).fold(tests.join(folder), |path, part| path.join(part));
            let is_module = module.join(last).is_dir() || module.join(last).with_extension("rs").is_file();
            let holds = |file| fs::read_to_string(file).is_ok_and(|text| text.contains(&format!("fn {last}(")));
            is_module || [module.with_extension("rs"), module.join("mod.rs"), module.join("main.rs")].iter().any(holds)
        });
        assert!(found, ".ci/not-on-postgres names {name}, which is no test and no module of tests");
        checked += 1;
    }
    assert!(checked > 5, "only {checked} names");
}

#[test]
fn the_gates_of_the_two_halves_are_in_lib_rs() {
    // Only the server renders the picture and shows some of the error codes, so the browser half leaves them out.
    const LEAVE_OUT: [&str; 2] = ["components/windows.rs", "api/error.rs"];
    keep(|source, broken| {
        for (at, token) in
            source.tokens.iter().enumerate().filter(|(_, token)| matches!(token.text.as_str(), "cfg" | "cfg_attr"))
        {
            let asks_for =
                |what: &str| source.tokens.iter().skip(at + 1).take(8).any(|token| token.text.starts_with(what));
            let is_gate = asks_for("feature") || (asks_for("target_") && !LEAVE_OUT.contains(&source.name.as_str()));
            if is_gate && source.name != "lib.rs" {
                broken.push(source.at(token.line, "the cfg gates of the two halves are in lib.rs"));
            }
        }
    });
    let manifest = fs::read_to_string(root().with_file_name("Cargo.toml")).expect("Cargo.toml");
    for target in manifest.split("\n[[").skip(1) {
        let target = target.split("\n[").next().unwrap_or_default();
        assert!(target.contains("required-features = [\"ssr\"]"), "no gates in mains: [[{target}");
    }
}
