//! The providers of the process's devices: a push service, a Google and an Apple in the test's own process, which
//! outlives every kill.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::SystemTime,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{StatusCode, header};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::Value;
use umbba::domain::Millis;

use super::{
    PATIENCE,
    fake_apple::{FakeApple, KEY_ID, TEAM, TOPIC},
    fake_google::FakeGoogle,
    node::{Data, Member, Node, umbba},
    push_service::PushService,
};

pub const PROVIDERS: [&str; 3] = ["apns", "fcm", "web_push"];

/// A notification that a device got. A device is a member at a provider.
pub struct Arrived {
    pub provider: &'static str,
    pub member: String,
    pub title: String,
    pub id: String,
    /// A later notification of the same tag replaces it.
    pub tag: String,
}

pub struct Providers {
    pub web: PushService,
    google: FakeGoogle,
    apple: FakeApple,
    /// The settings of the process.
    settings: Vec<(&'static str, String)>,
    /// What Google and Apple take for the time, in epoch ms.
    clock: Arc<AtomicI64>,
}

fn secret(path: &Path, text: &str) -> String {
    fs::write(path, text).expect("a file");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("its mode");
    path.display().to_string()
}

impl Providers {
    pub async fn start(data: &Data) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).expect("a key");
        let key = STANDARD.encode(pkcs8.as_ref());
        let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        let (google, google_server) = FakeGoogle::start(0).await;
        let (apple, apple_server) = FakeApple::start(0, pair.public_key().as_ref().to_vec()).await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a time after 1970");
        let clock = Arc::new(AtomicI64::new(i64::try_from(now.as_millis()).expect("a time")));
        let asked = clock.clone();
        let seconds = Arc::new(move || asked.load(Ordering::SeqCst).div_euclid(Millis::SECOND));
        google.follow(seconds.clone());
        apple.follow(seconds);
        let settings = vec![
            ("FCM_SERVICE_ACCOUNT", secret(&data.folder.join("fcm.json"), &FakeGoogle::account_json())),
            ("FCM_URL", google_server.url()),
            ("APNS_KEY", secret(&data.folder.join("apns.p8"), &key)),
            ("APNS_KEY_ID", KEY_ID.to_owned()),
            ("APNS_TEAM_ID", TEAM.to_owned()),
            ("APNS_TOPIC", TOPIC.to_owned()),
            ("APNS_URL", apple_server.url()),
            ("APNS_SANDBOX_URL", apple_server.url()),
        ];
        Self { web: PushService::start().await, google, apple, settings, clock }
    }

    /// Starts the process with credentials for all of them.
    pub async fn serve(&self, data: &Data) -> Node {
        let mut command = umbba(data, &self.web.host);
        command.args(["serve", "--listen-addr", "127.0.0.1:0"]);
        self.name_in(&mut command);
        Node::run(command, &data.folder).await
    }

    fn name_in(&self, command: &mut Command) {
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
    }

    /// Moves the time of Google and Apple forward to that of the process.
    pub fn clock_to(&self, at: Millis) {
        self.clock.fetch_max(at.0, Ordering::SeqCst);
    }

    /// Gives each member a device per provider, each with a session of its own.
    pub async fn register(&self, node: &Node, members: &[Member]) {
        for (number, member) in members.iter().enumerate() {
            let code = cookie(node, "renew_recovery", &member.cookie, &[], "__Host-recovery").await;
            let code = code.split_once('.').expect("whose it is, and the code").1.to_owned();
            for (provider, kind, address) in [("fcm", "fid", fid(number)), ("apns", "", hex(number))] {
                let session = cookie(node, "sign_in", "", &[("code", &code)], "__Host-session").await;
                let phone = Member { cookie: format!("__Host-session={session}"), ..member.clone() };
                let fields = [("provider", provider), ("kind", kind), ("address", &address), ("environment", "")];
                let (status, answer) = node.post(&phone, "register_device", &fields).await.expect("an answer");
                assert_eq!(status, StatusCode::OK, "{answer}");
            }
            node.subscribe(member, &self.web).await;
        }
    }

    /// What was accepted since the last call.
    pub fn take(&self, members: &[Member]) -> Vec<Arrived> {
        assert_eq!([self.google.violations(), self.apple.violations()].concat(), Vec::<String>::new());
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let by_web = self.web.take().into_iter().map(|push| Arrived {
            provider: "web_push",
            member: push.device,
            title: push.title,
            id: text(&push.json["id"]),
            tag: push.topic,
        });
        // A withdrawal has no title and shows nothing.
        let shown = self.google.take().into_iter().filter(|accepted| accepted.message["data"].get("title").is_some());
        let by_fcm = shown.map(|accepted| {
            let data = &accepted.message["data"];
            let number: usize = accepted.target.1[1..].parse().expect("a number");
            Arrived {
                provider: "fcm",
                member: members[number].device.clone(),
                title: text(&data["title"]),
                id: text(&data["id"]),
                tag: text(&data["tag"]),
            }
        });
        let by_apns = self.apple.take().into_iter().map(|accepted| Arrived {
            provider: "apns",
            member: members[usize::from_str_radix(&accepted.device, 16).expect("a number")].device.clone(),
            title: text(&accepted.payload["aps"]["alert"]["title"]),
            id: text(&accepted.payload["id"]),
            tag: accepted.headers["apns-collapse-id"].clone(),
        });
        by_apns.chain(by_fcm).chain(by_web).collect()
    }
}

fn fid(number: usize) -> String {
    format!("d{number:021}")
}

fn hex(number: usize) -> String {
    format!("{number:064x}")
}

/// Posts with these cookies. Returns a cookie that the answer sets.
async fn cookie(node: &Node, endpoint: &str, cookies: &str, fields: &[(&str, &str)], name: &str) -> String {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = node.client.post(format!("{}/api/{endpoint}", node.url)).header(header::COOKIE, cookies);
    let request = request.header(header::ACCEPT, "application/json").timeout(PATIENCE);
    let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body);
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let lines: Vec<String> = response
        .headers()
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|line| line.to_str().expect("text").to_owned())
        .collect();
    let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.split(';').next());
    found.unwrap_or_else(|| panic!("{endpoint}: {status} without {name}")).to_owned()
}
