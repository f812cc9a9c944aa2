//! Pairs and their seats.

use super::{StorageError, Tx, macros, rows};
use crate::domain::{
    LocalDate, Member, Millis, Pair, PairId, PersonId, PersonName, PushTime, Relation, Role, ZoneName,
};

macro_rules! select_pair {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.inviter_id, p.minute, p.zone, p.zone_offset_s, p.next_due_at, p.paused_until, p.created_at, p.closed_at,
                    pm.person_id AS parent_id, pm.relation AS parent_relation, pm.relation_word AS parent_word,
                    COALESCE(pm.left_name, pp.name) AS parent_name,
                    cm.person_id AS child_id, cm.relation AS child_relation, cm.relation_word AS child_word,
                    COALESCE(cm.left_name, cp.name) AS child_name
             FROM pairs p
             LEFT JOIN members pm ON pm.pair_id = p.id AND pm.role = 'parent'
             LEFT JOIN persons pp ON pp.id = pm.person_id
             LEFT JOIN members cm ON cm.pair_id = p.id AND cm.role = 'child'
             LEFT JOIN persons cp ON cp.id = cm.person_id ",
            $rest
        )
    };
}

pub async fn insert(tx: &mut Tx, pair: &Pair, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO pairs (id, inviter_id, minute, zone, next_due_at, created_at, zone_offset_s) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        pair.id.to_string(),
        pair.inviter_id.to_string(),
        pair.push_time.minute(),
        pair.zone.as_str(),
        pair.next_due_at.map(|at| at.0),
        now.0,
        pair.zone.last_offset_s().map(i64::from),
    )?;
    tx.has_due |= pair.next_due_at.is_some();
    for member in [&pair.parent, &pair.child].into_iter().flatten() {
        seat(tx, pair.id, member, now).await?;
    }
    Ok(())
}

/// Takes a seat; `Taken` when somebody sits there already.
pub async fn seat(tx: &mut Tx, pair: PairId, member: &Member, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO members (pair_id, role, person_id, relation, relation_word, joined_at) VALUES ($1, $2, $3, $4, $5, $6)",
        pair.to_string(),
        member.role.word(),
        member.person_id.to_string(),
        member.relation.choice(),
        member.relation.free_word(),
        now.0,
    )?;
    Ok(())
}

/// Holds the pair's row until the end of the transaction, so that acts on one pair follow one another.
/// On SQLite the one writer does that by itself.
pub async fn lock(tx: &mut Tx, pair: PairId) -> Result<(), StorageError> {
    if tx.is_postgres() {
        let _row: Option<(String,)> =
            macros::fetch_optional!(tx, (String,), "SELECT id FROM pairs WHERE id = $1 FOR UPDATE", pair.to_string())?;
    }
    Ok(())
}

/// A pair in which `person` has a seat.
pub async fn lookup_for(tx: &mut Tx, person: PersonId, pair: PairId) -> Result<Option<Pair>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        Row,
        select_pair!("WHERE p.id = $1 AND $2 IN (pm.person_id, cm.person_id)"),
        pair.to_string(),
        person.to_string(),
    )?;
    row.map(Row::into_pair).transpose()
}

/// A pair by its id alone: for the scheduler and for an invitation whose code was right.
pub async fn lookup(tx: &mut Tx, pair: PairId) -> Result<Option<Pair>, StorageError> {
    let row = macros::fetch_optional!(tx, Row, select_pair!("WHERE p.id = $1"), pair.to_string())?;
    row.map(Row::into_pair).transpose()
}

/// Many pairs by their ids: for the scheduler.
pub async fn find_by_ids(tx: &mut Tx, ids: &[PairId]) -> Result<Vec<Pair>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        Row,
        select_pair!("WHERE p.id IN (SELECT t.value->>'id' FROM"),
        ") ORDER BY p.next_due_at, p.id",
        id_rows(ids)
    )?;
    found.into_iter().map(Row::into_pair).collect()
}

/// The ids of pairs, as rows for a statement on many.
pub(super) fn id_rows(ids: &[PairId]) -> String {
    #[derive(serde::Serialize)]
    struct Id {
        id: String,
    }
    rows(ids.iter().map(|id| Id { id: id.to_string() }))
}

/// All pairs of a person, running ones first, then by age.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Pair>, StorageError> {
    let rows = macros::fetch_all!(
        tx,
        Row,
        select_pair!(
            "WHERE $1 IN (pm.person_id, cm.person_id) ORDER BY CASE WHEN p.closed_at IS NULL THEN 0 ELSE 1 END, p.created_at, p.id"
        ),
        person.to_string(),
    )?;
    rows.into_iter().map(Row::into_pair).collect()
}

/// Whether these two share a running pair.
pub async fn share_one(tx: &mut Tx, one: PersonId, two: PersonId) -> Result<bool, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM members a JOIN members b ON b.pair_id = a.pair_id JOIN pairs p ON p.id = a.pair_id
         WHERE a.person_id = $1 AND b.person_id = $2 AND p.closed_at IS NULL",
        one.to_string(),
        two.to_string(),
    )?;
    Ok(count > 0)
}

/// How many pairs of a person run, with the other seat taken or not.
pub async fn count_running(tx: &mut Tx, person: PersonId) -> Result<i64, StorageError> {
    let (count,): (i64,) = macros::fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM members m JOIN pairs p ON p.id = m.pair_id WHERE m.person_id = $1 AND p.closed_at IS NULL",
        person.to_string(),
    )?;
    Ok(count)
}

/// Writes PushTime, zone, pause and the next due minute.
pub async fn update_schedule(tx: &mut Tx, pair: &Pair) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE pairs SET minute = $2, zone = $3, paused_until = $4, next_due_at = $5, zone_offset_s = $6 WHERE id = $1",
        pair.id.to_string(),
        pair.push_time.minute(),
        pair.zone.as_str(),
        pair.paused_until.map(|date| date.to_string()),
        pair.next_due_at.map(|at| at.0),
        pair.zone.last_offset_s().map(i64::from),
    )?;
    tx.has_due |= pair.next_due_at.is_some();
    Ok(())
}

/// Closes a pair for good. In it both keep the names they have now.
pub async fn close(tx: &mut Tx, pair: PairId, now: Millis) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "UPDATE members SET left_name = (SELECT p.name FROM persons p WHERE p.id = members.person_id)
         WHERE pair_id = $1 AND left_name IS NULL",
        pair.to_string(),
    )?;
    macros::execute!(
        tx,
        "UPDATE pairs SET closed_at = $2, next_due_at = NULL WHERE id = $1 AND closed_at IS NULL",
        pair.to_string(),
        now.0
    )?;
    Ok(())
}

/// Writes a member's relation; gives whether it changed.
pub async fn update_relation(tx: &mut Tx, pair: PairId, role: Role, relation: &Relation) -> Result<bool, StorageError> {
    let changed = macros::execute!(
        tx,
        "UPDATE members SET relation = $3, relation_word = $4
         WHERE pair_id = $1 AND role = $2 AND (relation <> $3 OR relation_word <> $4)",
        pair.to_string(),
        role.word(),
        relation.choice(),
        relation.free_word(),
    )?;
    Ok(changed > 0)
}

pub(super) fn optional_date(
    text: Option<&str>,
    pair: PairId,
    column: &'static str,
) -> Result<Option<LocalDate>, StorageError> {
    text.map(|text| {
        text.parse().map_err(|_| StorageError::Inconsistent { table: "pairs", id: pair.to_string(), column })
    })
    .transpose()
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    inviter_id: String,
    minute: i64,
    zone: String,
    zone_offset_s: Option<i64>,
    next_due_at: Option<i64>,
    paused_until: Option<String>,
    created_at: i64,
    closed_at: Option<i64>,
    parent_id: Option<String>,
    parent_relation: Option<String>,
    parent_word: Option<String>,
    parent_name: Option<String>,
    child_id: Option<String>,
    child_relation: Option<String>,
    child_word: Option<String>,
    child_name: Option<String>,
}

impl Row {
    fn into_pair(self) -> Result<Pair, StorageError> {
        let id = self.id.clone();
        let broken = |column| StorageError::Inconsistent { table: "pairs", id: id.clone(), column };
        let pair_id: PairId = self.id.parse().map_err(|_| broken("id"))?;
        Ok(Pair {
            id: pair_id,
            push_time: PushTime::from_minute(self.minute).map_err(|_| broken("minute"))?,
            zone: ZoneName::parse(&self.zone).map_err(|_| broken("zone"))?.with_offset(self.zone_offset_s),
            next_due_at: self.next_due_at.map(Millis),
            created_at: Millis(self.created_at),
            closed_at: self.closed_at.map(Millis),
            paused_until: optional_date(self.paused_until.as_deref(), pair_id, "paused_until")?,
            inviter_id: self.inviter_id.parse().map_err(|_| broken("inviter_id"))?,
            parent: member(Role::Parent, self.parent_id, self.parent_relation, self.parent_word, self.parent_name)
                .ok_or_else(|| broken("parent"))?,
            child: member(Role::Child, self.child_id, self.child_relation, self.child_word, self.child_name)
                .ok_or_else(|| broken("child"))?,
        })
    }
}

/// An empty seat is `Some(None)`; a seat that makes no sense is `None`.
fn member(
    role: Role,
    person: Option<String>,
    relation: Option<String>,
    word: Option<String>,
    name: Option<String>,
) -> Option<Option<Member>> {
    let (Some(person), Some(relation), Some(word), Some(name)) = (person, relation, word, name) else {
        return Some(None);
    };
    Some(Some(Member {
        person_id: person.parse().ok()?,
        role,
        relation: Relation::from_stored(role, &relation, &word),
        name: PersonName::from_stored(name),
    }))
}
