//! A rolling upgrade: the release before serves beside this one on the schema of this one, and is started on it again,
//! as when an operator steps back. `RELEASE_BEFORE` names its binary (`.ci/release-before` builds it).

use std::{fs, io::Write, path::Path, process::Command};

use reqwest::StatusCode;

use super::{
    node::{Data, Member, Node, members_of},
    own_database::on_postgres,
    push_service::PushService,
    wait_until,
};

/// The binary of the release before. `.ci/test` names it, or says why there is none by an empty name.
fn release_before() -> Option<String> {
    let named = std::env::var("RELEASE_BEFORE").ok();
    assert!(named.is_some() || std::env::var("CI").is_err(), "RELEASE_BEFORE is not set");
    let binary = named.filter(|path| !path.is_empty());
    if binary.is_none() {
        let _ = writeln!(std::io::stderr(), "RELEASE_BEFORE is not set: no rolling upgrade was tried");
    }
    binary
}

/// An installation that two releases serve.
struct Installation {
    data: Data,
    service: PushService,
}

impl Installation {
    async fn new(name: &str) -> Self {
        Self { data: Data::new(name).await, service: PushService::start().await }
    }

    fn command(&self, binary: &str, folder: &Path) -> Command {
        let mut command = Command::new(binary);
        command
            .env_clear()
            .env("APP_ENV", "development")
            .env("DATA_DIR", folder)
            .env("DATABASE_URL", &self.data.database.url)
            .env("SITE_ROOT", self.data.folder.join("site"))
            .env("LOG", "off")
            .env("PUSH_EXTRA_HOSTS", &self.service.host);
        command
    }

    fn seed(&self, binary: &str) -> Vec<Member> {
        let file = self.data.folder.join("sessions.txt");
        let mut command = self.command(binary, &self.data.folder);
        let output = command.args(["seed", "--pairs", "4", "--sessions"]).arg(&file).output().expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        members_of(&fs::read_to_string(&file).expect("the sessions"))
    }

    async fn serve(&self, binary: &str, folder: &Path) -> Node {
        let mut command = self.command(binary, folder);
        command.args(["serve", "--listen-addr", "127.0.0.1:0"]);
        Node::run(command, folder).await
    }
}

async fn answer(node: &Node, member: &Member, body: &str) {
    let question = node.question(member).await;
    let (id, version) = (question["id"].as_str().expect("an id"), question["version"].to_string());
    let fields = [("daily_question", id), ("version", &version), ("body", body)];
    let (status, said) = node.post(member, "submit_answer", &fields).await.expect("an answer");
    assert_eq!(status, StatusCode::OK, "{said}");
}

/// One member of a pair answers at one node and the other at the other; both read the open card at either.
async fn open_card(pair: &[Member], nodes: [&Node; 2], body: &str) {
    let bodies = [format!("{body} 하나"), format!("{body} 둘")];
    for (at, member) in pair.iter().enumerate() {
        answer(nodes[at], member, &bodies[at]).await;
    }
    for member in pair {
        for node in nodes {
            let today = node.question(member).await.to_string();
            assert!(bodies.iter().all(|body| today.contains(body)), "{today}");
        }
    }
}

/// Sends a test to the member's only device through a node, and waits until it arrives from either.
async fn test_push(installation: &Installation, node: &Node, member: &Member) {
    let service = &installation.service;
    let sql = format!("SELECT id FROM push_subscriptions WHERE endpoint = '{}'", service.endpoint(&member.device));
    let device = installation.data.database.read_sql(&sql).await.remove(0);
    let (status, _) = node.post(member, "test_device", &[("device", &device)]).await.expect("an answer");
    assert_eq!(status, StatusCode::OK);
    wait_until(async || service.take().iter().any(|push| push.device == member.device)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_both_releases_serve_side_by_side() {
    let Some(before) = release_before().filter(|_| on_postgres()) else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let this = env!("CARGO_BIN_EXE_umbba");
    let installation = Installation::new("rolling-upgrade").await;
    let (first, service) = (&installation.data.folder, &installation.service);
    // The release before makes the schema, and this one migrates it while the other serves.
    installation.data.database.run_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    let members = installation.seed(&before);
    let old = installation.serve(&before, first).await;
    old.subscribe(&members[0], service).await;
    let second = first.join("second");
    fs::create_dir(&second).expect("a folder");
    for file in ["secret.key", "vapid.json"] {
        fs::copy(first.join(file), second.join(file)).expect("a key file");
    }

    let new = installation.serve(this, &second).await;
    open_card(&members[0..2], [&old, &new], "나란히").await;
    open_card(&members[2..4], [&new, &old], "거꾸로").await;
    new.subscribe(&members[1], service).await;
    for member in &members[0..2] {
        test_push(&installation, &old, member).await;
        test_push(&installation, &new, member).await;
    }

    drop(old);
    let old = installation.serve(&before, first).await;
    open_card(&members[4..6], [&old, &new], "다시 켜고").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_release_before_starts_again_on_the_new_schema() {
    let Some(before) = release_before() else { return };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let this = env!("CARGO_BIN_EXE_umbba");
    let installation = Installation::new("step-back").await;
    let folder = &installation.data.folder;
    let members = installation.seed(&before);
    let old = installation.serve(&before, folder).await;
    answer(&old, &members[0], "먼저").await;
    old.kill();
    let new = installation.serve(this, folder).await;
    answer(&new, &members[1], "나중").await;
    new.kill();
    let old = installation.serve(&before, folder).await;
    let today = old.question(&members[0]).await.to_string();
    assert!(today.contains("먼저") && today.contains("나중"), "{today}");
    open_card(&members[2..4], [&old, &old], "돌아와서").await;
}
