//! What the pages of a pair show beside its questions, each page in one statement.

use super::{
    StorageError, Tx,
    answers::{Revision, SHOWN_REVISIONS},
    invitations::latest_end,
    macros,
};
use crate::domain::{AnswerBody, DailyQuestionId, LocalDate, Millis, PairId, PersonId, Role, Section, Wordings};

/// The facts of a pair's today page.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TodayFacts {
    /// How many cards the pair has.
    pub completed: i64,
    /// The pair's local date of its last swap.
    pub swapped_date: Option<LocalDate>,
    /// The number of the current card, when it is open.
    pub card_number: Option<i64>,
    /// Whether an invitation runs.
    pub has_invitation: bool,
    /// Whether the notification that was asked about exists.
    pub was_notified: bool,
}

/// The facts of today's page, and the earlier revisions of `role`'s answer to the `current` question, newest first;
/// those of a sealed answer are left out. `notified` names a notification by its person and slot.
pub async fn today(
    tx: &mut Tx,
    pair: PairId,
    (current, role): (Option<DailyQuestionId>, Role),
    notified: Option<(PersonId, String)>,
    now: Millis,
) -> Result<Option<(TodayFacts, Vec<Revision>)>, StorageError> {
    let (person, slot) = notified.unzip();
    let rows = macros::fetch_all!(
        tx,
        "pairs" as TodayRow,
        "SELECT p.id,
                (SELECT COUNT(*) FROM daily_questions c WHERE c.pair_id = $1 AND c.completed_at IS NOT NULL)
                AS completed,
                p.swapped_date, (SELECT d.card_number FROM daily_questions d WHERE d.id = $2) AS card_number,
                EXISTS (SELECT 1 FROM invitations i WHERE i.pair_id = $1 AND i.ended_at IS NULL AND i.expires_at > $5
                        AND i.expires_at <= $6) AS has_invitation,
                EXISTS (SELECT 1 FROM notifications n WHERE n.person_id = $7 AND n.slot = $8) AS was_notified,
                r.revision, r.body, r.at
         FROM pairs p LEFT JOIN answer_revisions r ON r.daily_question_id = $2 AND r.role = $3
              AND NOT EXISTS (SELECT 1 FROM answers k JOIN daily_questions c ON c.id = k.daily_question_id
                              WHERE k.daily_question_id = $2 AND k.role = $3 AND k.sealed_at IS NOT NULL
                              AND c.completed_at IS NULL)
         WHERE p.id = $1 ORDER BY r.revision DESC LIMIT $4",
        pair,
        current,
        role,
        SHOWN_REVISIONS,
        now,
        latest_end(now),
        person,
        slot,
    )?;
    let mut facts = None;
    let mut revisions = Vec::new();
    for row in rows {
        facts.get_or_insert(row.facts);
        revisions.extend(row.revision.into_revision());
    }
    Ok(facts.map(|facts| (facts, revisions)))
}

/// The neighbours of an open card, in the order in which cards opened, and the earlier revisions of `role`'s answer.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Neighbours {
    pub card_number: Option<i64>,
    pub earlier: Option<DailyQuestionId>,
    pub later: Option<DailyQuestionId>,
}

pub async fn neighbours(
    tx: &mut Tx,
    card: DailyQuestionId,
    role: Role,
) -> Result<Option<(Neighbours, Vec<Revision>)>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as NeighboursRow,
        "SELECT d.id, d.card_number,
                (SELECT e.id FROM daily_questions e WHERE e.pair_id = d.pair_id AND e.card_number = d.card_number - 1)
                AS earlier,
                (SELECT l.id FROM daily_questions l WHERE l.pair_id = d.pair_id AND l.card_number = d.card_number + 1)
                AS later,
                r.revision, r.body, r.at
         FROM daily_questions d LEFT JOIN answer_revisions r ON r.daily_question_id = d.id AND r.role = $2
         WHERE d.id = $1 ORDER BY r.revision DESC LIMIT $3",
        card,
        role,
        SHOWN_REVISIONS,
    )?;
    let mut found = None;
    let mut revisions = Vec::new();
    for row in rows {
        found.get_or_insert(row.neighbours);
        revisions.extend(row.revision.into_revision());
    }
    Ok(found.map(|found| (found, revisions)))
}

/// A card in a list, without its answers.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct CardLine {
    pub id: DailyQuestionId,
    pub section: Section,
    pub wordings: Wordings,
    pub local_date: Option<LocalDate>,
}

/// One page of the archive: complete cards, newest first, of one section or all.
pub async fn find(
    tx: &mut Tx,
    pair: PairId,
    section: Option<Section>,
    limit: i64,
    offset: i64,
) -> Result<Vec<CardLine>, StorageError> {
    macros::fetch_all!(
        tx,
        "daily_questions" as CardLine,
        "SELECT d.id, d.section, d.wordings, d.local_date FROM daily_questions d
         WHERE d.pair_id = $1 AND d.completed_at IS NOT NULL AND ($2 = '' OR d.section = $2)
         ORDER BY d.card_number DESC LIMIT $3 OFFSET $4",
        pair,
        section.map_or("", Section::word),
        limit,
        offset,
    )
}

/// How many cards a pair has: of the section, and of all.
pub async fn count(tx: &mut Tx, pair: PairId, section: Option<Section>) -> Result<(i64, i64), StorageError> {
    macros::fetch_one!(
        tx,
        (i64, i64),
        "SELECT COUNT(CASE WHEN $2 = '' OR section = $2 THEN 1 END), COUNT(*) FROM daily_questions
         WHERE pair_id = $1 AND completed_at IS NOT NULL",
        pair,
        section.map_or("", Section::word),
    )
}

#[derive(sqlx::FromRow)]
struct TodayRow {
    #[sqlx(flatten)]
    facts: TodayFacts,
    #[sqlx(flatten)]
    revision: MaybeRevision,
}

#[derive(sqlx::FromRow)]
struct NeighboursRow {
    #[sqlx(flatten)]
    neighbours: Neighbours,
    #[sqlx(flatten)]
    revision: MaybeRevision,
}

/// A revision of a row that may have none.
#[derive(sqlx::FromRow)]
struct MaybeRevision {
    revision: Option<i64>,
    body: Option<AnswerBody>,
    at: Option<Millis>,
}

impl MaybeRevision {
    fn into_revision(self) -> Option<Revision> {
        Some(Revision { revision: self.revision?.try_into().unwrap_or(u32::MAX), body: self.body?, at: self.at? })
    }
}
