//! An accident is logged here, once, and becomes a code; an answer ("not found", "already open") is only translated.

use crate::{
    api::ApiError,
    domain::{DailyQuestionError, PauseError},
    server::{services::ServiceError, storage::StorageError},
};

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::SignedOut => Self::SignedOut,
            ServiceError::NotFound => Self::NotFound,
            ServiceError::Refused(refusal) => refused(refusal),
            ServiceError::Name(error) => error.into(),
            ServiceError::Body(error) => error.into(),
            ServiceError::Relation(error) => error.into(),
            ServiceError::PushTime(error) => error.into(),
            ServiceError::Pause(PauseError::Past) => Self::PausePast,
            ServiceError::Pause(PauseError::TooLong) => Self::PauseTooLong,
            ServiceError::Zone => Self::ZoneInvalid,
            ServiceError::Date => Self::DateInvalid,
            ServiceError::ConsentMissing => Self::ConsentMissing,
            ServiceError::CodeWrong => Self::CodeWrong,
            ServiceError::CodeMissing => Self::CodeMissing,
            ServiceError::TooManyTries => Self::TooManyTries,
            ServiceError::TooManySignUps => Self::TooManySignUps,
            ServiceError::TooManyPairs => Self::TooManyPairs,
            ServiceError::DiskLow => Self::Unavailable,
            ServiceError::JoiningMyself => Self::JoiningMyself,
            ServiceError::PairExists => Self::PairExists,
            ServiceError::SeatTaken => Self::SeatTaken,
            ServiceError::CardOpen => Self::CardOpen,
            ServiceError::SessionTooYoung => Self::SessionTooYoung,
            ServiceError::Insecure => Self::Insecure,
            ServiceError::QuietHours(_) => Self::QuietTooLong,
            ServiceError::Endpoint(_) => Self::EndpointRefused,
            ServiceError::PushKeys(_) => Self::PushKeysInvalid,
            ServiceError::SubscriptionTaken => Self::SubscriptionTaken,
            ServiceError::DeviceName => Self::DeviceNameInvalid,
            ServiceError::Storage(error) => stored(&error),
            ServiceError::Broken(what) => {
                tracing::error!(what, "a request could not be served");
                Self::Broken
            }
        }
    }
}

fn refused(refusal: DailyQuestionError) -> ApiError {
    match refusal {
        DailyQuestionError::AlreadyOpen => ApiError::AlreadyOpen,
        DailyQuestionError::Swapped => ApiError::Swapped,
        DailyQuestionError::AnsweredElsewhere => ApiError::AnsweredElsewhere,
        DailyQuestionError::PairClosed => ApiError::PairClosed,
        DailyQuestionError::Shelved => ApiError::Shelved,
        DailyQuestionError::SomebodyAnswered => ApiError::SomebodyAnswered,
        DailyQuestionError::FirstQuestion => ApiError::FirstQuestion,
        DailyQuestionError::SwappedToday => ApiError::SwappedToday,
        DailyQuestionError::NotYet => ApiError::NotYet,
        DailyQuestionError::NotAnswered => ApiError::NotAnswered,
        DailyQuestionError::Alone => ApiError::StillAlone,
        DailyQuestionError::Paused => ApiError::PairPaused,
        DailyQuestionError::NudgedToday => ApiError::NudgedToday,
    }
}

fn stored(error: &StorageError) -> ApiError {
    tracing::error!(%error, "storage failed");
    match error {
        StorageError::Unavailable(_) => ApiError::Unavailable,
        StorageError::Inconsistent { .. }
        | StorageError::Taken
        | StorageError::Database(_)
        | StorageError::Migration(_)
        | StorageError::Url(_)
        | StorageError::Backup(_) => ApiError::Broken,
    }
}
