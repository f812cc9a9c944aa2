//! The use cases: one function, one transaction, named by a verb. They start from the person and look things up through
//! what that person owns; an id of a stranger is not found.

pub mod accounts;
pub mod announcements;
pub mod answers;
pub mod attempts;
pub mod coming_back;
pub mod deletion_counts;
pub mod deletions;
pub mod devices;
mod due_pairs;
mod ended_returns;
pub mod guard;
pub mod hand_overs;
pub mod identities;
pub mod imports;
pub mod inbox;
pub mod invitations;
pub mod keepsakes;
mod kept_pairs;
pub mod nudges;
pub mod openings;
pub mod operator_codes;
pub mod pair_deletions;
pub mod pairs;
pub mod passkey_challenges;
pub mod passkey_uses;
pub mod passkeys;
pub mod presence;
pub mod proof_requests;
pub mod proofs;
pub mod provider_sign_ins;
pub mod provider_states;
pub mod questions;
pub mod reader;
pub mod reading;
mod recognition;
pub mod recovery;
pub mod registrations;
pub mod seat_returns;
pub mod sessions;
pub mod taken_back;
pub mod tell;
pub mod topics;
pub mod unread_pairs;

use std::net::IpAddr;

use super::{
    push::{AddressError, EndpointError, KeyError},
    storage::StorageError,
};
use crate::domain::{
    AnswerBodyError, DailyQuestionError, PauseError, Person, PersonId, PersonNameError, PushTimeError, QuietHoursError,
    RelationError, SessionId, ZoneNameError,
};

/// Browser and system in a few words, for the list of signed-in devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceName(pub String);

/// The browser that a step comes from.
#[derive(Debug, Clone)]
pub struct Caller {
    pub device: DeviceName,
    pub client: IpAddr,
    /// The person and session that are signed in on it.
    pub here: Option<(PersonId, SessionId)>,
}

impl Caller {
    /// The person who is signed in on it.
    pub fn person(&self) -> Option<PersonId> {
        self.here.map(|(person, _)| person)
    }

    pub fn is(&self, person: PersonId) -> bool {
        self.here.is_some_and(|(here, _)| here == person)
    }
}

/// A new session. Its token goes into the cookie and nowhere else.
pub struct NewSession {
    pub person: Person,
    pub session: SessionId,
    pub token: String,
}

/// Every answer of a use case other than success.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("no session")]
    SignedOut,
    #[error("not found")]
    NotFound,
    #[error(transparent)]
    Refused(#[from] DailyQuestionError),
    #[error(transparent)]
    Name(#[from] PersonNameError),
    #[error(transparent)]
    Body(#[from] AnswerBodyError),
    #[error(transparent)]
    Relation(#[from] RelationError),
    #[error(transparent)]
    PushTime(#[from] PushTimeError),
    #[error(transparent)]
    Pause(#[from] PauseError),
    #[error("no such time zone")]
    Zone,
    #[error("not a date")]
    Date,
    #[error("no consent")]
    ConsentMissing,
    /// Wrong, used and expired codes have the same answer.
    #[error("no such code")]
    CodeWrong,
    /// The text holds no code: nothing was looked up, and no failure is counted.
    #[error("no code in what was typed")]
    CodeMissing,
    #[error("too many sign-ups from here")]
    TooManySignUps,
    #[error("too many running pairs")]
    TooManyPairs,
    #[error("the disk is nearly full")]
    DiskLow,
    #[error("too many failed tries")]
    TooManyTries,
    #[error("that is my own invitation")]
    JoiningMyself,
    #[error("these two have a pair already")]
    PairExists,
    #[error("the seat is taken")]
    SeatTaken,
    #[error("a return of the seat waits already")]
    ReturnWaits,
    /// The person waits for a seat of this pair.
    #[error("the seat has not moved yet")]
    SeatWaits,
    /// The person had a seat of this pair, and it moved to another person.
    #[error("the seat moved to another person")]
    SeatMoved,
    #[error("a card is open, the pair cannot be taken back")]
    CardOpen,
    #[error(transparent)]
    QuietHours(#[from] QuietHoursError),
    /// The endpoint is not at a push service we know.
    #[error("the push endpoint is refused: {0}")]
    Endpoint(#[from] EndpointError),
    #[error("the push keys are refused: {0}")]
    PushKeys(#[from] KeyError),
    #[error("the device's address is refused: {0}")]
    Address(#[from] AddressError),
    #[error("this installation has no credentials for the provider")]
    ProviderDisabled,
    /// The subscription belongs to another person.
    #[error("the push endpoint belongs to another person")]
    SubscriptionTaken,
    #[error("a name of 1 to 20 graphemes")]
    DeviceName,
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The browser would not send cookies back, because the address is not secure.
    #[error("not a secure address")]
    Insecure,
    /// The code was made a short while ago, and the one before still works.
    #[error("the code is too new to prove who it is")]
    CodeTooNew,
    /// The operator made the code less than 48 hours ago.
    #[error("the code works later")]
    CodeTooEarly,
    /// The sign-in at a provider took too long, is of another browser, or was used.
    #[error("the sign-in at the provider is over")]
    SignInOver,
    #[error("the provider cannot be used")]
    ProviderDown,
    #[error("the provider's answer is refused")]
    ProviderRefused,
    #[error("the account belongs to another person")]
    IdentityTaken,
    #[error("the passkey is refused")]
    PasskeyRefused,
    #[error("no passkey with this id is stored here")]
    PasskeyUnknown,
    #[error("the challenge is over")]
    ChallengeOver,
    #[error("too many passkeys")]
    TooManyPasskeys,
    /// Ways into the account change only after a proof within the last ten minutes.
    #[error("no fresh proof of who it is")]
    ProofNeeded,
    /// The session may be another session's work, so that it neither asks for a proof nor confirms one.
    #[error("the session is too new for a proof")]
    SessionTooNew,
    #[error("too many requests for a proof")]
    TooManyProofs,
    #[error("no other device may confirm")]
    NoOtherDevice,
    /// The request for a proof was answered, has expired, or is of another session.
    #[error("the request for a proof is over")]
    ProofOver,
    #[error("not the number of the request")]
    ProofNumberWrong,
    /// The deletion of the account was asked for while the sign-in waited for its person.
    #[error("the account is being deleted")]
    DeletionBegan,
    /// The form names no choice for one of the person's pairs.
    #[error("no choice for a pair")]
    DeletionChoice,
    /// A new session cannot end older ones.
    #[error("this session is younger than what it would end")]
    SessionTooYoung,
    #[error("broken: {0}")]
    Broken(&'static str),
}

impl From<ZoneNameError> for ServiceError {
    fn from(_: ZoneNameError) -> Self {
        Self::Zone
    }
}

impl From<super::calendar::UnknownZone> for ServiceError {
    fn from(_: super::calendar::UnknownZone) -> Self {
        Self::Zone
    }
}
