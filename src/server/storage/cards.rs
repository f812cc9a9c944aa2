//! What the pages of a pair show: today's page with its questions in one statement, the archive, and what an open card
//! has beside it.

use super::{
    StorageError, Tx,
    answers::{Revision, SHOWN_REVISIONS},
    daily_questions::{self, question_answers, question_columns},
    invitations::latest_end,
    macros,
    sql_types::Joined,
};
use crate::domain::{
    AnswerBody, DailyQuestion, DailyQuestionId, LocalDate, Millis, PairId, PersonId, Role, Section, Wordings,
};

/// What today's page shows beside the pair.
#[derive(Debug, Clone, Default)]
pub struct TodayCards {
    /// The newest question that is not shelved, all that are shelved and not complete, and for a closed pair all that
    /// are not complete. In the order of their numbers.
    pub questions: Vec<DailyQuestion>,
    /// How many cards the pair has.
    pub completed: i64,
    /// The pair's local date of its last swap.
    pub swapped_date: Option<LocalDate>,
    /// Whether an invitation runs.
    pub has_invitation: bool,
    /// The number of the current card, when it is open.
    pub card_number: Option<i64>,
    /// Whether the notification that was asked about exists for the current question.
    pub was_notified: bool,
    /// The earlier revisions of the member's answer to the current question, newest first. Those of a sealed answer are
    /// left out.
    pub revisions: Vec<Revision>,
}

/// A notification about the current question: its person, and its slot before and after the id of the question.
pub type Notified = (Option<PersonId>, (&'static str, String));

/// Reads what the today page of the member `role` shows. The current question is the newest that is not shelved.
pub async fn today(
    tx: &mut Tx,
    pair: PairId,
    (role, is_closed): (Role, bool),
    (person, (before, after)): Notified,
    now: Millis,
) -> Result<Option<TodayCards>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        "daily_questions" as TodayRow,
        concat!(
            "SELECT ",
            question_columns!(),
            ", (SELECT COUNT(*) FROM daily_questions c WHERE c.pair_id = $1 AND c.completed_at IS NOT NULL)
                    AS completed,
                    p.swapped_date,
                    EXISTS (SELECT 1 FROM invitations i WHERE i.pair_id = $1 AND i.ended_at IS NULL
                            AND i.expires_at > $4 AND i.expires_at <= $5) AS has_invitation,
                    d.card_number,
                    EXISTS (SELECT 1 FROM notifications n WHERE n.person_id = $6 AND n.slot = $7 || d.id || $8)
                    AS was_notified,
                    r.revision, r.body, r.at
             FROM pairs p
             LEFT JOIN (SELECT id FROM daily_questions
                        WHERE pair_id = $1 AND completed_at IS NULL AND (shelved_at IS NOT NULL OR $3)
                        UNION
                        SELECT newest.id FROM (SELECT id FROM daily_questions WHERE pair_id = $1 AND shelved_at IS NULL
                                               ORDER BY number DESC LIMIT 1) AS newest) AS shown ON TRUE
             LEFT JOIN daily_questions d ON d.id = shown.id ",
            question_answers!(),
            "LEFT JOIN answer_revisions r ON r.daily_question_id = d.id AND r.role = $2 AND d.shelved_at IS NULL
                  AND (d.completed_at IS NOT NULL OR CASE $2 WHEN 'parent' THEN pa.sealed_at ELSE ca.sealed_at END
                       IS NULL)
                  AND r.revision > (SELECT MAX(l.revision) FROM answer_revisions l
                                    WHERE l.daily_question_id = d.id AND l.role = $2) - $9
             WHERE p.id = $1 ORDER BY d.number, r.revision DESC"
        ),
        pair,
        role,
        is_closed,
        now,
        latest_end(now),
        person,
        before,
        after,
        SHOWN_REVISIONS,
    )?;
    let mut cards = None;
    for TodayRow { completed, swapped_date, has_invitation, current, question } in rows {
        let cards = cards.get_or_insert_with(|| TodayCards {
            completed,
            swapped_date,
            has_invitation,
            ..TodayCards::default()
        });
        let Some(question) = question.0.map(daily_questions::Row::into_question) else { continue };
        let is_new = cards.questions.last().is_none_or(|last| last.id != question.id);
        if question.shelved_at.is_none() {
            if is_new {
                cards.revisions.clear();
            }
            cards.card_number = current.card_number;
            cards.was_notified = current.was_notified;
            cards.revisions.extend(current.revision.into_revision());
        }
        if is_new {
            cards.questions.push(question);
        }
    }
    Ok(cards)
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

/// A question of today's page, and what all rows have in common. The current question comes once for each of its
/// earlier revisions, `SHOWN_REVISIONS` times at most.
#[derive(sqlx::FromRow)]
struct TodayRow {
    completed: i64,
    swapped_date: Option<LocalDate>,
    has_invitation: bool,
    #[sqlx(flatten)]
    current: OfQuestion,
    /// A pair without a question has one row without a question.
    #[sqlx(flatten)]
    question: Joined<daily_questions::Row>,
}

/// What counts for the current question.
#[derive(sqlx::FromRow)]
struct OfQuestion {
    card_number: Option<i64>,
    was_notified: bool,
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
