//! Rules for the text of files: their first line, their length, the length of their lines, and forbidden content.

use std::{fs, path::Path};

use super::{
    documents::documents,
    hold, keep, repository,
    source::{files, is_test, root},
};

/// Lists with one sentence per line. They are exempt from the length limit, because they grow with the app's sentences.
const SENTENCES: [&str; 2] = ["text/ko.rs", "text/en.rs"];
/// The maximum number of characters in a line. Rows of tables and lines without a blank (a URL) are exempt.
const WIDTH: usize = 120;
const APP_LINES: usize = 300;
const TEST_LINES: usize = 400;

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
        if !matches!(source.top_module(), "app" | "components" | "pages") {
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
                broken
                    .push(source.at(at + 1, "components/form.rs makes every form: it adds the fields whose and from"));
            }
        }
    });
}

#[test]
fn every_file_says_at_its_head_what_it_contains() {
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        if !text.starts_with("//! ") {
            broken.push(format!("src/{name}:1: a file begins with //! and what it contains"));
        }
    }
    hold(broken);
}

#[test]
fn no_file_is_too_long() {
    let mut broken = Vec::new();
    for (name, text) in rust_files() {
        let limit = if is_test(&name) { TEST_LINES } else { APP_LINES };
        let lines = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().count();
        if lines > limit && !SENTENCES.contains(&name.as_str()) {
            broken.push(format!("src/{name}: {lines} lines, the limit is {limit}"));
        }
    }
    hold(broken);
}

/// Every Rust file below `src`, tests too: name and text.
fn rust_files() -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&root(), &["rs"], &mut found);
    let name = |path: &Path| path.strip_prefix(root()).expect("below src").to_string_lossy().into_owned();
    found.iter().map(|path| (name(path), fs::read_to_string(path).expect("text"))).collect()
}

/// The paths of drawings are raw strings, which cannot be broken.
const DRAWINGS: &str = "src/components/windows.rs";

#[test]
fn no_line_is_too_long() {
    let mut found = Vec::new();
    for folder in ["src", "style", "public", "end2end/tests", "end2end/support", ".ci"] {
        files(&repository().join(folder), &["css", "js", "mjs", "rs", "ts"], &mut found);
    }
    let name = |path: &Path| path.strip_prefix(repository()).expect("in the repository").to_string_lossy().into_owned();
    let code = found.iter().map(|path| (name(path), fs::read_to_string(path).expect("text")));
    let mut broken = Vec::new();
    for (name, text) in code.chain(documents()) {
        if name == DRAWINGS {
            continue;
        }
        for (at, line) in text.lines().enumerate() {
            let is_row = name.ends_with(".md") && line.trim_start().starts_with('|');
            if line.chars().count() > WIDTH && !is_row && line.trim().contains(' ') {
                broken.push(format!("{name}:{}: {} characters, the limit is {WIDTH}", at + 1, line.chars().count()));
            }
        }
    }
    hold(broken);
}
