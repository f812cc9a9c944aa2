//! People, pairs, questions and deliveries to store, and short forms of calls that many tests make.

use crate::{
    domain::{
        AnswerBody, ApnsEnvironment, DailyQuestion, DailyQuestionId, EventKind, FcmAct, LocalDate, Locale, Member,
        Millis, NotificationId, NotificationKind, Pair, PairId, Person, PersonId, PersonName, Provider, PushTime,
        QuestionKey, Relation, Role, Section, SessionId, SubscriptionId, TextSize, Wording, Wordings, ZoneName,
    },
    server::{
        random::Random,
        storage::{
            Database, StorageError, Tx, daily_questions,
            deliveries::DeliveryId,
            events,
            fcm_calls::NewCall,
            notifications::{self, NewNotification},
            pairs, persons, schedule, seeds, sessions,
            subscriptions::{self, NewAddress, Subscription},
        },
    },
};

pub(in crate::tests) const NOW: Millis = Millis(1_795_348_800_000);

pub(in crate::tests) fn id() -> u128 {
    Random::system().id(NOW)
}

pub(super) fn date(text: &str) -> LocalDate {
    text.parse().expect("a date")
}

pub(in crate::tests) fn body(text: &str) -> AnswerBody {
    AnswerBody::parse(text).expect("an answer")
}

pub(super) fn person_named(name: &str) -> Person {
    Person {
        id: PersonId(id()),
        name: PersonName::parse(name).expect("a name"),
        locale: Locale::Ko,
        text_size: TextSize::Normal,
        zone: ZoneName::default(),
    }
}

pub(super) async fn sign_up(tx: &mut Tx, name: &str) -> Person {
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

pub(super) fn member(person: &Person, role: Role, relation: &Relation) -> Member {
    Member { person_id: person.id, role, relation: relation.clone(), name: person.name.clone() }
}

/// Two persons in a running pair.
pub(super) struct Together {
    pub(super) parent: Person,
    pub(super) child: Person,
    pub(super) pair: Pair,
}

pub(super) fn pair_of(inviter: &Person, parent: Option<Member>, child: Option<Member>) -> Pair {
    Pair {
        id: PairId(id()),
        push_time: PushTime::default(),
        zone: ZoneName::default(),
        next_due_at: None,
        created_at: NOW,
        closed_at: None,
        returning: None,
        paused_until: None,
        inviter_id: inviter.id,
        parent,
        child,
    }
}

pub(super) async fn together_in(tx: &mut Tx) -> Together {
    let ((parent_name, parent_relation), (child_name, child_relation)) = (&seeds::PARENTS[0], &seeds::CHILDREN[0]);
    let (parent, child) = (sign_up(tx, parent_name).await, sign_up(tx, child_name).await);
    let seats = (member(&parent, Role::Parent, parent_relation), member(&child, Role::Child, child_relation));
    let pair = pair_of(&child, Some(seats.0), Some(seats.1));
    pairs::insert(tx, &pair, NOW).await.expect("a new pair");
    Together { parent, child, pair }
}

pub(super) async fn together(db: &Database) -> Together {
    let mut tx = db.begin().await.expect("a transaction");
    let together = together_in(&mut tx).await;
    tx.commit().await.expect("a commit");
    together
}

pub(super) fn wordings(topic: &str) -> Wordings {
    let wording = |text: &str| Wording {
        topic: text.into(),
        parent: format!("{text} \"부모\" {{other:이/가}}?"),
        child: format!("{text} 아이?"),
    };
    Wordings { ko: wording(topic), en: wording("topic") }
}

pub(super) fn question(pair: PairId, number: u32) -> DailyQuestion {
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

pub(super) fn is_taken<T>(result: &Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Taken))
}

pub(super) fn is_unavailable<T>(result: &Result<T, StorageError>) -> bool {
    matches!(result, Err(StorageError::Unavailable(_)))
}

/// Makes a person with one session.
pub(super) async fn signed_in(db: &Database) -> (Person, SessionId) {
    let session = SessionId(id());
    let person = commit!(db, |tx| {
        let person = sign_up(&mut tx, "민지").await;
        sessions::insert(&mut tx, session, person.id, &format!("{:x}", id()), "device", NOW).await.expect("a session");
        person
    });
    (person, session)
}

pub(super) async fn claim_one(tx: &mut Tx, pair: PairId, due: Millis, next: Millis) -> bool {
    pairs::lock(tx, pair).await.expect("the pair's row");
    schedule::claim_due(tx, &[(pair, due, next)]).await.expect("an answer").contains(&pair)
}

pub(super) async fn last_number(tx: &mut Tx, pair: PairId) -> u32 {
    daily_questions::find_lasts(tx, &[pair]).await.expect("an answer").get(&pair).map_or(0, |(number, _)| *number)
}

pub(super) async fn append(
    tx: &mut Tx,
    persons: &[PersonId],
    kind: EventKind,
    pair: Option<PairId>,
    daily_question: Option<DailyQuestionId>,
    now: Millis,
) -> Result<Vec<i64>, StorageError> {
    let new: Vec<_> =
        persons.iter().map(|person| events::NewEvent { person: *person, kind, pair, daily_question }).collect();
    events::append(tx, &new, None, now).await
}

pub(super) fn notification(person: PersonId, pair: PairId, slot: &str, at: Millis) -> NewNotification {
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

fn address() -> NewAddress {
    NewAddress {
        provider: Provider::WebPush,
        endpoint: format!("https://push.example/{:x}", id()),
        origin: "https://push.example".into(),
        environment: ApnsEnvironment::Production,
        p256dh: "p".into(),
        auth: "a".into(),
        key_id: "k".into(),
    }
}

/// Makes a parent with one device and one delivery, about an answer, that waits to be sent.
pub(super) async fn waiting_delivery(db: &Database) -> DeliveryId {
    let Together { parent, pair, .. } = together(db).await;
    let (session, new) = (SessionId(id()), notification(parent.id, pair.id, "answer:1", NOW));
    let subscription = Subscription::new(SubscriptionId(id()), (parent.id, session), address(), "device".into(), NOW);
    let delivery = DeliveryId { notification: new.id, subscription: subscription.id };
    commit!(db, for parent.id, |tx| {
        sessions::insert(&mut tx, session, parent.id, &format!("{:x}", id()), "device", NOW).await.expect("a session");
        subscriptions::insert(&mut tx, &subscription).await.expect("a subscription");
        notifications::insert(&mut tx, std::slice::from_ref(&new), &[(delivery, NOW)], NOW).await.expect("a delivery");
    });
    delivery
}

/// Makes a parent with `count` pairs and as many devices, and `notifications` notifications about these pairs by turns.
/// Each device has a delivery of each that waits to be sent.
pub(in crate::tests) async fn waiting_deliveries(
    db: &Database,
    count: usize,
    notifications: usize,
) -> (Vec<PairId>, Vec<SubscriptionId>) {
    let (parent, session) = signed_in(db).await;
    let (relation, device) = (&seeds::PARENTS[0].1, || SubscriptionId(id()));
    let pairs: Vec<Pair> =
        (0..count).map(|_| pair_of(&parent, Some(member(&parent, Role::Parent, relation)), None)).collect();
    let devices: Vec<Subscription> =
        (0..count).map(|_| Subscription::new(device(), (parent.id, session), address(), "d".into(), NOW)).collect();
    let slots =
        (0..notifications).map(|n| notification(parent.id, pairs[n % count].id, &format!("answer:{}", id()), NOW));
    let slots: Vec<NewNotification> = slots.collect();
    let of_device = |device: SubscriptionId| {
        slots.iter().map(move |new| (DeliveryId { notification: new.id, subscription: device }, NOW))
    };
    let new: Vec<_> = devices.iter().flat_map(|device| of_device(device.id)).collect();
    commit!(db, for parent.id, |tx| {
        for pair in &pairs {
            pairs::insert(&mut tx, pair, NOW).await.expect("a pair");
        }
        for device in &devices {
            subscriptions::insert(&mut tx, device).await.expect("a subscription");
        }
        notifications::insert(&mut tx, &slots, &new, NOW).await.expect("deliveries");
    });
    (pairs.iter().map(|pair| pair.id).collect(), devices.iter().map(|device| device.id).collect())
}

/// Calls that subscribe and unsubscribe `count` devices by turns.
pub(in crate::tests) fn topic_calls(count: usize, acts: [FcmAct; 2]) -> Vec<NewCall> {
    let call = |n: usize| NewCall {
        act: acts[n % 2],
        address: format!("fcm:p:fid:{n}"),
        topic: "news-ko".into(),
        announcement: None,
        expires_at: NOW.plus(Millis::DAY),
    };
    (0..count).map(call).collect()
}
