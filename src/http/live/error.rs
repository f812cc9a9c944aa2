//! The errors of `GET /events`: a code as JSON, as for server functions. No page shows them, so they are not in
//! `ApiError`.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::{api::ApiError, server::services::ServiceError};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum FeedError {
    SignedOut,
    /// `after` or `Last-Event-ID` is not the number of an event.
    CursorInvalid,
    /// `wait` is not a number of seconds from 1 to 55.
    WaitInvalid,
    /// `Accept` allows none of the types the server can write.
    NotAcceptable,
    /// The request comes from a page of another site, or a WebSocket was opened by something else than our page.
    CrossSite,
    /// The query or the WebSocket handshake cannot be parsed.
    Malformed,
    Unavailable,
    Broken,
}

impl From<ServiceError> for FeedError {
    fn from(error: ServiceError) -> Self {
        if ApiError::from(error) == ApiError::Unavailable { Self::Unavailable } else { Self::Broken }
    }
}

impl IntoResponse for FeedError {
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
