//! The return of a seat to a member who lost every device and the recovery code.
//! Rules R176–R180.

use super::{Millis, PersonId, PersonName, Role, Wait};

/// How long the return of a seat can be refused.
pub const RETURN_WAITS_MS: i64 = 2 * Millis::DAY;

/// A seat that moves to another person, unless that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatReturn {
    /// The seat that moves.
    pub role: Role,
    /// Who waits for the seat, with their name.
    pub person_id: PersonId,
    pub name: PersonName,
    /// When the seat moves.
    pub wait: Wait,
}
