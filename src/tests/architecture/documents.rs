//! Rules for documents and comments: every rule number and every file that they name exists.

use std::{collections::BTreeSet, fs, path::Path};

use super::{
    hold, repository,
    source::{files, root},
};

/// The documents of the repository: name and text.
pub(super) fn documents() -> Vec<(String, String)> {
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

/// The rule numbers in a text. A range (`R40–R44`) counts as its two ends.
fn cited(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| is_rule_number(word)).collect()
}

/// The rule numbers that `docs/RULES.md` defines: each is the bold start of a list item.
fn defined(list: &str) -> Vec<&str> {
    let items = list.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("**"));
    items.map(|(number, _)| number).filter(|number| is_rule_number(number)).collect()
}

/// Whether a word in backticks is the path of a file here. A bare file name or a pattern is not.
fn is_file(word: &str) -> bool {
    let has_ending = [".js", ".md", ".rs", ".sql", ".toml", ".ts"].iter().any(|ending| word.ends_with(ending));
    // A word that begins with a slash is a URL path.
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
            // Splitting at backticks puts the quoted words at the odd positions.
            for file in line.split('`').skip(1).step_by(2).filter(|word| is_file(word)) {
                if !root().join(file).exists() && !repository().join(file).exists() {
                    broken.push(format!("{name}:{}: there is no file {file}", at + 1));
                }
            }
        }
    }
    hold(broken);
}
