//! An app without HTTP over a test database, with people whose use cases a test runs at the same time.

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use futures::future::join_all;
use sqlx::{Connection, PgConnection};

use crate::{
    domain::{
        AnswerBody, DailyQuestionId, Locale, PairId, Person, PersonName, PushTime, RecoveryCode, Relation, Role,
        SessionId, ZoneName,
    },
    server::{
        services::{
            Caller, DeviceName, ServiceError,
            accounts::{self, SignUp},
            answers::{self, Sending},
            attempts::{Attempt, Step},
            guard::Trier,
            invitations::{self, Joiner},
            pairs,
            reader::Reader,
            registrations::{self, Offered},
            seat_returns,
        },
        state::AppState,
        storage::{daily_questions, persons},
    },
    tests::{
        app::{PATIENCE, idle_node},
        push_service,
        storage::databases::{TestDatabase, postgres_server},
    },
};

pub const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub const TRIER: Trier = Trier { client: HERE, session: None, browser: None };

/// A person with one session, and the code that opens another.
#[derive(Clone)]
pub struct Someone {
    pub person: Person,
    pub session: SessionId,
    pub code: RecoveryCode,
}

impl Someone {
    pub fn caller(&self) -> Caller {
        Caller { here: Some((self.person.id, self.session)), ..stranger() }
    }

    pub fn reader(&self) -> Reader {
        Reader { person: self.person.clone(), home: None }
    }
}

/// A browser that nobody is signed in on.
pub fn stranger() -> Caller {
    Caller { device: DeviceName("Chrome".into()), client: HERE, here: None }
}

/// A pair with its first question, which nobody has answered.
#[derive(Clone)]
pub struct Family {
    pub id: PairId,
    pub parent: Someone,
    pub child: Someone,
    pub question: DailyQuestionId,
}

pub struct World {
    pub state: AppState,
    url: String,
    is_postgres: bool,
}

impl World {
    pub fn of(db: &TestDatabase) -> Self {
        let state = idle_node(db.database.clone(), &db.folder);
        Self { state, url: db.url.clone(), is_postgres: db.is_postgres() }
    }

    pub fn attempt(&self, step: Step) -> Attempt {
        Attempt::new(&self.state, step, "")
    }

    pub async fn someone(&self, name: &str) -> Someone {
        let made = accounts::sign_up(&self.state, &self.attempt(Step::SignUp), newcomer(name), &stranger()).await;
        let made = made.expect("a sign-up").expect("a new person");
        Someone { person: made.opened.person, session: made.opened.session, code: made.code.expect("a code") }
    }

    /// Starts a pair and returns the ticket of its invitation.
    pub async fn invited(&self, child: &Someone) -> (PairId, String) {
        let start = pairs::Start {
            role: Role::Child,
            relation: Relation::parse(Role::Child, "daughter", "").expect("a relation"),
            push_time: PushTime::default(),
            zone: ZoneName::default(),
        };
        let pair = pairs::start(&self.state, self.attempt(Step::StartPair), &child.person, start).await;
        let pair = pair.expect("a pair");
        let made = invitations::invite(&self.state, self.attempt(Step::Invite), &child.person, pair, "", "", "").await;
        let (_, code) = made.expect("an answer").expect("an invitation");
        let ticket = invitations::check(&self.state, code.as_str(), TRIER).await.expect("a ticket");
        (pair, ticket)
    }

    pub async fn family(&self, child: &Someone, parent: &Someone) -> Family {
        let (id, ticket) = self.invited(child).await;
        let joiner = Joiner::Known(Box::new(parent.person.clone()));
        let joined = invitations::join(&self.state, &ticket, joiner, "mother", "", &parent.caller()).await;
        joined.expect("an answer").expect("a pair");
        let mut tx = self.state.database.read().await.expect("a snapshot");
        let question = daily_questions::lookup_first(&mut tx, id).await.expect("an answer").expect("a question");
        Family { id, parent: parent.clone(), child: child.clone(), question: question.id }
    }

    /// Two persons and their pair.
    pub async fn two(&self) -> Family {
        let (child, parent) = (self.someone("민지").await, self.someone("순자").await);
        self.family(&child, &parent).await
    }

    /// Lets a person wait for the parent's seat, which the child gives back.
    pub async fn gives_back(&self, of: &Family, to: &Someone) {
        let made = seat_returns::invite(&self.state, self.attempt(Step::Invite), &of.child.person, of.id).await;
        let (_, code) = made.expect("an answer").expect("an invitation");
        let ticket = invitations::check(&self.state, code.as_str(), TRIER).await.expect("a ticket");
        let joiner = Joiner::Known(Box::new(to.person.clone()));
        let joined = invitations::join(&self.state, &ticket, joiner, "", "", &to.caller()).await;
        joined.expect("an answer").expect("a pair");
    }

    pub async fn answer(&self, of: &Family, who: &Someone, text: &str) -> Result<(), ServiceError> {
        let body = AnswerBody::parse(text).expect("an answer");
        answers::submit(&self.state, &who.person, of.question, 1, body, Sending::default()).await.map(drop)
    }

    pub async fn subscribe(&self, who: &Someone, endpoint: &str) -> Result<(), ServiceError> {
        let keys = push_service::keys();
        let endpoint = format!("https://updates.push.services.mozilla.com/{endpoint}");
        let key = self.state.push.public_key().to_owned();
        let offered = Offered { endpoint: &endpoint, p256dh: &keys.p256dh, auth: &keys.auth, key: &key };
        let device = DeviceName("Chrome".into());
        registrations::subscribe(&self.state, &who.person, who.session, &device, offered).await
    }

    pub async fn name_of(&self, who: &Someone) -> String {
        let mut tx = self.state.database.read().await.expect("a snapshot");
        let person = persons::lookup(&mut tx, who.person.id).await.expect("an answer").expect("a person");
        person.name.as_str().to_owned()
    }

    /// Closes the database and checks that PostgreSQL broke up no deadlock in it.
    pub async fn had_no_deadlock(&self) {
        self.state.database.close().await;
        let Some(server) = postgres_server().filter(|_| self.is_postgres) else { return };
        let name = url::Url::parse(&self.url).expect("an address").path().trim_start_matches('/').to_owned();
        let mut connection = PgConnection::connect(&server).await.expect("the server answers");
        // A server process writes its statistics at the latest when it ends.
        let ended = async {
            loop {
                let sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = $1";
                let (left,): (i64,) =
                    sqlx::query_as(sql).bind(&name).fetch_one(&mut connection).await.expect("a count");
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, ended).await.expect("all connections end");
        let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = $1";
        let (deadlocks,): (i64,) = sqlx::query_as(sql).bind(&name).fetch_one(&mut connection).await.expect("a count");
        assert_eq!(deadlocks, 0, "PostgreSQL broke up deadlocks");
    }
}

pub fn newcomer(name: &str) -> SignUp {
    SignUp {
        name: PersonName::parse(name).expect("a name"),
        has_consented: true,
        zone: ZoneName::default(),
        locale: Locale::Ko,
    }
}

/// Runs all of these on tasks of their own and returns their outputs in order.
pub async fn at_once<T: Send + 'static>(all: Vec<impl Future<Output = T> + Send + 'static>) -> Vec<T> {
    join_all(all.into_iter().map(tokio::spawn)).await.into_iter().map(|done| done.expect("no panic")).collect()
}

pub type Done<T> = Vec<Result<T, ServiceError>>;

pub fn all_are_done<T>(done: Done<T>) {
    for done in done {
        done.map(drop).expect("it is done");
    }
}
