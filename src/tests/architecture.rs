//! The floor plan of the crate head, kept true: reads every source file and fails with the sentence that was broken.
//! Tests (`src/tests`, `*_tests`, `mod tests`) and measurements (`src/bench`) stand outside the house.
//! It also checks that every rule number and every file that comments and documents name exists.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Each room with the rooms below it that it may use. `served` is the part of `pages` that only the server renders.
const ROOMS: [(&str, &[&str]); 16] = [
    ("domain", &[]),
    ("text", &["domain"]),
    ("paths", &["domain"]),
    ("browser", &["domain", "paths"]),
    ("letters", &[]),
    ("page_status", &[]),
    ("cookies", &["domain"]),
    ("server", &["domain", "paths", "text"]),
    ("request", &["cookies", "domain", "paths", "server"]),
    ("api", &["cookies", "domain", "paths", "request", "server", "text"]),
    ("from_service", &["api", "domain", "server"]),
    ("components", &["api", "browser", "domain", "letters", "page_status", "paths", "text"]),
    ("pages", &["api", "browser", "components", "domain", "page_status", "paths", "text"]),
    ("app", &["api", "browser", "components", "domain", "pages", "paths", "text"]),
    ("http", &["api", "app", "cookies", "domain", "paths", "request", "server", "text"]),
    ("cli", &["cookies", "domain", "http", "server", "text"]),
];

/// The floors of the engine, from the ground: what stands on one uses those below it and nothing beside or above it.
const FLOORS: [&[&str]; 6] = [
    &["budget", "calendar", "catalogue", "clock", "config", "key_file", "lifecycle", "qr", "random", "security"],
    &["counters", "notifier", "secrets"],
    &["storage", "push", "telemetry"],
    &["state"],
    &["services"],
    &["jobs", "live"],
];

/// The server functions' names in URLs. Installed apps know them: a name is added or kept, never changed.
pub(super) const ENDPOINTS: &str = "account archive ask_hand_over asked_hand_over card change_display change_name change_presence change_push_time change_quiet_hours change_relation \
    change_switches check_invitation confirm_hand_over confirm_recovery devices end_other_sessions end_session enter_hand_over hand_over inbox invite invite_page join join_door \
    join_welcome keep_recovery lead_out leave_pair make_hand_over move_on nudge pair_settings pause_pair presence push_key quiet_settings read_inbox \
    receipt recovery_page refuse_hand_over remove_device rename_device renew_recovery resume_pair season seen_live sign_in sign_out sign_up \
    start_again start_pair submit_answer subscribe swap_question switches take_hand_over test_device today unsubscribe withdraw_hand_over \
    withdraw_invitation zones";

/// Lists of sentences, one a line: they are as long as the app is talkative.
const LISTS: [&str; 2] = ["text/ko.rs", "text/en.rs"];
const LINES: usize = 370;

// ---- reading

/// A source file, without its comments, the insides of its strings, and its tests.
struct Source {
    /// Below `src`.
    name: String,
    text: String,
    tokens: Vec<Token>,
    /// The string literals, with their lines.
    strings: Vec<(usize, String)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Token {
    text: String,
    line: usize,
}

/// A path in the code, from the root of the crate.
struct Named {
    line: usize,
    parts: Vec<String>,
    /// Whether it stands inside a function or another item.
    is_indented: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files below a folder whose names end in one of these.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            files(&path, endings, found);
        } else if path.extension().is_some_and(|extension| endings.iter().any(|ending| extension == *ending)) {
            found.push(path);
        }
    }
}

/// Every source file, tests too.
fn all() -> Vec<Source> {
    let mut found = Vec::new();
    files(&root(), &["rs"], &mut found);
    found.sort();
    assert!(found.len() > 80, "only {} files", found.len());
    let name = |path: &Path| path.strip_prefix(root()).expect("below src").to_string_lossy().into_owned();
    found.iter().map(|path| Source::read(name(path), fs::read_to_string(path).expect("text"))).collect()
}

/// The files of the house itself.
fn house() -> Vec<Source> {
    let is_outside = |name: &str| name.starts_with("tests/") || name.starts_with("bench/") || name.contains("_tests");
    all().into_iter().filter(|source| !is_outside(&source.name)).collect()
}

impl Source {
    fn read(name: String, mut text: String) -> Self {
        if let Some(tests) = text.find("#[cfg(test)]\nmod tests {") {
            text.truncate(tests);
        }
        let (code, strings) = without_words(&text);
        Self { name, tokens: tokens(&code), strings, text }
    }

    /// The room this file is part of.
    fn room(&self) -> &str {
        match self.name.as_str() {
            "api/from_service.rs" => "from_service",
            "http/cookies.rs" => "cookies",
            "http/page_status.rs" => "page_status",
            "http/request.rs" => "request",
            name => name.split('/').next().unwrap_or_default().trim_end_matches(".rs"),
        }
    }

    /// The module this file is, from the root.
    fn module(&self) -> Vec<String> {
        let name = self.name.trim_end_matches(".rs");
        name.trim_end_matches("/mod").split('/').map(str::to_owned).collect()
    }

    fn at(&self, line: usize, sentence: &str) -> String {
        format!("src/{}:{line}: {sentence}", self.name)
    }

    /// Whether the tokens from `at` on are these.
    fn reads(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(next, word)| self.tokens.get(at + next).is_some_and(|token| token.text == *word))
    }

    /// Everything named from `crate` or through `super`, as from the root of the crate.
    fn named(&self) -> Vec<Named> {
        let mut named = self.named_from("crate");
        for mut relative in self.named_from("super") {
            let mut parts = self.module();
            parts.pop();
            while relative.parts.first().is_some_and(|part| part == "super") {
                relative.parts.remove(0);
                parts.pop();
            }
            parts.append(&mut relative.parts);
            named.push(Named { parts, ..relative });
        }
        named
    }

    fn named_from(&self, start: &str) -> Vec<Named> {
        let (mut named, mut end) = (Vec::new(), 0);
        for (at, token) in self.tokens.iter().enumerate() {
            // What stands inside a tree was found with it.
            let is_first = at >= end && (at == 0 || self.tokens[at - 1].text != "::");
            if is_first && token.text == start && self.reads(at + 1, &["::"]) {
                let mut found = Vec::new();
                end = branches(&self.tokens, at + 2, &[], &mut found);
                let is_indented = self.text.lines().nth(token.line - 1).is_some_and(|line| line.starts_with(' '));
                named.extend(found.into_iter().map(|parts| Named { line: token.line, parts, is_indented }));
            }
        }
        named
    }

    /// Where the code names one of these crates.
    fn names_crate(&self, crates: &[&str]) -> Vec<(usize, String)> {
        let tokens = self.tokens.iter().enumerate();
        tokens
            .filter(|(at, token)| {
                crates.contains(&token.text.as_str())
                    && self.reads(at + 1, &["::"])
                    && (*at == 0 || !matches!(self.tokens[at - 1].text.as_str(), "::" | "."))
            })
            .map(|(_, token)| (token.line, token.text.clone()))
            .collect()
    }
}

/// The paths of a `use` tree whose first token is at `at`; gives where it ends.
fn branches(tokens: &[Token], at: usize, before: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    if text(at) == "{" {
        let mut at = at + 1;
        while !matches!(text(at), "}" | "") {
            at = if text(at) == "," { at + 1 } else { branches(tokens, at, before, found) };
        }
        return at + 1;
    }
    let path = [before, &[text(at).to_owned()]].concat();
    let goes_on =
        text(at + 1) == "::" && text(at + 2).starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '{' | '*'));
    if goes_on {
        return branches(tokens, at + 2, &path, found);
    }
    found.push(path);
    if text(at + 1) == "as" { at + 3 } else { at + 1 }
}

/// The code with comments and the insides of strings blanked, and the strings.
fn without_words(text: &str) -> (String, Vec<(usize, String)>) {
    let letters: Vec<char> = text.chars().collect();
    let letter = |at: usize| letters.get(at).copied().unwrap_or('\0');
    let (mut code, mut strings, mut line, mut at) = (String::new(), Vec::new(), 1, 0);
    while at < letters.len() {
        let end = match (letter(at), letter(at + 1)) {
            ('/', '/') => (at..letters.len()).find(|end| letters[*end] == '\n').unwrap_or(letters.len()),
            ('/', '*') => (at + 2..letters.len())
                .find(|end| letters[*end - 1] == '*' && letters[*end] == '/')
                .map_or(letters.len(), |end| end + 1),
            ('r', '"' | '#') if !letter(at.wrapping_sub(1)).is_alphanumeric() && letter(at.wrapping_sub(1)) != '_' => {
                raw_string_end(&letters, at)
            }
            ('"', _) => {
                let mut end = at + 1;
                while end < letters.len() && letters[end] != '"' {
                    end += if letters[end] == '\\' { 2 } else { 1 };
                }
                end + 1
            }
            ('\'', '\\') => {
                (at + 3..letters.len()).find(|end| letters[*end] == '\'').map_or(letters.len(), |end| end + 1)
            }
            ('\'', _) if letter(at + 2) == '\'' => at + 3,
            _ => at,
        };
        if end == at {
            code.push(letter(at));
            line += usize::from(letter(at) == '\n');
            at += 1;
            continue;
        }
        let piece: String = letters[at..end.min(letters.len())].iter().collect();
        if piece.starts_with(['"', 'r']) {
            strings.push((line, piece.trim_matches(['r', '#', '"']).to_owned()));
            code.push_str("\"\"");
        }
        let breaks = piece.matches('\n').count();
        code.push_str(&"\n".repeat(breaks));
        line += breaks;
        at = end;
    }
    (code, strings)
}

/// Where a raw string that begins at `at` ends; `at` itself when none begins there (`r#type` is a name).
fn raw_string_end(letters: &[char], at: usize) -> usize {
    let hashes = letters[at + 1..].iter().take_while(|c| **c == '#').count();
    if letters.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = at + 2 + hashes;
    letters[body..]
        .windows(closing.len())
        .position(|window| window == closing)
        .map_or(letters.len(), |end| body + end + closing.len())
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let is_name = |c: char| c.is_alphanumeric() || c == '_';
            let length = match first {
                _ if is_name(first) => rest.find(|c| !is_name(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            found.push(Token { text: rest[..length].to_owned(), line: number + 1 });
            rest = rest[length..].trim_start();
        }
    }
    found
}

/// Fails with everything that was broken.
fn hold(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

/// Runs a rule over the files of the house.
fn keep(rule: impl Fn(&Source, &mut Vec<String>)) {
    let mut broken = Vec::new();
    for source in house() {
        rule(&source, &mut broken);
    }
    hold(broken);
}

#[test]
fn the_reader_sees_every_path_and_no_words() {
    let sample = "// crate::http is a comment\nuse crate::{\n    api::{self, X as Y},\n    text, // crate::app\n};\nuse super::{super::domain, events};\n\
                  fn f() {\n    let r#type = \"crate::cli \\\" crate::app\";\n    crate::server::go('\"', '\\'', r#\"crate::x\"#);\n}\n\
                  #[cfg(test)]\nmod tests {\n    use crate::bench;\n}\n";
    let source = Source::read("server/live/mod.rs".into(), sample.into());
    let named: Vec<(usize, String, bool)> =
        source.named().into_iter().map(|named| (named.line, named.parts.join("::"), named.is_indented)).collect();
    let expected = [
        (2, "api::self", false),
        (2, "api::X", false),
        (2, "text", false),
        (9, "server::go", true),
        (6, "domain", false),
        (6, "server::events", false),
    ];
    assert_eq!(named, expected.map(|(line, path, is_indented)| (line, path.to_owned(), is_indented)));
    assert_eq!(source.strings, [(8, "crate::cli \\\" crate::app".to_owned()), (9, "crate::x".to_owned())]);
}

// ---- arrows

#[test]
fn every_arrow_points_down() {
    keep(|source, broken| {
        let room = source.room();
        if matches!(room, "lib" | "main") {
            return;
        }
        let Some((_, below)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            broken.push(source.at(1, &format!("the room {room} is not on the floor plan (src/tests/architecture.rs)")));
            return;
        };
        for named in source.named() {
            let target = match named.parts[0].as_str() {
                "served" => "pages",
                other => other,
            };
            if target != room && !below.contains(&target) {
                broken
                    .push(source.at(named.line, &format!("{room} may use {below:?}, not {}", named.parts.join("::"))));
            }
        }
    });
}

#[test]
fn only_the_router_knows_the_app_and_only_the_command_line_the_doors() {
    keep(|source, broken| {
        for named in source.named() {
            match named.parts[0].as_str() {
                "app" if source.name != "http/router.rs" && source.room() != "app" => {
                    broken.push(source.at(named.line, "only http/router.rs names app"))
                }
                "http" if source.room() != "cli" && source.room() != "http" => {
                    broken.push(source.at(named.line, "only cli names http"))
                }
                "cli" if source.room() != "cli" => broken.push(source.at(named.line, "only main names cli")),
                "served" if source.name != "app.rs" => {
                    broken.push(source.at(named.line, "only app names the pages that the server renders"))
                }
                _ => {}
            }
        }
    });
    let main = fs::read_to_string(root().join("main.rs")).expect("main.rs");
    assert!(main.contains("umbba::cli::run()") && main.lines().count() <= 10, "main calls cli and does nothing else");
}

#[test]
fn what_a_server_function_needs_of_the_server_is_imported_in_its_body() {
    const SERVER_ONLY: [&str; 3] = ["cookies", "request", "server"];
    keep(|source, broken| {
        for named in source
            .named()
            .iter()
            .filter(|named| source.room() == "api" && SERVER_ONLY.contains(&&*named.parts[0]) && !named.is_indented)
        {
            broken.push(
                source
                    .at(named.line, "api names server inside function bodies only, so that it compiles in both halves"),
            );
        }
    });
}

#[test]
fn inside_the_engine_every_arrow_points_down_too() {
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    keep(|source, broken| {
        let module = source.module();
        let (Some("server"), Some(own)) = (module.first().map(String::as_str), module.get(1)) else { return };
        let Some(own_floor) = floor(own) else {
            broken.push(source.at(1, &format!("server::{own} is on no floor (src/tests/architecture.rs)")));
            return;
        };
        for named in source.named().iter().filter(|named| named.parts[0] == "server" && named.parts.len() > 1) {
            let target = named.parts[1].as_str();
            if target == own {
                continue;
            }
            if floor(target).is_none_or(|floor| floor >= own_floor) {
                broken.push(source.at(
                    named.line,
                    &format!("server::{own} may not use server::{target}, which does not stand below it"),
                ));
            }
            if own == "storage"
                && !matches!(target, "counters" | "notifier")
                && source.name != "server/storage/seeds.rs"
            {
                broken.push(source.at(
                    named.line,
                    &format!("storage uses domain, the counters and the notifier and nothing else of the server; only its seeds need server::{target}"),
                ));
            }
            if own == "live" && target == "services" && named.parts.get(2).is_none_or(|part| part != "ServiceError") {
                broken.push(
                    source
                        .at(named.line, "live reads the feed from storage; of the services it knows their error alone"),
                );
            }
        }
    });
}

#[test]
fn the_engine_knows_nothing_of_pages_and_http() {
    const OUTSIDE: [&str; 7] = ["leptos", "leptos_axum", "leptos_meta", "leptos_router", "axum", "tower", "tower_http"];
    keep(|source, broken| {
        if source.room() == "server" {
            broken.extend(
                source
                    .names_crate(&OUTSIDE)
                    .iter()
                    .map(|(line, name)| source.at(*line, &format!("the engine does not know {name}"))),
            );
        }
    });
}

#[test]
fn the_domain_knows_the_rules_and_nothing_else() {
    let manifest = fs::read_to_string(root().with_file_name("Cargo.toml")).expect("Cargo.toml");
    let dependencies =
        manifest.split("[dependencies]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("dependencies");
    let fine = ["serde", "thiserror", "unicode_segmentation", "unicode_normalization"];
    let names: Vec<String> = dependencies
        .lines()
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.trim().replace('-', "_"))
        .collect();
    let strange: Vec<&str> =
        names.iter().map(String::as_str).chain(["rand", "tokio"]).filter(|name| !fine.contains(name)).collect();
    assert!(strange.contains(&"sqlx") && strange.contains(&"leptos") && strange.contains(&"jiff"), "{strange:?}");
    keep(|source, broken| {
        if source.room() != "domain" {
            return;
        }
        broken.extend(
            source
                .names_crate(&strange)
                .iter()
                .map(|(line, name)| source.at(*line, &format!("the domain does not know {name}"))),
        );
        for named in source.named_from("std").iter().filter(|named| {
            !matches!(named.parts[0].as_str(), "fmt" | "str" | "collections" | "ops" | "cmp" | "iter" | "hash")
        }) {
            broken.push(
                source.at(
                    named.line,
                    &format!("the domain has no I/O, no clock and no threads: std::{}", named.parts[0]),
                ),
            );
        }
        for token in source.tokens.iter().filter(|token| matches!(token.text.as_str(), "async" | "await" | "unsafe")) {
            broken.push(source.at(token.line, &format!("the domain is pure: no {}", token.text)));
        }
    });
}

// ---- one place for each thing

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
                broken.push(source.at(*line, "SQL stands in server/storage alone"));
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
            // How long a line was silent is measured where the line ends, in the browser.
            if is_asked && source.name != "server/clock.rs" && source.room() != "browser" {
                broken.push(source.at(token.line, "only server/clock.rs asks for the time; everybody else is told"));
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
                    source.at(token.line, "what is started without server::lifecycle is not waited for at the end"),
                );
            }
        }
    });
}

#[test]
fn the_gates_of_the_two_halves_are_in_lib_rs() {
    // What never changes is drawn by the server, and the browser half need not carry it.
    const LEAVES_OUT: &str = "components/windows.rs";
    keep(|source, broken| {
        for (at, token) in
            source.tokens.iter().enumerate().filter(|(_, token)| matches!(token.text.as_str(), "cfg" | "cfg_attr"))
        {
            let asks_for =
                |what: &str| source.tokens.iter().skip(at + 1).take(8).any(|token| token.text.starts_with(what));
            let is_gate = asks_for("feature") || (asks_for("target_") && source.name != LEAVES_OUT);
            if is_gate && source.name != "lib.rs" {
                broken.push(source.at(token.line, "the few gates of this crate are in lib.rs"));
            }
        }
    });
    let manifest = fs::read_to_string(root().with_file_name("Cargo.toml")).expect("Cargo.toml");
    for target in manifest.split("\n[[").skip(1) {
        let target = target.split("\n[").next().unwrap_or_default();
        assert!(target.contains("required-features = [\"ssr\"]"), "no gates in mains: [[{target}");
    }
}

#[test]
fn what_is_not_written_by_hand_is_a_server_function() {
    let listed = crate::http::not_by_hand();
    let unknown =
        listed.iter().filter(|name| !ENDPOINTS.split_whitespace().any(|known| known == **name)).collect::<Vec<_>>();
    assert!(unknown.is_empty(), "{unknown:?}: http/forms.rs");
}

#[test]
fn server_functions_have_the_names_that_installed_apps_know() {
    let mut found = Vec::new();
    let mut broken = Vec::new();
    for source in house() {
        for (at, line) in source.text.lines().enumerate().filter(|(_, line)| line.starts_with("#[server")) {
            let endpoint = line.split_once("endpoint = \"").and_then(|(_, rest)| rest.split_once('"'));
            match endpoint {
                Some((name, _)) if source.room() == "api" => found.push(name.to_owned()),
                Some(_) => broken.push(source.at(at + 1, "server functions live in api")),
                None => broken.push(source.at(at + 1, "without an endpoint the URL holds a hash of the build folder")),
            }
        }
    }
    hold(broken);
    found.sort_unstable();
    assert_eq!(found, ENDPOINTS.split(' ').collect::<Vec<_>>(), "a server function was added, renamed or lost");
}

// ---- how files look

#[test]
fn nothing_gives_up_outside_tests() {
    keep(|source, broken| {
        for (at, token) in source.tokens.iter().enumerate() {
            let gives_up = (matches!(token.text.as_str(), "todo" | "unimplemented" | "dbg" | "panic")
                && source.reads(at + 1, &["!"]))
                || (token.text == "unwrap" && source.reads(at + 1, &["(", ")"]));
            if gives_up {
                broken.push(source.at(
                    token.line,
                    &format!(
                        "{} has no place outside tests: use ?, or expect with the reason it cannot fail",
                        token.text
                    ),
                ));
            }
        }
    });
}

#[test]
fn no_view_styles_itself() {
    keep(|source, broken| {
        if !matches!(source.room(), "app" | "components" | "pages") {
            return;
        }
        for (at, token) in source.tokens.iter().enumerate().filter(|(_, token)| token.text == "style") {
            let is_attribute = source.reads(at + 1, &["="]) || source.reads(at + 1, &[":"]);
            let is_element = at > 0 && source.tokens[at - 1].text == "<";
            if is_attribute || is_element {
                broken.push(source.at(token.line, "the Content-Security-Policy forbids inline styles: use a class"));
            }
        }
        let named = source.strings.iter().filter(|(_, text)| text == "style");
        broken.extend(
            named.map(|(line, _)| source.at(*line, "the Content-Security-Policy forbids inline styles: use a class")),
        );
    });
}

#[test]
fn every_form_is_made_in_one_place() {
    keep(|source, broken| {
        for (at, line) in source.text.lines().enumerate().filter(|(_, line)| line.contains("<form")) {
            if source.name != "components/form.rs" && !line.trim_start().starts_with("//") {
                broken.push(source.at(at + 1, "components/form.rs makes every form: it says for whom and from where"));
            }
        }
    });
}

#[test]
fn every_file_says_at_its_head_what_lives_in_it() {
    hold(
        all()
            .iter()
            .filter(|source| !source.text.starts_with("//! "))
            .map(|source| source.at(1, "a file begins with //! and what lives in it"))
            .collect(),
    );
}

#[test]
fn no_file_is_longer_than_it_can_be_read() {
    keep(|source, broken| {
        let lines = source.text.lines().count();
        if lines > LINES && !LISTS.contains(&source.name.as_str()) {
            broken.push(source.at(
                lines,
                &format!("{lines} lines without its tests: a file over 250 is asked to split, one over {LINES} must"),
            ));
        }
    });
}

// ---- documents

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The documents of the repository: name and text.
fn documents() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&repository().join("docs"), &["md"], &mut found);
    found.extend(["CONTRIBUTING.md", "README.md", "SECURITY.md"].map(|name| repository().join(name)));
    found.sort();
    let name = |path: &Path| path.strip_prefix(repository()).expect("in the repository").to_string_lossy().into_owned();
    found.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
}

/// Whether a word is the number of a rule: an R and digits (`R45`).
fn is_rule_number(word: &str) -> bool {
    word.strip_prefix('R').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The rule numbers in a text. Of a range (`R40–R44`) its two ends.
fn cited(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| is_rule_number(word)).collect()
}

/// The numbers that `docs/RULES.md` defines: each begins an item of a list, in bold.
fn defined(list: &str) -> Vec<&str> {
    let items = list.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
    items.map(|(number, _)| number).filter(|number| is_rule_number(number)).collect()
}

/// Whether a word in backticks is the path of a file here. A bare name and a pattern are not.
fn is_file(word: &str) -> bool {
    let has_ending = [".js", ".md", ".rs", ".sql", ".toml", ".ts"].iter().any(|ending| word.ends_with(ending));
    // What begins with a slash is an address.
    has_ending && word.contains('/') && !word.starts_with('/') && !word.contains(['*', ' '])
}

#[test]
fn every_rule_that_is_cited_exists_and_no_number_is_given_twice() {
    assert_eq!(cited("Rules R12–R14, `R45`; RFC 9112, R2D2, _R3 and R"), ["R12", "R14", "R45"]);
    let documents = documents();
    let (_, list) = documents.iter().find(|(name, _)| name == "docs/RULES.md").expect("docs/RULES.md");
    let numbers = defined(list);
    let known: BTreeSet<&str> = numbers.iter().copied().collect();
    assert!(known.len() > 80, "only {} rules", known.len());
    let mut broken = Vec::new();
    for number in &known {
        if numbers.iter().filter(|other| *other == number).count() > 1 {
            broken.push(format!("docs/RULES.md: {number} is given twice"));
        }
    }
    for (name, text) in &documents {
        for (at, line) in text.lines().enumerate() {
            let unknown = cited(line).into_iter().filter(|number| !known.contains(number));
            broken.extend(unknown.map(|number| format!("{name}:{}: docs/RULES.md has no rule {number}", at + 1)));
        }
    }
    let mut sources = Vec::new();
    files(&root(), &["js", "rs", "ts"], &mut sources);
    sources.sort();
    for path in sources {
        let text = fs::read_to_string(&path).expect("text");
        for (at, line) in text.lines().enumerate() {
            let comment = line.find("//").or_else(|| line.find("/*")).map_or("", |start| &line[start..]);
            let unknown = cited(comment).into_iter().filter(|number| !known.contains(number));
            broken.extend(
                unknown.map(|number| format!("{}:{}: docs/RULES.md has no rule {number}", path.display(), at + 1)),
            );
        }
    }
    hold(broken);
}

#[test]
fn every_file_that_a_document_names_exists() {
    let mut broken = Vec::new();
    for (name, text) in documents() {
        for (at, line) in text.lines().enumerate() {
            // Every second part stands between two backticks.
            for file in line.split('`').skip(1).step_by(2).filter(|word| is_file(word)) {
                if !root().join(file).exists() && !repository().join(file).exists() {
                    broken.push(format!("{name}:{}: there is no file {file}", at + 1));
                }
            }
        }
    }
    hold(broken);
}
