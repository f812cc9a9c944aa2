//! The pairs of a copy (`keepsakes`): what is read of them at the beginning, and their cards piece by piece. An
//! imported pair and its questions have the ids of the copy that they came from.
//! Rules R25, R54, R133, R181, R183.

use std::collections::{HashMap, HashSet};

use super::{ServiceError, reader::Reader};
use crate::{
    domain::{DailyQuestion, DailyQuestionId, Locale, Pair, PairId, PersonId, Role},
    server::{
        keepsake::{
            archive::{CardEntry, Moment, PairHead, RevisionEntry, ZoneOf},
            of_later::{MAX_OF_DOCUMENT, MAX_OF_DOCUMENT_FIELDS, PairFields},
            unknown::{self, Fields},
        },
        state::AppState,
        storage::{Tx, answers, cards, daily_questions, imports},
    },
    text,
};

type Origins = HashMap<DailyQuestionId, imports::Origin>;

/// A pair as it was when the copy began.
pub(super) struct Kept {
    /// With the id that it has in the copy.
    pub pair: Pair,
    pub role: Role,
    /// How many cards had opened.
    pub cards: i64,
    pub unopened: Vec<KeptCard>,
    person: PersonId,
    /// Its id in the database.
    stored: PairId,
    is_imported: bool,
    /// Whether it has the id of the copy that it came from.
    is_renamed: bool,
}

/// A question of a copy, with the fields of an earlier copy that this release does not know.
#[derive(Clone)]
pub(super) struct KeptCard {
    pub entry: CardEntry,
    pub fields: Option<String>,
}

impl KeptCard {
    pub fn json(&self) -> Result<String, ServiceError> {
        let text = json_text(&self.entry)?;
        Ok(self.fields.as_deref().map_or_else(|| text.clone(), |fields| unknown::with(&text, fields)))
    }
}

pub(super) fn json_text(value: &impl serde::Serialize) -> Result<String, ServiceError> {
    serde_json::to_string(value).map_err(|_| ServiceError::Broken("a copy could not be written as JSON"))
}

/// Reads one pair of the person, or all, in the order of the copy.
pub(super) async fn find(tx: &mut Tx, reader: &Reader, only: Option<PairId>) -> Result<Vec<Kept>, ServiceError> {
    let home = reader.home(tx).await?;
    let mut wanted = Vec::new();
    match only {
        Some(id) => wanted.push(reader.seat(tx, id).await?),
        None => {
            let own = |pair: &Pair| Some((pair.clone(), pair.role_of(reader.person.id)?));
            wanted.extend(home.pairs.iter().filter_map(own));
        }
    }
    let person = reader.person.id;
    let imported = imports::find_origins(tx, person).await?;
    // A copy has each id once: beside the pair that it was copied from, an imported pair is named by its id here.
    let is_free = |origin: &&PairId| home.pairs.iter().all(|pair| pair.id != **origin);
    let mut kept = Vec::new();
    for (mut pair, role) in wanted {
        let stored = pair.id;
        let origin = imported.get(&stored).filter(is_free).copied();
        pair.id = origin.unwrap_or(stored);
        let (cards, _) = cards::count(tx, stored, None).await?;
        let (is_imported, is_renamed) = (imported.contains_key(&stored), origin.is_some());
        let mut of = Kept { pair, role, cards, unopened: Vec::new(), person, stored, is_imported, is_renamed };
        of.unopened = of.find_unopened(tx, reader.person.locale).await?;
        kept.push(of);
    }
    // A pair keeps its place in the copy when it is closed, and when it is imported.
    kept.sort_by_key(|of| (of.pair.created_at, of.pair.id));
    Ok(kept)
}

/// The unknown fields of the documents that the pairs came from, each after a comma. The first of a name counts. No
/// more of them are written than a copy may have.
pub(super) async fn document_fields(state: &AppState, kept: &[Kept]) -> Result<String, ServiceError> {
    let (mut fields, mut names) = (String::new(), HashSet::new());
    for of in kept {
        let Some(found) = of.read_fields(state).await?.document else { continue };
        for (name, value) in Fields::of(found.get()).map(|fields| fields.0).unwrap_or_default() {
            let mut field = String::new();
            unknown::write_field(&mut field, &name, value.get());
            let has_room = fields.len() + field.len() <= MAX_OF_DOCUMENT && names.len() < MAX_OF_DOCUMENT_FIELDS;
            if has_room && names.insert(name.to_string()) {
                fields.push_str(&field);
            }
        }
    }
    Ok(fields)
}

impl Kept {
    pub fn unopened_entries(&self) -> Vec<CardEntry> {
        self.unopened.iter().map(|card| card.entry.clone()).collect()
    }

    /// The pair without its cards as JSON, with the unknown fields inside it, and the unknown fields that come behind
    /// the cards.
    pub fn json(&self, fields: &PairFields) -> Result<(String, String), ServiceError> {
        let head = PairHead::of(&self.pair, self.role, self.cards, self.unopened_entries());
        let (head, rest) = match &fields.pair {
            Some(fields) => unknown::parts(&json_text(&head)?, fields.get()),
            None => (json_text(&head)?, String::new()),
        };
        let places = self.unopened.iter().enumerate();
        let of_unopened = places.filter_map(|(place, card)| Some(format!("\"{place}\":{}", card.fields.as_ref()?)));
        let of_unopened: Vec<String> = of_unopened.collect();
        if of_unopened.is_empty() {
            return Ok((head, rest));
        }
        Ok((unknown::with(&head, &format!("{{\"unopened\":{{{}}}}}", of_unopened.join(","))), rest))
    }

    async fn find_unopened(&self, tx: &mut Tx, locale: Locale) -> Result<Vec<KeptCard>, ServiceError> {
        let mut origins = self.origins(tx, None).await?;
        let mut unopened = Vec::new();
        for question in daily_questions::find_incomplete(tx, self.stored).await? {
            if question.answer_of(self.role).is_some_and(|own| !own.is_sealed) {
                let revisions = answers::find_all_revisions(tx, question.id, self.role).await?;
                unopened.push(self.entry(question, None, &revisions, &mut origins, locale));
            }
        }
        Ok(unopened)
    }

    /// The cards from `first` to `last`, read in a transaction of their own.
    pub async fn read_cards(
        &self,
        state: &AppState,
        locale: Locale,
        (first, last): (i64, i64),
    ) -> Result<Vec<KeptCard>, ServiceError> {
        let mut tx = state.database.read().await?;
        let found = daily_questions::find_cards(&mut tx, self.stored, first, last).await?;
        let revisions = answers::find_revisions_of_cards(&mut tx, self.stored, self.role, first, last).await?;
        let mut origins = self.origins(&mut tx, Some((first, last))).await?;
        let entry = |(card, question): (i64, DailyQuestion)| {
            let own = revisions.get(&question.id).map(Vec::as_slice).unwrap_or_default();
            self.entry(question, Some(card), own, &mut origins, locale)
        };
        Ok((first..).zip(found).map(entry).collect())
    }

    /// The unknown fields of the pair and of the document that it came from.
    pub async fn read_fields(&self, state: &AppState) -> Result<PairFields, ServiceError> {
        if !self.is_imported {
            return Ok(PairFields::default());
        }
        let mut tx = state.database.read().await?;
        let stored = imports::lookup_fields(&mut tx, self.stored, self.person).await?;
        Ok(stored.as_deref().map(PairFields::from_stored).unwrap_or_default())
    }

    async fn origins(&self, tx: &mut Tx, cards: Option<(i64, i64)>) -> Result<Origins, ServiceError> {
        if !self.is_imported {
            return Ok(Origins::new());
        }
        Ok(match cards {
            Some(cards) => imports::find_card_origins(tx, self.stored, self.person, cards).await?,
            None => imports::find_unopened_origins(tx, self.stored, self.person).await?,
        })
    }

    fn entry(
        &self,
        mut question: DailyQuestion,
        card: Option<i64>,
        revisions: &[answers::Revision],
        origins: &mut Origins,
        locale: Locale,
    ) -> KeptCard {
        let origin = origins.remove(&question.id);
        if let Some(origin) = origin.as_ref().filter(|_| self.is_renamed) {
            question.id = origin.copied_from;
        }
        let zone = ZoneOf::new(&self.pair);
        let revisions = revisions.iter().map(|revision| RevisionEntry {
            revision: revision.revision,
            text: revision.body.as_str().to_owned(),
            at: Moment::of(revision.at, &zone),
        });
        let words = (text::words(locale), locale);
        let entry = CardEntry::of(&question, (&self.pair, self.role), card, revisions.collect(), words);
        KeptCard { entry, fields: origin.and_then(|origin| origin.fields) }
    }
}
