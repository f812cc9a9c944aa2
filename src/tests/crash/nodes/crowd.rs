//! The members: their lines through nginx, which read everything, and what they post meanwhile.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};
use umbba::{
    domain::Millis,
    server::{
        catalogue::Catalogue,
        clock::Clock,
        push::VapidKeys,
        random::Random,
        services::accounts,
        storage::seeds::{self, FullMinute, Seeding},
    },
};

use super::{
    super::{
        PATIENCE,
        node::{Member, post},
        push_service,
        streams::{Reader, Told, Transport},
    },
    fleet::Fleet,
};

/// One client for all posts, because making one reads all certificates of the machine.
static CLIENT: LazyLock<Client> = LazyLock::new(Client::new);

/// Seeds pairs that have answered everything, three days ago. None is due today. Each member has a device.
pub async fn seed(fleet: &Fleet, pairs: usize) -> Vec<Member> {
    let folder = fleet.data(0);
    let vapid = VapidKeys::load_or_make(&folder, Clock::System.now().0).expect("keys");
    let (receiver, origin) = (push_service::keys(), format!("http://{}", fleet.push.host));
    let catalogue = Catalogue::load(&folder).expect("the catalogue");
    let seeding = Seeding {
        questions: catalogue.questions(),
        random: &Random::system(),
        now: Clock::System.now().plus(-3 * Millis::DAY),
        consent_version: accounts::CONSENT_VERSION,
        minute: Some(FullMinute {
            origin: &origin,
            p256dh: &receiver.p256dh,
            auth: &receiver.auth,
            key_id: vapid.current().id(),
        }),
    };
    let members = seeds::fill(&fleet.database, seeding, pairs).await.expect("pairs");
    let tomorrow = Clock::System.now().plus(Millis::DAY).0;
    // The nodes have the real clock, and at night a push would wait until the morning.
    let quiet = "UPDATE persons SET quiet_from = NULL, quiet_to = NULL";
    fleet.stored.run_sql(&format!("UPDATE pairs SET next_due_at = {tomorrow}; {quiet}")).await;
    let members = members.into_iter().map(|member| Member {
        pair: member.pair.to_string(),
        role: member.role.word().to_owned(),
        cookie: umbba::cookies::sent_session(&member.token),
        device: member.person.to_string(),
    });
    members.collect()
}

/// An open line of a member, read through nginx until `finish`. A broken line is opened again at its cursor.
pub struct Line {
    member: Member,
    first: i64,
    /// Read until this number; -1 while nobody knows the last one.
    last: Arc<AtomicI64>,
    reading: JoinHandle<Reader>,
}

impl Line {
    pub async fn open(
        url: &str,
        member: &Member,
        transport: Transport,
        told: Option<mpsc::UnboundedSender<Told>>,
    ) -> Self {
        let first = as_of(url, member).await;
        let mut reader = Reader::of(member, transport, first);
        reader.told = told;
        let (last, url) = (Arc::new(AtomicI64::new(-1)), url.to_owned());
        let wanted = last.clone();
        let reading = tokio::spawn(async move {
            let seen = AtomicI64::new(first);
            let has_all = |cursor: i64| (0..=cursor).contains(&wanted.load(Ordering::SeqCst));
            let is_enough = |cursor| {
                seen.store(cursor, Ordering::SeqCst);
                has_all(cursor)
            };
            while !has_all(reader.cursor) {
                // A line that has everything hears nothing more, so its reading ends here.
                let everything_read = async {
                    while !has_all(seen.load(Ordering::SeqCst)) {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                };
                tokio::select! {
                    () = reader.read(&url, &is_enough) => {}
                    () = everything_read => {}
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            reader
        });
        Self { member: member.clone(), first, last, reading }
    }

    /// Asserts that the line has every event up to now once and in order. Returns their number.
    pub async fn finish(self, url: &str) -> usize {
        let last = as_of(url, &self.member).await;
        self.last.store(last, Ordering::SeqCst);
        let reading = tokio::time::timeout(PATIENCE, self.reading).await;
        let reader = reading.unwrap_or_else(|_| panic!("{}: the rest does not come", self.member.device));
        let seqs = reader.expect("no panic").seqs;
        // An event may come after `last` was asked for.
        let until = seqs.last().copied().unwrap_or(last).max(last);
        assert_eq!(seqs, (self.first + 1..=until).collect::<Vec<_>>(), "{}: all, once, in order", self.member.device);
        seqs.len()
    }
}

/// The number of the member's last event.
async fn as_of(url: &str, member: &Member) -> i64 {
    today(url, member).await["as_of"].as_i64().expect("a number")
}

/// What the member's today page shows. Asks again while no node answers, or while a busy one refuses.
pub async fn today(url: &str, member: &Member) -> Value {
    let asking = async {
        loop {
            if let Ok((StatusCode::OK, today)) = post(&CLIENT, url, member, "today", &[("pair", &member.pair)]).await {
                return today;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.expect("a page")
}

/// Posts until it is taken, as a browser does with what it sends by itself. Returns the failures before.
pub async fn post_until_taken(url: &str, member: &Member, endpoint: &str, fields: &[(&str, &str)]) -> Vec<String> {
    let mut failures = Vec::new();
    let posting = async {
        loop {
            match post(&CLIENT, url, member, endpoint, fields).await {
                Ok((status, _)) if status.is_success() => return,
                // The statuses after which `client/send_queue.ts` sends again.
                Ok((status, _)) if status.is_server_error() || matches!(status.as_u16(), 408 | 429) => {
                    failures.push(status.to_string());
                }
                Ok((status, answer)) => panic!("{endpoint}: {status} {answer}: no browser would send it again"),
                Err(error) => failures.push(error.to_string()),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, posting).await.expect("it is taken");
    failures
}

/// Changes of push times, posted without a pause until `end`. Each change is an event of both members.
pub struct Load {
    ends: Arc<AtomicBool>,
    posting: Vec<JoinHandle<i64>>,
    failures: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Load {
    /// `every`: the time between two posts of one member.
    pub fn start(url: &str, members: &[Member], every: Duration) -> Self {
        let (ends, failures) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(BTreeMap::new())));
        let posting = members.iter().enumerate().map(|(number, member)| {
            let (url, member, ends, failures) = (url.to_owned(), member.clone(), ends.clone(), failures.clone());
            tokio::spawn(async move {
                let mut taken = 0;
                while !ends.load(Ordering::SeqCst) {
                    let time = far_time(number + taken as usize);
                    let fields = [("pair", member.pair.as_str()), ("push_time", &time), ("zone", "Asia/Seoul")];
                    for failure in post_until_taken(&url, &member, "change_push_time", &fields).await {
                        *failures.lock().expect("no panic").entry(failure).or_default() += 1;
                    }
                    taken += 1;
                    tokio::time::sleep(every).await;
                }
                taken
            })
        });
        let posting = posting.collect();
        Self { ends, posting, failures }
    }

    /// The posts that failed since the last call and were sent again, by status or error.
    pub fn failures(&self) -> BTreeMap<String, usize> {
        std::mem::take(&mut self.failures.lock().expect("no panic"))
    }

    /// Returns the number of changes that were taken.
    pub async fn finish(self) -> i64 {
        self.ends.store(true, Ordering::SeqCst);
        let mut taken = 0;
        for posting in self.posting {
            taken += posting.await.expect("no panic");
        }
        taken
    }
}

/// A push time eleven to thirteen hours from now in Seoul, so that the load's pairs are not due meanwhile. Numbers that
/// follow one another give different times.
pub fn far_time(number: usize) -> String {
    let minute = seoul_minute(Clock::System.now()) + 11 * 60 + i64::try_from(number % 120).expect("a minute");
    format!("{:02}:{:02}", minute / 60 % 24, minute % 60)
}

fn seoul_minute(at: Millis) -> i64 {
    (at.0 + 9 * Millis::HOUR).rem_euclid(Millis::DAY) / Millis::MINUTE
}

/// Makes the pairs of these members due at `at`, as if that had been their push time for long.
pub async fn make_due(fleet: &Fleet, members: &[Member], at: Millis) {
    let minute = seoul_minute(at);
    let sql = format!("UPDATE pairs SET next_due_at = {}, minute = {minute} WHERE id IN ({})", at.0, list(members));
    fleet.stored.run_sql(&sql).await;
}

/// The pairs of these members in SQL.
pub fn list(members: &[Member]) -> String {
    let pairs: BTreeSet<String> = members.iter().map(|member| format!("'{}'", member.pair)).collect();
    Vec::from_iter(pairs).join(", ")
}

pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}
