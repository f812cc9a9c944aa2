//! Rules for `docs/DELIVERY.md`: every delivery method has a section with the same five items, every test that a
//! section names exists, and every measured figure is one of `docs/MEASURED.md`.

use std::{collections::BTreeSet, fs};

use proc_macro2::TokenTree;
use syn::{Attribute, Item};

use super::{
    hold, repository,
    source::{files, root},
};

/// The methods that the document compares.
const METHODS: [&str; 14] = [
    "Push and pull",
    "Polling",
    "Long polling",
    "Streaming",
    "WebSocket",
    "Server-sent events",
    "Web Push",
    "FCM notification messages",
    "FCM data messages",
    "FCM to a single device",
    "FCM to a device group",
    "FCM to a topic",
    "APNs",
    "GCM",
];

/// The items of each section, in their order: what serves the method here, when to choose it, what it costs, which
/// facts hold today, and the tests.
const ITEMS: [&str; 5] = ["Here", "Choose it", "Measured", "Today", "Tests"];

/// A part of the document with a heading of the third level.
#[derive(Debug)]
struct Section {
    line: usize,
    method: String,
    /// Label and text of each item. Its lines are joined.
    items: Vec<(String, String)>,
}

impl Section {
    /// The text of an item; empty when there is none.
    fn text(&self, wanted: &str) -> &str {
        self.items.iter().find(|(label, _)| label == wanted).map_or("", |(_, text)| text.as_str())
    }
}

fn sections(document: &str) -> Vec<Section> {
    let mut found: Vec<Section> = Vec::new();
    let mut is_inside = false;
    for (at, line) in document.lines().enumerate() {
        if let Some(method) = line.strip_prefix("### ") {
            found.push(Section { line: at + 1, method: method.to_owned(), items: Vec::new() });
            is_inside = true;
        } else if line.starts_with('#') {
            is_inside = false;
        } else if let Some(section) = found.last_mut().filter(|_| is_inside) {
            if let Some((label, text)) = line.strip_prefix("- **").and_then(|item| item.split_once(":**")) {
                section.items.push((label.to_owned(), text.trim().to_owned()));
            } else if let (Some((_, text)), Some(more)) = (section.items.last_mut(), line.strip_prefix("  ")) {
                text.push(' ');
                text.push_str(more.trim());
            }
        }
    }
    found
}

/// The words in backticks. A text is split at backticks, which puts them at the odd positions.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The numbers in a text, as they are written: `2,502` and `7.6`, without the comma or full stop of the sentence.
fn figures(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '.' && c != ',');
    let words = words.map(|word| word.trim_matches(['.', ',']));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit())).collect()
}

/// The sentences about what is wrong with the document. `tests` has the names of all tests as the document writes them.
fn faults(document: &str, methods: &[&str], tests: &BTreeSet<String>, measured: &str) -> Vec<String> {
    let sections = sections(document);
    let measured = figures(measured);
    let mut faults = Vec::new();
    for method in methods {
        match sections.iter().filter(|section| section.method == *method).count() {
            1 => {}
            count => faults.push(format!("docs/DELIVERY.md: \"### {method}\" is there {count} times, once is right")),
        }
    }
    for section in &sections {
        let mut fault =
            |what: &str| faults.push(format!("docs/DELIVERY.md:{}: {}: {what}", section.line, section.method));
        if !methods.contains(&section.method.as_str()) {
            fault("METHODS in src/tests/architecture/delivery.rs does not list it");
        }
        let labels: Vec<&str> = section.items.iter().map(|(label, _)| label.as_str()).collect();
        if labels != ITEMS {
            fault(&format!("its items are {labels:?}, they are to be {ITEMS:?}"));
        }
        let named: Vec<&str> = quoted(section.text("Tests")).collect();
        if named.is_empty() {
            fault("it names no test");
        }
        for name in named.into_iter().filter(|name| !tests.contains(*name)) {
            fault(&format!("there is no test `{name}`"));
        }
        for figure in figures(section.text("Measured")).difference(&measured) {
            fault(&format!("docs/MEASURED.md does not have the figure {figure}"));
        }
    }
    faults
}

// ---- the tests that exist

/// The macros that make tests: their names, and what they put before or after the name of a case.
const ON_DATABASES: (&str, [&str; 2]) = ("on_both_databases", ["sqlite", "postgres"]);
const OVER_TRANSPORTS: (&str, [&str; 5]) =
    ("over_every_transport", ["sse", "ndjson", "websocket", "long_poll", "poll"]);

/// The path of a file's module from the root of the crate. A file or folder whose name ends in `_tests` is the module
/// `tests` of the file that is named before it (`#[path]`).
fn module_of(file: &str) -> String {
    let file = file.trim_end_matches(".rs");
    let parts = file.strip_suffix("/mod").unwrap_or(file).split('/');
    let parts = parts.map(|part| part.strip_suffix("_tests").map_or(part.to_owned(), |of| format!("{of}::tests")));
    parts.collect::<Vec<_>>().join("::")
}

/// Finds the tests in the items of a module.
fn rust_tests(module: &str, items: &[Item], found: &mut BTreeSet<String>) {
    let is_test = |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "test");
    for item in items {
        match item {
            Item::Fn(function) if function.attrs.iter().any(is_test) => {
                found.insert(format!("{module}::{}", function.sig.ident));
            }
            Item::Mod(inner) => {
                if let Some((_, items)) = &inner.content {
                    rust_tests(&format!("{module}::{}", inner.ident), items, found);
                }
            }
            Item::Macro(call) => {
                let cases: Vec<String> = call.mac.tokens.clone().into_iter().filter_map(case).collect();
                let is_called = |name: &str| call.mac.path.is_ident(name);
                for case in cases.iter().filter(|_| is_called(ON_DATABASES.0)) {
                    found.extend(ON_DATABASES.1.map(|database| format!("{module}::{database}::{case}")));
                }
                for case in cases.iter().filter(|_| is_called(OVER_TRANSPORTS.0)) {
                    found.extend(OVER_TRANSPORTS.1.map(|transport| format!("{module}::{case}::{transport}")));
                }
            }
            _ => {}
        }
    }
}

fn case(token: TokenTree) -> Option<String> {
    if let TokenTree::Ident(name) = token { Some(name.to_string()) } else { None }
}

/// The titles of the tests in a file of Playwright: `test('title'` at the start of a line.
fn playwright_titles(text: &str) -> Vec<String> {
    let calls = text.match_indices("test(").filter(|(at, _)| {
        let before = text[..*at].rsplit('\n').next().unwrap_or_default();
        before.trim().is_empty()
    });
    calls
        .filter_map(|(at, call)| {
            let argument = text[at + call.len()..].trim_start();
            let mark = argument.chars().next().filter(|mark| matches!(mark, '\'' | '"'))?;
            argument[1..].split_once(mark).map(|(title, _)| title.to_owned())
        })
        .collect()
}

/// The names of all tests, as the document writes them: `tests::days::NAME` and `end2end/tests/days.spec.ts: "title"`.
fn all_tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut rust = Vec::new();
    files(&root(), &["rs"], &mut rust);
    for path in rust {
        let text = fs::read_to_string(&path).expect("text");
        let has_tests = ["test]", "test(", ON_DATABASES.0, OVER_TRANSPORTS.0].iter().any(|word| text.contains(word));
        if has_tests {
            let name = path.strip_prefix(root()).expect("below src").to_string_lossy().into_owned();
            let file = syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{name}: {error}"));
            rust_tests(&module_of(&name), &file.items, &mut found);
        }
    }
    let mut specs = Vec::new();
    files(&repository().join("end2end/tests"), &["ts"], &mut specs);
    for path in specs {
        let name = path.strip_prefix(repository()).expect("in the repository").to_string_lossy().into_owned();
        let titles = playwright_titles(&fs::read_to_string(&path).expect("text"));
        found.extend(titles.into_iter().map(|title| format!("{name}: \"{title}\"")));
    }
    found
}

#[test]
fn every_delivery_method_has_its_section_and_the_tests_that_it_names_exist() {
    let read = |name: &str| fs::read_to_string(repository().join(name)).expect("text");
    let tests = all_tests();
    assert!(tests.len() > 500, "only {} tests", tests.len());
    for (file, names) in [
        ("src/tests/transports/mod.rs", &OVER_TRANSPORTS.1.map(|name| format!("async fn {name}()"))[..]),
        ("src/tests/storage/mod.rs", &ON_DATABASES.1.map(|name| format!("mod {name} {{"))[..]),
    ] {
        for name in names {
            assert!(read(file).contains(name), "{file} has no {name}");
        }
    }
    hold(faults(&read("docs/DELIVERY.md"), &METHODS, &tests, &read("docs/MEASURED.md")));
}

#[test]
fn a_method_that_is_missing_and_a_test_that_does_not_exist_are_found() {
    let tests = BTreeSet::from(["tests::feed::it_is_told".to_owned(), "a.spec.ts: \"it is shown\"".to_owned()]);
    let section = |method: &str, measured: &str, named: &str| {
        format!(
            "### {method}\n\n- **Here:** a file\n- **Choose it:** when it is\n  right\n- **Measured:** {measured}\n\
             - **Today:** as before\n- **Tests:** {named}\n\n## After it\n\n- **Here:** in no section\n\n"
        )
    };
    let faults = |document: &str| faults(document, &["Poll", "Push"], &tests, "| poll | 1,000 | 7.6 | 2.5 ms |");
    let poll = section(
        "Poll",
        "2.5 ms with 1,000 members, and 7.6.",
        "`tests::feed::it_is_told`, `a.spec.ts: \"it is\n  shown\"`",
    );
    let push = section("Push", "nothing", "`tests::feed::it_is_told`");

    assert_eq!(faults(&format!("{poll}{push}")), Vec::<String>::new());
    assert_eq!(faults(&poll), ["docs/DELIVERY.md: \"### Push\" is there 0 times, once is right"]);
    assert_eq!(
        faults(&format!("{poll}{push}{push}")),
        ["docs/DELIVERY.md: \"### Push\" is there 2 times, once is right"]
    );
    let of_push = |measured: &str, named: &str| faults(&format!("{}{poll}", section("Push", measured, named)));
    assert_eq!(
        of_push("nothing", "`tests::feed::it_is_lost`, `b.spec.ts: \"it is shown\"`"),
        [
            "docs/DELIVERY.md:1: Push: there is no test `tests::feed::it_is_lost`",
            "docs/DELIVERY.md:1: Push: there is no test `b.spec.ts: \"it is shown\"`"
        ]
    );
    assert_eq!(of_push("nothing", "none yet"), ["docs/DELIVERY.md:1: Push: it names no test"]);
    assert_eq!(
        of_push("2.5 ms, 76 and 2.50", "`tests::feed::it_is_told`"),
        [
            "docs/DELIVERY.md:1: Push: docs/MEASURED.md does not have the figure 2.50",
            "docs/DELIVERY.md:1: Push: docs/MEASURED.md does not have the figure 76"
        ]
    );
    assert_eq!(
        faults(&format!("{poll}{}", push.replace("- **Today:** as before\n", ""))),
        [format!(
            "docs/DELIVERY.md:15: Push: its items are {:?}, they are to be {ITEMS:?}",
            ["Here", "Choose it", "Measured", "Tests"]
        )]
    );
    let mail = section("Mail", "nothing", "`tests::feed::it_is_told`");
    assert_eq!(
        faults(&format!("{mail}{push}{poll}")),
        ["docs/DELIVERY.md:1: Mail: METHODS in src/tests/architecture/delivery.rs does not list it"]
    );
}

#[test]
fn tests_are_found_by_their_attribute_their_macro_and_their_title() {
    let text = "#[test] fn plain() {}\n#[tokio::test(flavor = \"multi_thread\")] async fn waiting() {}\n\
                fn helper() {}\n#[cfg(test)] mod tests { #[test] fn inner() {} fn other() {} }\n\
                over_every_transport! { told }\non_both_databases! { kept, }\nvec! { no_case }\n";
    let mut found = BTreeSet::new();
    rust_tests("feed", &syn::parse_file(text).expect("Rust").items, &mut found);
    let expected = [
        "feed::plain",
        "feed::postgres::kept",
        "feed::sqlite::kept",
        "feed::tests::inner",
        "feed::told::long_poll",
        "feed::told::ndjson",
        "feed::told::poll",
        "feed::told::sse",
        "feed::told::websocket",
        "feed::waiting",
    ];
    assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    assert_eq!(
        ["tests/days.rs", "tests/push/mod.rs", "server/push/fcm_tests.rs", "server/push/sender_tests/guard.rs"]
            .map(module_of),
        ["tests::days", "tests::push", "server::push::fcm::tests", "server::push::sender::tests::guard"]
    );
    let text = "test('one', async () => {\n  test(\n    \"two's\",\n  );\n// test('three')\n  await test('four');\n\
                test.skip('five', f);\ntest(`six ${at}`, f);\n";
    assert_eq!(playwright_titles(text), ["one", "two's"]);
}
