//! Invitations to an empty seat. Codes are stored as hashes.

use super::{StorageError, Tx, macros};
use crate::domain::{BELIEVED_AHEAD_DAYS, INVITATION_LIFE_MS, InvitationId, Millis, PairId, Relation, Role};

/// An invitation as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub id: InvitationId,
    pub pair_id: PairId,
    /// The seat that it gives back to a member who lost every device; `None`: it is to the empty seat.
    pub returns: Option<Role>,
    /// The relation that the inviter chose for the invited, if any.
    pub relation: Option<Relation>,
    /// The invited's name as the inviter typed it; may be empty.
    pub name: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// When it was used, withdrawn or replaced.
    pub ended_at: Option<Millis>,
}

impl Invitation {
    /// Whether the invitation is open. One that ends later than an invitation can was made by a wrong clock and is not.
    pub fn is_open(&self, now: Millis) -> bool {
        self.ended_at.is_none() && now < self.expires_at && self.expires_at <= latest_end(now)
    }
}

/// The latest end that can be right.
pub(super) fn latest_end(now: Millis) -> Millis {
    now.plus(INVITATION_LIFE_MS + BELIEVED_AHEAD_DAYS * Millis::DAY)
}

pub async fn insert(tx: &mut Tx, invitation: &Invitation, code_hash: &str) -> Result<(), StorageError> {
    macros::execute!(
        tx,
        "INSERT INTO invitations (id, pair_id, code_hash, relation, relation_word, name, created_at, expires_at,
         returns_role) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        invitation.id,
        invitation.pair_id,
        code_hash,
        invitation.relation.as_ref().map(Relation::choice),
        invitation.relation.as_ref().map_or("", Relation::free_word),
        &invitation.name,
        invitation.created_at,
        invitation.expires_at,
        invitation.returns,
    )?;
    Ok(())
}

/// The running invitation of a pair.
pub async fn lookup_running(tx: &mut Tx, pair: PairId, now: Millis) -> Result<Option<Invitation>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "invitations" as Row,
        "SELECT id, pair_id, returns_role, relation, relation_word, name, created_at, expires_at, ended_at
         FROM invitations
         WHERE pair_id = $1 AND ended_at IS NULL AND expires_at > $2 AND expires_at <= $3
         ORDER BY created_at DESC LIMIT 1",
        pair,
        now,
        latest_end(now),
    )?;
    Ok(row.map(Row::into_invitation))
}

pub async fn lookup_by_code(tx: &mut Tx, code_hash: &str) -> Result<Option<Invitation>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "invitations" as Row,
        "SELECT id, pair_id, returns_role, relation, relation_word, name, created_at, expires_at, ended_at
         FROM invitations
         WHERE code_hash = $1",
        code_hash,
    )?;
    Ok(row.map(Row::into_invitation))
}

pub async fn lookup(tx: &mut Tx, id: InvitationId) -> Result<Option<Invitation>, StorageError> {
    let row = macros::fetch_optional!(
        tx,
        "invitations" as Row,
        "SELECT id, pair_id, returns_role, relation, relation_word, name, created_at, expires_at, ended_at
         FROM invitations
         WHERE id = $1",
        id,
    )?;
    Ok(row.map(Row::into_invitation))
}

/// Uses an invitation up. Returns true to exactly one caller.
pub async fn take(tx: &mut Tx, id: InvitationId, now: Millis) -> Result<bool, StorageError> {
    let changed = macros::execute!(
        tx,
        "UPDATE invitations SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL AND expires_at > $2",
        id,
        now,
    )?;
    Ok(changed == 1)
}

/// Ends all running invitations of a pair.
pub async fn end_all(tx: &mut Tx, pair: PairId, now: Millis) -> Result<u64, StorageError> {
    macros::execute!(tx, "UPDATE invitations SET ended_at = $2 WHERE pair_id = $1 AND ended_at IS NULL", pair, now)
}

/// Ends the running return invitations of a pair. The pair is locked.
pub async fn end_returns(tx: &mut Tx, pair: PairId, now: Millis) -> Result<u64, StorageError> {
    macros::execute!(
        tx,
        "UPDATE invitations SET ended_at = $2
         WHERE pair_id = $1 AND ended_at IS NULL AND returns_role IS NOT NULL AND expires_at > $2",
        pair,
        now
    )
}

#[derive(sqlx::FromRow)]
struct Row {
    id: InvitationId,
    pair_id: PairId,
    returns_role: Option<Role>,
    relation: Option<String>,
    relation_word: String,
    name: String,
    created_at: Millis,
    expires_at: Millis,
    ended_at: Option<Millis>,
}

impl Row {
    fn into_invitation(self) -> Invitation {
        // A relation of a later release reads as none: the invited chooses their own.
        let of = |choice: &str| {
            [Role::Parent, Role::Child]
                .into_iter()
                .find_map(|role| Relation::parse(role, choice, &self.relation_word).ok())
        };
        Invitation {
            id: self.id,
            pair_id: self.pair_id,
            returns: self.returns_role,
            relation: self.relation.as_deref().and_then(of),
            name: self.name,
            created_at: self.created_at,
            expires_at: self.expires_at,
            ended_at: self.ended_at,
        }
    }
}
