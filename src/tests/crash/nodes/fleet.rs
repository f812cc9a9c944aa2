//! Three nodes on one PostgreSQL behind nginx. Each node has a data folder of its own with copies of the same keys.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use umbba::server::storage::{Database, Opening};

use super::{
    super::{PATIENCE, node::Node, own_database::OwnDatabase, push_service::PushService, wrong_clock::FAKE_TIME},
    relay::Relay,
};

pub const NODES: usize = 3;

/// A folder that is removed with everything in it.
pub struct Folder(pub PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A PostgreSQL of this test alone, because the test restarts it (`.ci/postgres`).
pub struct Server {
    remembered: PathBuf,
    pub url: String,
}

impl Server {
    /// `.ci/test` stops what a killed test left behind.
    pub fn start() -> Self {
        let remembered = format!("target/test/postgres-{}", std::process::id());
        let remembered = Path::new(env!("CARGO_MANIFEST_DIR")).join(remembered);
        let url = script("start", &remembered);
        Self { remembered, url }
    }

    /// Kills the server's processes and starts them again on the same data.
    pub fn restart(&self) {
        script("restart", &self.remembered);
    }

    /// The folder of its socket.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(self.url.split_once("host=").expect("a socket").1)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script("stop", &self.remembered);
    }
}

fn script(act: &str, remembered: &Path) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/postgres");
    let output = Command::new(script).arg(act).arg(remembered).output().expect("the script runs");
    assert!(output.status.success(), "{act}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

pub struct Fleet {
    /// `None` while a node is down.
    pub nodes: [Option<Node>; NODES],
    nginx: Child,
    /// The address of nginx.
    pub url: String,
    ports: [u16; NODES],
    /// The third node reaches the database through it.
    pub relay: Relay,
    pub push: PushService,
    pub client: Client,
    /// The connections of the test itself.
    pub database: Database,
    pub stored: OwnDatabase,
    pub server: Server,
    folder: Folder,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.nodes = [const { None }; NODES];
        // Its worker ends with it only when it is asked to end.
        let _ = Command::new("kill").arg(self.nginx.id().to_string()).status();
        let _ = self.nginx.wait();
    }
}

fn free_port() -> u16 {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port");
    probe.local_addr().expect("an address").port()
}

impl Fleet {
    /// Starts the server and nginx. The nodes start with `start_node`.
    pub async fn prepare() -> Self {
        let folder = Folder(std::env::temp_dir().join(format!("umbba-nodes-{}", std::process::id())));
        let _ = fs::remove_dir_all(&folder.0);
        for number in 0..NODES {
            fs::create_dir_all(folder.0.join(format!("{number}/site/pkg"))).expect("a folder");
            fs::write(folder.0.join(format!("{number}/site/pkg/umbba.css")), "").expect("a file");
            fs::set_permissions(folder.0.join(number.to_string()), fs::Permissions::from_mode(0o700)).expect("a mode");
        }
        let server = Server::start();
        let database = Database::open(&server.url, Opening::Migrate).await.expect("the database");
        let relay = Relay::to(&server.socket()).await;
        let (ports, port) = ([free_port(), free_port(), free_port()], free_port());
        let nginx = nginx(&folder.0, port, &ports);
        Self {
            nodes: [const { None }; NODES],
            nginx,
            url: format!("http://localhost:{port}"),
            ports,
            relay,
            push: PushService::start().await,
            client: Client::new(),
            database,
            stored: OwnDatabase::at(&server.url),
            server,
            folder,
        }
    }

    pub fn data(&self, number: usize) -> PathBuf {
        self.folder.0.join(number.to_string())
    }

    /// Starts a node on its port. The first start of the first node makes the keys, and the others get copies.
    pub async fn start_node(&mut self, number: usize) {
        let command = self.node_command(number);
        self.nodes[number] = Some(Node::run(command, &self.data(number)).await);
    }

    /// As `start_node` with a clock that is off by so much (libfaketime).
    pub async fn start_node_ahead(&mut self, number: usize, offset: &str) {
        let mut command = self.node_command(number);
        command.env("LD_PRELOAD", FAKE_TIME).env("FAKETIME", offset).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        self.nodes[number] = Some(Node::run(command, &self.data(number)).await);
    }

    fn node_command(&self, number: usize) -> Command {
        let data = self.data(number);
        for key in ["secret.key", "vapid.json"] {
            if number > 0 && !data.join(key).exists() {
                fs::copy(self.data(0).join(key), data.join(key)).expect("the key of the first node");
            }
        }
        let through_relay = format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable", self.relay.port);
        let mut command = Command::new(env!("CARGO_BIN_EXE_umbba"));
        command
            .args(["serve", "--listen-addr", &format!("127.0.0.1:{}", self.ports[number])])
            .env_clear()
            // The clock of APP_ENV=test stands still.
            .env("APP_ENV", "development")
            .env("DATA_DIR", &data)
            .env("DATABASE_URL", if number == NODES - 1 { &through_relay } else { &self.server.url })
            .env("SITE_ROOT", data.join("site"))
            .env("PUBLIC_URL", &self.url)
            .env("TRUSTED_PROXIES", "127.0.0.1")
            .env("PUSH_EXTRA_HOSTS", &self.push.host)
            .env("LOG", "umbba=warn")
            .stderr(fs::File::options().create(true).append(true).open(data.join("log")).expect("a log"));
        command
    }

    /// The address of a node without nginx.
    pub fn url_of(&self, number: usize) -> String {
        format!("http://127.0.0.1:{}", self.ports[number])
    }

    pub fn kill(&mut self, number: usize) {
        self.nodes[number].take().expect("a running node").kill();
    }

    pub fn signal(&self, number: usize, signal: &str) {
        let node = self.nodes[number].as_ref().expect("a running node");
        let process = node.process.id().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().expect("kill").success());
    }

    /// Asks a node to end (SIGTERM) and waits until it has ended.
    pub async fn end(&mut self, number: usize) {
        self.signal(number, "-TERM");
        let mut node = self.nodes[number].take().expect("a running node");
        let ended = async {
            while node.process.try_wait().expect("its state").is_none() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("SIGTERM ends a node");
    }

    /// What a node's `/readyz` says; `None` when it does not answer in five seconds.
    pub async fn readyz(&self, number: usize) -> Option<StatusCode> {
        let asking = self.client.get(format!("{}/readyz", self.url_of(number))).timeout(Duration::from_secs(5)).send();
        asking.await.ok().map(|answer| answer.status())
    }

    /// Waits until a node's `/readyz` says this.
    pub async fn says(&self, number: usize, expected: Option<StatusCode>, within: Duration) {
        let asking = async {
            while self.readyz(number).await != expected {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let said = tokio::time::timeout(within, asking).await;
        assert!(said.is_ok(), "/readyz of node {number} does not become {expected:?}\n{}", self.log(number));
    }

    /// The end of a node's log.
    pub fn log(&self, number: usize) -> String {
        let text = fs::read_to_string(self.data(number).join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// Starts nginx before the nodes. A request that a node did not take goes to the next one; one that it may have taken
/// does not, unless it only reads.
fn nginx(folder: &Path, port: u16, ports: &[u16; NODES]) -> Child {
    let nginx = std::env::var("NGINX").unwrap_or_else(|_| "/usr/sbin/nginx".into());
    let folder = folder.join("nginx");
    fs::create_dir_all(&folder).expect("a folder");
    let at = folder.display();
    let user =
        if Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n") { "user root;" } else { "" };
    let temp: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .iter()
        .map(|name| format!("{name}_temp_path {at}/{name}; "))
        .collect();
    let servers: String =
        ports.iter().map(|port| format!("server 127.0.0.1:{port} max_fails=1 fail_timeout=2s; ")).collect();
    let text = format!(
        "{user} worker_processes 1; worker_rlimit_nofile 20000; daemon off; pid {at}/pid; error_log {at}/error.log;
         events {{ worker_connections 10000; }}
         http {{ access_log off; {temp}
           map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
           upstream nodes {{ {servers} }}
           server {{ listen 127.0.0.1:{port};
             proxy_http_version 1.1;
             proxy_set_header Host $http_host;
             proxy_set_header Connection $connection_upgrade;
             proxy_set_header Upgrade $http_upgrade;
             proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
             proxy_connect_timeout 1s;
             proxy_next_upstream error timeout http_502 http_503;
             location / {{ proxy_pass http://nodes; proxy_read_timeout 5s; }}
             location /events {{ proxy_pass http://nodes; proxy_buffering off; proxy_read_timeout 60s; }} }} }}"
    );
    fs::write(folder.join("nginx.conf"), text).expect("a file");
    let mut command = Command::new(&nginx);
    command.arg("-p").arg(&folder).arg("-c").arg(folder.join("nginx.conf")).stdin(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| panic!("{nginx}: {error}: make test installs it"))
}
