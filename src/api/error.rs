//! The only error that crosses the wire: a code, never a sentence and never a cause.

use serde::{Deserialize, Serialize};
use server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};

use crate::{
    domain::{AnswerBodyError, DateError, IdError, PersonNameError, PushTimeError, RelationError, ZoneNameError},
    text::{PageWords, Words},
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
    LeaveUnconfirmed,
    TooManyTries,
    JoiningMyself,
    PairExists,
    SeatTaken,
    CardOpen,
    AlreadyOpen,
    Swapped,
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
    Insecure,
    CrossSite,
    TooLarge,
    Malformed,
    Unavailable,
    Broken,
    Network,
}

impl ApiError {
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
            | Self::LeaveUnconfirmed
            | Self::QuietTooLong
            | Self::EndpointRefused
            | Self::PushKeysInvalid
            | Self::DeviceNameInvalid => 422,
            Self::TooManyTries => 429,
            Self::JoiningMyself
            | Self::PairExists
            | Self::SeatTaken
            | Self::CardOpen
            | Self::AlreadyOpen
            | Self::Swapped
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
            | Self::SubscriptionTaken => 409,
            Self::Insecure | Self::CrossSite => 403,
            Self::TooLarge => 413,
            Self::Malformed => 400,
            Self::Unavailable | Self::Network => 503,
            Self::Broken => 500,
        }
    }

    /// What to say on the page that lives in the browser; what cannot happen there is "in a moment".
    pub fn sentence(self, words: &Words) -> &'static str {
        match self {
            Self::SignedOut => words.err_signed_out,
            Self::NotFound => words.err_not_found,
            Self::AnswerEmpty => words.err_answer_empty,
            Self::AnswerTooLong => words.err_answer_too_long,
            Self::AnswerForbidden => words.err_answer_forbidden,
            Self::CodeWrong => words.err_code,
            Self::CardOpen => words.err_card_open,
            Self::AlreadyOpen => words.err_already_open,
            Self::Swapped => words.err_swapped,
            Self::PairClosed => words.err_pair_closed,
            Self::TooLarge => words.err_too_large,
            Self::Malformed => words.err_malformed,
            Self::Unavailable => words.err_unavailable,
            Self::Broken => words.err_broken,
            Self::Network => words.err_network,
            Self::NameEmpty
            | Self::NameTooLong
            | Self::NameForbidden
            | Self::ConsentMissing
            | Self::RelationMissing
            | Self::RelationWordMissing
            | Self::RelationWordTooLong
            | Self::RelationWordForbidden
            | Self::TimeInvalid
            | Self::ZoneInvalid
            | Self::DateInvalid
            | Self::PausePast
            | Self::PauseTooLong
            | Self::RecoveryCodeWrong
            | Self::LeaveUnconfirmed
            | Self::TooManyTries
            | Self::JoiningMyself
            | Self::PairExists
            | Self::SeatTaken
            | Self::NotAnswered
            | Self::StillAlone
            | Self::PairPaused
            | Self::NudgedToday
            | Self::QuietTooLong
            | Self::EndpointRefused
            | Self::PushKeysInvalid
            | Self::SubscriptionTaken
            | Self::DeviceNameInvalid
            | Self::Shelved
            | Self::SomebodyAnswered
            | Self::FirstQuestion
            | Self::SwappedToday
            | Self::NotYet
            | Self::Insecure
            | Self::CrossSite => words.err_broken,
        }
    }

    /// What to say on a page that only the server renders, by the field or on the page.
    pub fn page_sentence(self, words: &PageWords) -> &'static str {
        match self {
            Self::NameEmpty => words.err_name_empty,
            Self::NameTooLong => words.err_name_too_long,
            Self::NameForbidden => words.err_name_forbidden,
            Self::ConsentMissing => words.err_consent,
            Self::RelationMissing => words.err_relation,
            Self::RelationWordMissing => words.err_relation_word,
            Self::RelationWordTooLong => words.err_relation_word_too_long,
            Self::RelationWordForbidden => words.err_relation_word_forbidden,
            Self::TimeInvalid => words.err_time,
            Self::ZoneInvalid => words.err_zone,
            Self::DateInvalid => words.err_date,
            Self::PausePast => words.err_pause_past,
            Self::PauseTooLong => words.err_pause_too_long,
            Self::RecoveryCodeWrong => words.err_recovery_code,
            Self::LeaveUnconfirmed => words.err_leave_confirm,
            Self::TooManyTries => words.err_too_many,
            Self::JoiningMyself => words.err_myself,
            Self::PairExists => words.err_pair_exists,
            Self::SeatTaken => words.err_seat_taken,
            Self::Shelved => words.err_shelved,
            Self::SomebodyAnswered => words.err_somebody_answered,
            Self::FirstQuestion => words.err_first_question,
            Self::SwappedToday => words.err_swapped_today,
            Self::NotYet => words.err_not_yet,
            Self::NotAnswered => words.err_nudge_not_answered,
            Self::StillAlone => words.err_still_alone,
            Self::PairPaused => words.err_pair_paused,
            Self::NudgedToday => words.err_nudged_today,
            Self::QuietTooLong => words.err_quiet_too_long,
            Self::EndpointRefused => words.err_endpoint,
            Self::PushKeysInvalid => words.err_push_keys,
            Self::SubscriptionTaken => words.err_subscription_taken,
            Self::DeviceNameInvalid => words.err_device_name,
            Self::Insecure => words.err_insecure,
            Self::CrossSite => words.err_cross_site,
            Self::SignedOut
            | Self::NotFound
            | Self::AnswerEmpty
            | Self::AnswerTooLong
            | Self::AnswerForbidden
            | Self::CodeWrong
            | Self::CardOpen
            | Self::AlreadyOpen
            | Self::Swapped
            | Self::PairClosed
            | Self::TooLarge
            | Self::Malformed
            | Self::Unavailable
            | Self::Broken
            | Self::Network => self.sentence(words),
        }
    }
}

/// The whole request failed around the function: on the way, or before its arguments could be read.
impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(value: ServerFnErrorErr) -> Self {
        match value {
            ServerFnErrorErr::Request(_) => Self::Network,
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => Self::Malformed,
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
