//! Tests of a full disk.

use std::process::Command;

use reqwest::StatusCode;

use super::{
    PATIENCE,
    node::{Data, Node, seed, umbba},
};

/// The disk is simulated by a limit on file sizes, which makes writes fail in the same way.
#[tokio::test]
async fn on_a_full_disk_nothing_is_taken_pages_are_shown_and_with_room_it_goes_on() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("full").await;
    let members = seed(data, "").await;
    let node = Node::run(with_limit(data, 2048), &data.folder).await;
    let member = &members[0];
    let question = node.question(member).await;
    let (id, version) = (question["id"].as_str().expect("an id").to_owned(), question["version"].to_string());
    let submit = async |body: &str, accept: &str| {
        let fields = [("daily_question", id.as_str()), ("version", &version), ("body", body)];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = node
            .client
            .post(format!("{}/api/submit_answer", node.url))
            .header("cookie", &member.cookie)
            .header("accept", accept);
        let response = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form)
            .timeout(PATIENCE)
            .send()
            .await;
        let response = response.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let wait = headers.get("retry-after").map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(wait.is_some(), status == StatusCode::SERVICE_UNAVAILABLE, "a refusal says when to try again");
        (status, response.text().await.expect("text"))
    };

    let (mut kept, mut count) = (String::new(), 0);
    let refused = loop {
        count += 1;
        assert!(count < 1_000, "two mebibytes hold no thousand stories");
        let body = format!("{count} {}", "긴 이야기 ".repeat(300));
        let (status, text) = submit(&body, "application/json").await;
        if !status.is_success() {
            break (status, text);
        }
        kept = body;
    };
    assert_eq!(refused, (StatusCode::SERVICE_UNAVAILABLE, "\"Unavailable\"".to_owned()));
    let (status, page) = submit("사라지면 안 되는 글", "text/html").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.contains("사라지면 안 되는 글"), "what was typed comes back with the page");
    let shown = node.question(member).await["answers"].to_string();
    assert!(shown.contains(kept.trim()), "reading goes on, and what was acknowledged is there");

    let process = node.process.id().to_string();
    assert!(
        Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited"]).status().expect("prlimit").success()
    );
    assert_eq!(submit("사라지면 안 되는 글", "application/json").await.0, StatusCode::OK);
    assert!(node.question(member).await["answers"].to_string().contains("사라지면 안 되는 글"));
}

/// No byte may be written, so SQLite cannot create the files of its write-ahead log.
#[tokio::test]
async fn started_without_any_room_after_a_clean_stop_it_shows_pages_and_takes_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("no-room").await;
    let members = seed(data, "").await;
    let mut node = Node::start(data, "").await;
    node.now().await;
    assert!(Command::new("kill").arg(node.process.id().to_string()).status().expect("kill").success());
    assert!(node.process.wait().expect("an end").success());
    assert!(!data.folder.join("umbba.db-shm").exists(), "a clean stop");
    drop(node);

    let node = Node::run(with_limit(data, 0), &data.folder).await;

    let member = &members[0];
    let question = node.question(member).await;
    let (id, version) = (question["id"].as_str().expect("an id").to_owned(), question["version"].to_string());
    let fields = [("daily_question", id.as_str()), ("version", &version), ("body", "하나")];
    assert_eq!(
        node.post(member, "submit_answer", &fields).await.expect("an answer").0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    node.kill();
    let node = Node::start(data, "").await;
    assert_eq!(node.post(member, "submit_answer", &fields).await.expect("an answer").0, StatusCode::OK, "with room");
}

/// Builds a `serve` command in which no file may grow beyond `kib` KiB. SIGXFSZ, which would kill it, is ignored.
fn with_limit(data: &Data, kib: u32) -> Command {
    let usual = umbba(data, "");
    let mut command = Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" serve --listen-addr 127.0.0.1:0");
    command.args(["-c", &script]).arg(usual.get_program()).env_clear();
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// The process starts with less space than the write of one page needs.
#[tokio::test]
async fn started_on_a_full_disk_it_shows_pages_and_takes_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let data = &Data::new("full-start").await;
    let members = seed(data, "").await;
    let node = Node::run(with_limit(data, 32), &data.folder).await;

    let ready = node.client.get(format!("{}/readyz", node.url)).timeout(PATIENCE).send().await.expect("an answer");
    assert_eq!(ready.status(), StatusCode::OK);
    let member = &members[0];
    let question = node.question(member).await;
    let (id, version) = (question["id"].as_str().expect("an id").to_owned(), question["version"].to_string());
    let fields = [("daily_question", id.as_str()), ("version", &version), ("body", "하나")];
    assert_eq!(
        node.post(member, "submit_answer", &fields).await.expect("an answer").0,
        StatusCode::SERVICE_UNAVAILABLE
    );

    let process = node.process.id().to_string();
    assert!(
        Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited"]).status().expect("prlimit").success()
    );
    assert_eq!(node.post(member, "submit_answer", &fields).await.expect("an answer").0, StatusCode::OK);
}
