//! The real binary when its machine fails it: a full disk, and a kill. Killed with SIGKILL while questions open, answers arrive and pushes leave; started anew on what it left.
//! Every due pair gets exactly one question a date, nothing acknowledged is lost, and every fact reaches every device
//! under exactly one notification id. What was on its way at the moment of the kill may come twice on the wire: that is
//! counted, and printed.

#[allow(dead_code, reason = "the library's tests use the rest of it")]
#[path = "push_service.rs"]
mod push_service;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::BufRead,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use push_service::PushService;
use reqwest::{Client, StatusCode};
use ring::rand::{SecureRandom, SystemRandom};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    task::JoinSet,
};
use umbba::{
    domain::Millis,
    server::storage::{Database, Opening, deliveries},
};

const PAIRS: usize = 12;
const PATIENCE: Duration = Duration::from_secs(60);
const SEOUL: i64 = 9 * Millis::HOUR;
const QUESTION: &str = "오늘의 질문이 왔어요";
const OPENED: &str = "카드가 열렸어요";

/// Kills: a quarter of TEST_ROUNDS in `make test`, fifty in `make test-long`.
fn kills() -> usize {
    let rounds: usize = std::env::var("TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20);
    (rounds / 4).clamp(2, 50)
}

fn random(below: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).expect("random bytes");
    u64::from_be_bytes(bytes) % below
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("umbba-{name}-{}", std::process::id()));
    fs::create_dir_all(folder.join("site/pkg")).expect("a folder");
    fs::write(folder.join("site/pkg/umbba.css"), "").expect("a file");
    Folder(folder)
}

fn umbba(data: &Path, push_host: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_umbba"));
    command.env_clear().env("APP_ENV", "test").env("DATA_DIR", data).env("SITE_ROOT", data.join("site")).env("LOG", "off");
    command.env("PUSH_EXTRA_HOSTS", push_host);
    command
}

/// A member as the seed's sessions file has it.
#[derive(Clone)]
struct Member {
    pair: String,
    role: String,
    cookie: String,
    device: String,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

async fn post(client: &Client, url: &str, member: &Member, endpoint: &str, fields: &[(&str, &str)]) -> reqwest::Result<(StatusCode, Value)> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = client.post(format!("{url}/api/{endpoint}")).header("cookie", &member.cookie).header("accept", "application/json");
    let response = request.header("content-type", "application/x-www-form-urlencoded").body(body).timeout(PATIENCE).send().await?;
    let status = response.status();
    Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap_or_default()))
}

/// The running process. Its clock starts at the world's time and is told how late it really is.
struct Node {
    process: Child,
    url: String,
    control: PathBuf,
    client: Client,
    /// Kept open: what the process says next would break on a closed pipe.
    _output: std::io::BufReader<ChildStdout>,
}

impl Node {
    async fn start(data: &Path, push_host: &str) -> Self {
        let mut command = umbba(data, push_host);
        command.args(["serve", "--listen-addr", "127.0.0.1:0"]);
        Self::run(command, data).await
    }

    async fn run(mut command: Command, data: &Path) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
        let stdout = process.stdout.take().expect("its output");
        let first_line = tokio::task::spawn_blocking(move || {
            let (mut output, mut line) = (std::io::BufReader::new(stdout), String::new());
            output.read_line(&mut line).map(|_| (line.trim().to_owned(), output))
        });
        let (listening, output) = tokio::time::timeout(PATIENCE, first_line).await.expect("a first line").expect("no panic").expect("text");
        let url = listening.trim_start_matches("listening on ").to_owned();
        Self { process, url, control: data.join("control.sock"), client: Client::new(), _output: output }
    }

    /// SIGKILL, and the process is gone.
    fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// A line to the test door; `None` when the process died meanwhile.
    async fn say(&self, line: &str) -> Option<i64> {
        let mut stream = UnixStream::connect(&self.control).await.ok()?;
        stream.write_all(format!("{line}\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).await.ok()?;
        answer.strip_prefix("ok ")?.trim().parse().ok()
    }

    /// What its clock shows. The door opens a moment after the address is announced.
    async fn now(&self) -> Millis {
        let asking = async {
            loop {
                if let Some(now) = self.say("clock +0s").await {
                    return Millis(now);
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("the test door")
    }

    /// Sets the clock to `at` (whole seconds), if it is not there yet.
    async fn clock_to(&self, at: Millis) {
        let step = at.since(self.now().await).max(0).div_euclid(Millis::SECOND);
        self.say(&format!("clock +{step}s")).await.expect("the clock is set");
    }

    async fn post(&self, member: &Member, endpoint: &str, fields: &[(&str, &str)]) -> reqwest::Result<(StatusCode, Value)> {
        post(&self.client, &self.url, member, endpoint, fields).await
    }

    async fn question(&self, member: &Member) -> Value {
        let (status, today) = self.post(member, "today", &[("pair", &member.pair)]).await.expect("the today page");
        assert_eq!(status, StatusCode::OK);
        today["question"].clone()
    }

    async fn subscribe(&self, member: &Member, service: &PushService) {
        let (_, key) = self.post(member, "push_key", &[]).await.expect("a key");
        let (keys, endpoint) = (push_service::keys(), service.endpoint(&member.device));
        let fields = [("endpoint", endpoint.as_str()), ("p256dh", &keys.p256dh), ("auth", &keys.auth), ("key", key.as_str().expect("text"))];
        assert_eq!(self.post(member, "subscribe", &fields).await.expect("an answer").0, StatusCode::OK);
    }
}

/// The members of the seeded pairs, and how many pairs there are.
async fn seed(data: &Path, push_host: &str) -> Vec<Member> {
    let file = data.join("sessions.txt");
    let pairs = PAIRS.to_string();
    let output = umbba(data, push_host).args(["seed", "--pairs", &pairs, "--sessions"]).arg(&file).output().expect("the binary runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = fs::read_to_string(&file).expect("the sessions");
    let members = text.lines().map(|line| {
        let [_, pair, role, _, cookie] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Member { pair: pair.to_owned(), role: role.to_owned(), cookie: cookie.to_owned(), device: format!("{role}-{pair}") }
    });
    members.collect()
}

/// Everything that waits is sent: the clock goes past every lease, and the outbox is looked through.
async fn settle(node: &Node, database: &Database, mut now: Millis) -> Millis {
    let waits = async || {
        let mut tx = database.read().await.expect("a read");
        deliveries::next_send(&mut tx).await.expect("the next").is_some()
    };
    for _ in 0..30 {
        node.say("tick").await.expect("a tick");
        if !waits().await {
            return now;
        }
        now = now.plus(30 * Millis::SECOND);
        node.clock_to(now).await;
    }
    panic!("something waits for ever");
}

/// Posts every member's answer; gives who was told that it is kept.
async fn answer_all(client: &Client, url: &str, members: &[Member], day: usize) -> BTreeSet<String> {
    let mut posting = JoinSet::new();
    for member in members {
        let (client, url, member) = (client.clone(), url.to_owned(), member.clone());
        posting.spawn(async move {
            let (_, today) = post(&client, &url, &member, "today", &[("pair", &member.pair)]).await.ok()?;
            let (id, version) = (today["question"]["id"].as_str()?, today["question"]["version"].to_string());
            let body = answer(&member, day);
            let fields = [("daily_question", id), ("version", &version), ("body", &body)];
            let (status, _) = post(&client, &url, &member, "submit_answer", &fields).await.ok()?;
            status.is_success().then_some(member.device)
        });
    }
    let mut kept = BTreeSet::new();
    while let Some(done) = posting.join_next().await {
        kept.extend(done.expect("no panic"));
    }
    kept
}

fn answer(member: &Member, day: usize) -> String {
    format!("{}의 {day}번째 날 이야기", member.role)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_is_lost_and_nothing_comes_twice() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = folder("crash");
    let data = &folder.0;
    let service = PushService::start().await;
    let members = seed(data, &service.host).await;
    assert_eq!(members.len(), PAIRS * 2);
    let database = Database::open(&format!("sqlite:{}", data.join("umbba.db").display()), Opening::AsIs).await.expect("the database");

    let mut node = Node::start(data, &service.host).await;
    let started = node.now().await;
    // Tomorrow, 20:50 in Seoul: more than twelve hours after the seed's own opening.
    let evening = (started.0 + SEOUL).div_euclid(Millis::DAY) * Millis::DAY - SEOUL + 20 * Millis::HOUR + 50 * Millis::MINUTE;
    let evening = |day: usize| Millis(evening + day as i64 * Millis::DAY);
    for member in &members {
        node.subscribe(member, &service).await;
    }
    assert_eq!(answer_all(&node.client, &node.url, &members, 0).await.len(), members.len());
    let first = node.question(&members[0]).await["number"].as_u64().expect("a number");
    // Those of the night of the seed wait for the morning; the last kill's day is the last.
    let mut now = settle(&node, &database, started.plus(Millis::DAY / 2)).await;
    service.take();

    let days = kills().div_ceil(2);
    let (mut arrived, mut killed) = (Vec::new(), 0);
    for day in 1..=days {
        // The evening before, everything was settled. The due minute: killed while questions open and pushes leave.
        now = now.max(evening(day));
        node.clock_to(now).await;
        let due = evening(day).plus(10 * Millis::MINUTE);
        let wait = Duration::from_millis(random(150));
        let control = node.control.clone();
        let turning = tokio::spawn(async move {
            for step in ["clock +600s", "clock +41s"] {
                let Ok(mut stream) = UnixStream::connect(&control).await else { return };
                let _ = stream.write_all(format!("{step}\n").as_bytes()).await;
                let mut answer = String::new();
                let _ = BufReader::new(stream).read_line(&mut answer).await;
            }
        });
        tokio::time::sleep(wait).await;
        node.kill();
        let _ = turning.await;
        killed += 1;
        node = Node::start(data, &service.host).await;
        now = due.plus(2 * Millis::MINUTE);
        node.clock_to(now).await;
        now = settle(&node, &database, now).await;
        for member in &members {
            let question = node.question(member).await;
            let date = question["local_date"].as_str().unwrap_or_default().to_owned();
            assert_eq!(question["number"].as_u64(), Some(first + day as u64), "day {day}: one opening ({date})");
        }

        // The answers: killed while they arrive.
        let wait = Duration::from_millis(random(250));
        let (client, url, everybody) = (node.client.clone(), node.url.clone(), members.clone());
        let answering = tokio::spawn(async move { answer_all(&client, &url, &everybody, day).await });
        tokio::time::sleep(wait).await;
        node.kill();
        killed += 1;
        let kept = answering.await.expect("no panic");
        node = Node::start(data, &service.host).await;
        now = now.plus(2 * Millis::MINUTE);
        node.clock_to(now).await;
        for member in members.iter().filter(|member| kept.contains(&member.device)) {
            let answers = node.question(member).await["answers"].to_string();
            assert!(answers.contains(&answer(member, day)), "day {day}: acknowledged and gone: {answers}");
        }
        assert_eq!(answer_all(&node.client, &node.url, &members, day).await.len(), members.len());
        now = settle(&node, &database, now).await;
        for member in &members {
            let answers = node.question(member).await["answers"].to_string();
            assert!(["parent", "child"].iter().all(|role| answers.contains(&format!("{role}의 {day}번째 날"))), "day {day}: {answers}");
        }
        arrived.extend(service.take());
    }
    node.kill();

    // Device → title → the notification ids it came under.
    let mut told: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut distinct = BTreeSet::new();
    for push in &arrived {
        let id = push.json["id"].as_str().expect("an id");
        told.entry((&push.device, &push.title)).or_default().insert(id);
        distinct.insert((push.device.as_str(), id));
    }
    for member in &members {
        let questions = told.get(&(member.device.as_str(), QUESTION)).map_or(0, BTreeSet::len);
        assert_eq!(questions, days, "{}: one question a day under one id", member.device);
    }
    for pair in members.chunks(2) {
        let opened: usize = pair.iter().map(|member| told.get(&(member.device.as_str(), OPENED)).map_or(0, BTreeSet::len)).sum();
        assert_eq!(opened, days, "one of the two is told that the card opened, once a day");
    }
    let repeats = arrived.len() - distinct.len();
    println!("{killed} kills, {} pushes, {repeats} of them repeats on the wire", arrived.len());
    assert!(repeats <= killed * members.len(), "at most what was on its way at a kill");
}

/// Not a disk but a limit on files, which fails a write in the same way; SIGXFSZ, which would kill, is ignored.
#[tokio::test]
async fn on_a_full_disk_nothing_is_taken_pages_are_shown_and_with_room_it_goes_on() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = folder("full");
    let data = &folder.0;
    let members = seed(data, "").await;
    let usual = umbba(data, "");
    let mut command = Command::new("bash");
    command.args(["-c", "trap '' XFSZ; ulimit -S -f 2048; exec \"$0\" serve --listen-addr 127.0.0.1:0"]).arg(usual.get_program()).env_clear();
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let node = Node::run(command, data).await;
    let member = &members[0];
    let question = node.question(member).await;
    let (id, version) = (question["id"].as_str().expect("an id").to_owned(), question["version"].to_string());
    let submit = async |body: &str, accept: &str| {
        let fields = [("daily_question", id.as_str()), ("version", &version), ("body", body)];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = node.client.post(format!("{}/api/submit_answer", node.url)).header("cookie", &member.cookie).header("accept", accept);
        let response = request.header("content-type", "application/x-www-form-urlencoded").body(form).timeout(PATIENCE).send().await;
        let response = response.expect("an answer");
        (response.status(), response.text().await.expect("text"))
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
    assert!(Command::new("prlimit").args(["--pid", &process, "--fsize=unlimited"]).status().expect("prlimit").success());
    assert_eq!(submit("사라지면 안 되는 글", "application/json").await.0, StatusCode::OK);
    assert!(node.question(member).await["answers"].to_string().contains("사라지면 안 되는 글"));
}
