//! `archive.json`, the machine-readable part of a copy: what its reader may read, and nothing else. `files/schema.json`
//! describes it, and docs/KEEPSAKES.md says what may change. The fields are written in the order of the structs.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{
    domain::{
        Answer, DailyQuestion, DailyQuestionId, LocalDate, Locale, Member, Millis, Pair, PairId, Role, SEASON_LENGTH,
        Section, Wording, Wordings,
    },
    server::calendar::Zone,
    text::{self, Words},
};

pub const FORMAT: &str = "umbba-archive";
pub const VERSION: u64 = 1;

/// An instant: epoch milliseconds, and the local date and minute in the pair's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub ms: i64,
    pub local: String,
    pub zone: String,
}

impl Moment {
    pub fn of(at: Millis, zone: &ZoneOf) -> Self {
        let minute = zone.zone.minute(at);
        let local = format!("{}T{:02}:{:02}", zone.zone.date(at), minute / 60, minute % 60);
        Self { ms: at.0, local, zone: zone.name.clone() }
    }
}

/// The zone of a pair, with its name.
pub struct ZoneOf {
    zone: Zone,
    name: String,
}

impl ZoneOf {
    pub fn new(pair: &Pair) -> Self {
        Self { zone: Zone::stored(&pair.zone), name: pair.zone.as_str().to_owned() }
    }

    pub fn date(&self, at: Millis) -> LocalDate {
        self.zone.date(at)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberEntry {
    pub name: String,
    /// `mother`, …, or `other` with a word of their own.
    pub relation: String,
    pub relation_word: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    pub parent: Option<MemberEntry>,
    pub child: Option<MemberEntry>,
}

/// A season: seven cards in the order in which they opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeasonEntry {
    pub number: i64,
    pub first_card: i64,
    pub last_card: i64,
}

/// A pair without its cards, which follow as the field `cards`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairHead {
    pub id: PairId,
    /// The seat of the person whose copy this is.
    pub you: String,
    pub zone: String,
    pub push_time: String,
    pub created: Moment,
    pub members: Members,
    pub seasons: Vec<SeasonEntry>,
    /// Questions that only the reader has answered.
    pub unopened: Vec<CardEntry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerEntry {
    /// Empty when the answer was taken back.
    pub text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
    pub revision: u32,
    pub first: Moment,
    pub last: Moment,
}

/// An earlier text of the reader's own answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevisionEntry {
    pub revision: u32,
    pub text: String,
    pub at: Moment,
}

/// The wordings with the names filled in, in the reader's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub parent: Option<String>,
    pub child: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardEntry {
    pub id: DailyQuestionId,
    /// The number of the question in the pair.
    pub number: u32,
    /// The number of the opened card, and its season; absent until it opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub season: Option<i64>,
    pub key: String,
    pub section: Section,
    pub version: u32,
    pub date: Option<LocalDate>,
    pub opened: Moment,
    pub completed: Option<Moment>,
    /// As stored, with `{other}` for the member across. The other's wording is empty until the card opened.
    #[serde(deserialize_with = "wordings")]
    pub wordings: Wordings,
    pub asked: Asked,
    pub parent: Option<AnswerEntry>,
    pub child: Option<AnswerEntry>,
    /// Oldest first.
    pub your_revisions: Vec<RevisionEntry>,
}

/// Reads wordings that may have fields of a later release, which the catalogue's own may not.
fn wordings<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Wordings, D::Error> {
    #[derive(Deserialize)]
    struct Entry {
        topic: String,
        parent: String,
        child: String,
    }
    #[derive(Deserialize)]
    struct Entries {
        ko: Entry,
        en: Entry,
    }
    let wording = |Entry { topic, parent, child }| Wording { topic, parent, child };
    let Entries { ko, en } = Entries::deserialize(deserializer)?;
    Ok(Wordings { ko: wording(ko), en: wording(en) })
}

/// The number of the season that a card belongs to, also while the season is not full.
pub fn season_of(card: i64) -> i64 {
    (card - 1) / i64::from(SEASON_LENGTH) + 1
}

/// How a member is called by the other: in questions and above answers.
pub fn call(words: &Words, pair: &Pair, role: Role) -> String {
    match (pair.seat(role), role) {
        (Some(member), _) => text::call(words, role, &member.relation, member.name.as_str()),
        (None, Role::Parent) => words.role_parent.to_owned(),
        (None, Role::Child) => words.role_child.to_owned(),
    }
}

impl MemberEntry {
    fn of(member: &Member) -> Self {
        Self {
            name: member.name.as_str().to_owned(),
            relation: member.relation.choice().to_owned(),
            relation_word: member.relation.free_word().to_owned(),
        }
    }
}

impl PairHead {
    /// `cards` is the number of opened cards.
    pub fn of(pair: &Pair, role: Role, cards: i64, unopened: Vec<CardEntry>) -> Self {
        let length = i64::from(SEASON_LENGTH);
        let seasons = (1..=cards / length).map(|number| SeasonEntry {
            number,
            first_card: (number - 1) * length + 1,
            last_card: number * length,
        });
        Self {
            id: pair.id,
            you: role.word().to_owned(),
            zone: pair.zone.as_str().to_owned(),
            push_time: pair.push_time.to_string(),
            created: Moment::of(pair.created_at, &ZoneOf::new(pair)),
            members: Members {
                parent: pair.parent.as_ref().map(MemberEntry::of),
                child: pair.child.as_ref().map(MemberEntry::of),
            },
            seasons: seasons.collect(),
            unopened,
        }
    }
}

impl CardEntry {
    /// The entry of a question as `role` may see it. `card` is its card number, once it opened.
    pub fn of(
        question: &DailyQuestion,
        (pair, role): (&Pair, Role),
        card: Option<i64>,
        revisions: Vec<RevisionEntry>,
        words: (&Words, Locale),
    ) -> Self {
        let zone = ZoneOf::new(pair);
        let is_open = card.is_some();
        // The other's answer and wording are left out here, whatever the caller read.
        let is_shown = |seat: Role| is_open || seat == role;
        let answer = |seat: Role| {
            question.answer_of(seat).filter(|_| is_shown(seat)).map(|answer| AnswerEntry::of(answer, &zone))
        };
        let is_taken_back = question.answer_of(role).is_some_and(|answer| answer.taken_back_at.is_some());
        let wording = question.wordings.of(words.1);
        let asked = |seat: Role| {
            let other = call(words.0, pair, seat.other());
            is_shown(seat).then(|| text::fill(wording.of(seat), &[("other", &other)]))
        };
        let shown = |wording: &Wording| Wording {
            topic: wording.topic.clone(),
            parent: if is_shown(Role::Parent) { wording.parent.clone() } else { String::new() },
            child: if is_shown(Role::Child) { wording.child.clone() } else { String::new() },
        };
        Self {
            id: question.id,
            number: question.number,
            card,
            season: card.map(season_of),
            key: question.key.0.clone(),
            section: question.section,
            version: question.version,
            date: question.local_date,
            opened: Moment::of(question.opened_at, &zone),
            completed: question.completed_at.map(|at| Moment::of(at, &zone)),
            wordings: Wordings { ko: shown(&question.wordings.ko), en: shown(&question.wordings.en) },
            asked: Asked { parent: asked(Role::Parent), child: asked(Role::Child) },
            parent: answer(Role::Parent),
            child: answer(Role::Child),
            your_revisions: if is_taken_back { Vec::new() } else { revisions },
        }
    }

    pub fn answer_of(&self, role: Role) -> Option<&AnswerEntry> {
        match role {
            Role::Parent => self.parent.as_ref(),
            Role::Child => self.child.as_ref(),
        }
    }

    pub fn asked_of(&self, role: Role) -> Option<&str> {
        match role {
            Role::Parent => self.asked.parent.as_deref(),
            Role::Child => self.asked.child.as_deref(),
        }
    }
}

impl AnswerEntry {
    fn of(answer: &Answer, zone: &ZoneOf) -> Self {
        Self {
            text: if answer.taken_back_at.is_some() { String::new() } else { answer.body.as_str().to_owned() },
            taken_back: answer.taken_back_at.is_some(),
            revision: answer.revision,
            first: Moment::of(answer.first_at, zone),
            last: Moment::of(answer.at, zone),
        }
    }
}
