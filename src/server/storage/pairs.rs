//! Pairs and their seats.

use super::{StorageError, Tx, locks::Lock, macros, rows, sql_types::Keyed};
use crate::domain::{
    LocalDate, Member, Millis, Pair, PairId, PersonId, PersonName, PushTime, RETURN_WAITS_MS, Relation, Role,
    SeatReturn, Wait, ZoneName,
};

/// The columns of a pair `p` with its seats (`pair_seats!`), as `Row` reads them.
macro_rules! pair_columns {
    () => {
        "p.id AS pair_id, p.inviter_id, p.minute, p.zone, p.zone_offset_s, p.next_due_at, p.paused_until, p.created_at,
         p.closed_at,
                pm.person_id AS parent_id, pm.relation AS parent_relation, pm.relation_word AS parent_word,
                COALESCE(pm.left_name, pp.name) AS parent_name,
                cm.person_id AS child_id, cm.relation AS child_relation, cm.relation_word AS child_word,
                COALESCE(cm.left_name, cp.name) AS child_name,
                sr.role AS return_role, sr.person_id AS return_person, sp.name AS return_name, sr.due_at AS return_due,
                sr.swept_at AS return_swept "
    };
}

/// The joins of a pair `p` with its seats.
macro_rules! pair_seats {
    () => {
        "LEFT JOIN members pm ON pm.pair_id = p.id AND pm.role = 'parent'
         LEFT JOIN persons pp ON pp.id = pm.person_id
         LEFT JOIN members cm ON cm.pair_id = p.id AND cm.role = 'child'
         LEFT JOIN persons cp ON cp.id = cm.person_id
         LEFT JOIN seat_returns sr ON sr.pair_id = p.id
         LEFT JOIN persons sp ON sp.id = sr.person_id "
    };
}

macro_rules! select_pair {
    ($rest:literal) => {
        concat!("SELECT ", pair_columns!(), "FROM pairs p ", pair_seats!(), $rest)
    };
}

pub(super) use {pair_columns, pair_seats};

pub async fn insert(tx: &mut Tx, pair: &Pair, now: Millis) -> Result<(), StorageError> {
    tx.locks.own(Lock::Pair(pair.id));
    macros::execute!(
        tx,
        "INSERT INTO pairs (id, inviter_id, minute, zone, next_due_at, created_at, zone_offset_s)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        pair.id,
        pair.inviter_id,
        pair.push_time,
        &pair.zone,
        pair.next_due_at,
        now,
        pair.zone.last_offset_s().map(i64::from),
    )?;
    tx.work.has_due |= pair.next_due_at.is_some();
    for member in [&pair.parent, &pair.child].into_iter().flatten() {
        seat(tx, pair.id, member, now).await?;
    }
    Ok(())
}

/// Gives a member a seat. `Taken` when the seat is not empty.
pub async fn seat(tx: &mut Tx, pair: PairId, member: &Member, now: Millis) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(
        tx,
        "INSERT INTO members (pair_id, role, person_id, relation, relation_word, joined_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        pair,
        member.role,
        member.person_id,
        member.relation.choice(),
        member.relation.free_word(),
        now,
    )?;
    Ok(())
}

/// Locks the pair's row until the end of the transaction, so that use cases on one pair run one after the other. On
/// SQLite the single writer does that.
pub async fn lock(tx: &mut Tx, pair: PairId) -> Result<(), StorageError> {
    tx.locks.take(Lock::Pair(pair));
    if tx.is_postgres() {
        macros::fetch_optional!(tx, (String,), "SELECT id FROM pairs WHERE id = $1 FOR NO KEY UPDATE", pair)?;
    }
    Ok(())
}

/// Locks many pairs, in the order of their ids.
pub async fn lock_all(tx: &mut Tx, pairs: &[PairId]) -> Result<(), StorageError> {
    let mut ordered = pairs.to_vec();
    ordered.sort_unstable();
    for pair in &ordered {
        tx.locks.take(Lock::Pair(*pair));
    }
    if tx.is_postgres() {
        macros::fetch_each!(
            tx,
            "pairs" as (String,),
            "SELECT p.id FROM pairs p WHERE p.id IN (SELECT t.value->>'id' FROM",
            ") ORDER BY p.id FOR NO KEY UPDATE",
            id_rows(&ordered),
        )?;
    }
    Ok(())
}

/// A pair in which `person` has a seat.
pub async fn lookup_for(tx: &mut Tx, person: PersonId, pair: PairId) -> Result<Option<Pair>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "pairs" as Row,
        select_pair!("WHERE p.id = $1 AND $2 IN (pm.person_id, cm.person_id)"),
        pair,
        person,
    )?;
    Ok(row.map(Row::into_pair))
}

/// A pair by its id alone: for an invitation whose code was right, and for joining.
pub async fn lookup(tx: &mut Tx, pair: PairId) -> Result<Option<Pair>, StorageError> {
    let row = macros::fetch_optional!(tx, "pairs" as Row, select_pair!("WHERE p.id = $1"), pair)?;
    Ok(row.map(Row::into_pair))
}

/// Many pairs by their ids: for the scheduler.
pub async fn find_by_ids(tx: &mut Tx, ids: &[PairId]) -> Result<Vec<Pair>, StorageError> {
    let found = macros::fetch_each!(
        tx,
        "pairs" as Row,
        select_pair!("WHERE p.id IN (SELECT t.value->>'id' FROM"),
        ") ORDER BY p.next_due_at, p.id",
        id_rows(ids)
    )?;
    Ok(found.into_iter().map(Row::into_pair).collect())
}

/// The ids of pairs as rows for a statement on many rows.
pub(super) fn id_rows(ids: &[PairId]) -> String {
    #[derive(serde::Serialize)]
    struct Id {
        id: PairId,
    }
    rows(ids.iter().map(|id| Id { id: *id }))
}

/// Every page reads this, so it goes from the person to the pairs.
pub const FIND_OF: &str = select_pair!(
    "WHERE p.id IN (SELECT m.pair_id FROM members m WHERE m.person_id = $1)
     ORDER BY CASE WHEN p.closed_at IS NULL THEN 0 ELSE 1 END, p.created_at, p.id"
);

/// All pairs of a person, running ones first, then by age.
pub async fn find_of(tx: &mut Tx, person: PersonId) -> Result<Vec<Pair>, StorageError> {
    let rows = macros::fetch_all!(tx, "pairs" as Row, FIND_OF, person)?;
    Ok(rows.into_iter().map(Row::into_pair).collect())
}

/// Writes push time, zone, pause and the next due minute.
pub async fn update_schedule(tx: &mut Tx, pair: &Pair) -> Result<(), StorageError> {
    tx.locks.take(Lock::Pair(pair.id));
    tx.work.has_due |= pair.next_due_at.is_some();
    macros::queue!(
        tx,
        "UPDATE pairs SET minute = $2, zone = $3, paused_until = $4, next_due_at = $5, zone_offset_s = $6
         WHERE id = $1",
        pair.id,
        pair.push_time,
        &pair.zone,
        pair.paused_until,
        pair.next_due_at,
        pair.zone.last_offset_s().map(i64::from),
    )
}

/// Closes a pair. Both members keep the names they have now in it.
pub async fn close(tx: &mut Tx, pair: PairId, now: Millis) -> Result<(), StorageError> {
    tx.locks.expect_pair(pair);
    macros::execute!(
        tx,
        "UPDATE members SET left_name = (SELECT p.name FROM persons p WHERE p.id = members.person_id)
         WHERE pair_id = $1 AND left_name IS NULL",
        pair,
    )?;
    macros::execute!(
        tx,
        "UPDATE pairs SET closed_at = $2, next_due_at = NULL WHERE id = $1 AND closed_at IS NULL",
        pair,
        now
    )?;
    Ok(())
}

/// Writes a member's relation. Returns whether it changed.
pub async fn update_relation(tx: &mut Tx, pair: PairId, role: Role, relation: &Relation) -> Result<bool, StorageError> {
    tx.locks.expect_pair(pair);
    let changed = macros::execute!(
        tx,
        "UPDATE members SET relation = $3, relation_word = $4
         WHERE pair_id = $1 AND role = $2 AND (relation <> $3 OR relation_word <> $4)",
        pair,
        role,
        relation.choice(),
        relation.free_word(),
    )?;
    Ok(changed > 0)
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pair_id: PairId,
    inviter_id: PersonId,
    minute: PushTime,
    zone: ZoneName,
    zone_offset_s: Option<i64>,
    next_due_at: Option<Millis>,
    paused_until: Option<LocalDate>,
    created_at: Millis,
    closed_at: Option<Millis>,
    parent_id: Option<PersonId>,
    parent_relation: Option<String>,
    parent_word: Option<String>,
    parent_name: Option<PersonName>,
    child_id: Option<PersonId>,
    child_relation: Option<String>,
    child_word: Option<String>,
    child_name: Option<PersonName>,
    return_role: Option<Role>,
    return_person: Option<PersonId>,
    return_name: Option<PersonName>,
    return_due: Option<Millis>,
    return_swept: Option<Millis>,
}

impl Keyed for Row {
    const KEY: &'static str = "pair_id";
}

impl Row {
    pub(super) fn into_pair(self) -> Pair {
        Pair {
            id: self.pair_id,
            push_time: self.minute,
            zone: self.zone.with_offset(self.zone_offset_s),
            next_due_at: self.next_due_at,
            created_at: self.created_at,
            closed_at: self.closed_at,
            paused_until: self.paused_until,
            inviter_id: self.inviter_id,
            parent: member(Role::Parent, self.parent_id, self.parent_relation, self.parent_word, self.parent_name),
            child: member(Role::Child, self.child_id, self.child_relation, self.child_word, self.child_name),
            returning: returning(
                self.return_role,
                self.return_person,
                self.return_name,
                self.return_due.map(|due_at| Wait::from_stored(due_at, self.return_swept, RETURN_WAITS_MS)),
            ),
        }
    }
}

/// The return that waits; `None` when none does.
fn returning(
    role: Option<Role>,
    person: Option<PersonId>,
    name: Option<PersonName>,
    wait: Option<Wait>,
) -> Option<SeatReturn> {
    Some(SeatReturn { role: role?, person_id: person?, name: name?, wait: wait? })
}

/// The member in a seat; `None` when the seat is empty.
fn member(
    role: Role,
    person: Option<PersonId>,
    relation: Option<String>,
    word: Option<String>,
    name: Option<PersonName>,
) -> Option<Member> {
    let relation = Relation::from_stored(role, &relation?, &word?);
    Some(Member { person_id: person?, role, relation, name: name? })
}
