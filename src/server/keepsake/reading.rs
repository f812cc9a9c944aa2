//! Reads a copy that somebody hands in: a zip with `archive.json`. Nothing in it is believed: every value is parsed as
//! a form's would be. Each refusal is one sentence for the operator.

use std::{
    collections::HashSet,
    io::{Read, Seek},
};

use serde::Deserialize;

pub use super::copy_error::CopyError;
use super::{
    archive::{AnswerEntry, CardEntry, FORMAT, MemberEntry, Members, Moment, PairHead, SeasonEntry, VERSION},
    copy_error::{MAX_PAIRS, MAX_REVISIONS, MAX_UNOPENED, MAX_UNOPENED_BYTES},
    of_later::{self, PairFields},
    unzipped,
};
use crate::{
    domain::{
        Answer, AnswerBody, DailyQuestion, Member, Millis, Pair, PairId, PersonId, PersonName, PushTime, QuestionKey,
        Relation, Role, SEASON_LENGTH, Section, ZoneName,
    },
    server::calendar::Zone,
};

/// Questions of a pair: one a day for more than fifty years.
const MAX_CARDS: usize = 20_000;
/// The last millisecond of the year 9999.
const LAST_MS: i64 = 253_402_300_799_999;

/// A pair of a copy, checked.
pub struct ReadPair {
    /// Its members have the id that `read` was given; `own` says which of them is the reader.
    pub head: PairHead,
    pub own: Role,
    pub cards: Vec<ReadCard>,
    pub fields: PairFields,
}

pub struct ReadCard {
    pub question: DailyQuestion,
    pub card: Option<i64>,
    /// Revision, text, instant; oldest first.
    pub revisions: Vec<(u32, AnswerBody, Millis)>,
    /// What was found in it that is unknown, as a JSON object.
    pub fields: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    format: Option<String>,
    version: Option<u64>,
}

#[derive(Deserialize)]
struct Document {
    pairs: Vec<PairEntry>,
}

/// The fields of `PairHead` and the cards. `flatten` would hold every unknown field in memory.
#[derive(Deserialize)]
struct PairEntry {
    id: PairId,
    you: String,
    zone: String,
    push_time: String,
    created: Moment,
    members: Members,
    seasons: Vec<SeasonEntry>,
    unopened: Vec<CardEntry>,
    cards: Vec<CardEntry>,
}

/// Reads and checks a whole copy.
pub fn read(file: impl Read + Seek) -> Result<Vec<ReadPair>, CopyError> {
    let json = unzipped::json_of(file)?;
    let not_archive = |error: &dyn std::fmt::Display| CopyError::NotArchive(error.to_string());
    let json = std::str::from_utf8(&json).map_err(|error| not_archive(&error))?;
    let named: Named = serde_json::from_str(json).map_err(|error| not_archive(&error))?;
    if named.format.as_deref() != Some(FORMAT) {
        return Err(CopyError::NotArchive(format!("its format is not {FORMAT}")));
    }
    match named.version {
        Some(VERSION) => {}
        Some(other) => return Err(CopyError::Version(other)),
        None => return Err(CopyError::NotArchive("it has no version".to_owned())),
    }
    let document: Document = serde_json::from_str(json).map_err(|error| not_archive(&error))?;
    if document.pairs.len() > MAX_PAIRS {
        return Err(CopyError::Pairs);
    }
    let above = of_later::of_document(json)?;
    let sources = of_later::items_of(json, "pairs");
    let (mut ids, mut of_cards, mut earlier, mut pairs) = (HashSet::new(), HashSet::new(), 0, Vec::new());
    for (entry, source) in document.pairs.into_iter().zip(sources) {
        let mut pair = checked(entry, source.get())?;
        pair.fields.document.clone_from(&above);
        if !ids.insert(pair.head.id) || !pair.cards.iter().all(|card| of_cards.insert(card.question.id)) {
            return Err(CopyError::Wrong("an id twice"));
        }
        earlier += pair.cards.iter().map(|card| card.revisions.len()).sum::<usize>();
        if earlier > MAX_REVISIONS {
            return Err(CopyError::Revisions);
        }
        pairs.push(pair);
    }
    Ok(pairs)
}

fn checked(entry: PairEntry, source: &str) -> Result<ReadPair, CopyError> {
    let PairEntry { id, you, zone, push_time, created, members, seasons, unopened, cards } = entry;
    let bytes: usize = of_later::items_of(source, "unopened").iter().map(|card| card.get().len()).sum();
    if cards.len() + unopened.len() > MAX_CARDS || unopened.len() > MAX_UNOPENED || bytes > MAX_UNOPENED_BYTES {
        return Err(CopyError::TooLarge("a pair".to_owned()));
    }
    let head = PairHead { id, you, zone, push_time, created, members, seasons, unopened: Vec::new() };
    let own = Role::from_word(&head.you).ok_or(CopyError::Wrong("a seat that is neither parent nor child"))?;
    let pair = pair_of(&head, [PersonId(0), PersonId(1)])?;
    if pair.seat(own).is_none() {
        return Err(CopyError::Wrong("a reader without a seat"));
    }
    if pair.seat(own.other()).is_none() && !cards.is_empty() {
        return Err(CopyError::Wrong("open cards of a pair with one member"));
    }
    let mut read = Vec::new();
    for (at, card) in cards.iter().enumerate() {
        if card.card != i64::try_from(at + 1).ok() || card.completed.is_none() {
            return Err(CopyError::Wrong("cards that are not in their order"));
        }
        if card.parent.is_none() || card.child.is_none() {
            return Err(CopyError::Wrong("an open card without both answers"));
        }
        read.push(card_of(card, &pair, own)?);
    }
    for card in &unopened {
        let is_own = card.answer_of(own).is_some() && card.answer_of(own.other()).is_none();
        if !is_own || card.card.is_some() || card.completed.is_some() {
            return Err(CopyError::Wrong("an unopened question that is not the reader's alone"));
        }
        read.push(card_of(card, &pair, own)?);
    }
    let mut seen = HashSet::new();
    let mut dates = HashSet::new();
    let is_once = |card: &ReadCard| {
        let question = &card.question;
        seen.insert(question.number) && question.local_date.is_none_or(|date| dates.insert(date.to_string()))
    };
    if !read.iter().all(is_once) || head.seasons.len() != cards.len() / SEASON_LENGTH as usize {
        return Err(CopyError::Wrong("numbers, dates or seasons that do not fit together"));
    }
    let (pair, of_questions) = of_later::of_pair(source, &head, [&cards, &unopened])?;
    for (card, fields) in read.iter_mut().zip(of_questions) {
        card.fields = fields;
    }
    Ok(ReadPair { head, own, cards: read, fields: PairFields { document: None, pair } })
}

/// The pair of a head, closed, with the ids of the parent and the child.
pub fn pair_of(head: &PairHead, [parent, child]: [PersonId; 2]) -> Result<Pair, CopyError> {
    let zone = ZoneName::parse(&head.zone).map_err(|_| CopyError::Wrong("a time zone that does not exist"))?;
    Zone::of(&zone).map_err(|_| CopyError::Wrong("a time zone that does not exist"))?;
    let created_at = instant(&head.created)?;
    let seat = |entry: &Option<MemberEntry>, role, id| entry.as_ref().map(|entry| member(entry, role, id)).transpose();
    Ok(Pair {
        id: head.id,
        push_time: PushTime::parse(&head.push_time)
            .map_err(|_| CopyError::Wrong("a time of day that does not exist"))?,
        zone,
        next_due_at: None,
        created_at,
        closed_at: None,
        returning: None,
        paused_until: None,
        inviter_id: if Role::from_word(&head.you) == Some(Role::Parent) { parent } else { child },
        parent: seat(&head.members.parent, Role::Parent, parent)?,
        child: seat(&head.members.child, Role::Child, child)?,
    })
}

fn member(entry: &MemberEntry, role: Role, person_id: PersonId) -> Result<Member, CopyError> {
    let wrong = CopyError::Wrong("a name or a relation that no member can have");
    let name = if entry.name.is_empty() {
        // The name of a person whose account was deleted.
        Ok(PersonName::from_stored(String::new()))
    } else {
        PersonName::parse(&entry.name)
    };
    let name = name.map_err(|_| CopyError::Wrong("a name that no member can have"))?;
    let relation = match Relation::parse(role, &entry.relation, &entry.relation_word) {
        Ok(relation) => relation,
        // A relation of a later release was written as the word that was known.
        Err(_) if entry.relation == "other" && entry.relation_word.is_empty() => Relation::Other(String::new()),
        Err(_) => return Err(wrong),
    };
    if name.as_str() != entry.name || relation.free_word() != entry.relation_word {
        return Err(wrong);
    }
    Ok(Member { person_id, role, relation, name })
}

fn card_of(card: &CardEntry, pair: &Pair, own: Role) -> Result<ReadCard, CopyError> {
    if card.your_revisions.len() > Answer::KEPT_REVISIONS {
        return Err(CopyError::Revisions);
    }
    let revisions = card
        .your_revisions
        .iter()
        .map(|revision| Ok((revision.revision, text(&revision.text)?, instant(&revision.at)?)));
    let revisions = revisions.collect::<Result<Vec<_>, CopyError>>()?;
    let last = card.answer_of(own).map_or(0, |answer| answer.revision);
    if !revisions.is_sorted_by(|one, two| one.0 < two.0) || revisions.iter().any(|(at, ..)| *at == 0 || *at >= last) {
        return Err(CopyError::Wrong("revisions that are not in their order"));
    }
    let is_key = !card.key.is_empty() && card.key.len() <= 100 && !card.key.chars().any(char::is_control);
    let all = [&card.wordings.ko, &card.wordings.en];
    let is_short = all.iter().all(|wording| wording.topic.len() + wording.parent.len() + wording.child.len() <= 8_192);
    if !is_key || !is_short || card.section == Section::Other || card.number == 0 || card.version == 0 {
        return Err(CopyError::Wrong("a question that the app cannot have asked"));
    }
    let question = DailyQuestion {
        id: card.id,
        pair_id: pair.id,
        number: card.number,
        key: QuestionKey(card.key.clone()),
        section: card.section,
        wordings: card.wordings.clone(),
        version: card.version,
        local_date: card.date,
        counted_from: card.date,
        opened_at: instant(&card.opened)?,
        due_passed_at: None,
        shelved_at: None,
        completed_at: card.completed.as_ref().map(instant).transpose()?,
        move_on: None,
        parent: card.parent.as_ref().map(answer).transpose()?,
        child: card.child.as_ref().map(answer).transpose()?,
    };
    Ok(ReadCard { question, card: card.card, revisions, fields: None })
}

fn answer(entry: &AnswerEntry) -> Result<Answer, CopyError> {
    if entry.revision == 0 {
        return Err(CopyError::Wrong("an answer that was never written"));
    }
    Ok(Answer {
        revision: entry.revision,
        body: if entry.taken_back { AnswerBody::from_stored(String::new()) } else { text(&entry.text)? },
        first_at: instant(&entry.first)?,
        at: instant(&entry.last)?,
        // Long ago: an imported answer has no words that could be restored.
        taken_back_at: entry.taken_back.then_some(Millis(0)),
        is_sealed: false,
    })
}

/// A text as the app would have stored it: a text that it would change was not written by it.
fn text(text: &str) -> Result<AnswerBody, CopyError> {
    let body = AnswerBody::parse(text).map_err(|_| CopyError::Wrong("a text that is no answer"))?;
    if body.as_str() == text { Ok(body) } else { Err(CopyError::Wrong("a text that is no answer")) }
}

fn instant(moment: &Moment) -> Result<Millis, CopyError> {
    if (0..=LAST_MS).contains(&moment.ms) {
        Ok(Millis(moment.ms))
    } else {
        Err(CopyError::Wrong("a time out of range"))
    }
}
