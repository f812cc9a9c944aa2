//! Security events: what each is called, and its one line in the log, with ids only. Whoever counts them counts here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::domain::{Millis, Moment, PersonId, SessionId};

/// Who is said no more is forgotten when so many are held.
const HELD: usize = 10_000;

/// What was said within the last minute, on the monotonic clock: a flood does not flood the log. Per process.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<HashMap<String, Moment>>>);

impl Said {
    /// Whether this was not said within the last minute; then it is now.
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

/// Something that may mean harm, or that undoes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecurityEvent {
    /// A wrong code of this kind.
    CodeWrong {
        codes: &'static str,
        session: Option<SessionId>,
    },
    /// A try that was refused because too many failed before.
    CodeRefused {
        codes: &'static str,
        session: Option<SessionId>,
    },
    RecoveryUsed {
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
    /// More posts than anybody makes by hand.
    Flood {
        person: Option<PersonId>,
    },
    SignUpsRefused,
}

impl SecurityEvent {
    /// For the log and for counters; stable.
    pub fn word(self) -> &'static str {
        match self {
            Self::CodeWrong { .. } => "code_wrong",
            Self::CodeRefused { .. } => "code_refused",
            Self::RecoveryUsed { .. } => "recovery_used",
            Self::RecoveryRenewed { .. } => "recovery_renewed",
            Self::RecoveryConfirmed { .. } => "recovery_confirmed",
            Self::HandedOver { .. } => "handed_over",
            Self::SessionsEnded { .. } => "sessions_ended",
            Self::TokenRetired { .. } => "token_retired",
            Self::CrossSite => "cross_site",
            Self::Flood { .. } => "flood",
            Self::SignUpsRefused => "sign_ups_refused",
        }
    }

    /// Whether anybody can cause any number of them: of these the log has one line a minute and holder.
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

    /// Its line in the log.
    pub fn log(self) {
        let event = self.word();
        match self {
            Self::CodeWrong { codes, session } | Self::CodeRefused { codes, session } => {
                let session = session.map(tracing::field::display);
                tracing::info!(event, codes, session.id = session, "security");
            }
            Self::RecoveryUsed { person } | Self::HandedOver { person } => {
                tracing::info!(event, person.id = %person, "security")
            }
            Self::RecoveryRenewed { person, is_confirmed } => {
                tracing::info!(event, person.id = %person, is_confirmed, "security")
            }
            Self::RecoveryConfirmed { person, session } | Self::TokenRetired { person, session } => {
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
