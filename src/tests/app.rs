//! The app under test: its own database, a manual clock, seeded randomness, and people who use it over HTTP.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::StreamExt;
use reqwest::{Client, Response, StatusCode, header, redirect};
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::net::TcpSocket;

use super::push_service::{self, PushService};
use crate::{
    api::{ApiError, TodayView},
    domain::{DailyQuestionId, Event, EventKind, Millis, PairId},
    http::{
        port::{Limits, Port},
        serve,
    },
    server::{
        budget::Budget,
        catalogue::Catalogue,
        clock::Clock,
        config::{AppEnv, PublicUrl, TrustedProxies},
        jobs::{outbox, scheduler},
        lifecycle::Lifecycle,
        push::{Push, PushHosts, PushSender, VapidKeys},
        random::Random,
        secrets::Secrets,
        security::Said,
        services::{accounts, invitations},
        state::{AppState, HEARTBEAT, SignUpLimits, Site},
        storage::{
            Database, Opening,
            seeds::{CHILDREN, PARENTS},
        },
    },
};

/// Deadlines are generous: they end a broken test, they decide none.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Sunday 2026-11-22, 12:00 in Seoul.
pub const NOON: Millis = Millis(1_795_316_400_000);

/// Rounds of a random test.
pub fn rounds() -> u32 {
    std::env::var("TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

pub struct TestApp {
    pub state: AppState,
    pub url: String,
    folder: Arc<Folder>,
    push_host: String,
}

struct Folder(PathBuf);

impl Folder {
    fn new() -> Arc<Self> {
        let folder = std::env::temp_dir().join(format!("umbba-test-{:x}", Random::system().number()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Arc::new(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(7).await
    }

    /// With a push service that browsers may subscribe at.
    pub async fn start_with_push() -> (Self, PushService) {
        let service = PushService::start().await;
        (Self::start_at(7, &service.host).await, service)
    }

    /// As `start_with_push`, with a budget that runs out.
    pub async fn start_with_push_and_budget(budget: Budget) -> (Self, PushService) {
        let service = PushService::start().await;
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let folder = Folder::new();
        let mut state =
            prepare(&folder, Clock::manual(NOON), 7, &service.host, listener.local_addr().expect("an address").port())
                .await;
        state.budget = budget;
        (Self::run(state, listener.into(), folder, &service.host), service)
    }

    /// Two apps of one seed are twins.
    pub async fn start_with(seed: u64) -> Self {
        Self::start_at(seed, "").await
    }

    /// With connections that are given up when the other end takes nothing for `patience`, and with small buffers below
    /// them.
    pub async fn start_with_patience(patience: Duration) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(16 * 1024).expect("a small buffer");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let listener = socket.listen(64).expect("a port");
        let (folder, clock) = (Folder::new(), Clock::manual(NOON));
        let state = prepare(&folder, clock, 7, "", listener.local_addr().expect("an address").port()).await;
        let limits = Limits { patience, head: patience, idle: patience * 5, ..Limits::default() };
        Self::run(state, Port::new(listener, limits), folder, "")
    }

    /// With other limits on what connections may take.
    pub async fn start_with_limits(limits: Limits) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let folder = Folder::new();
        let state =
            prepare(&folder, Clock::manual(NOON), 7, "", listener.local_addr().expect("an address").port()).await;
        Self::run(state, Port::new(listener, limits), folder, "")
    }

    /// With lines that say after `heartbeat` of silence that they are alive.
    pub async fn start_with_heartbeat(heartbeat: Duration) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let folder = Folder::new();
        let mut state =
            prepare(&folder, Clock::manual(NOON), 7, "", listener.local_addr().expect("an address").port()).await;
        Arc::get_mut(&mut state.site).expect("nobody else has it yet").heartbeat = heartbeat;
        Self::run(state, listener.into(), folder, "")
    }

    /// With so many writes a person may do at once.
    pub async fn start_with_budget(burst: u32) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let folder = Folder::new();
        let mut state =
            prepare(&folder, Clock::manual(NOON), 7, "", listener.local_addr().expect("an address").port()).await;
        state.budget = Budget::of(burst);
        Self::run(state, listener.into(), folder, "")
    }

    async fn start_at(seed: u64, push_host: &str) -> Self {
        Self::open(Folder::new(), Clock::manual(NOON), seed, push_host).await
    }

    /// One node: its own doors, loops and connections over what lies in the folder.
    async fn open(folder: Arc<Folder>, clock: Clock, seed: u64, push_host: &str) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let state = prepare(&folder, clock, seed, push_host, listener.local_addr().expect("an address").port()).await;
        Self::run(state, listener.into(), folder, push_host)
    }

    fn run(state: AppState, port: Port, folder: Arc<Folder>, push_host: &str) -> Self {
        let url = state.site.public_url.as_str().to_owned();
        let (running, root) = (state.clone(), folder.0.clone());
        state.lifecycle.spawn(async move { serve::run(running, port, &root).await });
        Self { url, state, folder, push_host: push_host.to_owned() }
    }

    /// Another node beside this one: the same data, clock and push service.
    pub async fn second_node(&self) -> Self {
        Self::open(self.folder.clone(), self.state.clock.clone(), 8, &self.push_host).await
    }

    /// As `second_node`, with limits on signing up.
    pub async fn with_sign_ups(&self, sign_ups: SignUpLimits) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = AppState { sign_ups, ..prepare(&self.folder, self.state.clock.clone(), 8, "", port).await };
        Self::run(state, listener.into(), self.folder.clone(), "")
    }

    /// Ends the process as SIGTERM does and starts it anew `away` milliseconds later: same database, same port.
    pub async fn restart(&mut self, away: i64) {
        self.state.lifecycle.end();
        assert!(self.state.lifecycle.drained(PATIENCE).await, "everything ends");
        self.state.database.close().await;
        let port = self.url.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
        let again = async {
            loop {
                match serve::listen(([127, 0, 0, 1], port).into()) {
                    Ok(listener) => break listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let listener = tokio::time::timeout(PATIENCE, again).await.expect("the port again");
        self.state.clock.advance(away);
        let state = prepare(&self.folder, self.state.clock.clone(), 9, &self.push_host, port).await;
        *self = Self::run(state, listener.into(), self.folder.clone(), &self.push_host);
    }

    /// As `umbba keys rotate` and a restart.
    pub async fn rotate_push_keys(&mut self) {
        VapidKeys::make(&self.folder.0, self.state.clock.now().0).expect("another key");
        self.restart(0).await;
    }

    /// Where the data and the built site lie.
    pub fn folder(&self) -> &Path {
        &self.folder.0
    }

    /// Every byte of the database, what is only in its log included.
    pub fn stored(&self) -> Vec<u8> {
        ["test.db", "test.db-wal"]
            .into_iter()
            .flat_map(|file| std::fs::read(self.folder.0.join(file)).unwrap_or_default())
            .collect()
    }

    /// Runs a statement on the database file itself, as another release or an operator would.
    pub async fn run_sql(&self, sql: &str) {
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut self.raw().await).await.expect("a statement");
    }

    /// The texts of one column.
    pub async fn read_sql(&self, sql: &str) -> Vec<String> {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(&mut self.raw().await).await.expect("a statement")
    }

    async fn raw(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.folder.0.join("test.db")).foreign_keys(false);
        options.connect().await.expect("the database")
    }

    /// Sends what may be sent now.
    pub async fn deliver(&self) -> usize {
        outbox::pass(&self.state).await.expect("a pass of the outbox")
    }

    pub async fn tick(&self) -> usize {
        scheduler::tick(&self.state).await.expect("a tick")
    }

    pub fn advance(&self, millis: i64) {
        self.state.clock.advance(millis);
    }

    /// To the next minute `hour:minute` in Seoul, and a tick.
    pub async fn tick_at(&self, hour: i64, minute: i64) -> usize {
        const SEOUL: i64 = 9 * Millis::HOUR;
        let now = self.state.clock.now().0 + SEOUL;
        let wanted = hour * Millis::HOUR + minute * Millis::MINUTE;
        let step = (wanted - now.rem_euclid(Millis::DAY)).rem_euclid(Millis::DAY);
        self.advance(if step == 0 { Millis::DAY } else { step });
        self.tick().await
    }

    /// Somebody with a browser who is not signed in.
    pub fn visitor(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// Somebody who has signed up.
    pub async fn person(&self, name: &str) -> Browser {
        let browser = self.visitor();
        let done = browser.post("sign_up", &[("name", name), ("consent", "yes"), ("zone", "Asia/Seoul")]).await;
        assert_eq!(done.status(), StatusCode::OK, "sign-up");
        browser
    }

    /// A pair in which both have joined; nobody has answered the first question.
    pub async fn pair(&self) -> TestPair {
        let child = self.person(CHILDREN[0].0).await;
        let parent = self.person(PARENTS[0].0).await;
        self.pair_of(child, parent).await
    }

    pub async fn pair_of(&self, child: Browser, parent: Browser) -> TestPair {
        let id = child.start_pair("child").await;
        let code = child.invite(id).await;
        parent.join(&code, "mother").await;
        TestPair { id, parent, child }
    }
}

async fn open_database(folder: &Path) -> Database {
    Database::open(&format!("sqlite:{}", folder.join("test.db").display()), Opening::Migrate).await.expect("a database")
}

async fn prepare(folder: &Folder, clock: Clock, seed: u64, push_host: &str, port: u16) -> AppState {
    AppState {
        database: open_database(&folder.0).await,
        catalogue: Catalogue::load(&folder.0).expect("the catalogue"),
        clock,
        random: Random::seeded(seed),
        secrets: Secrets::from_key(&[7; 32]),
        push: push(&folder.0, push_host),
        budget: Budget::unlimited(),
        sign_ups: SignUpLimits::default(),
        said: Said::default(),
        lifecycle: Lifecycle::default(),
        site: Arc::new(Site {
            env: AppEnv::Test,
            public_url: PublicUrl::parse(None, AppEnv::Test, port).expect("an address"),
            trusted_proxies: TrustedProxies::parse("127.0.0.1").expect("a list"),
            build: "test".into(),
            builds: folder.0.join("builds"),
            heartbeat: HEARTBEAT,
        }),
    }
}

/// Short patience: a push service that hangs is tested, not waited for.
fn push(folder: &Path, host: &str) -> Push {
    let hosts = PushHosts::parse("", host, false).expect("hosts");
    let sender = PushSender::new(hosts.clone()).expect("a sender");
    let sender = sender.with_timeouts(Duration::from_millis(1_500), Duration::from_millis(1_000)).expect("a sender");
    let keys = VapidKeys::load_or_make(folder, NOON.0).expect("keys");
    Push::with_sender(sender, hosts, keys, "mailto:operator@family.example".into())
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.state.lifecycle.end();
    }
}

pub struct TestPair {
    pub id: PairId,
    pub parent: Browser,
    pub child: Browser,
}

impl TestPair {
    /// Both answer today's question.
    pub async fn answer_both(&self, text: &str) {
        for browser in [&self.parent, &self.child] {
            assert_eq!(browser.answer(self.id, text).await.status(), StatusCode::OK);
        }
    }
}

/// A browser with cookies of its own.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    pub url: String,
    pub cookies: Arc<Mutex<BTreeMap<String, String>>>,
    /// What a proxy says of the address.
    pub address: Arc<Mutex<String>>,
}

impl Browser {
    fn new(url: &str) -> Self {
        // The crate's own reqwest brings no provider along.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        Self {
            client,
            url: url.to_owned(),
            cookies: Arc::default(),
            address: Arc::new(Mutex::new("203.0.113.7".into())),
        }
    }

    pub fn cookie_line(&self) -> String {
        self.cookies
            .lock()
            .expect("cookies")
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep_cookies(&self, response: &Response) {
        let mut cookies = self.cookies.lock().expect("cookies");
        for line in response.headers().get_all(header::SET_COOKIE) {
            let line = line.to_str().expect("a cookie in ASCII");
            for part in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
                assert!(line.contains(part), "{line} lacks {part}");
            }
            let (name, value) = line.split(';').next().and_then(|pair| pair.split_once('=')).expect("name=value");
            if line.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The recovery code that waits in this browser.
    pub fn recovery_code(&self) -> String {
        let cookies = self.cookies.lock().expect("cookies");
        cookies["__Host-recovery"].split_once('.').expect("whose it is, and the code").1.to_owned()
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Response {
        let address = self.address.lock().expect("an address").clone();
        let request =
            request.header(header::COOKIE, self.cookie_line()).header("x-forwarded-for", address).timeout(PATIENCE);
        let response = request.send().await.expect("an answer");
        self.keep_cookies(&response);
        response
    }

    pub async fn get(&self, path: &str) -> Response {
        self.send(self.client.get(format!("{}{path}", self.url)).header(header::ACCEPT, "text/html")).await
    }

    /// As another kind of browser.
    pub async fn get_as(&self, path: &str, agent: &str) -> Response {
        self.send(
            self.client
                .get(format!("{}{path}", self.url))
                .header(header::ACCEPT, "text/html")
                .header(header::USER_AGENT, agent),
        )
        .await
    }

    pub async fn page(&self, path: &str) -> String {
        let response = self.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.text().await.expect("a page")
    }

    /// As the browser half posts.
    pub async fn post(&self, endpoint: &str, fields: &[(&str, &str)]) -> Response {
        self.send_form(endpoint, fields, "application/json").await
    }

    /// As a browser posts a form by itself.
    pub async fn submit(&self, endpoint: &str, fields: &[(&str, &str)]) -> Response {
        self.send_form(endpoint, fields, "text/html,application/xhtml+xml").await
    }

    async fn send_form(&self, endpoint: &str, fields: &[(&str, &str)], accept: &str) -> Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send_body(endpoint, body.into_bytes(), accept, &[]).await
    }

    pub async fn send_body(
        &self,
        endpoint: &str,
        body: Vec<u8>,
        accept: &str,
        headers: &[(&'static str, &str)],
    ) -> Response {
        self.send_to(&format!("/api/{endpoint}"), body, accept, headers).await
    }

    pub async fn send_to(&self, path: &str, body: Vec<u8>, accept: &str, headers: &[(&'static str, &str)]) -> Response {
        let mut request = self.client.post(format!("{}{path}", self.url)).body(body);
        request =
            request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").header(header::ACCEPT, accept);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    pub async fn ask<T: DeserializeOwned>(&self, endpoint: &str, fields: &[(&str, &str)]) -> Result<T, ApiError> {
        let response = self.post(endpoint, fields).await;
        let is_ok = response.status().is_success();
        let bytes = response.bytes().await.expect("a body");
        if is_ok {
            Ok(serde_json::from_slice(&bytes).expect("a view"))
        } else {
            Err(serde_json::from_slice(&bytes).expect("a code"))
        }
    }

    /// Subscribes this browser at a push service.
    pub async fn subscribe(&self, service: &PushService, device: &str) -> Response {
        let keys = push_service::keys();
        let key: String = self.ask("push_key", &[]).await.expect("a key");
        let endpoint = service.endpoint(device);
        self.post(
            "subscribe",
            &[("endpoint", &endpoint), ("p256dh", &keys.p256dh), ("auth", &keys.auth), ("key", &key)],
        )
        .await
    }

    pub async fn refused(&self, endpoint: &str, fields: &[(&str, &str)]) -> (u16, ApiError) {
        let response = self.post(endpoint, fields).await;
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.expect("a body")).expect("a code"))
    }

    pub async fn today(&self, pair: PairId) -> TodayView {
        self.ask("today", &[("pair", &pair.to_string())]).await.expect("the today page")
    }

    pub async fn question(&self, pair: PairId) -> (DailyQuestionId, u32) {
        let question = self.today(pair).await.question.expect("a question");
        (question.id, question.version)
    }

    pub async fn answer(&self, pair: PairId, text: &str) -> Response {
        let (id, version) = self.question(pair).await;
        self.answer_to(id, version, text).await
    }

    pub async fn answer_to(&self, id: DailyQuestionId, version: u32, text: &str) -> Response {
        self.post(
            "submit_answer",
            &[("daily_question", &id.to_string()), ("version", &version.to_string()), ("body", text)],
        )
        .await
    }

    pub async fn start_pair(&self, role: &str) -> PairId {
        let fields = [
            ("role", role),
            ("parent_relation", "mother"),
            ("child_relation", "daughter"),
            ("push_time", "21:00"),
            ("zone", "Asia/Seoul"),
        ];
        let response = self.post("start_pair", &fields).await;
        assert_eq!(response.status(), StatusCode::OK);
        let location = response.headers()[header::LOCATION].to_str().expect("a path").to_owned();
        location.split('/').nth(2).and_then(|id| id.parse().ok()).expect("a pair in the path")
    }

    /// Makes an invitation and gives its code.
    pub async fn invite(&self, pair: PairId) -> String {
        assert_eq!(self.post("invite", &[("pair", &pair.to_string())]).await.status(), StatusCode::OK);
        let cookies = self.cookies.lock().expect("cookies");
        cookies["__Host-invitation"].split_once('.').expect("id.code").1.to_owned()
    }

    /// Checks a code and joins with it.
    pub async fn join(&self, code: &str, relation: &str) {
        assert_eq!(self.post("check_invitation", &[("code", code)]).await.status(), StatusCode::OK, "the code");
        assert_eq!(self.post("join", &[("relation", relation)]).await.status(), StatusCode::OK, "joining");
    }

    /// Opens the live line after everything that has been told so far.
    pub async fn listen(&self, pair: PairId) -> Listener {
        let as_of = self.today(pair).await.as_of;
        self.listen_after(as_of).await
    }

    pub async fn listen_after(&self, cursor: i64) -> Listener {
        let response =
            self.events(&format!("after={cursor}"), &[("accept", "text/event-stream")]).await.expect("a stream");
        assert_eq!(response.status(), StatusCode::OK, "the live line");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Listener { body: response.bytes_stream().boxed(), text: String::new(), raw: String::new() }
    }

    /// Asks for the feed. The answer may stay open, and there is none while the server is away.
    pub async fn events(&self, query: &str, headers: &[(&str, &str)]) -> reqwest::Result<Response> {
        let mut request =
            self.client.get(format!("{}/events?{query}", self.url)).header(header::COOKIE, self.cookie_line());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await
    }
}

/// An open live line.
pub struct Listener {
    body: futures::stream::BoxStream<'static, reqwest::Result<axum::body::Bytes>>,
    text: String,
    /// Everything heard, as it came.
    pub raw: String,
}

impl Listener {
    /// The next frame as (event, data); `None` when the line has ended.
    pub async fn next_frame(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    frame
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                        .unwrap_or_default()
                };
                let (event, data) = (field("event:"), field("data:"));
                self.text = rest.to_owned();
                if event.is_empty() {
                    continue;
                }
                return Some((event, data));
            }
            let chunk = tokio::time::timeout(PATIENCE, self.body.next()).await.expect("something on the line");
            let chunk = String::from_utf8(chunk?.ok()?.to_vec()).expect("UTF-8");
            self.raw.push_str(&chunk);
            self.text.push_str(&chunk);
        }
    }

    pub async fn next_event(&mut self) -> Event {
        loop {
            let (event, data) = self.next_frame().await.expect("an open line");
            if event == "told" {
                return serde_json::from_str(&data).expect("an event");
            }
        }
    }

    pub async fn hears(&mut self, kind: EventKind) {
        assert_eq!(self.next_event().await.kind, kind);
    }

    /// Nothing was told until `marker`, which the test tells itself.
    pub async fn hears_only(&mut self, marker: EventKind) {
        assert_eq!(self.next_event().await.kind, marker);
    }

    /// Reads until the server ends the line.
    pub async fn ends(&mut self) {
        while self.next_frame().await.is_some() {}
    }
}

/// So that the ticket's life is named in one place.
pub const TICKET_LIFE: i64 = invitations::TICKET_LIFE_MS;
pub const SESSION_IDLE: i64 = accounts::SESSION_IDLE_MS;
