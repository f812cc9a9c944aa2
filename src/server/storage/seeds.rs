//! Invented people for development and measurement, and the one list of names that seeds and tests use.

use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use serde_json::json;

use super::{
    Database, StorageError, Tx, daily_questions, macros, pairs, persons, questions, rows, schedule, sessions,
    subscriptions::{self, NewAddress, Subscription},
};
use crate::{
    domain::{
        AnswerBody, ApnsEnvironment, DailyQuestion, DailyQuestionId, LocalDate, Locale, Member, Millis, Pair, PairId,
        Person, PersonId, PersonName, Provider, PushTime, Question, QuestionKey, Relation, Role, SessionId,
        SubscriptionId, TextSize, ZoneName,
    },
    server::{calendar::Zone, random::Random, secrets},
};

/// Invented parents and children; tests take theirs from here too.
pub const PARENTS: [(&str, Relation); 8] = [
    ("순자", Relation::Mother),
    ("영호", Relation::Father),
    ("미경", Relation::Mother),
    ("정숙", Relation::Grandmother),
    ("상철", Relation::Father),
    ("말순", Relation::Grandmother),
    ("기남", Relation::Grandfather),
    ("은주", Relation::Mother),
];
pub const CHILDREN: [(&str, Relation); 8] = [
    ("민지", Relation::Daughter),
    ("준호", Relation::Son),
    ("서연", Relation::Daughter),
    ("도윤", Relation::Son),
    ("하은", Relation::Daughter),
    ("지훈", Relation::Son),
    ("유나", Relation::Daughter),
    ("태오", Relation::Son),
];
const PARENT_ANSWERS: [&str; 4] = [
    "골목에서 고무줄을 했지.\n해가 지면 집집마다 밥 냄새가 났어.",
    "만화방이지. 오십 원이면 세 권을 봤는데, 주인 할머니가 꼭 한 권을 더 얹어 주셨어.",
    "비 오는 날 우산 하나를 셋이 쓰고 걸었어. 신발이 다 젖어도 그게 그렇게 재미있더라.",
    "라디오에서 나오는 노래를 공책에 받아 적었단다.",
];
const CHILD_ANSWERS: [&str; 4] = [
    "운동장 뒤 등나무 벤치요. 거기서 매일 떡볶이 값을 모았어요.",
    "학교 앞 문방구에서 뽑기를 하던 게 제일 먼저 떠올라요.",
    "이불 속에서 손전등 켜고 만화책 봤던 밤이요. 들킬까 봐 숨도 못 쉬었어요.",
    "자전거를 처음 혼자 탔던 공원이에요. 뒤를 돌아봤을 때 손을 놓고 계셨던 게 생각나요.",
];

/// How many finished cards a seeded pair has.
const FINISHED: u32 = 3;
const BATCH: usize = 250;

/// A line of the sessions file.
pub struct SeededMember {
    pub person: PersonId,
    pub pair: PairId,
    pub role: Role,
    pub daily_question: DailyQuestionId,
    pub token: String,
}

/// The input of `fill`.
pub struct Seeding<'a> {
    pub questions: &'a [Question],
    pub random: &'a Random,
    pub now: Millis,
    pub consent_version: &'a str,
    /// For benchmarks of a full minute: everybody has answered, and everybody has a subscription here.
    pub minute: Option<FullMinute<'a>>,
}

/// One push service for everybody. The receivers share their keys, because an encryption costs the same.
pub struct FullMinute<'a> {
    /// `http://host:port`
    pub origin: &'a str,
    pub p256dh: &'a str,
    pub auth: &'a str,
    /// The VAPID key of the subscriptions.
    pub key_id: &'a str,
}

/// Adds `count` pairs. Refused on a database that holds a person who was not seeded.
pub async fn fill(database: &Database, seeding: Seeding<'_>, count: usize) -> Result<Vec<SeededMember>, StorageError> {
    let mut tx = database.begin().await?;
    if persons::any_real(&mut tx).await? {
        return Err(StorageError::Url("this database holds real people: seed only an empty one".into()));
    }
    let mut members = Vec::with_capacity(count * 2);
    let mut cards = Cards::default();
    for at in 0..count {
        if at > 0 && at % BATCH == 0 {
            std::mem::take(&mut cards).write(&mut tx).await?;
            mark_seeded(&mut tx).await?;
            tx.commit().await?;
            tx = database.begin().await?;
        }
        seed_pair(&mut tx, &seeding, at, &mut members, &mut cards).await?;
    }
    cards.write(&mut tx).await?;
    mark_seeded(&mut tx).await?;
    tx.commit().await?;
    Ok(members)
}

/// The questions and answers of a batch of pairs, written with one statement for each table.
#[derive(Default)]
struct Cards {
    questions: Vec<DailyQuestion>,
    asked: Vec<(PairId, QuestionKey)>,
    answers: Vec<serde_json::Value>,
    opened: Vec<(PairId, LocalDate, Millis)>,
}

impl Cards {
    async fn write(self, tx: &mut Tx) -> Result<(), StorageError> {
        daily_questions::insert_all(tx, &self.questions).await?;
        questions::set_asked_all(tx, &self.asked).await?;
        macros::execute_each!(
            tx,
            "INSERT INTO answers (daily_question_id, role, person_id, revision, body, first_at, at)
             SELECT t.value->>'question', t.value->>'role', t.value->>'person', 1, t.value->>'body',
                    CAST(t.value->>'at' AS BIGINT), CAST(t.value->>'at' AS BIGINT) FROM",
            "",
            rows(self.answers),
        )?;
        let complete = self.questions.iter().filter_map(|question| {
            let at = question.completed_at?;
            Some(json!({ "id": question.id, "at": at, "number": question.number }))
        });
        macros::execute_each!(
            tx,
            "UPDATE daily_questions SET completed_at = v.at, card_number = v.number
             FROM (SELECT t.value->>'id' AS id, CAST(t.value->>'at' AS BIGINT) AS at,
                   CAST(t.value->>'number' AS BIGINT) AS number FROM",
            ") AS v WHERE daily_questions.id = v.id",
            rows(complete),
        )?;
        schedule::set_opened_all(tx, &self.opened).await
    }

    /// Adds the answers of both to a question, which completes it.
    fn answer_both(&mut self, question: &mut DailyQuestion, pair: &Pair, at: usize) -> Result<(), StorageError> {
        let line = at + question.number as usize;
        let texts = [
            (Role::Parent, PARENT_ANSWERS[line % PARENT_ANSWERS.len()], question.opened_at.plus(Millis::HOUR)),
            (Role::Child, CHILD_ANSWERS[line % CHILD_ANSWERS.len()], question.opened_at.plus(2 * Millis::HOUR)),
        ];
        for (role, text, at) in texts {
            let body = AnswerBody::from_stored(text.to_owned());
            question
                .answer(role, question.version, body, at, pair.phase())
                .map_err(|error| StorageError::Url(format!("a seeded answer is refused: {error}")))?;
            let Some(member) = pair.seat(role) else { continue };
            let person = member.person_id;
            let row = json!({ "question": question.id, "role": role.word(), "person": person, "body": text, "at": at });
            self.answers.push(row);
        }
        Ok(())
    }
}

/// Marks each batch, so that an interrupted seeding can be started again.
async fn mark_seeded(tx: &mut Tx) -> Result<(), StorageError> {
    macros::execute!(tx, "UPDATE persons SET is_seeded = 1 WHERE is_seeded = 0")?;
    Ok(())
}

/// Writes one line for each member: `person-id pair-id role daily-question-id Cookie-header-value`. Only the owner of
/// the file can read it. `cookie_of` gives the header's value for a session token.
pub fn write_sessions(
    file: &Path,
    members: &[SeededMember],
    cookie_of: impl Fn(&str) -> String,
) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    let mut lines = String::new();
    for member in members {
        lines.push_str(&format!(
            "{} {} {} {} {}\n",
            member.person,
            member.pair,
            member.role.word(),
            member.daily_question,
            cookie_of(&member.token)
        ));
    }
    file.write_all(lines.as_bytes())
}

async fn seed_pair(
    tx: &mut Tx,
    seeding: &Seeding<'_>,
    at: usize,
    members: &mut Vec<SeededMember>,
    cards: &mut Cards,
) -> Result<(), StorageError> {
    let Seeding { questions, random, now, .. } = *seeding;
    // One pair after the other: ids begin with their time, and rows that came together lie together, as they do in
    // life.
    let born = now.plus(at as i64 - 10 * Millis::MINUTE);
    let zone_name = ZoneName::default();
    let zone = Zone::stored(&zone_name);
    let id = PairId(random.id(born));
    let (parent_name, parent_relation) = &PARENTS[at % PARENTS.len()];
    let (child_name, child_relation) = &CHILDREN[at / PARENTS.len() % CHILDREN.len()];
    let mut seats = Vec::new();
    for (role, name, relation) in
        [(Role::Parent, parent_name, parent_relation), (Role::Child, child_name, child_relation)]
    {
        let person = Person {
            id: PersonId(random.id(born)),
            name: PersonName::from_stored((*name).to_owned()),
            locale: Locale::Ko,
            text_size: TextSize::Normal,
            zone: zone_name.clone(),
        };
        let hash = format!("seeded-{}", person.id);
        persons::insert(
            tx,
            persons::NewPerson { person: &person, consent_version: seeding.consent_version, recovery_hash: &hash, now },
        )
        .await?;
        let token = secrets::new_token(random);
        let session = SessionId(random.id(born));
        sessions::insert(tx, session, person.id, &secrets::token_hash(&token), "seed", now).await?;
        if let Some(minute) = &seeding.minute {
            subscriptions::insert(tx, &subscription(random, minute, person.id, session, born)).await?;
        }
        seats.push((Member { person_id: person.id, role, relation: relation.clone(), name: person.name }, token));
    }
    let push_time = PushTime::default();
    let pair = Pair {
        id,
        push_time,
        zone: zone_name,
        next_due_at: Some(zone.next_push(now, push_time)),
        created_at: now,
        closed_at: None,
        returning: None,
        paused_until: None,
        inviter_id: seats[1].0.person_id,
        parent: Some(seats[0].0.clone()),
        child: Some(seats[1].0.clone()),
    };
    pairs::insert(tx, &pair, now).await?;
    let today = zone.date(now);
    let mut open = None;
    for number in 1..=FINISHED + 1 {
        let days_ago = i64::from(FINISHED + 1 - number);
        let Some(question) = questions.get((at * 7 + number as usize * 31) % questions.len().max(1)) else { break };
        let (date, at_time) = (today.plus_days(-days_ago), now.plus(-days_ago * Millis::DAY));
        let daily_question = DailyQuestionId(random.id(at_time));
        let mut question = DailyQuestion::open(daily_question, id, number, question, Some(date), at_time);
        cards.asked.push((id, question.key.clone()));
        if number > FINISHED {
            open = Some(question.id);
        }
        if number <= FINISHED || seeding.minute.is_some() {
            cards.answer_both(&mut question, &pair, at)?;
        }
        cards.questions.push(question);
    }
    cards.opened.push((id, today, now));
    let Some(daily_question) = open else { return Ok(()) };
    for (member, token) in seats {
        members.push(SeededMember { person: member.person_id, pair: id, role: member.role, daily_question, token });
    }
    Ok(())
}

fn subscription(
    random: &Random,
    minute: &FullMinute<'_>,
    person: PersonId,
    session: SessionId,
    born: Millis,
) -> Subscription {
    let id = SubscriptionId(random.id(born));
    let address = NewAddress {
        provider: Provider::WebPush,
        endpoint: format!("{}/push/{id}", minute.origin),
        origin: minute.origin.to_owned(),
        environment: ApnsEnvironment::Production,
        p256dh: minute.p256dh.to_owned(),
        auth: minute.auth.to_owned(),
        key_id: minute.key_id.to_owned(),
    };
    Subscription::new(id, (person, session), address, "seed".to_owned(), born)
}
