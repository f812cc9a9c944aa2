//! The app's binary as a separate process, and the members who use it.

use std::{
    collections::HashMap,
    fs,
    io::BufRead,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
};
use umbba::{
    domain::Millis,
    server::storage::{Database, Opening},
};

use super::{
    PAIRS, PATIENCE,
    own_database::OwnDatabase,
    push_service::{self, PushService},
};

/// What a process is started on: a data folder, removed with everything in it when it is dropped, and a database.
pub struct Data {
    pub folder: PathBuf,
    pub database: OwnDatabase,
}

impl Data {
    pub async fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("umbba-{name}-{}", std::process::id()));
        fs::create_dir_all(folder.join("site/pkg")).expect("a folder");
        fs::write(folder.join("site/pkg/umbba.css"), "").expect("a file");
        Self { database: OwnDatabase::new(&folder).await, folder }
    }

    /// Opens the database as another process does.
    pub async fn open(&self) -> Database {
        Database::open(&self.database.url, Opening::AsIs).await.expect("the database")
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub fn umbba(data: &Data, push_host: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbba"));
    command
        .env_clear()
        .env("APP_ENV", "test")
        .env("DATA_DIR", &data.folder)
        .env("DATABASE_URL", &data.database.url)
        .env("SITE_ROOT", data.folder.join("site"))
        .env("LOG", "off");
    command.env("PUSH_EXTRA_HOSTS", push_host);
    command
}

/// A member as written in the seed's sessions file.
#[derive(Clone)]
pub struct Member {
    pub pair: String,
    pub role: String,
    pub cookie: String,
    pub device: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

pub async fn post(
    client: &Client,
    url: &str,
    member: &Member,
    endpoint: &str,
    fields: &[(&str, &str)],
) -> reqwest::Result<(StatusCode, Value)> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client
        .post(format!("{url}/api/{endpoint}"))
        .header("cookie", &member.cookie)
        .header("accept", "application/json");
    let response =
        request.header("content-type", "application/x-www-form-urlencoded").body(body).timeout(PATIENCE).send().await?;
    let status = response.status();
    Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap_or_default()))
}

/// The running process. Its clock starts at the real time; the test transport then sets it.
pub struct Node {
    pub process: Child,
    pub url: String,
    pub control: PathBuf,
    pub client: Client,
    /// Kept open, because the process's next output would fail on a closed pipe.
    _output: std::io::BufReader<ChildStdout>,
}

impl Node {
    pub async fn start(data: &Data, push_host: &str) -> Self {
        let mut command = umbba(data, push_host);
        command.args(["serve", "--listen-addr", "127.0.0.1:0"]);
        Self::run(command, &data.folder).await
    }

    /// `folder`: where the process has its data, and its test transport if it has one.
    pub async fn run(mut command: Command, folder: &Path) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
        let stdout = process.stdout.take().expect("its output");
        let first_line = tokio::task::spawn_blocking(move || {
            let (mut output, mut line) = (std::io::BufReader::new(stdout), String::new());
            output.read_line(&mut line).map(|_| (line.trim().to_owned(), output))
        });
        let (listening, output) =
            tokio::time::timeout(PATIENCE, first_line).await.expect("a first line").expect("no panic").expect("text");
        let url = listening.trim_start_matches("listening on ").to_owned();
        Self { process, url, control: folder.join("control.sock"), client: Client::new(), _output: output }
    }

    /// Sends SIGKILL and waits until the process has ended.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Sends a line to the test transport. `None` when the process died meanwhile.
    pub async fn say(&self, line: &str) -> Option<i64> {
        let mut stream = UnixStream::connect(&self.control).await.ok()?;
        stream.write_all(format!("{line}\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await.ok()?;
        answer.strip_prefix("ok ")?.trim().parse().ok()
    }

    /// Returns the time of the process's clock. The transport opens a moment after the address is printed.
    pub async fn now(&self) -> Millis {
        let asking = async {
            loop {
                if let Some(now) = self.say("clock +0s").await {
                    return Millis(now);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the test transport")
    }

    /// Sets the clock to `at` (whole seconds) if it shows another time.
    pub async fn clock_to(&self, at: Millis) {
        let step = at.since(self.now().await).max(0).div_euclid(Millis::SECOND);
        self.say(&format!("clock +{step}s")).await.expect("the clock is set");
    }

    pub async fn post(
        &self,
        member: &Member,
        endpoint: &str,
        fields: &[(&str, &str)],
    ) -> reqwest::Result<(StatusCode, Value)> {
        post(&self.client, &self.url, member, endpoint, fields).await
    }

    pub async fn question(&self, member: &Member) -> Value {
        let (status, today) = self.post(member, "today", &[("pair", &member.pair)]).await.expect("the today page");
        assert_eq!(status, StatusCode::OK);
        today["question"].clone()
    }

    pub async fn subscribe(&self, member: &Member, service: &PushService) {
        self.subscribe_at(member, &service.endpoint(&member.device)).await;
    }

    pub async fn subscribe_at(&self, member: &Member, endpoint: &str) {
        let (_, key) = self.post(member, "push_key", &[]).await.expect("a key");
        let keys = push_service::keys();
        let fields = [
            ("endpoint", endpoint),
            ("p256dh", &keys.p256dh),
            ("auth", &keys.auth),
            ("key", key.as_str().expect("text")),
        ];
        assert_eq!(self.post(member, "subscribe", &fields).await.expect("an answer").0, StatusCode::OK);
    }
}

/// Seeds pairs. Returns their members.
pub async fn seed(data: &Data, push_host: &str) -> Vec<Member> {
    seed_pairs(data, push_host, PAIRS).await
}

pub async fn seed_pairs(data: &Data, push_host: &str, pairs: usize) -> Vec<Member> {
    let file = data.folder.join("sessions.txt");
    let pairs = pairs.to_string();
    let output = umbba(data, push_host)
        .args(["seed", "--pairs", &pairs, "--sessions"])
        .arg(&file)
        .output()
        .expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    members_of(&fs::read_to_string(&file).expect("the sessions"))
}

/// The number of the last event of each member, by device.
pub async fn last_seqs(data: &Data) -> HashMap<String, i64> {
    let sql = "SELECT role || '-' || pair_id || ' ' || CAST(last_seq AS TEXT) FROM members \
               JOIN persons ON persons.id = members.person_id";
    let rows = data.database.read_sql(sql).await;
    let seq_of = |row: &String| {
        let (device, last) = row.split_once(' ').expect("two words");
        (device.to_owned(), last.parse().expect("a number"))
    };
    rows.iter().map(seq_of).collect()
}

/// The members in a sessions file of `umbba seed`.
pub fn members_of(sessions: &str) -> Vec<Member> {
    let members = sessions.lines().map(|line| {
        let [_, pair, role, _, cookie] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Member {
            pair: pair.to_owned(),
            role: role.to_owned(),
            cookie: cookie.to_owned(),
            device: format!("{role}-{pair}"),
        }
    });
    members.collect()
}
