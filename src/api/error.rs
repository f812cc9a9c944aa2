//! The only error that crosses the wire: a code, never a sentence and never a cause.

use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

use crate::domain::{
    AnswerBodyError, DateError, IdError, PersonNameError, PushTimeError, RelationError, ZoneNameError,
};

/// Why a request was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{self:?}")]
pub enum ApiError {
    SignedOut,
    NotFound,
    NameEmpty,
    NameTooLong,
    NameForbidden,
    ConsentMissing,
    AnswerEmpty,
    AnswerTooLong,
    AnswerTooHeavy,
    AnswerForbidden,
    RelationMissing,
    RelationWordMissing,
    RelationWordTooLong,
    RelationWordForbidden,
    TimeInvalid,
    ZoneInvalid,
    DateInvalid,
    PausePast,
    PauseTooLong,
    CodeWrong,
    RecoveryCodeWrong,
    /// No code stands in what was typed, or several do. It is no try.
    CodeMissing,
    LeaveUnconfirmed,
    TooManyTries,
    /// More in a short while than anybody writes by hand.
    TooMuch,
    /// Too many new people from one address within the hour.
    TooManySignUps,
    TooManyPairs,
    JoiningMyself,
    PairExists,
    SeatTaken,
    CardOpen,
    AlreadyOpen,
    Swapped,
    AnsweredElsewhere,
    PairClosed,
    Shelved,
    SomebodyAnswered,
    FirstQuestion,
    SwappedToday,
    NotYet,
    NotAnswered,
    StillAlone,
    PairPaused,
    NudgedToday,
    QuietTooLong,
    EndpointRefused,
    PushKeysInvalid,
    SubscriptionTaken,
    DeviceNameInvalid,
    /// Signed in for less than a day: it ends nothing that was there before.
    SessionTooYoung,
    Insecure,
    CrossSite,
    TooLarge,
    Malformed,
    Unavailable,
    Broken,
    Network,
}

impl ApiError {
    /// Whether an answer can be mended in its field; otherwise its text is put where it can be kept.
    pub fn is_by_the_field(self) -> bool {
        !matches!(self, Self::NotFound | Self::AlreadyOpen | Self::Swapped | Self::AnsweredElsewhere | Self::PairClosed)
    }

    /// The HTTP status (RFC 9110 §15) it is answered with.
    pub fn status(self) -> u16 {
        match self {
            Self::SignedOut => 401,
            Self::NotFound => 404,
            Self::NameEmpty
            | Self::NameTooLong
            | Self::NameForbidden
            | Self::ConsentMissing
            | Self::AnswerEmpty
            | Self::AnswerTooLong
            | Self::AnswerTooHeavy
            | Self::AnswerForbidden
            | Self::RelationMissing
            | Self::RelationWordMissing
            | Self::RelationWordTooLong
            | Self::RelationWordForbidden
            | Self::TimeInvalid
            | Self::ZoneInvalid
            | Self::DateInvalid
            | Self::PausePast
            | Self::PauseTooLong
            | Self::CodeWrong
            | Self::RecoveryCodeWrong
            | Self::CodeMissing
            | Self::LeaveUnconfirmed
            | Self::QuietTooLong
            | Self::EndpointRefused
            | Self::PushKeysInvalid
            | Self::DeviceNameInvalid => 422,
            Self::TooManyTries | Self::TooManySignUps | Self::TooMuch => 429,
            Self::JoiningMyself
            | Self::PairExists
            | Self::SeatTaken
            | Self::CardOpen
            | Self::AlreadyOpen
            | Self::Swapped
            | Self::AnsweredElsewhere
            | Self::PairClosed
            | Self::Shelved
            | Self::SomebodyAnswered
            | Self::FirstQuestion
            | Self::SwappedToday
            | Self::NotYet
            | Self::NotAnswered
            | Self::StillAlone
            | Self::PairPaused
            | Self::NudgedToday
            | Self::SubscriptionTaken
            | Self::SessionTooYoung
            | Self::TooManyPairs => 409,
            Self::Insecure | Self::CrossSite => 403,
            Self::TooLarge => 413,
            Self::Malformed => 400,
            Self::Unavailable | Self::Network => 503,
            Self::Broken => 500,
        }
    }
}

/// The whole request failed around the function: on the way, or before its arguments could be read.
impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Request(_) => Self::Network,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Malformed
            }
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Response(_) => Self::Broken,
        }
    }
}

impl From<AnswerBodyError> for ApiError {
    fn from(error: AnswerBodyError) -> Self {
        match error {
            AnswerBodyError::Empty => Self::AnswerEmpty,
            AnswerBodyError::TooLong => Self::AnswerTooLong,
            AnswerBodyError::TooHeavy => Self::AnswerTooHeavy,
            AnswerBodyError::Forbidden => Self::AnswerForbidden,
        }
    }
}

impl From<PersonNameError> for ApiError {
    fn from(error: PersonNameError) -> Self {
        match error {
            PersonNameError::Empty => Self::NameEmpty,
            PersonNameError::TooLong => Self::NameTooLong,
            PersonNameError::Forbidden => Self::NameForbidden,
        }
    }
}

impl From<RelationError> for ApiError {
    fn from(error: RelationError) -> Self {
        match error {
            RelationError::Unknown => Self::RelationMissing,
            RelationError::WordMissing => Self::RelationWordMissing,
            RelationError::WordTooLong => Self::RelationWordTooLong,
            RelationError::WordForbidden => Self::RelationWordForbidden,
        }
    }
}

impl From<PushTimeError> for ApiError {
    fn from(_: PushTimeError) -> Self {
        Self::TimeInvalid
    }
}

impl From<ZoneNameError> for ApiError {
    fn from(_: ZoneNameError) -> Self {
        Self::ZoneInvalid
    }
}

impl From<DateError> for ApiError {
    fn from(_: DateError) -> Self {
        Self::DateInvalid
    }
}

impl From<IdError> for ApiError {
    fn from(_: IdError) -> Self {
        Self::NotFound
    }
}

/// A form's post that was refused, for the page that is rendered in answer to it: nothing typed is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub endpoint: String,
    pub error: ApiError,
    pub fields: Vec<(String, String)>,
}

impl Refused {
    /// What was typed into a field; empty when there was none.
    pub fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }
}
