//! The conversion of `ServiceError` into `ApiError`. Unexpected failures are logged here, once; all other errors are
//! only converted.

use crate::{
    api::ApiError,
    server::{push::AddressError, services::ServiceError, storage::StorageError},
};

/// Implements the conversion from the `ServiceError` column of the table in `api/error.rs`. Errors with a value are
/// listed in the macro itself.
macro_rules! convert {
    ($(
        $(#[$meta:meta])*
        $code:ident: $status:literal $($place:ident)?, $table:ident.$sentence:ident
        $(, AnswerBodyError::$answer:ident)? $(, DailyQuestionError::$rule:ident)? $(, PauseError::$pause:ident)?
        $(, PersonNameError::$name:ident)? $(, RelationError::$relation:ident)? $(, ServiceError::$service:ident)?;
    )*) => {
        impl From<ServiceError> for ApiError {
            fn from(error: ServiceError) -> Self {
                match error {
                    $($(ServiceError::$service => Self::$code,)?)*
                    ServiceError::Refused(error) => error.into(),
                    ServiceError::Name(error) => error.into(),
                    ServiceError::Body(error) => error.into(),
                    ServiceError::Relation(error) => error.into(),
                    ServiceError::PushTime(error) => error.into(),
                    ServiceError::Pause(error) => error.into(),
                    ServiceError::QuietHours(error) => error.into(),
                    ServiceError::Endpoint(_) => Self::EndpointRefused,
                    ServiceError::PushKeys(_) => Self::PushKeysInvalid,
                    ServiceError::Address(AddressError::Provider) => Self::ProviderUnknown,
                    ServiceError::Address(_) => Self::AddressInvalid,
                    ServiceError::DeletionBegan => Self::Unavailable,
                    ServiceError::Storage(error) => accident(&error),
                    ServiceError::Broken(what) => {
                        tracing::error!(what, "a request could not be served");
                        Self::Broken
                    }
                }
            }
        }
    };
}

api_errors!(convert);

fn accident(error: &StorageError) -> ApiError {
    tracing::error!(%error, "storage failed");
    match error {
        StorageError::Unavailable(_) | StorageError::Conflict(_) => ApiError::Unavailable,
        StorageError::Inconsistent { .. }
        | StorageError::Taken
        | StorageError::Database(_)
        | StorageError::Migration(_)
        | StorageError::Url(_)
        | StorageError::Backup(_)
        | StorageError::Move(_) => ApiError::Broken,
    }
}
