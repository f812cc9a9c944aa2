//! The import of a copy (docs/KEEPSAKES.md): each of its pairs becomes a closed pair of one person, which can be read
//! and kept again, and in which nothing happens any more.
//! Rules R134, R181, R203.

use super::{
    ServiceError,
    pairs::lock_pairs,
    tell::{Facts, NEWS_LIFE_MS, Notice},
};
use crate::{
    domain::{
        DailyQuestionId, NotificationKind, Pair, PairId, Person, PersonId, PersonName, Role, SessionId, TextSize,
    },
    server::{
        keepsake::{
            MAX_PAIRS,
            reading::{self, CopyError, ReadPair},
        },
        state::AppState,
        storage::{
            StorageError, Tx, deletions,
            imports::{self, Imported},
            pairs, persons, sessions,
        },
    },
};

/// Most pairs that a person may have after an import.
const MOST: usize = MAX_PAIRS;

/// Why an import is refused. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Copy(#[from] CopyError),
    #[error("there is no person {0}")]
    Nobody(PersonId),
    #[error("the person has a pair of this copy here already")]
    Here,
    #[error("a person has at most {MOST} pairs, closed ones among them")]
    TooMany,
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<StorageError> for ImportError {
    fn from(error: StorageError) -> Self {
        Self::Service(error.into())
    }
}

/// Imports all pairs of a checked copy in one transaction, for a session that still exists; `None` for the operator,
/// whose import the person is told of. Returns how many pairs and questions.
pub async fn import(
    state: &AppState,
    person: PersonId,
    session: Option<SessionId>,
    copy: &[ReadPair],
) -> Result<(usize, usize), ImportError> {
    let mut tx = state.database.begin().await?;
    lock_pairs(&mut tx, person).await?;
    let owner = persons::lookup(&mut tx, person).await?.ok_or(ImportError::Nobody(person))?;
    persons::lock(&mut tx, [person]).await?;
    // The person may have asked for their deletion while the copy was read.
    let is_gone = deletions::is_going(&mut tx, person).await?;
    let is_ended = match session {
        Some(session) => !sessions::exists(&mut tx, session).await?,
        None => false,
    };
    if is_gone || is_ended {
        return Err(ImportError::Nobody(person));
    }
    for pair in copy {
        // Looked up among the person's own pairs only: nobody learns which ids others have.
        if imports::has_pair(&mut tx, person, pair.head.id).await? {
            return Err(ImportError::Here);
        }
    }
    if pairs::find_of(&mut tx, person).await?.len() + copy.len() > MOST {
        return Err(ImportError::TooMany);
    }
    let mut made = Vec::with_capacity(copy.len());
    for pair in copy {
        made.push(import_pair(&mut tx, state, &owner, pair).await?);
    }
    if let (None, Some(first)) = (session, made.first()) {
        tell(&mut tx, state, person, first, made.len()).await?;
    }
    tx.commit().await?;
    let count = copy.iter().map(|pair| pair.cards.len()).sum();
    tracing::info!(person.id = %person, pairs = copy.len(), count, "a copy was imported");
    Ok((copy.len(), count))
}

async fn import_pair(tx: &mut Tx, state: &AppState, owner: &Person, copy: &ReadPair) -> Result<Pair, ImportError> {
    let now = state.clock.now();
    let other = PersonId(state.random.id(now));
    let ids = match copy.own {
        Role::Parent => [owner.id, other],
        Role::Child => [other, owner.id],
    };
    // Also the pairs of the copy itself are different ones.
    if imports::has_pair(tx, owner.id, copy.head.id).await? {
        return Err(ImportError::Here);
    }
    let pair = Pair { id: PairId(state.random.id(now)), ..reading::pair_of(&copy.head, ids)? };
    if pair.seat(copy.own.other()).is_some() {
        // The other member of an archive cannot sign in: the row only holds their answers.
        let blank = Person {
            id: other,
            // `name_member` keeps their name with the seat, where it goes with the pair.
            name: PersonName::from_stored(String::new()),
            locale: owner.locale,
            text_size: TextSize::default(),
            zone: pair.zone.clone(),
        };
        imports::insert_blank(tx, &blank, now).await?;
    }
    pairs::insert(tx, &pair, pair.created_at).await?;
    let fields = (!copy.fields.is_empty()).then(|| serde_json::to_string(&copy.fields)).transpose();
    let fields = fields.map_err(|_| ServiceError::Broken("unknown fields that are no JSON"))?;
    imports::set_origin(tx, pair.id, copy.head.id, fields.as_deref()).await?;
    pairs::close(tx, pair.id, now).await?;
    for member in [&pair.parent, &pair.child].into_iter().flatten() {
        imports::name_member(tx, pair.id, member.role, member.name.as_str()).await?;
    }
    let cards = copy.cards.iter().map(|card| Imported {
        id: DailyQuestionId(state.random.id(now)),
        question: &card.question,
        card: card.card,
        own: copy.own,
        revisions: &card.revisions,
        fields: card.fields.as_deref(),
    });
    imports::insert_questions(tx, pair.id, ids, &cards.collect::<Vec<_>>()).await?;
    Ok(pair)
}

/// Tells the person of an import by the operator: once, with the way to its first pair.
async fn tell(tx: &mut Tx, state: &AppState, person: PersonId, first: &Pair, pairs: usize) -> Result<(), ServiceError> {
    let now = state.clock.now();
    let mut facts = Facts::default();
    facts.notice(Notice {
        person,
        kind: NotificationKind::Imported,
        pair: Some((first.id, first.zone.clone())),
        daily_question: None,
        slot: format!("{}:{}", NotificationKind::Imported.word(), first.id),
        detail: if pairs > 1 { pairs.to_string() } else { String::new() },
        expires_at: now.plus(NEWS_LIFE_MS),
        due_at: None,
        by_topic: None,
    });
    facts.write(tx, state, now).await
}
