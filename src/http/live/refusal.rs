//! Why nothing is told: a code as JSON, like every refusal of `api`. No page shows these, so they are not among its
//! codes.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{api::ApiError, server::services::ServiceError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Refusal {
    SignedOut,
    /// `after` or `Last-Event-ID` is no number of a feed.
    CursorInvalid,
    /// `wait` is no number of seconds from 1 to 55.
    WaitInvalid,
    /// None of the types in `Accept` is ours.
    NotAcceptable,
    /// A page of another site asks, or a socket that no page of ours asks for.
    CrossSite,
    /// A query that cannot be read, or a handshake that is none.
    Malformed,
    Unavailable,
    Broken,
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        if ApiError::from(error) == ApiError::Unavailable { Self::Unavailable } else { Self::Broken }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::CursorInvalid | Self::WaitInvalid | Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::CrossSite => StatusCode::FORBIDDEN,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = (status, Json(self)).into_response();
        if self == Self::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        }
        response
    }
}
