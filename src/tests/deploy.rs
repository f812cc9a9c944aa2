//! The files of `deploy/`: every setting is in `umbba.env`, the proxies pass the feed on, and every metric that the
//! dashboard and the alert rules name exists. `.ci/deploy-check` tries the files with the tools that read them.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use super::app::TestApp;
use crate::{
    http::{metrics, serve},
    server::{
        clock::Stopwatch,
        counters,
        state::{AppState, clock_of},
        storage::seeds::CHILDREN,
    },
};

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(repository().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The environment variables that `server/config.rs` reads.
fn settings() -> BTreeSet<String> {
    let config = read("src/server/config.rs");
    let names = config.split("env = \"").skip(1).filter_map(|rest| rest.split('"').next());
    names.map(str::to_owned).collect()
}

#[test]
fn every_setting_is_in_the_environment_file_and_no_other() {
    let file = read("deploy/umbba.env");
    let assigned = file.lines().filter_map(|line| line.trim_start_matches('#').split_once('=')).map(|(name, _)| name);
    let is_name = |name: &&str| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let named: Vec<&str> = assigned.filter(is_name).collect();
    let settings = settings();
    assert!(settings.len() > 20, "{settings:?}");
    assert_eq!(named.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>(), settings);
    assert_eq!(named.len(), settings.len(), "each once: {named:?}");
    let table = read("docs/OPERATING.md");
    let missing: Vec<_> = settings.iter().filter(|name| !table.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/OPERATING.md: {missing:?}");
}

#[test]
fn the_proxies_pass_the_feed_on_as_it_comes() {
    for file in ["umbba.conf", "umbba-nodes.conf"] {
        let text = read(&format!("deploy/nginx/{file}"));
        assert!(text.contains("map $http_upgrade $connection_upgrade {"), "{file}");
        for location in ["location / {", "location /events {"] {
            let block = text.split(location).nth(1).and_then(|rest| rest.split('}').next()).expect(location);
            for line in ["proxy_set_header Host $http_host;", "X-Forwarded-For $proxy_add_x_forwarded_for;"] {
                assert!(block.contains(line), "{file}: {location} {line}");
            }
        }
        let feed = text.split("location /events {").nth(1).and_then(|rest| rest.split('}').next()).expect("the feed");
        for line in [
            "proxy_buffering off;",
            "proxy_set_header Upgrade $http_upgrade;",
            "proxy_set_header Connection $connection_upgrade;",
            "proxy_read_timeout 60s;",
        ] {
            assert!(feed.contains(line), "{file}: {line}");
        }
        assert!(text.contains("access_log off;") && text.contains("proxy_http_version 1.1;"), "{file}");
    }
}

/// The metrics of ours that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c: char| !is_part(c));
    words.filter(|word| word.starts_with("umbba_") || word.starts_with("process_")).map(str::to_owned).collect()
}

/// Every `expr` of the dashboard and of the alert rules.
fn queries() -> String {
    let dashboard: serde_json::Value = serde_json::from_str(&read("deploy/grafana/umbba.json")).expect("JSON");
    let mut queries = String::new();
    for panel in dashboard["panels"].as_array().expect("panels") {
        for target in panel["targets"].as_array().expect("targets") {
            queries += &format!("{}\n", target["expr"].as_str().expect("a query"));
        }
    }
    let rules = read("deploy/prometheus/alerts.yml");
    let rules: Vec<&str> = rules.split("- alert:").skip(1).collect();
    assert_eq!(rules.len(), 8, "eight rules");
    for rule in rules {
        let (_, rest) = rule.split_once("expr:").expect("a query");
        queries += rest.split("labels:").next().unwrap_or_default();
        assert!(rest.contains("description: >-"), "a sentence of what to do: {rule}");
    }
    queries
}

#[tokio::test]
async fn every_metric_that_the_dashboard_and_the_alert_rules_name_exists() {
    /// They exist on PostgreSQL alone, while the node listens.
    const OF_NODES: [&str; 2] = ["umbba_listener_silence_seconds", "umbba_clock_skew_seconds"];
    /// They exist once a backup was made, which is on SQLite alone.
    const OF_BACKUPS: [&str; 1] = ["umbba_backup_verified_timestamp_seconds"];

    let app = TestApp::start().await;
    let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
    let url = format!("http://{}/metrics", listener.local_addr().expect("an address"));
    // The clock of a node, which a test's own clock is not.
    let clock = clock_of(&app.state.database).await.expect("a clock");
    app.state.lifecycle.spawn(metrics::serve(AppState { clock, ..app.state.clone() }, listener));
    let person = app.person(CHILDREN[0].0).await;
    assert_eq!(person.get("/settings").await.status(), 200);
    app.run_sql("INSERT INTO installation (name, value) VALUES ('backup_verified_at', '1'), ('backup_made_at', '1')")
        .await;
    counters::attempt("web_push", "accepted");

    let wanted: BTreeSet<String> =
        named(&queries()).into_iter().filter(|name| app.is_postgres() || !OF_NODES.contains(&name.as_str())).collect();
    let found = async || {
        let text = reqwest::get(&url).await.expect("an answer").text().await.expect("a text");
        named(&text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
    };
    let begun = Stopwatch::start();
    let mut missing: Vec<String> = wanted.difference(&found().await).cloned().collect();
    // The listener hears its first bulletin within seconds.
    while !missing.is_empty() && begun.elapsed() < Duration::from_secs(30) && app.is_postgres() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        missing = wanted.difference(&found().await).cloned().collect();
    }

    assert_eq!(missing, Vec::<String>::new());
    assert!(wanted.len() > 20 && OF_BACKUPS.iter().all(|name| wanted.contains(*name)), "{wanted:?}");
    let documented = read("docs/OPERATING.md");
    let base =
        |name: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).map(str::to_owned);
    let undocumented: Vec<String> = found()
        .await
        .into_iter()
        .map(|name| base(&name).unwrap_or(name))
        .filter(|name| !documented.contains(&format!("`{name}`")))
        .collect();
    assert_eq!(undocumented, Vec::<String>::new(), "docs/OPERATING.md");
}
