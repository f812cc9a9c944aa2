//! Security events: their names, and one line in the log for each, with ids only. Counters are updated here too.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Millis, Moment, PersonId, SessionId};

/// When this many holders are held, those without a recent line are dropped.
const HELD: usize = 10_000;

/// The lines of the last minute on the monotonic clock, so that a flood of events does not flood the log. Per process.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<HashMap<String, Moment>>>);

impl Said {
    /// Whether this line was not written within the last minute. If so, it counts as written now.
    pub fn is_due(&self, what: String, now: Moment) -> bool {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_recent = |at: &Moment| now.since(*at) < Millis::MINUTE;
        if held.get(&what).is_some_and(is_recent) {
            return false;
        }
        if held.len() >= HELD {
            held.retain(|_, at| is_recent(at));
        }
        held.insert(what, now);
        true
    }
}

/// An event that may be an attack, or that ends one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityEvent {
    /// A wrong code of this kind.
    CodeWrong {
        codes: &'static str,
        session: Option<SessionId>,
    },
    /// An attempt that was refused because too many had failed.
    CodeRefused {
        codes: &'static str,
        session: Option<SessionId>,
    },
    RecoveryUsed {
        person: PersonId,
    },
    OperatorCodeRefused {
        person: PersonId,
    },
    /// A member invited for the other's seat.
    ReturnInvited {
        person: PersonId,
    },
    /// The return of a seat was refused, called off or given up by this person.
    ReturnEnded {
        person: PersonId,
    },
    /// The seat of this person moved to another.
    SeatMoved {
        person: PersonId,
    },
    DeletionAsked {
        person: PersonId,
    },
    DeletionTakenBack {
        person: PersonId,
    },
    RecoveryRenewed {
        person: PersonId,
        is_confirmed: bool,
    },
    /// The code from before a renewal was ended by another session.
    RecoveryConfirmed {
        person: PersonId,
        session: SessionId,
    },
    WayInAdded {
        person: PersonId,
    },
    WayInRemoved {
        person: PersonId,
    },
    WayInUsed {
        person: PersonId,
    },
    /// A session asked the person's other devices for a proof.
    ProofAsked {
        person: PersonId,
        session: SessionId,
    },
    /// Another device confirmed the session that asked.
    ProofConfirmed {
        person: PersonId,
        session: SessionId,
    },
    /// Another device refused the session that asked, or chose a wrong number.
    ProofRefused {
        person: PersonId,
        session: SessionId,
    },
    HandedOver {
        person: PersonId,
    },
    SessionsEnded {
        person: PersonId,
        count: usize,
    },
    /// A session token was shown after it had been replaced.
    TokenRetired {
        person: PersonId,
        session: SessionId,
    },
    /// A post from another site.
    CrossSite,
    /// More posts than a rate limit allows.
    Flood {
        person: Option<PersonId>,
    },
    SignUpsRefused,
}

impl SecurityEvent {
    /// The name in the log and in counters. It never changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::CodeWrong { .. } => "code_wrong",
            Self::CodeRefused { .. } => "code_refused",
            Self::RecoveryUsed { .. } => "recovery_used",
            Self::OperatorCodeRefused { .. } => "operator_code_refused",
            Self::ReturnInvited { .. } => "return_invited",
            Self::ReturnEnded { .. } => "return_ended",
            Self::SeatMoved { .. } => "seat_moved",
            Self::DeletionAsked { .. } => "deletion_asked",
            Self::DeletionTakenBack { .. } => "deletion_taken_back",
            Self::RecoveryRenewed { .. } => "recovery_renewed",
            Self::RecoveryConfirmed { .. } => "recovery_confirmed",
            Self::WayInAdded { .. } => "way_in_added",
            Self::WayInRemoved { .. } => "way_in_removed",
            Self::WayInUsed { .. } => "way_in_used",
            Self::ProofAsked { .. } => "proof_asked",
            Self::ProofConfirmed { .. } => "proof_confirmed",
            Self::ProofRefused { .. } => "proof_refused",
            Self::HandedOver { .. } => "handed_over",
            Self::SessionsEnded { .. } => "sessions_ended",
            Self::TokenRetired { .. } => "token_retired",
            Self::CrossSite => "cross_site",
            Self::Flood { .. } => "flood",
            Self::SignUpsRefused => "sign_ups_refused",
        }
    }

    /// Whether anybody can cause any number of these events. The log has at most one line a minute and holder for them.
    pub fn is_cheap(self) -> bool {
        matches!(
            self,
            Self::CodeWrong { .. }
                | Self::CodeRefused { .. }
                | Self::CrossSite
                | Self::Flood { .. }
                | Self::SignUpsRefused
        )
    }

    /// Writes the line.
    pub fn log(self) {
        let event = self.word();
        match self {
            Self::CodeWrong { codes, session } | Self::CodeRefused { codes, session } => {
                let session = session.map(tracing::field::display);
                tracing::info!(event, codes, session.id = session, "security");
            }
            Self::RecoveryUsed { person }
            | Self::WayInAdded { person }
            | Self::WayInRemoved { person }
            | Self::WayInUsed { person }
            | Self::HandedOver { person }
            | Self::OperatorCodeRefused { person }
            | Self::ReturnInvited { person }
            | Self::ReturnEnded { person }
            | Self::SeatMoved { person }
            | Self::DeletionAsked { person }
            | Self::DeletionTakenBack { person } => {
                tracing::info!(event, person.id = %person, "security")
            }
            Self::RecoveryRenewed { person, is_confirmed } => {
                tracing::info!(event, person.id = %person, is_confirmed, "security")
            }
            Self::RecoveryConfirmed { person, session }
            | Self::ProofAsked { person, session }
            | Self::ProofConfirmed { person, session }
            | Self::ProofRefused { person, session }
            | Self::TokenRetired { person, session } => {
                tracing::info!(event, person.id = %person, session.id = %session, "security");
            }
            Self::SessionsEnded { person, count } => tracing::info!(event, person.id = %person, count, "security"),
            Self::Flood { person } => {
                let person = person.map(tracing::field::display);
                tracing::info!(event, person.id = person, "security");
            }
            Self::CrossSite | Self::SignUpsRefused => tracing::info!(event, "security"),
        }
    }
}
