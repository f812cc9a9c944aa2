//! Tests of the contract between Rust and the scripts. `src/browser/client.rs` and `src/client/contract.ts` declare the
//! same functions, types and words; scripts name only endpoints and elements that exist; and no script repeats a rule
//! that Rust decides.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const SCRIPTS: [&str; 3] = ["client", "scripts", "worker"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).expect(file)
}

/// The files below a folder of `src` with this ending, without their comments.
fn code(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).expect(folder) {
        let path = entry.expect("a file").path();
        let name = path.strip_prefix(root()).expect("below src").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(code(&name, ending));
        } else if name.ends_with(ending) {
            let text = read(&name);
            let is_comment = |line: &&str| ["//", "/*", "*"].iter().any(|start| line.trim_start().starts_with(start));
            found.push((name, text.lines().filter(|line| !is_comment(line)).collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

fn scripts() -> Vec<(String, String)> {
    SCRIPTS.iter().flat_map(|folder| code(folder, ".ts")).collect()
}

/// Returns the text between each `start` and the next of `ends`.
fn between<'a>(text: &'a str, start: &str, ends: &[char]) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(ends).next().unwrap_or_default().trim()).collect()
}

/// Returns the declarations in the `extern` block of `client.rs`: the attributes and the line after them.
fn declarations() -> Vec<(String, String)> {
    let text = read("browser/client.rs");
    let (_, block) = text.split_once("extern \"C\" {").expect("an extern block");
    let (mut attributes, mut found) = (String::new(), Vec::new());
    for line in block.lines().map(str::trim) {
        if line.starts_with("#[wasm_bindgen") {
            attributes = line.to_owned();
        } else if line.starts_with("pub ") {
            found.push((std::mem::take(&mut attributes), line.to_owned()));
        }
    }
    assert!(found.len() > 20, "only {} declarations", found.len());
    found
}

/// The name of a declaration in TypeScript.
fn script_name(attributes: &str, line: &str) -> String {
    let renamed = between(attributes, "js_name = ", &[',', ')']);
    let declared = line.split("fn ").nth(1).or_else(|| line.split("type ").nth(1)).unwrap_or_default();
    let declared = declared.split(['(', ';', '<']).next().unwrap_or_default();
    renamed.first().map_or_else(|| declared.to_owned(), |name| (*name).to_owned())
}

#[test]
fn both_sides_declare_the_same_functions_types_and_words() {
    let contract = read("client/contract.ts");
    let exported: BTreeSet<String> = between(&contract, "export {", &['}'])
        .into_iter()
        .flat_map(|names| names.split(',').map(|name| name.trim().to_owned()).collect::<Vec<_>>())
        .filter(|name| !name.is_empty())
        .collect();
    let mut imported = BTreeSet::new();
    let mut owner = "";
    let declarations = declarations();
    for (attributes, line) in &declarations {
        let name = script_name(attributes, line);
        if line.starts_with("pub type") {
            owner = line.split(['<', ';', ' ']).nth(2).unwrap_or_default();
            let kinds = ["class", "interface"].map(|kind| format!("export {kind} {owner} {{"));
            assert!(kinds.iter().any(|kind| contract.contains(kind)), "contract.ts has no {owner}");
        } else if attributes.contains("getter") {
            let body = between(&contract, &format!(" {owner} {{"), &['}'])[0];
            assert!(
                body.contains(&format!("readonly {name}:")) || body.contains(&format!("readonly {name}?:")),
                "{owner} has no {name}"
            );
        } else if !attributes.contains("constructor") {
            imported.insert(name);
        }
    }
    assert_eq!(imported, exported, "left: Rust, right: contract.ts");

    let rust = read("browser/client.rs");
    let messages = read("worker/messages.ts");
    for words in between(&rust, "pub enum", &['}']) {
        for word in between(words, "= \"", &['"']) {
            let word = format!("'{word}'");
            assert!(contract.contains(&word) || messages.contains(&word), "the scripts have no {word}");
        }
    }
}

#[test]
fn rust_imports_scripts_in_one_file() {
    for (name, text) in code("browser", ".rs").into_iter().chain(code("components", ".rs")).chain(code("pages", ".rs"))
    {
        let is_contract = name == "browser/client.rs";
        assert!(is_contract || !text.contains("umbba/client/"), "{name}: browser/client.rs imports the scripts");
    }
}

#[test]
fn no_script_repeats_a_rule_that_rust_decides() {
    let table = read("api/error.rs");
    let (table, _) = table.split_once("macro_rules! declare").expect("the table of errors");
    let codes: Vec<&str> = table
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .filter(|(name, rest)| {
            rest.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphabetic())
        })
        .map(|(name, _)| name)
        .collect();
    assert!(codes.len() > 50, "only {} errors", codes.len());
    for (name, text) in scripts() {
        for code in &codes {
            // The send queue creates these two errors itself; all other errors come from Rust.
            let is_its_own = name == "client/send_queue.ts" && ["Broken", "Network"].contains(code);
            let is_declared = name == "client/contract.ts";
            let is_named = text.contains(&format!("'{code}'")) || text.contains(&format!("\"{code}\""));
            assert!(is_its_own || is_declared || !is_named, "{name} decides by {code}: let Rust decide");
        }
        assert!(!text.contains(".normalize("), "{name} compares texts: `PairDrafts` does (browser/drafts.rs)");
        assert!(!text.contains("CustomEvent"), "{name}: an event with a made-up name is no contract");
    }
}

#[test]
fn scripts_name_endpoints_and_elements_that_exist() {
    let endpoints: Vec<&str> = super::architecture::ENDPOINTS.split_whitespace().collect();
    let pages: String = ["app.rs"]
        .map(read)
        .into_iter()
        .chain(code("components", ".rs").into_iter().chain(code("pages", ".rs")).map(|(_, text)| text))
        .collect();
    for (name, text) in scripts() {
        let mut named = between(&text, "/api/", &['\'', '`', '"', '/', '$', ';']);
        named.extend(between(&text, "\\/api\\/(", &[')']).into_iter().flat_map(|names| names.split('|')));
        named.extend(between(&text, "type Endpoint = ", &[';']).into_iter().flat_map(|names| names.split(" | ")));
        for endpoint in named.iter().map(|name| name.trim_matches('\'')).filter(|name| !name.is_empty()) {
            assert!(endpoints.contains(&endpoint), "{name}: there is no server function {endpoint}");
        }
        for attribute in between(&text, "[data-", &[']', '=']) {
            assert!(pages.contains(&format!("data-{attribute}")), "{name}: no page has data-{attribute}");
        }
    }
}

#[test]
fn scripts_make_the_address_of_todays_page_as_rust_does() {
    let pair = crate::domain::PairId(1);
    assert_eq!(crate::paths::today(pair), format!("/p/{pair}/today"));
    let made = scripts().into_iter().filter(|(_, text)| text.contains("/today`")).collect::<Vec<_>>();
    assert!(made.iter().all(|(_, text)| text.contains("`/p/${pair}/today`")), "an address of today's page is another");
    assert_eq!(made.len(), 1, "one script makes it");
}

#[test]
fn rust_reads_no_data_attribute_in_the_browser() {
    for (name, text) in code("browser", ".rs").into_iter().chain(code("components", ".rs")).chain(code("pages", ".rs"))
    {
        let reads = ["get_attribute(\"data-", "dataset", "selector(\"[data-"];
        let read = reads.iter().find(|read| text.contains(*read));
        assert!(read.is_none(), "{name} reads an attribute that a page carries: pass it as a property of an island");
    }
}
