//! The storage contract: every test runs on SQLite and, when `TEST_POSTGRES_URL` names a server, on PostgreSQL too,
//! each time in a database of its own. With `CI=true` a missing server fails the suite.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    future::Future,
    io::Write,
    ops::Deref,
    os::unix::fs::PermissionsExt,
    panic::{AssertUnwindSafe, resume_unwind},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{
        Once,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, future::join_all};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::{
    cookies,
    domain::{
        Answer, AnswerBody, Cancelled, Channel, DailyQuestion, DailyQuestionId, Event, EventKind, HandOverId,
        HandOverStage, InvitationId, LocalDate, Locale, Member, Millis, Muted, NotificationId, NotificationKind, Pair,
        PairId, PairPhase, Person, PersonId, PersonName, PushTime, Question, QuestionKey, QuietHours, Relation, Role,
        Saved, Section, SessionId, SubscriptionId, TextSize, Wording, Wordings, ZoneName,
    },
    server::{
        random::Random,
        secrets,
        storage::{
            Database, Opening, StorageError, Tx, answers,
            attempts::{self, Done},
            daily_questions,
            deliveries::{self, CancelFor, DeliveryId, Settled, State},
            delivery_context, entries, events, failures, future_rows,
            hand_overs::{self, HandOverCodeKind, NewHandOver},
            invitations::{self, Invitation},
            notifications::{self, NewNotification},
            pairs, persons, presence, prune, questions,
            receipts::{self, Receipt},
            schedule, seeds, sessions,
            subscriptions::{self, Subscription},
            sweeps::{self, Swept},
            waiting,
        },
    },
};

const NOW: Millis = Millis(1_795_348_800_000);

// ---- two databases

/// A fresh database, migrated, and where it lives.
struct Place {
    database: Database,
    url: String,
    folder: PathBuf,
}

impl Deref for Place {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl Place {
    fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// A second node: other connections to the same database.
    async fn second_node(&self) -> Database {
        Database::open(&self.url, Opening::AsIs).await.expect("a second node")
    }
}

/// Expands each test to one on SQLite and one on PostgreSQL.
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* async fn $name:ident($db:ident: Database) $body:block)*) => {
        $($(#[doc = $doc])* async fn $name($db: Place) $body)*

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::on_sqlite(super::$name).await; })*
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::on_postgres(super::$name).await; })*
        }
    };
}

/// A folder of its own, removed with everything in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("umbba-storage-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

async fn run_at<T: Future<Output = ()>>(
    url: String,
    folder: &Folder,
    test: impl FnOnce(Place) -> T,
) -> std::thread::Result<()> {
    let database = Database::open(&url, Opening::Migrate).await.expect("a fresh database");
    let ended = AssertUnwindSafe(test(Place { database: database.clone(), url, folder: folder.0.clone() }))
        .catch_unwind()
        .await;
    database.close().await;
    ended
}

async fn on_sqlite<T: Future<Output = ()>>(test: impl FnOnce(Place) -> T) {
    let folder = Folder::new();
    let url = format!("sqlite:{}", folder.0.join("test.db").display());
    if let Err(panic) = run_at(url, &folder, test).await {
        resume_unwind(panic);
    }
}

async fn on_postgres<T: Future<Output = ()>>(test: impl FnOnce(Place) -> T) {
    let Some(server) = postgres_server() else { return };
    let name = format!("umbba_test_{}", Uuid::now_v7().simple());
    let mut url = url::Url::parse(&server).expect("TEST_POSTGRES_URL is an address");
    url.set_path(&name);
    run_sql(&server, format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    let ended = run_at(url.into(), &Folder::new(), test).await;
    run_sql(&server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(panic) = ended {
        resume_unwind(panic);
    }
}

/// Runs statements on a PostgreSQL connection of their own.
async fn run_sql(url: &str, sql: String) {
    let mut connection = PgConnection::connect(url).await.expect("the PostgreSQL of TEST_POSTGRES_URL answers");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.expect("the test server obeys");
}

/// Where PostgreSQL is; says once, past the test harness, that it is nowhere.
fn postgres_server() -> Option<String> {
    static SAID: Once = Once::new();
    let server = std::env::var("TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty());
    if server.is_none() {
        assert_ne!(
            std::env::var("CI").as_deref(),
            Ok("true"),
            "TEST_POSTGRES_URL is not set: in CI the storage suite runs on both databases"
        );
        SAID.call_once(|| {
            let _ = writeln!(std::io::stderr(), "TEST_POSTGRES_URL is not set: the storage suite ran on SQLite only");
        });
    }
    server
}

// ---- people and questions to store

fn id() -> u128 {
    Random::system().id(NOW)
}

fn date(text: &str) -> LocalDate {
    text.parse().expect("a date")
}

fn body(text: &str) -> AnswerBody {
    AnswerBody::parse(text).expect("an answer")
}

fn person_named(name: &str) -> Person {
    Person {
        id: PersonId(id()),
        name: PersonName::parse(name).expect("a name"),
        locale: Locale::Ko,
        text_size: TextSize::Normal,
        zone: ZoneName::default(),
    }
}

async fn sign_up(tx: &mut Tx, name: &str) -> Person {
    let person = person_named(name);
    let recovery_hash = format!("recovery-{}", person.id);
    persons::insert(
        tx,
        persons::NewPerson { person: &person, consent_version: "v1", recovery_hash: &recovery_hash, now: NOW },
    )
    .await
    .expect("a new person");
    person
}

fn member(person: &Person, role: Role, relation: &Relation) -> Member {
    Member { person_id: person.id, role, relation: relation.clone(), name: person.name.clone() }
}

/// Two people in a running pair.
struct Together {
    parent: Person,
    child: Person,
    pair: Pair,
}

fn pair_of(inviter: &Person, parent: Option<Member>, child: Option<Member>) -> Pair {
    Pair {
        id: PairId(id()),
        push_time: PushTime::default(),
        zone: ZoneName::default(),
        next_due_at: None,
        created_at: NOW,
        closed_at: None,
        paused_until: None,
        inviter_id: inviter.id,
        parent,
        child,
    }
}

async fn together_in(tx: &mut Tx) -> Together {
    let ((parent_name, parent_relation), (child_name, child_relation)) = (&seeds::PARENTS[0], &seeds::CHILDREN[0]);
    let (parent, child) = (sign_up(tx, parent_name).await, sign_up(tx, child_name).await);
    let seats = (member(&parent, Role::Parent, parent_relation), member(&child, Role::Child, child_relation));
    let pair = pair_of(&child, Some(seats.0), Some(seats.1));
    pairs::insert(tx, &pair, NOW).await.expect("a new pair");
    Together { parent, child, pair }
}

async fn together(db: &Database) -> Together {
    let mut tx = db.begin().await.expect("a transaction");
    let together = together_in(&mut tx).await;
    tx.commit().await.expect("a commit");
    together
}

fn wordings(topic: &str) -> Wordings {
    let wording = |text: &str| Wording {
        topic: text.into(),
        parent: format!("{text} \"부모\" {{other:이/가}}?"),
        child: format!("{text} 아이?"),
    };
    Wordings { ko: wording(topic), en: wording("topic") }
}

fn question(pair: PairId, number: u32) -> DailyQuestion {
    DailyQuestion {
        id: DailyQuestionId(id()),
        pair_id: pair,
        number,
        key: QuestionKey(format!("school-{number}")),
        section: Section::School,
        wordings: wordings("짝꿍"),
        version: 1,
        local_date: Some(date("2026-01-01").plus_days(i64::from(number))),
        counted_from: Some(date("2026-01-01").plus_days(i64::from(number))),
        opened_at: NOW,
        due_passed_at: None,
        shelved_at: None,
        completed_at: None,
        move_on: None,
        parent: None,
        child: None,
    }
}

/// Commits what `work` did in one transaction.
macro_rules! commit {
    ($db:expr, $tx:ident => $work:expr) => {{
        let mut $tx = $db.begin().await.expect("a transaction");
        let done = $work;
        $tx.commit().await.expect("a commit");
        done
    }};
}

/// What `work` reads, in a transaction of its own.
macro_rules! read {
    ($db:expr, $tx:ident => $work:expr) => {{
        let mut $tx = $db.read().await.expect("a snapshot");
        $work.expect("an answer")
    }};
}

fn is_taken<T>(result: &Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Taken))
}

fn is_unavailable<T>(result: &Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Unavailable(_)))
}

on_both! {
    // ---- persons and sessions

    async fn a_person_reads_back_and_is_found_by_recovery_code(db: Database) {
        let mut person = commit!(db, tx => sign_up(&mut tx, "👩‍🌾 순자").await);
        let hash = format!("recovery-{}", person.id);
        assert_eq!(read!(db, tx => persons::lookup_by_recovery(&mut tx, &hash, NOW).await), Some(person.clone()));

        person = Person { name: PersonName::parse("말순").expect("a name"), locale: Locale::En, text_size: TextSize::Larger, zone: ZoneName::parse("Europe/Berlin").expect("a zone"), ..person };
        commit!(db, tx => persons::update(&mut tx, &person).await.expect("an update"));
        assert_eq!(read!(db, tx => persons::lookup_by_recovery(&mut tx, &hash, NOW).await), Some(person));
        assert_eq!(read!(db, tx => persons::lookup_by_recovery(&mut tx, "another", NOW).await), None);
    }

    async fn a_new_recovery_code_takes_the_place_of_the_old_one(db: Database) {
        let person = commit!(db, tx => sign_up(&mut tx, "순자").await);
        let state = read!(db, tx => persons::recovery_state(&mut tx, person.id).await);
        assert_eq!(state, persons::RecoveryState { made_at: Some(NOW), kept_at: None, answers_given: 0 });

        commit!(db, tx => {
            persons::set_recovery_kept(&mut tx, person.id, NOW.plus(1)).await.expect("kept");
            persons::count_answer(&mut tx, person.id).await.expect("counted");
            persons::count_answer(&mut tx, person.id).await.expect("counted");
        });
        let state = read!(db, tx => persons::recovery_state(&mut tx, person.id).await);
        assert_eq!(state, persons::RecoveryState { made_at: Some(NOW), kept_at: Some(NOW.plus(1)), answers_given: 2 });

        commit!(db, tx => persons::set_recovery(&mut tx, person.id, persons::NewRecovery { hash: "fresh", made_by: None, earlier_until: None }, NOW.plus(2)).await.expect("a new code"));
        let state = read!(db, tx => persons::recovery_state(&mut tx, person.id).await);
        assert_eq!(state, persons::RecoveryState { made_at: Some(NOW.plus(2)), kept_at: None, answers_given: 2 });
        assert_eq!(read!(db, tx => persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await), None);
        assert_eq!(read!(db, tx => persons::lookup_by_recovery(&mut tx, "fresh", NOW).await), Some(person.clone()));

        let week = NOW.plus(7 * Millis::DAY);
        let made_by = Some(SessionId(id()));
        for (hash, at) in [("second", NOW.plus(3)), ("third", NOW.plus(4))] {
            let new = persons::NewRecovery { hash, made_by, earlier_until: Some(week) };
            commit!(db, tx => persons::set_recovery(&mut tx, person.id, new, at).await.expect("a new code"));
        }
        let codes = read!(db, tx => persons::recovery_codes(&mut tx, person.id, NOW.plus(4)).await);
        let expected = persons::RecoveryCodes {
            hash: Some("third".into()),
            made_at: Some(NOW.plus(4)),
            made_by,
            earlier: Some(("fresh".into(), week)),
        };
        assert_eq!(codes, expected, "a second renewal does not push the earlier code out");
        let look = async |hash: &str, at: Millis| read!(db, tx => persons::lookup_by_recovery(&mut tx, hash, at).await).is_some();
        assert!(look("fresh", week.plus(-1)).await && !look("fresh", week).await && !look("second", NOW.plus(5)).await);
        assert!(commit!(db, tx => persons::end_earlier_recovery(&mut tx, person.id, NOW.plus(5)).await.expect("an answer")));
        assert!(!commit!(db, tx => persons::end_earlier_recovery(&mut tx, person.id, NOW.plus(5)).await.expect("an answer")));
        assert!(!look("fresh", NOW.plus(5)).await && look("third", week).await);
    }

    async fn a_recovery_code_belongs_to_one_person(db: Database) {
        let person = commit!(db, tx => sign_up(&mut tx, "순자").await);
        let mut tx = db.begin().await.expect("a transaction");
        let hash = format!("recovery-{}", person.id);
        let second = persons::insert(&mut tx, persons::NewPerson { person: &person_named("영호"), consent_version: "v1", recovery_hash: &hash, now: NOW }).await;
        assert!(is_taken(&second), "{second:?}");
    }

    async fn a_session_opens_by_its_token_until_it_idles(db: Database) {
        let session = SessionId(id());
        let person = commit!(db, tx => {
            let person = sign_up(&mut tx, "순자").await;
            sessions::insert(&mut tx, session, person.id, "hash", "Chrome, Android", NOW).await.expect("a session");
            person
        });
        let found = read!(db, tx => sessions::lookup(&mut tx, "hash", NOW.plus(-1), NOW).await).expect("the session");
        let expected = sessions::Session { id: session, device: "Chrome, Android".into(), created_at: NOW, rotated_at: NOW, last_used_at: NOW };
        assert_eq!((found.session, found.person), (expected, person));
        assert!(read!(db, tx => sessions::lookup(&mut tx, "hash", NOW, NOW).await).is_none(), "not used since");
        assert!(read!(db, tx => sessions::lookup(&mut tx, "other", NOW.plus(-1), NOW).await).is_none());

        commit!(db, tx => sessions::touch(&mut tx, session, "here", NOW.plus(10)).await.expect("touched"));
        let found = read!(db, tx => sessions::lookup(&mut tx, "hash", NOW, NOW.plus(10)).await).expect("the session");
        assert_eq!((found.session.last_used_at, found.session.rotated_at), (NOW.plus(10), NOW));
        let was_at = async |person: PersonId, place: &str| read!(db, tx => sessions::was_at(&mut tx, person, place).await);
        assert!(was_at(found.person.id, "here").await && !was_at(found.person.id, "there").await && !was_at(PersonId(id()), "here").await);
    }

    async fn after_a_rotation_the_token_before_lives_until_the_new_one_was_shown(db: Database) {
        let session = SessionId(id());
        let person = commit!(db, tx => {
            let person = sign_up(&mut tx, "순자").await;
            sessions::insert(&mut tx, session, person.id, "old", "d", NOW).await.expect("a session");
            person
        });
        let later = NOW.plus(30 * Millis::DAY);
        assert!(commit!(db, tx => sessions::rotate(&mut tx, session, "new", NOW, later).await.expect("an answer")));
        assert!(!commit!(db, tx => sessions::rotate(&mut tx, session, "newer", NOW, later).await.expect("an answer")), "another request was faster");
        let look = async |token: &str, at: Millis| {
            let found = read!(db, tx => sessions::lookup(&mut tx, token, NOW, at).await)?;
            assert_eq!((&found.person, found.session.id, found.session.rotated_at), (&person, session, later));
            Some((found.token_hash != token, found.is_rotating))
        };
        let weeks_later = later.plus(20 * Millis::DAY);
        assert_eq!(look("old", weeks_later).await, Some((true, true)), "the answer with the new one may have been lost");
        assert_eq!(look("new", weeks_later).await, Some((false, true)));
        assert_eq!(look("newer", later).await, None);

        let until = weeks_later.plus(Millis::MINUTE);
        commit!(db, tx => sessions::settle(&mut tx, session, "old", until.plus(-Millis::DAY)).await.expect("of an earlier rotation"));
        commit!(db, tx => sessions::settle(&mut tx, session, "new", until).await.expect("settled"));
        commit!(db, tx => sessions::settle(&mut tx, session, "new", until.plus(Millis::DAY)).await.expect("settled"));
        assert_eq!(look("old", until.plus(-1)).await, Some((true, false)));
        assert_eq!(look("old", until).await, None);
        assert_eq!(look("new", until).await, Some((false, false)));
    }

    async fn a_step_is_known_by_its_key_until_it_is_forgotten(db: Database) {
        let person = commit!(db, tx => sign_up(&mut tx, "순자").await);
        let done = Done { person: person.id, session: Some(SessionId(id())), target: Some("a pair".into()) };
        assert_eq!(commit!(db, tx => attempts::lookup(&mut tx, "key", NOW.plus(-1)).await.expect("an answer")), None);
        commit!(db, tx => attempts::insert(&mut tx, "key", "join", &done, NOW).await.expect("written"));
        assert_eq!(commit!(db, tx => attempts::lookup(&mut tx, "key", NOW.plus(-1)).await.expect("an answer")), Some(done.clone()));
        assert_eq!(commit!(db, tx => attempts::lookup(&mut tx, "key", NOW).await.expect("an answer")), None, "long ago");
        let later = Done { session: None, target: None, ..done };
        commit!(db, tx => attempts::insert(&mut tx, "key", "join", &later, NOW.plus(5)).await.expect("written again"));
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::ATTEMPTS, NOW.plus(4)).await.expect("an answer")), 0);
        assert_eq!(commit!(db, tx => attempts::lookup(&mut tx, "key", NOW).await.expect("an answer")), Some(later));
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::ATTEMPTS, NOW.plus(5)).await.expect("an answer")), 1);
    }

    async fn a_retired_token_is_told_of_once_until_the_next_is_retired(db: Database) {
        let session = SessionId(id());
        let person = commit!(db, tx => {
            let person = sign_up(&mut tx, "순자").await;
            sessions::insert(&mut tx, session, person.id, "first", "d", NOW).await.expect("a session");
            person
        });
        let told = async |token: &str, at: Millis| commit!(db, tx => sessions::report_retired_once(&mut tx, token, at).await.expect("an answer"));
        for (at, tokens) in [(NOW.plus(1), ["first", "second"]), (NOW.plus(9), ["second", "third"])] {
            commit!(db, tx => sessions::rotate(&mut tx, session, tokens[1], NOW.plus(8), at).await.expect("an answer"));
            assert_eq!(told(tokens[0], at).await, None, "the fresh one was not shown yet");
            commit!(db, tx => sessions::settle(&mut tx, session, tokens[1], at.plus(2)).await.expect("settled"));
            assert_eq!((told(tokens[0], at.plus(1)).await, told(tokens[1], at.plus(2)).await), (None, None));
            assert!(read!(db, tx => sessions::is_retired(&mut tx, tokens[0], at.plus(2)).await));
            assert_eq!(told(tokens[0], at.plus(2)).await, Some((person.id, session)));
            assert_eq!(told(tokens[0], at.plus(2)).await, None, "told already");
            assert!(!read!(db, tx => sessions::is_retired(&mut tx, tokens[0], at.plus(2)).await));
        }
        assert_eq!(read!(db, tx => sessions::find_persons(&mut tx).await), [person.id]);
        assert!(!read!(db, tx => sessions::lookup(&mut tx, "third", NOW, NOW.plus(20)).await).expect("the session").is_shown);
        commit!(db, tx => sessions::show(&mut tx, session, NOW.plus(9)).await.expect("shown"));
        assert!(read!(db, tx => sessions::lookup(&mut tx, "third", NOW, NOW.plus(20)).await).expect("the session").is_shown);
    }

    async fn sessions_are_listed_by_use_and_ended_by_their_owner_alone(db: Database) {
        let ids = [SessionId(id()), SessionId(id()), SessionId(id())];
        let (person, stranger) = commit!(db, tx => {
            let (person, stranger) = (sign_up(&mut tx, "순자").await, sign_up(&mut tx, "영호").await);
            for (at, session) in ids.into_iter().enumerate() {
                sessions::insert(&mut tx, session, person.id, &format!("hash-{at}"), "d", NOW.plus(at as i64)).await.expect("a session");
            }
            (person, stranger)
        });
        let listed = read!(db, tx => sessions::find_of(&mut tx, person.id).await);
        assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [ids[2], ids[1], ids[0]]);

        assert!(!commit!(db, tx => sessions::delete(&mut tx, stranger.id, ids[1]).await.expect("an answer")), "not a stranger's to end");
        assert!(commit!(db, tx => sessions::delete(&mut tx, person.id, ids[1]).await.expect("an answer")));
        assert!(!commit!(db, tx => sessions::delete(&mut tx, person.id, ids[1]).await.expect("an answer")), "ended already");
        assert!(!read!(db, tx => sessions::exists(&mut tx, ids[1]).await));
        assert!(read!(db, tx => sessions::exists(&mut tx, ids[0]).await));

        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::SESSIONS, NOW).await.expect("an answer")), 1, "only the one nobody used since");
        assert_eq!(read!(db, tx => sessions::find_of(&mut tx, person.id).await).len(), 1);
    }

    // ---- pairs

    async fn a_pair_reads_back_with_its_seats(db: Database) {
        let relation = Relation::Other("이모".into());
        let (parent, mut pair) = commit!(db, tx => {
            let parent = sign_up(&mut tx, "정숙").await;
            let mut pair = pair_of(&parent, Some(member(&parent, Role::Parent, &relation)), None);
            pair.push_time = PushTime::parse("07:05").expect("a time");
            pair.next_due_at = Some(NOW.plus(5));
            pairs::insert(&mut tx, &pair, NOW).await.expect("a pair");
            (parent, pair)
        });
        assert_eq!(read!(db, tx => pairs::lookup(&mut tx, pair.id).await), Some(pair.clone()));
        assert_eq!(pair.phase(), PairPhase::Alone);

        let child = commit!(db, tx => {
            let child = sign_up(&mut tx, "하은").await;
            pairs::seat(&mut tx, pair.id, &member(&child, Role::Child, &Relation::Daughter), NOW).await.expect("the empty seat");
            child
        });
        pair.child = Some(member(&child, Role::Child, &Relation::Daughter));
        assert_eq!(read!(db, tx => pairs::lookup_for(&mut tx, child.id, pair.id).await), Some(pair.clone()));

        pair.zone = ZoneName::parse("America/New_York").expect("a zone");
        pair.push_time = PushTime::parse("23:59").expect("a time");
        pair.paused_until = Some(date("2026-12-01"));
        pair.next_due_at = None;
        commit!(db, tx => {
            pairs::update_schedule(&mut tx, &pair).await.expect("an update");
            pairs::update_relation(&mut tx, pair.id, Role::Parent, &Relation::Grandmother).await.expect("an update");
        });
        pair.parent = Some(member(&parent, Role::Parent, &Relation::Grandmother));
        assert_eq!(read!(db, tx => pairs::lookup_for(&mut tx, parent.id, pair.id).await), Some(pair));
    }

    async fn a_strangers_pair_is_not_found(db: Database) {
        let (one, two) = (together(&db).await, together(&db).await);
        assert_eq!(read!(db, tx => pairs::lookup_for(&mut tx, one.child.id, two.pair.id).await), None);
        assert_eq!(read!(db, tx => pairs::lookup_for(&mut tx, PersonId(id()), two.pair.id).await), None);
        assert_eq!(read!(db, tx => pairs::lookup(&mut tx, PairId(id())).await), None);
    }

    async fn a_seat_is_taken_once(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let late = commit!(db, tx => sign_up(&mut tx, "영호").await);
        let mut tx = db.begin().await.expect("a transaction");
        let second = pairs::seat(&mut tx, pair.id, &member(&late, Role::Parent, &Relation::Father), NOW).await;
        assert!(is_taken(&second), "{second:?}");
        drop(tx);

        let alone = commit!(db, tx => {
            let alone = pair_of(&parent, Some(member(&parent, Role::Parent, &Relation::Mother)), None);
            pairs::insert(&mut tx, &alone, NOW).await.expect("a pair");
            alone
        });
        let mut tx = db.begin().await.expect("a transaction");
        let myself = pairs::seat(&mut tx, alone.id, &member(&parent, Role::Child, &Relation::Daughter), NOW).await;
        assert!(is_taken(&myself), "nobody sits across from themselves: {myself:?}");
        drop(tx);
        assert_eq!(read!(db, tx => pairs::lookup_for(&mut tx, child.id, pair.id).await).and_then(|pair| pair.parent).map(|seat| seat.person_id), Some(parent.id));
    }

    async fn two_share_a_pair_until_it_is_closed(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let stranger = together(&db).await.child;
        assert!(read!(db, tx => pairs::share_one(&mut tx, parent.id, child.id).await));
        assert!(read!(db, tx => pairs::share_one(&mut tx, child.id, parent.id).await));
        assert!(!read!(db, tx => pairs::share_one(&mut tx, parent.id, stranger.id).await));

        commit!(db, tx => pairs::close(&mut tx, pair.id, NOW.plus(7)).await.expect("closed"));
        commit!(db, tx => pairs::close(&mut tx, pair.id, NOW.plus(9)).await.expect("closed once"));
        assert!(!read!(db, tx => pairs::share_one(&mut tx, parent.id, child.id).await));
        let closed = read!(db, tx => pairs::lookup_for(&mut tx, child.id, pair.id).await).expect("a closed pair is still found");
        assert_eq!((closed.closed_at, closed.next_due_at, closed.phase()), (Some(NOW.plus(7)), None, PairPhase::Closed));
    }

    async fn the_pairs_of_a_person_come_running_ones_first_then_by_age(db: Database) {
        let Together { parent, pair: closed, .. } = together(&db).await;
        let mut made = Vec::new();
        for age in [2, 1] {
            made.push(commit!(db, tx => {
                let mut pair = pair_of(&parent, Some(member(&parent, Role::Parent, &Relation::Mother)), None);
                pair.created_at = NOW.plus(age);
                pairs::insert(&mut tx, &pair, NOW.plus(age)).await.expect("a pair");
                pair.id
            }));
        }
        commit!(db, tx => pairs::close(&mut tx, closed.id, NOW.plus(3)).await.expect("closed"));
        let found: Vec<PairId> = read!(db, tx => pairs::find_of(&mut tx, parent.id).await).into_iter().map(|pair| pair.id).collect();
        assert_eq!(found, [made[1], made[0], closed.id]);
    }

    async fn a_pair_remembers_openings_swaps_and_silence(db: Database) {
        let pair = together(&db).await.pair.id;
        let nothing = schedule::ScheduleState { last_opened_date: None, last_opened_at: None, swapped_date: None, parent_unanswered: 0, child_unanswered: 0 };
        assert_eq!(read!(db, tx => schedule::lookup_state(&mut tx, pair).await), nothing);
        commit!(db, tx => {
            schedule::set_opened(&mut tx, pair, date("2026-11-22"), NOW).await.expect("set");
            schedule::set_swapped(&mut tx, pair, date("2026-11-23")).await.expect("set");
            for role in [Role::Parent, Role::Parent, Role::Child] {
                schedule::add_unanswered(&mut tx, pair, role).await.expect("counted");
            }
        });
        let told = schedule::ScheduleState {
            last_opened_date: Some(date("2026-11-22")),
            last_opened_at: Some(NOW),
            swapped_date: Some(date("2026-11-23")),
            parent_unanswered: 2,
            child_unanswered: 1,
        };
        assert_eq!(read!(db, tx => schedule::lookup_state(&mut tx, pair).await), told);
        commit!(db, tx => schedule::reset_unanswered(&mut tx, pair, Role::Parent).await.expect("reset"));
        assert_eq!(read!(db, tx => schedule::lookup_state(&mut tx, pair).await), schedule::ScheduleState { parent_unanswered: 0, ..told });
    }

    // ---- due minutes

    async fn due_pairs_are_found_longest_due_first_up_to_a_limit(db: Database) {
        let mut ids = BTreeMap::new();
        for due in [Some(30), Some(10), Some(20), None, Some(40)] {
            let mut pair = together(&db).await.pair;
            pair.next_due_at = due.map(|minutes| NOW.plus(minutes));
            commit!(db, tx => pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
            ids.insert(due, pair.id);
        }
        let due = |minutes: &[i64]| minutes.iter().map(|minutes| ids[&Some(*minutes)]).collect::<Vec<_>>();
        assert_eq!(commit!(db, tx => schedule::find_due(&mut tx, NOW.plus(30), 10).await.expect("due pairs")), due(&[10, 20, 30]));
        assert_eq!(commit!(db, tx => schedule::find_due(&mut tx, NOW.plus(30), 2).await.expect("due pairs")), due(&[10, 20]));
        assert_eq!(commit!(db, tx => schedule::find_due(&mut tx, NOW.plus(9), 10).await.expect("due pairs")), []);
        assert_eq!(read!(db, tx => schedule::find_due_unheld(&mut tx, NOW.plus(30), 2).await), due(&[10, 20]));
        assert_eq!(read!(db, tx => schedule::next_due(&mut tx).await), Some(NOW.plus(10)));
    }

    /// On SQLite the one writer excludes the second node; on PostgreSQL it takes what the first does not hold.
    async fn a_second_node_leaves_alone_what_the_first_holds(db: Database) {
        for _ in 0..2 {
            let mut pair = together(&db).await.pair;
            pair.next_due_at = Some(NOW);
            commit!(db, tx => pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
        }
        let mut first = db.begin().await.expect("a transaction");
        let held = schedule::find_due(&mut first, NOW, 1).await.expect("due pairs");
        assert_eq!(held.len(), 1);
        if db.is_postgres() {
            let second = db.second_node().await;
            let mut tx = second.begin().await.expect("a transaction");
            let rest = schedule::find_due(&mut tx, NOW, 10).await.expect("due pairs");
            assert!(rest.len() == 1 && rest != held, "{rest:?} beside {held:?}");
        }
        assert!(claim_one(&mut first, held[0], NOW, NOW.plus(1)).await);
        first.commit().await.expect("a commit");
    }

    async fn a_due_minute_is_claimed_once(db: Database) {
        let mut pair = together(&db).await.pair;
        pair.next_due_at = Some(NOW);
        commit!(db, tx => pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
        let (due, next) = (NOW, NOW.plus(Millis::DAY));
        assert!(!commit!(db, tx => claim_one(&mut tx, pair.id, due.plus(1), next).await), "another due minute was read");
        assert!(commit!(db, tx => claim_one(&mut tx, pair.id, due, next).await));
        assert!(!commit!(db, tx => claim_one(&mut tx, pair.id, due, next).await), "whoever is second does nothing");
        assert_eq!(read!(db, tx => schedule::next_due(&mut tx).await), Some(next));
    }

    async fn of_two_nodes_at_one_due_minute_exactly_one_claims_it(db: Database) {
        let mut pair = together(&db).await.pair;
        pair.next_due_at = Some(NOW);
        commit!(db, tx => pairs::update_schedule(&mut tx, &pair).await.expect("an update"));
        let second = db.second_node().await;
        let claim = |node: Database| {
            tokio::spawn(async move {
                let mut tx = node.begin().await.expect("a transaction");
                let is_mine = claim_one(&mut tx, pair.id, NOW, NOW.plus(Millis::DAY)).await;
                tx.commit().await.expect("a commit");
                is_mine
            })
        };
        let (one, two) = tokio::join!(claim(db.database.clone()), claim(second.clone()));
        assert_ne!(one.expect("no panic"), two.expect("no panic"));
        second.close().await;
    }

    async fn acts_on_one_pair_follow_one_another(db: Database) {
        let pair = together(&db).await.pair.id;
        let opened = (0..8).map(|_| {
            let db = db.database.clone();
            tokio::spawn(async move {
                let mut tx = db.begin().await.expect("a transaction");
                pairs::lock(&mut tx, pair).await.expect("the pair's row");
                let number = last_number(&mut tx, pair).await + 1;
                tokio::task::yield_now().await;
                daily_questions::insert(&mut tx, &question(pair, number)).await.expect("nobody else took this number");
                tx.commit().await.expect("a commit");
                number
            })
        });
        let numbers: BTreeSet<u32> = join_all(opened).await.into_iter().map(|number| number.expect("no panic")).collect();
        assert_eq!(numbers, (1..=8).collect());
    }

    // ---- invitations

    async fn an_invitation_reads_back_and_runs_until_it_ends(db: Database) {
        let pair = together(&db).await.pair.id;
        let relation = Some(Relation::Other("큰이모".into()));
        let invitation =
            Invitation { id: InvitationId(id()), pair_id: pair, relation, name: "순자".into(), created_at: NOW, expires_at: NOW.plus(100), ended_at: None };
        commit!(db, tx => invitations::insert(&mut tx, &invitation, "code").await.expect("an invitation"));
        assert_eq!(read!(db, tx => invitations::lookup_by_code(&mut tx, "code").await), Some(invitation.clone()));
        assert_eq!(read!(db, tx => invitations::lookup_by_code(&mut tx, "other").await), None);
        assert_eq!(read!(db, tx => invitations::lookup(&mut tx, invitation.id).await), Some(invitation.clone()));
        assert_eq!(read!(db, tx => invitations::lookup_running(&mut tx, pair, NOW.plus(99)).await), Some(invitation.clone()));
        assert_eq!(read!(db, tx => invitations::lookup_running(&mut tx, pair, NOW.plus(100)).await), None, "expired");

        let renewed = Invitation { id: InvitationId(id()), relation: None, name: String::new(), created_at: NOW.plus(1), ..invitation.clone() };
        commit!(db, tx => {
            assert_eq!(invitations::end_all(&mut tx, pair, NOW.plus(1)).await.expect("an answer"), 1);
            invitations::insert(&mut tx, &renewed, "renewed").await.expect("an invitation");
        });
        assert_eq!(read!(db, tx => invitations::lookup_running(&mut tx, pair, NOW.plus(2)).await), Some(renewed));
        let ended = read!(db, tx => invitations::lookup(&mut tx, invitation.id).await).expect("kept");
        assert_eq!((ended.ended_at, ended.is_open(NOW.plus(2))), (Some(NOW.plus(1)), false));
    }

    async fn an_invitation_is_worth_nothing_after_its_time(db: Database) {
        let pair = together(&db).await.pair.id;
        let invitation =
            Invitation { id: InvitationId(id()), pair_id: pair, relation: None, name: String::new(), created_at: NOW, expires_at: NOW.plus(100), ended_at: None };
        commit!(db, tx => invitations::insert(&mut tx, &invitation, "code").await.expect("an invitation"));
        assert!(!commit!(db, tx => invitations::take(&mut tx, invitation.id, NOW.plus(100)).await.expect("an answer")));
        assert!(commit!(db, tx => invitations::take(&mut tx, invitation.id, NOW.plus(99)).await.expect("an answer")));
        assert!(!commit!(db, tx => invitations::take(&mut tx, invitation.id, NOW.plus(99)).await.expect("an answer")));
    }

    async fn of_two_at_once_exactly_one_takes_an_invitation(db: Database) {
        let pair = together(&db).await.pair.id;
        for round in 0..5 {
            let invitation = Invitation {
                id: InvitationId(id()),
                pair_id: pair,
                relation: None,
                name: String::new(),
                created_at: NOW,
                expires_at: NOW.plus(100),
                ended_at: None,
            };
            commit!(db, tx => invitations::insert(&mut tx, &invitation, &format!("code-{round}")).await.expect("an invitation"));
            let take = |db: Database| {
                tokio::spawn(async move {
                    let mut tx = db.begin().await.expect("a transaction");
                    let is_taken = invitations::take(&mut tx, invitation.id, NOW).await.expect("an answer");
                    tx.commit().await.expect("a commit");
                    is_taken
                })
            };
            let (one, two) = tokio::join!(take(db.database.clone()), take(db.database.clone()));
            assert_ne!(one.expect("no panic"), two.expect("no panic"), "round {round}");
        }
    }

    // ---- hand-overs

    async fn a_hand_over_goes_from_typed_to_used_step_by_step(db: Database) {
        let (child, session) = signed_in(&db).await;
        let id = hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
        let latest = read!(db, tx => hand_overs::lookup_latest(&mut tx, child.id, NOW).await).expect("the latest");
        assert_eq!((latest.id, latest.stage, latest.device.as_str(), latest.expires_at), (id, HandOverStage::Open, "", NOW.plus(100)));
        assert_eq!(read!(db, tx => hand_overs::lookup_latest(&mut tx, child.id, NOW.plus(100)).await), None, "its time is over");
        assert!(!commit!(db, tx => decide(&mut tx, child.id, id, NOW).await), "nothing was asked yet");
        assert_eq!(commit!(db, tx => hand_overs::ask(&mut tx, "other", "ticket", "phone", NOW).await.expect("an answer")), None);
        assert_eq!(commit!(db, tx => hand_overs::ask(&mut tx, "code", "ticket", "phone", NOW.plus(100)).await.expect("an answer")), None, "too late");

        assert_eq!(commit!(db, tx => hand_overs::ask(&mut tx, "code", "ticket", "phone", NOW.plus(99)).await.expect("an answer")), Some(child.id));
        assert_eq!(commit!(db, tx => hand_overs::ask(&mut tx, "code", "second", "phone", NOW).await.expect("an answer")), None, "digits are used once");
        let asked = read!(db, tx => hand_overs::lookup_by_ticket(&mut tx, "ticket").await).expect("asked");
        assert_eq!((asked.id, asked.person, asked.stage, asked.device.as_str()), (id, child.id, HandOverStage::Asked, "phone"));
        assert_eq!(commit!(db, tx => hand_overs::enter(&mut tx, "ticket", NOW).await.expect("an answer")), None, "not before the yes");

        let stranger = together(&db).await.child;
        assert_eq!(read!(db, tx => hand_overs::lookup_for(&mut tx, stranger.id, id).await), None);
        assert!(!commit!(db, tx => decide(&mut tx, stranger.id, id, NOW).await));
        assert!(!commit!(db, tx => decide(&mut tx, child.id, id, NOW.plus(100)).await), "too late");
        assert!(commit!(db, tx => decide(&mut tx, child.id, id, NOW.plus(99)).await));
        assert!(!commit!(db, tx => decide(&mut tx, child.id, id, NOW.plus(99)).await), "once");
        let confirmed = read!(db, tx => hand_overs::lookup_for(&mut tx, child.id, id).await).expect("confirmed");
        assert_eq!((confirmed.stage, confirmed.expires_at), (HandOverStage::Confirmed, NOW.plus(149)), "there is time to come in");

        assert_eq!(commit!(db, tx => hand_overs::enter(&mut tx, "ticket", NOW.plus(149)).await.expect("an answer")), None, "too late");
        assert_eq!(commit!(db, tx => hand_overs::enter(&mut tx, "ticket", NOW.plus(148)).await.expect("an answer")), Some(child.id));
        assert_eq!(commit!(db, tx => hand_overs::enter(&mut tx, "ticket", NOW.plus(148)).await.expect("an answer")), None, "once");
    }

    async fn one_of_a_kind_runs_and_a_code_is_nobody_else_s(db: Database) {
        let (child, session) = signed_in(&db).await;
        hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
        assert_eq!(hand_over(&db, child.id, session, HandOverCodeKind::Digits, "another").await, None, "one runs");
        hand_over(&db, child.id, session, HandOverCodeKind::Link, "link").await.expect("the other kind runs beside it");
        let (other, others) = signed_in(&db).await;
        assert_eq!(hand_over(&db, other.id, others, HandOverCodeKind::Digits, "code").await, None, "the same digits");
        assert_eq!(commit!(db, tx => hand_overs::take(&mut tx, "code", NOW).await.expect("an answer")), None, "digits are no link");
        assert_eq!(commit!(db, tx => hand_overs::ask(&mut tx, "link", "ticket", "phone", NOW).await.expect("an answer")), None, "a link is no digits");

        assert_eq!(commit!(db, tx => hand_overs::withdraw(&mut tx, child.id, HandOverCodeKind::Digits).await.expect("an answer")), 1);
        assert_eq!(commit!(db, tx => hand_overs::ask(&mut tx, "code", "ticket", "phone", NOW).await.expect("an answer")), None, "taken back");
        hand_over(&db, other.id, others, HandOverCodeKind::Digits, "code").await.expect("they are free again");
        assert_eq!(commit!(db, tx => hand_overs::take(&mut tx, "link", NOW.plus(100)).await.expect("an answer")), None, "too late");
        assert_eq!(commit!(db, tx => hand_overs::take(&mut tx, "link", NOW.plus(99)).await.expect("an answer")), Some(child.id));
        assert_eq!(commit!(db, tx => hand_overs::take(&mut tx, "link", NOW.plus(99)).await.expect("an answer")), None, "once");
    }

    async fn of_two_at_once_exactly_one_asks_and_exactly_one_enters(db: Database) {
        let (child, session) = signed_in(&db).await;
        for round in 0..5 {
            commit!(db, tx => hand_overs::withdraw(&mut tx, child.id, HandOverCodeKind::Digits).await.expect("an answer"));
            let (code, now) = (format!("code-{round}"), NOW);
            let id = hand_over(&db, child.id, session, HandOverCodeKind::Digits, &code).await.expect("a hand-over");
            let ask = |ticket: String| {
                let (db, code) = (db.database.clone(), code.clone());
                tokio::spawn(async move {
                    let mut tx = db.begin().await.expect("a transaction");
                    let asked = hand_overs::ask(&mut tx, &code, &ticket, "phone", now).await.expect("an answer");
                    tx.commit().await.expect("a commit");
                    asked
                })
            };
            let (one, two) = (format!("one-{round}"), format!("two-{round}"));
            let asked = tokio::join!(ask(one.clone()), ask(two.clone()));
            let asked = (asked.0.expect("no panic"), asked.1.expect("no panic"));
            assert_ne!(asked.0, asked.1, "round {round}");
            assert!(commit!(db, tx => decide(&mut tx, child.id, id, NOW).await));
            let ticket = if asked.0.is_some() { one } else { two };
            let enter = || {
                let (db, ticket) = (db.database.clone(), ticket.clone());
                tokio::spawn(async move {
                    let mut tx = db.begin().await.expect("a transaction");
                    let entered = hand_overs::enter(&mut tx, &ticket, now).await.expect("an answer");
                    tx.commit().await.expect("a commit");
                    entered
                })
            };
            let entered = tokio::join!(enter(), enter());
            assert_ne!(entered.0.expect("no panic"), entered.1.expect("no panic"), "round {round}");
        }
    }

    async fn a_hand_over_ends_with_the_session_that_made_it_and_with_its_time(db: Database) {
        let (child, session) = signed_in(&db).await;
        hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
        commit!(db, tx => assert!(sessions::delete(&mut tx, child.id, session).await.expect("an answer")));
        assert_eq!(read!(db, tx => hand_overs::lookup_latest(&mut tx, child.id, NOW).await), None);

        let (child, session) = signed_in(&db).await;
        hand_over(&db, child.id, session, HandOverCodeKind::Digits, "code").await.expect("a hand-over");
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::HAND_OVERS, NOW.plus(99)).await.expect("an answer")), 0);
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::HAND_OVERS, NOW.plus(100)).await.expect("an answer")), 1);
    }

    // ---- daily questions and answers

    async fn a_daily_question_reads_back_with_the_wordings_it_opened_with(db: Database) {
        let Together { parent, pair, .. } = together(&db).await;
        let mut asked = DailyQuestion { local_date: None, counted_from: None, ..question(pair.id, 1) };
        commit!(db, tx => daily_questions::insert(&mut tx, &asked).await.expect("a question"));
        assert_eq!(read!(db, tx => daily_questions::lookup_for(&mut tx, parent.id, asked.id).await), Some(asked.clone()));

        asked.swap(QuestionKey("youth-song".into()), Section::Youth, wordings("그 시절의 노래 'x' \\ 🎵"), date("2026-11-23"));
        asked.local_date = Some(date("2026-11-22"));
        asked.due_passed_at = Some(NOW.plus(1));
        asked.shelved_at = Some(NOW.plus(2));
        asked.move_on = Some(Role::Child);
        asked.opened_at = NOW.plus(3);
        commit!(db, tx => daily_questions::save(&mut tx, &asked).await.expect("saved"));
        assert_eq!(read!(db, tx => daily_questions::lookup_for(&mut tx, parent.id, asked.id).await), Some(asked.clone()));
        assert_eq!(read!(db, tx => daily_questions::lookup_first(&mut tx, pair.id).await), Some(asked.clone()));
        assert_eq!(read!(db, tx => daily_questions::card_number(&mut tx, asked.id).await), None, "no card before it is complete");
    }

    async fn a_strangers_question_is_not_found(db: Database) {
        let (one, two) = (together(&db).await, together(&db).await);
        let asked = question(one.pair.id, 1);
        commit!(db, tx => daily_questions::insert(&mut tx, &asked).await.expect("a question"));
        assert!(read!(db, tx => daily_questions::lookup_for(&mut tx, one.child.id, asked.id).await).is_some());
        assert!(read!(db, tx => daily_questions::lookup_for(&mut tx, two.child.id, asked.id).await).is_none());
    }

    async fn a_pair_has_one_question_a_date_and_one_of_each_number(db: Database) {
        let pair = together(&db).await.pair.id;
        let first = question(pair, 1);
        commit!(db, tx => daily_questions::insert(&mut tx, &first).await.expect("a question"));
        for second in [DailyQuestion { local_date: first.local_date, ..question(pair, 2) }, DailyQuestion { local_date: None, ..question(pair, 1) }] {
            let mut tx = db.begin().await.expect("a transaction");
            let refused = daily_questions::insert(&mut tx, &second).await;
            assert!(is_taken(&refused), "{refused:?}");
        }
        // Undated questions are no date, and other pairs have dates of their own.
        let other = together(&db).await.pair.id;
        commit!(db, tx => {
            daily_questions::insert(&mut tx, &DailyQuestion { local_date: None, ..question(pair, 2) }).await.expect("a question");
            daily_questions::insert(&mut tx, &DailyQuestion { local_date: None, ..question(pair, 3) }).await.expect("a question");
            daily_questions::insert(&mut tx, &DailyQuestion { local_date: first.local_date, ..question(other, 1) }).await.expect("a question");
        });
        assert_eq!(read!(db, tx => Ok::<_, StorageError>(last_number(&mut tx, pair).await)), 3);
        assert_eq!(read!(db, tx => Ok::<_, StorageError>(last_number(&mut tx, PairId(id())).await)), 0);
    }

    async fn the_current_question_is_the_newest_that_is_not_shelved(db: Database) {
        let pair = together(&db).await.pair.id;
        assert_eq!(read!(db, tx => daily_questions::lookup_current(&mut tx, pair).await), None);
        assert_eq!(read!(db, tx => daily_questions::last_section(&mut tx, pair).await), None);
        let mut asked: Vec<DailyQuestion> = (1..=4).map(|number| question(pair, number)).collect();
        asked[0].completed_at = Some(NOW);
        asked[1].shelved_at = Some(NOW);
        asked[3].shelved_at = Some(NOW);
        asked[3].section = Section::NowAndAhead;
        commit!(db, tx => for question in &asked {
            daily_questions::insert(&mut tx, question).await.expect("a question");
            daily_questions::save(&mut tx, question).await.expect("saved");
        });
        assert_eq!(read!(db, tx => daily_questions::lookup_current(&mut tx, pair).await), Some(asked[2].clone()));
        assert_eq!(read!(db, tx => daily_questions::find_shelved(&mut tx, pair).await), [asked[1].clone(), asked[3].clone()]);
        assert_eq!(read!(db, tx => daily_questions::find_incomplete(&mut tx, pair).await), asked[1..]);
        assert_eq!(read!(db, tx => daily_questions::last_section(&mut tx, pair).await), Some(Section::NowAndAhead), "of the question opened last");
    }

    async fn an_answer_keeps_its_earlier_revisions_for_its_author(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let mut asked = question(pair.id, 1);
        commit!(db, tx => daily_questions::insert(&mut tx, &asked).await.expect("a question"));
        for (at, text) in ["첫 줄\n둘째 줄", "고친 글", "또 고친 글 👨‍👩‍👧"].into_iter().enumerate() {
            asked.answer(Role::Child, 1, body(text), NOW.plus(at as i64), PairPhase::Together).expect("taken");
            commit!(db, tx => answers::save(&mut tx, &asked, Role::Child, child.id, None).await.expect("saved"));
        }
        let stored = read!(db, tx => daily_questions::lookup_for(&mut tx, parent.id, asked.id).await).expect("the question");
        assert_eq!(stored, asked);
        let latest = Answer { revision: 3, body: body("또 고친 글 👨‍👩‍👧"), first_at: NOW, at: NOW.plus(2) };
        assert_eq!((stored.parent, stored.child), (None, Some(latest)));

        let history = read!(db, tx => answers::find_revisions(&mut tx, asked.id, Role::Child).await);
        let told: Vec<(u32, &str, Millis)> = history.iter().map(|earlier| (earlier.revision, earlier.body.as_str(), earlier.at)).collect();
        assert_eq!(told, [(2, "고친 글", NOW.plus(1)), (1, "첫 줄\n둘째 줄", NOW)]);
        assert_eq!(read!(db, tx => answers::find_revisions(&mut tx, asked.id, Role::Parent).await), []);

        // The same revision again changes nothing: a repeated request is no history.
        commit!(db, tx => answers::save(&mut tx, &asked, Role::Child, child.id, None).await.expect("saved"));
        assert_eq!(read!(db, tx => answers::find_revisions(&mut tx, asked.id, Role::Child).await).len(), 2);
        commit!(db, tx => answers::save(&mut tx, &asked, Role::Parent, parent.id, None).await.expect("nothing to save"));
        assert_eq!(read!(db, tx => daily_questions::lookup_for(&mut tx, parent.id, asked.id).await), Some(asked));
    }

    async fn an_answer_moves_to_another_question_with_its_history(db: Database) {
        let Together { child, pair, .. } = together(&db).await;
        let (mut from, to) = (question(pair.id, 1), question(pair.id, 2));
        from.answer(Role::Child, 1, body("하나"), NOW, PairPhase::Alone).expect("taken");
        commit!(db, tx => {
            daily_questions::insert(&mut tx, &from).await.expect("a question");
            daily_questions::insert(&mut tx, &to).await.expect("a question");
            answers::save(&mut tx, &from, Role::Child, child.id, None).await.expect("saved");
        });
        from.answer(Role::Child, 1, body("둘"), NOW.plus(1), PairPhase::Alone).expect("taken");
        commit!(db, tx => answers::save(&mut tx, &from, Role::Child, child.id, None).await.expect("saved"));

        commit!(db, tx => answers::move_to(&mut tx, from.id, to.id, Role::Child).await.expect("moved"));
        let left = read!(db, tx => daily_questions::lookup_for(&mut tx, child.id, from.id).await).expect("a question");
        let moved = read!(db, tx => daily_questions::lookup_for(&mut tx, child.id, to.id).await).expect("a question");
        assert_eq!((left.child, moved.child), (None, from.child));
        assert_eq!(read!(db, tx => answers::find_revisions(&mut tx, from.id, Role::Child).await), []);
        assert_eq!(read!(db, tx => answers::find_revisions(&mut tx, to.id, Role::Child).await).len(), 1);
    }

    async fn cards_are_numbered_without_gaps_in_the_order_they_open(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let mut asked: Vec<DailyQuestion> = (1..=4).map(|number| question(pair.id, number)).collect();
        commit!(db, tx => for question in &asked {
            daily_questions::insert(&mut tx, question).await.expect("a question");
        });
        // The third opens first, then the first; the second waits on its shelf, the fourth opens last.
        for (at, index) in [2, 0, 3].into_iter().enumerate() {
            let now = NOW.plus(at as i64);
            let question = &mut asked[index];
            assert_eq!(question.answer(Role::Child, 1, body("아이"), now, PairPhase::Together), Ok(Saved::First));
            assert_eq!(question.answer(Role::Parent, 1, body("부모"), now, PairPhase::Together), Ok(Saved::Opened));
            commit!(db, tx => {
                answers::save(&mut tx, question, Role::Child, child.id, None).await.expect("saved");
                answers::save(&mut tx, question, Role::Parent, parent.id, None).await.expect("saved");
                daily_questions::save(&mut tx, question).await.expect("saved");
            });
            // Saving it again gives no new number.
            commit!(db, tx => daily_questions::save(&mut tx, &asked[index]).await.expect("saved"));
        }
        for (index, number) in [(2, Some(1)), (0, Some(2)), (1, None), (3, Some(3))] {
            assert_eq!(read!(db, tx => daily_questions::card_number(&mut tx, asked[index].id).await), number);
        }
        let cards = read!(db, tx => daily_questions::find_cards(&mut tx, pair.id, 2, 9).await);
        assert_eq!(cards, [asked[0].clone(), asked[3].clone()]);
        let all = read!(db, tx => daily_questions::find_complete(&mut tx, pair.id, None, 10, 0).await);
        assert_eq!(all, [asked[3].clone(), asked[0].clone(), asked[2].clone()], "newest first");
    }

    async fn two_cards_that_open_at_once_get_two_numbers(db: Database) {
        let pair = together(&db).await.pair.id;
        let asked: Vec<DailyQuestion> = (1..=6).map(|number| DailyQuestion { completed_at: Some(NOW), ..question(pair, number) }).collect();
        commit!(db, tx => for question in &asked {
            daily_questions::insert(&mut tx, question).await.expect("a question");
        });
        let opened = asked.iter().cloned().map(|question| {
            let db = db.database.clone();
            tokio::spawn(async move {
                let mut tx = db.begin().await.expect("a transaction");
                pairs::lock(&mut tx, pair).await.expect("the pair's row");
                daily_questions::save(&mut tx, &question).await.expect("saved");
                tx.commit().await.expect("a commit");
            })
        });
        for done in join_all(opened).await {
            done.expect("no panic");
        }
        let cards = read!(db, tx => daily_questions::find_cards(&mut tx, pair, 1, 6).await);
        assert_eq!(cards.len(), 6);
    }

    async fn the_archive_comes_in_pages_and_by_section(db: Database) {
        let (pair, other) = (together(&db).await.pair.id, together(&db).await.pair.id);
        commit!(db, tx => {
            for number in 1..=25 {
                let section = Section::ALL[number as usize % 2];
                let card = DailyQuestion { completed_at: Some(NOW.plus(i64::from(number))), section, ..question(pair, number) };
                daily_questions::insert(&mut tx, &card).await.expect("a question");
                daily_questions::save(&mut tx, &card).await.expect("saved");
            }
            daily_questions::insert(&mut tx, &question(pair, 26)).await.expect("an open question");
            let foreign = DailyQuestion { completed_at: Some(NOW), ..question(other, 1) };
            daily_questions::insert(&mut tx, &foreign).await.expect("a question");
            daily_questions::save(&mut tx, &foreign).await.expect("saved");
        });
        let numbers = |cards: Vec<DailyQuestion>| cards.into_iter().map(|card| card.number).collect::<Vec<_>>();
        let first = read!(db, tx => daily_questions::find_complete(&mut tx, pair, None, 20, 0).await);
        assert_eq!(numbers(first), (6..=25).rev().collect::<Vec<_>>());
        let second = read!(db, tx => daily_questions::find_complete(&mut tx, pair, None, 20, 20).await);
        assert_eq!(numbers(second), (1..=5).rev().collect::<Vec<_>>());
        let section = Some(Section::ALL[1]);
        let odd = read!(db, tx => daily_questions::find_complete(&mut tx, pair, section, 20, 10).await);
        assert_eq!(numbers(odd), [5, 3, 1]);
        for (section, count) in [(None, 25), (section, 13), (Some(Section::ALL[0]), 12), (Some(Section::ALL[5]), 0)] {
            assert_eq!(read!(db, tx => daily_questions::count_complete(&mut tx, pair, section).await), count);
        }
    }

    async fn what_was_asked_is_remembered_once_for_each_pair(db: Database) {
        let (pair, other) = (together(&db).await.pair.id, together(&db).await.pair.id);
        let keys = ["a", "b"].map(|key| QuestionKey(key.into()));
        commit!(db, tx => for key in [&keys[0], &keys[1], &keys[0]] {
            questions::set_asked(&mut tx, pair, key).await.expect("remembered");
        });
        assert_eq!(read!(db, tx => questions::asked(&mut tx, pair).await), BTreeSet::from(keys));
        assert_eq!(read!(db, tx => questions::asked(&mut tx, other).await), BTreeSet::new());
    }

    async fn the_catalogue_is_written_by_key_and_what_is_gone_is_kept_as_retired(db: Database) {
        let entry = |key: &str| Question { key: QuestionKey(key.into()), section: Section::School, wordings: wordings(key), tags: vec!["a".into(), "b".into()] };
        for (keys, in_use, retired) in [(vec!["a", "b"], 2, 0), (vec!["a", "b"], 2, 0), (vec!["b", "c"], 2, 1), (vec!["a", "b", "c"], 3, 0), (vec![], 0, 3)] {
            let catalogue: Vec<Question> = keys.iter().map(|key| entry(key)).collect();
            commit!(db, tx => questions::upsert(&mut tx, &catalogue).await.expect("written"));
            assert_eq!(read!(db, tx => questions::count(&mut tx).await), (in_use, retired), "{keys:?}");
        }
    }

    // ---- notifications and the outbox

    async fn a_fact_is_told_to_a_person_once(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let one = notification(parent.id, pair.id, "answer:1", NOW);
        let again = notification(parent.id, pair.id, "answer:1", NOW.plus(1));
        let other = notification(child.id, pair.id, "answer:1", NOW);
        assert_eq!(commit!(db, tx => notifications::insert(&mut tx, &[one.clone(), other.clone()]).await.expect("new")).len(), 2);
        assert_eq!(commit!(db, tx => notifications::insert(&mut tx, std::slice::from_ref(&again)).await.expect("known")), []);
        let entries = read!(db, tx => entries::find_of(&mut tx, parent.id, 10).await);
        assert_eq!(entries.iter().map(|entry| (entry.id, entry.kind, entry.is_read)).collect::<Vec<_>>(), [(one.id, NotificationKind::Answered, false)]);
        assert!(read!(db, tx => notifications::was_notified(&mut tx, parent.id, "answer:1").await));
        assert!(!read!(db, tx => notifications::was_notified(&mut tx, parent.id, "answer:2").await));
        assert_eq!(read!(db, tx => entries::count_unread(&mut tx, parent.id).await), 1);
        assert_eq!(commit!(db, tx => entries::read_up_to(&mut tx, parent.id, 7, NOW).await.expect("read")), 1);
        assert!(!commit!(db, tx => entries::read_one(&mut tx, parent.id, one.id, NOW).await.expect("read already")));
        assert_eq!(read!(db, tx => entries::count_unread(&mut tx, parent.id).await), 0);
        assert_eq!(read!(db, tx => entries::count_unread(&mut tx, child.id).await), 1, "reading is one's own");
    }

    async fn wishes_are_the_person_s_and_the_pair_s(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let wishes = |found: Vec<(Option<PairId>, notifications::Wishes)>| found.into_iter().next().expect("wishes").1;
        let first = wishes(read!(db, tx => notifications::wishes(&mut tx, &[(parent.id, Some(pair.id))]).await));
        assert_eq!((first.quiet, first.hides_details, first.question_in_quiet), (Some(QuietHours::DEFAULT), false, None));
        let muted = Muted::new(vec![Channel::Nudge]);
        commit!(db, tx => {
            notifications::update_member(&mut tx, parent.id, pair.id, &muted, true).await.expect("switches");
            notifications::update_person(&mut tx, parent.id, None, true).await.expect("no quiet hours");
        });
        let changed = wishes(read!(db, tx => notifications::wishes(&mut tx, &[(parent.id, Some(pair.id))]).await));
        assert_eq!((changed.quiet, changed.hides_details, changed.muted, changed.question_in_quiet), (None, true, muted, Some(true)));
        let both = read!(db, tx => notifications::wishes(&mut tx, &[(parent.id, None), (child.id, Some(pair.id))]).await);
        assert!(both.iter().all(|(_, wishes)| wishes.muted == Muted::default()), "of another pair, and of the other, nothing changed");
    }

    async fn presence_is_shown_until_the_member_switches_it_off_for_that_pair(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let another = together(&db).await;
        assert!(read!(db, tx => presence::is_shown_by(&mut tx, parent.id, pair.id).await));
        commit!(db, tx => presence::update(&mut tx, parent.id, pair.id, false).await.expect("a switch"));
        assert!(!read!(db, tx => presence::is_shown_by(&mut tx, parent.id, pair.id).await));
        assert!(read!(db, tx => presence::is_shown_by(&mut tx, child.id, pair.id).await), "the other's own switch stays");
        assert!(read!(db, tx => presence::is_shown_by(&mut tx, another.parent.id, another.pair.id).await), "and so do those of other pairs");
        commit!(db, tx => presence::update(&mut tx, parent.id, pair.id, true).await.expect("a switch"));
        assert!(read!(db, tx => presence::is_shown_by(&mut tx, parent.id, pair.id).await));
        assert!(!read!(db, tx => presence::is_shown_by(&mut tx, parent.id, another.pair.id).await), "a stranger shows nothing");
        commit!(db, tx => presence::update(&mut tx, parent.id, another.pair.id, true).await.expect("nothing"));
        assert!(!read!(db, tx => presence::is_shown_by(&mut tx, parent.id, another.pair.id).await));
    }

    async fn counted_pushes_are_found_since_an_instant(db: Database) {
        let Together { parent, pair, .. } = together(&db).await;
        let mut nudge = notification(parent.id, pair.id, "nudge:1", NOW);
        nudge.kind = NotificationKind::Nudge;
        let answer = notification(parent.id, pair.id, "answer:1", NOW);
        commit!(db, tx => notifications::insert(&mut tx, &[nudge, answer]).await.expect("new"));
        assert_eq!(read!(db, tx => notifications::find_counted(&mut tx, &[parent.id], NOW).await).len(), 1);
        assert_eq!(read!(db, tx => notifications::find_counted(&mut tx, &[parent.id], NOW.plus(1)).await), []);
    }

    async fn a_delivery_is_claimed_by_one_and_again_when_its_lease_runs_out(db: Database) {
        let told = told(&db).await;
        let (now, lease) = (NOW, NOW.plus(60_000));
        let mut one = db.begin().await.expect("a transaction");
        let claimed = deliveries::claim(&mut one, now, lease, 10).await.expect("a claim");
        assert_eq!(claimed, [told]);
        one.commit().await.expect("a commit");
        assert_eq!(commit!(db, tx => deliveries::claim(&mut tx, now, lease, 10).await.expect("a claim")), []);
        assert_eq!(read!(db, tx => deliveries::next_send(&mut tx).await), Some(lease));
        let again = commit!(db, tx => deliveries::claim(&mut tx, lease, lease.plus(60_000), 10).await.expect("a claim"));
        assert_eq!(again, [told]);
        let settled = |state, send_at| Settled { id: told, state, send_at, status: Some(503), reason: Some("service"), is_attempt: true };
        // The first worker comes back: its lease is over, and what it says counts for nothing.
        commit!(db, tx => deliveries::settle(&mut tx, &[settled(State::Accepted, None)], lease, lease).await.expect("settled"));
        assert_eq!(read!(db, tx => deliveries::counts(&mut tx).await).0, [("leased".to_owned(), 1)]);
        commit!(db, tx => deliveries::settle(&mut tx, &[settled(State::Retry, Some(lease.plus(90_000)))], lease.plus(60_000), lease).await.expect("settled"));
        let listed = read!(db, tx => deliveries::find_in(&mut tx, State::Retry, 10).await);
        assert_eq!((listed[0].attempts, listed[0].status, listed[0].reason.as_deref()), (2, Some(503), Some("service")));
        assert_eq!(read!(db, tx => deliveries::next_send(&mut tx).await), Some(lease.plus(90_000)));
    }

    async fn what_a_clock_far_ahead_left_in_rows_is_brought_back(db: Database) {
        let told = told(&db).await;
        let (session, ahead) = (SessionId(id()), NOW.plus(60 * Millis::DAY));
        let mut pair = together(&db).await.pair;
        pair.next_due_at = Some(ahead);
        commit!(db, tx => {
            let person = sign_up(&mut tx, "순자").await;
            sessions::insert(&mut tx, session, person.id, "hash", "d", ahead).await.expect("a session");
            failures::record(&mut tx, "address:1", ahead).await.expect("a failure");
            let done = Done { person: person.id, session: None, target: None };
            attempts::insert(&mut tx, "key", "join", &done, ahead).await.expect("a step");
            let new = persons::NewRecovery { hash: "fresh", made_by: None, earlier_until: Some(ahead) };
            persons::set_recovery(&mut tx, person.id, new, ahead).await.expect("a new code");
            pairs::update_schedule(&mut tx, &pair).await.expect("an update");
            deliveries::claim(&mut tx, NOW, ahead, 1).await.expect("a lease");
        });
        assert_eq!(read!(db, tx => failures::count(&mut tx, "address:1", NOW).await), 0, "not believed");
        assert_eq!(read!(db, tx => future_rows::find_pairs(&mut tx, NOW).await), [pair.id]);
        assert!(read!(db, tx => future_rows::are_there(&mut tx, NOW).await));

        assert_eq!(commit!(db, tx => future_rows::bring_back(&mut tx, NOW).await.expect("rows")), 5);

        assert!(!read!(db, tx => future_rows::are_there(&mut tx, NOW).await));
        assert_eq!(commit!(db, tx => deliveries::claim(&mut tx, NOW, NOW.plus(1), 10).await.expect("a claim")), [told]);
        let found = read!(db, tx => sessions::lookup(&mut tx, "hash", NOW, NOW).await).expect("the session");
        assert_eq!((found.session.rotated_at, found.session.last_used_at), (NOW, ahead));
        assert_eq!(commit!(db, tx => attempts::lookup(&mut tx, "key", NOW).await.expect("an answer")), None);
        let codes = read!(db, tx => persons::recovery_codes(&mut tx, found.person.id, NOW).await);
        assert_eq!(codes.earlier.map(|(_, until)| until), Some(NOW.plus(7 * Millis::DAY)));
    }

    async fn the_most_a_sweep_has_deleted_is_remembered(db: Database) {
        let person = commit!(db, tx => sign_up(&mut tx, "순자").await);
        for (hash, at) in [("a", NOW), ("b", NOW.plus(10)), ("c", NOW.plus(20))] {
            commit!(db, tx => sessions::insert(&mut tx, SessionId(id()), person.id, hash, "d", at).await.expect("a session"));
        }
        let mine = async |limit: i64| read!(db, tx => sweeps::count_up_to(&mut tx, Swept::Sessions, NOW.plus(10), limit).await);
        assert_eq!((mine(10).await, mine(1).await), (2, 1));
        assert_eq!(read!(db, tx => sweeps::count_all(&mut tx, Swept::Sessions).await), 3);
        for what in [Swept::Subscriptions, Swept::Notifications, Swept::Deliveries, Swept::Events] {
            assert_eq!(read!(db, tx => sweeps::count_up_to(&mut tx, what, NOW, 10).await), 0, "{what:?}");
            assert_eq!(read!(db, tx => sweeps::count_all(&mut tx, what).await), 0, "{what:?}");
        }
        assert_eq!(read!(db, tx => sweeps::record_of(&mut tx, Swept::Events).await), (0, 0));
        for record in [(7, 1), (7, 0)] {
            commit!(db, tx => sweeps::set_record(&mut tx, Swept::Events, record.0, record.1).await.expect("written"));
            assert_eq!(read!(db, tx => sweeps::record_of(&mut tx, Swept::Events).await), record);
        }
    }

    async fn the_dates_that_have_a_question_are_known(db: Database) {
        let pair = together(&db).await.pair;
        let today = date("2026-11-22");
        commit!(db, tx => daily_questions::insert(&mut tx, &DailyQuestion { local_date: Some(today), ..question(pair.id, 1) }).await.expect("new"));
        let dated = read!(db, tx => daily_questions::find_dated(&mut tx, &[(pair.id, today), (PairId(1), today)]).await);
        assert_eq!(dated.into_iter().collect::<Vec<_>>(), [pair.id]);
        assert!(read!(db, tx => daily_questions::find_dated(&mut tx, &[(pair.id, today.plus_days(1))]).await).is_empty());
    }

    async fn a_parcel_holds_how_things_stand(db: Database) {
        let told = told(&db).await;
        let contexts = read!(db, tx => delivery_context::load(&mut tx, &[told]).await);
        let parcel = contexts[0].as_ref().expect("a context that makes sense");
        let pair = parcel.pair.as_ref().expect("its pair");
        assert_eq!((parcel.kind, parcel.unread, pair.role, parcel.is_superseded), (NotificationKind::Answered, 1, Role::Parent, false));
        assert_eq!(parcel.target.as_ref().map(|target| target.origin.as_str()), Some("https://push.example"));
        assert!(pair.other.as_ref().is_some_and(|(relation, _)| *relation == Relation::Daughter || *relation == Relation::Son));
        commit!(db, tx => subscriptions::delete(&mut tx, told.subscription).await.expect("gone"));
        let contexts = read!(db, tx => delivery_context::load(&mut tx, &[told]).await);
        assert!(contexts[0].as_ref().is_ok_and(|parcel| parcel.target.is_none()), "the browser signed out");
    }

    async fn what_is_taken_back_is_not_claimed(db: Database) {
        let told = told(&db).await;
        commit!(db, tx => deliveries::cancel(&mut tx, CancelFor::Subscription(told.subscription), Cancelled::SignedOut, NOW).await.expect("cancelled"));
        assert_eq!(commit!(db, tx => deliveries::claim(&mut tx, NOW, NOW.plus(1), 10).await.expect("a claim")), []);
        assert_eq!(read!(db, tx => deliveries::counts(&mut tx).await), (vec![("cancelled".to_owned(), 1)], None));
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::DELIVERIES, NOW.plus(1)).await.expect("pruned")), 1);
    }

    async fn a_report_counts_once_and_names_its_person(db: Database) {
        let told = told(&db).await;
        let first = commit!(db, tx => receipts::report(&mut tx, told, Receipt::Shown, NOW).await.expect("noted"));
        assert!(first.is_some());
        assert_eq!(commit!(db, tx => receipts::report(&mut tx, told, Receipt::Shown, NOW.plus(1)).await.expect("known")), None);
        let person = first.expect("a person");
        let trails = read!(db, tx => receipts::find_trails(&mut tx, person, "answered", NOW).await);
        assert_eq!((trails[0].shown_at, trails[0].opened_at), (Some(NOW.0), None));
        let subscription = read!(db, tx => subscriptions::lookup_for(&mut tx, person, told.subscription).await).expect("a subscription");
        assert_eq!(subscription.shown_at, Some(NOW), "the second report wrote nothing");
        assert_eq!(read!(db, tx => subscriptions::find_silent(&mut tx, NOW.plus(1)).await), [told.subscription]);
        assert_eq!(read!(db, tx => subscriptions::find_silent(&mut tx, NOW).await), []);
    }

    async fn a_report_settles_what_waits_and_a_late_outcome_changes_nothing(db: Database) {
        let told = told(&db).await;
        let lease = NOW.plus(60_000);
        commit!(db, tx => deliveries::claim(&mut tx, NOW, lease, 10).await.expect("a claim"));
        assert_eq!(read!(db, tx => delivery_context::load(&mut tx, &[told]).await).len(), 1);
        commit!(db, tx => receipts::report(&mut tx, told, Receipt::Shown, NOW.plus(1)).await.expect("noted"));
        assert_eq!(read!(db, tx => delivery_context::load(&mut tx, &[told]).await).len(), 0, "a worker that has it does not send it");
        let late = Settled { id: told, state: State::Retry, send_at: Some(lease), status: None, reason: Some("timeout"), is_attempt: true };
        commit!(db, tx => deliveries::settle(&mut tx, &[late], lease, NOW.plus(2)).await.expect("settled"));
        let listed = read!(db, tx => deliveries::find_in(&mut tx, State::Accepted, 10).await);
        assert_eq!(listed.iter().map(|listed| listed.reason.as_deref()).collect::<Vec<_>>(), [Some("shown")]);
        assert_eq!(read!(db, tx => deliveries::next_send(&mut tx).await), None);
    }

    async fn what_waits_for_a_service_is_brought_forward_and_follows_to_another_subscription(db: Database) {
        let told = told(&db).await;
        let lease = NOW.plus(60_000);
        let waits = async |state, at, reason| {
            commit!(db, tx => {
                let due = deliveries::next_send(&mut tx).await.expect("an answer").expect("it waits");
                assert_eq!(deliveries::claim(&mut tx, due, lease, 10).await.expect("a claim"), [told]);
                let settled = Settled { id: told, state, send_at: Some(at), status: None, reason: Some(reason), is_attempt: true };
                deliveries::settle(&mut tx, &[settled], lease, NOW).await.expect("settled");
            });
            read!(db, tx => waiting::find_held_back(&mut tx, "https://push.example", NOW.plus(5_000), 10).await)
        };
        let later = NOW.plus(900_000);
        assert_eq!(waits(State::Pending, later, "quiet hours").await, []);
        assert_eq!(waits(State::Retry, later, waiting::ASKED_TO_WAIT).await, []);
        assert_eq!(waits(State::Retry, NOW.plus(5_000), "service").await, [], "soon enough");
        assert_eq!(waits(State::Pending, later, waiting::ORIGIN_PAUSED).await, [(told, later)]);
        assert_eq!(waits(State::Retry, later, "service").await, [(told, later)]);
        assert_eq!(read!(db, tx => waiting::find_held_back(&mut tx, "https://other.example", NOW, 10).await), []);
        commit!(db, tx => waiting::bring_forward(&mut tx, &[(told, later.plus(1), NOW)]).await.expect("left"));
        assert_eq!(read!(db, tx => deliveries::next_send(&mut tx).await), Some(later), "somebody else has moved it meanwhile");
        commit!(db, tx => waiting::bring_forward(&mut tx, &[(told, later, NOW.plus(3))]).await.expect("moved"));
        assert_eq!(read!(db, tx => deliveries::next_send(&mut tx).await), Some(NOW.plus(3)));

        let new = SubscriptionId(id());
        commit!(db, tx => waiting::follow(&mut tx, told.subscription, new, NOW.plus(4)).await.expect("moved"));
        let claimed = commit!(db, tx => deliveries::claim(&mut tx, NOW.plus(4), lease, 10).await.expect("a claim"));
        assert_eq!(claimed, [DeliveryId { subscription: new, ..told }]);
        commit!(db, tx => {
            deliveries::insert(&mut tx, &[(told, NOW)], NOW).await.expect("the same for the first");
            waiting::follow(&mut tx, told.subscription, new, NOW).await.expect("the second has it");
        });
        assert_eq!(read!(db, tx => deliveries::counts(&mut tx).await).0, [("leased".to_owned(), 1), ("pending".to_owned(), 1)]);
    }

    async fn ending_a_session_takes_its_subscription_along(db: Database) {
        let told = told(&db).await;
        let person = read!(db, tx => delivery_context::load(&mut tx, &[told]).await)[0].as_ref().expect("a context").person;
        let subscription = read!(db, tx => subscriptions::lookup_for(&mut tx, person, told.subscription).await).expect("a subscription");
        assert!(commit!(db, tx => sessions::delete(&mut tx, person, subscription.session).await.expect("ended")));
        assert_eq!(read!(db, tx => subscriptions::find_of(&mut tx, person).await), []);
    }

    async fn many_pairs_open_in_a_few_statements(db: Database) {
        let (one, two) = (together(&db).await.pair.id, together(&db).await.pair.id);
        let questions = [question(one, 1), question(two, 1)];
        commit!(db, tx => daily_questions::insert_all(&mut tx, &questions).await.expect("two questions"));
        commit!(db, tx => questions::set_asked_all(&mut tx, &[(one, questions[0].key.clone()), (one, questions[0].key.clone())]).await.expect("asked"));
        let opened = [(one, date("2026-01-02"), NOW), (two, date("2026-01-03"), NOW)];
        commit!(db, tx => schedule::set_opened_all(&mut tx, &opened).await.expect("opened"));
        let current = read!(db, tx => daily_questions::find_open(&mut tx, &[one, two]).await);
        assert_eq!((&current[&one], &current[&two]), (&questions[0], &questions[1]));
        let asked = read!(db, tx => questions::find_asked(&mut tx, &[one, two]).await);
        assert_eq!((asked.get(&one).map(|keys| keys.len()), asked.get(&two)), (Some(1), None));
        let found = read!(db, tx => schedule::find_states(&mut tx, &[one, two]).await);
        assert_eq!(found[&two].last_opened_date, Some(date("2026-01-03")));
        assert_eq!(read!(db, tx => pairs::find_by_ids(&mut tx, &[one, two]).await).len(), 2);
    }

    // ---- feeds

    async fn a_feed_counts_from_one_without_gaps_for_each_person(db: Database) {
        let Together { parent, child, pair } = together(&db).await;
        let asked = DailyQuestionId(id());
        let both = [child.id, parent.id];
        commit!(db, tx => {
            append(&mut tx, &both, EventKind::QuestionOpened, Some(pair.id), Some(asked), NOW).await.expect("told");
            append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW.plus(1)).await.expect("told");
        });
        let mut tx = db.begin().await.expect("a transaction");
        append(&mut tx, &both, EventKind::CardOpened, Some(pair.id), Some(asked), NOW).await.expect("told");
        drop(tx); // never happened, and leaves no gap
        commit!(db, tx => append(&mut tx, &both, EventKind::PairClosed, Some(pair.id), None, NOW.plus(2)).await.expect("told"));

        let opened = Event { seq: 1, kind: EventKind::QuestionOpened, pair: Some(pair.id), daily_question: Some(asked), at: NOW, unread: None };
        let closed = |seq| Event { seq, kind: EventKind::PairClosed, pair: Some(pair.id), daily_question: None, at: NOW.plus(2), unread: None };
        let changed = Event { seq: 2, kind: EventKind::SettingsChanged, pair: None, daily_question: None, at: NOW.plus(1), unread: None };
        assert_eq!(read!(db, tx => events::find_after(&mut tx, parent.id, 0, 10).await), [opened.clone(), closed(2)]);
        assert_eq!(read!(db, tx => events::find_after(&mut tx, child.id, 0, 10).await), [opened, changed.clone(), closed(3)]);
        assert_eq!(read!(db, tx => events::find_after(&mut tx, child.id, 1, 1).await), [changed]);
        assert_eq!(read!(db, tx => events::find_after(&mut tx, child.id, 3, 10).await), []);
        assert_eq!((read!(db, tx => events::last_seq(&mut tx, parent.id).await), read!(db, tx => events::last_seq(&mut tx, child.id).await)), (2, 3));
    }

    async fn every_kind_of_event_reads_back(db: Database) {
        let child = together(&db).await.child.id;
        commit!(db, tx => for kind in EventKind::ALL {
            append(&mut tx, &[child], kind, None, None, NOW).await.expect("told");
        });
        let kinds: Vec<EventKind> = read!(db, tx => events::find_after(&mut tx, child, 0, 100).await).into_iter().map(|event| event.kind).collect();
        assert_eq!(kinds, EventKind::ALL);
    }

    async fn old_events_are_forgotten_and_the_count_goes_on(db: Database) {
        let Together { parent, child, .. } = together(&db).await;
        assert_eq!(read!(db, tx => events::first_kept(&mut tx, child.id).await), None);
        assert_eq!(read!(db, tx => events::last_seq(&mut tx, PersonId(id())).await), 0);
        commit!(db, tx => for at in 0..4 {
            append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW.plus(at)).await.expect("told");
        });
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::EVENTS, NOW.plus(2)).await.expect("an answer")), 2);
        assert_eq!(read!(db, tx => events::first_kept(&mut tx, child.id).await), Some(3));
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::EVENTS, NOW.plus(9)).await.expect("an answer")), 2);
        assert_eq!(read!(db, tx => events::first_kept(&mut tx, child.id).await), None);

        commit!(db, tx => append(&mut tx, &[child.id, parent.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told"));
        assert_eq!(read!(db, tx => events::first_kept(&mut tx, child.id).await), Some(5), "a number is never given out twice");
        assert_eq!(read!(db, tx => events::first_kept(&mut tx, parent.id).await), Some(1));
    }

    /// Writers on one node, the reader on another; some writers take the persons in the other order, some think better
    /// of it.
    async fn whoever_follows_a_feed_misses_nothing_and_sees_nothing_late(db: Database) {
        const WRITERS: i64 = 20;
        const EACH: i64 = 5;
        let Together { parent, child, pair } = together(&db).await;
        let reading = db.second_node().await;
        let writers = (0..WRITERS).map(|writer| {
            let db = db.database.clone();
            let persons = if writer % 2 == 0 { [parent.id, child.id] } else { [child.id, parent.id] };
            tokio::spawn(async move {
                for at in 0..=EACH {
                    let mut tx = db.begin().await.expect("a transaction");
                    append(&mut tx, &persons, EventKind::AnswerSubmitted, Some(pair.id), None, NOW.plus(at)).await.expect("told");
                    tokio::task::yield_now().await;
                    if at == writer % EACH {
                        drop(tx);
                    } else {
                        tx.commit().await.expect("a commit");
                    }
                }
            })
        });
        let (writers, is_over) = (writers.collect::<Vec<_>>(), AtomicBool::new(false));
        let write = async {
            let ended = join_all(writers).await;
            is_over.store(true, Ordering::SeqCst);
            ended.into_iter().for_each(|writer| writer.expect("no writer panics"));
        };
        let follow = async |person: PersonId| {
            let mut cursor = 0;
            loop {
                let was_over = is_over.load(Ordering::SeqCst);
                let found = read!(reading, tx => events::find_after(&mut tx, person, cursor, 7).await);
                if found.is_empty() && was_over {
                    return cursor;
                }
                for event in found {
                    assert_eq!(event.seq, cursor + 1, "a number was jumped over");
                    cursor = event.seq;
                }
                tokio::task::yield_now().await;
            }
        };
        let ((), one, two) = tokio::join!(write, follow(parent.id), follow(child.id));
        assert_eq!((one, two), (WRITERS * EACH, WRITERS * EACH), "everything told was read");
        assert_eq!(read!(db, tx => events::last_seq(&mut tx, parent.id).await), WRITERS * EACH);
        reading.close().await;
    }

    async fn a_commit_wakes_who_was_told_and_a_rollback_nobody(db: Database) {
        let Together { parent, child, .. } = together(&db).await;
        let (mut woken, other) = (db.notifier().subscribe(child.id), db.notifier().subscribe(parent.id));
        let mut tx = db.begin().await.expect("a transaction");
        append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told");
        assert!(!woken.has_changed().expect("listening"), "not before the commit");
        drop(tx);
        assert!(!woken.has_changed().expect("listening"), "it never happened");

        let mut tx = db.begin().await.expect("a transaction");
        append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told");
        tx.commit().await.expect("a commit");
        assert!(woken.has_changed().expect("listening"));
        assert!(!other.has_changed().expect("listening"), "only who was told");
        woken.mark_unchanged();

        commit!(db, tx => persons::count_answer(&mut tx, child.id).await.expect("counted"));
        assert!(!woken.has_changed().expect("listening"), "nothing was told");
    }

    async fn listeners_that_left_are_forgotten_and_new_ones_are_woken(db: Database) {
        let child = together(&db).await.child;
        drop(db.notifier().subscribe(child.id));
        db.notifier().sweep();
        let listening = db.notifier().subscribe(child.id);
        db.notifier().sweep();
        commit!(db, tx => append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told"));
        assert!(listening.has_changed().expect("listening"));
    }

    // ---- failures

    async fn failures_are_counted_by_bucket_and_forgotten(db: Database) {
        commit!(db, tx => for (bucket, at) in [("address:1", 1), ("address:1", 2), ("address:2", 2), ("address:1", 3)] {
            failures::record(&mut tx, bucket, NOW.plus(at)).await.expect("recorded");
        });
        for (bucket, since, count) in [("address:1", 0, 3), ("address:1", 1, 2), ("address:1", 3, 0), ("address:2", 0, 1), ("address:3", 0, 0)] {
            assert_eq!(read!(db, tx => failures::count(&mut tx, bucket, NOW.plus(since)).await), count, "{bucket} since {since}");
        }
        assert_eq!(commit!(db, tx => prune::batch(&mut tx, &prune::FAILURES, NOW.plus(2)).await.expect("an answer")), 1);
        assert_eq!(read!(db, tx => failures::count(&mut tx, "address:1", NOW).await), 2);
    }

    // ---- transactions

    async fn a_read_transaction_is_one_snapshot(db: Database) {
        let child = together(&db).await.child;
        commit!(db, tx => append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("told"));
        let mut page = db.read().await.expect("a snapshot");
        let as_of = events::last_seq(&mut page, child.id).await.expect("a number");

        commit!(db, tx => {
            append(&mut tx, &[child.id], EventKind::NameChanged, None, None, NOW).await.expect("told");
            persons::count_answer(&mut tx, child.id).await.expect("counted");
        });
        assert_eq!(events::find_after(&mut page, child.id, as_of, 10).await.expect("events"), [], "nothing after what the page was read at");
        assert_eq!(events::last_seq(&mut page, child.id).await.expect("a number"), as_of);
        assert_eq!(persons::recovery_state(&mut page, child.id).await.expect("a state").answers_given, 0);
        drop(page);
        assert_eq!(read!(db, tx => persons::recovery_state(&mut tx, child.id).await).answers_given, 1);
        assert_eq!(read!(db, tx => events::find_after(&mut tx, child.id, as_of, 10).await).len(), 1);
    }

    async fn a_dropped_transaction_never_happened(db: Database) {
        let mut tx = db.begin().await.expect("a transaction");
        let person = sign_up(&mut tx, "순자").await;
        drop(tx);
        assert_eq!(read!(db, tx => persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await), None);
        assert!(!read!(db, tx => persons::any_real(&mut tx).await));
    }

    async fn a_reading_transaction_writes_nothing(db: Database) {
        let mut tx = db.read().await.expect("a snapshot");
        let refused = failures::record(&mut tx, "b", NOW).await;
        assert!(is_unavailable(&refused), "{refused:?}");
    }

    async fn a_row_that_names_nobody_is_refused(db: Database) {
        let mut tx = db.begin().await.expect("a transaction");
        let orphan = sessions::insert(&mut tx, SessionId(id()), PersonId(id()), "hash", "d", NOW).await;
        assert!(matches!(orphan, Err(StorageError::Database(_))), "foreign keys hold: {orphan:?}");
    }

    async fn a_database_can_be_opened_again_and_closed(db: Database) {
        let person = commit!(db, tx => sign_up(&mut tx, "순자").await);
        let again = Database::open(&db.url, Opening::Migrate).await.expect("nothing left to migrate");
        again.ping().await.expect("it answers");
        assert!(read!(again, tx => persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await).is_some());
        again.close().await;
        let closed = again.begin().await.map(drop);
        assert!(is_unavailable(&closed), "{closed:?}");
        assert!(is_unavailable(&again.ping().await));
    }

    // ---- seeds and copies

    async fn seeds_fill_an_empty_database_with_pairs_that_can_sign_in(db: Database) {
        let random = Random::seeded(7);
        let catalogue: Vec<Question> = (0..40)
            .map(|at| Question { key: QuestionKey(format!("k-{at}")), section: Section::ALL[at % 6], wordings: wordings("주제"), tags: Vec::new() })
            .collect();
        let seeding = || seeds::Seeding { questions: &catalogue, random: &random, now: NOW, consent_version: "v1", minute: None };
        let members = seeds::fill(&db, seeding(), 3).await.expect("seeded");
        assert_eq!(members.len(), 6);
        assert_eq!(members.iter().map(|member| member.person).collect::<BTreeSet<_>>().len(), 6);
        for two in members.chunks(2) {
            assert_eq!((two[0].role, two[1].role, two[0].pair), (Role::Parent, Role::Child, two[1].pair));
        }
        for member in &members {
            let found = read!(db, tx => sessions::lookup(&mut tx, &secrets::token_hash(&member.token), NOW.plus(-1), NOW).await).expect("the cookie signs in");
            assert_eq!(found.person.id, member.person);
            let open = read!(db, tx => daily_questions::lookup_for(&mut tx, member.person, member.daily_question).await).expect("their question");
            assert_eq!((open.pair_id, open.parent.is_some() || open.child.is_some(), open.completed_at), (member.pair, false, None), "nobody has answered");
            assert!(read!(db, tx => daily_questions::count_complete(&mut tx, member.pair, None).await) > 0, "some finished cards");
            let pair = read!(db, tx => pairs::lookup_for(&mut tx, member.person, member.pair).await).expect("their pair");
            assert!(pair.phase() == PairPhase::Together && pair.next_due_at.is_some_and(|due| due > NOW));
        }
        assert!(!read!(db, tx => persons::any_real(&mut tx).await));
        assert_eq!(seeds::fill(&db, seeding(), 1).await.expect("more seeds beside seeds").len(), 2);

        let file = db.folder.join("sessions");
        seeds::write_sessions(&file, &members, cookies::sent_session).expect("written");
        let lines = fs::read_to_string(&file).expect("a file");
        assert_eq!(lines.lines().count(), 6);
        assert!(lines.lines().zip(&members).all(|(line, member)| {
            line == format!("{} {} {} {} __Host-session={}", member.person, member.pair, member.role.word(), member.daily_question, member.token)
        }));
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600, "readable by its owner alone");
    }

    async fn seeds_are_refused_where_anybody_real_lives(db: Database) {
        commit!(db, tx => sign_up(&mut tx, "순자").await);
        let random = Random::seeded(7);
        let refused = seeds::fill(&db, seeds::Seeding { questions: &[], random: &random, now: NOW, consent_version: "v1", minute: None }, 1).await.map(drop);
        assert!(matches!(refused, Err(StorageError::Url(_))), "{refused:?}");
        assert!(read!(db, tx => persons::any_real(&mut tx).await), "and nobody became a seed");
    }

    async fn a_copy_holds_the_same_rows_and_opens(db: Database) {
        let Together { child, pair, .. } = together(&db).await;
        let file = db.folder.join("copy.db");
        let copied = db.backup_into(&file).await;
        if db.is_postgres() {
            assert!(matches!(&copied, Err(StorageError::Url(sentence)) if sentence.contains("pg_dump")), "{copied:?}");
            return;
        }
        copied.expect("copied");
        let copy = Database::open(&format!("sqlite:{}", file.display()), Opening::AsIs).await.expect("the copy opens");
        assert_eq!(read!(copy, tx => pairs::lookup_for(&mut tx, child.id, pair.id).await), read!(db, tx => pairs::lookup_for(&mut tx, child.id, pair.id).await));
        commit!(copy, tx => append(&mut tx, &[child.id], EventKind::SettingsChanged, None, None, NOW).await.expect("the copy is written to"));
        copy.close().await;
        assert!(db.backup_into(&file).await.is_err(), "a copy never writes over a file");
    }
}

// ---- what one database alone can show

#[tokio::test]
async fn a_copy_that_fails_its_check_gets_no_name() {
    let (folder, database) = fresh_sqlite().await;
    let mut raw = raw_sqlite(&sqlite_file(&folder)).await;
    let orphan = "PRAGMA foreign_keys = OFF; INSERT INTO invitations (id, pair_id, code_hash, relation_word, name, created_at, expires_at)
                  VALUES ('i', 'nobody', 'h', '', '', 1, 1)";
    sqlx::raw_sql(orphan).execute(&mut raw).await.expect("a damaged database");
    let file = folder.0.join("copy.db");
    let refused = database.backup_into(&file).await;
    assert!(matches!(&refused, Err(StorageError::Backup(sentence)) if sentence.contains("invitations")), "{refused:?}");
    let left: Vec<_> =
        fs::read_dir(&folder.0).expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("copy.db")), "{left:?}");
    database.close().await;
}

#[tokio::test]
async fn two_backups_into_one_file_do_not_write_over_one_another() {
    let (folder, database) = fresh_sqlite().await;
    let file = folder.0.join("copy.db");
    let part = fs::File::create(folder.0.join("copy.db.part")).expect("the part of another backup");
    part.lock().expect("which still runs");
    let refused = database.backup_into(&file).await;
    assert!(
        matches!(&refused, Err(StorageError::Backup(sentence)) if sentence.contains("another backup")),
        "{refused:?}"
    );
    assert!(folder.0.join("copy.db.part").exists() && !file.exists(), "what the other writes stays");
    drop(part);
    database.backup_into(&file).await.expect("a part that nobody writes any more is used again");
    database.close().await;
}

fn sqlite_file(folder: &Folder) -> PathBuf {
    folder.0.join("test.db")
}

async fn raw_sqlite(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", file.display()))
        .expect("an address")
        .busy_timeout(Duration::ZERO);
    SqliteConnection::connect_with(&options).await.expect("a connection of its own")
}

async fn fresh_sqlite() -> (Folder, Database) {
    let folder = Folder::new();
    let database = Database::open(&format!("sqlite:{}", sqlite_file(&folder).display()), Opening::Migrate)
        .await
        .expect("a fresh database");
    (folder, database)
}

#[tokio::test]
async fn sqlite_is_new_enough_and_writes_ahead() {
    let (folder, database) = fresh_sqlite().await;
    let mut raw = raw_sqlite(&sqlite_file(&folder)).await;
    let (version, mode): (String, String) =
        sqlx::query_as("SELECT sqlite_version(), (SELECT * FROM pragma_journal_mode)")
            .fetch_one(&mut raw)
            .await
            .expect("an answer");
    let version: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(version >= vec![3, 51, 3], "{version:?} has the WAL-reset bug");
    assert_eq!(mode, "wal");
    database.close().await;
}

/// The pragma lives in the writer's connection alone, where no test can look: the line that sets it must stay.
#[test]
fn an_acknowledged_answer_is_on_the_disk() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server/storage/mod.rs"))
        .expect("our own source");
    let writer = source.lines().find(|line| line.contains("let writer_options")).expect("the writer's options");
    assert!(writer.contains(".synchronous(SqliteSynchronous::Full)"), "{writer}");
    assert!(source.contains("connect_with(writer_options.clone())"), "the writer is opened with them");
}

#[tokio::test]
async fn a_read_only_file_serves_readers_and_tells_writers_to_come_again() {
    let (folder, database) = fresh_sqlite().await;
    let person = commit!(database, tx => sign_up(&mut tx, "순자").await);
    let read_only = Database::open(&format!("sqlite:{}?mode=ro", sqlite_file(&folder).display()), Opening::AsIs)
        .await
        .expect("it opens");
    read_only.ping().await.expect("it answers");
    assert!(
        read!(read_only, tx => persons::lookup_by_recovery(&mut tx, &format!("recovery-{}", person.id), NOW).await)
            .is_some()
    );
    let refused = match read_only.begin().await {
        Err(error) => Err(error),
        Ok(mut tx) => failures::record(&mut tx, "b", NOW).await,
    };
    assert!(is_unavailable(&refused), "{refused:?}");
    read_only.close().await;
    database.close().await;
}

#[tokio::test]
async fn a_full_disk_and_a_busy_file_are_told_as_unavailable() {
    let (folder, database) = fresh_sqlite().await;
    let (mut one, mut two) = (raw_sqlite(&sqlite_file(&folder)).await, raw_sqlite(&sqlite_file(&folder)).await);
    sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&mut one).await.expect("no page more than there are");
    let full = sqlx::query("INSERT INTO failures (bucket, at) VALUES (hex(zeroblob(1000000)), 1)")
        .execute(&mut one)
        .await
        .expect_err("the disk is full");
    assert!(matches!(StorageError::from(full), StorageError::Unavailable(_)));

    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut one).await.expect("the only writer");
    let busy = sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut two).await.expect_err("somebody else writes");
    assert!(matches!(StorageError::from(busy), StorageError::Unavailable(_)));
    database.close().await;
}

#[tokio::test]
async fn an_address_that_cannot_be_used_is_said_in_a_sentence() {
    for url in ["mysql://localhost/umbba", "umbba.db", ""] {
        let refused = Database::open(url, Opening::Migrate).await.map(drop);
        assert!(
            matches!(&refused, Err(StorageError::Url(sentence)) if sentence.contains("DATABASE_URL")),
            "{url}: {refused:?}"
        );
    }
    let folder = Folder::new();
    let missing = Database::open(&format!("sqlite:{}", sqlite_file(&folder).display()), Opening::AsIs).await.map(drop);
    assert!(is_unavailable(&missing), "{missing:?}");
    assert!(!sqlite_file(&folder).exists(), "nothing is made by the way");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_postgres_cuts_the_line_it_is_told_as_unavailable_and_comes_back() {
    on_postgres(async |db: Place| {
        let mut tx = db.begin().await.expect("a transaction");
        failures::record(&mut tx, "b", NOW).await.expect("recorded");
        let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        run_sql(&db.url, others.to_owned()).await;
        let cut = failures::record(&mut tx, "b", NOW).await;
        assert!(is_unavailable(&cut), "{cut:?}");
        drop(tx);
        assert_eq!(read!(db, tx => failures::count(&mut tx, "b", Millis(0)).await), 0, "it works again, and the cut transaction never happened");
    })
    .await;
}

// ---- twins

fn migrations(database: &str) -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let files = fs::read_dir(folder).expect("a folder of migrations").map(|file| file.expect("a file").path());
    files
        .map(|file| {
            (
                file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
                fs::read_to_string(&file).expect("text"),
            )
        })
        .collect()
}

#[test]
fn migrations_come_in_twins_numbered_from_one_and_say_why_they_exist() {
    let (sqlite, postgres) = (migrations("sqlite"), migrations("postgres"));
    assert_eq!(sqlite.keys().collect::<Vec<_>>(), postgres.keys().collect::<Vec<_>>());
    for (at, (name, text)) in sqlite.iter().enumerate() {
        assert!(
            name.starts_with(&format!("{:04}_", at + 1)) && name.ends_with(".sql"),
            "{name} is not number {}",
            at + 1
        );
        assert!(
            text.starts_with("-- ") && postgres[name].starts_with("-- "),
            "{name} says in its first line why it exists"
        );
    }
}

/// What both databases must have alike: columns, keys and indexes, and references.
#[derive(Debug, Default, PartialEq)]
struct Schema {
    /// Table, column, type, whether it may be NULL, default.
    columns: BTreeSet<(String, String, String, bool, String)>,
    /// Table, whether it is unique, columns.
    indexes: BTreeSet<(String, bool, Vec<String>)>,
    /// Table, column, the table it names, what a deletion does.
    references: BTreeSet<(String, String, String, String)>,
}

impl Schema {
    fn indexed(rows: Vec<(String, String, bool, String)>) -> BTreeSet<(String, bool, Vec<String>)> {
        let mut by_name: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
        for (table, index, is_unique, column) in rows {
            by_name.entry((table, index, is_unique)).or_default().push(column);
        }
        by_name.into_iter().map(|((table, _, is_unique), columns)| (table, is_unique, columns)).collect()
    }

    async fn of_sqlite(file: &Path) -> Self {
        let mut raw = raw_sqlite(file).await;
        let columns: Vec<(String, String, String, bool, Option<String>)> = sqlx::query_as(
            "SELECT t.name, c.name, c.type, c.\"notnull\" = 0, c.dflt_value FROM sqlite_schema t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("columns");
        let indexes = sqlx::query_as(
            "SELECT t.name, l.name, l.\"unique\" = 1, i.name FROM sqlite_schema t JOIN pragma_index_list(t.name) l JOIN pragma_index_info(l.name) i
             WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' ORDER BY t.name, l.name, i.seqno",
        )
        .fetch_all(&mut raw)
        .await
        .expect("indexes");
        let references: Vec<(String, String, String, String)> = sqlx::query_as(
            "SELECT t.name, f.\"from\", f.\"table\", f.on_delete FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("references");
        Self {
            columns: columns
                .into_iter()
                .map(|(table, column, kind, may_be_null, default)| {
                    (table, column, kind, may_be_null, default.unwrap_or_default().trim_matches('\'').to_owned())
                })
                .collect(),
            indexes: Self::indexed(indexes),
            references: references.into_iter().collect(),
        }
    }

    async fn of_postgres(url: &str) -> Self {
        let mut raw = PgConnection::connect(url).await.expect("a connection of its own");
        let columns: Vec<(String, String, String, bool, Option<String>)> = sqlx::query_as(
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES', column_default::text
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("columns");
        let indexes = sqlx::query_as(
            "SELECT t.relname::text, i.relname::text, x.indisunique, a.attname::text
             FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_namespace n ON n.oid = t.relnamespace
             CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY k (number, place) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number
             WHERE n.nspname = 'public' AND t.relname <> '_sqlx_migrations' ORDER BY t.relname, i.relname, k.place",
        )
        .fetch_all(&mut raw)
        .await
        .expect("indexes");
        let references: Vec<(String, String, String, String)> = sqlx::query_as(
            "SELECT c.conrelid::regclass::text, a.attname::text, c.confrelid::regclass::text,
                    CASE c.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'c' THEN 'CASCADE' ELSE 'other' END
             FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.contype = 'f'",
        )
        .fetch_all(&mut raw)
        .await
        .expect("references");
        let plain = |default: String| default.split("::").next().unwrap_or_default().trim_matches('\'').to_owned();
        Self {
            columns: columns
                .into_iter()
                .map(|(table, column, kind, may_be_null, default)| {
                    let kind = if kind == "bytea" { "BLOB".to_owned() } else { kind.to_uppercase() };
                    (table, column, kind, may_be_null, default.map(plain).unwrap_or_default())
                })
                .collect(),
            indexes: Self::indexed(indexes),
            references: references.into_iter().collect(),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_databases_have_the_same_schema() {
    on_postgres(async |db: Place| {
        let (folder, sqlite) = fresh_sqlite().await;
        let (one, two) = (Schema::of_sqlite(&sqlite_file(&folder)).await, Schema::of_postgres(&db.url).await);
        assert!(
            one.columns.len() > 50 && one.indexes.len() > 10 && one.references.len() > 5,
            "too little was read: {one:?}"
        );
        assert_eq!(one.columns, two.columns);
        assert_eq!(one.indexes, two.indexes);
        assert_eq!(one.references, two.references);
        sqlite.close().await;
    })
    .await;
}

/// Somebody with one browser.
async fn signed_in(db: &Database) -> (Person, SessionId) {
    let session = SessionId(id());
    let person = commit!(db, tx => {
        let person = sign_up(&mut tx, "민지").await;
        sessions::insert(&mut tx, session, person.id, &format!("{:x}", id()), "device", NOW).await.expect("a session");
        person
    });
    (person, session)
}

/// A hand-over of 100 ms, if it could be made.
async fn hand_over(
    db: &Database,
    person: PersonId,
    session: SessionId,
    kind: HandOverCodeKind,
    code_hash: &str,
) -> Option<HandOverId> {
    let new =
        NewHandOver { id: HandOverId(id()), person, session, kind, code_hash, now: NOW, expires_at: NOW.plus(100) };
    commit!(db, tx => hand_overs::insert(&mut tx, &new).await.expect("an answer")).then_some(new.id)
}

/// A yes that is good for 50 ms more.
async fn decide(tx: &mut Tx, person: PersonId, id: HandOverId, now: Millis) -> bool {
    hand_overs::decide(tx, person, id, HandOverStage::Confirmed, now.plus(50), now).await.expect("an answer")
}

async fn claim_one(tx: &mut Tx, pair: PairId, due: Millis, next: Millis) -> bool {
    schedule::claim_due(tx, &[(pair, due, next)]).await.expect("an answer").contains(&pair)
}

async fn last_number(tx: &mut Tx, pair: PairId) -> u32 {
    daily_questions::find_lasts(tx, &[pair]).await.expect("an answer").get(&pair).map_or(0, |(number, _)| *number)
}

async fn append(
    tx: &mut Tx,
    persons: &[PersonId],
    kind: EventKind,
    pair: Option<PairId>,
    daily_question: Option<DailyQuestionId>,
    now: Millis,
) -> Result<Vec<i64>, StorageError> {
    let new: Vec<_> =
        persons.iter().map(|person| events::NewEvent { person: *person, kind, pair, daily_question }).collect();
    events::append(tx, &new, now).await
}

fn notification(person: PersonId, pair: PairId, slot: &str, at: Millis) -> NewNotification {
    NewNotification {
        id: NotificationId(id()),
        person,
        slot: slot.into(),
        kind: NotificationKind::Answered,
        pair: Some(pair),
        daily_question: None,
        detail: String::new(),
        seq: 7,
        is_pushed: true,
        at,
        expires_at: at.plus(Millis::DAY),
        due_at: None,
    }
}

/// A parent with one browser that waits to be told of an answer.
async fn told(db: &Database) -> DeliveryId {
    let Together { parent, pair, .. } = together(db).await;
    let (session, new) = (SessionId(id()), notification(parent.id, pair.id, "answer:1", NOW));
    let subscription = Subscription {
        id: SubscriptionId(id()),
        person: parent.id,
        session,
        endpoint: format!("https://push.example/{:x}", id()),
        origin: "https://push.example".into(),
        p256dh: "p".into(),
        auth: "a".into(),
        key_id: "k".into(),
        name: "device".into(),
        created_at: NOW,
        renewed_at: NOW,
        accepted_at: None,
        shown_at: None,
        opened_at: None,
    };
    let told = DeliveryId { notification: new.id, subscription: subscription.id };
    commit!(db, tx => {
        sessions::insert(&mut tx, session, parent.id, &format!("{:x}", id()), "device", NOW).await.expect("a session");
        subscriptions::insert(&mut tx, &subscription).await.expect("a subscription");
        notifications::insert(&mut tx, std::slice::from_ref(&new)).await.expect("a notification");
        deliveries::insert(&mut tx, &[(told, NOW)], NOW).await.expect("a delivery");
    });
    told
}
