//! The app under test: its own database, a manual clock, seeded randomness, and people who use it over HTTP.

mod browser;
mod elsewhere;
mod feed_stream;
mod nodes;
mod reading;
mod state;
mod waiting;

pub use browser::Browser;
pub use feed_stream::FeedStream;
pub use state::idle_node;
use state::prepare;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::StatusCode;
use tokio::net::TcpSocket;

use super::{issuer::Issuer, native::NativeProviders, own_database::OwnDatabase, push_service::PushService};
use crate::{
    domain::{Millis, PairId},
    http::{limits::Limits, listener::Listener, serve},
    server::{
        budget::Budget,
        clock::Clock,
        jobs::{outbox, scheduler},
        key_file, oidc,
        push::VapidKeys,
        random::Random,
        services::{accounts, invitations},
        state::{AppState, SignUpLimits},
        storage::{
            journal::Journal,
            seeds::{CHILDREN, PARENTS},
        },
    },
};

/// Ends a test that hangs. No test depends on its length.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Sunday 2026-11-22, 12:00 in Seoul.
pub const NOON: Millis = Millis(1_795_316_400_000);

/// How many rounds a random test runs (`TEST_ROUNDS`).
pub fn rounds() -> u32 {
    std::env::var("TEST_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

pub struct TestApp {
    pub state: AppState,
    pub url: String,
    data: Arc<Data>,
    providers: Providers,
    /// The state as browsers of this app find it, also after a restart.
    running: Running,
}

type Running = Arc<Mutex<AppState>>;

/// Where the app sends notifications.
#[derive(Clone, Default)]
struct Providers {
    /// HOST:PORT of the push service, or empty.
    push_host: String,
    native: Option<NativeProviders>,
}

impl From<&str> for Providers {
    fn from(push_host: &str) -> Self {
        Self { push_host: push_host.to_owned(), native: None }
    }
}

/// The data of an app: a temporary folder, removed with everything in it when it is dropped, and a database.
struct Data {
    database: OwnDatabase,
    folder: PathBuf,
}

impl Data {
    async fn new() -> Arc<Self> {
        let folder = std::env::temp_dir().join(format!("umbba-test-{:x}", Random::system().number()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        Arc::new(Self { database: OwnDatabase::migrated(&folder).await, folder })
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(7).await
    }

    /// Starts an app with a push service that browsers may subscribe at.
    pub async fn start_with_push() -> (Self, PushService) {
        let service = PushService::start().await;
        (Self::start_at(7, &service.host).await, service)
    }

    /// Starts an app with a push service, FCM and APNs.
    pub async fn start_with_native() -> (Self, PushService, NativeProviders) {
        Self::start_with_native_and_budget(Budget::unlimited()).await
    }

    /// Starts an app with a push service, FCM, APNs and a rate limit.
    pub async fn start_with_native_and_budget(budget: Budget) -> (Self, PushService, NativeProviders) {
        let (service, clock) = (PushService::start().await, Clock::manual(NOON));
        let native = NativeProviders::start(&clock).await;
        let providers = Providers { push_host: service.host.clone(), native: Some(native.clone()) };
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let data = Data::new().await;
        let port = listener.local_addr().expect("an address").port();
        let state = AppState { budget, ..prepare(&data, clock, 7, &providers, port).await };
        (Self::run(state, listener.into(), data, providers), service, native)
    }

    /// Starts an app with a push service and a rate limit.
    pub async fn start_with_push_and_budget(budget: Budget) -> (Self, PushService) {
        let (app, service, _) = Self::start_with_native_and_budget(budget).await;
        (app, service)
    }

    /// Starts an app with a provider of accounts.
    pub async fn start_with_issuer() -> (Self, Issuer) {
        Self::start_with_issuer_and("").await
    }

    /// The same with Google, which no test asks.
    pub async fn start_with_google() -> (Self, Issuer) {
        let google = "[[provider]]\nid = \"google\"\nkind = \"google\"\nclient_id = \"a\"\nclient_secret = \"b\"\n";
        Self::start_with_issuer_and(google).await
    }

    async fn start_with_issuer_and(more: &str) -> (Self, Issuer) {
        let (data, clock) = (Data::new().await, Clock::manual(NOON));
        let issuer = Issuer::start(&clock).await;
        let config = format!("{}{more}", issuer.config());
        key_file::write_new(&data.folder.join(oidc::CONFIG_FILE), &config).expect("a file");
        let app = Self::open(data, clock, 7, issuer.address.as_str().into()).await;
        (app, issuer)
    }

    /// Starts an app with a push service, a provider of accounts and a rate limit.
    pub async fn start_with_issuer_and_budget(budget: Budget) -> (Self, PushService, Issuer) {
        let (service, clock, data) = (PushService::start().await, Clock::manual(NOON), Data::new().await);
        let issuer = Issuer::start(&clock).await;
        key_file::write_new(&data.folder.join(oidc::CONFIG_FILE), &issuer.config()).expect("a file");
        let providers = Providers::from(format!("{},{}", service.host, issuer.address).as_str());
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = AppState { budget, ..prepare(&data, clock, 7, &providers, port).await };
        (Self::run(state, listener.into(), data, providers), service, issuer)
    }

    /// Starts an app whose randomness has this seed.
    pub async fn start_with(seed: u64) -> Self {
        Self::start_at(seed, "").await
    }

    /// Starts an app that closes a connection whose other end takes nothing for `patience`. Its buffers are small.
    pub async fn start_with_patience(patience: Duration) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(16 * 1024).expect("a small buffer");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let listener = socket.listen(64).expect("a port");
        let (data, clock) = (Data::new().await, Clock::manual(NOON));
        let state =
            prepare(&data, clock, 7, &Providers::default(), listener.local_addr().expect("an address").port()).await;
        let limits = Limits { write: patience, head: patience, idle: patience * 5, ..Limits::default() };
        Self::run(state, Listener::new(listener, limits), data, Providers::default())
    }

    /// Starts an app with other limits for connections.
    pub async fn start_with_limits(limits: Limits) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let data = Data::new().await;
        let port = listener.local_addr().expect("an address").port();
        let state = prepare(&data, Clock::manual(NOON), 7, &Providers::default(), port).await;
        Self::run(state, Listener::new(listener, limits), data, Providers::default())
    }

    /// Starts an app whose feeds send a heartbeat after this time of silence.
    pub async fn start_with_heartbeat(heartbeat: Duration) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let data = Data::new().await;
        let mut state = prepare(
            &data,
            Clock::manual(NOON),
            7,
            &Providers::default(),
            listener.local_addr().expect("an address").port(),
        )
        .await;
        Arc::get_mut(&mut state.site).expect("nobody else has it yet").heartbeat = heartbeat;
        Self::run(state, listener.into(), data, Providers::default())
    }

    /// Starts an app in which a person may write `burst` times at once.
    pub async fn start_with_budget(burst: u32) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let data = Data::new().await;
        let mut state = prepare(
            &data,
            Clock::manual(NOON),
            7,
            &Providers::default(),
            listener.local_addr().expect("an address").port(),
        )
        .await;
        state.budget = Budget::of(burst);
        Self::run(state, listener.into(), data, Providers::default())
    }

    /// Starts an app whose requests record what they run on the database.
    pub async fn start_recorded() -> (Self, Journal) {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let data = Data::new().await;
        let port = listener.local_addr().expect("an address").port();
        let mut state = prepare(&data, Clock::manual(NOON), 7, &Providers::default(), port).await;
        let (database, journal) = state.database.recorded();
        state.database = database;
        (Self::run(state, listener.into(), data, Providers::default()), journal)
    }

    async fn start_at(seed: u64, push_host: &str) -> Self {
        Self::open(Data::new().await, Clock::manual(NOON), seed, push_host.into()).await
    }

    /// Opens one node: a listener, loops and connections of its own over the data in the folder.
    async fn open(data: Arc<Data>, clock: Clock, seed: u64, providers: Providers) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let state = prepare(&data, clock, seed, &providers, listener.local_addr().expect("an address").port()).await;
        Self::run(state, listener.into(), data, providers)
    }

    fn run(state: AppState, port: Listener, data: Arc<Data>, providers: Providers) -> Self {
        let url = state.site.public_url.as_str().to_owned();
        let (running, root) = (state.clone(), data.folder.clone());
        let loops = AppState { database: state.database.for_jobs(), ..state.clone() };
        serve::start_telling(&loops);
        state.lifecycle.spawn(async move { serve::run(running, port, &root).await });
        let running = Arc::new(Mutex::new(state.clone()));
        Self { url, state, data, providers, running }
    }

    /// Starts another node with the same data, clock and push service.
    pub async fn second_node(&self) -> Self {
        Self::open(self.data.clone(), self.state.clock.clone(), 8, self.providers.clone()).await
    }

    /// Starts another node with limits on signing up.
    pub async fn with_sign_ups(&self, sign_ups: SignUpLimits) -> Self {
        let listener = serve::listen(([127, 0, 0, 1], 0).into()).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let state = AppState {
            sign_ups,
            ..prepare(&self.data, self.state.clock.clone(), 8, &Providers::default(), port).await
        };
        Self::run(state, listener.into(), self.data.clone(), Providers::default())
    }

    /// Ends the process as SIGTERM does and restarts it `away` milliseconds later on the same database and port.
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
        let state = prepare(&self.data, self.state.clock.clone(), 9, &self.providers, port).await;
        let running = self.running.clone();
        *self = Self::run(state, listener.into(), self.data.clone(), self.providers.clone());
        *running.lock().expect("the state") = self.state.clone();
        self.running = running;
    }

    /// Does what `umbba keys rotate` and a restart do.
    pub async fn rotate_push_keys(&mut self) {
        VapidKeys::make(&self.data.folder, self.state.clock.now().0).expect("another key");
        self.restart(0).await;
    }

    /// The folder of the data and the built site.
    pub fn folder(&self) -> &Path {
        &self.data.folder
    }

    pub fn is_postgres(&self) -> bool {
        self.data.database.is_postgres()
    }

    /// Reads everything that is stored ([`OwnDatabase::stored`]).
    pub async fn stored(&self) -> Vec<u8> {
        self.data.database.stored().await
    }

    /// Runs statements on the database itself, as another release or an operator would.
    pub async fn run_sql(&self, sql: &str) {
        self.data.database.run_sql(sql).await;
    }

    /// Reads one column of texts.
    pub async fn read_sql(&self, sql: &str) -> Vec<String> {
        self.data.database.read_sql(sql).await
    }

    /// Sends the pushes that may be sent now.
    pub async fn deliver(&self) -> usize {
        outbox::pass(&self.state).await.expect("a pass of the outbox")
    }

    pub async fn tick(&self) -> usize {
        scheduler::tick(&self.state).await.expect("a tick")
    }

    /// Advances the clock to the next `hour:minute` in Seoul, then ticks.
    pub async fn tick_at(&self, hour: i64, minute: i64) -> usize {
        const SEOUL: i64 = 9 * Millis::HOUR;
        let now = self.state.clock.now().0 + SEOUL;
        let wanted = hour * Millis::HOUR + minute * Millis::MINUTE;
        let step = (wanted - now.rem_euclid(Millis::DAY)).rem_euclid(Millis::DAY);
        self.advance(if step == 0 { Millis::DAY } else { step });
        self.tick().await
    }

    /// Makes a browser that is not signed in.
    pub fn visitor(&self) -> Browser {
        Browser::new(&self.url, self.running.clone())
    }

    /// Makes a browser whose person has signed up.
    pub async fn person(&self, name: &str) -> Browser {
        let browser = self.visitor();
        let done = browser.post("sign_up", &[("name", name), ("consent", "yes"), ("zone", "Asia/Seoul")]).await;
        assert_eq!(done.status(), StatusCode::OK, "sign-up");
        browser
    }

    /// Makes a pair that both have joined. Nobody has answered the first question.
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
    /// Lets both answer today's question.
    pub async fn answer_both(&self, text: &str) {
        for browser in [&self.parent, &self.child] {
            assert_eq!(browser.answer(self.id, text).await.status(), StatusCode::OK);
        }
    }
}

/// How long a ticket is valid, for tests that wait for its end.
pub const TICKET_LIFE: i64 = invitations::TICKET_LIFE_MS;
pub const SESSION_IDLE: i64 = accounts::SESSION_IDLE_MS;
