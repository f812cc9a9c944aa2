//! Rules for which module may use which: the arrows of the module map (`docs/ARCHITECTURE.md`).

use std::fs;

use super::{keep, source::root};

/// Each module with the modules that it may use, all of them above it in this list. `served` is the part of `pages`
/// that only the server renders.
const MODULES: [(&str, &[&str]); 18] = [
    ("domain", &[]),
    ("text", &["domain"]),
    ("paths", &["domain"]),
    ("browser", &["domain", "paths"]),
    ("letters", &[]),
    ("page_status", &[]),
    ("cookies", &["domain"]),
    ("spans", &[]),
    ("server", &["domain", "paths", "spans", "text"]),
    ("request", &["cookies", "domain", "paths", "server"]),
    ("api", &["cookies", "domain", "paths", "request", "server", "text"]),
    ("reads", &["api", "domain", "paths", "request", "server"]),
    ("from_service", &["api", "domain", "server"]),
    ("components", &["api", "browser", "domain", "letters", "page_status", "paths", "text"]),
    ("pages", &["api", "browser", "components", "domain", "page_status", "paths", "reads", "text"]),
    ("app", &["api", "browser", "components", "domain", "pages", "paths", "text"]),
    ("http", &["api", "app", "cookies", "domain", "paths", "request", "server", "text"]),
    ("cli", &["cookies", "domain", "http", "server", "text"]),
];

/// The layers of `server`. A module uses those of the layers before its own, and none of its own layer or a later one.
const SERVER_LAYERS: [&[&str]; 7] = [
    &[
        "budget",
        "calendar",
        "catalogue",
        "clock",
        "config",
        "key_file",
        "lifecycle",
        "qr",
        "random",
        "security",
        "turns",
        "webauthn",
    ],
    &["counters", "keepsake", "notifier", "secrets", "trusted_proxies"],
    &["storage", "push", "telemetry"],
    &["oidc"],
    &["state"],
    &["services"],
    &["jobs", "live"],
];

#[test]
fn every_arrow_points_down() {
    keep(|source, broken| {
        let module = source.top_module();
        if matches!(module, "lib" | "main") {
            return;
        }
        let Some((_, below)) = MODULES.iter().find(|(name, _)| *name == module) else {
            broken.push(source.at(1, &format!("{module} is not in the table MODULES")));
            return;
        };
        for named in source.named() {
            let target = match named.parts[0].as_str() {
                "served" => "pages",
                other => other,
            };
            if target != module && !below.contains(&target) {
                broken.push(
                    source.at(named.line, &format!("{module} may use {below:?}, not {}", named.parts.join("::"))),
                );
            }
        }
    });
}

#[test]
fn the_table_of_modules_has_no_arrow_up() {
    for (at, (module, below)) in MODULES.iter().enumerate() {
        let is_above = |name: &&&str| !MODULES[..at].iter().any(|(known, _)| *known == **name);
        assert_eq!(
            below.iter().filter(is_above).collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "{module} uses what is above it"
        );
    }
}

#[test]
fn only_app_page_names_the_app_and_only_the_command_line_names_http() {
    keep(|source, broken| {
        for named in source.named() {
            match named.parts[0].as_str() {
                "app" if source.name != "http/app_page.rs" && source.top_module() != "app" => {
                    broken.push(source.at(named.line, "only http/app_page.rs names app"))
                }
                "http" if source.top_module() != "cli" && source.top_module() != "http" => {
                    broken.push(source.at(named.line, "only cli names http"))
                }
                "cli" if source.top_module() != "cli" => broken.push(source.at(named.line, "only main names cli")),
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
            .filter(|named| source.top_module() == "api" && SERVER_ONLY.contains(&&*named.parts[0]) && !named.is_inside)
        {
            broken.push(
                source
                    .at(named.line, "api names server inside function bodies only, so that it compiles in both halves"),
            );
        }
    });
}

#[test]
fn inside_the_server_every_arrow_points_down_too() {
    let layer = |module: &str| SERVER_LAYERS.iter().position(|modules| modules.contains(&module));
    keep(|source, broken| {
        let module = source.module();
        let (Some("server"), Some(own)) = (module.first().map(String::as_str), module.get(1)) else { return };
        let Some(own_layer) = layer(own) else {
            broken.push(source.at(1, &format!("server::{own} is in no layer of the table SERVER_LAYERS")));
            return;
        };
        for named in source.named().iter().filter(|named| named.parts[0] == "server" && named.parts.len() > 1) {
            let target = named.parts[1].as_str();
            if target == own {
                continue;
            }
            if layer(target).is_none_or(|layer| layer >= own_layer) {
                broken.push(source.at(
                    named.line,
                    &format!("server::{own} may not use server::{target}, which is not in a layer below"),
                ));
            }
            if own == "storage"
                && !matches!(target, "counters" | "notifier")
                && source.name != "server/storage/seeds.rs"
            {
                broken.push(source.at(
                    named.line,
                    &format!(
                        "storage uses only counters and notifier of the server; its seeds alone need server::{target}"
                    ),
                ));
            }
            if own == "live" && target == "services" && named.parts.get(2).is_none_or(|part| part != "ServiceError") {
                broken.push(
                    source
                        .at(named.line, "live reads the feed from storage, and uses only ServiceError of the services"),
                );
            }
        }
    });
}

#[test]
fn the_server_knows_nothing_of_pages_and_http() {
    const OUTSIDE: [&str; 7] = ["leptos", "leptos_axum", "leptos_meta", "leptos_router", "axum", "tower", "tower_http"];
    // A layer of the HTTP client's connector.
    const OF_THE_CLIENT: (&str, &str) = ("server/push/one_connection.rs", "tower");
    keep(|source, broken| {
        if source.top_module() == "server" {
            broken.extend(
                source
                    .names_crate(&OUTSIDE)
                    .iter()
                    .filter(|(_, name)| (source.name.as_str(), name.as_str()) != OF_THE_CLIENT)
                    .map(|(line, name)| source.at(*line, &format!("the server half below http does not know {name}"))),
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
        if source.top_module() != "domain" {
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
